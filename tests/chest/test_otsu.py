from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from napari_tbcad.chest.lungs.masks import insensitive_mask
from napari_tbcad.chest.lungs.otsu import OtsuParameters, otsu
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.radiograph import Radiograph


def thorax(*, shade: float = 0.0, right: bool = True, left: bool = True) -> tuple[Radiograph, np.ndarray]:
    """A bright body in room air with two dark ellipses, a dark trachea and bright ribs; and its lungs."""
    y, x = np.mgrid[:240, :240] / 240
    body = ((x - 0.5) / 0.46) ** 2 + ((y - 0.6) / 0.62) ** 2 < 1
    truth = np.zeros((240, 240), np.uint8)
    truth[right & (((x - 0.30) / 0.13) ** 2 + ((y - 0.45) / 0.29) ** 2 < 1)] = 1
    truth[left & (((x - 0.70) / 0.12) ** 2 + ((y - 0.45) / 0.28) ** 2 < 1)] = 2
    pixels = np.where(body, 0.8, 0.02)
    pixels[truth > 0] = 0.35
    pixels[(np.abs(x - 0.5) < 0.015) & (y < 0.4) & body] = 0.4
    pixels += np.where((truth > 0) & (np.sin(y * 60) > 0.6), 0.08, 0)
    pixels += shade * (x + y - 1)
    noise = np.random.default_rng(0).normal(0, 0.02, pixels.shape)
    return Radiograph((ndimage.gaussian_filter(pixels, 1.5) + noise).astype(np.float32)), truth


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * (a & b).sum() / (a.sum() + b.sum())


@pytest.mark.parametrize("shade", [0.0, 0.3])
def test_two_lungs_are_found_on_the_patients_sides(shade):
    film, truth = thorax(shade=shade)
    soft = otsu(film)
    labels = insensitive_mask(soft, film).labels
    assert soft.warnings == ()
    assert dice(labels == 1, truth == 1) > 0.88
    assert dice(labels == 2, truth == 2) > 0.88


def test_the_answer_does_not_depend_on_the_detectors_units():
    film, _ = thorax()
    other = Radiograph(film.pixels * 4000 + 50)
    np.testing.assert_allclose(otsu(film).pixels, otsu(other).pixels, atol=0.01)


def test_room_air_and_trachea_are_left_out():
    film, truth = thorax()
    labels = insensitive_mask(otsu(film), film).labels
    assert not labels[:, :10].any()
    assert not labels[:, -10:].any()
    assert not labels[40:60, 118:122].any()
    assert (labels[truth == 0] > 0).mean() < 0.1


def test_a_missing_lung_is_said_and_stays_empty():
    film, _ = thorax(left=False)
    soft = otsu(film)
    assert soft.pixels[1].max() == 0 or any("left lung" in w for w in soft.warnings)
    assert any("left lung" in warning for warning in soft.warnings)
    assert soft.pixels[0].max() > 0.9


def test_no_lungs_no_nonsense():
    y, x = np.mgrid[:200, :200]
    soft = otsu(Radiograph((x + y).astype(np.float32)))
    assert len(soft.warnings) == 2
    assert soft.pixels.max() == 0


def test_a_padded_film_gives_the_same_lungs():
    film, _ = thorax()
    padded = Radiograph(np.pad(film.pixels, ((0, 80), (0, 0))))
    labels = insensitive_mask(otsu(padded), padded).labels
    alone = insensitive_mask(otsu(film), film).labels
    assert not labels[240:].any()
    assert dice(labels[:240] > 0, alone > 0) > 0.95


def test_it_is_deterministic_and_soft():
    film, _ = thorax()
    a, b = otsu(film), otsu(film)
    np.testing.assert_array_equal(a.pixels, b.pixels)
    assert a.pixels.dtype == np.float32
    assert a.pixels.min() >= 0
    assert a.pixels.max() <= 1
    assert ((a.pixels > 0.2) & (a.pixels < 0.8)).any()
    assert a.film_shape == film.shape
    assert a.record.entries[-1].name == "otsu"


def test_size_sets_the_working_grid():
    film, _ = thorax()
    assert otsu(film, OtsuParameters(size=128)).pixels.shape == (2, 128, 128)


def test_a_constant_film_is_refused():
    with pytest.raises(BadInput, match="same grey value"):
        otsu(Radiograph(np.ones((50, 50), np.float32)))


@pytest.mark.realdata
def test_dice_on_six_real_films(shared_data):
    import imageio.v3 as iio

    folder = shared_data / "chest" / "jsrt"
    scores = []
    for path in sorted((folder / "images").glob("JPCNN*.png"))[:60:10]:
        film = Radiograph(iio.imread(path).astype(np.float32))
        truth = (iio.imread(folder / "masks_right" / path.name) > 0) | (
            iio.imread(folder / "masks_left" / path.name) > 0
        )
        scores.append(dice(insensitive_mask(otsu(film), film).labels > 0, truth))
    assert np.mean(scores) > 0.85
