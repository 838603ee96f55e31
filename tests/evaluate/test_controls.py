from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_tbcad.chest.edits import give_mask
from napari_tbcad.chest.features import FeatureParameters, feature_names
from napari_tbcad.chest.lungs.fields import LungMasks
from napari_tbcad.chest.opacities import Opacities
from napari_tbcad.chest.workflow import settings_from, start
from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate import elsewhere
from napari_tbcad.evaluate.controls import (
    control_predictions,
    control_rows,
    features_elsewhere,
    grey_features_of,
    mean_auc,
    outside_lungs,
    shuffled_predictions,
    single_stage_twin,
)
from napari_tbcad.evaluate.elsewhere import CLEAR_LUNG, lung_box, painted_over
from napari_tbcad.evaluate.folds import Fold, stratified_folds
from napari_tbcad.evaluate.metrics import Figure
from napari_tbcad.evaluate.shuffling import shuffled_labels
from napari_tbcad.evaluate.verdicts import verdict
from napari_tbcad.imaging.radiograph import Radiograph

FAST = {"n_folds": 2}


def lungs(shape=(120, 100)):
    labels = np.zeros(shape, np.uint8)
    labels[20:90, 12:40] = 1
    labels[20:90, 60:88] = 2
    return labels


def test_lung_that_a_mask_left_out_does_not_count_as_outside():
    labels = lungs()
    labels[45:60, 12:30] = 0  # a consolidation at the chest wall
    masks = LungMasks(labels, "insensitive")
    with_hull, without = outside_lungs(masks).labels > 0, outside_lungs(masks, hull=False).labels > 0
    assert without[52, 15]
    assert not with_hull[50:55, 12:38].any()
    assert with_hull[105, 50]
    assert with_hull[5, 5]
    # The mediastinum is outside: each lung has its own hull.
    assert with_hull[50, 50]
    assert (outside_lungs(masks, margin=0.2).labels > 0).sum() < with_hull.sum()


def test_outside_a_large_film_is_found_on_a_small_grid_and_returned_on_the_films_own():
    big = LungMasks(np.kron(lungs(), np.ones((12, 12), np.uint8)), "insensitive")
    found = outside_lungs(big)
    assert found.labels.shape == big.labels.shape
    assert not ((found.labels > 0) & (big.labels > 0)).any()
    assert set(np.unique(found.labels)) == {0, 1, 2}


def test_nothing_of_the_lungs_is_left_in_a_painted_film_and_all_else_stays():
    rng = np.random.default_rng(0)
    labels = lungs()
    pixels = 200 + 10 * rng.random(labels.shape)
    pixels[0, 0] = 0
    sick = pixels.copy()
    pixels[labels > 0] = 60
    sick[labels > 0] = 240 * rng.random((labels > 0).sum())
    sick[0, 0] = pixels[0, 0] = -10
    box = lung_box(LungMasks(labels, "insensitive"))
    well, ill = (painted_over(Radiograph(p.astype(np.float32)), box).pixels for p in (pixels, sick))
    assert np.array_equal(well, ill)
    assert np.ptp(well[labels > 0]) < 1e-3
    expected = -10 + CLEAR_LUNG * (205 + 10)
    assert well[50, 25] == pytest.approx(expected, abs=3)
    assert np.array_equal(well[105:], pixels[105:].astype(np.float32))


def test_the_box_of_the_lungs_tells_its_halves_and_stays_on_the_film():
    box = lung_box(LungMasks(lungs(), "insensitive"), margin=0.1).labels
    assert box[8, 0] == 1
    assert box[101, 99] == 2
    assert not box[:8].any()
    assert not box[102:].any()
    assert (box == 1).sum() == (box == 2).sum()
    assert not lung_box(LungMasks(0 * lungs(), "insensitive")).labels.any()
    with pytest.raises(BadInput, match="fill the film"):
        painted_over(Radiograph(np.ones((50, 50), np.float32)), LungMasks(np.ones((50, 50)), "insensitive"))


def test_a_control_measures_the_very_features_in_another_place():
    rng = np.random.default_rng(1)
    film = Radiograph(rng.integers(0, 255, (120, 100)).astype(np.float32))
    masks = LungMasks(lungs(), "insensitive")
    parameters = FeatureParameters(grid=120, feature_set="extended")
    row = grey_features_of(film, LungMasks(lungs(), "sensitive"), outside_lungs(masks), parameters)
    wanted = [n for n in feature_names("chandra113") if n.startswith(("firstorder_", "glcm_"))]
    assert list(row) == wanted


@pytest.fixture
def run():
    rng = np.random.default_rng(2)
    pixels = 150 + 20 * rng.random((120, 100))
    pixels[lungs() > 0] -= 80
    film = Radiograph(pixels.astype(np.float32), source="film.png")
    settings = settings_from({"features.grid": 120, "features.image": "raw", "lungs.segmenter": "otsu"})
    run = start(film, settings)
    for kind in ("sensitive", "insensitive"):
        give_mask(run, lungs(), kind)
    return run


def test_a_film_in_the_chain_is_measured_without_its_lungs(run):
    found = features_elsewhere(run)
    assert set(found) == {"outside_lungs", "image_border"}
    assert set(found["outside_lungs"]) == set(found["image_border"])
    assert set(features_elsewhere(run, ["image_border"])) == {"image_border"}
    inside = run.compute("features")[0].as_dict()
    assert found["outside_lungs"]["firstorder_mean"] > inside["firstorder_mean"]


def test_opacities_of_the_control_are_those_of_the_film_without_lungs(run, monkeypatch):
    asked = []

    def network(film, parameters):
        asked.append(film.pixels)
        return Opacities(np.full((3, 60, 50), 0.1, np.float32), film.shape)

    monkeypatch.setattr(elsewhere, "opacities", network)
    run.configure(settings_from({"features.feature_set": "extended_opacity"}, run.settings))
    control = features_elsewhere(run)
    assert control["outside_lungs"]["opacity_mean_left_upper"] == pytest.approx(0.3, abs=1e-5)
    assert not any(name.startswith("opacity_") for name in control["image_border"])
    assert len(asked) == 1
    assert np.ptp(asked[0][lungs() > 0]) < 1e-3


def table(n=60, shift=1.5, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    names = ["area_left", "firstorder_mean", "glcm_contrast_0"]
    X = pd.DataFrame(rng.normal(size=(n, 3)) + shift * y[:, None], columns=names)
    return X.set_axis([f"{i}.png" for i in range(n)]), y


def test_a_control_has_the_kind_and_options_of_the_method_but_one_stage():
    X, _ = table()
    options = {"C": 7.0, "sharpness": 3.0, "stage1_threshold": 0.5}
    twin = single_stage_twin("hierarchical_svm", X, options)
    assert (twin.C, twin.sharpness, twin.method, twin.single_stage) == (7.0, 3.0, "svm", True)
    assert single_stage_twin("hierarchical_nb", X).method == "nb"
    assert single_stage_twin("single_svm", X, fewest=5).n_folds == 3


def test_films_with_a_missing_value_take_no_part_in_a_control():
    X, y = table()
    X.iloc[:6, 0] = np.nan
    folds = [
        Fold("r1-f1", np.arange(30), np.arange(30, 60)),
        Fold("r2-f1", np.arange(30, 60), np.arange(30), 2),
    ]
    found = control_predictions({"age_sex": X}, y, folds, method="single_nb", options=FAST)
    assert list(found.columns) == ["control", "fold", "repeat", "file", "label", "probability"]
    assert list(found["repeat"].unique()) == [1, 2]
    assert (found["repeat"] == 2).sum() == 24
    with pytest.raises(BadInput, match="age_sex"):
        control_predictions({"age_sex": X.iloc[1:]}, y, folds)


def test_rows_of_controls_by_fold_and_where_nothing_could_be_computed():
    X, y = table()
    folds = stratified_folds(y, 2)
    shuffled = shuffled_predictions(X, y, folds, method="single_nb", options=FAST, shuffles=2)
    assert set(shuffled["repeat"]) == {1, 1001}
    controls = {"outside_lungs": X, "age_sex": X * np.nan}
    rows = control_rows(controls, y, folds, method="single_nb", options=FAST, shuffled=shuffled)
    names = ["outside_lungs", "outside_lungs, fold 1", "outside_lungs, fold 2", "age_sex", "shuffled_labels"]
    assert list(rows["control"]) == names
    rows = rows.set_index("control")
    assert rows.loc["outside_lungs", "auc"] > 0.8
    assert np.isnan(rows.loc["age_sex", "auc"])
    assert "could not" in rows.loc["age_sex", "warning"]
    assert 0.2 < rows.loc["shuffled_labels", "auc"] < 0.75


def test_shuffled_labels_stay_with_the_patient_and_each_fold_keeps_its_share():
    patients = np.repeat(np.arange(40), 3)
    y = (patients % 4 == 0).astype(int)
    folds = stratified_folds(y, 4, groups=patients)
    dealt = shuffled_labels(y, folds, groups=patients, random_state=3)
    assert (dealt != y).any()
    for patient in range(40):
        assert len(set(dealt[patients == patient])) == 1
    for fold in folds:
        assert dealt[fold.test].sum() == y[fold.test].sum()
    assert np.array_equal(dealt, shuffled_labels(y, folds, groups=patients, random_state=3))


def test_a_leak_across_patients_is_found_by_shuffled_labels():
    """Two films a patient, one on each side: features that recognise patients predict any labels."""
    rng = np.random.default_rng(5)
    looks = rng.normal(size=(60, 2)) * 4
    X = pd.DataFrame(np.repeat(looks, 2, axis=0) + 0.01 * rng.normal(size=(120, 2)), columns=["a", "b"])
    patients, y = np.repeat(np.arange(60), 2), np.repeat(np.arange(60) % 2, 2)
    split = [
        Fold("1", np.arange(0, 120, 2), np.arange(1, 120, 2)),
        Fold("2", np.arange(1, 120, 2), np.arange(0, 120, 2)),
    ]
    options = {"C": 100.0, "sharpness": 40.0, **FAST}
    leak = shuffled_predictions(
        X.set_axis([f"{i}.png" for i in range(120)]),
        y,
        split,
        method="single_svm",
        groups=patients,
        options=options,
    )
    assert verdict(Figure(0.9, 0.8, 1), mean_auc(leak), "shuffled_labels").level == "red"


@pytest.mark.realdata
def test_lungs_painted_over_on_a_real_film(shared_data: Path):
    from napari_tbcad.io.read import read_film

    film = read_film(shared_data / "chest/jsrt/images/JPCLN002.png")
    (masks,) = start(film, settings_from({"lungs.segmenter": "otsu"})).compute("insensitive")
    painted = painted_over(film, lung_box(masks)).pixels
    assert painted[masks.labels > 0].std() < 1e-2
