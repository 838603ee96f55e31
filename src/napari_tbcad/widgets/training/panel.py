"""The panel in which anyone can train a network: data, what was found, training, comparison, use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QTimer
from qtpy.QtGui import QDragEnterEvent, QDropEvent, QShowEvent
from qtpy.QtWidgets import QFrame, QVBoxLayout, QWidget

from napari_tbcad.widgets.parts.focus_ring import FocusRing
from napari_tbcad.widgets.parts.run_bar import RunBar
from napari_tbcad.widgets.parts.tab_order import follow_the_eye
from napari_tbcad.widgets.training.choosing import ChooseStep
from napari_tbcad.widgets.training.comparing import CompareStep
from napari_tbcad.widgets.training.found import FoundStep
from napari_tbcad.widgets.training.running import TrainStep
from napari_tbcad.widgets.training.session import Phase, TrainingSession
from napari_tbcad.widgets.training.sessions import SESSIONS, training_session_of
from napari_tbcad.widgets.training.step import TrainingStep
from napari_tbcad.widgets.training.trainings import Trainings
from napari_tbcad.widgets.training.words import Action, action_of, activity_of
from napari_tbcad.widgets.work import timer
from napari_tbcad.widgets.workflow.panel import scrolling

if TYPE_CHECKING:
    import napari

USE = Action("Use this network", "Find with the network that was just trained from now on.", "use")
USED = "In use"
"""What the button of step 4 says then."""
_TICK_MS = 250
"""Each tick draws the window anew, which a processor without graphics feels: no more than the eye needs."""


class Foot(RunBar):
    """The foot; how long a training takes is told in step 3, where it was measured."""

    tells_time = True

    def _time_left(self, share: float | None) -> str:
        return super()._time_left(share) if self.tells_time else ""


class TrainingPanel(QWidget):
    """Steps with a foot that says what comes next.

    A panel may be closed and opened again while a training runs: the session is the viewer's.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        Held weakly.
    """

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__()
        self.session: TrainingSession = training_session_of(napari_viewer)
        self.setMinimumWidth(360)
        self.choose, self.found = ChooseStep(self.session), FoundStep(self.session)
        self.train, self.compare = TrainStep(self.session), CompareStep(self.session)
        self.steps: tuple[TrainingStep, ...] = (self.choose, self.found, self.train, self.compare)
        self.trainings = Trainings(self.session)
        self.run_bar = Foot("Look at the data", save=False)
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
        self._before: tuple[object, ...] = (
            self.session.plan.looked,
            self.session.phase,
            self.session.folder,
        )
        self.session.changed.connect(self._refresh_soon)
        self.compare.use.used.connect(self._refresh_soon)
        self.compare.use.given_up.connect(self._refresh_soon)
        self.refresh()

    @property
    def up_to_date(self) -> bool:
        """Whether everything that changed is shown."""
        return not self._soon.isActive()

    def refresh(self) -> None:
        """Show the session as it stands."""
        self._soon.stop()
        # A dock is put into its window after the panel was put into the dock.
        self._know_window()
        self._lead()
        for step in self.steps:
            step.refresh()
        self.trainings.refresh()
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
        """Learn from dropped folders, tables and cases."""
        self.choose.set_open(True)
        self.choose.take_files([Path(u.toLocalFile()) for u in event.mimeData().urls() if u.isLocalFile()])

    def event(self, event: QEvent) -> bool:
        """Know the window: with it, not with the dock, a training ends."""
        if event.type() in (QEvent.Type.ParentChange, QEvent.Type.Show):
            self._know_window()
        return super().event(event)

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened behind another tab."""
        super().showEvent(event)
        self._refresh_soon()

    # -- inside ---------------------------------------------------------------------------------------

    def _know_window(self) -> None:
        SESSIONS.end_with_window_of(self.session, self)

    def _scrolling(self) -> QWidget:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(2)
        column.addWidget(self.trainings)
        for step in self.steps:
            line = QFrame()
            line.setFrameShape(QFrame.Shape.HLine)
            column.addWidget(line)
            column.addWidget(step)
        column.addStretch()
        self.scroll_area = scrolling(inside)
        return self.scroll_area

    def _lead(self) -> None:
        """Open the step that has come up, once: what a person opens or closes afterwards stays so."""
        session = self.session
        now = (session.plan.looked, session.phase, session.folder)
        before, self._before = self._before, now
        if now[0] is not before[0] and session.plan.looked is not None:
            self._open_only(self.found, *([self.train] if session.plan.possible else []))
        if session.folder is not before[2] and not session.shows_plan and session.folder is not None:
            self._open_only(self.train, self.compare)
        if session.phase is Phase.TRAINING and before[1] in (Phase.IDLE, Phase.ESTIMATING):
            self._open_only(self.train)
        if session.phase is Phase.IDLE and before[1] is Phase.JUDGING and not session.problem:
            self._open_only(self.compare)

    def _open_only(self, *wanted: TrainingStep) -> None:
        for step in self.steps:
            step.set_open(step in wanted)

    def _act(self) -> None:
        session, name = self.session, self._next().name
        if name == "use":
            self._open_only(self.compare)
            self.compare.use.use()
        elif name == "go_on_later":
            if session.folder is not None:
                session.resume(session.folder)
        elif name:
            getattr(session, name)()

    def _next(self) -> Action:
        """Return what the foot offers: what was just trained is to be used before anything else begins."""
        session, plan = self.session, self.session.plan
        action = action_of(session)
        trained = session.state is not None and session.state.judged and session.state.model is not None
        other = plan.looked is not None and plan.looked.choice.looks_at != plan.choice.looks_at
        if action.name not in ("", "look") or not trained or session.busy or plan.look is not None or other:
            return action
        return action if self.compare.use.use_button.text() == USED else USE

    def _refresh_soon(self) -> None:
        if not self._soon.isActive():
            self._soon.start(0)

    def _show_work(self) -> None:
        session, bar = self.session, self.run_bar
        share, what = activity_of(session)
        bar.tells_time = session.plan.look is not None
        bar.show_progress(share, what)
        action = self._next()
        bar.run_button.setText(action.text)
        bar.run_button.setToolTip(action.tip)
        bar.run_button.setEnabled(bool(action.name))
        training = session.busy
        bar.cancel_button.setText("Stop" if training else "Cancel")
        bar.cancel_button.setToolTip(
            "Stop after the step under way; it can be gone on with later."
            if training
            else "Stop looking; nothing is lost."
        )
        stops = (training and session.phase is not Phase.STOPPING) or session.plan.look is not None
        bar.cancel_button.setEnabled(stops)
        if share is None:
            self._turning.stop()
        else:
            self._turning.start()

    def _tick(self) -> None:
        for step in self.steps:
            step.dot.turn()
        self._show_work()
