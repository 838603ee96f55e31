from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.intensity import guided_filter, local_contrast, robust_range, to_unit


def test_robust_range_ignores_a_few_hot_pixels():
    pixels = np.random.default_rng(0).uniform(100, 200, (200, 200)).astype(np.float32)
    pixels[0, :20] = 1e6
    low, high = robust_range(pixels)
    assert 100 <= low < 102
    assert 198 < high <= 200


def test_robust_range_of_an_almost_constant_film_is_its_extremes():
    pixels = np.zeros((100, 100), np.float32)
    pixels[3, 4] = 9
    assert robust_range(pixels) == (0, 9)


def test_a_constant_film_is_refused_by_name():
    with pytest.raises(BadInput, match=r"a\.png: every pixel"):
        robust_range(np.full((5, 5), 3.0), source="folder/a.png")


def test_to_unit_clips():
    np.testing.assert_array_equal(to_unit(np.array([[0.0, 5, 10, 20]]), (5, 15)), [[0, 0, 0.5, 1]])


def test_guided_filter_by_its_definition():
    rng = np.random.default_rng(3)
    image, epsilon, side = rng.random((9, 8)), 0.02, 3
    padded = np.pad(image, 2, mode="edge")
    # a_k and b_k of every window, written out; the border repeats the edge.
    a, b = np.zeros((9, 8)), np.zeros((9, 8))
    for r in range(9):
        for c in range(8):
            window = padded[r + 1 : r + 1 + side, c + 1 : c + 1 + side]
            a[r, c] = window.var() / (window.var() + epsilon)
            b[r, c] = window.mean() * (1 - a[r, c])
    mean = [
        np.array(
            [
                [np.pad(x, 1, mode="edge")[r : r + side, c : c + side].mean() for c in range(8)]
                for r in range(9)
            ]
        )
        for x in (a, b)
    ]
    np.testing.assert_allclose(
        guided_filter(image, window=side, epsilon=epsilon), mean[0] * image + mean[1], atol=1e-6
    )


def test_guided_filter_keeps_an_edge_and_smooths_noise():
    rng = np.random.default_rng(4)
    step = np.where(np.arange(40) < 20, 0.0, 1.0)[None].repeat(40, axis=0)
    smooth = guided_filter(step + rng.normal(0, 0.02, step.shape), window=5, epsilon=0.01)
    assert smooth[:, 5:15].std() < 0.01
    assert smooth[:, 20].mean() - smooth[:, 19].mean() > 0.9


def test_a_separate_guide_that_equals_the_image_changes_nothing():
    image = np.random.default_rng(5).random((12, 12))
    np.testing.assert_allclose(guided_filter(image, guide=image.copy()), guided_filter(image), atol=1e-6)


def test_local_contrast_removes_shading():
    y, x = np.mgrid[:100, :100]
    pattern = np.sin(x / 2.0) * np.sin(y / 2.0)
    flat = local_contrast(pattern, 15)
    shaded = local_contrast(pattern + 0.05 * x + 0.03 * y, 15)
    middle = np.s_[20:-20, 20:-20]
    assert np.corrcoef(flat[middle].ravel(), shaded[middle].ravel())[0, 1] > 0.97
    assert np.corrcoef(pattern[middle].ravel(), (pattern + 0.05 * x + 0.03 * y)[middle].ravel())[0, 1] < 0.6


def test_local_contrast_of_a_flat_image_is_zero():
    np.testing.assert_allclose(local_contrast(np.full((20, 20), 4.0), 5), 0, atol=1e-3)


def test_the_local_mean_is_that_of_a_gaussian_filter():
    values = np.random.default_rng(0).normal(size=(40, 61)) * 50
    for width in (1.5, 12.0):
        average = ndimage.gaussian_filter(values, width, mode="reflect")
        variance = np.maximum(ndimage.gaussian_filter(values**2, width, mode="reflect") - average**2, 0)
        wanted = (values - average) / np.sqrt(variance + (0.1 * values.std() + 1e-9) ** 2)
        np.testing.assert_allclose(local_contrast(values, width), wanted, rtol=1e-5, atol=1e-5)
