"""A person's tools: what they must and must not do to a mask."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from napari_tbcad.chest.lungs.corrections import (
    clean_up,
    difference,
    fill_holes,
    largest_pieces,
    midline,
    mirror,
    smooth,
)
from napari_tbcad.errors import BadInput

MASKS = hnp.arrays(
    np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.integers(0, 2)
)
FEW = settings(max_examples=60, deadline=None)
Y, X = np.mgrid[:90, :100]


def ellipse(x: float, y: float, a: float, b: float) -> np.ndarray:
    return ((X - x) / a) ** 2 + ((Y - y) / b) ** 2 < 1


@pytest.fixture
def lungs() -> np.ndarray:
    """Two lungs about column 47, the left one smaller by the heart."""
    labels = np.zeros((90, 100), np.uint8)
    labels[ellipse(27, 42, 15, 33)] = 1
    labels[ellipse(67, 42, 15, 33) & ~ellipse(52, 64, 16, 25)] = 2
    return labels


def test_the_midline_lies_between_the_medial_borders(lungs):
    # The heart, which pushes the left border away, is in the lower half only.
    assert midline(lungs) == pytest.approx(47, abs=0.51)


def test_mirror_draws_the_other_lung_and_keeps_its_source(lungs):
    out = mirror(lungs, 1)
    np.testing.assert_array_equal(out == 1, lungs == 1)
    twice = round(2 * midline(lungs))
    rows, columns = np.nonzero(lungs == 1)
    expected = np.zeros(lungs.shape, bool)
    expected[rows, twice - columns] = True
    np.testing.assert_array_equal(out == 2, expected)
    assert lungs[62, 60] == 0, "the input stays as it was"
    assert out[62, 60] == 2


def test_mirroring_a_mirrored_lung_brings_the_source_back(lungs):
    there = mirror(lungs, 1, axis=47.5)
    np.testing.assert_array_equal(mirror(there, 2, axis=47.5), there)


@pytest.mark.parametrize("stub", [False, True])
def test_without_a_whole_second_lung_the_films_middle_is_the_midline(lungs, stub):
    lungs[lungs == 2] = 0
    if stub:
        lungs[40:45, 95:] = 2
    assert midline(lungs) == 49.5
    out = mirror(lungs, 1)
    assert np.count_nonzero(out == 1) == np.count_nonzero(out == 2)
    assert np.nonzero(out == 2)[1].max() == 99 - np.nonzero(out == 1)[1].min()


@pytest.mark.parametrize("source", [1, 2])
def test_a_lung_across_the_films_middle_is_mirrored_beside_itself(source):
    labels = np.zeros((20, 40), np.uint8)
    labels[4:16, 12:34] = source
    labels = labels if source == 2 else labels[:, ::-1]
    first, last = np.nonzero(labels)[1].min(), np.nonzero(labels)[1].max()
    if source == 2:
        labels = np.roll(labels, -8, axis=1)
        first, last = first - 8, last - 8
    else:
        labels = np.roll(labels, 8, axis=1)
        first, last = first + 8, last + 8
    out = mirror(labels, source)
    np.testing.assert_array_equal(out == source, labels == source)
    others = np.nonzero(out == 3 - source)[1]
    assert others.max() == first - 1 if source == 2 else others.min() == last + 1


def test_mirror_refuses_what_it_cannot_draw(lungs):
    lungs[lungs == 2] = 0
    with pytest.raises(BadInput, match="no left lung"):
        mirror(lungs, 2)
    for axis in (-300, -30, 130, 300):
        with pytest.raises(BadInput, match="outside the film"):
            mirror(lungs, 1, axis=axis)
    with pytest.raises(BadInput, match=r"1 \(right\) or 2"):
        mirror(lungs, 3)
    with pytest.raises(BadInput, match="0, 1"):
        mirror(lungs + 2, 1)
    with pytest.raises(BadInput, match="2-D"):
        mirror(lungs.astype(float), 1)


@FEW
@given(MASKS, st.integers(1, 2), st.integers(-2, 28))
def test_mirror_never_takes_from_its_source(labels, source, twice):
    try:
        out = mirror(labels, source, axis=twice / 2)
    except BadInput:
        return
    np.testing.assert_array_equal(out == source, labels == source)
    columns = np.arange(labels.shape[1])
    for row, column in np.argwhere(out == 3 - source):
        assert twice - column in columns
        assert labels[row, twice - column] == source


def test_smoothing_loses_teeth_and_keeps_area(lungs):
    rough = lungs.copy()
    rough[ellipse(27, 42, 15, 33) & (X % 4 < 2) & (X > 38)] = 0
    rough[10, 10:14] = 1

    def border(labels):
        lung = labels == 1
        return np.count_nonzero(lung ^ ndimage.binary_erosion(lung))

    out = smooth(rough, 4)
    assert border(out) < border(rough)
    for lung in (1, 2):
        assert np.count_nonzero(out == lung) == pytest.approx(np.count_nonzero(rough == lung), rel=0.08)


def test_smoothing_a_straight_edge_does_not_move_it():
    labels = np.zeros((60, 60), np.uint8)
    labels[:, :25], labels[:, 35:] = 1, 2
    np.testing.assert_array_equal(smooth(labels, 8), labels)


def test_holes_are_filled_unless_they_mean_something(lungs):
    opacity = ellipse(27, 42, 6, 6)
    lungs[opacity] = 0
    assert (smooth(lungs, 3)[opacity] == 1).all()
    kept = smooth(lungs, 3, fill=False)
    assert (kept[opacity] == 0).mean() > 0.8


@FEW
@given(MASKS, st.sampled_from([0, 1, 3.5, 20]))
def test_smoothing_keeps_both_lungs_and_neither_eats_the_other(labels, radius):
    out = smooth(labels, radius, fill=False)
    assert not ((out == 1) & (labels == 2)).any()
    assert not ((out == 2) & (labels == 1)).any()
    assert {*np.unique(out)} - {0} == {*np.unique(labels)} - {0}


def test_an_island_of_the_other_lung_that_is_smoothed_away_is_no_hole():
    labels = np.array([[2, 2, 1, 1, 1], [1, 1, 1, 1, 1], [1, 2, 1, 1, 1], [1, 1, 1, 1, 1]], np.uint8)
    assert smooth(labels, 3.5)[2, 1] == 1
    assert smooth(labels, 3.5, fill=False)[2, 1] == 0


@FEW
@given(MASKS)
def test_cleaned_up_means_clean(labels):
    out = clean_up(labels, share=0.5)
    for lung in (1, 2):
        parts, number = ndimage.label(out == lung)
        sizes = np.bincount(parts.ravel())[1:]
        assert number == 0 or sizes.min() >= 0.5 * sizes.max() or (out == lung).sum() > (labels == lung).sum()
        filled = ndimage.binary_fill_holes(out == lung)
        assert (out[filled] != 0).all()
        # What is added was background, what is taken was an island.
        assert set(labels[(out == lung) & (labels != lung)]) <= {0, 3 - lung}


def test_islands_go_by_their_share(lungs):
    spotted = lungs.copy()
    spotted[2:4, 2:4], spotted[70:86, 80:98] = 1, 2
    np.testing.assert_array_equal(largest_pieces(spotted, share=0.01)[2:4, 2:4], 0)
    assert largest_pieces(spotted, share=0.1)[80, 90] == 2
    np.testing.assert_array_equal(largest_pieces(spotted, share=0.9), lungs)
    np.testing.assert_array_equal(largest_pieces(spotted, share=0), spotted)


def test_a_hole_that_is_the_other_lung_stays_so():
    labels = np.zeros((9, 9), np.uint8)
    labels[1:8, 1:8], labels[3:6, 3:6], labels[4, 4] = 1, 0, 2
    out = fill_holes(labels)
    assert out[4, 4] == 2
    assert np.count_nonzero(out == 1) == 48


def test_difference_tells_added_taken_and_side():
    automatic = np.array([[0, 0, 0, 1, 1, 1, 2, 2, 2]], np.uint8)
    labels = np.array([[0, 1, 2, 0, 1, 2, 0, 1, 2]], np.uint8)
    assert difference(labels, automatic).tolist() == [[0, 1, 1, 2, 0, 3, 2, 3, 0]]
    with pytest.raises(BadInput, match="shape"):
        difference(labels, automatic[:, :4])
