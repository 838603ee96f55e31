"""A child that ends without a word is told of, whatever it did; one that was sent away is not."""

from __future__ import annotations

import sys
from typing import ClassVar

import pytest

from napari_tbcad.widgets.child_process import ChildProcess
from napari_tbcad.widgets.child_session import ChildSession
from napari_tbcad.widgets.child_work import ChildWork, Phase

pytestmark = pytest.mark.gui
LONG_MS = 20_000
NO_PROGRAM = ("no such program",)
CRASHES = (sys.executable, "-c", "import os; os.abort()")
WAITS = (sys.executable, "-c", "import sys; sys.stdin.read()")


class Process(ChildProcess):
    """Runs what a test says."""

    does: tuple[str, ...] = WAITS

    def command(self, folder):
        return list(self.does)


class Work(ChildWork):
    """Looks or runs."""

    phases: ClassVar = {"look": Phase.LOOKING, "run": Phase.RUNNING}


class Session(ChildSession):
    """Keeps what it is told."""

    thing = "batch"

    def __init__(self, viewer):
        super().__init__(viewer)
        self.told = []

    def make_child(self):
        return Work(Process(), self)

    def take(self, event, *, light):
        self.told.append((light, event))

    def ended(self, folder):
        self.told.append("ended")

    def begin(self, folder, do):
        if do == "run":
            self._runs = folder
        self.child.run(folder, (do,))


class Viewer:
    """Only referred to."""


@pytest.fixture
def session():
    made = Session(Viewer())
    yield made
    made.child.close()


@pytest.mark.parametrize("does", [NO_PROGRAM, CRASHES], ids=["cannot start", "crashes"])
@pytest.mark.parametrize("do", ["look", "run"])
def test_a_child_that_ends_without_a_word_is_told_of(session, qtbot, tmp_path, do, does):
    session.child.process.does = does
    phases = []
    session.child.changed.connect(lambda: phases.append(session.child.phase))
    session.begin(tmp_path, do)
    qtbot.waitUntil(lambda: session.child.settled and bool(session.told), timeout=LONG_MS)
    assert not session.busy
    light, event = session.told[0]
    assert (light, event["event"], event["what"]) == (do == "look", "failed", do)
    assert "its process ended by itself" in event["cause"]
    assert event["cause"].endswith("; try it again" if light else "; go on from what was kept")
    assert session.told[1:] == ([] if light else ["ended"])
    assert phases == [Work.phases[do]]


def test_a_child_that_fails_within_its_start_is_over(session, qtbot, tmp_path):
    """As where its folder is gone: that is told before the start returns."""
    session.begin(tmp_path / "gone", "run")
    qtbot.waitUntil(lambda: not session.child.process.running, timeout=LONG_MS)
    assert session.child.phase is Phase.IDLE
    assert not session.busy
    assert [told[1]["event"] for told in session.told[:1]] == ["failed"]


def test_a_look_that_was_sent_away_says_nothing_and_the_next_one_that_dies_does(session, qtbot, tmp_path):
    child = session.child
    child.run(tmp_path, ("look",))
    child.forget_wanted()
    qtbot.waitUntil(lambda: child.settled, timeout=LONG_MS)
    assert session.told == []
    # The next one gives way to one that dies.
    child.run(tmp_path, ("look",))
    child.process.does = CRASHES
    child.run(tmp_path, ("look",))
    qtbot.waitUntil(lambda: child.settled and bool(session.told), timeout=LONG_MS)
    assert len(session.told) == 1


def test_what_is_to_be_done_once_it_is_gone_is_done_then(session, qtbot, tmp_path):
    """Windows deletes no folder that a process works in; what is killed lives on for a moment."""
    child, done = session.child, []

    def do():
        done.append(child.process.running)

    child.after(do)
    assert done == [False]
    (tmp_path / "next").mkdir()
    child.run(tmp_path, ("look",))
    child.forget_wanted()
    child.after(do)
    child.run(tmp_path / "next", ("look",))
    assert done == [False]
    qtbot.waitUntil(lambda: len(done) == 2, timeout=LONG_MS)
    assert done[1] is False
    qtbot.waitUntil(lambda: child.process.running, timeout=LONG_MS)
    child.after(do)
    child.close()
    assert done == [False] * 3
