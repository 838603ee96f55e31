"""The image classifier of a comparison: tuned once, trained once, asked about every test image."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.evaluate.compare.classifying import ClassifierScores, classify_run, score_classifier
from napari_tbcad.evaluate.compare.config import ClassifierChoice, CompareConfig
from napari_tbcad.evaluate.compare.plan import Run, plan, split_of_run, write_split
from napari_tbcad.evaluate.compare.training import Trainer
from napari_tbcad.evaluate.compare.tuning import write_tuning
from napari_tbcad.networks.image_classifier.fit import MODEL
from napari_tbcad.networks.image_classifier.store import load_classifier
from napari_tbcad.networks.training_folder import CONFIG, LAST, LOG, SPLIT


@pytest.fixture(scope="module")
def comparison(small_config: Path) -> CompareConfig:
    from napari_tbcad.evaluate.compare.config import load_compare_config

    tiny = ClassifierChoice(weights=("none",), encoder="tu-test_efficientnet")
    return load_compare_config(small_config).model_copy(update={"classifier": tiny})


@pytest.fixture(scope="module")
def trainer(comparison: CompareConfig, tmp_path_factory: pytest.TempPathFactory) -> Trainer:
    import torch

    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("classified")
    return Trainer(comparison, out, write_split(comparison, out), say=lambda line: None)


@pytest.fixture(scope="module")
def run(comparison: CompareConfig) -> Run:
    return next(one for one in plan(comparison) if one.kind == "classifier")


@pytest.fixture(scope="module")
def scores(trainer: Trainer, run: Run) -> ClassifierScores:
    return classify_run(trainer, run)


def test_every_test_image_is_asked_about(scores: ClassifierScores, trainer: Trainer, run: Run) -> None:
    tested = split_of_run(trainer.config, run, trainer.split).test
    assert [row.image for row in scores.images] == [sample.name for sample in tested]
    assert {row.patient for row in scores.images if not row.abnormal} == {"p0"}
    assert {row.view for row in scores.images} == {"anterior"}
    assert all(0 < row.probability < 1 for row in scores.images)
    assert scores.name == run.name
    assert scores.sources == ("made",)
    assert scores.of_source("other").images == ()
    assert scores.parameters > 1000
    assert scores.training["epochs"] == 2
    assert scores.training["steps"] == 2
    assert scores.training["learning_rate"] in (0.001, 0.01)


def test_what_is_done_is_not_done_again(scores: ClassifierScores, trainer: Trainer, run: Run) -> None:
    place = run.folder(trainer.out)
    assert {CONFIG, LOG, SPLIT, MODEL} <= {path.name for path in place.iterdir()}
    assert not (place / LAST).exists()
    before = (place / MODEL).stat().st_mtime_ns
    again = classify_run(trainer, run)
    assert (place / MODEL).stat().st_mtime_ns == before
    assert [row.probability for row in again.images] == [row.probability for row in scores.images]
    rows = write_tuning(trainer.out)
    assert [row["method"] for row in rows] == ["classifier"] * 2
    assert sum(row["chosen"] for row in rows) == 1
    other = trainer.config.model_copy(update={"classifier": ClassifierChoice(encoder="tu-test_resnet")})
    with pytest.raises(BadInput, match="another configuration"):
        classify_run(Trainer(other, trainer.out, trainer.split, say=lambda line: None), run)


def test_scores_are_kept_whole(scores: ClassifierScores, tmp_path: Path) -> None:
    scores.save(tmp_path / "scores.json")
    assert ClassifierScores.load(tmp_path / "scores.json") == scores
    content = json.loads((tmp_path / "scores.json").read_text("utf-8"))
    del content["images"][0]["probability"]
    with pytest.raises(BadInput, match=r"not whole \(images\.0\.probability"):
        ClassifierScores.from_json(content)
    with pytest.raises(BadInput, match="score the run again"):
        ClassifierScores.from_json({**content, "version": 0})
    (tmp_path / "scores.json").write_text("[", "utf-8")
    with pytest.raises(BadInput, match="cannot be read"):
        ClassifierScores.load(tmp_path / "scores.json")


def test_an_image_that_cannot_be_read_is_named(
    scores: ClassifierScores, trainer: Trainer, run: Run, tmp_path: Path
) -> None:
    good, bad, *_ = split_of_run(trainer.config, run, trainer.split).test
    bad = replace(bad, image=tmp_path / "gone.png")
    classifier = load_classifier(run.folder(trainer.out) / MODEL)
    found = score_classifier(run, classifier, [bad, good], device="cpu")
    assert [row.image for row in found.images] == [good.name]
    assert found.failed[0][0] == "gone.png"
    with pytest.raises(BadInput, match="not one could be scored"):
        score_classifier(run, classifier, [bad], device="cpu")


def test_a_stopped_run_goes_on(trainer: Trainer, run: Run) -> None:
    second = Run(run.method, run.scheme, run.view, 1, run.kind, run.weights)
    log = second.folder(trainer.out) / LOG
    stopped = Trainer(
        trainer.config, trainer.out, trainer.split, say=lambda line: None, cancelled=log.is_file
    )
    with pytest.raises(Cancelled):
        classify_run(stopped, second)
    assert not (log.parent / MODEL).exists()
    said: list[str] = []
    going_on = Trainer(trainer.config, trainer.out, trainer.split, say=said.append)
    assert classify_run(going_on, second).seed == 1
    assert not any("trial" in line for line in said)
