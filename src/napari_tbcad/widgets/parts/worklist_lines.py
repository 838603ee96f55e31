"""Rows of two lines: what a study is called, and under it, smaller, how far it is."""

from __future__ import annotations

from qtpy.QtCore import QModelIndex, QRect, QSize, Qt
from qtpy.QtGui import QFont, QFontMetrics, QPainter, QPalette
from qtpy.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from napari_tbcad.widgets.parts.worklist_model import SECOND_LINE

_SMALLER = 0.9
_ROOM = 7
"""Pixels above and below the two lines of a row together."""


class TwoLines(QStyledItemDelegate):
    """Draws the text of a row, and its second line in a smaller font; one line alone stands in the middle."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Return room for two lines, whether there are two or not."""
        hint = super().sizeHint(option, index)
        lines = QFontMetrics(option.font).height() + QFontMetrics(_smaller(option.font)).height()
        return QSize(hint.width(), lines + _ROOM)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Draw background and symbol as ever, then the lines."""
        option = QStyleOptionViewItem(option)
        self.initStyleOption(option, index)
        text, second = option.text, str(index.data(SECOND_LINE) or "")
        widget = option.widget
        style = widget.style() if widget is not None else QApplication.style()
        place = style.subElementRect(QStyle.SubElement.SE_ItemViewItemText, option, widget)
        option.text = ""
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, widget)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        role = QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text
        painter.save()
        painter.setPen(option.palette.color(role))
        small = _smaller(option.font)
        heights = [QFontMetrics(option.font).height(), QFontMetrics(small).height() if second else 0]
        top = place.top() + (place.height() - sum(heights)) // 2
        for line, font, height, elide in (
            (text, option.font, heights[0], Qt.TextElideMode.ElideMiddle),
            (second, small, heights[1], Qt.TextElideMode.ElideRight),
        ):
            if line:
                painter.setFont(font)
                cut = QFontMetrics(font).elidedText(line, elide, place.width())
                where = QRect(place.left(), top, place.width(), height)
                painter.drawText(where, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), cut)
            top += height
        painter.restore()


def _smaller(font: QFont) -> QFont:
    """Return the font of the second line: smaller, and not bold in the row that is open."""
    small = QFont(font)
    small.setBold(False)
    if font.pointSizeF() > 0:
        small.setPointSizeF(font.pointSizeF() * _SMALLER)
    elif font.pixelSize() > 0:
        small.setPixelSize(round(font.pixelSize() * _SMALLER))
    return small
