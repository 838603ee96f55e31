"""Instances of drawn probability maps, and how unsure the program is of a hotspot."""

import numpy as np
import pytest

from napari_tbcad.bone.candidates_instances import LEAST_PX, find_instances
from napari_tbcad.bone.candidates_unsure import unsure

ROWS, COLUMNS = np.indices((64, 48))


def blob(row, column, height=0.9, sigma=3.0):
    return height * np.exp(-((ROWS - row) ** 2 + (COLUMNS - column) ** 2) / (2 * sigma**2))


def maps(abnormal=(), normal=()):
    empty = np.zeros(ROWS.shape)
    kinds = [np.maximum.reduce([empty, *kind]) for kind in (abnormal, normal)]
    return np.stack(kinds).astype(np.float32)


def test_an_instance_ends_at_a_share_of_its_peak():
    faint, strong = blob(15, 20, 0.3), blob(45, 20, 0.9)
    labels, found = find_instances(maps([strong], [faint]), edge=0.5)
    assert [(one.id, one.row, one.column) for one in found] == [(1, 45, 20), (2, 15, 20)]
    assert [round(one.score, 2) for one in found] == [0.9, 0.3]
    np.testing.assert_array_equal(labels == 1, strong >= 0.45)
    np.testing.assert_array_equal(labels == 2, faint >= 0.15)
    assert [one.area_px for one in found] == [(labels == 1).sum(), (labels == 2).sum()]
    assert find_instances(maps([strong], [faint]), edge=0.5, sigma=(3.0, 3.0))[1][0].score < 0.6
    wider, _ = find_instances(maps([strong], [faint]), edge=0.3)
    assert (wider == 1).sum() > (labels == 1).sum()


@pytest.mark.parametrize(("apart", "number"), [(5, 1), (12, 2)])
def test_touching_hotspots_are_parted_where_the_way_between_them_is_deep(apart, number):
    labels, found = find_instances(maps([blob(30, 15), blob(30, 15 + apart, 0.8)]), edge=0.2)
    assert len(found) == number
    if number == 2:
        assert labels[30, 15] != labels[30, 15 + apart]
        assert labels[30, 15 + apart] > 0


def test_the_class_is_that_of_the_larger_sum():
    spots = maps([blob(30, 12), blob(10, 30, 0.2)], [blob(30, 36), blob(10, 30, 0.6)])
    labels, found = find_instances(spots, edge=0.5)
    by_place = {labels[one.row, one.column]: one.abnormal for one in found}
    assert by_place[labels[30, 12]] > 0.95
    assert by_place[labels[30, 36]] < 0.05
    assert by_place[labels[10, 30]] == pytest.approx(0.25, abs=0.01)


def test_specks_and_faint_places_are_dropped():
    spots = maps([blob(10, 10, 0.015)])
    spots[0, 40, 20 : 20 + LEAST_PX - 1] = 0.9
    labels, found = find_instances(spots, edge=0.5)
    assert not found
    assert not labels.any()


def test_nothing_everything_and_noise_are_no_error():
    for given in (
        np.zeros((2, 8, 8)),
        np.full((2, 64, 48), 0.5),
        np.random.default_rng(0).random((2, 64, 48)) / 2,
    ):
        labels, found = find_instances(given.astype(np.float32), edge=0.5)
        assert set(np.unique(labels)) == set(range(len(found) + 1)) or (labels == 1).all()
        assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_each_doubt_makes_a_hotspot_unsure():
    assert unsure(1.0, 1.0) == 0
    assert unsure(1.0, 0.0) == 0
    assert unsure(0.5, 1.0) == unsure(1.0, 0.5) == 0.5
    assert unsure(0.9, 0.9) > unsure(0.9, 0.99) > unsure(0.99, 0.99) > 0
    assert unsure(0.1, 1.0) > unsure(0.9, 1.0), "faint ones are wrong more often"
    assert unsure(0.9, 0.1) == unsure(0.9, 0.9)
    assert unsure(0.9, 0.9, 0.2) > unsure(0.9, 0.9)
    assert unsure(1.0, 1.0, 1.0) == 1
