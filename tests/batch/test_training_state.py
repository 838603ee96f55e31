"""How far a training is, from its files alone, also after its process was killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from napari_tbcad.batch.trainings.state import (
    ENDED,
    JUDGED,
    LAST,
    LOG,
    MODEL,
    SPLIT,
    claimed,
    is_running,
    list_trainings,
    new_folder,
    read_job,
    remove_training,
    state_of,
    write_job,
    write_json,
)
from napari_tbcad.errors import BadInput
from napari_tbcad.files import write_csv
from napari_tbcad.networks.config import DataParameters, DataSource, TrainingConfig

WORKER = """
import sys, time
from pathlib import Path
from napari_tbcad.batch.child.channel import opened
from napari_tbcad.batch.trainings.state import claimed
folder = Path(sys.argv[1])
with opened(folder / "job.log", alone=False) as channel, claimed(folder):
    channel.tell({"event": "step"})
    print("what a library says")
    while not channel.held():
        time.sleep(0.01)
    channel.tell({"event": "stopped", "gone": channel.gone})
"""
"""A training's process without what takes long: the training."""

PARENT = """
import subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
child.stdout.readline()
print(child.pid, flush=True)
child.wait()
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    """A planned training."""
    source = DataSource(name="films", folder=tmp_path)
    config = TrainingConfig(name="mine", data=DataParameters(sources=(source,)))
    write_job(tmp_path / "home" / "one", config, ("judge", "train"), minutes=5)
    return tmp_path / "home" / "one"


def worker(folder: Path) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(folder)], stdin=pipe, stdout=pipe, text=True, cwd=folder
    )


def log_of(folder: Path, *rows: dict[str, object]) -> None:
    write_csv(folder / LOG, tuple(rows[0]), rows)


def test_the_steps_are_kept_in_their_order_and_entries_stay(folder):
    job = read_job(folder)
    assert (job["do"], job["minutes"], job["epochs"]) == (["train", "judge"], 5, 40)
    write_job(folder, None, ["judge"])
    assert read_job(folder) == job | {"do": ["judge"]}
    with pytest.raises(BadInput, match="there is no step 'dream'"):
        write_job(folder, None, ["dream"])


def test_the_phase_is_what_the_files_say(folder):
    assert state_of(folder).phase == "planned"
    # Looked at and estimated, never begun: whatever ended that run.
    write_json(folder / ENDED, {"how": "stopped", "what": "estimate"})
    assert state_of(folder).phase == "planned"
    (folder / ENDED).unlink()
    for name in (SPLIT, LAST):
        (folder / name).write_bytes(b"")
    log_of(folder, {"epoch": 3, "validation_dice": 0.8, "iou_right lung": 0.7, "iou_left lung": ""})
    found = state_of(folder)
    assert (found.phase, found.epochs_done, found.epochs, found.resumable) == ("interrupted", 3, 40, True)
    assert (found.iou, found.dice) == (0.7, 0.8)
    write_json(folder / ENDED, {"how": "stopped", "what": "train"})
    assert state_of(folder).phase == "stopped"
    write_json(folder / ENDED, {"how": "failed", "what": "train", "cause": "the loss became nan"})
    assert (state_of(folder).phase, state_of(folder).cause) == ("failed", "the loss became nan")
    (folder / MODEL).write_bytes(b"")
    (folder / JUDGED).write_text("{}")
    found = state_of(folder)
    assert (found.phase, found.cause, found.judged, found.resumable) == ("finished", "", True, False)


def test_the_shelf_holds_what_can_be_read_the_newest_first(folder):
    home = folder.parent
    write_job(home / "two", None, ["train"], name="later")
    os.utime(folder / "job.json", (1e9, 1e9))
    for name, content in (("broken", "{"), ("newer", '{"version": 99}'), ("none", "")):
        (home / name).mkdir()
        if content:
            (home / name / "job.json").write_text(content)
    assert [one.name for one in list_trainings(home)] == ["later", "mine"]
    assert list_trainings(home / "nowhere") == []
    assert new_folder(home, "ä/b..").parent == home


def test_one_process_at_a_time_and_a_running_training_is_not_deleted(folder):
    with claimed(folder):
        # Locks are of a process: another one must not get it.
        code = f"from pathlib import Path\nfrom napari_tbcad.batch.trainings.state import claimed\n\
with claimed(Path({str(folder)!r}), patience=0): pass"
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert "running already" in other.stderr
        assert is_running(folder)
        assert state_of(folder).phase == "running"
        with pytest.raises(BadInput, match="running already"):
            remove_training(folder)
    assert not is_running(folder)
    remove_training(folder)
    assert not folder.exists()
    with pytest.raises(BadInput):
        remove_training(folder.parent)


def test_a_killed_child_leaves_its_folder_free_and_wishes_are_heard(folder):
    (folder / SPLIT).write_bytes(b"")
    one = worker(folder)
    assert json.loads(one.stdout.readline()) == {"event": "step"}
    assert state_of(folder).phase == "running"
    one.kill()
    one.communicate()
    assert state_of(folder).phase == "interrupted"
    with worker(folder) as two:
        assert two.stdout.readline()
        for wish, answer in (("pause", "paused"), ("go on", "going_on"), ("nonsense\nstop", "stopped")):
            two.stdin.write(f"{wish}\n")
            two.stdin.flush()
            assert json.loads(two.stdout.readline())["event"] == answer
    assert "what a library says" in (folder / "job.log").read_text()


def test_no_child_outlives_the_window(folder):
    with worker(folder) as one:
        assert one.stdout.readline()
        one.stdin.close()
        assert json.loads(one.stdout.readline()) == {"event": "stopped", "gone": True}
    command = [sys.executable, "-c", WORKER, str(folder)]
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, *command], stdout=subprocess.PIPE, text=True, cwd=folder
    )
    assert int(parent.stdout.readline()) > 0
    assert is_running(folder)
    parent.kill()
    parent.communicate()
    end = time.monotonic() + 60
    while is_running(folder) and time.monotonic() < end:
        time.sleep(0.02)
    assert not is_running(folder)
