"""The table of methods: sortable, and copied as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from napari_tbcad.files import guarded
from napari_tbcad.widgets.evaluating.score_bars import SIGNS
from napari_tbcad.widgets.evaluating.words import FIGURES, figure, method_words

if TYPE_CHECKING:
    from napari_tbcad.widgets.evaluating.results import Results

_MOST_ROWS = 9
_VALUE = int(Qt.ItemDataRole.UserRole)


class _Item(QTableWidgetItem):
    """A cell that is sorted by its number."""

    def __lt__(self, other: QTableWidgetItem) -> bool:
        mine, its = self.data(_VALUE), other.data(_VALUE)
        if isinstance(mine, float) and isinstance(its, float):
            return mine < its
        return str(self.text()) < str(other.text())


class MethodsTable(QTableWidget):
    """One row a method and variant; figures with their intervals in the tooltips."""

    def __init__(self) -> None:
        super().__init__()
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSortingEnabled(True)
        self.verticalHeader().hide()
        # Sections that follow their contents would be measured with every cell that is filled.
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.horizontalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        )
        self.setAccessibleName("Methods and their figures")
        self.setToolTip("A click on a heading sorts; Ctrl+C copies the table as CSV.")

    def show_results(self, results: Results) -> None:
        """Show the summary."""
        summary, several = results.evaluation.summary, results.several
        names = [name for name in FIGURES if name in summary.columns]
        heads = ["Method", *(["Features"] if several else []), *(FIGURES[name][0] for name in names)]
        self.setSortingEnabled(False)
        self.setUpdatesEnabled(False)
        self.clear()
        self.setColumnCount(len(heads))
        self.setRowCount(len(summary))
        self.setHorizontalHeaderLabels(heads)
        self.horizontalHeaderItem(0).setTextAlignment(Qt.AlignmentFlag.AlignLeft)
        for place, name in enumerate(names, start=len(heads) - len(names)):
            self.horizontalHeaderItem(place).setToolTip(FIGURES[name][1])
        for row, values in enumerate(summary.to_dict("records")):
            self._fill(row, values, names, several=several)
        self._widen(len(heads) - len(names))
        self.setUpdatesEnabled(True)
        self.setSortingEnabled(True)
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        shown = min(_MOST_ROWS, len(summary))
        line = self.verticalHeader().defaultSectionSize()
        bar = self.horizontalScrollBar().sizeHint().height()
        self.setFixedHeight(line * shown + self.horizontalHeader().sizeHint().height() + bar + 6)

    def as_csv(self) -> str:
        """Return the table as it is shown, as CSV."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        columns = range(self.columnCount())
        writer.writerow([self.horizontalHeaderItem(column).text() for column in columns])
        for row in range(self.rowCount()):
            writer.writerow([guarded(self._plain(self.item(row, column))) for column in columns])
        return text.getvalue()

    def copy(self) -> None:
        """Put the table into the clipboard, as CSV."""
        QGuiApplication.clipboard().setText(self.as_csv())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy with the usual key."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    def _fill(self, row: int, values: Mapping[Any, Any], names: list[str], *, several: bool) -> None:
        level, warning = str(values.get("level", "")), str(values.get("warning", ""))
        sign = SIGNS.get(level, "")
        named = QTableWidgetItem(f"{sign} {method_words(values['method'])}".strip())
        named.setToolTip(warning or named.text())
        self.setItem(row, 0, named)
        if several:
            said = " · ".join(str(values[name]) for name in ("segmenter", "feature_set", "definition"))
            self.setItem(row, 1, QTableWidgetItem(said))
        for column, name in enumerate(names, start=1 + several):
            value = float(values[name])
            item = _Item(figure(value, float("nan"), float("nan"), 3))
            item.setData(_VALUE, value)
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            low, high = (float(values.get(f"{name}{end}", "nan")) for end in ("_low", "_high"))
            item.setToolTip(f"{FIGURES[name][0]} {figure(value, low, high, 3)}. {FIGURES[name][1]}")
            self.setItem(row, column, item)

    def _widen(self, texts: int) -> None:
        """Make room for the texts; to have every cell measured by the style takes long."""
        metrics = self.fontMetrics()
        for column in range(self.columnCount()):
            wide = metrics.horizontalAdvance("0.000") + 22
            if column < texts:
                said = (self.item(row, column).text() for row in range(self.rowCount()))
                wide = max((metrics.horizontalAdvance(text) for text in said), default=0) + 14
            self.setColumnWidth(column, max(wide, 58))

    @staticmethod
    def _plain(item: QTableWidgetItem | None) -> str:
        if item is None:
            return ""
        value = item.data(_VALUE)
        return f"{value:.6g}" if isinstance(value, float) else item.text().lstrip("✕▲ ")
