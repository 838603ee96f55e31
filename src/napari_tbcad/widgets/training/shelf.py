"""Earlier trainings: how far each is, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, QUrl, Signal
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QListWidgetItem, QVBoxLayout, QWidget

from napari_tbcad.errors import BadInput
from napari_tbcad.widgets.parts.quiet import QuietLabel, breakable
from napari_tbcad.widgets.parts.shelf_rows import ShelfRows, band, button, row_of
from napari_tbcad.widgets.parts.step import AMBER, RED
from napari_tbcad.widgets.training.shelf_words import line_of, more_of, size_in_words
from napari_tbcad.widgets.work import start_call

if TYPE_CHECKING:
    from napari_tbcad.batch.trainings.state import TrainingState

_STATE = int(Qt.ItemDataRole.UserRole)


class Shelf(QWidget):
    """Lists the trainings of a folder, the newest first.

    Parameters
    ----------
    home : Path or callable
        The folder, or what returns it.
    parent : QWidget, optional
        Qt parent.

    Attributes
    ----------
    opened : Signal(object)
        A training is to be shown (its folder).
    resume_wanted : Signal(object)
        A training is to be gone on with.
    deleted : Signal(object)
        A training was deleted.
    listed : Signal
        The list was read anew.
    rows : ShelfRows
        The trainings.
    """

    opened = Signal(object)
    resume_wanted = Signal(object)
    deleted = Signal(object)
    listed = Signal()

    def __init__(self, home: Path | Callable[[], Path], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._home: Callable[[], Path] = home if callable(home) else lambda: home
        self._current: Path | None = None
        self._asked: Path | None = None
        self._locked = False
        self._token = object()
        self._make()
        self._refresh()

    def refresh(self) -> None:
        """Read the list again, on a worker."""
        token, home = object(), self._home()
        self._token = token
        start_call(lambda: (token, _list(home)), on_result=self._take, on_error=self._fail)

    def set_current(self, folder: Path | None) -> None:
        """Mark the training that the panel shows."""
        self._current = folder
        self._mark()

    def set_locked(self, locked: bool) -> None:
        """Allow nothing but looking: a training is running in this window."""
        self._locked = locked
        self._refresh()

    @property
    def chosen(self) -> TrainingState | None:
        """The training on which the buttons act."""
        item = self.rows.currentItem()
        return None if item is None else item.data(_STATE)

    def choose(self, folder: Path) -> None:
        """Choose a training."""
        for place in range(self.rows.count()):
            if self.rows.item(place).data(_STATE).folder == folder:
                self.rows.setCurrentRow(place)

    def __len__(self) -> int:
        return self.rows.count()

    # -- inside ---------------------------------------------------------------------------------------

    def _make(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self.empty = QuietLabel("No training yet. Each one you begin is kept here.", wrap=True)
        self.rows = ShelfRows()
        self.more = QuietLabel(wrap=True)
        self.cause = band(RED)
        self.question = band(AMBER)
        self.open_button = button("Show", "Show its curves and what came of it.")
        self.resume_button = button("Resume", "Go on after its last whole epoch.")
        self.folder_button = button("Folder", "Open its folder in the file manager.")
        self.delete_button = button("Delete…", "Delete its folder; a network that was installed stays.")
        self.sure_button = button("Delete for good", "This cannot be undone.")
        self.keep_button = button("Keep", "Leave it as it is.")
        for widget in (self.empty, self.rows, self.more, self.cause):
            column.addWidget(widget)
        column.addLayout(row_of(self.open_button, self.resume_button, self.folder_button, self.delete_button))
        column.addWidget(self.question)
        column.addLayout(row_of(self.sure_button, self.keep_button))
        self.rows.currentItemChanged.connect(self._on_chosen)
        self.rows.itemActivated.connect(self._open)
        self.rows.delete_wanted.connect(self._ask)
        self.open_button.clicked.connect(self._open)
        self.resume_button.clicked.connect(self._resume)
        self.folder_button.clicked.connect(self._open_folder)
        self.delete_button.clicked.connect(self._ask)
        self.sure_button.clicked.connect(self._delete)
        self.keep_button.clicked.connect(self._keep)

    def _take(self, came: tuple[object, list[TrainingState]]) -> None:
        token, states = came
        if token is not self._token:
            return
        before = self.chosen
        self.rows.blockSignals(True)
        self.rows.clear()
        for state in states:
            item = QListWidgetItem(line_of(state))
            item.setData(_STATE, state)
            item.setToolTip(f"{more_of(state)}\n{state.folder}")
            self.rows.addItem(item)
        self.rows.blockSignals(False)
        self.rows.fit()
        wanted = before.folder if before is not None else self._current
        if wanted is not None:
            self.choose(wanted)
        self._mark()
        self._refresh()
        self.listed.emit()

    def _mark(self) -> None:
        for place in range(self.rows.count()):
            item = self.rows.item(place)
            font = item.font()
            font.setBold(item.data(_STATE).folder == self._current)
            item.setFont(font)

    def _on_chosen(self, *_: Any) -> None:
        self._asked = None
        self._refresh()

    def _refresh(self) -> None:
        state, some = self.chosen, self.rows.count() > 0
        self.empty.setVisible(not some)
        self.rows.setVisible(some)
        self.more.set_text("" if state is None else more_of(state))
        self.more.setVisible(state is not None)
        cause = "" if state is None else state.cause
        self.cause.setText(breakable(f"✕ {cause}"))
        self.cause.setToolTip(cause)
        self.cause.setVisible(bool(cause))
        running = state is not None and state.phase == "running"
        free = state is not None and not running and not self._locked
        for one in (self.open_button, self.folder_button, self.resume_button, self.delete_button):
            one.setVisible(some)
        self.open_button.setEnabled(free)
        self.folder_button.setEnabled(state is not None)
        self.resume_button.setEnabled(free and state is not None and state.resumable)
        self.delete_button.setEnabled(state is not None and not running and self._asked is None)
        for widget in (self.question, self.sure_button, self.keep_button):
            widget.setVisible(self._asked is not None)

    def _open(self, *_: Any) -> None:
        if self.chosen is not None and self.open_button.isEnabled():
            self.opened.emit(self.chosen.folder)

    def _resume(self) -> None:
        if self.chosen is not None:
            self.resume_wanted.emit(self.chosen.folder)

    def _open_folder(self) -> None:
        if self.chosen is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.chosen.folder)))

    def _ask(self) -> None:
        """Ask before deleting; how much it is, is counted on a worker."""
        state = self.chosen
        if state is None or not self.delete_button.isEnabled():
            return
        self._asked = state.folder
        self._question(f"Delete “{state.name}”, {line_of(state).splitlines()[-1]}?")
        folder = state.folder
        start_call(lambda: (folder, size_in_words(folder)), on_result=self._on_size, on_error=self._fail)
        self._refresh()
        self.keep_button.setFocus()

    def _on_size(self, came: tuple[Path, str]) -> None:
        folder, size = came
        state = self.chosen
        if folder == self._asked and state is not None:
            lost = "Its network, checkpoints and pictures" if state.model else "Its checkpoints"
            self._question(
                f"Delete “{state.name}”? {lost} are gone then ({size}). Images you trained on, and a network "
                "that you put to use, stay."
            )

    def _question(self, text: str) -> None:
        self.question.setText(breakable(text))

    def _delete(self) -> None:
        from napari_tbcad.batch.trainings.state import remove_training

        folder, self._asked = self._asked, None
        self._refresh()
        if folder is not None:

            def remove() -> tuple[Path, str]:
                try:
                    remove_training(folder)
                except (BadInput, OSError) as error:
                    return folder, str(error)
                return folder, ""

            start_call(remove, on_result=self._on_deleted, on_error=self._fail)

    def _on_deleted(self, came: tuple[Path, str]) -> None:
        folder, problem = came
        if problem:
            self.cause.setText(breakable(f"✕ {problem}"))
            self.cause.show()
            return
        self.deleted.emit(folder)
        self.refresh()

    def _keep(self) -> None:
        self._asked = None
        self._refresh()
        self.rows.setFocus()

    def _fail(self, error: Exception) -> None:
        raise error


def _list(home: Path) -> list[TrainingState]:
    from napari_tbcad.batch.trainings.state import list_trainings, read_job

    # What somebody has only looked at is that panel's: to be trained there, or cleared away.
    return [
        state
        for state in list_trainings(home)
        if state.phase != "planned" or "train" in read_job(state.folder).get("do", ())
    ]
