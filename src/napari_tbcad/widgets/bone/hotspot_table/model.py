"""The rows of a table of hotspots, for Qt."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QWidget

from napari_tbcad.schemes import HOTSPOT_CLASSES
from napari_tbcad.widgets.bone.hotspot_table.chips import chip
from napari_tbcad.widgets.bone.hotspot_table.order import (
    AREA,
    CLASS,
    ID,
    LINK,
    NEED,
    PLACE,
    PROBABILITY,
    RATIO,
)
from napari_tbcad.widgets.bone.hotspot_table.words import (
    area_of,
    class_of,
    in_full,
    percent,
    place_of,
    ratio,
)

HEADS = ("#", "Place", "Class", "Area", "×", "p %", "?", "=")
_TIPS = (
    "Number, as the label layers have it.",
    "Skeleton region that holds most of it, and the view.",
    "Class: choose it here, or with the keys A, N, U, I. A framed letter is the program's; a filled one with "
    "✓ a person's.",
    "Area in mm²; in pixels where the pixel size is unknown.",
    "Mean over the mean at the mirrored place of the other side.",
    "The program's probability of being abnormal, in %.",
    "How unsure the program is of it, in %. Sorted by this, what most needs your eye comes first and what "
    "you have judged last. Rows keep their places while you judge, until you sort again.",
    "The same lesion in the other view, by its number.",
)
_DISPLAY, _EDIT = int(Qt.ItemDataRole.DisplayRole), int(Qt.ItemDataRole.EditRole)
_CHIP, _TIP = int(Qt.ItemDataRole.DecorationRole), int(Qt.ItemDataRole.ToolTipRole)
_ALIGN, _INK = int(Qt.ItemDataRole.TextAlignmentRole), int(Qt.ItemDataRole.ForegroundRole)
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_TEXTS = {
    ID: lambda row: str(row.id),
    PLACE: place_of,
    CLASS: class_of,
    AREA: area_of,
    RATIO: lambda row: ratio(row.ratio_contralateral),
    PROBABILITY: lambda row: percent(row.probability),
    NEED: lambda row: percent(row.uncertainty),
    LINK: lambda row: "" if row.linked is None else str(row.linked),
}


class HotspotModel(QAbstractTableModel):
    """Rows of a HotspotTable in the order shown; choosing a class asks for it, and changes nothing itself.

    Attributes
    ----------
    class_wanted : Signal(int, str)
        A person chose a class for a hotspot.
    sort_wanted : Signal(int, bool)
        A person sorts by a column; True for the highest first.
    rows : tuple of HotspotRow
        From above.
    """

    class_wanted = Signal(int, str)
    sort_wanted = Signal(int, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[Any, ...] = ()
        self._faded = False

    def take(self, rows: tuple[Any, ...], *, faded: bool) -> bool:
        """Show other rows; True when they are other hotspots, or in another order."""
        if len(rows) != len(self.rows) or any(a.id != b.id for a, b in zip(rows, self.rows, strict=True)):
            self.beginResetModel()
            self.rows, self._faded = rows, faded
            self.endResetModel()
            return True
        changed = [n for n, (a, b) in enumerate(zip(rows, self.rows, strict=True)) if a is not b and a != b]
        if faded is not self._faded:
            changed = list(range(len(rows)))
        self.rows, self._faded = rows, faded
        if changed:
            self.dataChanged.emit(self.index(changed[0], 0), self.index(changed[-1], len(HEADS) - 1))
        return False

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:
        """Return the number of hotspots."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:
        """Return the number of columns."""
        return 0 if parent.isValid() else len(HEADS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _DISPLAY) -> Any:
        """Return a heading or its tooltip."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == _DISPLAY:
            return HEADS[section]
        return _TIPS[section] if role == _TIP else None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Let classes be chosen."""
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == CLASS else flags

    def data(self, index: QModelIndex, role: int = _DISPLAY) -> Any:
        """Return what a cell shows."""
        row, column = self.rows[index.row()], index.column()
        if role == _DISPLAY:
            return _TEXTS[column](row)
        if role == _CHIP:
            return chip(row.label, judged=row.judged) if column == CLASS else None
        if role == _ALIGN:
            return _RIGHT if column >= AREA else None
        if role == _INK:
            return QColor(128, 128, 128, 150) if self._faded else None
        if role == _EDIT:
            return row.label if column == CLASS else None
        return in_full(row) if role == _TIP else None

    def setData(self, index: QModelIndex, value: Any, role: int = _EDIT) -> bool:
        """Ask for a class; the present one, chosen once more, is confirmed."""
        row = self.rows[index.row()]
        if index.column() == CLASS and value in HOTSPOT_CLASSES and (value != row.label or not row.judged):
            self.class_wanted.emit(row.id, value)
            return True
        return False

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Ask for another order."""
        self.sort_wanted.emit(column, order == Qt.SortOrder.DescendingOrder)
