from __future__ import annotations

import numpy as np
import pytest

from napari_tbcad.simulate.gamma_camera import CameraParameters, add_scatter, count, project, spread

SPACING = (5.0, 2.0, 2.5)


def point(depth: int, row: int = 30, column: int = 20) -> np.ndarray:
    volume = np.zeros((24, 61, 61), np.float32)
    volume[depth, row, column] = 1
    return volume


def variances(image: np.ndarray) -> tuple[float, float]:
    found = []
    for axis, size in ((1, SPACING[1]), (0, SPACING[2])):
        profile = image.sum(axis=axis, dtype=float)
        place = np.arange(len(profile))
        middle = (profile * place).sum() / profile.sum()
        found.append((profile * (place - middle) ** 2).sum() / profile.sum() * size**2)
    return found[0], found[1]


@pytest.mark.parametrize("view", ["anterior", "posterior"])
@pytest.mark.parametrize("depth", [2, 12, 21])
def test_a_point_is_blurred_by_its_distance_to_that_camera(view, depth):
    # A faint second source makes the recursion run over all slabs.
    volume = point(depth)
    volume[[0, -1], 5, 5] = 1e-9
    image = project(volume, np.zeros_like(volume), SPACING, view)
    slabs = depth if view == "anterior" else 23 - depth
    wanted = spread(CameraParameters().gap_mm + 5.0 * (slabs + 0.5))
    assert image.sum() == pytest.approx(1, abs=1e-4)
    # A voxel is as wide as a pixel, so its own width is no part of the spread.
    assert variances(image) == pytest.approx((wanted, wanted), rel=0.02)


def test_spread_is_that_of_the_formula():
    # FWHM at 100 mm: √(3.8² + (1.5 + 4.15)²) = 6.809 mm.
    assert np.sqrt(spread(100.0)) * 2.3548 == pytest.approx(6.809, rel=1e-3)


def test_attenuation_is_that_of_the_tissue_before_the_source():
    volume = point(7)
    tissue = np.full(volume.shape, 0.012, np.float32)
    front = project(volume, tissue, SPACING, "anterior").sum()
    back = project(volume, tissue, SPACING, "posterior").sum()
    assert front == pytest.approx(np.exp(-0.012 * 7.5 * 5), rel=1e-3)
    assert back == pytest.approx(np.exp(-0.012 * 16.5 * 5), rel=1e-3)


def test_the_posterior_camera_sees_the_left_on_the_left():
    volume = point(3, column=10)
    air = np.zeros_like(volume)
    assert np.unravel_index(project(volume, air, SPACING, "anterior").argmax(), (61, 61)) == (30, 10)
    assert np.unravel_index(project(volume, air, SPACING, "posterior").argmax(), (61, 61)) == (30, 50)


def test_scatter_adds_its_share():
    image = np.zeros((200, 200), np.float32)
    image[100, 100] = 1000
    out = add_scatter(image, (2.0, 2.0))
    assert out.sum() == pytest.approx(1150, rel=1e-3)
    assert out[100, 100] < 1001


def test_counts_are_poisson_and_repeatable():
    expected = np.full((300, 300), 4.0, np.float32)
    drawn = count(expected, np.random.default_rng(5))
    assert np.array_equal(drawn, count(expected + np.float32(1e-6), np.random.default_rng(5)))
    assert drawn.mean() == pytest.approx(4, abs=0.03)
    assert drawn.var() / drawn.mean() == pytest.approx(1, abs=0.03)
    assert np.array_equal(drawn, np.rint(drawn))


def test_nothing_gives_nothing():
    empty = np.zeros((4, 8, 8), np.float32)
    assert not project(empty, empty, SPACING, "anterior").any()
