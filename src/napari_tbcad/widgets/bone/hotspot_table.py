"""The hotspots of a scan as a table: one row each, the class can be chosen in it."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import (
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    QSignalBlocker,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from napari_tbcad.bone.picture import LETTERS
from napari_tbcad.schemes import HOTSPOT_CLASSES
from napari_tbcad.widgets.bone.colours import CLASS_COLOURS

WORDS = {"abnormal": "abnormal", "normal": "normal", "non_bone": "non-bone", "ignore": "ignore"}
"""The classes in a person's words."""

_ID, _PLACE, _CLASS, _AREA, _RATIO, _PROBABILITY, _UNSURE = range(7)
_HEADS = ("#", "Place", "Class", "Area", "Ratio", "p %", "?")
_TIPS = (
    "Number, as beside the hotspot on the canvas.",
    "Skeleton region that holds most of it, and the view.",
    "Class: choose it here, or with the keys A, N, U, I. ✓ says that a person chose it.",
    "Area in mm²; in pixels where the pixel size is unknown.",
    "Mean over the mean at the mirrored place of the other side.",
    "The program's probability of being abnormal, in %.",
    "How unsure the program is of it, in %. Sorted by this, what most needs your eye comes first and what "
    "you have judged last.",
)
_SORT = int(Qt.ItemDataRole.UserRole)


def icon_of(label: str) -> QIcon:
    """Return a chip in the colour of a class."""
    pixmap = QPixmap(10, 10)
    pixmap.fill(QColor(CLASS_COLOURS[label]))
    icon = QIcon(pixmap)
    # Qt would tint it in a chosen row, into the colour of no class.
    icon.addPixmap(pixmap, QIcon.Mode.Selected)
    return icon


class HotspotModel(QAbstractTableModel):
    """Rows of a HotspotTable; changing a class asks for it, and changes nothing by itself.

    Attributes
    ----------
    class_wanted : Signal(int, str)
        A person chose a class for a hotspot.
    """

    class_wanted = Signal(int, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.hotspots: tuple[Any, ...] = ()
        self.faded = False

    def take(self, rows: tuple[Any, ...], *, faded: bool) -> None:
        """Show other rows; where they are the same hotspots, what is chosen stays."""
        same = [row.id for row in rows] == [row.id for row in self.hotspots]
        if same:
            changed = rows != self.hotspots or faded != self.faded
            self.hotspots, self.faded = rows, faded
            if changed and rows:
                self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(_HEADS) - 1))
            return
        self.beginResetModel()
        self.hotspots, self.faded = rows, faded
        self.endResetModel()

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:
        """Return the number of hotspots."""
        return 0 if parent.isValid() else len(self.hotspots)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:
        """Return the number of columns."""
        return 0 if parent.isValid() else len(_HEADS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        """Return a heading or its tooltip."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == int(Qt.ItemDataRole.DisplayRole):
            return _HEADS[section]
        return _TIPS[section] if role == int(Qt.ItemDataRole.ToolTipRole) else None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Let classes be chosen."""
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == _CLASS else flags

    def data(self, index: QModelIndex, role: int = 0) -> Any:
        """Return what a cell shows."""
        row, column = self.hotspots[index.row()], index.column()
        if role == int(Qt.ItemDataRole.DisplayRole):
            return _text(row, column)
        if role == _SORT:
            return _key(row, column)
        if role == int(Qt.ItemDataRole.EditRole):
            return row.label if column == _CLASS else None
        if role == int(Qt.ItemDataRole.DecorationRole) and column == _CLASS:
            return icon_of(row.label)
        if role == int(Qt.ItemDataRole.TextAlignmentRole) and column >= _AREA:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == int(Qt.ItemDataRole.ToolTipRole):
            return sentence(row)
        if role == int(Qt.ItemDataRole.ForegroundRole) and self.faded:
            return QColor(128, 128, 128, 150)
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = 0) -> bool:
        """Ask for a class."""
        row = self.hotspots[index.row()]
        if index.column() == _CLASS and value in HOTSPOT_CLASSES and value != row.label:
            self.class_wanted.emit(row.id, value)
            return True
        return False


class _Classes(QStyledItemDelegate):
    """A choice of classes in a cell, opened by one click."""

    def createEditor(
        self, parent: QWidget | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> QWidget:
        """Return the list of classes."""
        box = QComboBox(parent)
        for label in HOTSPOT_CLASSES:
            box.addItem(icon_of(label), f"{LETTERS[label]}  {WORDS[label]}", label)
        box.view().setMinimumWidth(110)

        def chosen(_: int) -> None:
            self.commitData.emit(box)
            self.closeEditor.emit(box)

        box.activated.connect(chosen)
        return box

    def setEditorData(self, editor: QWidget | None, index: QModelIndex) -> None:
        """Show the present class, and open the list."""
        assert isinstance(editor, QComboBox)
        with QSignalBlocker(editor):
            editor.setCurrentIndex(editor.findData(index.data(Qt.ItemDataRole.EditRole)))

    def setModelData(self, editor: QWidget | None, model: Any, index: QModelIndex) -> None:
        """Ask for the class chosen."""
        assert isinstance(editor, QComboBox)
        model.setData(index, editor.currentData(), Qt.ItemDataRole.EditRole)


class HotspotView(QTableView):
    """The table; knows nothing of a viewer.

    Attributes
    ----------
    chosen : Signal(object)
        Another row became current: its hotspot, or None.
    class_wanted : Signal(int, str)
        A person chose a class for a hotspot.
    delete_wanted : Signal(object)
        The Delete key was pressed; the hotspots of the rows that are selected.
    """

    chosen = Signal(object)
    class_wanted = Signal(int, str)
    delete_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.content = HotspotModel(self)
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self.content)
        self._sorted.setSortRole(_SORT)
        self.setModel(self._sorted)
        self.setSortingEnabled(True)
        self.sortByColumn(_UNSURE, Qt.SortOrder.DescendingOrder)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.SelectedClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self._delegate = _Classes(self)
        self.setItemDelegateForColumn(_CLASS, self._delegate)
        font = self.font()
        font.setPointSizeF(max(7.0, font.pointSizeF() - 1.5))
        self.setFont(font)
        self.setShowGrid(False)
        self.setAlternatingRowColors(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(21)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(_PLACE, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(20)
        widths = {_ID: 22, _CLASS: 86, _AREA: 36, _RATIO: 30, _PROBABILITY: 28, _UNSURE: 26}
        for column, width in widths.items():
            header.resizeSection(column, width)
        self.setMinimumHeight(205)
        self.setAccessibleName("Hotspots")
        self.content.class_wanted.connect(self.class_wanted)
        self.selectionModel().currentRowChanged.connect(self._on_current)

    def show_rows(self, rows: tuple[Any, ...], *, chosen: int | None, faded: bool = False) -> None:
        """Show hotspots, and which one is chosen."""
        with QSignalBlocker(self):
            self.content.take(rows, faded=faded)
            self._choose(chosen)

    def selected(self) -> tuple[int, ...]:
        """Return the hotspots of the rows that are selected."""
        rows = {index.row() for index in self.selectionModel().selectedRows()}
        return tuple(self._number(row) for row in sorted(rows))

    def numbers(self) -> tuple[int, ...]:
        """Return all hotspots as they are sorted, from above."""
        return tuple(self._number(row) for row in range(self._sorted.rowCount()))

    def values(self) -> list[tuple[str, ...]]:
        """Return the table as it stands, row by row from above."""
        model = self._sorted
        return [
            tuple(str(model.index(row, column).data() or "") for column in range(len(_HEADS)))
            for row in range(model.rowCount())
        ]

    def choose_class(self, number: int, label: str) -> None:
        """Choose a class in the row of a hotspot, as a person does in its list."""
        for row in range(self._sorted.rowCount()):
            if self._number(row) == number:
                self._sorted.setData(self._sorted.index(row, _CLASS), label, Qt.ItemDataRole.EditRole)

    def keyPressEvent(self, event: Any) -> None:
        """Take hotspots away with the Delete key."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self.selected():
            self.delete_wanted.emit(self.selected())
        else:
            super().keyPressEvent(event)

    def _number(self, row: int) -> int:
        return self.content.hotspots[self._sorted.mapToSource(self._sorted.index(row, 0)).row()].id

    def _choose(self, number: int | None) -> None:
        current = self.currentIndex()
        if number is None:
            self.selectionModel().clear()
            return
        if current.isValid() and self._number(current.row()) == number:
            return
        for row in range(self._sorted.rowCount()):
            if self._number(row) == number:
                flag = QItemSelectionModel.SelectionFlag
                self.selectionModel().setCurrentIndex(
                    self._sorted.index(row, _ID), flag.ClearAndSelect | flag.Rows
                )
                self.scrollTo(self._sorted.index(row, _ID))
                return

    def _on_current(self, current: QModelIndex, before: QModelIndex) -> None:
        self.chosen.emit(self._number(current.row()) if current.isValid() else None)


def place_of(row: Any) -> str:
    """Return where a hotspot lies, "rib ant"."""
    region = row.region or "?"
    return f"{region} {'ant' if row.view == 'anterior' else 'post'}"


def sentence(row: Any) -> str:
    """Return a hotspot as sentences."""
    area = f"{row.area_px} px" + (f" ({row.area_mm2:.0f} mm²)" if row.area_mm2 is not None else "")
    said = [
        f"Hotspot {row.id}, {row.view} view, {row.region or 'no region'}: {WORDS[row.label]}"
        + (
            ", chosen by a person."
            if row.judged
            else ", proposed by the program."
            if row.origin == "candidate"
            else "."
        ),
        f"{area}, peak {row.peak:.0f}, mean {row.mean:.1f}.",
    ]
    if row.region == "outside" and row.nearest_region:
        said[0] += f" Nearest region: {row.nearest_region}."
    if row.ratio_contralateral is not None:
        said.append(f"{row.ratio_contralateral:.2f} times the other side.")
    if row.linked is not None:
        said.append(f"The same hotspot as {row.linked} in the other view.")
    return " ".join(said)


def _text(row: Any, column: int) -> str:
    if column == _CLASS:
        return WORDS[row.label] + (" ✓" if row.judged else "")
    if column == _AREA:
        return f"{row.area_px if row.area_mm2 is None else row.area_mm2:.0f}"
    values = {_ID: str(row.id), _PLACE: place_of(row)}
    if column in values:
        return values[column]
    value = {_RATIO: row.ratio_contralateral, _UNSURE: row.uncertainty}.get(column, row.probability)
    if value is None:
        return ""
    if column == _RATIO:
        return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"
    return f"{100 * value:.0f}"


def _key(row: Any, column: int) -> Any:
    numbers = {
        _ID: row.id,
        _AREA: row.area_px,
        _RATIO: -1.0 if row.ratio_contralateral is None else row.ratio_contralateral,
        _PROBABILITY: -1.0 if row.probability is None else row.probability,
        _UNSURE: _need(row),
    }
    return float(numbers[column]) if column in numbers else _text(row, column)


def _need(row: Any) -> float:
    """Return how much a hotspot needs a person's eye: those judged come after all others.

    Judged ones keep their order, so that whoever works from above has the last one judged at the end, and the
    next one to judge follows it at the top.
    """
    if row.judged:
        return -1.0 if row.uncertainty is None else row.uncertainty - 2.0
    return -0.5 if row.uncertainty is None else row.uncertainty
