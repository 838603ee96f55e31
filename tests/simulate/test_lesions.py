from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.simulate.lesion_statistics import bands, measure_lesions, soft_tissue_level
from napari_tbcad.simulate.lesions import KINDS, MEASURED_POSITION, LesionParameters, insert_lesions
from napari_tbcad.simulate.thorax import SimulatedFilm, ThoraxParameters, simulate_thorax


@pytest.fixture(scope="module")
def phantom() -> SimulatedFilm:
    return simulate_thorax(ThoraxParameters(size=256), seed=5)


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_is_repeatable_labelled_and_inside_the_lungs(phantom, kind):
    wanted = LesionParameters(kind=kind, contrast=0.5)
    made = insert_lesions(phantom.film, phantom.lungs, wanted, seed=8)
    again = insert_lesions(phantom.film, phantom.lungs, wanted, seed=8)
    assert np.array_equal(made.film.pixels, again.film.pixels)
    assert set(np.unique(made.labels)) == {0, KINDS[kind]}
    assert not made.labels[phantom.lungs == 0].any()
    assert made.contrast[made.labels > 0].mean() > 0.05
    assert made.facts["kind"] == kind
    assert [step.name for step in made.film.record] == ["simulate_thorax", "insert_lesions"]


@pytest.mark.parametrize("kind", ["consolidation", "nodules", "miliary", "cavity"])
def test_nothing_changes_outside_the_lungs(phantom, kind):
    made = insert_lesions(phantom.film, phantom.lungs, LesionParameters(kind=kind, contrast=1.0), seed=1)
    outside = phantom.lungs == 0
    assert np.array_equal(made.film.pixels[outside], phantom.film.pixels[outside])
    assert not np.array_equal(made.film.pixels, phantom.film.pixels)


def test_an_effusion_stays_within_millimetres_of_its_lung(phantom):
    from scipy import ndimage

    made = insert_lesions(phantom.film, phantom.lungs, LesionParameters(kind="effusion", contrast=1), seed=1)
    changed = made.film.pixels != phantom.film.pixels
    assert not changed[ndimage.distance_transform_edt(phantom.lungs == 0) > 5].any()


def test_whole_numbers_stay_whole_numbers_and_fractions_stay_fractions(phantom):
    made = insert_lesions(phantom.film, phantom.lungs, LesionParameters(contrast=0.4), seed=2)
    assert np.array_equal(made.film.pixels, np.rint(made.film.pixels))
    fine = Radiograph(phantom.film.pixels / 7)
    made = insert_lesions(fine, phantom.lungs, LesionParameters(contrast=0.4), seed=2)
    assert not np.array_equal(made.film.pixels, np.rint(made.film.pixels))


def test_asked_area_and_contrast_are_met(phantom):
    wanted = LesionParameters(kind="consolidation", area=0.25, contrast=0.5, noise=False)
    made = insert_lesions(phantom.film, phantom.lungs, wanted, seed=4)
    lung = phantom.lungs > 0
    assert (made.labels > 0).sum() / lung.sum() == pytest.approx(0.25, abs=0.01)
    assert 0.25 < np.median(made.contrast[made.labels > 0]) < 0.6


def test_contrast_factor_scales_the_density(phantom):
    mean = [
        insert_lesions(
            phantom.film,
            phantom.lungs,
            LesionParameters(kind="nodules", contrast=0.2, contrast_factor=f),
            seed=4,
        ).contrast.sum()
        for f in (0.5, 1.0, 2.0)
    ]
    assert mean[0] < 0.6 * mean[1] < 0.6 * 0.6 * mean[2]


def test_cavities_lie_in_the_upper_half(phantom):
    rows = np.nonzero((phantom.lungs > 0).any(axis=1))[0]
    heights = []
    for seed in range(12):
        made = insert_lesions(phantom.film, phantom.lungs, LesionParameters(kind="cavity"), seed=seed)
        heights.append(np.nonzero(made.labels)[0].mean())
    assert np.mean(heights) < rows.mean()


def test_a_cavity_has_a_wall_denser_than_its_lumen(phantom):
    wanted = LesionParameters(kind="cavity", number=1, area=0.05, contrast=0.6, noise=False)
    made = insert_lesions(phantom.film, phantom.lungs, wanted, seed=6)
    region = made.contrast > 0.25
    rows, cols = np.nonzero(region)
    centre = made.contrast[round(rows.mean()), round(cols.mean())]
    assert centre < 0.5 * made.contrast.max()


def test_measured_contrast_follows_the_inserted_one(phantom):
    found = []
    for contrast in (0.1, 0.3, 0.6):
        wanted = LesionParameters(kind="consolidation", area=0.2, contrast=contrast)
        made = insert_lesions(phantom.film, phantom.lungs, wanted, seed=9)
        found.append(measure_lesions(made.film.pixels, phantom.lungs, made.labels > 0).contrast)
    assert found[0] < found[1] < found[2]


def test_bands_run_from_apex_to_base_and_outwards():
    lungs = np.zeros((60, 90), dtype=np.uint8)
    lungs[:, 0:30], lungs[:, 60:90] = 1, 2
    height, side = bands(lungs)
    assert height[0, 5] == 0
    assert height[59, 5] == 5
    assert side[30, 29] == side[30, 60] == 0
    assert side[30, 0] == side[30, 89] == 2
    assert height[30, 45] == -1


def test_bad_masks_are_refused_with_the_reason(phantom):
    one = np.where(phantom.lungs == 1, 1, 0).astype(np.uint8)
    with pytest.raises(BadInput, match="both lungs"):
        insert_lesions(phantom.film, one)
    with pytest.raises(BadInput, match="does not fit"):
        insert_lesions(phantom.film, phantom.lungs[:-1])
    with pytest.raises(BadInput, match="not brighter"):
        insert_lesions(Radiograph(255 - phantom.film.pixels), phantom.lungs)
    with pytest.raises(BadInput, match="no lesion"):
        measure_lesions(phantom.film.pixels, phantom.lungs, np.zeros_like(phantom.lungs, dtype=bool))


@pytest.mark.realdata
def test_constants_are_those_of_the_drawn_films(shared_data):
    import imageio.v3 as iio

    folder = shared_data / "chest" / "pneumonia_lesions"
    positions = []
    for name in pd.read_csv(folder / "labels.csv").file:
        lungs = iio.imread(folder / "lungs" / name)
        lungs = np.select([lungs == 1, lungs == 2], [2, 1], 0).astype(np.uint8)
        pixels = iio.imread(folder / "images" / name)
        pixels = pixels if pixels.ndim == 2 else pixels[..., :3].mean(axis=-1)
        try:
            found = measure_lesions(pixels, lungs, iio.imread(folder / "lesions" / name) > 0)
        except BadInput:
            continue
        assert soft_tissue_level(pixels, lungs) > np.median(pixels[lungs > 0]) - 20
        positions.append(found.position)
    assert len(positions) == 66
    np.testing.assert_allclose(np.mean(positions, axis=0), MEASURED_POSITION, atol=0.001)
