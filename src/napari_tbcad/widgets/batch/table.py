"""The list of studies in the run step: filter, name, state and answer of each."""

from __future__ import annotations

from qtpy.QtCore import QModelIndex, Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from napari_tbcad.bone.words import index_words
from napari_tbcad.widgets.batch.rows import ANSWER, FILTERS, BatchRows
from napari_tbcad.widgets.parts.row_table import RowTable

_MARGINS_PX = 10
_OF_WORKFLOW = {"chest": ("abnormal",), "bone": ("suspect",)}
"""Filters that the other workflow has."""
_WIDEST = {"chest": "not suspect 0.88 …", "bone": index_words(8.88, 88, short=True)}
"""What the column of answers has room for, of each workflow."""


class StudyTable(QWidget):
    """Filters above a table.

    Parameters
    ----------
    rows : BatchRows
        The studies; shared by the panels of a viewer.

    Attributes
    ----------
    wanted : Signal(int)
        Which of the studies is to be opened.
    """

    wanted = Signal(int)

    def __init__(self, rows: BatchRows) -> None:
        super().__init__()
        self.kind, self.search = QComboBox(), QLineEdit()
        self.kind.setAccessibleName("Show")
        self.kind.setToolTip("Which studies are listed.")
        self.search.setAccessibleName("Find")
        self.search.setToolTip("Lists only studies whose names hold this.")
        self.search.setPlaceholderText("part of a name")
        self.search.setClearButtonEnabled(True)
        self.table = RowTable(rows, stretched=1, widths={0: 26, ANSWER: 136, 3: 44})
        self.table.setFixedHeight(246)
        self.table.setSortingEnabled(True)
        self.table.horizontalHeader().setSortIndicatorShown(True)
        self.table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.table.horizontalHeader().setSortIndicatorClearable(True)
        self.table.setItemDelegateForColumn(ANSWER, _FromTheLeft(self.table))
        self.table.setAccessibleName("Studies of the batch")
        self.table.setToolTip("A double click or Return opens a study with its masks; a head sorts.")
        line = QHBoxLayout()
        line.addWidget(self.kind)
        line.addWidget(self.search, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(line)
        column.addWidget(self.table)
        self._workflow = ""
        self.kind.currentIndexChanged.connect(self._filter)
        self.search.textChanged.connect(self._filter)
        self.table.doubleClicked.connect(self._ask)
        self.table.wanted.connect(self.wanted)

    def refresh(self) -> None:
        """Offer the filters that mean something here."""
        workflow = self.table.rows.workflow
        if workflow == self._workflow:
            return
        self._workflow = workflow
        if workflow in _WIDEST:
            widest = self.table.fontMetrics().horizontalAdvance(_WIDEST[workflow])
            self.table.setColumnWidth(ANSWER, widest + _MARGINS_PX)
        chosen = self.kind.currentData()
        self.kind.blockSignals(True)
        self.kind.clear()
        for key, (text, _) in FILTERS.items():
            if key not in _OF_WORKFLOW.get(workflow, ()):
                self.kind.addItem(text, key)
        self.kind.setCurrentIndex(max(0, self.kind.findData(chosen)))
        self.kind.blockSignals(False)
        self._filter()

    def show_kind(self, kind: str) -> None:
        """List studies of a kind."""
        self.kind.setCurrentIndex(max(0, self.kind.findData(kind)))

    def _filter(self, *_: object) -> None:
        self.table.rows.show_kind(str(self.kind.currentData() or "all"), self.search.text())

    def _ask(self, index: QModelIndex) -> None:
        self.table.ask(index)


class _FromTheLeft(QStyledItemDelegate):
    """A cell whose text is cut at its end: of a message the beginning says most."""

    def initStyleOption(self, option: QStyleOptionViewItem | None, index: QModelIndex) -> None:
        super().initStyleOption(option, index)
        if option is not None:
            option.textElideMode = Qt.TextElideMode.ElideRight
