"""The table of a comparison: class, scores, difference with its interval, patients."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtGui import QFontMetrics
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from napari_tbcad.widgets.training.verdict import MEAN, Row, signed

HIGHER, LOWER, NONE = "▲", "▼", "·"
_MOST_ROWS = 8
"""More rows than these scroll."""
_CENTRE = Qt.AlignmentFlag.AlignCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class ScoreTable(QTableWidget):
    """Rows of a comparison; nothing in it can be changed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 5, parent)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(True)
        self.verticalHeader().hide()
        head = self.horizontalHeader()
        head.setMinimumSectionSize(24)
        head.setHighlightSections(False)
        head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        font = self.font()
        font.setPointSizeF(max(7.0, font.pointSizeF() * 0.92))
        self.setFont(font)
        self.setAccessibleName("Scores on held-out patients")

    def show_rows(self, rows: Sequence[Row], *, other: str, fair: bool) -> None:
        """Show rows.

        Parameters
        ----------
        rows : sequence of Row
            The mean first.
        other : str
            What the column of the other network is called; empty where there is none.
        fair : bool
            Whether an interval beside 0 may be marked as a difference.
        """
        self.setHorizontalHeaderLabels(["Class", "New", other.capitalize(), "Difference", "n"])
        tips = (
            "Class of the label scheme.",
            "Score of the network just trained, on the held-out patients.",
            f"Score of the {other} network on the same images.",
            "New minus the other, and its 95 % interval: patients drawn again with replacement, the same "
            "for both networks. ▲ higher, ▼ lower, · no difference shown.",
            "Patients in whom the class occurs.",
        )
        for column, tip in enumerate(tips):
            self.horizontalHeaderItem(column).setToolTip(tip)
        for column in (2, 3):
            self.setColumnHidden(column, not other)
        self.setRowCount(len(rows))
        for place, row in enumerate(rows):
            self._show_row(place, row, fair)
        self._fit()

    def _show_row(self, place: int, row: Row, fair: bool) -> None:
        texts = (row.name, _score(row.new), _score(row.other), difference(row, fair), str(row.patients))
        for column, text in enumerate(texts):
            item = QTableWidgetItem(text)
            item.setTextAlignment(_LEFT if column == 0 else _CENTRE)
            item.setToolTip(_in_words(row))
            if row.name == MEAN:
                font = item.font()
                font.setBold(True)
                item.setFont(font)
            self.setItem(place, column, item)

    def _fit(self) -> None:
        """Be as high as the rows, two lines each, until they are many."""
        line = QFontMetrics(self.font()).height()
        high = 2 * line + 6 if not self.isColumnHidden(3) else line + 8
        for place in range(self.rowCount()):
            self.setRowHeight(place, high)
        head = max(self.horizontalHeader().sizeHint().height(), line + 8)
        self.setFixedHeight(head + high * min(self.rowCount(), _MOST_ROWS) + 4)


def difference(row: Row, fair: bool) -> str:
    """Return a difference and its interval in two lines."""
    if row.difference is None:
        return "–"
    mark = {1: HIGHER, -1: LOWER, 0: NONE}[row.sign] if fair else ""
    said = f"{mark} {signed(row.difference)}".strip()
    if row.low is None or row.high is None:
        return said
    return f"{said}\n{signed(row.low)} to {signed(row.high)}"


def _score(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _in_words(row: Row) -> str:
    said = f"{row.name}: new {_score(row.new)}"
    if row.other is not None:
        said += f", other {_score(row.other)}"
    if row.low is not None and row.high is not None and row.difference is not None:
        said += f", difference {signed(row.difference)} ({signed(row.low)} to {signed(row.high)})"
    return f"{said}; {row.images} images of {row.patients} patients"
