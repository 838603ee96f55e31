from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.measure import perimeter, regionprops

from napari_tbcad.chest import shape

MASKS = hnp.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))).filter(np.any)


def box_lungs():
    """Right lung 30 × 12 from (5, 4); left lung 36 × 10 from (2, 30)."""
    labels = np.zeros((50, 50), np.uint8)
    labels[5:35, 4:16] = 1
    labels[2:38, 30:40] = 2
    return labels


def ellipse_lungs(side=200):
    rows, columns = np.mgrid[:side, :side] / side
    labels = np.zeros((side, side), np.uint8)
    labels[((columns - 0.29) / 0.15) ** 2 + ((rows - 0.48) / 0.34) ** 2 < 1] = 1
    labels[((columns - 0.71) / 0.12) ** 2 + ((rows - 0.47) / 0.32) ** 2 < 1] = 2
    return labels


def test_the_seventeen_of_two_boxes():
    found = shape.shape_features(box_lungs())
    assert tuple(found) == shape.SHAPE_NAMES
    assert len(found) == 17
    assert (found["height_left"], found["height_right"], found["height_difference"]) == (36, 30, 6)
    for i in range(1, 6):
        assert found[f"width_ratio_left_{i}"] == pytest.approx(10 / 36)
        assert found[f"width_ratio_right_{i}"] == pytest.approx(12 / 30)
    assert found["perimeter_left"] == pytest.approx(2 * (35 + 9))
    # A box of n × m has variances (n² − 1)/12 and (m² − 1)/12.
    assert found["eccentricity_left"] == pytest.approx(np.sqrt(1 - (10**2 - 1) / (36**2 - 1)))


def test_the_difference_of_heights_keeps_its_sign():
    labels = box_lungs()
    swapped = np.where(labels == 1, 2, np.where(labels == 2, 1, 0)).astype(np.uint8)
    assert shape.shape_features(swapped)["height_difference"] == -6


def test_width_is_measured_in_the_stated_rows():
    labels = np.zeros((70, 60), np.uint8)
    labels[10:70, 0:5] = 1
    for i in range(1, 6):
        labels[10 + 10 * i, 0 : 10 + i] = 1
    labels[10:70, 40:50] = 2
    found = shape.shape_features(labels)
    ratios = [found[f"width_ratio_right_{i}"] for i in range(1, 6)]
    np.testing.assert_allclose(ratios, np.arange(11, 16) / 60)


def test_width_is_the_extent_even_across_a_gap():
    labels = box_lungs()
    labels[2:38, 33:36] = 0
    assert shape.shape_features(labels)["width_ratio_left_3"] == pytest.approx(10 / 36)


def test_shared_rows_are_the_left_lungs():
    labels = box_lungs()
    labels[32:35, 4:16] = 0
    labels[32, 4:10] = 1  # row 2 + 36 · 5/6 = 32 of the left lung meets a narrower right lung
    own, shared = (shape.shape_features(labels, shared_rows=shared) for shared in (False, True))
    height = own["height_right"]
    assert height == 28
    assert own["width_ratio_right_5"] == pytest.approx(12 / height)
    assert shared["width_ratio_right_5"] == pytest.approx(6 / height)
    assert shared["width_ratio_left_5"] == own["width_ratio_left_5"]


def test_a_shared_row_that_misses_the_other_lung_gives_zero():
    labels = np.zeros((60, 40), np.uint8)
    labels[0:50, 20:30] = 2
    labels[0:20, 2:10] = 1
    assert shape.shape_features(labels, shared_rows=True)["width_ratio_right_5"] == 0


@given(MASKS)
def test_perimeter_is_scikit_images(mask):
    region = shape.cut_out(mask)
    assert shape.perimeter(region) == pytest.approx(perimeter(mask, neighborhood=4))


@given(MASKS)
def test_axes_and_eccentricity_are_scikit_images(mask):
    found = regionprops(mask.astype(np.uint8))[0]
    region = shape.cut_out(mask)
    assert region.area == found.area
    assert region.mask.shape == found.image.shape
    major, minor = shape.axes(region)
    # The square root of a rounding error is 1e-7.
    assert major == pytest.approx(found.axis_major_length, abs=1e-6)
    assert minor == pytest.approx(found.axis_minor_length, abs=1e-6)
    assert shape.eccentricity(region) == pytest.approx(found.eccentricity, abs=1e-6)


def test_extras_are_scikit_images():
    labels = ellipse_lungs()
    labels[60:90, 60:80] = 0
    found = shape.shape_features(labels, extras=True)
    assert tuple(found) == shape.SHAPE_NAMES + shape.EXTRA_SHAPE_NAMES
    for side, value in shape.SIDES:
        wanted = regionprops((labels == value).astype(np.uint8))[0]
        assert found[f"area_{side}"] == wanted.area
        assert found[f"solidity_{side}"] == pytest.approx(wanted.solidity)
        assert found[f"extent_{side}"] == pytest.approx(wanted.extent)
        assert found[f"perimeter_{side}"] == pytest.approx(wanted.perimeter)
        assert found[f"apex_base_ratio_{side}"] == pytest.approx(
            found[f"width_ratio_{side}_1"] / found[f"width_ratio_{side}_5"]
        )


def test_the_costophrenic_angle_of_a_box_is_right_and_of_a_cut_corner_blunt():
    sharp = shape.shape_features(box_lungs(), extras=True)
    assert sharp["costophrenic_angle_left"] == pytest.approx(90)
    assert sharp["costophrenic_angle_right"] == pytest.approx(90)
    labels = box_lungs()
    for k in range(6):
        labels[37 - k, 40 - (6 - k) : 40] = 0
    assert shape.shape_features(labels, extras=True)["costophrenic_angle_left"] > 110


def test_a_drawn_down_corner_is_acute():
    labels = box_lungs()
    for k in range(8):
        labels[38 + k, 32 + k : 40] = 2  # a recess below the dome, on the patient's left
    assert shape.shape_features(labels, extras=True)["costophrenic_angle_left"] < 60


def test_relative_units_do_not_change_with_magnification():
    small, large = ellipse_lungs(400), ellipse_lungs(1200)
    a, b = (shape.shape_features(labels, extras=True, unit="relative") for labels in (small, large))
    for name in a:
        assert b[name] == pytest.approx(a[name], rel=0.04, abs=12 if "angle" in name else 0.02), name
    assert a["area_left"] + a["area_right"] == pytest.approx(1)
    pixels = shape.shape_features(large)
    assert pixels["height_left"] == pytest.approx(3 * shape.shape_features(small)["height_left"], rel=0.02)


def test_a_missing_lung_is_an_error_and_named():
    labels = box_lungs()
    labels[labels == 2] = 0
    with pytest.raises(ValueError, match="left"):
        shape.shape_features(labels)


def test_the_projects_seven_see_one_region():
    labels = ellipse_lungs()
    found = shape.project_shape_features(labels)
    wanted = regionprops((labels > 0).astype(np.uint8))[0]
    assert tuple(found) == shape.PROJECT_SHAPE_NAMES
    for name, property_ in (
        ("area", "area"),
        ("perimeter", "perimeter"),
        ("eccentricity", "eccentricity"),
        ("extent", "extent"),
        ("solidity", "solidity"),
        ("major_axis", "axis_major_length"),
        ("minor_axis", "axis_minor_length"),
    ):
        assert found[f"{name}_both"] == pytest.approx(getattr(wanted, property_)), name
