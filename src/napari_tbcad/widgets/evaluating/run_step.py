"""Step 3: the evaluation as it goes."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QLabel

from napari_tbcad.chain import State
from napari_tbcad.durations import in_words, left_in_words
from napari_tbcad.widgets.evaluating.session import EvaluationSession, Phase
from napari_tbcad.widgets.evaluating.step import EvaluationStep
from napari_tbcad.widgets.evaluating.words import progress_words
from napari_tbcad.widgets.parts.notice import Notice
from napari_tbcad.widgets.parts.progress_line import ProgressLine
from napari_tbcad.widgets.parts.quiet import QuietLabel
from napari_tbcad.widgets.parts.time_left import TimeLeft
from napari_tbcad.widgets.workflow.step import left_aligned

RESUMED = (
    "Closing this panel does not stop an evaluation. Closing the window does; it can be gone on with, and "
    "measures no film twice."
)
_TICK_MS = 1000
_LINES = 4


class RunStep(EvaluationStep):
    """How far the evaluation is, and how long it still takes."""

    number, heading = 3, "Run"
    purpose = "Measures the films and judges the classifiers in a process of its own; the window stays free."

    def __init__(self, session: EvaluationSession, *, open_: bool = False) -> None:
        super().__init__(session, open_=open_)
        self.time = TimeLeft()
        self._first: tuple[float, float] | None = None
        self._lines: deque[str] = deque(maxlen=_LINES)
        self.empty = QuietLabel("Nothing runs: choose a data set, then press “Evaluate”.", wrap=True)
        self.what = QuietLabel(quiet=False)
        self.bar = ProgressLine(height=8)
        self.bar.setToolTip("Share of the whole evaluation that is done.")
        self.bar.setAccessibleName("Share of the evaluation done")
        self.times = QuietLabel()
        self.said: QLabel = left_aligned("")
        self.stopped = Notice()
        self.note = QuietLabel(RESUMED, wrap=True)
        for widget in (self.empty, self.what, self.bar, self.times, self.said, self.stopped, self.note):
            self.body.addWidget(widget)
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._show_times)
        session.said.connect(self._take)
        session.shown.connect(self._begin)

    def refresh(self) -> None:
        """Show how far it is, or how it ended."""
        session, state = self.session, self.session.state
        busy = session.busy
        for widget in (self.what, self.bar, self.times, self.note):
            widget.setVisible(busy)
        self.said.setVisible(busy and bool(self._lines))
        self.empty.setVisible(not busy and state is None and not session.problem)
        self.stopped.tell(*self._ended())
        if busy:
            if self.bar.isVisible() and not self._tick.isActive():
                self.time.start()
                self._tick.start()
            self._show_progress()
            self.set_state(State.RUNNING)
            self.summarise("stopping…" if session.phase is Phase.STOPPING else f"{self._percent}")
            return
        self._tick.stop()
        if session.problem:
            self.set_state(State.FAILED, session.problem)
            self.summarise("failed")
        elif state is None:
            self.set_state(State.NOT_RUN)
            self.summarise("")
        else:
            self.set_state(State.DONE if state.phase == "finished" else State.STALE)
            self.summarise(f"{state.name}: {state.phase}")

    # -- inside ---------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self.time.clear()
        self._first = None
        self._lines.clear()
        self.said.setText("")
        self.bar.show_share(0)

    def _take(self, event: Mapping[str, Any]) -> None:
        kind = event["event"]
        if kind == "say":
            line = str(event.get("text", "")).strip()
            if line not in self._lines:
                self._lines.append(line)
            self.said.setText("\n".join(self._lines))
            self.said.setVisible(self.session.busy)
        elif kind == "progress" and self.session.busy:
            self._guess(float(event.get("share") or 0.0))
            self._show_progress()

    def _guess(self, share: float) -> None:
        """Guess the time left from what was done since it began."""
        self.time.start()
        if self._first is None:
            self._first = share, self.time.spent  # one that is gone on with begins far on
        done, spent = share - self._first[0], self.time.spent - self._first[1]
        if done > 0.01 and spent > 2:
            self.time.guess(spent * (1 - share) / done)

    def _show_progress(self) -> None:
        child = self.session.child
        self.what.set_text(progress_words(child.text) or "beginning")
        self.bar.show_share(child.share or 0.0)
        self.summarise("stopping…" if self.session.phase is Phase.STOPPING else self._percent)
        self._show_times()

    @property
    def _percent(self) -> str:
        share = self.session.child.share
        return "" if share is None else f"{share:.0%}"

    def _show_times(self) -> None:
        parts = [] if self.time.left is None else [left_in_words(self.time.left)]
        if self.time.spent >= 1:
            parts.append(f"{in_words(self.time.spent)} so far")
        self.times.set_text(" · ".join(parts))

    def _ended(self) -> tuple[str, ...]:
        session, state = self.session, self.session.state
        if session.busy or state is None or not state.resumable:
            return ()
        words = {"stopped": "was stopped", "interrupted": "was interrupted", "failed": "failed"}
        name = Path(state.name).name or state.folder.name
        return (f"“{name}” {words[state.phase]}; “Go on” measures only what is missing.",)
