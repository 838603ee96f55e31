from __future__ import annotations

import numpy as np
import pytest

from napari_tbcad.bone.box import box_hotspot
from napari_tbcad.bone.grow import grow_hotspot
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.errors import BadInput

ONE = np.array([[0, 1]], np.uint16)
TWO = np.array([[0, 2]], np.uint16)


@pytest.mark.parametrize(
    ("anterior", "number"),
    [([[65539]], 3), ([[-1]], 65535), ([[1.5]], 1), ([[[1]]], 1)],
    ids=["too large", "negative", "a fraction", "three axes"],
)
def test_labels_that_do_not_fit_are_refused_not_wrapped(anterior, number):
    with pytest.raises(BadInput, match="anterior hotspots"):
        Hotspots(np.array(anterior), None, (Mark(number, "anterior"),))


def test_regions_that_do_not_fit_are_refused_not_wrapped():
    assert SkeletonRegions(np.array([[12.0]]), None).anterior.dtype == np.uint8
    with pytest.raises(BadInput, match="anterior regions"):
        SkeletonRegions(np.array([[256 + 4]]), None)


def test_a_mark_in_a_view_that_is_missing_is_refused():
    with pytest.raises(BadInput, match="anterior labels and marks differ"):
        Hotspots(None, TWO, (Mark(1, "anterior"), Mark(2, "posterior")))


@pytest.mark.parametrize(
    "marks",
    [
        (Mark(1, "anterior", linked=2), Mark(2, "posterior")),
        (Mark(1, "anterior", linked=7), Mark(2, "posterior")),
    ],
    ids=["one end", "no such hotspot"],
)
def test_a_link_has_two_ends(marks):
    with pytest.raises(BadInput, match="hotspot 1"):
        Hotspots(ONE, TWO, marks)


def test_a_link_joins_two_views():
    marks = (Mark(1, "anterior", linked=2), Mark(2, "anterior", linked=1))
    with pytest.raises(BadInput, match="other view"):
        Hotspots(np.array([[1, 2]]), None, marks)


def test_a_box_or_click_that_is_no_place_is_refused():
    image = np.ones((5, 5))
    with pytest.raises(BadInput):
        box_hotspot(image, (0, 0, float("nan"), 3))
    with pytest.raises(BadInput):
        grow_hotspot(image, (float("inf"), 3))


@pytest.mark.parametrize("name", ["probability", "uncertainty"])
def test_what_the_program_gave_lies_in_0_to_1(name):
    for value in (0, 0.5, 1, None):
        Mark(1, "anterior", **{name: value})
    for value in (-0.1, 1.1, float("nan")):
        with pytest.raises(BadInput, match=name):
            Mark(1, "anterior", **{name: value})
