import json
import shutil
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.columns import FIELDS, TABLES, empty
from napari_tbcad.evaluate.evaluation import Evaluation
from napari_tbcad.evaluate.folds import repeated_folds
from napari_tbcad.evaluate.joining import join_variants
from napari_tbcad.evaluate.resampling import Draws
from napari_tbcad.evaluate.summaries import judged_tables
from napari_tbcad.evaluate.tables import read_evaluation, write_tables
from napari_tbcad.evaluate.variants import Variant

MAIN, OTSU = Variant("network", "chandra113", "ibsi", main=True), Variant("otsu", "chandra113", "ibsi")


@cache
def evaluated(variant=MAIN, *, n=40, repeats=2, shift=1.5, seed=0):
    """Return an evaluation of made-up answers: no classifier is fitted."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    files = [f"dossier é/{i:02}.png" for i in range(n)]
    patients = [f"00{i // 2}" for i in range(n)]
    folds = repeated_folds(y, 2, repeats, groups=np.array(patients))
    rows = []
    for method in ("hierarchical_svm", "single_svm"):
        for fold in folds:
            p = 1 / (1 + np.exp(-(rng.normal(size=len(fold.test)) + shift * (y[fold.test] - 0.5))))
            stage1 = np.full(len(p), np.nan) if method == "single_svm" else p
            rows.append(
                pd.DataFrame(
                    {
                        "method": method,
                        "fold": fold.name,
                        "file": [files[i] for i in fold.test],
                        "label": y[fold.test],
                        "probability": p,
                        "probability_stage1": stage1,
                        "probability_stage2": p,
                        "deciding_stage": np.where(stage1 > 0.8, 1, 2),
                        "decision": (p >= 0.5).astype(int),
                        "threshold": 0.5,
                        "patient": [patients[i] for i in fold.test],
                        "source": "a",
                        **variant.columns,
                    }
                )
            )
    predictions = pd.concat(rows, ignore_index=True)
    times = predictions[["method", "fold"]].drop_duplicates().assign(fit_seconds=2.0, predict_seconds=0.5)
    tables = judged_tables(predictions, times, Draws.of(patients, 60))
    controls = pd.DataFrame({"control": ["outside_lungs"], "auc": [0.5], "low": [0.4], "high": [0.6]})
    return Evaluation(
        **tables,
        controls=controls,
        folds=tuple(folds),
        files=tuple(files),
        complaints=("a, fold 1: few",),
        about={"title": "Tés", "seed": np.int64(3)},
    )


def same(one, other):
    pd.testing.assert_frame_equal(
        one.reset_index(drop=True), other.reset_index(drop=True), check_dtype=False, rtol=1e-12
    )


def test_what_is_written_is_read(tmp_path):
    evaluation = replace(evaluated(), controls=evaluated().controls.assign(note="further column"))
    write_tables(evaluation, tmp_path)
    again = read_evaluation(tmp_path)
    for field in ("predictions", "summary", "by_fold", "confusions", "tests", "stages", "roc", "calibration"):
        same(getattr(again, field), getattr(evaluation, field))
    assert again.controls.loc[0, "note"] == "further column"
    assert again.controls.loc[0, "warning"] == ""
    assert again.predictions["patient"].iloc[0].startswith("00")
    assert [(f.name, f.repeat) for f in again.folds] == [(f.name, f.repeat) for f in evaluation.folds]
    fold, read = evaluation.folds[3], again.folds[3]
    assert {again.files[i] for i in read.test} == {evaluation.files[i] for i in fold.test}
    assert again.about["title"] == "Tés"
    assert again.about["seed"] == 3
    assert again.complaints == evaluation.complaints
    assert again.main == ("network", "chandra113", "ibsi")
    assert again.methods == ("hierarchical_svm", "single_svm")
    assert again.confusion("single_svm") == evaluation.confusion("single_svm")
    for name, columns in TABLES.items():
        table = getattr(again, FIELDS[name])
        assert list(table.columns[: len(columns)]) == list(columns)
        if table.empty:
            assert (table.dtypes == empty(name).dtypes).all()
    assert not (tmp_path / "learning_curve.csv").exists()
    assert (tmp_path / "summary.csv").read_bytes().startswith(b"\xef\xbb\xbfmethod,")


def test_a_table_of_an_earlier_run_does_not_stay(tmp_path):
    (tmp_path / "duplicates.csv").write_text("file\n")
    (tmp_path / "features.csv").write_text("file,a\nx,1\n")
    write_tables(evaluated(), tmp_path)
    assert not (tmp_path / "duplicates.csv").exists()
    assert read_evaluation(tmp_path).features["a"].tolist() == [1.0]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("written")
    write_tables(evaluated(), folder)
    return folder


def damage(folder, name, change):
    path = folder / name
    table = pd.read_csv(path, dtype=str, encoding="utf-8-sig")
    change(table).to_csv(path, index=False, encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("spoil", "cause"),
    [
        (lambda d: (d / "evaluation.json").unlink(), "is no folder of an evaluation"),
        (lambda d: (d / "evaluation.json").write_text("{"), r"evaluation\.json: cannot be read"),
        (lambda d: (d / "evaluation.json").write_text("[]"), "not the description"),
        (lambda d: (d / "evaluation.json").write_text(json.dumps({"version": 9})), "newer version"),
        (lambda d: (d / "predictions.csv").unlink(), r"predictions\.csv: is missing"),
        (lambda d: (d / "summary.csv").write_bytes(b""), r"summary\.csv: cannot be read"),
        (lambda d: (d / "summary.csv").write_bytes(b"\x89PNG\xff\x00"), r"summary\.csv: "),
        (lambda d: damage(d, "controls.csv", lambda t: t.drop(columns="low")), "column low is missing"),
        (
            lambda d: damage(d, "predictions.csv", lambda t: t.assign(probability="high")),
            "row 2: probability is 'high', not a number",
        ),
        (lambda d: damage(d, "predictions.csv", lambda t: t.iloc[:0]), "judged no film"),
        (lambda d: damage(d, "predictions.csv", lambda t: t[t["method"] != "single_svm"]), "single_svm"),
        (lambda d: damage(d, "folds.csv", lambda t: t[t["fold"] != "r2-f2"]), "does not name the fold r2-f2"),
        (lambda d: (d / "folds.csv").unlink(), r"folds\.csv: cannot be read"),
    ],
)
def test_a_damaged_folder_is_refused_with_the_file(written, tmp_path, spoil, cause):
    folder = tmp_path / "copy"
    shutil.copytree(written, folder)
    spoil(folder)
    with pytest.raises(BadInput, match=cause):
        read_evaluation(folder)


def test_a_model_judged_as_it_is_has_a_fold_without_training(tmp_path):
    write_tables(evaluated(), tmp_path)
    damage(tmp_path, "folds.csv", lambda t: t[t["role"] == "test"])
    assert all(len(fold.train) == 0 for fold in read_evaluation(tmp_path).folds)


def test_variants_are_joined_and_compared():
    main, other = evaluated(), evaluated(OTSU, shift=0.3, seed=1)
    joined = join_variants([(MAIN, main), (OTSU, other)], n_bootstrap=50)
    assert joined.main == ("network", "chandra113", "ibsi")
    assert joined.methods == main.methods
    assert len(joined.predictions) == 2 * len(main.predictions)
    assert list(joined.summary["segmenter"]) == ["network"] * 2 + ["otsu"] * 2
    assert list(joined.controls["segmenter"]) == ["network", "otsu"]
    same(joined.roc, main.roc)
    assert joined.confusion("single_svm") == main.confusion("single_svm")
    assert joined.complaints[1] == f"{OTSU.id}: a, fold 1: few"
    across = joined.tests[joined.tests["question"] == "segmenter"]
    assert set(across["method"]) == set(main.methods)
    assert (across["first"] == "network").all()
    row = across[(across["method"] == "single_svm") & (across["measure"] == "auc")].iloc[0]
    expected = [part.summary.set_index("method").loc["single_svm", "auc"] for part in (main, other)]
    assert row["difference"] == pytest.approx(expected[0] - expected[1])
    with pytest.raises(ValueError, match="no evaluation"):
        join_variants([])
