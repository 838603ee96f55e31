"""Earlier trainings, folded above the steps."""

from __future__ import annotations

import weakref
from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QToolButton, QVBoxLayout, QWidget

from napari_tbcad.widgets.training.home import trainings_folder
from napari_tbcad.widgets.training.session import TrainingSession
from napari_tbcad.widgets.training.shelf import Shelf
from napari_tbcad.widgets.training.words import count


class Trainings(QWidget):
    """A button that says how many there are, and the shelf below it.

    Parameters
    ----------
    session : TrainingSession
        What the panels of a viewer share.
    """

    def __init__(self, session: TrainingSession) -> None:
        super().__init__()
        self._session = weakref.ref(session)
        self.button = QToolButton()
        self.button.setCheckable(True)
        self.button.setAutoRaise(True)
        self.button.setArrowType(Qt.ArrowType.RightArrow)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.button.setToolTip("Trainings of earlier days: look at them, go on with them, delete them.")
        self.shelf = Shelf(trainings_folder)
        self.shelf.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 2)
        column.setSpacing(2)
        column.addWidget(self.button)
        column.addWidget(self.shelf)
        self.button.toggled.connect(self._unfold)
        self.shelf.listed.connect(self._tell)
        self.shelf.opened.connect(self._open)
        self.shelf.resume_wanted.connect(session.resume)
        self.shelf.deleted.connect(session.forget)
        session.trainings_changed.connect(self.shelf.refresh)
        self._tell()
        self.shelf.refresh()

    def refresh(self) -> None:
        """Mark the training that is shown; while one runs, the others can only be looked at."""
        session = self._session()
        if session is not None:
            self.shelf.set_current(session.folder)
            self.shelf.set_locked(session.busy)

    def _open(self, folder: Path) -> None:
        session = self._session()
        if session is not None:
            session.open(folder)
            self.button.setChecked(False)

    def _tell(self) -> None:
        number = len(self.shelf)
        self.button.setText(f"{count(number, 'training')} so far")
        self.setVisible(number > 0)

    def _unfold(self, on: bool) -> None:
        self.shelf.setVisible(on)
        self.button.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
