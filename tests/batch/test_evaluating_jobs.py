"""Folders of evaluations that a window began: what they are to do, and how far each is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_tbcad.batch.child.files import ENDED, JOB, write_json
from napari_tbcad.batch.child.lock import claimed
from napari_tbcad.batch.evaluating.config import EvaluationConfig
from napari_tbcad.batch.evaluating.jobs import (
    config_of,
    list_evaluations,
    new_folder,
    read_job,
    remove_evaluation,
    state_of,
    write_job,
)
from napari_tbcad.errors import BadInput


@pytest.fixture
def folder(tmp_path) -> Path:
    out = tmp_path / "home" / "one"
    config = EvaluationConfig(segmenters=("otsu", "atlas"), repeats=2)
    write_job(out, ("evaluate", "survey"), path=Path("/data/fîlms"), config=config, assignments={"a.b": 1})
    return out


def finish(folder: Path, *, level: str = "") -> None:
    verdict = {"level": level, "text": ""}
    write_json(folder / "evaluation.json", {"version": 1, "design": "10-fold", "verdict": verdict})
    (folder / "summary.csv").write_text("method,auc,auc_low,auc_high\nsvm,0.9,0.8,0.95\n", "utf-8-sig")


def test_a_job_is_read_as_it_was_written(folder):
    job = read_job(folder)
    assert job["do"] == ["survey", "evaluate"]
    assert (job["name"], job["path"], job["assignments"]) == ("fîlms", "/data/fîlms", {"a.b": 1})
    assert config_of(job, folder).segmenters == ("otsu", "atlas")
    # what is not said again stays
    write_job(folder, ("evaluate",), path=Path("/data/fîlms"), test=Path("/data/b"), before=Path("/earlier"))
    job = read_job(folder)
    assert (job["name"], job["before"]) == ("fîlms → b", "/earlier")
    assert config_of(job, folder).repeats == 2
    with pytest.raises(BadInput, match="no step 'train'"):
        write_job(folder, ("train",), path=Path("x"))
    for content, said in (
        ("{", "cannot be read"),
        (json.dumps(job | {"version": 2}), "newer version"),
        (json.dumps(job | {"config": {"repeats": 0}}), "repeats"),
    ):
        (folder / JOB).write_text(content)
        with pytest.raises(BadInput, match=said):
            config_of(read_job(folder), folder)


def test_how_far_an_evaluation_is(folder):
    assert state_of(folder).phase == "interrupted"
    assert state_of(folder).resumable
    with claimed(folder):
        assert state_of(folder).phase == "running"
    for how in ("stopped", "failed"):
        write_json(folder / ENDED, {"how": how, "what": "evaluate", "cause": "film9.png: empty"})
        assert state_of(folder).phase == how
    assert state_of(folder).cause == "film9.png: empty"
    finish(folder, level="red")
    assert state_of(folder).phase == "failed"  # the results are those of the run before
    write_json(folder / ENDED, {"how": "done", "what": "evaluate"})
    state = state_of(folder)
    assert (state.phase, state.level, state.auc) == ("finished", "red", (0.9, 0.8, 0.95))
    assert not state.resumable


def test_evaluations_are_listed_and_removed(folder, tmp_path):
    home = folder.parent
    by_hand = home / "of the command line"
    by_hand.mkdir()
    finish(by_hand)
    (home / "letters").mkdir()
    write_job(home / "looked", ("survey",), path=Path("/data/x"))
    found = {state.folder.name: state.phase for state in list_evaluations(home)}
    assert found == {"one": "interrupted", "of the command line": "finished", "looked": "planned"}
    assert list_evaluations(tmp_path / "nowhere") == []
    with claimed(folder), pytest.raises(BadInput, match="running already"):
        remove_evaluation(folder)
    remove_evaluation(folder)
    assert not folder.exists()
    with pytest.raises(BadInput):  # nothing of it is this panel's
        remove_evaluation(by_hand)
    name = new_folder(home, "a/b c").name
    assert name.endswith("_a-b-c")
