"""Earlier batches: how far each is, and what can be done with it; one that was cut off is offered at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_tbcad.batch.runs import window_jobs as jobs
from napari_tbcad.batch.runs.window_jobs import BatchState
from napari_tbcad.widgets.batch.session import BatchSession
from napari_tbcad.widgets.batch.words import line_of, things
from napari_tbcad.widgets.parts import shelf
from napari_tbcad.widgets.parts.notice import Notice


class Shelf(shelf.Shelf):
    """A button that says how many batches there are, and the list below it.

    Parameters
    ----------
    session : BatchSession
        What the panels of a viewer share; held weakly.
    """

    thing, things = "batch", "batches"
    tips = {  # noqa: RUF012
        "open": "List its studies and results.",
        "resume": "Go on where it ended; nothing is done twice.",
        "delete": "Take it from this list; inputs stay, and results in a folder that you chose.",
        "results": "Show the results of any batch, of the command line too.",
    }

    def __init__(self, session: BatchSession) -> None:
        super().__init__(session)
        self.offer = Offer()
        self.layout().insertWidget(0, self.offer)  # type: ignore[union-attr]
        self.offer.accepted.connect(self._go_on)
        session.batches_changed.connect(self.read_again)

    @staticmethod
    def states() -> Sequence[BatchState]:
        """Return the batches but what somebody has only looked at: that is that panel's."""
        return [state for state in jobs.list_batches(jobs.batches_home()) if state.phase != "planned"]

    @staticmethod
    def remove(folder: Path) -> None:
        """Delete a batch."""
        jobs.remove_batch(folder)

    def line_of(self, state: BatchState) -> str:
        """Return a batch in two lines."""
        return line_of(state)

    def question_of(self, state: BatchState) -> str:
        """Return what is asked before one is deleted."""
        own = state.out.is_relative_to(state.folder)
        gone = "Its tables, masks and pictures are gone then" if own else f"Its results in {state.out} stay"
        return f"Delete “{state.name}”? {gone}; the inputs stay."

    def listed(self, states: Sequence[BatchState]) -> None:
        """Offer to go on with the newest one where it was cut off."""
        newest = states[0] if states else None
        self.offer.show_state(newest if newest is not None and newest.phase == "interrupted" else None)

    def refresh(self) -> None:
        """Enable what can be done now; while a batch is shown none is offered."""
        super().refresh()
        session = self._session()
        self.offer.allow(session is not None and not session.busy and session.out is None)

    def _go_on(self, folder: Path) -> None:
        if (session := self._session()) is not None:
            session.resume(folder)


class Offer(QWidget):
    """A batch that was cut off, as by a crash, with a button that goes on with it.

    Attributes
    ----------
    accepted : Signal(object)
        The folder of the batch that a person goes on with.
    """

    accepted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._state: BatchState | None = None
        self._declined: Path | None = None
        self._allowed = True
        self.text = Notice()
        self.go_button, self.later_button = QPushButton("Go on"), QPushButton("Not now")
        self.go_button.setToolTip("Do what is missing; what is done is not done again.")
        self.later_button.setToolTip("It stays in the list of batches.")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(4)
        column.addWidget(self.text)
        line = QHBoxLayout()
        for button in (self.go_button, self.later_button):
            button.setStyleSheet("padding: 4px;")
            line.addWidget(button)
        column.addLayout(line)
        self.go_button.clicked.connect(self._accept)
        self.later_button.clicked.connect(self._decline)
        self.hide()

    def show_state(self, state: BatchState | None) -> None:
        """Offer a batch; None offers nothing."""
        self._state = state
        if state is not None:
            done = state.done + state.failed
            total = things(state.total, state.workflow)
            self.text.tell(f"“{state.name}” was interrupted: {done} of {total} are done.")
        self._show()

    def allow(self, allowed: bool) -> None:
        """Offer only where nothing else is under way."""
        self._allowed = allowed
        self._show()

    def _show(self) -> None:
        state = self._state
        self.setVisible(self._allowed and state is not None and state.folder != self._declined)

    def _accept(self) -> None:
        if self._state is not None:
            self.accepted.emit(self._state.folder)

    def _decline(self) -> None:
        self._declined = None if self._state is None else self._state.folder
        self._show()
