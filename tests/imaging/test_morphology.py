from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial import ConvexHull

from napari_tbcad.imaging import morphology
from napari_tbcad.imaging.morphology import hull_pixels


def blank() -> np.ndarray:
    return np.zeros((40, 50), bool)


def test_largest_component_takes_the_larger_and_the_first_in_a_tie():
    mask = blank()
    mask[2:5, 2:5], mask[20:24, 20:24] = True, True
    assert morphology.largest_component(mask).sum() == 16
    mask[20:24, 20:24] = False
    mask[30:33, 30:33] = True
    assert morphology.largest_component(mask)[3, 3]
    assert not morphology.largest_component(blank()).any()


def test_diagonal_pixels_are_not_connected():
    mask = blank()
    mask[3, 3] = mask[4, 4] = mask[4, 5] = True
    assert morphology.largest_component(mask).sum() == 2


def test_close_bridges_a_gap_also_at_the_border_and_keeps_the_rest():
    mask = blank()
    mask[10:20, 0:20], mask[10:20, 24:40] = True, True
    closed = morphology.close(mask, 3)
    assert closed[15, 21]
    assert closed[15, 0]
    assert (closed & mask).sum() == mask.sum()
    assert not closed[5].any()


def test_open_cuts_a_bridge():
    mask = blank()
    mask[10:20, 5:20], mask[10:20, 25:40], mask[15, 20:25] = True, True, True
    opened = morphology.open_(mask, 2)
    assert not opened[15, 22]
    assert opened[15, 10]
    assert not morphology.open_(blank(), 2).any()


def test_signed_distance_changes_sign_between_pixels():
    mask = blank()
    mask[10:30, 10:30] = True
    distance = morphology.signed_distance(mask)
    assert distance[10, 20] == pytest.approx(0.5)
    assert distance[9, 20] == pytest.approx(-0.5)
    assert np.isneginf(morphology.signed_distance(blank())).all()
    assert np.isposinf(morphology.signed_distance(~blank())).all()


def test_convex_hull_area_and_pixels():
    rng = np.random.default_rng(0)
    mask = blank()
    mask[rng.integers(3, 35, 12), rng.integers(3, 45, 12)] = True
    hull, area = morphology.convex_hull(mask)
    points = np.argwhere(mask)
    corners = np.concatenate([points + offset for offset in ((0, 0), (0, 1), (1, 0), (1, 1))])
    assert area == pytest.approx(ConvexHull(corners).volume)
    assert (hull & mask).sum() == mask.sum()
    assert abs(hull.sum() - area) < 0.03 * area
    empty, nothing = morphology.convex_hull(blank())
    assert not empty.any()
    assert nothing == 0


def test_fill_holes_leaves_bays_open():
    mask = blank()
    mask[5:15, 5:15] = True
    mask[8:10, 8:10] = False
    mask[12, 10:15] = False
    filled = morphology.fill_holes(mask)
    assert filled[8, 8]
    assert not filled[12, 12]


def test_the_pixels_of_the_hull_are_those_of_scikit_image():
    from skimage.morphology import convex_hull_image

    rng = np.random.default_rng(0)
    for sigma in (0.1, 1, 3, 6):
        field = ndimage.gaussian_filter(rng.normal(size=(41, 33)), sigma)
        for share in (0.02, 0.5, 0.9):
            mask = field >= np.quantile(field, share)
            assert hull_pixels(mask) == np.count_nonzero(convex_hull_image(mask))
    assert hull_pixels(np.ones((1, 1), bool)) == 1
    assert hull_pixels(np.ones((1, 7), bool)) == 7


def test_filling_and_opening_are_those_of_the_whole_picture():
    """Only the bounding box is worked on: the definitions know nothing of it."""
    rng = np.random.default_rng(2)
    for sigma in (0.5, 2, 5):
        field = ndimage.gaussian_filter(rng.normal(size=(37, 44)), sigma)
        for share in (0.05, 0.4, 0.7, 0.97):
            mask = field > np.quantile(field, share)
            np.testing.assert_array_equal(morphology.fill_holes(mask), ndimage.binary_fill_holes(mask))
            for radius in (0.7, 1.6, 3.0, 14.0):
                core = ndimage.distance_transform_edt(mask) > radius
                opened = (ndimage.distance_transform_edt(~core) <= radius) & mask if core.any() else core
                np.testing.assert_array_equal(morphology.open_(mask, radius), opened)
                near = ndimage.distance_transform_edt(~mask) <= radius
                np.testing.assert_array_equal(morphology.within(mask, radius), near)
                padded = np.pad(mask, 16)
                grown = ndimage.distance_transform_edt(~padded) <= radius
                closed = (ndimage.distance_transform_edt(grown) > radius)[16:-16, 16:-16]
                np.testing.assert_array_equal(morphology.close(mask, radius), closed)
            assert morphology.hull_area(mask) == morphology.convex_hull(mask)[1]
    assert morphology.open_(np.ones((5, 6), bool), 2).all()
    assert not morphology.within(blank(), 3).any()
    assert morphology.hull_area(blank()) == 0


def test_the_inner_edge_is_that_of_scikit_image():
    from skimage.segmentation import find_boundaries

    random = np.random.default_rng(0)
    masks = [
        random.random(shape) < share for shape in ((1, 9), (9, 1), (17, 23)) for share in (0.1, 0.5, 0.9)
    ]
    part = blank()
    part[3:9, 2:20] = True
    for mask in [*masks, blank(), ~blank(), part]:
        np.testing.assert_array_equal(morphology.inner_edge(mask), find_boundaries(mask, mode="inner"))
