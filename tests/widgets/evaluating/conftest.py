"""A panel without a real evaluation: made-up numbers in a real folder, and a child that only says things."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

LONG_MS = 90_000
"""A machine that has much else to do takes its time; nobody waits that long for what works."""

CHILD = '''
"""Says what batch.evaluating.job says, and evaluates nothing."""
import json, os, pathlib, shutil, sys, threading, time

folder = pathlib.Path(sys.argv[1])
job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
how = os.environ.get("FAKE_CHILD", "")
stopped = threading.Event()
(folder / "ended.json").unlink(missing_ok=True)


def listen():
    for line in sys.stdin:
        if line.strip() == "stop":
            stopped.set()
    stopped.set()


def say(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


def end(how, **more):
    (folder / "ended.json").write_text(json.dumps({"how": how, **more}))
    say(how, **more)
    sys.exit({"done": 0, "failed": 1, "stopped": 3}[how])


threading.Thread(target=listen, daemon=True).start()
say("working", pid=os.getpid(), do=job["do"])
if "survey" in job["do"]:
    say("stage", what="survey")
    if how == "unreadable":
        end("failed", source=job["path"], cause="no such folder", what="survey", kind="BadInput")
    one = {"role": "both", "name": "films", "path": job["path"], "listed": 26, "films": 24, "tb": 12,
           "patients": 20, "terms": "", "sources": [{"name": "A", "tb": 6, "normal": 6},
                                                    {"name": "B", "tb": 6, "normal": 6}]}
    say("found", sets=[one], films=24, tb=12, normal=12, patients=20, references=3, left_out=2,
        left_out_first=[["x/a.png", "a.png: the file is empty", "unreadable"],
                        ["b.png", "no label", "label"]],
        duplicates=1, duplicates_first=[["c.png", "d.png", "one patient's"]],
        problems=["films: every film has the label 1; both 0 and 1 are needed"] if how == "one class" else [],
        notes=["2 films are left out"])
if "estimate" in job["do"] and how != "one class":
    say("stage", what="estimate")
    say("estimate", seconds=300.0 * len(job["config"]["segmenters"]))
if "evaluate" in job["do"]:
    say("stage", what="evaluate")
    say("say", text="24 films, 12 with tuberculosis")
    for film in range(1, 25):
        say("progress", what="evaluate", share=film / 30, text=f"film {film} of 24")
        if how == "waits" and film == 12:
            stopped.wait()
        if how == "crashes" and film == 3:
            print("MemoryError: no more", file=sys.stderr, flush=True)
            os._exit(9)
        if stopped.is_set():
            end("stopped", what="evaluate")
    for path in pathlib.Path(os.environ["FAKE_RESULTS"]).iterdir():
        copy = shutil.copytree if path.is_dir() else shutil.copy
        copy(path, folder / path.name)
end("done", what="evaluate")
'''


@pytest.fixture(autouse=True)
def evaluations(tmp_path, monkeypatch) -> Path:
    """Folder of evaluations, instead of the one of whoever runs the tests."""
    from napari_tbcad.batch.evaluating import jobs

    folder = tmp_path / "evaluations"
    monkeypatch.setattr(jobs, "evaluations_home", lambda: folder)
    return folder


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Path:
    """The folder of an evaluation of two classifiers on made-up numbers of 24 films, with its tables."""
    from dataclasses import replace

    from napari_tbcad.evaluate.evaluation import evaluate_table
    from napari_tbcad.evaluate.folds import stratified_folds
    from napari_tbcad.evaluate.tables import write_tables

    generator = np.random.default_rng(1)
    labels = np.arange(24) % 2
    names = [f"firstorder_{name}" for name in ("mean", "variance", "skewness", "kurtosis")]
    values = generator.standard_normal((24, 4)) + labels[:, None]
    table = pd.DataFrame(values, columns=names, index=[f"films/film{n:02d}.png" for n in range(24)])
    evaluation = evaluate_table(
        table,
        labels,
        splits=stratified_folds(labels, 3),
        methods=("single_nb", "single_svm"),
        variant={"segmenter": "otsu", "feature_set": "chandra113", "definition": "ibsi"},
        sources=np.where(np.arange(24) < 12, "A", "B"),
        n_bootstrap=50,
    )
    control = {"auc": 0.9, "low": 0.8, "high": 1.0, "warning": "outside knows it", "level": "red"}
    variant = {"segmenter": "otsu", "feature_set": "chandra113", "definition": "ibsi"}
    curve = [
        {"method": "single_nb", "n": n, "n_tb": n // 2, "repeat": 1, "auc": auc, "low": 0.5, "high": 1.0}
        | {"control_auc": 0.5, "to_full": 0.1, "to_full_low": -0.1, "to_full_high": 0.2}
        for n, auc in ((4, 0.6), (8, 0.7), (16, 0.8))
    ]
    about = {
        "title": "films, 3-fold",
        "design": "3-fold",
        "data": [{"role": "both", "name": "films"}],
        "verdict": {"level": "red", "text": "This score can be had without looking at the lungs."},
        "notes": ["each film counts as a patient of its own"],
    }
    folder = tmp_path_factory.mktemp("made") / "evaluation"
    controls = pd.DataFrame([{"control": "outside_lungs"} | control | variant])
    write_tables(
        replace(evaluation, controls=controls, learning_curve=pd.DataFrame(curve), about=about), folder
    )
    (folder / "report.html").write_text("<html></html>")
    return folder


@pytest.fixture
def opened(made, tmp_path, samples, tiny_model) -> Path:
    """An evaluation that is finished, with films that are there and the models of its folds."""
    from napari_tbcad.chest.classify.store import save_model

    folder = tmp_path / "an evaluation"
    shutil.copytree(made, folder)
    (folder / "models").mkdir()
    for fold in (1, 2, 3):
        save_model(tiny_model, folder / "models" / f"single_nb_{fold}.skops")
    films = tmp_path / "data" / "films"
    films.mkdir(parents=True)
    source = sorted(samples.glob("*.png"))[0]
    for number in range(3):
        shutil.copy(source, films / f"film{number:02d}.png")
    (folder / "work").mkdir()
    rows = [f"films/film{n:02d}.png,{films / f'film{n:02d}.png'},both" for n in range(24)]
    (folder / "work" / "films.csv").write_text("\n".join(["file,path,role", *rows]), encoding="utf-8")
    return folder


@pytest.fixture
def child(tmp_path, monkeypatch, made):
    """Let a child that evaluates nothing stand in; return a function that says how it behaves."""
    from napari_tbcad.widgets.evaluating.process import EvaluationProcess

    script = tmp_path / "child.py"
    script.write_text(CHILD)
    command = [sys.executable, str(script)]
    monkeypatch.setattr(EvaluationProcess, "command", lambda _, folder: [*command, str(folder)])
    monkeypatch.setenv("FAKE_CHILD", "")
    monkeypatch.setenv("FAKE_RESULTS", str(made))
    return lambda how: monkeypatch.setenv("FAKE_CHILD", how)


@pytest.fixture
def docked(make_napari_viewer_proxy, monkeypatch, quick_settings, tiny_model):
    """Return a function that docks an evaluation panel in a viewer, as napari does."""
    from napari_tbcad.widgets.chest import shelf
    from napari_tbcad.widgets.evaluating.panel import EvaluatingPanel

    monkeypatch.setattr(shelf, "packaged", lambda: tiny_model)
    monkeypatch.setattr(shelf.ModelShelf, "settings", lambda self, base=None: base or quick_settings)

    def make(viewer=None):
        viewer = viewer or make_napari_viewer_proxy()
        panel = EvaluatingPanel(viewer)
        viewer.window.add_dock_widget(panel, name="Evaluate")
        return viewer, panel

    return make


@pytest.fixture
def settled(qtbot):
    """Return a function that waits until a panel's session has nothing left to do."""

    def wait(panel, timeout=LONG_MS):
        qtbot.waitUntil(lambda: panel.session.settled and panel.up_to_date, timeout=timeout)

    return wait


def job_of(folder: Path) -> dict:
    """Return what the folder of an evaluation is to do."""
    return json.loads((folder / "job.json").read_text(encoding="utf-8"))


@pytest.fixture(name="job_of")
def _job_of():
    """Return the function that reads a job."""
    return job_of
