from __future__ import annotations

import numpy as np
import pytest

from napari_tbcad.bone import by_hand
from napari_tbcad.bone.by_hand import ToolParameters
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.partner import PartnerProposal
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import BoneScan, ScanView

SHAPE = (80, 60)


@pytest.fixture(scope="module")
def scan() -> BoneScan:
    """A flat body with two round hotspots that touch at their feet; the other view is empty."""
    rows, columns = np.indices(SHAPE)
    counts = np.full(SHAPE, 5.0)
    for column in (20, 34):
        counts += 60 * np.exp(-((rows - 40) ** 2 + (columns - column) ** 2) / (2 * 3.0**2))
    return BoneScan(ScanView(counts.astype(np.float32)), ScanView(np.full(SHAPE, 5, np.float32)))


@pytest.fixture
def none() -> Hotspots:
    return Hotspots(np.zeros(SHAPE, np.uint16), np.zeros(SHAPE, np.uint16))


def test_a_click_makes_a_judged_hotspot_of_the_class_in_hand(scan, none):
    grown, number = by_hand.grow_by_click(none, scan, "anterior", (40, 20), label="normal")
    assert grown.mark(number) == Mark(1, "anterior", "normal", "grow", judged=True)
    again, _ = by_hand.grow_by_click(
        grown, scan, "anterior", (40, 20), ToolParameters().with_fraction(0.8), label="abnormal"
    )
    assert again.mark(number).label == "normal"
    assert 0 < (again.anterior == number).sum() < (grown.anterior == number).sum()


def test_a_click_beside_another_hotspot_leaves_its_pixels(scan, none):
    first, one = by_hand.grow_by_click(none, scan, "anterior", (40, 20))
    wide = ToolParameters().with_fraction(0.1)
    both, two = by_hand.grow_by_click(first, scan, "anterior", (40, 34), wide)
    assert one != two
    assert (both.anterior == one).sum() == (first.anterior == one).sum()


def test_a_click_on_nothing_and_beyond_the_view_are_refused(scan, none):
    with pytest.raises(BadInput, match="nothing rises"):
        by_hand.grow_by_click(none, scan, "posterior", (40, 20))
    with pytest.raises(BadInput, match="no place"):
        by_hand.grow_by_click(none, scan, "anterior", (float("nan"), 3))
    with pytest.raises(BadInput, match="no number"):
        by_hand.make_by_box(none, scan, "anterior", (3, 3, float("inf"), 9))
    with pytest.raises(BadInput, match="outside"):
        by_hand.grow_by_click(none, scan, "anterior", (400, 20))


def test_a_box_draws_the_hotspot_anew_that_lies_in_it(scan, none):
    made, number = by_hand.make_by_box(none, scan, "anterior", (30, 12, 51, 27))
    assert made.mark(number).origin == "box"
    kept, same = by_hand.make_by_box(made, scan, "anterior", (28, 10, 53, 29), label="non_bone")
    assert same == number
    assert len(kept.marks) == 1
    assert kept.mark(number).label == "abnormal"
    assert by_hand.hotspot_in(made, "anterior", (0, 0, 5, 5)) == 0


@pytest.fixture
def pair() -> Hotspots:
    """1 and 2 in the anterior view, 3 in the posterior one, linked to 1 and of another class."""
    front, back = np.zeros(SHAPE, np.uint16), np.zeros(SHAPE, np.uint16)
    front[10:14, 10:14], front[30:34, 10:14], back[10:14, 40:44] = 1, 2, 3
    marks = Mark(1, "anterior", linked=3), Mark(2, "anterior"), Mark(3, "posterior", "normal", linked=1)
    return Hotspots(front, back, marks)


def test_a_lesion_has_one_class_in_both_views(pair):
    classed = by_hand.class_lesions(pair, [1, 99], "non_bone")
    assert [(m.label, m.judged) for m in classed.marks] == [
        ("non_bone", True),
        ("abnormal", False),
        ("non_bone", True),
    ]


def test_confirming_leaves_a_partner_of_another_class(pair):
    assert [m.judged for m in by_hand.confirm_lesions(pair, [1]).marks] == [True, False, False]
    alike = by_hand.class_lesions(pair, [1], "normal")
    assert [m.judged for m in by_hand.confirm_lesions(alike, [3]).marks] == [True, False, True]
    with pytest.raises(BadInput, match="no hotspot is chosen"):
        by_hand.confirm_lesions(pair, [99])


def test_a_partner_is_linked_or_made_with_the_class_and_judgement(pair):
    judged = by_hand.class_lesions(pair, [2], "normal")
    mask = np.zeros(SHAPE, bool)
    mask[30:34, 40:44] = True
    made, number = by_hand.take_partner(judged, PartnerProposal(2, "posterior", mask, None, 0.9))
    assert made.mark(number) == Mark(4, "posterior", "normal", "partner", judged=True, linked=2)
    linked, other = by_hand.take_partner(judged, PartnerProposal(2, "posterior", mask, 3, 0.9))
    assert other == 3
    assert linked.mark(3).linked == 2
    assert linked.mark(1).linked is None
    assert linked.mark(3).judged


def test_a_partner_that_a_person_judged_keeps_its_class(pair):
    judged = by_hand.class_lesions(pair, [3], "normal")
    unlinked = by_hand.set_label(judged, 1, "abnormal", judged=False)
    linked, other = by_hand.take_partner(
        unlinked, PartnerProposal(1, "posterior", pair.posterior == 3, 3, 0.9)
    )
    assert other == 3
    assert {(m.label, m.judged) for m in linked.marks if m.id in (1, 3)} == {("normal", True)}
