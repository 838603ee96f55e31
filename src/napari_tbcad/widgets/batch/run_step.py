"""Step 3: the studies as they are worked on, one by one."""

from __future__ import annotations

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QDockWidget, QHBoxLayout, QPushButton

from napari_tbcad.chain import State
from napari_tbcad.durations import in_words, left_in_words
from napari_tbcad.widgets.batch.session import BatchSession, Phase
from napari_tbcad.widgets.batch.step import BatchStep
from napari_tbcad.widgets.batch.table import StudyTable
from napari_tbcad.widgets.batch.words import counts_words
from napari_tbcad.widgets.parts.notice import Notice
from napari_tbcad.widgets.parts.progress_line import ProgressLine
from napari_tbcad.widgets.parts.quiet import QuietLabel
from napari_tbcad.widgets.parts.time_left import TimeLeft

RESUMED = (
    "Closing this panel does not stop a batch. Closing the window does; it can be gone on with, and does "
    "nothing twice."
)
_TICK_MS = 1000


class RunStep(BatchStep):
    """Table of studies, progress, time left, what to do with those that failed."""

    number, heading = 3, "Run"
    purpose = "Works in processes of its own; the window stays free, and any study can be opened meanwhile."

    def __init__(self, session: BatchSession, *, open_: bool = False) -> None:
        super().__init__(session, open_=open_)
        self._time = TimeLeft()
        self.empty = QuietLabel("Nothing to run yet: choose inputs in step 1.", wrap=True)
        self.bar = ProgressLine(height=8)
        self.bar.setToolTip("Share of the studies that are done.")
        self.bar.setAccessibleName("Share of the studies done")
        self.counts, self.times = QuietLabel(quiet=False), QuietLabel()
        self.said, self.problem = Notice(), Notice(refuses=True)
        self.list = StudyTable(session.rows)
        self.open_button = QPushButton("Open in viewer")
        self.open_button.setToolTip("The chosen study with its masks or hotspots, in its own panel (Return).")
        self.retry_button = QPushButton("Retry failed")
        self.retry_button.setToolTip("Try only those again that failed, as once a missing file is back.")
        self.opened = QuietLabel(wrap=True)
        self.note = QuietLabel(RESUMED, wrap=True)
        buttons = QHBoxLayout()
        for button in (self.open_button, self.retry_button):
            button.setStyleSheet("padding: 4px;")
            buttons.addWidget(button)
        for widget in (self.empty, self.bar, self.counts, self.times, self.said, self.list):
            self.body.addWidget(widget)
        self.body.addLayout(buttons)
        for widget in (self.problem, self.opened, self.note):
            self.body.addWidget(widget)
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self.show_progress)
        self.list.wanted.connect(self.open)
        self.open_button.clicked.connect(lambda: self.list.table.ask(self.list.table.currentIndex()))
        self.retry_button.clicked.connect(session.retry_failed)
        self.list.table.selectionModel().selectionChanged.connect(lambda *_: self._allow())
        session.opener.failed.connect(self.problem.tell)
        session.opener.opened.connect(self._tell_opened)
        session.opener.docked.connect(self._come_back)

    def open(self, number: int) -> None:
        """Open one of the studies in the viewer."""
        self.problem.tell()
        self.opened.set_text("")
        self.opened.hide()
        self.session.open_study(number)

    def refresh(self) -> None:
        """Show how far it is, or how it ended."""
        session = self.session
        busy, there = session.busy, bool(session.rows.all)
        self.empty.setVisible(not there)
        for widget in (self.list, self.open_button, self.retry_button):
            widget.setVisible(there)
        for shown in (self.bar, self.times, self.note):
            shown.setVisible(busy)
        self.opened.setVisible(bool(self.opened.text()))
        self.counts.setVisible(busy)
        self.list.refresh()
        self.said.tell(*session.notes, *self._ended())
        self._follow_time(busy)
        self.show_progress()
        self._allow()
        if there and session.out is not None:
            session.opener.make_ready(session.rows.workflow)
        if session.problem:
            self.set_state(State.FAILED, session.problem)
            self.summarise("failed")
        elif busy:
            self.set_state(State.RUNNING)
        else:
            self._show_end()

    def show_progress(self) -> None:
        """Show how many are done, and how long the rest takes."""
        session = self.session
        rows = session.rows
        done = sum(rows.counts[state] for state in ("done", "kept", "failed"))
        self.bar.show_share(done / max(1, len(rows.all)))
        self.counts.set_text(counts_words(rows))
        if not session.busy:
            return
        stopping = session.phase is Phase.STOPPING
        self.summarise("stopping…" if stopping else counts_words(rows))
        parts = [] if session.left is None or stopping else [left_in_words(session.left)]
        if self._time.spent >= 1:
            parts.append(f"{in_words(self._time.spent)} so far")
        self.times.set_text(" · ".join(parts))

    # -- inside ---------------------------------------------------------------------------------------

    def _follow_time(self, busy: bool) -> None:
        if busy and not self._tick.isActive():
            self._time.clear()
            self._time.start()
            self._tick.start()
        elif not busy:
            self._tick.stop()

    def _show_end(self) -> None:
        session, rows = self.session, self.session.rows
        if session.out is None:
            self.set_state(State.NOT_RUN)
            self.summarise("")
            return
        whole = not rows.counts["waiting"] and not rows.counts["working"]
        self.set_state(State.DONE if whole else State.STALE)
        self.summarise(counts_words(rows))

    def _allow(self) -> None:
        session = self.session
        self.open_button.setEnabled(self.list.table.currentIndex().isValid())
        self.retry_button.setEnabled(session.can_retry)

    def _ended(self) -> tuple[str, ...]:
        session, state = self.session, self.session.state
        if session.busy or state is None or not state.resumable:
            return ()
        words = {"stopped": "was stopped", "interrupted": "was interrupted", "failed": "failed"}
        return (f"“{state.name}” {words[state.phase]}; “Go on” does only what is missing.",)

    def _tell_opened(self, said: str) -> None:
        self.opened.set_text(said)
        self.opened.setVisible(bool(said))

    def _come_back(self) -> None:
        """Stay in front: a person goes through a list."""
        above = self.parentWidget()
        while above is not None and not isinstance(above, QDockWidget):
            above = above.parentWidget()
        if above is not None:
            above.raise_()
