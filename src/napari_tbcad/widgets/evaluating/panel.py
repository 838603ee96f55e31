"""The panel in which methods are compared: data, what is compared, the run, its result, film by film."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QTimer
from qtpy.QtGui import QDragEnterEvent, QDropEvent, QShowEvent
from qtpy.QtWidgets import QFrame, QVBoxLayout, QWidget

from napari_tbcad.batch.evaluating.jobs import EVALUATION
from napari_tbcad.widgets.evaluating.choice_step import ChoiceStep
from napari_tbcad.widgets.evaluating.data_step import DataStep
from napari_tbcad.widgets.evaluating.films_step import FilmsStep
from napari_tbcad.widgets.evaluating.result_step import ResultStep
from napari_tbcad.widgets.evaluating.run_step import RunStep
from napari_tbcad.widgets.evaluating.session import EvaluationSession, Phase
from napari_tbcad.widgets.evaluating.sessions import SESSIONS, evaluation_session_of
from napari_tbcad.widgets.evaluating.shelf import Shelf
from napari_tbcad.widgets.evaluating.step import EvaluationStep
from napari_tbcad.widgets.evaluating.words import action_of, activity_of
from napari_tbcad.widgets.parts.focus_ring import FocusRing
from napari_tbcad.widgets.parts.run_bar import RunBar
from napari_tbcad.widgets.parts.tab_order import follow_the_eye
from napari_tbcad.widgets.work import timer
from napari_tbcad.widgets.workflow.panel import scrolling

if TYPE_CHECKING:
    import napari

_TICK_MS = 250
"""Each tick draws the window anew, which a processor without graphics feels: no more than the eye needs."""


class Foot(RunBar):
    """The foot; the evaluation itself says how long it takes."""

    def _time_left(self, share: float | None) -> str:
        return ""


class EvaluatingPanel(QWidget):
    """Steps with a foot that says what comes next.

    A panel may be closed and opened again while an evaluation runs: the session is the viewer's.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        Held weakly.
    """

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__()
        self.session: EvaluationSession = evaluation_session_of(napari_viewer)
        self.setMinimumWidth(360)
        self.data, self.choice = DataStep(self.session), ChoiceStep(self.session)
        self.run, self.result = RunStep(self.session), ResultStep(self.session)
        self.films = FilmsStep(self.session)
        self.steps: tuple[EvaluationStep, ...] = (self.data, self.choice, self.run, self.result, self.films)
        self.shelf = Shelf(self.session)
        self.run_bar = Foot("Evaluate", save=False)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(6, 6, 6, 4)
        self.column.setSpacing(4)
        self.column.addWidget(self._scrolling(), 1)
        self.column.addWidget(self.run_bar)
        self.run_bar.run.connect(self._act)
        self.run_bar.cancel.connect(self.session.stop)
        self.setAcceptDrops(True)
        self.focus_ring = FocusRing(self)
        self._soon = timer(self, self.refresh)
        self._turning = QTimer(self)
        self._turning.setInterval(_TICK_MS)
        self._turning.timeout.connect(self._tick)
        self._ordered: tuple[int, ...] = ()
        self._before: tuple[object, ...] = self._now()
        self.session.changed.connect(self._refresh_soon)
        self.session.said.connect(lambda event: self._show_work())
        self.refresh()

    @property
    def up_to_date(self) -> bool:
        """Whether everything that changed is shown."""
        return not self._soon.isActive() and self.result.complete

    def refresh(self) -> None:
        """Show the session as it stands."""
        self._soon.stop()
        # A dock is put into its window after the panel was put into the dock.
        SESSIONS.end_with_window_of(self.session, self)
        self._lead()
        for step in self.steps:
            step.refresh()
        self.shelf.refresh()
        made = tuple(step.made_for for step in self.steps)
        if made != self._ordered:
            self._ordered = made
            follow_the_eye(self)
        self._show_work()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Evaluate a dropped data set, or show a dropped evaluation."""
        self.take_files([Path(u.toLocalFile()) for u in event.mimeData().urls() if u.isLocalFile()])

    def take_files(self, paths: list[Path]) -> None:
        """Take dropped folders and tables."""
        evaluations = [path for path in paths if (path / EVALUATION).is_file()]
        if evaluations:
            self.session.open(evaluations[0])
            return
        self.data.set_open(True)
        self.data.take_files(paths)

    def event(self, event: QEvent) -> bool:
        """Know the window: with it, not with the dock, an evaluation ends."""
        if event.type() in (QEvent.Type.ParentChange, QEvent.Type.Show):
            SESSIONS.end_with_window_of(self.session, self)
        return super().event(event)

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened behind another tab."""
        super().showEvent(event)
        self._refresh_soon()

    # -- inside ---------------------------------------------------------------------------------------

    def _scrolling(self) -> QWidget:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(2)
        column.addWidget(self.shelf)
        for step in self.steps:
            line = QFrame()
            line.setFrameShape(QFrame.Shape.HLine)
            column.addWidget(line)
            column.addWidget(step)
        column.addStretch()
        self.scroll_area = scrolling(inside)
        return self.scroll_area

    def _now(self) -> tuple[object, ...]:
        session = self.session
        return session.plan.found, session.phase, session.results

    def _lead(self) -> None:
        """Open the step that has come up, once: what a person opens or closes afterwards stays so."""
        now, before = self._now(), self._before
        self._before = now
        session = self.session
        if now[0] is not before[0] and session.plan.found is not None and not session.busy:
            self._open_only(self.data, *([self.choice] if session.plan.possible else []))
        if session.phase is Phase.EVALUATING and before[1] is not Phase.EVALUATING:
            self._open_only(self.run)
        if now[2] is not before[2] and session.results is not None:
            self._open_only(self.result, self.films)
            self.scroll_area.verticalScrollBar().setValue(0)

    def _open_only(self, *wanted: EvaluationStep) -> None:
        for step in self.steps:
            step.set_open(step in wanted)

    def _act(self) -> None:
        session, name = self.session, action_of(self.session).name
        if name == "choose":
            self.data.ask_for_folder()
        elif name == "look":
            session.choose(session.plan.path, session.plan.test)
        elif name == "evaluate":
            session.evaluate()
        elif name == "resume" and session.folder is not None:
            session.resume(session.folder)
        elif name == "report":
            self.result.open_report()

    def _refresh_soon(self) -> None:
        if not self._soon.isActive():
            self._soon.start(0)

    def _show_work(self) -> None:
        session, bar = self.session, self.run_bar
        share, what = activity_of(session)
        bar.show_progress(share, what)
        action = action_of(session)
        bar.run_button.setText(action.text)
        bar.run_button.setToolTip(action.tip)
        bar.run_button.setEnabled(bool(action.name))
        bar.cancel_button.setText("Stop" if session.busy else "Cancel")
        bar.cancel_button.setToolTip(
            "Stop after the step under way; it can be gone on with later."
            if session.busy
            else "Stop looking or measuring; nothing is lost."
        )
        bar.cancel_button.setEnabled(session.phase not in (Phase.IDLE, Phase.STOPPING))
        if share is None:
            self._turning.stop()
        else:
            self._turning.start()

    def _tick(self) -> None:
        for step in self.steps:
            step.dot.turn()
        self._show_work()
