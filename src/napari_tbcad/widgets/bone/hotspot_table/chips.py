"""The classes as chips, a letter on their colour, and the choice of one of them in a cell."""

from __future__ import annotations

from functools import cache
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QModelIndex, QRectF, QSignalBlocker, Qt, QTimer
from qtpy.QtGui import QColor, QFont, QIcon, QPainter, QPen, QPixmap
from qtpy.QtWidgets import QComboBox, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from napari_tbcad.bone.picture import LETTERS
from napari_tbcad.schemes import HOTSPOT_CLASSES
from napari_tbcad.widgets.bone.colours import CLASS_COLOURS
from napari_tbcad.widgets.bone.hotspot_table.words import JUDGED, WORDS

_SIDE, _SHARP = 14, 3
"""Side of a chip in points, and how much finer it is drawn for screens that show that."""
_CHOSEN = "napari-tbcad-chosen"
"""Under this name an editor remembers that a person chose in it."""
_INSET = (_SHARP, _SHARP, -_SHARP, -_SHARP)


@cache
def chip(label: str, *, judged: bool = True) -> QIcon:
    """Return a chip: the letter of a class on its colour; only framed by it where nobody judged yet."""
    side = _SIDE * _SHARP
    pixmap = QPixmap(side, side)
    pixmap.fill(QColor("transparent"))
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    colour = QColor(CLASS_COLOURS[label])
    ground = colour if judged else QColor("white")
    painter.setPen(QPen(colour, 2 * _SHARP))
    painter.setBrush(ground)
    painter.drawRoundedRect(QRectF(0, 0, side, side).adjusted(*_INSET), 2 * _SHARP, 2 * _SHARP)
    font = QFont()
    font.setPixelSize(9 * _SHARP)
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(QColor("white" if _dark(ground) else "black"))
    painter.drawText(QRectF(0, 0, side, side), int(Qt.AlignmentFlag.AlignCenter.value), LETTERS[label])
    painter.end()
    pixmap.setDevicePixelRatio(_SHARP)
    icon = QIcon(pixmap)
    # Qt would tint it in a chosen row, into the colour of no class.
    icon.addPixmap(pixmap, QIcon.Mode.Selected)
    return icon


def _dark(colour: QColor) -> bool:
    """Tell whether white reads better on a colour than black (WCAG's relative luminance)."""
    shares = (colour.redF(), colour.greenF(), colour.blueF())
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] < 0.179


class ClassDelegate(QStyledItemDelegate):
    """A chip and a tick in a cell, and a choice of classes opened by one click on it."""

    def initStyleOption(self, option: QStyleOptionViewItem | None, index: QModelIndex) -> None:
        """Leave the word out: the buttons below say what the letters mean."""
        super().initStyleOption(option, index)
        assert option is not None
        option.text = JUDGED if option.text.endswith(JUDGED) else ""

    def createEditor(
        self, parent: QWidget | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> QWidget:
        """Return the list of classes."""
        box = QComboBox(parent)
        for label in HOTSPOT_CLASSES:
            box.addItem(chip(label), WORDS[label], label)
        box.view().setMinimumWidth(110)

        def chosen(_: int) -> None:
            box.setProperty(_CHOSEN, True)
            self.commitData.emit(box)
            self.closeEditor.emit(box)

        box.activated.connect(chosen)
        # Once the cell has it in place: the cell is too narrow to choose in.
        QTimer.singleShot(0, lambda: box.showPopup() if isalive(box) else None)
        return box

    def setEditorData(self, editor: QWidget | None, index: QModelIndex) -> None:
        """Show the present class."""
        assert isinstance(editor, QComboBox)
        with QSignalBlocker(editor):
            editor.setCurrentIndex(editor.findData(index.data(Qt.ItemDataRole.EditRole)))

    def setModelData(self, editor: QWidget | None, model: Any, index: QModelIndex) -> None:
        """Ask for the class chosen."""
        assert isinstance(editor, QComboBox)
        # Qt commits an editor that is only left, too: that judges nothing.
        if editor.property(_CHOSEN):
            model.setData(index, editor.currentData(), Qt.ItemDataRole.EditRole)
