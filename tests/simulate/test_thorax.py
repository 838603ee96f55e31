from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from napari_tbcad.chest.lungs.otsu import otsu
from napari_tbcad.simulate.thorax import LEFT, RIGHT, SimulatedFilm, ThoraxParameters, simulate_thorax


@pytest.fixture(scope="module")
def phantom() -> SimulatedFilm:
    return simulate_thorax(ThoraxParameters(size=256), seed=3)


def test_the_same_seed_gives_the_same_film_and_another_seed_another():
    one, again, other = (simulate_thorax(ThoraxParameters(size=96), seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(one.film.pixels, again.film.pixels)
    assert np.array_equal(one.lungs, again.lungs)
    assert not np.array_equal(one.film.pixels, other.film.pixels)


def test_film_is_eight_bit_air_dark_with_spacing_and_record(phantom):
    pixels = phantom.film.pixels
    assert pixels.min() >= 0
    assert pixels.max() <= 255
    assert np.array_equal(pixels, np.rint(pixels))
    assert phantom.film.spacing_mm == pytest.approx((358 / 256, 358 / 256))
    assert [step.name for step in phantom.film.record] == ["simulate_thorax"]
    between = pixels[120:140, 124:134].mean()
    lung = np.median(pixels[phantom.lungs > 0])
    assert pixels[250, 2] < lung < between


def test_right_lung_is_image_left_and_larger(phantom):
    right, left = phantom.lungs == RIGHT, phantom.lungs == LEFT
    assert np.nonzero(right)[1].mean() < 128 < np.nonzero(left)[1].mean()
    assert 1.05 < right.sum() / left.sum() < 1.6


def test_right_dome_is_higher_than_the_left(phantom):
    # The lowest lung row 100 mm from the midline, well beside the heart.
    column = round(100 / 358 * 256)
    right = np.nonzero(phantom.lungs[:, 128 - column] == RIGHT)[0].max()
    left = np.nonzero(phantom.lungs[:, 128 + column] == LEFT)[0].max()
    assert right < left


def test_lung_area_is_that_of_jsrt_outlines(phantom):
    # Mean of the 193 usable JSRT films at 512 px: 42876 and 34333 pixels (of the mean outline).
    scale = (512 / 256) ** 2
    assert (phantom.lungs == RIGHT).sum() * scale == pytest.approx(42_876, rel=0.12)
    assert (phantom.lungs == LEFT).sum() * scale == pytest.approx(34_333, rel=0.12)


def test_deeper_inspiration_enlarges_the_lungs(phantom):
    deep = simulate_thorax(ThoraxParameters(size=256, inspiration=20), seed=3)
    assert (deep.lungs > 0).sum() > 1.05 * (phantom.lungs > 0).sum()


def test_a_larger_heart_covers_more_lung(phantom):
    large = simulate_thorax(ThoraxParameters(size=256, heart=1.3), seed=3)
    assert (large.lungs > 0).sum() < 0.97 * (phantom.lungs > 0).sum()


def test_lung_also_lies_behind_heart_and_domes(phantom):
    hidden = (phantom.lung_mm.sum(axis=0) > 20) & (phantom.lungs == 0)
    assert hidden.sum() > 0.02 * (phantom.lungs > 0).sum()


def test_smallest_film_works_and_nonsense_is_refused():
    assert simulate_thorax(ThoraxParameters(size=64), seed=0).film.shape == (64, 64)
    with pytest.raises(ValidationError):
        ThoraxParameters(size=0)


def test_our_own_otsu_finds_the_lungs(phantom):
    soft = otsu(phantom.film)
    found = np.max(soft.pixels, axis=0) > 0.5
    assert found.shape == phantom.lungs.shape
    truth = phantom.lungs > 0
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.88
