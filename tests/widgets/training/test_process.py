"""The child: what it says arrives, what is wished reaches it, and it goes with its window."""

from __future__ import annotations

import json
import os

import pytest

from napari_tbcad.batch.trainings.state import write_job
from napari_tbcad.networks.config import TrainingConfig
from napari_tbcad.widgets.training.process import TrainingProcess

LONG_MS = 90_000


@pytest.fixture
def job(tmp_path):
    folder = tmp_path / "job"
    write_job(folder, TrainingConfig(), ["train", "judge"])
    return folder


@pytest.fixture
def process(qtbot, child):
    made = TrainingProcess()
    made.events, made.codes = [], []
    made.said.connect(made.events.append)
    made.ended.connect(made.codes.append)
    yield made
    made.close(at_once=True)


def kinds(process):
    return [event["event"] for event in process.events]


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_events_arrive_in_order_and_a_pause_holds(qtbot, process, job, child):
    child("waits")
    process.start(job)
    with pytest.raises(RuntimeError):
        process.start(job)
    qtbot.waitUntil(lambda: "step" in kinds(process), timeout=LONG_MS)
    process.pause()
    qtbot.waitUntil(lambda: "paused" in kinds(process), timeout=LONG_MS)
    steps = kinds(process).count("step")
    qtbot.wait(150)
    assert kinds(process).count("step") == steps
    process.go_on()
    qtbot.waitUntil(lambda: process.codes == [0], timeout=LONG_MS)
    numbers = [event["step"] for event in process.events if event["event"] == "step"]
    assert numbers == list(range(1, 25))
    assert kinds(process)[-2:] == ["judged", "done"]
    assert not process.running


def test_a_stop_leaves_what_was_learned(qtbot, process, job, child):
    child("waits")
    process.start(job)
    qtbot.waitUntil(lambda: "epoch" in kinds(process), timeout=LONG_MS)
    process.stop()
    qtbot.waitUntil(lambda: process.codes == [3], timeout=LONG_MS)
    assert kinds(process)[-1] == "stopped"
    assert (job / "log.csv").read_text().count("\n") >= 1


def test_a_crash_is_told_with_the_last_words(qtbot, process, job, child):
    child("crashes")
    process.start(job)
    qtbot.waitUntil(lambda: process.codes != [], timeout=LONG_MS)
    assert process.codes == [9]
    assert process.complaint == "MemoryError: no more"


def test_what_cannot_be_started_is_told(qtbot, process, job, monkeypatch):
    monkeypatch.setattr(TrainingProcess, "command", lambda _, folder: ["/no/such/program"])
    process.start(job)
    qtbot.waitUntil(lambda: process.codes == [-1], timeout=LONG_MS)
    assert process.complaint
    assert not process.running


def test_a_child_that_takes_long_is_ended_at_once_where_that_is_asked_for(qtbot, process, job, child):
    child("hangs")
    process.start(job)
    qtbot.waitUntil(lambda: "epoch" in kinds(process), timeout=LONG_MS)
    pid = process.events[0]["pid"]
    process.close(at_once=True)
    assert not alive(pid)
    assert process.codes == []
    assert json.loads((job / "job.json").read_text())["do"] == ["train", "judge"]
