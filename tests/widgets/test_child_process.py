"""A window that closes waits for no child; the child outlives it by no more than its step."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from napari_tbcad.widgets.child_process import ChildProcess, _Ending

pytestmark = pytest.mark.gui
LONG_MS = 90_000
CHILD = """
import os, pathlib, sys, time
from napari_tbcad.batch.child import channel as at

folder, seconds, at.GRACE = pathlib.Path(sys.argv[1]), float(sys.argv[2]), 2.0
with at.opened(folder / "job.log", alone=False) as channel:
    (folder / "pid").write_text(str(os.getpid()))
    channel.tell({"event": "working"})
    while not channel.stopped():
        channel.say("x" * 1000)  # more than a pipe holds: somebody must read it, or be gone
        time.sleep(0.001)
    end = time.monotonic() + seconds  # the study under way
    while time.monotonic() < end:
        time.sleep(0.05)
    (folder / "whole").touch()
"""
WINDOW = """
import sys, time
from pathlib import Path
from qtpy.QtCore import QCoreApplication
from napari_tbcad.widgets.child_process import ChildProcess

class Process(ChildProcess):
    def command(self, folder):
        return [sys.executable, str(folder / "child.py"), str(folder), sys.argv[2]]

app = QCoreApplication([])
folder, process = Path(sys.argv[1]), Process()
process.start(folder)
while not (folder / "pid").exists():
    app.processEvents()
    time.sleep(0.01)
print("begun", flush=True)
if sys.argv[3] == "waits":
    time.sleep(100)
if sys.argv[3] == "closed":
    process.close()
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "child.py").write_text(CHILD)
    return tmp_path


class Process(ChildProcess):
    """Runs for some seconds after it was told to stop."""

    seconds = 1.0

    def command(self, folder: Path) -> list[str]:
        return [sys.executable, str(folder / "child.py"), str(folder), str(self.seconds)]


def lives(folder: Path) -> bool:
    try:
        os.kill(int((folder / "pid").read_text()), 0)
    except ProcessLookupError:
        return False
    stat = Path("/proc", (folder / "pid").read_text(), "stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize(("seconds", "whole"), [(1.0, True), (60.0, False)])
def test_a_closed_window_waits_for_no_child_which_ends_its_step_soon(folder, qtbot, seconds, whole):
    process = Process()
    process.seconds = seconds
    said = []
    process.said.connect(said.append)
    process.start(folder)
    qtbot.waitUntil(lambda: len(said) > 1, timeout=LONG_MS)
    process.close()
    assert not process.running
    assert lives(folder)
    process.deleteLater()  # as its session
    del process
    heard = len(said)
    qtbot.waitUntil(lambda: not _Ending.under_way, timeout=LONG_MS)
    assert not lives(folder)
    assert (folder / "whole").exists() == whole
    assert len(said) == heard


def test_what_nothing_is_kept_of_is_killed(folder, qtbot):
    process = Process()
    process.start(folder)
    qtbot.waitUntil((folder / "pid").exists, timeout=LONG_MS)
    process.close(at_once=True)
    qtbot.waitUntil(lambda: not lives(folder) and not _Ending.under_way, timeout=LONG_MS)
    assert not (folder / "whole").exists()


def test_a_child_that_has_ended_or_never_began_can_be_closed(folder, qtbot, monkeypatch):
    process = Process()
    process.close()
    monkeypatch.setattr(Process, "command", lambda self, folder: [str(folder / "no such program")])
    process.start(folder)
    process.close()
    qtbot.waitUntil(lambda: not _Ending.under_way, timeout=LONG_MS)


@pytest.mark.parametrize("end", ["closed", "left", "waits"])
@pytest.mark.parametrize(("seconds", "whole"), [("0.5", True), ("60", False)])
def test_no_child_stays_behind_when_the_program_is_gone(folder, end, seconds, whole):
    """Closed in order, ended with the child at work, or killed."""
    command = [sys.executable, "-c", WINDOW, str(folder), seconds, end]
    window = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert window.stdout is not None
    assert window.stdout.readline() == "begun\n"
    if end == "waits":
        window.kill()
    _, complaints = window.communicate(timeout=60)
    assert "QProcess" not in complaints
    gone = time.monotonic()
    while lives(folder) and time.monotonic() - gone < 30:
        time.sleep(0.05)
    assert not lives(folder)
    assert (folder / "whole").exists() == whole
