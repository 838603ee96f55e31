"""Rows of a worklist for a Qt view: the films that a filter lets through, state as symbol and word."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from itertools import takewhile
from pathlib import Path
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QFont, QIcon, QPainter, QPen, QPixmap, QPolygonF

from napari_tbcad.widgets.parts.step import AMBER, BLUE, GREEN, RED
from napari_tbcad.worklist import Worklist
from napari_tbcad.worklist_item import Item, ReadingState
from napari_tbcad.worklist_sources import FILMS, Kind

PURPLE = "#CC79A7"
WORDS = {
    ReadingState.ACCEPTED: "accepted",
    ReadingState.CHANGED: "changed",
}
"""Words of the rows where the state's own is too long for a narrow panel."""

NAME, STATE = 0, 1

SECOND_LINE = int(Qt.ItemDataRole.UserRole) + 1
"""Role of what stands under a row's name or state; empty where the kind of study says nothing."""

_Index = QModelIndex | QPersistentModelIndex


class WorklistModel(QAbstractTableModel):
    """Two columns, the film's name and its state; a row a film that the filter lets through.

    Parameters
    ----------
    kind : Kind, optional
        What is listed; where it says so a row has a second line.
    """

    def __init__(self, kind: Kind = FILMS) -> None:
        super().__init__()
        self._kind = kind
        self.worklist: Worklist | None = None
        self.current: Path | None = None
        self._states: frozenset[ReadingState] = frozenset(ReadingState)
        self._rows: list[int] = []
        self._row_of: dict[int, int] = {}
        self._prefix = 0

    def show(self, worklist: Worklist | None, states: Collection[ReadingState] | None = None) -> bool:
        """Show a list, or the same one as it stands now; True when its rows differ from before."""
        self._states = frozenset(ReadingState if states is None else states)
        rows = (
            []
            if worklist is None
            else [place for place, state in enumerate(worklist.states) if state in self._states]
        )
        same = rows == self._rows and _same_films(self.worklist, worklist)
        if not same:
            self.beginResetModel()
        if not _same_films(self.worklist, worklist):
            self._prefix = _common_folders(worklist)
        self.worklist, self._rows = worklist, rows
        self._row_of = {place: row for row, place in enumerate(rows)}
        if not same:
            self.endResetModel()
        elif rows:
            self._say_changed(0, len(rows) - 1)
        return not same

    def set_current(self, path: Path | None) -> None:
        """Say which film is opened."""
        before, self.current = self.row_of(self.current), path
        for row in (before, self.row_of(path)):
            if row is not None:
                self._say_changed(row, row)

    def item(self, row: int) -> Item | None:
        """Return the film of a row."""
        if self.worklist is None or not 0 <= row < len(self._rows):
            return None
        return self.worklist.items[self._rows[row]]

    def row_of(self, path: Path | None) -> int | None:
        """Return the row of a film; None when the filter hides it."""
        place = None if self.worklist is None else self.worklist.place(path)
        return None if place is None else self._row_of.get(place)

    def _second(self, item: Item, column: int) -> str:
        return "" if self._kind.row is None else self._kind.row(item)[column]

    def _say_changed(self, first: int, last: int) -> None:
        self.dataChanged.emit(self.index(first, NAME), self.index(last, STATE))

    # -- what Qt asks -------------------------------------------------------------------------------------

    def rowCount(self, parent: _Index | None = None) -> int:
        """Return the number of films shown."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index | None = None) -> int:
        """Return 2."""
        return 0 if parent is not None and parent.isValid() else 2

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        """Return the names of the columns."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (self._kind.thing.capitalize(), "State")[section]
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return name, state, symbol, tooltip or spoken text of a row."""
        item = self.item(index.row())
        if item is None or self.worklist is None:
            return None
        state = self.worklist.states[self._rows[index.row()]]
        opened = self.current is not None and self.row_of(self.current) == index.row()
        text = item.name[self._prefix :] if index.column() == NAME else word(state)
        if role == Qt.ItemDataRole.DisplayRole:
            return text
        if role == SECOND_LINE:
            return self._second(item, index.column())
        if role == Qt.ItemDataRole.DecorationRole and index.column() == NAME:
            return symbol(state)
        if role == Qt.ItemDataRole.ToolTipRole:
            return said_of(item, state)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            said = f"{text}, opened" if opened and index.column() == NAME else text
            second = self._second(item, index.column())
            return f"{said}, {second}" if second else said
        if role == Qt.ItemDataRole.FontRole and opened:
            font = QFont()
            font.setBold(True)
            return font
        return None


def word(state: ReadingState) -> str:
    """Return the state in one or two words."""
    return WORDS.get(state, str(state))


def said_of(item: Item, state: ReadingState) -> str:
    """Return all that a reader may know of an item, a line each."""
    lines = [item.name]
    if item.facts:
        lines.append(item.facts)
    lines.append(f"{state[:1].upper()}{state[1:]}" + (f": {item.problem}" if item.problem else ""))
    for reading in item.readings:
        who = reading.reader or "no name given"
        when = reading.when[:16].replace("T", " ")
        lines.append(f"{reading.verdict} by {who}" + (f", {when}" if when else ""))
    if item.kind.tip is not None:
        lines += item.kind.tip(item)
    lines += [str(path) for path in item.paths]
    return "\n".join(lines)


def _same_films(before: Worklist | None, now: Worklist | None) -> bool:
    if before is None or now is None:
        return before is now
    return before.source == now.source and len(before.items) == len(now.items)


def _common_folders(worklist: Worklist | None) -> int:
    """Return how many characters of folders all names begin with; a row need not repeat them."""
    folders = [] if worklist is None else [item.name.split("__")[:-1] for item in worklist.items]
    if len(folders) < 2:
        return 0
    shared = takewhile(lambda pair: pair[0] == pair[1], zip(min(folders), max(folders), strict=False))
    return sum(len(folder) + len("__") for folder, _ in shared)


# -- symbols: a shape of its own for each state, told apart without colour ----------------------------------


@lru_cache(maxsize=len(ReadingState))
def symbol(state: ReadingState) -> QIcon:
    """Return the sign of a state, drawn on 16 px."""
    pixmap = QPixmap(48, 48)
    pixmap.setDevicePixelRatio(3)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _DRAW[state](painter)
    painter.end()
    icon = QIcon(pixmap)
    # Else Qt tints the sign of the selected row, and its colour is lost.
    icon.addPixmap(pixmap, QIcon.Mode.Selected)
    return icon


_BOX = QRectF(2, 2, 12, 12)


def _hollow(painter: QPainter) -> None:
    painter.setPen(QPen(QColor(140, 140, 140), 1.5))
    painter.drawEllipse(_BOX.adjusted(0.5, 0.5, -0.5, -0.5))


def _half(painter: QPainter) -> None:
    painter.setPen(QPen(QColor(BLUE), 1.5))
    painter.drawEllipse(_BOX.adjusted(0.5, 0.5, -0.5, -0.5))
    painter.setBrush(QColor(BLUE))
    painter.drawPie(_BOX.adjusted(0.5, 0.5, -0.5, -0.5), 90 * 16, 180 * 16)


def _eye(painter: QPainter) -> None:
    painter.setPen(QPen(QColor(AMBER), 1.8))
    painter.drawPolygon(QPolygonF([QPointF(8, 1.5), QPointF(14.5, 8), QPointF(8, 14.5), QPointF(1.5, 8)]))
    painter.setBrush(QColor(AMBER))
    painter.drawEllipse(QPointF(8, 8), 1.8, 1.8)


def _disc(painter: QPainter, colour: str) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawEllipse(_BOX.adjusted(-0.5, -0.5, 0.5, 0.5))
    painter.setPen(QPen(QColor("white"), 1.6))


def _lines(painter: QPainter, *ends: tuple[float, float, float, float]) -> None:
    for x0, y0, x1, y1 in ends:
        painter.drawLine(QPointF(x0, y0), QPointF(x1, y1))


def _tick(painter: QPainter) -> None:
    _disc(painter, GREEN)
    _lines(painter, (5, 8.2, 7.2, 10.4), (7.2, 10.4, 11, 5.8))


def _two_ticks(painter: QPainter) -> None:
    _disc(painter, GREEN)
    _lines(painter, (3.8, 8.2, 5.6, 10.2), (5.6, 10.2, 9, 5.8), (8, 10.2, 8.3, 10.2), (8.3, 10.2, 12, 5.8))


def _pencil(painter: QPainter) -> None:
    _disc(painter, PURPLE)
    painter.drawPolygon(QPolygonF([QPointF(8, 4.6), QPointF(11.4, 10.6), QPointF(4.6, 10.6)]))


def _cross(painter: QPainter) -> None:
    _disc(painter, RED)
    _lines(painter, (5.5, 5.5, 10.5, 10.5), (10.5, 5.5, 5.5, 10.5))


_DRAW = {
    ReadingState.TO_DO: _hollow,
    ReadingState.IN_PROGRESS: _half,
    ReadingState.TO_REVIEW: _eye,
    ReadingState.DONE: _tick,
    ReadingState.ACCEPTED: _two_ticks,
    ReadingState.CHANGED: _pencil,
    ReadingState.FAILED: _cross,
}
