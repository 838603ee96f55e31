"""What a panel of long work is: steps that follow a session whose work a child process does, and a foot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtpy.QtCore import QEvent, QTimer
from qtpy.QtGui import QDragEnterEvent, QDropEvent, QShowEvent
from qtpy.QtWidgets import QFrame, QVBoxLayout, QWidget

from napari_tbcad.widgets.parts.focus_ring import FocusRing
from napari_tbcad.widgets.parts.run_bar import RunBar
from napari_tbcad.widgets.parts.step import StepRow
from napari_tbcad.widgets.parts.tab_order import follow_the_eye
from napari_tbcad.widgets.window_sessions import WindowSessions
from napari_tbcad.widgets.work import timer
from napari_tbcad.widgets.workflow.panel import scrolling

_TICK_MS = 250
"""Each tick draws the window anew, which a processor without graphics feels: no more than the eye needs."""


@dataclass(frozen=True)
class Action:
    """What the button in the foot does.

    Parameters
    ----------
    text, tip : str
        What it says.
    name : str
        What is done; empty while there is nothing to do.
    """

    text: str
    tip: str
    name: str = ""


class ChildStep(StepRow):
    """A step that shows a session.

    Parameters
    ----------
    session : QObject
        What the panels of a viewer share.

    Attributes
    ----------
    number, heading, purpose : int and str
        Its place, its title, and what it does in one sentence.
    can_run : bool
        Whether its state is shown beside the title.
    """

    number = 0
    heading = ""
    purpose = ""
    can_run = True

    def __init__(self, session: Any, *, open_: bool = False) -> None:
        super().__init__(self.number, self.heading, self.purpose, open_=open_, can_run=self.can_run)
        self.session = session

    def refresh(self) -> None:
        """Show state, summary and values."""
        raise NotImplementedError

    @property
    def made_for(self) -> int:
        """Number of controls made so far."""
        return self.body.count()


class Foot(RunBar):
    """The foot of such a panel.

    Attributes
    ----------
    tells_time : bool
        Whether it says how much time is left; False where a step does, which measured it.
    """

    tells_time = False

    def _time_left(self, share: float | None) -> str:
        return super()._time_left(share) if self.tells_time else ""


class ChildPanel(QWidget):
    """Steps below a list of earlier work, and a foot that says what comes next.

    A panel may be closed and opened again while the work goes on: the session is the viewer's, and ends with
    the viewer's window. It is shown at most once a turn of the event loop.

    Parameters
    ----------
    session : QObject
        What the panels of a viewer share; has ``changed``, ``busy`` and ``stop()``.
    sessions : WindowSessions
        Where it comes from.

    Attributes
    ----------
    steps : tuple of ChildStep
        The steps shown.
    run_bar : Foot
        The foot.
    stop_tip, light_tip : str
        What *Stop* will do while the child works, and while it only looks or measures how long that takes.
    """

    stop_tip = "Stop after the step under way; it can be gone on with later."
    light_tip = ""

    def __init__(self, session: Any, sessions: WindowSessions[Any]) -> None:
        super().__init__()
        self.session = session
        self._sessions = sessions
        self.steps: tuple[ChildStep, ...] = ()
        self.setMinimumWidth(360)
        self.setAcceptDrops(True)
        self.run_bar = Foot("", save=False)
        self.run_bar.cancel_button.setText("Stop")
        self.focus_ring = FocusRing(self)
        self._soon = timer(self, self.refresh)
        self._turning = QTimer(self)
        self._turning.setInterval(_TICK_MS)
        self._turning.timeout.connect(self._tick)
        self._ordered: tuple[int, ...] = ()
        self._before = self.state_now()

    def begin(self, earlier: Any, *steps: ChildStep) -> None:
        """Show steps and follow the session; called at the end of a panel's construction.

        Parameters
        ----------
        earlier : QWidget
            The list of earlier work; has ``refresh()``.
        *steps : ChildStep
            From top to bottom.
        """
        self.steps, self._earlier = steps, earlier
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(6, 6, 6, 4)
        self.column.setSpacing(4)
        self.column.addWidget(self._scrolling(), 1)
        self.column.addWidget(self.run_bar)
        self.run_bar.run.connect(self.act)
        self.run_bar.cancel.connect(self.session.stop)
        self.session.changed.connect(self.refresh_soon)
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
        now, before = self.state_now(), self._before
        self._before = now
        self.lead(before, now)
        for step in self.steps:
            step.refresh()
        self._earlier.refresh()
        made = tuple(step.made_for for step in self.steps)
        if made != self._ordered:
            self._ordered = made
            follow_the_eye(self)
        self.show_work()

    def refresh_soon(self) -> None:
        """Show the session at the end of this turn of the event loop."""
        if not self._soon.isActive():
            self._soon.start(0)

    def show_work(self) -> None:
        """Show in the foot what is under way, and what can be done next."""
        bar = self.run_bar
        share, what = self.activity()
        bar.show_progress(share, what)
        action = self.next_action()
        bar.run_button.setText(action.text)
        bar.run_button.setToolTip(action.tip)
        bar.run_button.setEnabled(bool(action.name))
        busy = self.session.busy
        light = self.light_tip if self.can_stop else "Nothing is under way that could be stopped."
        bar.cancel_button.setToolTip(self.stop_tip if busy else light)
        bar.cancel_button.setEnabled(self.can_stop)
        if share is None:
            self._turning.stop()
        else:
            self._turning.start()

    def open_only(self, *wanted: ChildStep) -> None:
        """Open some steps and close the others."""
        for step in self.steps:
            step.set_open(step in wanted)

    # -- what a panel says of itself ----------------------------------------------------------------------

    def state_now(self) -> tuple[Any, ...]:
        """Return what :meth:`lead` compares."""
        raise NotImplementedError

    def lead(self, before: tuple[Any, ...], now: tuple[Any, ...]) -> None:
        """Open the step that has come up, once: what a person opens or closes afterwards stays so."""
        raise NotImplementedError

    def take_files(self, paths: list[Path]) -> None:
        """Take dropped files and folders."""
        raise NotImplementedError

    def activity(self) -> tuple[float | None, str]:
        """Return how much is done of what is under way, and what that is; None when nothing is."""
        raise NotImplementedError

    def next_action(self) -> Action:
        """Return what the foot offers."""
        raise NotImplementedError

    def act(self) -> None:
        """Do what the foot offers."""
        raise NotImplementedError

    @property
    def can_stop(self) -> bool:
        """Whether something is under way that can be stopped."""
        raise NotImplementedError

    # -- Qt -----------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Take files."""
        self.take_files([Path(u.toLocalFile()) for u in event.mimeData().urls() if u.isLocalFile()])

    def event(self, event: QEvent) -> bool:
        """Know the window: with it, not with the dock, the work ends."""
        if event.type() in (QEvent.Type.ParentChange, QEvent.Type.Show):
            self._know_window()
        return super().event(event)

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened behind another tab."""
        super().showEvent(event)
        self.refresh_soon()

    # -- inside -------------------------------------------------------------------------------------------

    def _know_window(self) -> None:
        self._sessions.end_with_window_of(self.session, self)

    def _scrolling(self) -> QWidget:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(2)
        column.addWidget(self._earlier)
        for step in self.steps:
            line = QFrame()
            line.setFrameShape(QFrame.Shape.HLine)
            column.addWidget(line)
            column.addWidget(step)
        column.addStretch()
        self.scroll_area = scrolling(inside)
        return self.scroll_area

    def _tick(self) -> None:
        for step in self.steps:
            step.dot.turn()
        self.show_work()
