"""A batch panel whose child works on nothing: it only says what the real one would."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

LONG_MS = 90_000

CHILD = '''
"""Says what batch.runs.child says, and computes nothing."""
import json, os, pathlib, sys, threading, time

folder = pathlib.Path(sys.argv[1])
job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
how = os.environ.get("FAKE_CHILD", "")
number = int(os.environ.get("FAKE_NUMBER", "12"))
stopped = threading.Event()
(folder / "ended.json").unlink(missing_ok=True)
kept_file = folder / "kept.json"
known = json.loads(kept_file.read_text()) if kept_file.exists() else {}


def listen():
    for line in sys.stdin:
        if line.strip() == "stop":
            stopped.set()
    stopped.set()


def say(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


def end(said, **more):
    kept_file.write_text(json.dumps(known))
    failed = sum(state == "failed" for state in known.values())
    counts = {"done": len(known) - failed, "failed": failed, "total": number}
    (folder / "counts.json").write_text(json.dumps(counts))
    (folder / "ended.json").write_text(json.dumps({"how": said, **more}))
    say(said, **more)
    sys.exit({"done": 0, "failed": 1, "stopped": 3}[said])


threading.Thread(target=listen, daemon=True).start()
say("working", pid=os.getpid(), do=job["do"])
if how == "looks long" and "look" in job["do"]:
    say("stage", what="look")
    stopped.wait()
if how == "unreadable":
    end("failed", source=job["inputs"][0], cause="no film found", what="look", kind="BadInput")
lines = [[f"film{n:02d}", [f"{job['inputs'][0]}/film{n:02d}.png"], "the file is empty" if n == 3 else ""]
         for n in range(number)]
say("stage", what=job["do"][0])
for first in range(0, number, 400):
    say("studies", first=first, total=number, lines=lines[first:first + 400])
if "look" in job["do"]:
    workflow = job["workflow"] or os.environ.get("FAKE_WORKFLOW", "chest")
    say("found", workflow=workflow, studies=number, faulty=1, kinds={"PNG": number - 1}, passed_over=2,
        passed_over_first=["notes.txt", "mask.png"], notes=[])
if "run" in job["do"]:
    if known:
        say("say", text=f"{len(known)} results there are kept")
    for n in range(number):
        before = known.get(str(n))
        if before == "done" or (job["again"] == "failed" and before != "failed"):
            if before:
                say("rows", changes=[[n, "kept", 1.0, "not_suspect", 0.2, ""]], left=None)
            continue
        say("rows", changes=[[n, "working", None, "", None, ""]], left=3.0 * (number - n))
        if how.startswith("waits") and n == 5:
            stopped.wait()
        if how == "waits long" and n == 5:  # as one that ends its study, and holds its folder meanwhile
            from filelock import FileLock

            with FileLock(folder / ".lock"):
                while not (folder / "let it end").exists():
                    time.sleep(0.05)
            os._exit(3)
        if how == "crashes" and n == 4:
            print("MemoryError: no more", file=sys.stderr, flush=True)
            kept_file.write_text(json.dumps(known))
            os._exit(9)
        if stopped.is_set():
            end("stopped", what="run")
        if n == 3 and how != "mended":
            change = [n, "failed", 0.1, "", None, "film03.png: the file is empty"]
        elif n % 4 == 0:
            change = [n, "done", 2.0 + n, "tb_suspect", 0.9, ""]
        else:
            change = [n, "done", 2.0 + n, "not_suspect", 0.1 + n / 100, "a warning"]
        known[str(n)] = change[1]
        say("rows", changes=[change], left=3.0 * (number - n))
        say("progress", what="run", share=(n + 1) / number, text="")
end("done", what="run")
'''


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    """Folder of batches, instead of the one of whoever runs the tests."""
    from napari_tbcad.batch.runs import window_jobs

    folder = tmp_path / "batches"
    monkeypatch.setattr(window_jobs, "batches_home", lambda: folder)
    return folder


@pytest.fixture
def child(tmp_path, monkeypatch):
    """Let a child that computes nothing stand in; return a function that says how it behaves."""
    from napari_tbcad.widgets.batch.process import BatchProcess

    script = tmp_path / "child.py"
    script.write_text(CHILD)
    command = [sys.executable, str(script)]
    monkeypatch.setattr(BatchProcess, "command", lambda _, folder: [*command, str(folder)])

    def behave(how: str = "", **more: str) -> None:
        monkeypatch.setenv("FAKE_CHILD", how)
        for name, value in more.items():
            monkeypatch.setenv(f"FAKE_{name.upper()}", value)

    behave()
    return behave


@pytest.fixture
def docked(make_napari_viewer_proxy, monkeypatch, quick_settings, tiny_model):
    """Return a function that docks a batch panel in a viewer, as napari does."""
    from napari_tbcad.chest.classify import packaged
    from napari_tbcad.widgets.batch.panel import BatchPanel
    from napari_tbcad.widgets.chest import shelf

    monkeypatch.setattr(shelf, "packaged", lambda: tiny_model)
    monkeypatch.setattr(shelf.ModelShelf, "settings", lambda self, base=None: base or quick_settings)
    monkeypatch.setattr(packaged, "find_model", lambda name: tiny_model)

    def make(viewer=None):
        viewer = viewer or make_napari_viewer_proxy()
        panel = BatchPanel(viewer)
        viewer.window.add_dock_widget(panel, name="Batch")
        return viewer, panel

    return make


@pytest.fixture
def settled(qtbot):
    """Return a function that waits until a panel's session has nothing left to do."""

    def wait(panel, timeout=LONG_MS):
        qtbot.waitUntil(lambda: panel.session.settled and panel.up_to_date, timeout=timeout)

    return wait


@pytest.fixture
def looked(docked, settled, child, tmp_path, qtbot):
    """Return a function that docks a panel whose inputs were looked at, with the forms of step 2."""
    films = tmp_path / "films"
    films.mkdir()

    def make(viewer=None):
        viewer, panel = docked(viewer)
        panel.take_files([films])
        qtbot.waitUntil(
            lambda: panel.session.found is not None or bool(panel.session.look_problem), timeout=LONG_MS
        )
        qtbot.waitUntil(lambda: panel.choice.chain is not None, timeout=LONG_MS)
        settled(panel)
        return viewer, panel

    return make


@pytest.fixture
def job_of():
    """Return a function that reads what a folder is to do."""
    return lambda folder: json.loads((folder / "job.json").read_text(encoding="utf-8"))
