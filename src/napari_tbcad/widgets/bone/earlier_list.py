"""The list of what is new, changed, gone and unchanged since an earlier scan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from napari_tbcad.widgets.bone.earlier_words import listed, row_words
from napari_tbcad.widgets.parts.quiet import QUIET

_ROWS = 7
"""So many rows are in sight at once."""


class PairingList(QTreeWidget):
    """A row for each place with hotspots at either date; one can be chosen by click or arrow key.

    Attributes
    ----------
    chosen : Signal()
        A row was chosen, or clicked again: :attr:`pairing` says which.
    """

    chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pairings: list[Any] = []
        self.setColumnCount(3)
        self.setHeaderLabels(["Change", "Place", "Area · uptake"])
        self.setToolTip("A row points at its hotspots; where they are gone, at their place.")
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setAccessibleName("Hotspots that differ")
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.header()
        header.setStretchLastSection(True)
        for column in (0, 1):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.currentItemChanged.connect(lambda *_: self.chosen.emit())
        self.itemClicked.connect(lambda *_: self.chosen.emit())

    @property
    def pairings(self) -> Sequence[Any]:
        """What is listed, in order."""
        return self._pairings

    @property
    def pairing(self) -> Any:
        """The pairing of the chosen row; None without one."""
        item = self.currentItem()
        number = self.indexOfTopLevelItem(item) if item is not None else -1
        return self._pairings[number] if 0 <= number < len(self._pairings) else None

    def point_at(self, pairing: Any) -> None:
        """Choose the row of a pairing."""
        self.setCurrentItem(self.topLevelItem(self._pairings.index(pairing)))

    def show_pairings(self, pairings: Sequence[Any]) -> None:
        """List pairings: abnormal ones first, the others quieter."""
        self._pairings = listed(pairings)
        with QSignalBlocker(self):
            self.clear()
            for pairing in self._pairings:
                self.addTopLevelItem(self._item(pairing))
        rows = min(max(len(self._pairings), 2), _ROWS)
        height = max(self.sizeHintForRow(0), 18)
        self.setFixedHeight(self.header().sizeHint().height() + rows * height + 4)

    def _item(self, pairing: Any) -> QTreeWidgetItem:
        *cells, tip = row_words(pairing)
        item = QTreeWidgetItem(cells)
        faint = QColor(self.palette().windowText().color())
        faint.setAlpha(QUIET)
        for column in range(3):
            item.setToolTip(column, tip)
            if "abnormal" not in (pairing.label_earlier, pairing.label_later):
                item.setForeground(column, faint)
        return item
