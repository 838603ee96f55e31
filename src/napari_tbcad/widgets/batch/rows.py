"""The studies of a batch with what became of each: as many as there are, told only where they are seen."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtGui import QColor

from napari_tbcad.widgets.batch.words import COLOURS, HEADS, SIGNS, TIPS, answer_words, describe
from napari_tbcad.widgets.training.plot import readable

STATES = ("working", "failed", "waiting", "done", "kept")
"""In the order in which sorting by state lists them."""
STATE, FILE, ANSWER, SECONDS = range(4)
_NONE = QModelIndex()
_MOST_STRETCHES = 64
"""Stretches of rows that leave the list or come into it at once; of more, it is made anew."""


@dataclass(slots=True)
class StudyRow:
    """One study and what became of it.

    Parameters
    ----------
    name : str
        What its outputs are called.
    paths : tuple of Path
    fault : str
        Why it is known not to be readable before it was tried.
    state : str
        Of :data:`STATES`.
    seconds, figure : float or None
        How long it took; probability of tuberculosis, or Bone Scan Index in %.
    answer : str
        Decision, or how many hotspots are abnormal.
    message : str
        Why it failed, else its warnings.
    """

    name: str
    paths: tuple[Path, ...]
    fault: str = ""
    state: str = "waiting"
    seconds: float | None = None
    answer: str = ""
    figure: float | None = None
    message: str = ""

    @property
    def file(self) -> str:
        """What it is called in the list."""
        return self.paths[0].name if len(self.paths) == 1 else self.name.rpartition("__")[2]

    @property
    def finished(self) -> bool:
        """Whether it has a result."""
        return self.state in ("done", "kept")


FILTERS: dict[str, tuple[str, Callable[[StudyRow], bool]]] = {
    "all": ("All", lambda row: True),
    "failed": ("Failed", lambda row: row.state == "failed"),
    "suspect": ("Suspect", lambda row: row.answer == "tb_suspect"),
    "abnormal": (
        "With hotspots",
        lambda row: not row.answer.startswith(("0 ", "tb", "not")) and row.finished,
    ),
    "done": ("Done", lambda row: row.finished),
    "waiting": ("Not done yet", lambda row: row.state in ("waiting", "working")),
}
"""What is listed: what that is called, and which studies they are."""


class BatchRows(QAbstractTableModel):
    """The studies of a batch, those of one kind, in the order of the input or sorted by a column."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.background = QColor("white")
        self.workflow = "chest"
        self.all: list[StudyRow] = []
        self.counts: Counter[str] = Counter()
        self._listed: list[int] = []
        self._at: dict[int, int] = {}
        self._kind, self._text = "all", ""
        self._column, self._down = -1, False

    # -- what a session says --------------------------------------------------------------------------

    def clear(self, workflow: str = "chest") -> None:
        """Forget everything."""
        self.beginResetModel()
        self.workflow = workflow
        self.all, self._listed, self._at = [], [], {}
        self.counts = Counter()
        self.endResetModel()

    def add(self, lines: Iterable[Sequence[Any]], first: int) -> None:
        """Take studies as :mod:`napari_tbcad.batch.runs.child` tells them; earlier ones there go."""
        new = [StudyRow(str(name), tuple(map(Path, paths)), str(fault)) for name, paths, fault in lines]
        del self.all[first:]
        self.all += new
        self.counts = Counter(row.state for row in self.all)
        self._list_anew()

    def take(self, changes: Iterable[Sequence[Any]]) -> None:
        """Take what became of studies: number, state, seconds, answer, figure, message."""
        touched = []
        for number, state, seconds, answer, figure, message in changes:
            if not 0 <= number < len(self.all):
                continue
            row = self.all[number]
            self.counts[row.state] -= 1
            row.state, row.seconds = state, seconds
            row.answer, row.figure, row.message = answer, figure, message
            self.counts[state] += 1
            touched.append(number)
        self._show(touched)

    def set_waiting(self) -> None:
        """Take it that what is not finished waits: a run begins, or ended in the middle of it."""
        self._wait([n for n, row in enumerate(self.all) if row.state == "working"])

    def _wait(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self.counts[self.all[number].state] -= 1
            self.counts["waiting"] += 1
            self.all[number].state = "waiting"
        self._show(numbers)

    # -- what a person asks ---------------------------------------------------------------------------

    def show_kind(self, kind: str, text: str = "") -> None:
        """List studies of a kind (:data:`FILTERS`) whose names hold a text."""
        text = text.strip().casefold()
        if (kind, text) != (self._kind, self._text):
            self._kind, self._text = kind, text
            self._list_anew()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; a negative one is the order of the input."""
        self._column, self._down = column, order == Qt.SortOrder.DescendingOrder
        before = [self._listed[index.row()] for index in self.persistentIndexList()]
        old = self.persistentIndexList()
        self.layoutAboutToBeChanged.emit()
        self._listed = self._ordered(self._listed)
        self._at = {number: row for row, number in enumerate(self._listed)}
        new = [self.index(self._at[n], index.column()) for n, index in zip(before, old, strict=True)]
        self.changePersistentIndexList(old, new)
        self.layoutChanged.emit()

    def place(self, row: int) -> int:
        """Return which of the studies a row shows."""
        return self._listed[row]

    # -- Qt -------------------------------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex = _NONE) -> int:
        """Return how many studies are listed."""
        return 0 if parent.isValid() else len(self._listed)

    def columnCount(self, parent: QModelIndex = _NONE) -> int:
        """Return the number of columns."""
        return 0 if parent.isValid() else len(HEADS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        """Return heads and their tooltips."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return HEADS[section]
        return TIPS[section] if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: QModelIndex, role: int = 0) -> Any:
        """Return what a cell shows."""
        if not index.isValid():
            return None
        row, column = self.all[self._listed[index.row()]], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._cell(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return describe(row)
        if role == Qt.ItemDataRole.ForegroundRole and column in (STATE, ANSWER):
            colour = COLOURS.get(row.answer if row.finished else row.state)
            return None if colour is None else readable(colour, self.background)
        if role == Qt.ItemDataRole.TextAlignmentRole and column == SECONDS:
            return int((Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter).value)
        return None

    # -- inside ---------------------------------------------------------------------------------------

    def _cell(self, row: StudyRow, column: int) -> str:
        if column == STATE:
            return SIGNS[row.state]
        if column == FILE:
            return row.file
        if column == ANSWER:
            return answer_words(row, short=True)
        return "" if row.seconds is None else f"{row.seconds:.1f}"

    def _wanted(self, row: StudyRow) -> bool:
        return FILTERS[self._kind][1](row) and (not self._text or self._text in row.name.casefold())

    def _list_anew(self) -> None:
        self.beginResetModel()
        self._listed = self._ordered([n for n, row in enumerate(self.all) if self._wanted(row)])
        self._at = {number: row for row, number in enumerate(self._listed)}
        self.endResetModel()

    def _ordered(self, numbers: Iterable[int]) -> list[int]:
        keys: dict[int, Callable[[int], Any]] = {
            STATE: lambda n: STATES.index(self.all[n].state),
            FILE: lambda n: self.all[n].name.casefold(),
            ANSWER: lambda n: _last(self.all[n].figure, self._down),
            SECONDS: lambda n: _last(self.all[n].seconds, self._down),
        }
        numbers = sorted(numbers)
        return sorted(numbers, key=keys[self._column], reverse=self._down) if self._column >= 0 else numbers

    def _show(self, numbers: Sequence[int]) -> None:
        """Show what differs; a row that belongs to another kind now leaves the list, or comes into it."""
        if not numbers:
            return
        if self._kind != "all" or self._text:
            numbers = self._move(numbers)
        seen = [self._at[number] for number in numbers if number in self._at]
        if seen:
            last = len(HEADS) - 1
            self.dataChanged.emit(self.index(min(seen), 0), self.index(max(seen), last))

    def _move(self, numbers: Sequence[int]) -> list[int]:
        """Take rows out of the list or into it; return those that stay. What a person chose stays chosen."""
        there = sorted({number for number in numbers if number in self._at})
        stay = [number for number in there if self._wanted(self.all[number])]
        left = _stretches({self._at[number] for number in there} - {self._at[number] for number in stay})
        came = sorted({n for n in numbers if n not in self._at and self._wanted(self.all[n])})
        if len(left) > _MOST_STRETCHES:
            self._list_anew()
            return []
        for row, end in reversed(left):
            self.beginRemoveRows(QModelIndex(), row, end - 1)
            del self._listed[row:end]
            self.endRemoveRows()
        # Sorted ones keep their places while a person looks: new ones come last until sorted again.
        places = [len(self._listed) if self._column >= 0 else bisect.bisect(self._listed, n) for n in came]
        groups = [[*pairs] for _, pairs in groupby(zip(places, came, strict=True), key=itemgetter(0))]
        if len(groups) > _MOST_STRETCHES:
            self._list_anew()
            return []
        for pairs in reversed(groups):
            row = pairs[0][0]
            self.beginInsertRows(QModelIndex(), row, row + len(pairs) - 1)
            self._listed[row:row] = [number for _, number in pairs]
            self.endInsertRows()
        if left or groups:
            self._at = {number: row for row, number in enumerate(self._listed)}
        return stay


def _stretches(rows: Iterable[int]) -> list[tuple[int, int]]:
    """Return the stretches of rows without a gap, each as its first and the one after its last."""
    found: list[tuple[int, int]] = []
    for row in sorted(rows):
        if found and found[-1][1] == row:
            found[-1] = found[-1][0], row + 1
        else:
            found.append((row, row + 1))
    return found


def _last(value: float | None, down: bool) -> tuple[bool, float]:
    """Return a key that puts what is not known last in either direction."""
    return ((value is None) != down, 0.0 if value is None else value)
