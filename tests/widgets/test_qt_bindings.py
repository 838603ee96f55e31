"""What must hold whichever Qt binding napari runs on; `make test-pyside` runs these with the other one."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QLabel

from napari_tbcad.widgets.work import start_call

pytestmark = pytest.mark.gui


class Taker(QLabel):
    """Writes into itself what it is given, which fails once Qt has deleted it."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def take(self, result):
        self.calls += 1
        self.setText(str(result))


class Teller(QObject):
    told = Signal(object)
    path = Signal(Path)


def start(taker, *, fails=False):
    """Start a call that waits to be let go; return what lets it go, and what it was handed to."""
    go, went = threading.Event(), threading.Event()

    def work():
        go.wait(10)
        went.set()
        if fails:
            raise ValueError("no")
        return "a result"

    start_call(work, on_result=taker.take, on_error=taker.take)
    return go, went


@pytest.mark.parametrize("fails", [False, True])
def test_a_result_reaches_a_living_widget_and_no_other(qtbot, fails):
    alive, deleted = Taker(), Taker()
    qtbot.addWidget(alive)
    calls = [start(taker, fails=fails) for taker in (deleted, alive)]
    with qtbot.waitSignal(deleted.destroyed):
        deleted.deleteLater()
    with qtbot.captureExceptions() as raised:
        for go, _ in calls:
            go.set()
        qtbot.waitUntil(lambda: alive.calls == 1, timeout=5_000)
        qtbot.wait(50)
    assert all(went.is_set() for _, went in calls)
    assert alive.text() == ("no" if fails else "a result")
    assert deleted.calls == 0
    assert raised == []


def test_a_widget_that_python_let_go_takes_nothing(qtbot):
    taker = Taker()
    go, went = start(taker)
    del taker
    with qtbot.captureExceptions() as raised:
        go.set()
        qtbot.waitUntil(went.is_set, timeout=5_000)
        qtbot.wait(50)
    assert raised == []


def test_signals_carry_python_objects_unchanged(qtbot):
    teller, got = Teller(), []
    teller.told.connect(got.append)
    teller.path.connect(got.append)
    sent = [{"a": (1, None)}, (Path("a"), "b"), 2**70, Path("film 1.png")]
    for thing in sent[:3]:
        teller.told.emit(thing)
    teller.path.emit(sent[3])
    assert got == sent
    assert [type(thing) for thing in got] == [type(thing) for thing in sent]


_SESSION = """
import time
import napari
from qtpy.QtWidgets import QApplication
from napari_tbcad.widgets.chest import shelf
from napari_tbcad.widgets.chest.panel import ChestPanel
from napari_tbcad.widgets.work import start_call

shelf.packaged = lambda: time.sleep(1.5)
viewer = napari.Viewer(show=False)
panel = ChestPanel(viewer)
viewer.window.add_dock_widget(panel, name="Chest X-ray")
start_call(lambda: time.sleep(1.5) or 1, on_result=panel.open_sample, on_error=panel.open_sample)
QApplication.processEvents()
{end}
print("through", flush=True)
"""


@pytest.mark.parametrize("end", ["viewer.close()", "pass"], ids=["closed", "left open"])
def test_the_program_ends_cleanly_while_workers_work(end, tmp_path):
    environment = os.environ | {"NAPARI_CONFIG": "", "XDG_DATA_HOME": str(tmp_path)}
    command = [sys.executable, "-c", _SESSION.format(end=end)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert "through" in done.stdout, done.stderr[-2000:]
    assert done.returncode == 0, done.stderr[-2000:]
    for complaint in ("Traceback", "deleted", "RuntimeError"):
        assert complaint not in done.stderr
