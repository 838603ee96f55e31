"""What every panel of a workflow is: a narrow dock that follows the bench of its viewer."""

from __future__ import annotations

import weakref
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QTimer
from qtpy.QtGui import QCloseEvent, QShowEvent
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_tbcad.widgets.parts.focus_ring import FocusRing
from napari_tbcad.widgets.parts.run_bar import RunBar
from napari_tbcad.widgets.parts.tab_order import follow_the_eye
from napari_tbcad.widgets.workflow.bench import Bench
from napari_tbcad.widgets.workflow.step import SessionStep

_TICK_MS = 250
"""Each tick draws the window anew, which a processor without graphics feels: no more than the eye needs."""


class Dock(QWidget):
    """A panel of steps with a foot; refreshes at most once a turn of the event loop.

    Parameters
    ----------
    bench : Bench
        What the panels of a viewer share.

    Attributes
    ----------
    steps : tuple of SessionStep
        The steps shown.
    run_bar : RunBar
        The foot.
    """

    steps: tuple[SessionStep, ...] = ()
    run_bar: RunBar

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self.bench = bench
        self.setMinimumWidth(320)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(6, 6, 6, 4)
        self.column.setSpacing(4)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self.refresh)
        self._turning = QTimer(self)
        self._turning.setInterval(_TICK_MS)
        self._turning.timeout.connect(self._tick)
        self.focus_ring = FocusRing(self)
        self._ordered: tuple[object, ...] = ()
        # The dock may die with its window, or be closed alone: work must stop in both cases.
        self._attachment = _Attachment(bench)
        self.destroyed.connect(self._attachment.release)

    def begin(self) -> None:
        """Follow the bench; called at the end of a panel's construction."""
        self.bench.film_changed.connect(self.refresh)
        self.bench.changed.connect(self._refresh_soon)
        self._attachment.hold()
        self.refresh()

    @property
    def session(self) -> Any:
        """Session of what is chosen; None without one."""
        return self.bench.session

    def cancel(self) -> None:
        """Stop the work on what is chosen."""
        if self.session is not None:
            self.session.cancel()

    def refresh(self) -> None:
        """Show the session as it stands."""
        self._soon.stop()
        for step in self.steps:
            step.refresh()
        made = (self.bench.viewing, *(step.made_for for step in self.steps))
        if made != self._ordered:
            # Forms and the row of view buttons are made when a film is there to show them for.
            self._ordered = made
            follow_the_eye(self)
        self._show_work()

    def event(self, event: QEvent) -> bool:
        """Follow the bench while docked: napari takes the panel out of a dock that is closed."""
        if event.type() == QEvent.Type.ParentChange:
            if self.parent() is None:
                self._attachment.release()
            else:
                self._attachment.hold()
        return super().event(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop the work when the panel is closed as a window of its own."""
        self.cancel()
        super().closeEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened behind another tab."""
        super().showEvent(event)
        self._refresh_soon()

    def _refresh_soon(self) -> None:
        if not self._soon.isActive():
            self._soon.start(0)

    def _show_work(self) -> None:
        session = self.session
        if session is not None and session.busy:
            job = session.job
            share = job.share if job is not None else 0.0
            self.run_bar.show_progress(share, job.what if job is not None else session.waiting_for)
            self._turning.start()
        else:
            self.run_bar.show_progress(None, can_run=session is not None and session.usable)
            self._turning.stop()

    def _tick(self) -> None:
        session = self.session
        if session is None:
            self._turning.stop()
            return
        for step in self.steps:
            if step.can_run and session.run is not None:
                if session.state(step.name) is not step.dot.state:
                    step.refresh()
                step.dot.turn()
        self._show_work()


class _Attachment:
    """A panel's hold on its bench; touches no Qt object of the panel, which may be gone."""

    def __init__(self, bench: Bench) -> None:
        self._bench = weakref.ref(bench)
        self._held = False

    def hold(self) -> None:
        """Follow (again)."""
        bench = self._bench()
        if bench is not None and not self._held:
            self._held = True
            bench.attach()

    def release(self, gone: object = None) -> None:
        """Follow no more."""
        bench = self._bench()
        if bench is not None and self._held:
            self._held = False
            # At the end of the program Qt deletes in an order of its own.
            if isalive(bench):
                bench.detach()
