from __future__ import annotations

import numpy as np
import pytest

from napari_tbcad.simulate.projection import (
    Tube,
    difference_length,
    ellipsoid,
    expose,
    film_curve,
    frame,
    length,
    project_tubes,
    resample,
)

GRID = frame(200, 100.0)


def rod(start: tuple[float, float, float], stop: tuple[float, float, float], radius: float) -> Tube:
    points, radii = resample(np.array([start, stop], dtype=float), np.array([radius, radius]), 0.2)
    return Tube(points, radii)


def test_ellipsoid_has_its_volume_and_its_chord():
    path = length(ellipsoid(GRID, (0, 50, 0), (20, 10, 15), tilt=30))
    assert path.sum() * GRID.spacing**2 == pytest.approx(4 / 3 * np.pi * 20 * 10 * 15, rel=0.002)
    assert path.max() == pytest.approx(30, rel=0.001)


def test_difference_removes_an_overlap_once():
    box = (np.full((1, 1), 0.0), np.full((1, 1), 100.0))
    removed = [
        (np.full((1, 1), a), np.full((1, 1), b)) for a, b in ((10.0, 30.0), (20.0, 40.0), (90.0, 200.0))
    ]
    assert difference_length(box, removed)[0, 0] == pytest.approx(100 - 30 - 10)


@pytest.mark.parametrize("tip", [(30, 50, 0), (0, 50, 40), (20, 70, 30)])
def test_rod_keeps_its_volume_in_every_direction(tip):
    start = (-20.0, 40.0, -10.0)
    size = np.linalg.norm(np.subtract(tip, start))
    path = project_tubes(GRID, [rod(start, tip, 4.0)])
    assert path.sum() * GRID.spacing**2 == pytest.approx(np.pi * 16 * size, rel=0.005)


def test_rod_in_the_image_plane_shows_its_chord():
    path = project_tubes(GRID, [rod((-40, 50, 0), (40, 50, 0), 6.0)])
    column = path[:, 100]
    expected = 2 * np.sqrt(np.clip(36 - (GRID.y[:, 0] - 50) ** 2, 0, None))
    assert np.abs(column - expected).max() < 1.0
    assert column.max() == pytest.approx(12, rel=0.02)


def test_marrow_is_the_rod_without_its_cortex():
    tube = rod((-40, 50, 0), (40, 50, 0), 6.0)
    assert project_tubes(GRID, [tube], shrink=2.0).max() == pytest.approx(8, rel=0.03)


def test_no_rods_give_an_empty_map():
    assert not project_tubes(GRID, []).any()


def test_exposure_follows_beer_lambert_without_scatter_blur_and_noise():
    path = np.linspace(0, 5, 40_000).reshape(200, 200)
    log_exposure = expose(path, GRID, scatter=0, photons=0, blur_mm=0, generator=np.random.default_rng(0))
    np.testing.assert_allclose(log_exposure, -path, atol=1e-9)


def test_noise_grows_behind_the_body_as_quanta_fall():
    generator = np.random.default_rng(0)
    path = np.zeros(GRID.shape)
    path[:, 100:] = 3.0
    log_exposure = expose(path, GRID, scatter=0, photons=10_000, blur_mm=0, generator=generator)
    thin, thick = log_exposure[:, :90].std(), log_exposure[:, 110:].std()
    assert thin == pytest.approx(1 / np.sqrt(10_000 * 0.25), rel=0.05)
    assert thick / thin == pytest.approx(np.exp(1.5), rel=0.05)


def test_film_is_dark_in_air_and_light_behind_bone():
    grey = film_curve(np.array([0.0, -2.0, -6.0]))
    assert grey[0] < grey[1] < grey[2] <= 255
