"""The evidence of a decision lies where the film gave it, and is measured as the film was."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from napari_tbcad.chest.explain import ExplainParameters, explain
from napari_tbcad.chest.explain.deciding import Deciding
from napari_tbcad.chest.explain.opaque import opacity_evidence
from napari_tbcad.chest.explain.regions import Region, region_of, spread, windows
from napari_tbcad.chest.explain.removal import Removal
from napari_tbcad.chest.explain.words import sentence
from napari_tbcad.chest.explain.zones import normal_zones
from napari_tbcad.chest.opacity_zones import ZONES, zone_labels
from napari_tbcad.chest.workflow import use_model
from napari_tbcad.errors import BadInput, Cancelled

COARSE = ExplainParameters(finest=0.08, scales=2)


@pytest.fixture(scope="module")
def ready(film_run):
    run = film_run()
    run.compute("result")
    return run


def test_evidence_lies_on_the_opacity_and_speaks_for_tuberculosis(ready):
    found = explain(ready, parameters=COARSE)
    row, column = np.unravel_index(found.map.argmax(), found.map.shape)
    assert (row - 25) ** 2 + (column - 27) ** 2 <= 49
    assert found.suspect
    assert found.stage == 2
    assert not found.map[~found.lungs].any()
    assert max(found.zones, key=found.zones.get) == "right_upper"
    assert found.sentence.startswith("Most of what speaks for tuberculosis lies in the upper right zone.")
    assert found.map.sum() == pytest.approx(sum(found.zones.values()), rel=1e-4)
    assert found.record.entries[-1].name == "explain"
    assert found.contributions == ready.get("result").contributions


@pytest.mark.parametrize("neutral", ["rest", "normal"])
def test_taking_counts_off_is_measuring_again(ready, neutral):
    quick = Removal.of(ready, neutral=neutral)
    slow = Removal.of(ready, neutral=neutral, remeasure=True)
    # Not the ends of a lung: without them its zones lie elsewhere, which the quick way keeps as they are.
    regions = [w for w in windows(quick.lungs, 12) if 24 <= w.box[0].start <= 60][::5]
    # Without the darkest or lightest pixel all bins move, which the quick way keeps as they are, too.
    grey = np.rint(ready.get("enhanced").pixels)
    inside = grey[quick.lungs > 0]
    same = [r for r in regions if _range(grey, quick.lungs, r) == (inside.min(), inside.max())]
    assert len(same) > 4
    np.testing.assert_allclose(quick.rows(same)[""], slow.rows(same)[""], rtol=1e-5, atol=1e-5)
    assert np.ptp(quick.log_odds(same)) > 0


def _range(grey, lungs, region):
    left = grey[(lungs > 0) & ~region.mask(lungs.shape)]
    return left.min(), left.max()


@pytest.mark.parametrize("feature_set", ["chandra113", "project21"])
@pytest.mark.parametrize("method", ["svm", "nb"])
def test_any_feature_set_and_method_is_explained(film_run, feature_set, method):
    run = film_run(feature_set, method=method, single_stage=True)
    found = explain(run, parameters=ExplainParameters(finest=0.2, scales=1))
    assert np.ptp(found.map) > 0
    assert np.isfinite(found.not_local)
    assert found.map[~found.lungs].max() == 0


def test_what_the_outline_decides_lies_along_it(film_run):
    found = explain(film_run(shape=True))
    assert found.stage == 1
    depth = ndimage.distance_transform_edt(found.lungs)
    assert np.abs(found.map[depth <= 6]).max() > 0
    assert not found.map[depth > 10].any()
    assert found.sentence.endswith("of the lungs.") or "along the outline" in found.sentence


def test_shape_features_of_whole_lungs_have_no_place(film_run):
    found = explain(film_run("chandra113", shape=True))
    assert found.stage == 1
    assert not found.map.any()
    assert "which has no place" in found.sentence


def test_families_together_are_about_the_map(ready):
    found = explain(ready, parameters=COARSE)
    assert set(found.parts) == {"grey levels", "opacities"}
    together = sum(part.astype(float) for part in found.parts.values())
    # The part of the opacities is finer than the windows of the whole.
    assert np.corrcoef(together.ravel(), found.whole.ravel())[0, 1] > 0.8


def test_opacities_are_told_pixel_by_pixel_and_texture_counts_less(ready):
    removal = Removal.of(ready)
    fine = opacity_evidence(removal, ready.get("opacities"))
    opaque = ready.get("opacities").any
    normal = np.array([1.0, *normal_zones(removal.deciding.normal).values()])[zone_labels(removal.lungs)]
    more = region_of(opaque > normal)
    alone = removal.base - removal.deciding.log_odds(removal.rows([more])["opacities"])[0]
    assert fine[opaque > normal].sum() == pytest.approx(alone)
    assert fine[opaque > 0.5].min() > np.abs(fine[opaque <= 0.5]).max()
    assert not fine[removal.lungs == 0].any()
    shown = {
        weight: explain(ready, parameters=COARSE.model_copy(update={"texture": weight})) for weight in (0, 1)
    }
    assert [one.texture for one in shown.values()] == [0, 1]
    np.testing.assert_allclose(shown[0].map, fine, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(
        shown[1].map - shown[0].map, shown[1].parts["grey levels"], rtol=1e-3, atol=1e-6
    )


def test_without_opacities_the_map_is_all_evidence(film_run):
    found = explain(film_run("project21", single_stage=True), parameters=COARSE)
    assert "opacities" not in found.parts
    np.testing.assert_array_equal(found.map, found.whole)
    assert found.texture == 1


def test_no_model_no_explanation_and_a_cancelled_one_stops(ready):
    calls = []
    with pytest.raises(Cancelled):
        explain(ready, cancelled=lambda: len(calls) > 0, progress=lambda share, what: calls.append(what))
    assert len(calls) == 1
    run = ready.snapshot()
    use_model(run, None)
    with pytest.raises(BadInput, match="open a model first"):
        explain(run)


def test_fine_bands_without_a_part_are_nearly_those_measured_anew(film_run):
    run = film_run("extended_bands", single_stage=True)
    run.compute("result")
    quick, slow = Removal.of(run, neutral="rest"), Removal.of(run, neutral="rest", remeasure=True)
    assert "bands" in quick.measurers
    assert quick.exact
    columns = [i for i, name in enumerate(quick.deciding.card.feature_names) if name.startswith("band_")]
    same, anew = quick.row[columns], slow.row[columns]
    np.testing.assert_array_equal(same, anew)
    nothing = region_of(np.zeros(quick.lungs.shape, bool))
    np.testing.assert_allclose(quick.rows([nothing])[""][0, columns], same, rtol=1e-5, atol=1e-6)
    regions = windows(quick.lungs, 16)[::6]
    moved, truly = (r.rows(regions)[""][:, columns] - same for r in (quick, slow))
    # The coarse bands are given other values round a hole, which the quick way leaves as they are.
    fine = [k for k, i in enumerate(columns) if quick.deciding.card.feature_names[i] == "band_rms_1"]
    assert np.corrcoef(moved[:, fine].ravel(), truly[:, fine].ravel())[0, 1] > 0.9


def test_an_isotonic_staircase_still_tells_small_changes_apart(film_run):
    run = film_run(calibration="isotonic")
    run.compute("result")
    removal = Removal.of(run)
    odds = removal.log_odds(windows(removal.lungs, 8))
    assert len(np.unique(odds.round(9))) > 0.9 * len(odds)
    assert isinstance(removal.deciding, Deciding)


def test_windows_cover_lungs_and_values_are_laid_evenly():
    lungs = np.zeros((40, 40), np.uint8)
    lungs[5:35, 3:17], lungs[5:35, 23:37] = 1, 2
    cover = windows(lungs, 8)
    laid = spread(cover, np.array([float(w.pixels) for w in cover]), lungs.shape)
    assert np.isfinite(laid[lungs > 0]).all()
    np.testing.assert_allclose(laid[lungs > 0], 1)
    assert np.isnan(laid[lungs == 0]).all()
    assert all(len(np.unique(lungs[w.box][w.inside])) == 1 for w in cover)
    assert region_of(np.zeros((4, 4), bool)).pixels == 0
    assert isinstance(region_of(lungs > 0), Region)


@pytest.mark.parametrize(
    ("zones", "suspect", "said"),
    [
        ({"right_upper": 2.0, "left_lower": -3.0}, True, "for tuberculosis lies in the upper right zone."),
        (
            {"right_upper": 2.0, "left_lower": -3.0},
            False,
            "against tuberculosis lies in the lower left zone.",
        ),
        ({"right_upper": 1.0, "left_upper": 0.9}, True, "in the upper right and upper left zones."),
        (dict.fromkeys(ZONES, 1.0), True, "is spread over the lungs."),
        ({"right_upper": -1.0}, True, "Nothing inside the lungs speaks for tuberculosis."),
    ],
)
def test_the_sentence_says_where(zones, suspect, said):
    whole = dict.fromkeys(ZONES, 0.0) | zones
    assert said in sentence(whole, 0.0, suspect=suspect, stage=2, placed=True)
    side = 1 if suspect else -1
    assert "shape of the lungs" in sentence(whole, 9.0 * side, suspect=suspect, stage=2, placed=True)


def test_an_empty_mask_is_told(ready):
    from napari_tbcad.chest.lungs.fields import LungMasks

    kept = ready.snapshot()
    kept._given["insensitive"] = ("x", LungMasks(np.zeros((96, 96), np.uint8), "insensitive"))
    with pytest.raises(BadInput, match="no lung"):
        Removal.of(kept)
