"""How far a training is: stage, epoch, step, time left, device; whether it waits, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_tbcad.durations import in_words, left_in_words
from napari_tbcad.widgets.parts.progress_line import ProgressLine
from napari_tbcad.widgets.parts.quiet import QuietLabel, breakable
from napari_tbcad.widgets.parts.step import AMBER, BLUE, GREEN, RED
from napari_tbcad.widgets.parts.time_left import TimeLeft
from napari_tbcad.widgets.training.curve_data import number

STAGES = {
    "find": "Finding the images",
    "plan": "Planning",
    "survey": "Looking at the images",
    "estimate": "Measuring how long a step takes",
    "train": "Training",
    "judge": "Comparing on held-out images",
}
"""What the stages of a job are called."""
DEVICES = {"cpu": "processor", "cuda": "graphics card (cuda)", "mps": "graphics card (mps)"}
_COLOURS = {"paused": AMBER, "stopped": AMBER, "failed": RED, "done": GREEN}
_TICK_MS = 1000
_BAND = "border-left: 4px solid {}; padding: 4px 6px;"


class Progress(QWidget):
    """Shows the events of a training's process; see :mod:`napari_tbcad.batch.trainings.job`.

    Parameters
    ----------
    parent : QWidget, optional
        Qt parent.

    Attributes
    ----------
    state : str
        ``""``, ``"running"``, ``"paused"``, ``"done"``, ``"stopped"`` or ``"failed"``.
    time : TimeLeft
        Time left, and time spent.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.time = TimeLeft()
        self.band = QLabel()
        self.band.setWordWrap(True)
        self.band.setTextFormat(Qt.TextFormat.PlainText)
        self.band.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.stage = QLabel()
        self.stage.setStyleSheet("font-weight: bold; padding: 0;")
        self.where = QuietLabel(quiet=False)
        self.bar = ProgressLine(height=8)
        self.bar.setToolTip("Share of the steps that are done.")
        self.bar.setAccessibleName("Share of the steps done")
        self.times = QuietLabel()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        for widget in (self.band, self.stage, self.where, self.bar, self.times):
            column.addWidget(widget)
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._show_times)
        self._takes = {
            "stage": self._on_stage,
            "begun": self._on_begun,
            "decoding": self._on_decoding,
            "progress": self._on_progress,
            "estimate": self._on_estimate,
            "step": self._on_step,
            "watching": self._on_watching,
            "paused": self._on_paused,
            "going_on": self._on_going_on,
            "trained": self._on_trained,
            "done": self._on_done,
            "stopped": self._on_stopped,
            "failed": self._on_failed,
        }
        self.clear()

    def clear(self) -> None:
        """Forget the training before."""
        self.time.clear()
        self.state = self._device = self._done = ""
        self._epoch = self._epochs = 0
        self._tick.stop()
        self.bar.show_share(0)
        self._say("", "")
        self.band.hide()
        self.times.set_text("")

    def set_device(self, device: str) -> None:
        """Say where it is trained: ``"cpu"``, ``"cuda"``, ``"mps"``."""
        self._device = DEVICES.get(device, device)
        self._show_times()

    def show_event(self, event: Mapping[str, Any]) -> None:
        """Show what the process said; what it says beside is passed over."""
        take = self._takes.get(str(event.get("event")))
        if take is not None:
            take(event)

    # -- events ---------------------------------------------------------------------------------------

    def _on_stage(self, event: Mapping[str, Any]) -> None:
        what = str(event.get("what", ""))
        self._run()
        self.time.begin_stage()
        self.bar.show_share(0)
        self._say(STAGES.get(what, what.capitalize()), "")

    def _on_begun(self, event: Mapping[str, Any]) -> None:
        self._run()
        if event.get("device"):
            self.set_device(str(event["device"]))
        done, epochs = int(number(event.get("epoch")) or 0), int(number(event.get("epochs")) or 0)
        if epochs:
            self._epochs = epochs
            self._say(STAGES["train"], f"goes on after epoch {done} of {epochs}" if done else "first step")

    def _on_decoding(self, event: Mapping[str, Any]) -> None:
        self._share(event.get("done"), event.get("of"))
        self._say(STAGES["train"], f"reading images: {event.get('done')} of {event.get('of')}")

    def _on_progress(self, event: Mapping[str, Any]) -> None:
        self._share(event.get("share"), 1)
        self._say(self.stage.text(), str(event.get("text", "")))

    def _on_estimate(self, event: Mapping[str, Any]) -> None:
        if event.get("device"):
            self.set_device(str(event["device"]))

    def _on_step(self, event: Mapping[str, Any]) -> None:
        self._run()
        self._epoch, self._epochs = int(event.get("epoch", 0)), int(event.get("epochs", 0))
        self._share(event.get("step"), event.get("steps"))
        if (seconds := number(event.get("seconds_left"))) is not None:
            self.time.guess(seconds)
        self._say(STAGES["train"], f"{self._of_epochs} · step {event.get('step')} of {event.get('steps')}")

    def _on_watching(self, event: Mapping[str, Any]) -> None:
        self._say(STAGES["train"], f"{self._of_epochs} · asking about the watched images")

    def _on_paused(self, event: Mapping[str, Any]) -> None:
        self.state = "paused"
        self.time.pause()
        self._tick.stop()
        text = "Paused. Nothing is computed and nothing is lost; “Go on” takes it up at the next step."
        self._show_band(f"❚❚  {text}", AMBER)
        self._show_times()

    def _on_going_on(self, event: Mapping[str, Any]) -> None:
        self.time.go_on()
        self._run()

    def _on_trained(self, event: Mapping[str, Any]) -> None:
        spent = number(event.get("seconds"))
        epochs = f"{event['epochs']} epochs" if event.get("epochs") else "Trained"
        self._done = f"{epochs} in {in_words(spent)}" if spent is not None else epochs
        self.bar.show_share(1)

    def _on_done(self, event: Mapping[str, Any]) -> None:
        self._end("done")
        self._say("Done", self._done)
        self.bar.show_share(1)
        self._show_band("✓  The network is trained." if event.get("model") else "✓  Done.", GREEN)

    def _on_stopped(self, event: Mapping[str, Any]) -> None:
        self._end("stopped")
        kept = f"after epoch {self._epoch - 1} of {self._epochs}" if self._epoch > 1 else ""
        if event.get("what") == "judge":
            self._show_band("■  Stopped while comparing; the trained network stays.", AMBER)
        else:
            whole = "the last whole epoch is kept" if kept else "no epoch was finished yet"
            self._show_band(f"■  Stopped; {whole}. “Go on” resumes it.", AMBER)
        self._say("Stopped", kept)

    def _on_failed(self, event: Mapping[str, Any]) -> None:
        self._end("failed")
        self._say("Failed", "")
        source, cause = Path(str(event.get("source", ""))).name, str(event.get("cause", ""))
        told = f"{source}: {cause}" if source and source not in cause else cause
        if event.get("what") == "judge":
            told += " The trained network stays; only the comparison is missing."
        self._show_band(f"✕  {told or 'The training ended without a word.'}", RED)

    # -- inside ---------------------------------------------------------------------------------------

    def _run(self) -> None:
        if self.state != "running":
            self.state = "running"
            self.band.hide()
            self.time.go_on()
            self.time.start()
            self._tick.start()

    def _end(self, state: str) -> None:
        self.state = state
        self.time.stop()
        self._tick.stop()
        self._show_times()

    def _share(self, done: Any, of: Any) -> None:
        one, all_ = number(done) or 0.0, number(of) or 0.0
        self.bar.show_share(one / all_ if all_ else 0.0)

    @property
    def _of_epochs(self) -> str:
        return f"epoch {self._epoch} of {self._epochs}"

    def _say(self, stage: str, where: str) -> None:
        if stage != self.stage.text():
            self.stage.setText(stage)
        self.stage.setVisible(bool(stage))
        self.where.set_text(where)
        self.where.setVisible(bool(where))
        self.setAccessibleName(", ".join(filter(None, (stage, where))))
        self._show_times()

    def _show_band(self, text: str, colour: str) -> None:
        self.band.setStyleSheet(_BAND.format(colour))
        self.band.setText(breakable(text))
        self.band.setToolTip(text)
        self.band.show()

    def _show_times(self) -> None:
        running, spent = self.state in ("running", "paused"), self.time.spent
        parts = []
        if running and (left := self.time.left) is not None:
            parts.append(left_in_words(left))
        if spent >= 1:
            parts.append(f"{in_words(spent)} so far" if running else f"took {in_words(spent)}")
        if self._device:
            parts.append(self._device)
        self.times.set_text(" · ".join(parts))
        self.times.setVisible(bool(parts))
        self.bar.setVisible(bool(self.state))
        colour = _COLOURS.get(self.state, BLUE)
        sheet = f"QProgressBar::chunk {{ background: {colour}; }}"
        if sheet != self.bar.styleSheet():  # to polish a widget anew takes its time
            self.bar.setStyleSheet(sheet)
