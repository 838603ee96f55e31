from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from napari_tbcad.chest.band_texture import BAND_NAMES, SCALES, SIDE, band_features, split_bands
from napari_tbcad.chest.feature_sets import feature_groups, feature_names
from napari_tbcad.chest.lungs.fields import LungMasks
from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.elsewhere import bands_of
from napari_tbcad.imaging.radiograph import Radiograph


def lungs(side=128):
    rows, columns = np.mgrid[:side, :side] / side
    right = ((columns - 0.29) / 0.17) ** 2 + ((rows - 0.48) / 0.34) ** 2 < 1
    return right | (((columns - 0.71) / 0.15) ** 2 + ((rows - 0.47) / 0.32) ** 2 < 1)


def film(side=128, seed=0, blur=2.0):
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(side, side)), blur)
    return (100 + 400 * noise).astype(np.float32)


def values(pixels, where, **more):
    return np.array(list(band_features(pixels, where, **more).values()))


def test_a_square_without_blur_by_hand():
    """Three pixels: every Gaussian weight is known, and the first band is I less the weighted mean."""
    pixels, inside = np.array([[0.0, 0.0, 3.0]], np.float32), np.ones((1, 3), bool)
    w1, w2 = np.exp(-0.5), np.exp(-2.0)
    coarse = np.array([3 * w2 / (1 + w1 + w2), 3 * w1 / (1 + 2 * w1), 3 / (1 + w1 + w2)])
    first = split_bands(pixels, inside)[0]
    np.testing.assert_allclose(first, pixels[0] - coarse, atol=1e-5)


def test_moments_by_hand():
    """Two thirds of the weight on one side: skewness and kurtosis of a two-valued band are known."""
    inside = np.ones((1, 3), bool)
    found = band_features(np.array([[0.0, 0.0, 3.0]], np.float32), inside)
    band = split_bands(np.array([[0.0, 0.0, 3.0]], np.float32), inside)[0]
    u = (band - band.mean()) / band.std()
    assert found["band_rms_1"] == pytest.approx(np.log(band.std() / np.std([0, 0, 3])))
    assert found["band_skewness_1"] == pytest.approx((u**3).mean())
    assert found["band_kurtosis_1"] == pytest.approx(np.log((u**4).mean()))


def test_bands_add_up_to_the_film_less_its_coarsest_mean():
    pixels, inside = film(), lungs()
    total = sum(split_bands(pixels, inside))
    centred = np.where(inside, pixels - pixels[inside].mean(), 0)
    weight = ndimage.gaussian_filter(inside.astype(float), SCALES[-1], mode="constant", truncate=3)
    coarsest = (
        ndimage.gaussian_filter(centred, SCALES[-1], mode="constant", truncate=3)[inside] / weight[inside]
    )
    np.testing.assert_allclose(total, centred[inside] - coarsest, atol=1e-3)


def test_gain_offset_and_mirror_change_nothing():
    pixels, inside = film(), lungs()
    plain = values(pixels, inside)
    np.testing.assert_allclose(values(3 * pixels + 1000, inside), plain, atol=1e-5)
    np.testing.assert_allclose(values(pixels[:, ::-1], inside[:, ::-1]), plain, atol=1e-9)


def test_what_lies_outside_changes_nothing():
    pixels, inside = film(), lungs()
    around = np.where(inside, pixels, 4000).astype(np.float32)
    # Up to the rim, where the shrunk grid mixes pixels of both sides; lungs this small are not shrunk.
    assert np.sqrt(inside.sum()) < SIDE
    np.testing.assert_allclose(values(around, inside), values(pixels, inside), atol=1e-5)


def test_the_frame_changes_little():
    """The same lungs fill more or less of the film: the bands follow them."""
    large = film(512, blur=6)
    crop = slice(40, 472)
    whole, near = (
        values(ndimage.zoom(part, 256 / len(part), order=1), ndimage.zoom(mask, 256 / len(mask), order=0))
        for part, mask in ((large, lungs(512)), (large[crop, crop], lungs(512)[crop, crop]))
    )
    other = values(ndimage.zoom(film(512, blur=12), 0.5, order=1), lungs(256))
    assert np.abs(near - whole).max() < 0.25 * np.abs(other - whole).max()


def test_bright_spots_are_positive():
    spots = np.zeros((128, 128), np.float32)
    spots[10::12, 10::12] = 1
    bright = film() / 40 + 400 * ndimage.gaussian_filter(spots, 2)
    skewness = [band_features(pixels, lungs())["band_skewness_4"] for pixels in (bright, film())]
    assert skewness[0] > 0.5 > abs(skewness[1])


def test_one_grey_level_or_no_pixel_is_no_number():
    assert np.isnan(values(np.full((40, 40), 7, np.float32), np.ones((40, 40), bool))).all()
    assert np.isnan(values(film(), np.zeros((128, 128), bool))).all()


def test_the_control_keeps_the_lungs_scale():
    masks = LungMasks(np.where(lungs(), 1, 0).astype(np.uint8), "insensitive")
    around = LungMasks(np.where(lungs(), 0, 1).astype(np.uint8), "insensitive")
    found = bands_of(Radiograph(film()), masks, around)
    assert found == band_features(film(), ~lungs(), area=int(lungs().sum()))
    with pytest.raises(BadInput, match="one flat grey"):
        bands_of(Radiograph(np.where(lungs(), film(), 0).astype(np.float32)), masks, around)


def test_the_feature_set_ends_with_the_bands():
    assert feature_names("extended_bands") == (*feature_names("extended_opacity"), *BAND_NAMES)
    assert {g for n, g in feature_groups("extended_bands").items() if n in BAND_NAMES} == {"bands"}
    assert feature_names("extended_bands", only="shape") == feature_names("extended", only="shape")
