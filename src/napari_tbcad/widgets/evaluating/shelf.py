"""Earlier evaluations: how far each is, and what can be done with it."""

from __future__ import annotations

import weakref
from datetime import datetime
from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QListWidgetItem, QVBoxLayout, QWidget

from napari_tbcad.batch.evaluating.jobs import EvaluationState, list_evaluations, remove_evaluation
from napari_tbcad.errors import BadInput
from napari_tbcad.widgets.evaluating.home import evaluations_folder
from napari_tbcad.widgets.evaluating.score_bars import SIGNS
from napari_tbcad.widgets.evaluating.session import EvaluationSession
from napari_tbcad.widgets.evaluating.step import Fold
from napari_tbcad.widgets.evaluating.words import figure
from napari_tbcad.widgets.parts.quiet import breakable
from napari_tbcad.widgets.parts.shelf_rows import ShelfRows, band, button, row_of
from napari_tbcad.widgets.parts.step import AMBER, RED
from napari_tbcad.widgets.parts.words import count
from napari_tbcad.widgets.work import start_call

_STATE = int(Qt.ItemDataRole.UserRole)


class Shelf(QWidget):
    """A button that says how many there are, and the list below it.

    Parameters
    ----------
    session : EvaluationSession
        What the panels of a viewer share; held weakly.
    """

    def __init__(self, session: EvaluationSession) -> None:
        super().__init__()
        self._session = weakref.ref(session)
        self._token = object()
        self._asked: EvaluationState | None = None
        inside = QWidget()
        self.button = Fold(inside, "Evaluations of earlier days: look at them, go on with them, delete them.")
        self.rows = ShelfRows()
        self.rows.setAccessibleName("Evaluations")
        self.rows.setToolTip("Return or a double click shows an evaluation, Del deletes it after a question.")
        self.cause, self.question = band(RED), band(AMBER)
        self.open_button = button("Show", "Show its results.")
        self.resume_button = button("Go on", "Go on where it ended; no film is measured twice.")
        self.delete_button = button("Delete…", "Delete its folder; the films stay.")
        self.sure_button = button("Delete for good", "This cannot be undone.")
        self.keep_button = button("Keep", "Leave it as it is.")
        self.results_button = button(
            "Open results…", "Show the folder of any evaluation, of the command line too."
        )
        self.results_button.clicked.connect(self.ask_for_results)
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
        self.rows.currentItemChanged.connect(lambda *_: self._keep())
        self.rows.itemActivated.connect(self._open)
        self.rows.delete_wanted.connect(self._ask)
        self.open_button.clicked.connect(self._open)
        self.resume_button.clicked.connect(self._resume)
        self.delete_button.clicked.connect(self._ask)
        self.sure_button.clicked.connect(self._delete)
        self.keep_button.clicked.connect(self._keep)
        session.evaluations_changed.connect(self.read_again)
        self.button.toggled.connect(self._on_unfold)
        self.button.hide()

    @property
    def chosen(self) -> EvaluationState | None:
        """The evaluation on which the buttons act."""
        item = self.rows.currentItem()
        return None if item is None else item.data(_STATE)

    def showEvent(self, event: QShowEvent) -> None:
        """Read the list, also again: another window, or the command line, may have changed it since."""
        super().showEvent(event)
        self.read_again()

    def read_again(self) -> None:
        """Read the list, on a worker."""
        token, home = object(), evaluations_folder()
        self._token = token
        start_call(lambda: (token, _list(home)), on_result=self._take, on_error=self._fail)

    def refresh(self) -> None:
        """Enable what can be done now."""
        session, state = self._session(), self.chosen
        busy = session is not None and session.busy
        free = state is not None and not busy and state.phase != "running"
        self.open_button.setEnabled(free)
        self.results_button.setEnabled(not busy)
        self.resume_button.setEnabled(free and state is not None and state.resumable)
        self.delete_button.setEnabled(free and self._asked is None)
        cause = "" if state is None else state.cause
        self.cause.setText(breakable(f"✕ {cause}"))
        self.cause.setVisible(bool(cause))
        for widget in (self.question, self.sure_button, self.keep_button):
            widget.setVisible(self._asked is not None)

    def ask_for_results(self) -> None:
        """Let the person choose the folder of an evaluation."""
        path = QFileDialog.getExistingDirectory(self, "Folder of an evaluation")
        if path:
            self._open_folder(Path(path))

    # -- inside ---------------------------------------------------------------------------------------

    def _take(self, came: tuple[object, list[EvaluationState]]) -> None:
        token, states = came
        if token is not self._token:
            return
        before = self.chosen
        self.rows.blockSignals(True)
        self.rows.clear()
        for state in states:
            item = QListWidgetItem(line_of(state))
            item.setData(_STATE, state)
            item.setToolTip(f"{line_of(state)}\n{state.folder}")
            self.rows.addItem(item)
            if before is not None and state.folder == before.folder:
                self.rows.setCurrentItem(item)
        self.rows.blockSignals(False)
        self.rows.fit()
        self.button.setText(f"{count(len(states), 'evaluation')} so far")
        self.button.setVisible(bool(states))
        self.refresh()

    def _on_unfold(self, on: bool) -> None:
        if on:
            self.read_again()

    def _open(self, *_: object) -> None:
        session, state = self._session(), self.chosen
        if session is not None and state is not None and self.open_button.isEnabled():
            session.open(state.folder)
            self.button.setChecked(False)

    def _open_folder(self, folder: Path) -> None:
        if (session := self._session()) is not None:
            session.open(folder)

    def _resume(self) -> None:
        session, state = self._session(), self.chosen
        if session is not None and state is not None:
            session.resume(state.folder)
            self.button.setChecked(False)

    def _ask(self) -> None:
        state = self.chosen
        if state is not None and self.delete_button.isEnabled():
            self._asked = state
            self.question.setText(
                breakable(f"Delete “{state.name}”? Tables, models and report are gone then; the films stay.")
            )
            self.refresh()
            self.keep_button.setFocus()

    def _delete(self) -> None:
        state, self._asked = self._asked, None
        self.refresh()
        if state is not None:
            folder = state.folder
            start_call(lambda: _removed(folder), on_result=self._on_deleted, on_error=self._fail)

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


def line_of(state: EvaluationState) -> str:
    """Return an evaluation in two lines: name and design, then when and how good or how far."""
    when = ""
    if state.when:
        when = datetime.fromisoformat(state.when).astimezone().strftime("%d %b %Y, %H:%M")
    far: str = state.phase
    if state.phase == "finished" and state.auc is not None:
        far = f"{SIGNS.get(state.level, '')} AUC {figure(*state.auc)}".strip()
    return f"{' · '.join(filter(None, (state.name, state.design)))}\n{when} · {far}"


def _list(home: Path) -> list[EvaluationState]:
    # What somebody has only looked at is that panel's.
    return [state for state in list_evaluations(home) if state.phase != "planned"]


def _removed(folder: Path) -> tuple[Path, str]:
    try:
        remove_evaluation(folder)
    except (BadInput, OSError) as error:
        return folder, str(error)
    return folder, ""
