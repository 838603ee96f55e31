from __future__ import annotations

import numpy as np
import pytest

from napari_tbcad.bone.added import add_candidates, missing_candidates
from napari_tbcad.bone.editing import add, delete, link, set_label
from napari_tbcad.bone.hotspots import Hotspots
from napari_tbcad.errors import BadInput


def box(*bounds):
    mask = np.zeros((20, 10), bool)
    top, left, bottom, right = bounds
    mask[top:bottom, left:right] = True
    return mask


NONE = Hotspots(np.zeros((20, 10), np.uint16), np.zeros((20, 10), np.uint16))


@pytest.fixture
def found():
    """Three candidates, the first and the third one lesion."""
    spots = add(NONE, "anterior", box(2, 2, 5, 5), origin="candidate", probability=0.9, uncertainty=0.3)
    spots = add(spots, "anterior", box(10, 2, 14, 6), origin="candidate", label="normal", probability=0.1)
    spots = add(spots, "posterior", box(2, 5, 5, 8), origin="candidate", probability=0.8)
    return link(spots, 1, 3)


def test_candidates_come_to_what_a_person_made_before_they_were_found(found):
    own = add(NONE, "anterior", box(11, 3, 16, 7), origin="grow", judged=True)
    assert [mark.id for mark in missing_candidates(own, found)] == [1, 3]
    both = add_candidates(own, found)
    # The person's stays as it is; the candidate that it lies on is the same hotspot.
    assert both.mark(1) == own.mark(1)
    np.testing.assert_array_equal(both.anterior == 1, own.anterior == 1)
    np.testing.assert_array_equal(both.anterior == 2, found.anterior == 1)
    np.testing.assert_array_equal(both.posterior == 3, found.posterior == 3)
    assert len(both.marks) == 3
    assert (both.mark(2).linked, both.mark(3).linked) == (3, 2)
    assert both.mark(2).probability == 0.9
    assert both.mark(2).uncertainty == 0.3
    assert not both.mark(2).judged
    # Their partner lies under the person's: nothing to be linked to.
    covering = add(NONE, "posterior", box(3, 3, 9, 9), judged=True)
    assert add_candidates(covering, found).mark(2).linked is None


def test_what_a_person_deleted_is_not_offered_again(found):
    judged = set_label(found, 1, "normal")
    assert missing_candidates(delete(judged, 2), found) == ()
    with pytest.raises(BadInput, match="none to add"):
        add_candidates(judged, found)
    with pytest.raises(BadInput, match="none to add"):
        add_candidates(NONE, NONE)
    assert len(add_candidates(NONE, found).marks) == 3
