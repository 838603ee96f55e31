"""What a child process does for a session: one thing at a time, and how far it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar

from qtpy.QtCore import QObject, Signal

from napari_tbcad.widgets.child_process import ChildProcess


class Phase(Enum):
    """What the child does."""

    IDLE = "idle"
    LOOKING = "looking"
    ESTIMATING = "estimating"
    TRAINING = "training"
    EVALUATING = "evaluating"
    PAUSING = "pausing"
    PAUSED = "paused"
    STOPPING = "stopping"
    JUDGING = "judging"
    RUNNING = "running"


LIGHT = (Phase.LOOKING, Phase.ESTIMATING)
"""What gives way to anything else."""


class ChildWork(QObject):
    """The process of a session, as phases.

    Parameters
    ----------
    process : ChildProcess
        The process itself.
    parent : QObject, optional
        Qt parent.

    Attributes
    ----------
    changed : Signal
        The phase is another one.
    said : Signal(object)
        Every event, as a dict; one that was stopped and ended without a word is told as stopped.
    died : Signal(str)
        It ended by itself without a word: why, as far as that is known.
    ended : Signal(bool)
        It is gone, and nothing else is wanted of it; whether it only looked or estimated.
    phases : mapping of str to Phase
        What it does while it is at a step of the job.
    phase : Phase
        What it does.
    stage : str
        The step that it is at.
    share : float or None
        How much of it is done; None while that is not known.
    text : str
        What it is at, more closely.
    """

    changed = Signal()
    said = Signal(object)
    died = Signal(str)
    ended = Signal(bool)
    phases: ClassVar[Mapping[str, Phase]] = {}

    def __init__(self, process: ChildProcess, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.process = process
        process.setParent(self)
        self.process.said.connect(self._take)
        self.process.ended.connect(self._end)
        self.phase = Phase.IDLE
        self.stage = self.text = ""
        self.share: float | None = None
        self._wanted: tuple[Path, tuple[str, ...]] | None = None
        self._settled = self._dropped = False
        self._after: list[Callable[[], object]] = []

    @property
    def busy(self) -> bool:
        """Whether it does what does not give way."""
        return self.phase is not Phase.IDLE and self.phase not in LIGHT

    @property
    def settled(self) -> bool:
        """Whether nothing is under way, or wanted."""
        return self.phase is Phase.IDLE and self._wanted is None

    def run(self, folder: Path, do: Sequence[str]) -> None:
        """Have it do what the folder says, whose first step is the first of `do`."""
        self._wanted = (folder, tuple(do))
        if self.process.running:
            self.drop_estimate()  # what is wanted begins when it is gone
        else:
            self._start()

    def drop_estimate(self) -> None:
        """End a look or an estimate; anything else goes on."""
        if self.phase in LIGHT:
            self._dropped = True
            self.process.kill()

    def forget_wanted(self) -> None:
        """End a look or an estimate, and begin nothing after it."""
        self._wanted = None
        self.drop_estimate()

    def after(self, do: Callable[[], object]) -> None:
        """Do something as soon as no process runs: Windows deletes no folder that one works in."""
        self._after.append(do)
        if not self.process.running:
            self._do_after()

    def stop(self) -> None:
        """Stop after the step under way."""
        if self.busy:
            self.process.stop()
            self._set(Phase.STOPPING)

    def close(self) -> None:
        """Let it end: the window goes. Of a look or an estimate nothing is worth waiting for."""
        self._dropped = self.phase in LIGHT
        self.process.close(at_once=self._dropped)
        self._wanted, self.phase = None, Phase.IDLE
        self._do_after()

    # -- inside ---------------------------------------------------------------------------------------

    def _start(self) -> None:
        assert self._wanted is not None
        (folder, do), self._wanted = self._wanted, None
        self.stage, self.share, self.text = do[0], None, ""
        self._settled = self._dropped = False
        # Before the start: one that fails at once is over when `start` returns.
        self._set(self.phases[do[0]])
        self.process.start(folder)

    def _take(self, event: Mapping[str, Any]) -> None:
        kind = event["event"]
        if kind in ("done", "stopped", "failed"):
            self._settled = True
        else:
            self._take_progress(kind, event)
        self.said.emit(event)

    def _take_progress(self, kind: str, event: Mapping[str, Any]) -> None:
        if kind == "stage":
            self.stage, self.share, self.text = str(event.get("what", "")), None, ""
            phase = self.phases.get(self.stage, self.phase)
            # A wish that is on its way holds; what does not give way never turns into what does.
            holds = self.phase in (phase, Phase.PAUSING, Phase.PAUSED, Phase.STOPPING)
            if not holds and (self.phase in LIGHT or phase not in LIGHT):
                self._set(phase)
        elif kind == "progress":
            self.share, self.text = float(event.get("share") or 0.0), str(event.get("text", ""))

    def _do_after(self) -> None:
        after, self._after = self._after, []
        for do in after:
            do()

    def _end(self, code: int) -> None:
        self._do_after()
        light, stopping = self.phase in LIGHT, self.phase is Phase.STOPPING
        if self._wanted is not None:
            self._start()
            return
        if not self._settled and stopping:
            self._take({"event": "stopped", "what": self.stage})
        elif not self._settled and not self._dropped:
            why = "it crashed or was killed, as when memory runs out" if code < 0 else f"exit code {code}"
            self.died.emit(self.process.complaint or why)
        self.phase, self.share = Phase.IDLE, None
        self.ended.emit(light)

    def _set(self, phase: Phase) -> None:
        self.phase = phase
        self.changed.emit()
