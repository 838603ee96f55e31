"""Earlier work that child processes did: how far each piece is, and what can be done with it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QListWidgetItem, QVBoxLayout, QWidget

from napari_tbcad.errors import BadInput
from napari_tbcad.widgets.parts.fold import Fold
from napari_tbcad.widgets.parts.quiet import breakable
from napari_tbcad.widgets.parts.shelf_rows import ShelfRows, band, button, row_of
from napari_tbcad.widgets.parts.step import AMBER, RED
from napari_tbcad.widgets.work import start_call, timer

_STATE = int(Qt.ItemDataRole.UserRole)
_AGAIN_MS = 2_000
"""Time between two looks at what runs elsewhere, such as that of a window that was just closed."""


class Shelf(QWidget):
    """A button that says how many there are, and the list below it.

    Parameters
    ----------
    session : QObject
        What the panels of a viewer share; held weakly. Has ``busy``, ``folder``, ``open(folder)``,
        ``resume(folder)`` and ``forget(folder)``.

    Attributes
    ----------
    thing, things : str
        What one is called, and several.
    tips : mapping of str to str
        Of the buttons ``open``, ``resume``, ``delete`` and ``results``.
    """

    thing, things = "", ""
    tips: dict[str, str]

    def __init__(self, session: Any) -> None:
        super().__init__()
        self._session = weakref.ref(session)
        self._token = object()
        self._asked: Any = None
        inside = QWidget()
        self.button = Fold(
            inside, f"{self.things.capitalize()} of earlier days: look at them, go on with them, delete them."
        )
        self.rows = ShelfRows()
        self.rows.setAccessibleName(self.things.capitalize())
        self.rows.setToolTip(
            f"Return or a double click shows one of the {self.things}, Del deletes it after a question."
        )
        self.cause, self.question = band(RED), band(AMBER)
        self.open_button = button("Show", self.tips["open"])
        self.resume_button = button("Go on", self.tips["resume"])
        self.delete_button = button("Delete…", self.tips["delete"])
        self.sure_button = button("Delete for good", "This cannot be undone.")
        self.keep_button = button("Keep", "Leave it as it is.")
        self.results_button = button("Open results…", self.tips["results"])
        below = QVBoxLayout(inside)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(4)
        below.addWidget(self.rows)
        below.addWidget(self.cause)
        below.addLayout(row_of(self.open_button, self.resume_button, self.delete_button))
        below.addWidget(self.question)
        below.addLayout(row_of(self.sure_button, self.keep_button))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 2)
        column.setSpacing(2)
        head = QHBoxLayout()
        head.addWidget(self.button)
        head.addStretch()
        head.addWidget(self.results_button)
        column.addLayout(head)
        column.addWidget(inside)
        self._soon = timer(self, self._look_again)
        self._connect()
        self.button.hide()

    # -- what a shelf says of its things ------------------------------------------------------------------

    # Those two are called on a worker, which must not hold the widget: it would be destroyed there.
    @staticmethod
    def states() -> Sequence[Any]:
        """Return what there is, the newest first, with folder, name, phase, cause and resumable of each."""
        raise NotImplementedError

    @staticmethod
    def remove(folder: Path) -> None:
        """Delete one; raises BadInput where it cannot be deleted."""
        raise NotImplementedError

    def line_of(self, state: Any) -> str:
        """Return one in two lines."""
        raise NotImplementedError

    def question_of(self, state: Any) -> str:
        """Return what is asked before one is deleted."""
        raise NotImplementedError

    def open_results(self, folder: Path) -> None:
        """Show a folder that a person chose."""
        if (session := self._session()) is not None:
            session.open(folder)

    def listed(self, states: Sequence[Any]) -> None:
        """The list was read."""

    # -- what a panel asks --------------------------------------------------------------------------------

    @property
    def chosen(self) -> Any:
        """The one on which the buttons act; None without one."""
        item = self.rows.currentItem()
        return None if item is None else item.data(_STATE)

    def showEvent(self, event: QShowEvent) -> None:
        """Read the list, also again: another window, or the command line, may have changed it since."""
        super().showEvent(event)
        self.read_again()

    def read_again(self) -> None:
        """Read the list, on a worker."""
        token, states = object(), self.states
        self._token = token
        start_call(lambda: (token, states()), on_result=self._take, on_error=self._fail)

    def refresh(self) -> None:
        """Enable what can be done now."""
        session, state = self._session(), self.chosen
        busy = session is not None and session.busy
        free = state is not None and not busy and state.phase != "running"
        self.open_button.setEnabled(free)
        self.results_button.setEnabled(not busy)
        self.resume_button.setEnabled(free and state.resumable)
        self.delete_button.setEnabled(free and self._asked is None)
        cause = "" if state is None else state.cause
        self.cause.setText(breakable(f"✕ {cause}"))
        self.cause.setVisible(bool(cause))
        for widget in (self.question, self.sure_button, self.keep_button):
            widget.setVisible(self._asked is not None)

    def ask_for_results(self) -> None:
        """Let the person choose a folder of results."""
        path = QFileDialog.getExistingDirectory(self, f"Folder with results of one of the {self.things}")
        if path:
            self.open_results(Path(path))

    # -- inside -------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        self.results_button.clicked.connect(self.ask_for_results)
        self.rows.currentItemChanged.connect(lambda *_: self._keep())
        self.rows.itemActivated.connect(self._open)
        self.rows.delete_wanted.connect(self._ask)
        self.open_button.clicked.connect(self._open)
        self.resume_button.clicked.connect(self._resume)
        self.delete_button.clicked.connect(self._ask)
        self.sure_button.clicked.connect(self._delete)
        self.keep_button.clicked.connect(self._keep)
        self.button.toggled.connect(self._on_unfold)

    def _take(self, came: tuple[object, Sequence[Any]]) -> None:
        token, states = came
        if token is not self._token:
            return
        before = self.chosen
        self.rows.blockSignals(True)
        self.rows.clear()
        for state in states:
            line = self.line_of(state)
            item = QListWidgetItem(line)
            item.setData(_STATE, state)
            item.setToolTip(f"{line}\n{state.folder}")
            self.rows.addItem(item)
            if before is not None and state.folder == before.folder:
                self.rows.setCurrentItem(item)
        self.rows.blockSignals(False)
        self.rows.fit()
        number = len(states)
        self.button.setText(f"{number} {self.thing if number == 1 else self.things} so far")
        self.button.setVisible(bool(states))
        self.listed(states)
        self.refresh()
        session = self._session()
        own = session.folder if session is not None and session.busy else None
        if any(state.phase == "running" and state.folder != own for state in states):
            self._soon.start(_AGAIN_MS)

    def _look_again(self) -> None:
        if self.isVisible():  # else it is read again once it is shown
            self.read_again()

    def _on_unfold(self, on: bool) -> None:
        if on:
            self.read_again()

    def _open(self, *_: object) -> None:
        session, state = self._session(), self.chosen
        if session is not None and state is not None and self.open_button.isEnabled():
            session.open(state.folder)
            self.button.setChecked(False)

    def _resume(self) -> None:
        session, state = self._session(), self.chosen
        if session is not None and state is not None:
            session.resume(state.folder)
            self.button.setChecked(False)

    def _ask(self) -> None:
        state = self.chosen
        if state is not None and self.delete_button.isEnabled():
            self._asked = state
            self.question.setText(breakable(self.question_of(state)))
            self.refresh()
            self.keep_button.setFocus()

    def _delete(self) -> None:
        state, self._asked = self._asked, None
        self.refresh()
        if state is not None:
            folder, remove = state.folder, self.remove
            start_call(lambda: _removed(remove, folder), on_result=self._on_deleted, on_error=self._fail)

    def _on_deleted(self, came: tuple[Path, str]) -> None:
        folder, problem = came
        if problem:
            self.cause.setText(breakable(f"✕ {problem}"))
            self.cause.show()
        elif (session := self._session()) is not None:
            session.forget(folder)

    def _keep(self) -> None:
        self._asked = None
        self.refresh()

    def _fail(self, error: Exception) -> None:
        raise error


def _removed(remove: Callable[[Path], None], folder: Path) -> tuple[Path, str]:
    try:
        remove(folder)
    except (BadInput, OSError) as error:
        return folder, str(error)
    return folder, ""
