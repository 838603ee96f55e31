"""A whole comparison, small: every run once, in a folder that several processes may share."""

from __future__ import annotations

import pytest

from napari_tbcad.cli import main
from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.evaluate.compare.comparison import Comparison, Outcome
from napari_tbcad.evaluate.compare.config import load_compare_config
from napari_tbcad.evaluate.compare.locks import claimed
from napari_tbcad.evaluate.compare.plan import plan
from napari_tbcad.evaluate.compare.run_scores import SCORES
from napari_tbcad.evaluate.compare.training import Trainer
from napari_tbcad.networks.fit import TrainingStopped
from napari_tbcad.networks.module import LossNotFinite


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def written(out):
    """Time of every file below a folder, but for what claims it."""
    return {p: p.stat().st_mtime_ns for p in out.rglob("*") if p.is_file() and p.name != ".lock"}


@pytest.mark.slow
def test_all_of_it_by_the_command_line_then_nothing_twice(small_config, tmp_path, capfd, monkeypatch):
    out = tmp_path / "out"
    command = ["networks", "compare", str(small_config), "--out", str(out), "--device", "cpu"]
    # What tuning does has its own tests.
    command += ["--set", "tuning.learning_rates=[0.01]"]
    assert main(command) == 0
    said = capfd.readouterr().out
    assert "report:" in said
    config = load_compare_config(small_config)
    for run in plan(config):
        assert (run.folder(out) / SCORES).is_file(), run.name
    for name in ("question_classes.csv", "question_views.csv", "question_networks.csv", "tests.csv"):
        assert (out / name).stat().st_size > 0
    report = (out / "report.html").read_text(encoding="utf-8")
    assert "://" not in report.replace("http://www.w3.org", "")
    assert not list(out.glob("runs/*/*.ckpt"))
    assert len(list(out.glob("runs/*/model.safetensors"))) == len(config.views) * (len(config.networks) + 1)
    runs, reported = written(out / "runs"), []
    # That a report is written each time is seen here; the same figures need not be drawn again.
    written_by = "napari_tbcad.evaluate.compare.report.write_report"
    monkeypatch.setattr(written_by, lambda scores, config, folder: reported.append(folder) or folder)
    assert main(command) == 0
    assert reported == [out]
    assert "0 to be done" in capfd.readouterr().out
    assert written(out / "runs") == runs


def test_equal_methods_get_equal_scores_and_learning_rates(small, tmp_path):
    comparison = Comparison(small, tmp_path, "cpu", say=lambda line: None)
    assert comparison.run_all(only=["first-4-anterior", "second-4-anterior"]) == Outcome()
    first, second = comparison.scores()
    assert (first.method, second.method) == ("first", "second")
    assert (first.counts() == second.counts()).all()
    assert first.training["learning_rate"] == second.training["learning_rate"]
    # Four images to learn from in one step an epoch.
    assert (first.training["epochs"], first.training["steps"]) == (2, 2)
    assert len(comparison.missing()) == len(plan(small)) - 2


def test_a_run_of_another_process_is_left_to_it(small, tmp_path):
    said = []
    comparison = Comparison(small, tmp_path, "cpu", said.append)
    run = plan(small)[0]
    with claimed(run.folder(tmp_path)):
        assert comparison.run_all(only=[run.name]) == Outcome(busy=[run])
    assert comparison.run_all(only=[run.name]) == Outcome()
    assert comparison.missing() == plan(small)[1:]


def test_other_data_or_another_budget_are_refused_and_more_runs_are_not(small, small_config, tmp_path):
    run = plan(small)[0]
    Comparison(small, tmp_path, say=lambda line: None).do(run)
    more = load_compare_config(small_config, {"seeds": [0, 1]})
    assert Comparison(more, tmp_path, say=lambda line: None).split.is_file()
    longer = load_compare_config(small_config, {"training.fit.epochs": 3})
    with pytest.raises(BadInput, match="another budget"):
        Comparison(longer, tmp_path, say=lambda line: None).do(run)
    with pytest.raises(BadInput, match="another budget"):
        Comparison(longer, tmp_path, say=lambda line: None).write()
    other = load_compare_config(small_config, {"networks.second.architecture": "FPN"})
    with pytest.raises(BadInput, match="'second' is another network"):
        Comparison(other, tmp_path, say=lambda line: None).do(run)


def test_a_run_that_diverges_is_told_and_the_others_go_on(small, tmp_path, monkeypatch):
    def wild(self, run):
        raise TrainingStopped(tmp_path, "the loss became nan") from LossNotFinite("nan")

    monkeypatch.setattr(Trainer, "network", wild)
    comparison = Comparison(small, tmp_path, say=lambda line: None)
    outcome = comparison.run_all(only=["first-4-anterior", "threshold-4-posterior"])
    assert [run.name for run, _ in outcome.diverged] == ["first-4-anterior-0"]
    # Networks come after baselines: both were begun.
    assert {one.method for one in comparison.scores()} == {"threshold"}

    def full(self, run):
        raise TrainingStopped(tmp_path, "a file cannot be written (No space left on device)")

    monkeypatch.setattr(Trainer, "network", full)
    with pytest.raises(TrainingStopped, match="No space"):
        comparison.run_all(only=["first-4-anterior"])


def test_it_stops_when_asked_and_says_what_is_missing(small, tmp_path):
    comparison = Comparison(small, tmp_path, say=lambda line: None, cancelled=lambda: True)
    with pytest.raises(Cancelled):
        comparison.run_all()
    assert comparison.missing() == plan(small)
    with pytest.raises(BadInput, match="no run of this comparison"):
        comparison.write()


def test_a_device_that_is_not_there_is_refused_before_anything_is_written(small_config, tmp_path, capfd):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a graphics card")
    out = tmp_path / "out"
    assert main(["networks", "compare", str(small_config), "--out", str(out), "--device", "cuda"]) != 0
    assert "cuda" in capfd.readouterr().err
    assert not out.exists()
