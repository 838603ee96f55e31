from __future__ import annotations

import numpy as np
import pytest

from napari_tbcad.errors import BadInput
from napari_tbcad.schemes import FOUR_CLASS, HOTSPOT_CLASSES, REGION_IDS, THREE_CLASS


def test_three_classes_never_merge_bone_into_background():
    four = np.array([[0, 1, 2, 3]])
    assert FOUR_CLASS.convert(four, THREE_CLASS).tolist() == [[0, 1, 2, 1]]


def test_values_without_a_counterpart_are_refused():
    with pytest.raises(BadInput, match="value 4"):
        FOUR_CLASS.convert(np.array([[4]]), THREE_CLASS)


def test_every_class_has_a_colour_and_regions_count_from_one():
    assert set(HOTSPOT_CLASSES) <= set(FOUR_CLASS.colours)
    assert sorted(REGION_IDS.values()) == list(range(1, 13))
    assert (REGION_IDS["skull"], REGION_IDS["femur"]) == (1, 12)
