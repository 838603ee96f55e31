import numpy as np
import pytest

from napari_tbcad.chest.features import FeatureParameters, chest_features
from napari_tbcad.chest.glcm import GLCM_NAMES, glcm_features
from napari_tbcad.chest.lungs.fields import LungMasks
from napari_tbcad.chest.views import GREY_EDGES, cooccurrence, lung_histogram
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.radiograph import Radiograph


@pytest.fixture(scope="module")
def film():
    rng = np.random.default_rng(0)
    pixels = np.clip(rng.normal(120, 30, (64, 64)), 0, 255).astype(np.float32)
    labels = np.zeros((64, 64), np.uint8)
    labels[8:56, 6:28], labels[10:54, 36:60] = 1, 2
    return Radiograph(pixels, source="film.png"), labels


@pytest.mark.parametrize("changes", [{}, {"levels": 16, "discretisation": "fixed", "distance": 2}])
@pytest.mark.parametrize("direction", ["0", "45", "90", "135"])
def test_the_matrix_shown_is_the_one_the_features_are_read_from(film, direction, changes):
    image, labels = film
    parameters = FeatureParameters(grid=64, **changes)
    matrix = cooccurrence(image, LungMasks(labels, "insensitive"), parameters, direction=direction)
    assert matrix.shape == (parameters.levels, parameters.levels)
    assert matrix.sum() == pytest.approx(1)
    np.testing.assert_allclose(matrix, matrix.T)
    masks = [LungMasks(labels, kind) for kind in ("sensitive", "insensitive")]
    features = chest_features(image, *masks, parameters).as_dict()
    shown = glcm_features(matrix[None])
    for name in GLCM_NAMES:
        assert shown[name][0] == pytest.approx(features[f"glcm_{name}_{direction}"], rel=1e-9), name


def test_the_mean_matrix_weighs_directions_alike(film):
    image, labels = film
    mask = LungMasks(labels, "insensitive")
    each = [cooccurrence(image, mask, direction=d) for d in ("0", "45", "90", "135")]
    np.testing.assert_allclose(cooccurrence(image, mask), np.mean(each, axis=0))


@pytest.mark.parametrize("kind", ["enhanced", "raw"])
def test_the_histogram_holds_the_lungs_and_nothing_else(film, kind):
    image, labels = film
    shares = lung_histogram(image, LungMasks(labels, "insensitive"), kind=kind)
    assert shares.shape == (len(GREY_EDGES) - 1,)
    assert shares.sum() == pytest.approx(1)
    around = image.pixels.copy()
    around[(labels == 0) & (around < 200)] += 20  # what lies outside must not matter
    if kind == "enhanced":
        again = lung_histogram(Radiograph(around), LungMasks(labels, "insensitive"))
        np.testing.assert_array_equal(again, shares)
        counts, _ = np.histogram(np.rint(image.pixels[labels > 0]), bins=GREY_EDGES)
        np.testing.assert_allclose(shares, counts / counts.sum())


def test_a_mask_on_the_films_own_grid_is_resized(film):
    image, labels = film
    large = LungMasks(np.kron(labels, np.ones((3, 3), np.uint8)), "insensitive")
    same = LungMasks(labels, "insensitive")
    np.testing.assert_array_equal(lung_histogram(image, large), lung_histogram(image, same))


def test_what_cannot_be_shown_is_said(film):
    image, labels = film
    nothing = LungMasks(np.zeros_like(labels), "insensitive")
    with pytest.raises(BadInput, match=r"film\.png: .*empty"):
        lung_histogram(image, nothing)
    with pytest.raises(BadInput, match="empty"):
        cooccurrence(image, nothing)
    with pytest.raises(ValueError, match="direction '30'"):
        cooccurrence(image, LungMasks(labels, "insensitive"), direction="30")
    with pytest.raises(BadInput, match="0…255"):
        lung_histogram(Radiograph(image.pixels * 4), LungMasks(labels, "insensitive"))
