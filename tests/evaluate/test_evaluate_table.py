from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from napari_tbcad.chest.features import FeatureParameters, feature_names
from napari_tbcad.chest.lungs.fields import LungMasks
from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.evaluate.columns import SUMMARY_COLUMNS, TABLES
from napari_tbcad.evaluate.controls import (
    age_sex_table,
    control_rows,
    grey_features_of,
    image_border,
    outside_lungs,
)
from napari_tbcad.evaluate.evaluation import evaluate_table
from napari_tbcad.evaluate.fitting import FitJob, fit_one
from napari_tbcad.evaluate.folds import cross_source_folds, repeated_folds, stratified_folds
from napari_tbcad.evaluate.methods import METHODS, make_estimator, shape_columns
from napari_tbcad.evaluate.tables import write_tables
from napari_tbcad.evaluate.training import card_scores, train_model
from napari_tbcad.imaging.radiograph import Radiograph

CONTRACT = [
    "method",
    "precision",
    "recall",
    "specificity",
    "f1",
    "f1_normal",
    "error_rate",
    "accuracy",
    "auc",
    "fit_seconds",
    "predict_seconds",
    "share_stage1",
]
FAST = {"n_folds": 2}
DRAWS = {"n_bootstrap": 40}


def films(n=90, shift=1.5, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    X = rng.normal(size=(n, 5))
    X[:, 0] += shift * y
    X[:, 3] += shift * y
    names = ["area_left", "mode_01", "firstorder_mean", "glcm_contrast_0", "glcm_energy_0"]
    return pd.DataFrame(X, columns=names, index=[f"<{i}>.png" for i in range(n)]), y


@pytest.fixture(scope="module")
def evaluation():
    X, y = films()
    rng = np.random.default_rng(1)
    controls = {
        "outside_lungs": pd.DataFrame(rng.normal(size=(90, 3)) + 1.5 * y[:, None]),
        "image_border": pd.DataFrame(rng.normal(size=(90, 3))),
    }
    return evaluate_table(X, y, splits=stratified_folds(y, 2), controls=controls, options=FAST, **DRAWS)


def test_every_film_is_judged_once_by_each_method(evaluation):
    assert evaluation.methods == METHODS
    for _, rows in evaluation.predictions.groupby("method"):
        assert sorted(rows["file"]) == sorted(evaluation.files)
    assert sum(evaluation.confusion("single_nb")) == 90


def test_decisions_in_the_table_agree_with_the_probabilities(evaluation):
    p = evaluation.predictions
    assert ((p["decision"] == 1) == (p["probability"] >= p["threshold"])).all()
    summary = evaluation.summary.set_index("method")
    assert (summary.loc[["single_svm", "single_nb"], "share_stage1"] == 0).all()
    assert (summary["auc"] > 0.75).all()


def test_a_control_that_knows_the_answer_is_told(evaluation):
    rows = evaluation.controls.set_index("control")
    assert rows.loc["outside_lungs", "auc"] > 0.75
    assert "confounded" in rows.loc["outside_lungs", "warning"]
    assert rows.loc["image_border", "warning"] == ""
    assert {"outside_lungs, fold 1", "outside_lungs, fold 2"} <= set(rows.index)


def test_files_of_the_contract(evaluation, tmp_path):
    write_tables(evaluation, tmp_path)
    summary = pd.read_csv(tmp_path / "summary.csv", encoding="utf-8-sig")
    assert list(summary.columns[: len(SUMMARY_COLUMNS)]) == list(SUMMARY_COLUMNS)
    with_ends = [c for c in CONTRACT if c not in ("method", *CONTRACT[-3:])]
    assert set(CONTRACT) | {f"{c}{end}" for c in with_ends for end in ("_low", "_high")} <= set(summary)
    controls = pd.read_csv(tmp_path / "controls.csv", encoding="utf-8-sig")
    assert list(controls.columns) == list(TABLES["controls.csv"])
    assert "outside_lungs" in set(controls["control"])
    folds = pd.read_csv(tmp_path / "folds.csv", encoding="utf-8-sig")
    assert list(folds.columns) == ["file", "fold", "role"]
    confusion = pd.read_csv(tmp_path / "confusion.csv", encoding="utf-8-sig")
    assert (confusion[["tp", "fn", "fp", "tn"]].sum(axis=1) == 90).all()
    assert (tmp_path / "summary.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_written_folds_give_the_same_evaluation(evaluation, tmp_path):
    X, y = films()
    write_tables(evaluation, tmp_path)
    splits = pd.read_csv(tmp_path / "folds.csv", dtype=str, encoding="utf-8-sig")
    again = evaluate_table(X, y, splits=splits, methods=["single_nb"], options=FAST, **DRAWS)
    mine = evaluation.predictions.query("method == 'single_nb'").reset_index(drop=True)
    pd.testing.assert_frame_equal(again.predictions, mine)


def test_random_labels_score_near_chance():
    areas = []
    for seed in range(4):
        X, _ = films(seed=seed)
        y = np.random.default_rng(seed).permutation(np.arange(90) % 2)
        splits = stratified_folds(y, 3)
        found = evaluate_table(X, y, splits=splits, methods=["hierarchical_nb"], options=FAST, n_bootstrap=2)
        areas.append(found.summary["auc"].iloc[0])
    assert 0.38 < np.mean(areas) < 0.62


def test_fits_are_carried_out_by_whoever_is_asked():
    X, y = films(60)
    patients = np.array([f"p{i // 2}" for i in range(60)])
    folds = repeated_folds(y, 2, 2, groups=patients)
    asked = []

    def fits(jobs):
        asked.extend((job.name, job.fold.name) for job in jobs)
        return map(fit_one, jobs)

    found = evaluate_table(
        X,
        y,
        splits=folds,
        methods=["single_nb"],
        groups=patients,
        sources=["a"] * 30 + ["b"] * 30,
        variant={"segmenter": "otsu", "feature_set": "listed17", "definition": "ibsi"},
        fits=fits,
        options=FAST,
        **DRAWS,
    )
    assert asked == [("single_nb", f"r{r}-f{f}") for r in (1, 2) for f in (1, 2)]
    row = found.summary.iloc[0]
    assert (row["patients"], row["repeats"], row["n_tb"], row["n_normal"]) == (30, 2, 30, 30)
    assert (row["segmenter"], row["feature_set"]) == ("otsu", "listed17")
    assert row["auc_low"] < row["auc"] < row["auc_high"]
    rows = found.predictions.drop_duplicates("file").set_index("file")
    assert (rows.loc[X.index, "patient"] == patients).all()
    assert rows.loc[X.index, "source"].tolist() == ["a"] * 30 + ["b"] * 30
    # A model that is kept is the one that did not see the films of its fold.
    job = FitJob("single_nb", make_estimator("single_nb", list(X), **FAST), X, y, patients, folds[1], True)
    again = fit_one(job).model.predict_proba(X.iloc[folds[1].test])[:, 1]
    kept = found.predictions[found.predictions["fold"] == "r1-f2"]
    np.testing.assert_allclose(kept["probability"], again)


def test_a_control_is_of_the_kind_and_has_the_options_of_the_first_method():
    X, y = films(60)
    asked = []

    def fits(jobs):
        asked.extend(jobs)
        return map(fit_one, jobs)

    evaluate_table(
        X, y, splits=stratified_folds(y, 2), methods=["single_nb"], controls={"x": X}, fits=fits,
        options=FAST, **DRAWS,
    )  # fmt: skip
    (twin, _) = [job.estimator for job in asked if job.name == "x"]
    assert (twin.method, twin.single_stage, twin.n_folds) == ("nb", True, FAST["n_folds"])


def test_a_confounded_set_shines_when_pooled_and_not_across_sources():
    # Two collections of tuberculosis films with their own looks, and normals with another: no disease.
    rng = np.random.default_rng(0)
    sources = np.repeat(["tb_a", "tb_b", "normal"], [60, 60, 120])
    y = (sources != "normal").astype(int)
    X = rng.normal(size=(240, 6))
    X[sources == "tb_a", 0] += 3
    X[sources == "tb_b", 0] -= 3
    table = pd.DataFrame(X, columns=[f"glcm_{i}" for i in range(6)])
    auc = {}
    for name, splits in {
        "pooled": stratified_folds(y, 3),
        "across": cross_source_folds(y, sources),
    }.items():
        found = evaluate_table(table, y, splits=splits, methods=["single_svm"], options=FAST, **DRAWS)
        auc[name] = found.by_fold["auc"].mean()
    assert auc["pooled"] > 0.9
    assert auc["across"] < 0.6


def test_training_puts_its_scores_on_the_card():
    X, y = films(60)
    model = train_model(
        X,
        y,
        method="nb",
        card_info={"name": "toy"},
        splits=stratified_folds(y, 2),
        controls={"outside_lungs": pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)))},
        options=FAST,
        design="2-fold",
    )
    assert model.card.stage1_features == ("area_left", "mode_01")
    headline = model.card.headline()
    assert "2-fold: auc" in headline
    assert "2-fold, 1: auc" not in headline
    assert any("outside_lungs" in name for name in headline)
    assert model.card.splits == "2-fold"
    assert {score.metric for score in model.card.scores} >= {"auc", "recall", "recall_at_specificity_70"}


def test_directions_lead_the_card_and_their_mean_does_not(evaluation):
    by_fold = evaluation.by_fold.assign(fold="test " + evaluation.by_fold["fold"])
    folds = tuple(replace(fold, name=f"test {fold.name}") for fold in evaluation.folds)
    without = evaluation.summary.assign(auc_low=np.nan, auc_high=np.nan)
    crossed = replace(evaluation, folds=folds, by_fold=by_fold, summary=without)
    scores = {(s.design, s.metric): s for s in card_scores(crossed, "single_nb", design="across")}
    assert scores["across, test 1", "auc"].headline
    assert not scores["across", "auc"].headline
    assert (scores["across", "auc"].low, scores["across", "auc"].high) == (None, None)


def test_wrong_requests():
    X, y = films()
    with pytest.raises(BadInput, match="not one of"):
        make_estimator("forest", list(X.columns))
    with pytest.raises(BadInput, match="needs shape features"):
        make_estimator("hierarchical_svm", ["glcm_contrast_0"])
    with pytest.raises(BadInput, match="column nowhere is missing"):
        evaluate_table(X, y, ["nowhere"], splits=stratified_folds(y, 2))
    with pytest.raises(Cancelled):
        evaluate_table(X, y, splits=stratified_folds(y, 2), cancelled=lambda: True)
    with pytest.raises(BadInput, match="patient same are in training and in test"):
        evaluate_table(X, y, splits=stratified_folds(y, 2), groups=["same"] * 90)
    assert shape_columns(list(X.columns)) == ["area_left", "mode_01"]


@pytest.mark.parametrize("feature_set", ["chandra113", "project21", "extended", "extended_opacity"])
def test_stage_1_reads_what_is_known_when_it_decides(feature_set):
    assert shape_columns(feature_names(feature_set)) == list(feature_names(feature_set, only="shape"))


def lungs(shape=(96, 80)):
    labels = np.zeros(shape, np.uint8)
    labels[20:70, 10:35], labels[20:70, 45:70] = 1, 2
    return labels


def test_outside_the_lungs_is_outside_the_lungs():
    masks = LungMasks(lungs(), "insensitive")
    away = outside_lungs(masks, margin=0.03).labels
    assert not (away > 0)[lungs() > 0].any()
    assert away[21, 36] == 0  # within the margin
    assert (away[:, :40] != 2).all()
    assert (away[:, 40:] != 1).all()
    border = image_border((96, 80)).labels
    assert (border > 0).sum() == 96 * 80 - 88 * 72


def test_the_control_does_not_see_the_lungs():
    rng = np.random.default_rng(0)
    pixels = rng.uniform(40, 200, (96, 80)).astype(np.float32)
    sensitive, masks = LungMasks(lungs(), "sensitive"), LungMasks(lungs(), "insensitive")
    parameters = FeatureParameters(grid=96)
    plain = grey_features_of(Radiograph(pixels), sensitive, outside_lungs(masks), parameters)
    changed = pixels.copy()
    changed[lungs() > 0] = 7
    again = grey_features_of(Radiograph(changed), sensitive, outside_lungs(masks), parameters)
    assert plain == again
    assert len(plain) == 8 + 22 * 4


def test_unknown_age_takes_no_part():
    rng = np.random.default_rng(0)
    y = np.arange(80) % 2
    table = age_sex_table(
        np.where(np.arange(80) % 10 == 0, np.nan, 40 + 12 * y + rng.normal(size=80)), ["M"] * 80
    )
    rows = control_rows({"age_sex": table}, y, stratified_folds(y, 2))
    assert rows["auc"].iloc[0] > 0.95
    nothing = age_sex_table([None] * 80, ["?"] * 80)
    assert "too few films" in control_rows({"age_sex": nothing}, y, stratified_folds(y, 2))["warning"].iloc[0]
