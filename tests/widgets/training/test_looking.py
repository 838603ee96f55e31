"""Looking at data: what takes a network is done by the child, and the window never imports torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.widgets.training.data import GOALS, Choice, Given
from napari_tbcad.widgets.training.finding import find_in_child, takes_a_network
from napari_tbcad.widgets.training.planning import Plan

HOTSPOTS = next(goal for goal in GOALS if goal.key == "hotspots" and goal.view == "anterior")

CHILD = '''
"""Finds what it was given; or does what its name says."""
import json, os, pathlib, sys, time

folder, how = pathlib.Path(sys.argv[1]), sys.argv[2]
job = json.loads((folder / "job.json").read_text())
assert job["do"] == ["find"] and job["find"]["kind"] == "folder", job


def say(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


say("working", pid=os.getpid())
if how == "hangs":
    time.sleep(600)
if how == "crashes":
    os._exit(9)
if how == "fails":
    say("failed", source="1.jpg", cause="no box can be read", kind="BadInput")
    sys.exit(1)
say("progress", what="find", share=0.5, text="1.jpg")
print(pathlib.Path(how).read_text(), flush=True)
say("done", model=None)
'''

WINDOW = """
import json, sys
from pathlib import Path
from qtpy.QtCore import QCoreApplication
from napari_tbcad.widgets.training import finding, panel
from napari_tbcad.widgets.training.data import GOALS, Choice, Given
from napari_tbcad.widgets.training.looking import Look

home, child, found = map(Path, sys.argv[1:4])
finding.job_command = lambda folder: [sys.executable, str(child), str(folder), str(found)]
application = QCoreApplication([])
goal = next(goal for goal in GOALS if goal.key == "hotspots" and goal.view == "anterior")
given = (Given("folder", (home / "made",)), Given("table", (home / "more.csv",)),
         Given("folder", (home / "bs80k",)))
look = Look(Choice(goal, "4", given, "packaged", "mine"), home / "trainings" / "mine")
looked = look._find()
print(json.dumps([[one.name for one in looked.data.sources], looked.survey.collections[-1].images,
                  "torch" in sys.modules]))
"""


def image(path: Path, value: int) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((64, 32), np.uint8)
    pixels[8:-8, 8:-8] = value
    Image.fromarray(pixels).save(path)
    return str(path)


def rows(folder: Path, number: int) -> list[str]:
    return [
        f"{image(folder / f'{n}.png', 90)},{image(folder / f'{n}_label.png', 1 + n % 3)},"
        f"{folder.name}{n},made,anterior"
        for n in range(number)
    ]


@pytest.fixture
def bs80k(tmp_path) -> Given:
    (tmp_path / "bs80k" / "wholeBodyANT").mkdir(parents=True)
    return Given("folder", (tmp_path / "bs80k",))


@pytest.fixture
def script(tmp_path) -> Path:
    path = tmp_path / "child.py"
    path.write_text(CHILD)
    return path


def find(given: Given, script: Path, how: str, cancelled=lambda: False):
    folder = script.parent / "trainings" / "mine" / "data" / "1"
    command = [sys.executable, str(script), str(folder), how]
    shares: list[float] = []
    return find_in_child(
        Choice(HOTSPOTS, "4", (given,)),
        given,
        folder,
        progress=lambda share, text: shares.append(share),
        cancelled=cancelled,
        command=command,
    ), shares


def found_line(folder: Path, number: int = 6) -> str:
    """Return what the child says of a collection that is there."""
    from napari_tbcad.batch.trainings.data import find_data

    folder.mkdir(exist_ok=True)
    table = folder / "table.csv"
    table.write_text("\n".join(["image,label,patient,source,view", *rows(folder, number)]))
    data = find_data("hotspots", "table", [table], out=folder / "out", view="anterior", scheme="4")
    return json.dumps({"event": "found", **data.to_json()})


def test_what_takes_a_network_is_found_by_the_child(tmp_path, bs80k, script):
    assert takes_a_network(Choice(HOTSPOTS, "4"), bs80k)
    assert not takes_a_network(Choice(HOTSPOTS, "4"), Given("table", bs80k.paths))
    assert not takes_a_network(Choice(GOALS[0]), bs80k)
    (tmp_path / "found.json").write_text(found_line(tmp_path / "whole"))
    found, shares = find(bs80k, script, str(tmp_path / "found.json"))
    assert (found.task, found.view, shares) == ("hotspots", "anterior", [0.5])
    with pytest.raises(BadInput, match=r"1\.jpg: no box can be read"):
        find(bs80k, script, "fails")
    with pytest.raises(BadInput, match="ended by itself"):
        find(bs80k, script, "crashes")


def test_a_search_that_nobody_wants_any_more_ends_its_process(bs80k, script):
    begun, stop = threading.Event(), threading.Event()

    def cancelled() -> bool:
        begun.set()
        return stop.is_set()

    threading.Thread(target=lambda: begun.wait() and stop.set(), daemon=True).start()
    before = time.monotonic()
    with pytest.raises(Cancelled):
        find(bs80k, script, "hangs", cancelled)
    assert time.monotonic() - before < 500, "it was waited for"


def test_the_window_looks_without_torch(tmp_path, bs80k, script):
    for n in range(6):
        image(tmp_path / "made" / "images" / f"{n}.png", 90)
        image(tmp_path / "made" / "labels" / f"{n}.png", 1 + n % 3)
    samples = "\n".join(["image,label,view,patient", *(f"{n}.png,{n}.png,anterior,p{n}" for n in range(6))])
    (tmp_path / "made" / "samples.csv").write_text(samples)
    table = ["image,label,patient,source,view", *rows(tmp_path / "more", 6)]
    (tmp_path / "more.csv").write_text("\n".join(table))
    (tmp_path / "found.json").write_text(found_line(tmp_path / "whole"))
    done = subprocess.run(
        [sys.executable, "-c", WINDOW, str(tmp_path), str(script), str(tmp_path / "found.json")],
        capture_output=True,
        text=True,
        timeout=500,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
    )
    assert done.returncode == 0, done.stderr
    names, images, torch = json.loads(done.stdout.splitlines()[-1])
    assert len(set(names)) == 3
    assert images == 6
    assert not torch


def test_epochs_follow_the_time_there_is(tmp_path, monkeypatch):
    from napari_tbcad.networks.config import FitParameters, TrainingConfig

    plan = Plan()
    plan.configure(TrainingConfig(fit=FitParameters(epochs=60)))
    # A person asks for fewer while sixty are measured: 10 s of reading and 60 s an epoch.
    fewer = FitParameters(epochs=10)
    plan.configure(plan.config.model_copy(update={"fit": fewer}))
    plan.take_estimate({"seconds": 3610.0, "seconds_decoding": 10.0, "epochs": 60, "device": "cpu"})
    assert plan.seconds == pytest.approx(610)
    plan.configure(plan.config.model_copy(update={"fit": FitParameters(epochs=60)}))
    plan.set_minutes(30)
    cut = plan.config.fit.epochs
    assert 20 < cut < 30
    plan.set_minutes(5)
    assert plan.config.fit.epochs < 5
    plan.set_minutes(30)
    assert plan.config.fit.epochs == cut
    plan.set_minutes(90)
    assert plan.config.fit.epochs == 60


def test_what_somebody_else_began_is_not_cleared_away(tmp_path):
    from napari_tbcad.batch.trainings.state import write_job
    from napari_tbcad.networks.config import TrainingConfig

    plan = Plan()
    plan.folder = folder = tmp_path / "trainings" / "mine"
    write_job(folder, TrainingConfig(), ["train", "judge"])
    plan.forget()
    assert folder.is_dir()
    plan.folder = folder
    write_job(folder, TrainingConfig(), ["estimate"])
    plan.forget()
    assert not folder.exists()
