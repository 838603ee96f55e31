"""The list on the shelf of trainings, and the small parts around it."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QAbstractItemView, QHBoxLayout, QLabel, QListWidget, QPushButton

_MOST_ROWS = 6
"""More trainings than these scroll."""
_BAND = "border-left: 4px solid {}; padding: 4px 6px;"


class ShelfRows(QListWidget):
    """Two lines a training.

    Attributes
    ----------
    delete_wanted : Signal
        Del was pressed.
    """

    delete_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Trainings")
        self.setToolTip("Return or a double click shows a training, Del deletes it after a question.")

    def fit(self) -> None:
        """Be as high as the trainings, until they are many."""
        shown = min(self.count(), _MOST_ROWS)
        self.setFixedHeight(sum(self.sizeHintForRow(place) for place in range(shown)) + 6)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ask to delete with Del."""
        if event.key() == Qt.Key.Key_Delete:
            self.delete_wanted.emit()
        else:
            super().keyPressEvent(event)


def band(colour: str) -> QLabel:
    """Return a label beside a bar of a colour."""
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setStyleSheet(_BAND.format(colour))
    return label


def button(text: str, tip: str) -> QPushButton:
    """Return a button for a narrow row."""
    made = QPushButton(text)
    made.setToolTip(tip)
    made.setStyleSheet("padding: 4px;")
    return made


def row_of(*buttons: QPushButton) -> QHBoxLayout:
    """Return buttons side by side."""
    row = QHBoxLayout()
    row.setSpacing(4)
    for one in buttons:
        row.addWidget(one)
    return row
