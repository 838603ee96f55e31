"""A panel without a real training: a child of a few lines says what the real one says."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

LONG_MS = 90_000
"""A machine that has much else to do takes its time; nobody waits that long for what works."""

CHILD = '''
"""Says what batch.trainings.job says, and learns nothing."""
import json, os, pathlib, sys, threading, time

folder = pathlib.Path(sys.argv[1])
job = json.loads((folder / "job.json").read_text())
how = os.environ.get("FAKE_CHILD", "")
paused, stopped, asked = threading.Event(), threading.Event(), threading.Event()
(folder / "ended.json").unlink(missing_ok=True)
(folder / ".lock").touch()


def listen():
    for line in sys.stdin:
        {"pause": paused.set, "go on": paused.clear, "stop": stopped.set}[line.strip()]()
        asked.set()
    stopped.set()
    asked.set()


def say(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


def end(how, **more):
    (folder / "ended.json").write_text(json.dumps({"how": how}))
    say(how, **more)
    sys.exit({"done": 0, "failed": 1, "stopped": 3}[how])


threading.Thread(target=listen, daemon=True).start()
say("working", pid=os.getpid(), do=job["do"])
print("a library that prints", flush=True)
if "estimate" in job["do"]:
    say("stage", what="estimate")
    say("estimate", seconds=3000.0, seconds_per_step=1.0, seconds_decoding=120.0, steps=480, epochs=60,
        device="cpu", n_parameters=3_400_000)
if "train" in job["do"]:
    say("stage", what="train")
    if how == "fails":
        end("failed", source="film9.png", cause="the loss became NaN; begin anew", kind="TrainingStopped")
    if how == "crashes":
        print("MemoryError: no more", file=sys.stderr, flush=True)
        os._exit(9)
    (folder / "split.csv").touch()
    log = folder / "log.csv"
    rows = log.read_text().splitlines() if log.is_file() else ["epoch,loss,validation_dice,iou_right lung"]
    done, epochs, an_epoch = len(rows) - 1, 6, 4
    say("begun", images=60, watched=20, held_out=20, step=done * an_epoch, steps=epochs * an_epoch,
        epoch=done, epochs=epochs, classes=["right lung"], parameters=3_400_000)
    for epoch in range(done + 1, epochs + 1):
        for place in range(1, an_epoch + 1):
            if how == "waits" and epoch == 2:
                asked.wait()  # a test that has its say is never too late
            if paused.is_set():
                say("paused")
                while paused.is_set() and not stopped.is_set():
                    time.sleep(0.01)
                say("going_on")
            if stopped.is_set():
                end("stopped", epoch=epoch - 1, what="train")
            time.sleep(10.0 if how == "hangs" and epoch == 2 else 0.01)
            step = (epoch - 1) * an_epoch + place
            say("step", step=step, steps=epochs * an_epoch, epoch=epoch, epochs=epochs, loss=1 / (1 + step),
                seconds_left=1.0)
        row = {"epoch": epoch, "loss": 1 / epoch, "validation_dice": epoch / 10, "iou_right lung": epoch / 12}
        rows.append(",".join(str(value) for value in row.values()))
        log.write_text("\\n".join(rows))
        say("epoch", **row)
    (folder / "model.safetensors").write_bytes(b"weights")
    say("trained", model=str(folder / "model.safetensors"), epochs=epochs, seconds=1.0)
if "judge" in job["do"]:
    say("stage", what="judge")
    table = [{"class": "mean", "metric": "dice", "new": 0.9, "packaged": 0.95, "difference": -0.05,
              "low": -0.07, "high": -0.02, "images": 20, "patients": 20}]
    judged = {"task": "lungs", "view": "", "images": 20, "patients": 20, "table": table, "overlays": [],
              "names": {"packaged": "lungs", "start": ""}, "learned": 0, "warnings": [], "failed": []}
    (folder / "judged.json").write_text(json.dumps(judged))
    say("judged", **judged)
end("done", model=str(folder / "model.safetensors") if "train" in job["do"] else None)
'''


@pytest.fixture(autouse=True)
def trainings(tmp_path, monkeypatch) -> Path:
    """Folder of trainings, instead of the one of whoever runs the tests."""
    from napari_tbcad.batch.trainings import state as training_state

    folder = tmp_path / "trainings"
    monkeypatch.setattr(training_state, "trainings_home", lambda: folder)
    return folder


@pytest.fixture
def child(tmp_path, monkeypatch):
    """Let a child that learns nothing stand in; return a function that says how it behaves."""
    from napari_tbcad.widgets.training.process import TrainingProcess

    script = tmp_path / "child.py"
    script.write_text(CHILD)
    monkeypatch.setattr(
        TrainingProcess, "command", lambda _, folder: [sys.executable, str(script), str(folder)]
    )
    monkeypatch.setenv("FAKE_CHILD", "")
    return lambda how: monkeypatch.setenv("FAKE_CHILD", how)


def counted(images: int, patients: int | None = None) -> SimpleNamespace:
    return SimpleNamespace(images=images, patients=images if patients is None else patients)


def survey_of(*, unreadable=(), refusals=(), warnings=()) -> SimpleNamespace:
    """Return what a survey of sixty films says."""
    roles = {"train": 60, "validation": 20, "test": 20}
    classes = [
        SimpleNamespace(
            value=value, name=name, images=roles, patients=roles, share=dict.fromkeys(roles, share)
        )
        for value, name, share in ((0, "background", 0.75), (1, "right lung", 0.13), (2, "left lung", 0.12))
    ]
    return SimpleNamespace(
        collections=(SimpleNamespace(name="films", images=100, patients=80, unreadable=len(unreadable)),),
        roles={"train": counted(60, 48), "validation": counted(20, 16), "test": counted(20, 16)},
        classes=tuple(classes),
        unreadable=tuple(unreadable),
        refusals=tuple(refusals),
        warnings=tuple(warnings),
        possible=not refusals,
        images_an_epoch=60.0,
    )


@pytest.fixture(name="survey_of")
def _survey_of():
    """Return the function that makes a survey."""
    return survey_of


@pytest.fixture
def looks(monkeypatch):
    """Let a look find what it is told, and read nothing; return a function that says what."""
    from napari_tbcad.batch.trainings.data import FoundData
    from napari_tbcad.networks.config import DataParameters, DataSource, FitParameters, TrainingConfig
    from napari_tbcad.widgets.training.looking import Look, Looked

    told: dict = {"survey": survey_of(), "error": None, "notes": (), "passed": ()}

    def find(look):
        if told["error"] is not None:
            raise told["error"]
        look.folder.mkdir(parents=True, exist_ok=True)
        look.share, look.what = 0.5, "reading film1.png (50 of 100)"
        choice = look.choice
        sources = tuple(DataSource(name=place.paths[0].name, folder=place.paths[0]) for place in choice.given)
        config = TrainingConfig(
            name=choice.name,
            task=choice.scheme,
            data=DataParameters(sources=sources),
            fit=FitParameters(epochs=60),
        )
        data = FoundData(
            choice.goal.key, choice.scheme, choice.goal.view, sources, passed_over=told["passed"]
        )
        return Looked(choice, data, config, told["survey"], told["notes"])

    def leave_out(look, looked):
        return Looked(looked.choice, looked.data, looked.config, survey_of(), looked.notes)

    monkeypatch.setattr(Look, "_find", find)
    monkeypatch.setattr(Look, "_leave_out", leave_out)
    return lambda **more: told.update(more)


@pytest.fixture
def docked(make_napari_viewer_proxy, qtbot):
    """Return a function that docks a training panel in a viewer, as napari does."""
    from napari_tbcad.widgets.training.panel import TrainingPanel

    def make(viewer=None):
        viewer = viewer or make_napari_viewer_proxy()
        panel = TrainingPanel(viewer)
        viewer.window.add_dock_widget(panel, name="Train a network")
        return viewer, panel

    return make


@pytest.fixture
def settled(qtbot):
    """Return a function that waits until a panel's session has nothing left to do."""

    def wait(panel, timeout=LONG_MS):
        qtbot.waitUntil(lambda: panel.session.settled and panel.up_to_date, timeout=timeout)

    return wait
