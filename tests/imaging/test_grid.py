from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging import grid
from napari_tbcad.imaging.grid import grid_shape, resize_labels, resize_soft, to_grid
from napari_tbcad.imaging.radiograph import Radiograph


def test_to_grid_is_the_mean_over_each_area():
    pixels = np.arange(64, dtype=np.float32).reshape(8, 8)
    small = to_grid(Radiograph(np.kron(pixels, np.ones((4, 4), np.float32))), 16)
    assert small.shape == (16, 16)
    np.testing.assert_allclose(small.pixels, np.kron(pixels, np.ones((2, 2))), rtol=1e-6)


@given(st.integers(17, 90), st.integers(17, 90), st.integers(16, 60))
@settings(max_examples=40, deadline=None)
def test_to_grid_keeps_mean_and_extent_at_any_ratio(height, width, longest):
    rng = np.random.default_rng(height * 1000 + width)
    film = Radiograph(rng.uniform(-500, 4000, (height, width)).astype(np.float32), spacing_mm=(0.2, 0.3))
    small = to_grid(film, longest)
    assert small.shape == grid_shape(film.shape, longest)
    assert small.pixels.mean() == pytest.approx(film.pixels.mean(), rel=1e-5)
    for axis in (0, 1):
        assert small.spacing_mm[axis] * small.shape[axis] == pytest.approx(
            film.spacing_mm[axis] * film.shape[axis]
        )


def test_a_fine_pattern_does_not_alias():
    stripes = np.tile(np.array([0, 1000], np.float32), (300, 150))
    small = to_grid(Radiograph(stripes), 100)
    assert np.ptp(small.pixels) < 400  # a subsampled pattern would still span 1000
    np.testing.assert_allclose(to_grid(Radiograph(stripes), 150).pixels, 500, rtol=1e-6)


def test_a_constant_film_stays_exactly_constant():
    film = Radiograph(np.full((1001, 777), 7.3, np.float32))
    assert np.unique(to_grid(film, 123).pixels).tolist() == [np.float32(7.3)]


def test_a_smaller_film_is_not_enlarged_and_says_so_once():
    film = Radiograph(np.eye(40, dtype=np.float32), spacing_mm=(1.0, 1.0))
    once = to_grid(film, 64)
    assert once.shape == (40, 40)
    assert len(once.warnings) == 1
    assert "smaller than the working grid" in once.warnings[0]
    assert len(to_grid(once, 64).warnings) == 1


def test_a_thin_film_keeps_at_least_one_pixel():
    assert to_grid(Radiograph(np.random.default_rng(0).random((2000, 3)).astype(np.float32)), 100).shape == (
        100,
        1,
    )


def test_labels_survive_enlarging_and_shrinking_back():
    labels = np.zeros((60, 50), np.uint8)
    labels[5:40, 4:20], labels[8:50, 28:47] = 1, 2
    large = resize_labels(labels, (480, 400))
    assert large.dtype == np.uint8
    np.testing.assert_array_equal(resize_labels(large, (60, 50)), labels)


def test_labels_of_the_same_shape_are_the_same_but_a_copy():
    labels = np.random.default_rng(1).integers(0, 3, (9, 11)).astype(np.uint8)
    same = resize_labels(labels, (9, 11))
    np.testing.assert_array_equal(same, labels)
    assert same is not labels


def test_labels_are_never_mixed_into_a_third_one():
    labels = np.zeros((40, 40), np.uint8)
    labels[:, :13], labels[:, 13:26] = 1, 3
    assert set(np.unique(resize_labels(labels, (17, 17)))) <= {0, 1, 3}


def test_half_covered_pixels_belong_to_the_label_and_less_do_not():
    labels = np.zeros((4, 8), np.uint8)
    labels[:, 1:4] = 1
    assert resize_labels(labels, (1, 2)).tolist() == [[1, 0]]
    labels[:, 1] = 0
    assert resize_labels(labels, (1, 2)).tolist() == [[1, 0]]
    labels[0, 2] = 0
    assert resize_labels(labels, (1, 2)).tolist() == [[0, 0]]


def test_strips_do_not_show(monkeypatch):
    rng = np.random.default_rng(2)
    soft = rng.random((2, 37, 41)).astype(np.float32)
    labels = rng.integers(0, 3, (37, 41)).astype(np.uint8)
    whole = [resize_soft(soft, (90, 20)), resize_labels(labels, (20, 90))]
    monkeypatch.setattr(grid, "_STRIP", 100)
    np.testing.assert_array_equal(resize_soft(soft, (90, 20)), whole[0])
    np.testing.assert_array_equal(resize_labels(labels, (20, 90)), whole[1])


def test_soft_fields_stay_in_range_and_hit_pixel_centres():
    ramp = np.linspace(0, 1, 5, dtype=np.float32)[None].repeat(3, axis=0)
    wide = resize_soft(ramp, (3, 15))
    assert wide.min() == 0
    assert wide.max() == 1
    np.testing.assert_allclose(wide[:, 1::3], ramp, atol=1e-6)


def test_labels_must_be_two_dimensional():
    with pytest.raises(BadInput, match="2-D"):
        resize_labels(np.zeros((2, 3, 4), np.uint8), (3, 4))


def _reference_resize(labels, shape):
    """The definition, by dense matrices: shares of all labels, then the greatest."""
    rows, columns = (grid._weights(o, n).toarray() for o, n in zip(labels.shape, shape, strict=True))
    values = [v for v in np.unique(labels) if v]
    if not values:
        return np.zeros(shape, labels.dtype)
    shares = np.stack([rows @ (labels == v).astype(float) @ columns.T for v in values])
    return np.where(shares.sum(0) >= 0.5 - 1e-9, np.array(values)[shares.argmax(0)], 0)


@pytest.mark.parametrize("shape", [(7, 9), (30, 20), (61, 57), (90, 40), (12, 80)])
def test_labels_are_resized_by_the_definition_and_an_edit_gives_the_same_as_doing_all_anew(shape):
    rng = np.random.default_rng(3)
    labels = (rng.random((40, 37)) > 0.4).astype(np.uint8).repeat(1, 0)
    labels[:, 20:] *= 2
    labels[5:9, 3:30] = 2
    resized = resize_labels(labels, shape)
    np.testing.assert_array_equal(resized, _reference_resize(labels, shape))
    for _ in range(10):
        edited = labels.copy()
        r, c = rng.integers(0, 35, 2)
        edited[r : r + 5, c : c + 4] = rng.integers(0, 3)
        after = resize_labels(edited, shape, earlier=(labels, resized))
        np.testing.assert_array_equal(after, resize_labels(edited, shape))
        labels, resized = edited, after
