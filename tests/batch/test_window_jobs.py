"""Folders of batches that a window began: what they are to do, and how far each is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_tbcad.batch.child.files import ENDED, JOB, write_json
from napari_tbcad.batch.child.lock import claimed
from napari_tbcad.batch.runs import window_jobs as jobs
from napari_tbcad.batch.runs.window_jobs import BatchPlan
from napari_tbcad.errors import BadInput

PLAN = BatchPlan(
    inputs=(Path("/data/fîlms"), Path("/data/list.csv")),
    workflow="chest",
    classifier="/models/own.skops",
    assignments={"lungs.segmenter": "otsu", "features.grid": 256},
    masks=Path("/data/masks"),
    pictures=False,
    workers=3,
    scheduler="tcp://host:8786",
)


@pytest.fixture
def folder(tmp_path) -> Path:
    out = tmp_path / "home" / "one"
    jobs.write_job(out, ("run",), PLAN, again="failed")
    return out


def test_a_plan_is_read_as_it_was_written(folder):
    job = jobs.read_job(folder)
    assert (job["do"], job["again"], job["name"]) == (["run"], "failed", "fîlms and 1 more")
    assert jobs.plan_of(job) == PLAN
    made = job["made"]
    jobs.write_job(folder, ("run", "look"), BatchPlan((Path("a"),)))
    job = jobs.read_job(folder)
    assert (job["do"], job["made"], job["out"]) == (["look", "run"], made, None)
    assert jobs.plan_of(job).output(folder) == folder / "results"
    with pytest.raises(BadInput, match="no step 'train'"):
        jobs.write_job(folder, ("train",), PLAN)


def test_nonsense_in_a_job_is_refused_or_takes_its_default(folder):
    job = jobs.read_job(folder)
    wrong = {"workflow": "heart", "workers": -2, "assignments": [1], "masks": "", "classifier": None}
    plan = jobs.plan_of(job | wrong)
    assert (plan.workflow, plan.workers, plan.assignments, plan.masks) == ("", 1, {}, None)
    assert plan.classifier == BatchPlan().classifier
    for content, said in (
        ("{", "cannot be read"),
        (json.dumps(job | {"inputs": "a"}), "cannot be read"),
        (json.dumps(job | {"version": 2}), "newer version"),
    ):
        (folder / JOB).write_text(content)
        with pytest.raises(BadInput, match=said):
            jobs.read_job(folder)


def test_how_far_a_batch_is(folder):
    assert jobs.state_of(folder).phase == "interrupted"
    write_json(folder / jobs.COUNTS, {"done": 7, "failed": 2, "total": 20})
    state = jobs.state_of(folder)
    assert (state.done, state.failed, state.total, state.resumable) == (7, 2, 20, True)
    with claimed(folder):
        assert jobs.state_of(folder).phase == "running"
        with pytest.raises(BadInput, match="running already"):
            jobs.remove_batch(folder)
    write_json(folder / jobs.COUNTS, {"done": 18, "failed": 2, "total": 20})
    for how, phase in (("stopped", "stopped"), ("failed", "failed"), ("done", "finished")):
        write_json(folder / ENDED, {"how": how, "what": "run", "cause": "results: cannot write there"})
        assert jobs.state_of(folder).phase == phase
    assert not jobs.state_of(folder).resumable
    write_json(folder / jobs.COUNTS, {"done": 18, "failed": 1, "total": 20})
    assert (jobs.state_of(folder).phase, jobs.state_of(folder).resumable) == ("stopped", True), "1 is left"
    jobs.write_job(folder, ("look",), PLAN)
    assert jobs.state_of(folder).phase == "planned"


def test_batches_are_listed_and_removed_without_results_elsewhere(folder, tmp_path):
    elsewhere = tmp_path / "results of my own"
    elsewhere.mkdir()
    other = folder.parent / "two"
    jobs.write_job(other, ("run",), BatchPlan((Path("b"),), out=elsewhere))
    (folder.parent / "stranger").mkdir()
    (folder.parent / "torn").mkdir()
    (folder.parent / "torn" / JOB).write_text("{")
    assert {state.folder.name for state in jobs.list_batches(folder.parent)} == {"one", "two"}
    assert jobs.state_of(other).out == elsewhere
    jobs.remove_batch(other)
    assert (other.exists(), elsewhere.exists()) == (False, True)
    with pytest.raises(BadInput):
        jobs.remove_batch(folder.parent / "stranger")
    assert (folder.parent / "stranger").is_dir()
    assert jobs.new_folder(folder.parent, "fi/lms").name.endswith("_fi-lms")
