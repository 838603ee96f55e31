"""The films of a worklist as rows, or what to do while there are none."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QLabel, QStackedWidget, QTreeView

from napari_tbcad.widgets.parts.worklist_lines import TwoLines
from napari_tbcad.widgets.parts.worklist_model import NAME, STATE, WorklistModel, word
from napari_tbcad.worklist import Worklist
from napari_tbcad.worklist_item import ReadingState
from napari_tbcad.worklist_sources import FILMS, Kind

HINT = (
    "Open a folder of {thing}s, or a CSV with a column “path”; either can be dropped here.\n\n"
    "What you read is kept in a folder “cases” beside the {thing}s, so that you can stop and go on another "
    "day, and a colleague can review it."
)


class WorklistRows(QStackedWidget):
    """The films, or what to do while there are none.

    Parameters
    ----------
    kind : Kind, optional
        What is listed.

    Attributes
    ----------
    opened : Signal(Path)
        A film was chosen by Enter or double click.
    """

    opened = Signal(Path)

    def __init__(self, kind: Kind = FILMS) -> None:
        super().__init__()
        self._kind = kind
        self._said = "\n\n".join(filter(None, (HINT.format(thing=kind.thing), kind.hint)))
        self.hint = QLabel(self._said)
        self.hint.setWordWrap(True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.hint.setContentsMargins(4, 12, 4, 4)
        self.model = WorklistModel(kind)
        self.tree = QTreeView()
        self.tree.setModel(self.model)
        self.tree.setRootIsDecorated(False)
        self.tree.setUniformRowHeights(True)
        self.tree.setHeaderHidden(True)
        self.tree.setAllColumnsShowFocus(True)
        self.tree.setIconSize(QSize(16, 16))
        self.tree.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._lines = TwoLines(self.tree) if kind.row is not None else None
        if self._lines is not None:
            self.tree.setItemDelegate(self._lines)
        self.tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        head = self.tree.header()
        head.setStretchLastSection(False)
        head.setMinimumSectionSize(20)
        head.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        head.setSectionResizeMode(STATE, QHeaderView.ResizeMode.Fixed)
        self.tree.setAccessibleName(f"{kind.thing.capitalize()}s")
        self.tree.activated.connect(self._on_activated)
        self.addWidget(self.hint)
        self.addWidget(self.tree)
        self.setMinimumHeight(120)

    def show_list(
        self, worklist: Worklist | None, states: Collection[ReadingState] | None, current: Path | None
    ) -> None:
        """Show the films in some states; the cursor stays on its film, or near it when that is hidden now."""
        row = self.tree.currentIndex().row()
        under = self.model.item(row)
        self.model.current = current
        if self.model.show(worklist, states):
            again = None if under is None else self.model.row_of(under.path)
            self._go_to_row(again if again is not None else min(row, self.model.rowCount() - 1))
        metrics = self.tree.fontMetrics()
        bold = metrics.horizontalAdvance("M")
        width = max(metrics.horizontalAdvance(text) for text in self._widest()) + bold + 8
        self.tree.header().resizeSection(STATE, width)
        thing = self._kind.thing
        none = f"No {thing} is in this state." if worklist is not None else self._said
        self.hint.setText(none)
        self.setCurrentWidget(self.tree if self.model.rowCount() else self.hint)

    def _widest(self) -> list[str]:
        """Return the texts that the column of the state must hold."""
        words = [word(state) for state in ReadingState]
        return words if self._lines is None else [*words, self._kind.widest]

    def go_to(self, path: Path | None) -> None:
        """Put the cursor on a film and bring it into sight."""
        row = self.model.row_of(path)
        if row is not None:
            self._go_to_row(row)

    def _go_to_row(self, row: int) -> None:
        if row >= 0:
            index = self.model.index(row, NAME)
            self.tree.setCurrentIndex(index)
            self.tree.scrollTo(index)

    def _on_activated(self, index: Any) -> None:
        item = self.model.item(index.row())
        if item is not None:
            self.opened.emit(item.path)
