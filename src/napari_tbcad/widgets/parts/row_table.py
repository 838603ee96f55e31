"""A list of studies as a table that is drawn only where it is seen: a row is asked for by Return."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, QModelIndex, Qt, Signal
from qtpy.QtGui import QColor, QKeyEvent, QPalette, QShowEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView


class RowTable(QTableView):
    """A table in a narrow dock.

    Parameters
    ----------
    rows : QAbstractTableModel
        Has ``place(row)``, which study a row shows, and ``background``, the colour under its texts.
    stretched : int
        The column that takes what room there is.
    widths : mapping of int to int
        Widths of the other columns.

    Attributes
    ----------
    wanted : Signal(int)
        Which of the studies is to be opened.
    """

    wanted = Signal(int)

    def __init__(self, rows: Any, *, stretched: int, widths: dict[int, int]) -> None:
        super().__init__()
        self.rows = rows
        self.setModel(rows)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(22)
        head = self.horizontalHeader()
        head.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head.setSectionResizeMode(stretched, QHeaderView.ResizeMode.Stretch)
        head.setHighlightSections(False)
        for column, wide in widths.items():
            self.setColumnWidth(column, wide)

    def ask(self, index: QModelIndex) -> None:
        """Ask for the study of a row."""
        if index.isValid():
            self.wanted.emit(self.rows.place(index.row()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open with Return."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.ask(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Stay readable in another theme."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._know_background()

    def showEvent(self, event: QShowEvent) -> None:
        """Know the theme."""
        super().showEvent(event)
        self._know_background()

    def _know_background(self) -> None:
        self.rows.background = QColor(self.palette().color(QPalette.ColorRole.Base))
