"""What the child does for a session: estimate, train or judge, one at a time, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_tbcad.widgets.training.process import TrainingProcess

if TYPE_CHECKING:
    from napari_tbcad.batch.trainings.state import Doing


class Phase(Enum):
    """What the child does."""

    IDLE = "idle"
    ESTIMATING = "estimating"
    TRAINING = "training"
    PAUSING = "pausing"
    PAUSED = "paused"
    STOPPING = "stopping"
    JUDGING = "judging"


_PHASES = {"estimate": Phase.ESTIMATING, "judge": Phase.JUDGING}


class Child(QObject):
    """The process of a session, as phases.

    Parameters
    ----------
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
        It is gone, and nothing else is wanted of it; whether it only estimated.
    process : TrainingProcess
        The process itself.
    phase : Phase
        What it does.
    stage : str
        What it is at: ``survey``, ``estimate``, ``train``, ``judge``.
    share : float or None
        How much of it is done; None while that is not known.
    text : str
        What it is at, more closely.
    """

    changed = Signal()
    said = Signal(object)
    died = Signal(str)
    ended = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.process = TrainingProcess(self)
        self.process.said.connect(self._take)
        self.process.ended.connect(self._end)
        self.phase = Phase.IDLE
        self.stage = self.text = ""
        self.share: float | None = None
        self._wanted: tuple[Path, tuple[Doing, ...]] | None = None
        self._settled = False

    @property
    def busy(self) -> bool:
        """Whether a training or a judgement is under way; an estimate gives way to them."""
        return self.phase not in (Phase.IDLE, Phase.ESTIMATING)

    @property
    def settled(self) -> bool:
        """Whether nothing is under way, or wanted."""
        return self.phase is Phase.IDLE and self._wanted is None

    def run(self, folder: Path, do: tuple[Doing, ...]) -> None:
        """Have it do what the folder says, whose first step is the first of `do`."""
        self._wanted = (folder, do)
        if self.process.running:
            self.drop_estimate()  # what is wanted begins when it is gone
        else:
            self._start()

    def drop_estimate(self) -> None:
        """End an estimate; anything else goes on."""
        if self.phase is Phase.ESTIMATING:
            self.process.kill()

    def pause(self) -> None:
        """Let a training wait after its step."""
        if self.phase is Phase.TRAINING:
            self.process.pause()
            self._set(Phase.PAUSING)

    def go_on(self) -> None:
        """Let a training that waits go on."""
        if self.phase in (Phase.PAUSED, Phase.PAUSING):
            self.process.go_on()
            self._set(Phase.TRAINING)

    def stop(self) -> None:
        """Stop a training or a judgement after the step under way."""
        if self.busy:
            self.process.stop()
            self._set(Phase.STOPPING)

    def close(self) -> None:
        """End it: the window goes."""
        self.process.close()
        self._wanted, self.phase = None, Phase.IDLE

    # -- inside ---------------------------------------------------------------------------------------

    def _start(self) -> None:
        assert self._wanted is not None
        (folder, do), self._wanted = self._wanted, None
        self.stage, self.share, self.text = do[0], None, ""
        self._settled = False
        self.process.start(folder)
        self._set(_PHASES.get(do[0], Phase.TRAINING))

    def _take(self, event: Mapping[str, Any]) -> None:
        kind = event["event"]
        if kind in ("done", "stopped", "failed"):
            self._settled = True
        elif kind == "paused" and self.phase is Phase.PAUSING:
            self._set(Phase.PAUSED)
        else:
            self._take_progress(kind, event)
        self.said.emit(event)

    def _take_progress(self, kind: str, event: Mapping[str, Any]) -> None:
        if kind == "stage":
            self.stage, self.share, self.text = str(event.get("what", "")), None, ""
            if self.stage == "judge" and self.phase is not Phase.STOPPING:
                self._set(Phase.JUDGING)
        elif kind == "progress":
            self.share, self.text = float(event.get("share") or 0.0), str(event.get("text", ""))
        elif kind == "decoding":
            self.share, self.text = event["done"] / max(1, event["of"]), "reading the images"
        elif kind == "step":
            self.share, self.text = event["step"] / max(1, event["steps"]), ""

    def _end(self, code: int) -> None:
        estimated, stopping = self.phase is Phase.ESTIMATING, self.phase is Phase.STOPPING
        if self._wanted is not None:
            self._start()
            return
        if not self._settled and stopping:
            self._take({"event": "stopped", "what": self.stage})
        elif not self._settled and not (estimated and code == -1):
            why = "killed, or out of memory" if code < 0 else f"exit code {code}"
            self.died.emit(self.process.complaint or why)
        self.phase, self.share = Phase.IDLE, None
        self.ended.emit(estimated)

    def _set(self, phase: Phase) -> None:
        self.phase = phase
        self.changed.emit()
