"""An evaluation from a data set to its folder, on films whose features are made up."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_tbcad.batch.evaluating.config import EvaluationConfig
from napari_tbcad.batch.evaluating.copies import SAME_PATIENT
from napari_tbcad.batch.evaluating.run import evaluate_dataset
from napari_tbcad.chest.classify.hierarchical import HierarchicalClassifier
from napari_tbcad.chest.classify.store import load_model
from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.evaluate.tables import read_evaluation
from napari_tbcad.journal import read_journal

FEW = EvaluationConfig(
    segmenters="otsu",
    methods="single_nb",
    folds=2,
    repeats=2,
    bootstrap=100,
    learning_curve=False,
    explain=0,
)
SMALL = FEW.model_copy(
    update={
        "methods": ("single_nb",),
        "repeats": 1,
        "also_holdout": False,
        "shuffles": 0,
        "save_models": False,
    }
)

DESIGN = "2-fold, repeated 2 times"


def with_(config: EvaluationConfig, **changes) -> EvaluationConfig:
    return EvaluationConfig(**(config.model_dump(exclude_unset=True) | changes))


@pytest.fixture
def films(made_films, tmp_path):
    return made_films(tmp_path / "Fîlme", 41, names="Röntgen/{:02d}.png")


@pytest.fixture
def no_report(monkeypatch):
    """Leave the report out, which is drawn for seconds, and fit on few inner folds."""
    monkeypatch.setitem(HierarchicalClassifier.__init__.__kwdefaults__, "n_folds", 2)
    monkeypatch.setattr("napari_tbcad.evaluate.reports.experiment.write_reports", lambda folder: [])


def test_everything_is_in_the_folder_and_can_be_read_again(films, made_job, no_report, tmp_path):
    broken = films.parent / "Röntgen" / "40.png"
    broken.rename(broken.with_name("40 broken.png"))
    text = films.read_text(encoding="utf-8").replace("40.png", "40 broken.png").replace("39.png,1", "39.png,")
    films.write_text(text, encoding="utf-8")
    out, said, shares = tmp_path / "Ergebnis é", [], []
    config = with_(
        FEW, definitions=("ibsi", "uppuluri"), feature_sets=("listed17",), repeats=1, save_models=False
    )
    done = evaluate_dataset(
        films,
        out,
        config,
        say=said.append,
        progress=lambda share, what: shares.append(share),
        command="as typed",
    )
    assert shares == sorted(shares)
    assert shares[-1] == 1
    read = read_evaluation(out)
    pd.testing.assert_frame_equal(read.summary, done.summary, check_dtype=False)
    assert list(read.summary["definition"]) == ["ibsi", "uppuluri"]
    assert set(read.predictions["file"]) == {f"Röntgen/{n:02d}.png" for n in range(39)}
    assert list(read.failed["file"]) == ["Röntgen/39.png", "Röntgen/40 broken.png"]
    assert list(read.failed["kind"]) == ["label", "measuring"]
    assert set(read.controls["control"]) >= {"outside_lungs", "image_border", "shuffled_labels", "age_sex"}
    about = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    wanted = "version title design command seed started finished seconds program versions device cores data"
    assert set(f"{wanted} variants methods config settings verdict notes".split()) <= set(about)
    assert (about["command"], about["design"]) == ("as typed", "2-fold")
    (data,) = about["data"]
    assert (data["path"], data["films"], data["left_out"], data["age_sex_known"]) == ("films.csv", 39, 2, 39)
    assert "/" not in json.dumps(about["data"])
    assert [variant["main"] for variant in about["variants"]] == [True, False]
    assert EvaluationConfig(**about["config"]) == config
    assert set(about["verdict"]) == {"level", "text"}
    assert read_evaluation(out / "holdout").about["design"] == "hold-out 0.2"
    places = pd.read_csv(out / "work" / "films.csv", encoding="utf-8-sig")
    assert all(Path(path).is_file() for path in places["path"])


def test_the_model_of_a_fold_says_what_was_said_of_its_films(films, made_job, no_report, tmp_path):
    done = evaluate_dataset(films, tmp_path / "out", with_(FEW, also_holdout=False))
    rows = done.predictions
    wanted = "napari-tbcad chest evaluate films.csv --out out --segmenter otsu --method single_nb"
    assert done.about["command"].startswith(wanted), "a call from Python names the command that does the same"
    assert "--folds 2 --repeats 2 --explain 0 --bootstrap 100 --no-learning-curve" in done.about["command"]
    assert {path.name for path in (tmp_path / "out" / "models").iterdir()} == {
        "single_nb_r1-f1.skops",
        "single_nb_r1-f2.skops",
    }
    features = done.features.set_index("file")
    for fold in ("r1-f1", "r1-f2"):
        model = load_model(tmp_path / "out" / "models" / f"single_nb_{fold}.skops")
        tested = rows[rows["fold"] == fold]
        stages = model.stages(features.loc[tested["file"]].to_numpy(), threshold=0.5)
        np.testing.assert_allclose(stages.probability, tested["probability"], atol=1e-9)
        assert model.card.n_tb + model.card.n_normal == 41 - len(tested)
        scores = {one.metric: one.value for one in model.card.scores if one.design == DESIGN}
        assert scores["auc"] == pytest.approx(float(done.summary["auc"].iloc[0]))
        assert model.card.masks["lungs"]["segmenter"] == "otsu"


def test_a_run_that_was_stopped_goes_on_and_another_one_uses_what_fits(films, made_job, no_report, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(Cancelled):
        evaluate_dataset(films, out, SMALL, cancelled=lambda: len(made_job.asked) >= 10)
    assert len(made_job.asked) == 10
    before = evaluate_dataset(films, out, SMALL)
    assert len(made_job.asked) == len(set(made_job.asked)) == 41, "no film is measured twice"
    assert before.about["sessions"] == 2, "its time is that of both"
    fits = len(list(read_journal(out / "work" / "fits.jsonl")))
    again = evaluate_dataset(films, out, with_(SMALL, methods=("single_nb", "hierarchical_nb")))
    figures = ["auc", "auc_low", "accuracy", "fit_seconds"]
    assert again.summary[figures].iloc[0].to_list() == before.summary[figures].iloc[0].to_list()
    assert len(list(read_journal(out / "work" / "fits.jsonl"))) == fits + 2, "two folds of the new method"
    evaluate_dataset(films, out, with_(SMALL, feature_sets="listed17", definitions="ibsi,uppuluri"))
    assert len(made_job.asked) == 82
    lines = list(read_journal(out / "measured" / "films.jsonl"))
    assert len(lines) == 82, "a part of what was measured is cut from it, another definition is measured"
    (films.parent / "Röntgen" / "00.png").write_bytes((films.parent / "Röntgen" / "01.png").read_bytes())
    with_copy = evaluate_dataset(films, out, SMALL)
    assert len(made_job.asked) == 82, "a film whose content is known is known"
    assert set(with_copy.failed["kind"]) == {"duplicate"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is copied, which needs no imports")
@pytest.mark.filterwarnings("ignore:.*fork.*")
def test_a_run_that_was_killed_goes_on(films, made_job, no_report, monkeypatch, tmp_path):
    out, measure = tmp_path / "out", made_job.__call__

    def slowly(job, task):
        time.sleep(0.1)
        return measure(job, task)

    with monkeypatch.context() as patched:
        patched.setattr(made_job, "__call__", slowly)
        child = multiprocessing.get_context("fork").Process(target=evaluate_dataset, args=(films, out, SMALL))
        child.start()
    journal, ends = out / "measured" / "films.jsonl", time.monotonic() + 60
    try:
        while len(list(read_journal(journal))) < 5 and child.is_alive() and time.monotonic() < ends:
            time.sleep(0.02)
        with pytest.raises(BadInput, match="running already"):
            evaluate_dataset(films, out, SMALL)
    finally:
        child.kill()
        child.join()
    done = len(list(read_journal(journal)))
    assert 5 <= done < 41
    with journal.open("ab") as file:
        file.write(b'0badc0de {"film"')
    evaluation = evaluate_dataset(films, out, SMALL)
    assert len(made_job.asked) == 41 - done
    assert len(evaluation.features) == 41


def test_copies_told_by_their_pixels_are_one_patient_s_and_earlier_results_go(
    films, made_job, no_report, tmp_path
):
    import imageio.v3 as iio

    folder = films.parent / "Röntgen"
    iio.imwrite(folder / "02.png", iio.imread(folder / "00.png"), compress_level=0)
    out = tmp_path / "out"
    earlier = [
        out / "holdout" / "summary.csv",
        out / "holdout" / "evaluation.json",
        out / "models" / "a.skops",
    ]
    for path in earlier:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("of an earlier run")
    done = evaluate_dataset(films, out, SMALL)
    assert not any(path.exists() for path in earlier), "a model may have seen films of this run"
    assert not (out / "holdout").exists()
    assert done.stability.empty
    assert done.correction.empty
    assert done.duplicates.to_dict("records") == [
        {"file": "Röntgen/02.png", "same_as": "Röntgen/00.png", "kind": "pixels", "handled": SAME_PATIENT}
    ]
    rows = done.predictions.set_index("file")
    assert rows.loc["Röntgen/02.png", "fold"] == rows.loc["Röntgen/00.png", "fold"]


def test_one_set_trains_and_another_tests(films, made_films, made_job, no_report, tmp_path):
    other = made_films(tmp_path / "B", 12)
    done = evaluate_dataset(films, tmp_path / "out", SMALL, test=other)
    assert set(done.predictions["file"].str.partition("/")[0]) == {"test"}
    assert [(one["role"], one["films"]) for one in done.about["data"]] == [("train", 41), ("test", 12)]
    with pytest.raises(BadInput, match="no film can be used"):
        evaluate_dataset(films, tmp_path / "out", SMALL, test=films)
    assert (tmp_path / "out" / "work" / "films.csv").is_file()
    with pytest.raises(BadInput, match="a model is judged on one data set"):
        evaluate_dataset(films, tmp_path / "out", SMALL, test=other, classifier="demonstration")
    with pytest.raises(BadInput):
        evaluate_dataset(tmp_path / "none", tmp_path / "new", SMALL)
    assert not (tmp_path / "new").exists(), "a folder in which nothing came to be is not left behind"


@pytest.mark.parametrize(
    ("prepare", "says"),
    [
        (lambda out: out.write_text("a letter"), "a file; give a folder"),
        (lambda out: (out.mkdir(), (out / "features.csv").write_text("file")), "holds something else"),
        (lambda out: out.symlink_to(out.parent / "Fîlme"), "the folder of the data set"),
    ],
)
def test_a_folder_that_holds_something_else_is_left_alone(
    films, made_job, no_report, tmp_path, prepare, says
):
    out = tmp_path / "out"
    prepare(out)
    with pytest.raises(BadInput, match=says):
        evaluate_dataset(films, out, SMALL)
    assert not made_job.asked


def test_designs_that_the_films_do_not_allow_are_refused(films, made_job, no_report, tmp_path):
    with pytest.raises(BadInput, match="30 folds need"):
        evaluate_dataset(films, tmp_path / "out", with_(SMALL, folds=30))
    with pytest.raises(BadInput, match="two collections"):
        evaluate_dataset(films, tmp_path / "out", with_(SMALL, design="cross-source", folds=None))
    assert not made_job.asked, "said before the first film is measured"


def test_a_reader_s_masks_give_stability_and_correction(films, made_job, no_report, tmp_path):
    masks = tmp_path / "masks"
    masks.mkdir()
    for number in range(30):
        (masks / f"{number:02d}.png").write_bytes(b"mask")
    done = evaluate_dataset(films, tmp_path / "out", SMALL, reader=masks)
    assert set(done.stability["n"].dropna()) <= {30, done.stability["n"].max()}
    assert done.correction["condition"].iloc[0] == "automatic"
    assert "true" in set(done.correction["condition"])


def test_names_and_bounds_of_the_configuration(films):
    assert EvaluationConfig(segmenters="otsu, atlas,otsu").segmenters == ("otsu", "atlas")
    ids = [variant.id for variant in with_(FEW, feature_sets=("listed17", "project21")).variants]
    assert ids == ["otsu·listed17·ibsi", "otsu·project21·ibsi"]
    settings = {"features.feature_set": "extended", "lungs.segmenter": "atlas", "features.grid": 64}
    chosen = FEW.with_settings(settings)
    assert (chosen.segmenters, chosen.feature_sets) == (("otsu",), ("extended",))
    assert (FEW.quick().repeats, len(FEW.quick().variants)) == (1, 1)
    for wrong in ({"segmenters": "unet"}, {"methods": "forest"}, {"folds": 1}, {"feature_sets": ()}):
        with pytest.raises(ValueError, match=r"."):
            EvaluationConfig(**wrong)


def test_films_are_explained_with_the_model_that_did_not_see_them(
    films, made_job, no_report, tmp_path, monkeypatch
):
    from napari_tbcad.batch.evaluating import explained
    from napari_tbcad.evaluate.explaining import FilmScores
    from napari_tbcad.evaluate.explaining.films import Score

    asked = []

    class Told:
        def __init__(self, *given):
            pass

        def __call__(self, task):
            asked.append(task)
            if len(asked) == 3:
                return "no lungs"
            return FilmScores(
                task.film.file, task.film.patient, 2, 0.7, {"removal_right_side": Score(1.0, 0.5)}
            )

    monkeypatch.setattr(explained, "ExplainJob", Told)
    lesions = films.parent / "lesions"
    lesions.mkdir()
    for name in ("07", "09"):
        (lesions / f"{name}.png").write_bytes(b"drawn")
    config = with_(SMALL, explain=6)
    done = evaluate_dataset(films, tmp_path / "out", config)
    assert [task.film.row.label for task in asked] == [1, 1, 1, 0, 0, 0]
    assert {task.film.path.name for task in asked[:2]} == {"07.png", "09.png"}, "drawn lesions first"
    fold_of = dict(zip(done.predictions["file"], done.predictions["fold"], strict=True))
    for task in asked:
        model = load_model(task.model)
        assert model.card.name == f"single_nb, fold {fold_of[task.film.file]}"
    assert done.explanation.set_index("measure").loc["removal_right_side", "n"] == 5
    assert any("not explained" in note and "no lungs" in note for note in done.about["notes"])
    assert not (tmp_path / "out" / "models").exists(), "models that were not wanted stay with the work"
    evaluate_dataset(films, tmp_path / "out", config)
    assert len(asked) == 7, "only what failed is tried again"
