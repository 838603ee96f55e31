"""The table of hotspots as a person handles it; it knows nothing of a viewer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import groupby
from typing import Any

from qtpy.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, QPoint, Qt, Signal
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView, QWidget

from napari_tbcad.widgets.bone.hotspot_table.chips import ClassDelegate
from napari_tbcad.widgets.bone.hotspot_table.model import HEADS, HotspotModel
from napari_tbcad.widgets.bone.hotspot_table.order import (
    AREA,
    CLASS,
    ID,
    LINK,
    NEED,
    PLACE,
    PROBABILITY,
    RATIO,
    Filter,
    RowOrder,
)
from napari_tbcad.widgets.keys import KEYS

_WIDTHS = {ID: 22, CLASS: 40, AREA: 36, RATIO: 28, PROBABILITY: 29, NEED: 27, LINK: 22}
LEAST_PX = 184
"""Height of the table in a window of 800 pixels: eight rows."""
_SCOPES = ("bone", "panel")
_SAME = {"Enter": "Return", "Backspace": "Del"}


class HotspotView(QTableView):
    """The table; knows nothing of a viewer.

    Attributes
    ----------
    picked : Signal(object, object)
        A person selected rows: their hotspots, and the current one or None.
    class_wanted : Signal(int, str)
        A person chose a class for a hotspot.
    key_pressed : Signal(str)
        A key of the plugin was pressed, by its name in the registry of keys.
    next_wanted : Signal(int)
        Tab (1) or Shift+Tab (-1) was pressed while hotspots are left to judge.
    menu_wanted : Signal(object, object)
        A menu for hotspots (a tuple of numbers) is wanted at a place of the screen.
    opened : Signal(int)
        A row was double-clicked: go to that hotspot.
    """

    picked = Signal(object, object)
    class_wanted = Signal(int, str)
    key_pressed = Signal(str)
    next_wanted = Signal(int)
    menu_wanted = Signal(object, object)
    opened = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.content = HotspotModel(self)
        self.order = RowOrder()
        self._all: tuple[Any, ...] = ()
        self._faded = False
        self._last: int | None = None
        self._showing = False
        self.setModel(self.content)
        self._delegate = ClassDelegate(self)
        self.setItemDelegateForColumn(CLASS, self._delegate)
        self._set_up()
        self.sortByColumn(NEED, Qt.SortOrder.DescendingOrder)
        self.content.sort_wanted.connect(self._sort)
        self.content.class_wanted.connect(self.class_wanted)
        self.selectionModel().selectionChanged.connect(self._on_selection)
        self.selectionModel().currentRowChanged.connect(self._on_selection)
        self.customContextMenuRequested.connect(self._on_menu)
        self.doubleClicked.connect(self._on_double_click)

    def _set_up(self) -> None:
        self.setSortingEnabled(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.SelectedClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        font = self.font()
        font.setPointSizeF(max(7.0, font.pointSizeF() - 1.5))
        self.setFont(font)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(21)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(PLACE, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._on_header_menu)
        header.setMinimumSectionSize(20)
        for column, width in _WIDTHS.items():
            header.resizeSection(column, width)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedHeight(LEAST_PX)
        self.setAccessibleName("Hotspots")

    # -- what is shown --------------------------------------------------------------------------------

    def show_rows(
        self,
        rows: Iterable[Any],
        *,
        chosen: int | None,
        selected: Collection[int] = (),
    ) -> None:
        """Show hotspots, which are selected, and which of them is the current one."""
        self._all = tuple(rows)
        self._show(chosen, set(selected) | ({chosen} if chosen is not None else set()))

    def fit(self, room: int) -> None:
        """Take as much of the room (in pixels) as the rows are worth."""
        wanted = self.horizontalHeader().height() + 21 * max(len(self._all), 3) + 4
        height = min(wanted, max(LEAST_PX, room))
        if height != self.height():
            self.setFixedHeight(height)

    def fade(self, faded: bool) -> None:
        """Grey what is out of date, or no longer."""
        if faded is not self._faded:
            self._faded = faded
            self._show(self._current(), set(self.selected()))

    def show_filtered(self, filter_: Filter) -> None:
        """Show only some of the hotspots, sorted anew."""
        self.order.filter = filter_
        self.order.forget()
        self._show(self._current(), set(self.selected()))

    def forget(self) -> None:
        """Begin anew: the hotspots that come next are others, whatever their numbers."""
        self.order.forget()
        self._last = None

    def sort_again(self) -> None:
        """Sort by the same column, with what was judged meanwhile."""
        self.order.forget()
        self._show(self._current(), set(self.selected()))

    def need_first(self) -> None:
        """Sort anew by how much each needs a person's eye, those judged last."""
        self.sortByColumn(NEED, Qt.SortOrder.DescendingOrder)
        self.sort_again()

    @property
    def rows(self) -> tuple[Any, ...]:
        """The rows shown, from above."""
        return self.content.rows

    def selected(self) -> tuple[int, ...]:
        """Return the hotspots of the rows that are selected, from above."""
        rows = {index.row() for index in self.selectionModel().selectedRows()}
        return tuple(self.rows[row].id for row in sorted(rows))

    def numbers(self) -> tuple[int, ...]:
        """Return all hotspots shown, from above."""
        return tuple(row.id for row in self.rows)

    def values(self) -> list[tuple[str, ...]]:
        """Return the table as it stands, row by row from above."""
        model = self.content
        return [
            tuple(str(model.index(row, column).data() or "") for column in range(len(HEADS)))
            for row in range(model.rowCount())
        ]

    def choose_class(self, number: int, label: str) -> None:
        """Choose a class in the row of a hotspot, as a person does in its list."""
        row = self.numbers().index(number)
        self.content.setData(self.content.index(row, CLASS), label)

    def next_to_judge(self, step: int = 1) -> int | None:
        """Return the next hotspot that needs an eye, as the table is sorted."""
        current = self._current()
        # One that was deleted leaves its place to go on from.
        return self.order.next_to_judge(self.rows, self._last if current is None else current, step)

    # -- what a person does ---------------------------------------------------------------------------

    def keyPressEvent(self, event: Any) -> None:
        """Take the plugin's keys, which a table would take for the beginning of a word."""
        name = _key_name(event)
        if name:
            self.key_pressed.emit(name)
        elif event.text().strip().isprintable() and event.text().strip():
            # napari's, where the panel is part of its window; a table would look for a word.
            event.ignore()
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Go through what is left to judge with Tab; after that, on to the next control."""
        left = [row.id for row in self.rows if not row.judged]
        if self._current() is not None and set(left) - {self._current()}:
            self.next_wanted.emit(1 if forward else -1)
            return True
        return super().focusNextPrevChild(forward)

    def _on_selection(self, *_: Any) -> None:
        if self._showing:
            return
        selected, current = self.selected(), self._current()
        if current not in selected:
            # Qt tells of the selection before it moves on.
            current = selected[-1] if selected else None
        self.picked.emit(selected, current)

    def _on_menu(self, place: QPoint) -> None:
        if numbers := self.selected():
            self.menu_wanted.emit(self.viewport().mapToGlobal(place), numbers)

    def _on_double_click(self, index: QModelIndex) -> None:
        if index.column() != CLASS:
            self.opened.emit(self.rows[index.row()].id)

    def _sort(self, column: int, descending: bool) -> None:
        self.order.sort(column, descending=descending)
        self._show(self._current(), set(self.selected()))

    def _on_header_menu(self, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Sort again").triggered.connect(lambda _=False: self.sort_again())
        needed = menu.addAction("What needs an eye first")
        needed.triggered.connect(lambda _=False: self.need_first())
        menu.popup(self.horizontalHeader().mapToGlobal(place))

    # -- inside ---------------------------------------------------------------------------------------

    def _current(self) -> int | None:
        index = self.currentIndex()
        return self.rows[index.row()].id if index.isValid() and index.row() < len(self.rows) else None

    def _show(self, chosen: int | None, selected: set[int]) -> None:
        before, place = self._current(), self.verticalScrollBar().value()
        self._showing = True
        try:
            rows = self.order.arrange(self._all, held=selected)
            moved = self.content.take(rows, faded=self._faded)
            if moved:
                self.verticalScrollBar().setValue(place)
            self._select(chosen, selected)
        finally:
            self._showing = False
        self._last = self._last if chosen is None else chosen
        if chosen is not None and (moved or chosen != before):
            self._keep_in_sight(chosen)

    def _select(self, chosen: int | None, selected: set[int]) -> None:
        rows = [row for row, one in enumerate(self.rows) if one.id in selected]
        now = {index.row() for index in self.selectionModel().selectedRows()}
        flag = QItemSelectionModel.SelectionFlag
        if now != set(rows):
            ranges = QItemSelection()
            for first, last in _runs(rows):
                ranges.select(self.content.index(first, 0), self.content.index(last, len(HEADS) - 1))
            self.selectionModel().select(ranges, flag.ClearAndSelect)
        if chosen != self._current():
            row = next((row for row in rows if self.rows[row].id == chosen), None)
            index = QModelIndex() if row is None else self.content.index(row, ID)
            self.selectionModel().setCurrentIndex(index, flag.NoUpdate)

    def _keep_in_sight(self, number: int) -> None:
        """Scroll so that a row shows, and its neighbours with it: the eye sees what comes next."""
        numbers = self.numbers()
        if number not in numbers:
            return
        row = numbers.index(number)
        for beside in (row - 1, row + 1, row):
            if 0 <= beside < len(numbers):
                self.scrollTo(self.content.index(beside, ID))


def _runs(rows: list[int]) -> Iterator[tuple[int, int]]:
    """Give the first and the last of rows that follow on each other: Qt is slow with many ranges."""
    for _, run in groupby(enumerate(rows), key=lambda pair: pair[1] - pair[0]):
        numbers = [row for _, row in run]
        yield numbers[0], numbers[-1]


def _key_name(event: Any) -> str:
    """Return the name of the plugin's key that was pressed, empty for any other."""
    pressed = _plain(QKeySequence(event.keyCombination()))
    for key in KEYS:
        known = (_plain(QKeySequence(key.keys)), _plain(QKeySequence(key.also)))
        if key.scope in _SCOPES and key.name != "next_hotspot" and pressed in known:
            return key.name
    return ""


def _plain(keys: QKeySequence) -> str:
    """Return a key's name, one for two keys that mean the same."""
    return _SAME.get(keys.toString(), keys.toString())
