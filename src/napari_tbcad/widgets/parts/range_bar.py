"""A cell of a table that shows where a number lies in a range: band, middle half, mark."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from qtpy.QtCore import QModelIndex, QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPalette, QPen, QPolygonF
from qtpy.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

RANGE = int(Qt.ItemDataRole.UserRole) + 1
"""Item data role of a :class:`RangeBar`; a cell without one is painted as text."""
_MARGIN = 0.2
"""Share of the cell left to either side of the range, for marks outside it."""

_MARKED = QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_HasFocus | QStyle.StateFlag.State_MouseOver
_VERMILION = "#D55E00"


@dataclass(frozen=True)
class RangeBar:
    """What a cell shows.

    Parameters
    ----------
    low, high : float
        Ends of the range, drawn at fixed places of every cell, so that marks line up down a column.
    middle : (float, float) or None
        Ends of the darker part.
    centre : float
        A thin line, such as the median.
    mark : float
        The number. A diamond inside the range; outside it, an arrowhead that points away.
    faded : bool
        Out of date.
    """

    low: float
    high: float
    middle: tuple[float, float] | None
    centre: float
    mark: float
    faded: bool = False

    @property
    def outside(self) -> int:
        """−1 below the range, 1 above, 0 in it."""
        return -1 if self.mark < self.low else 1 if self.mark > self.high else 0

    def position(self, value: float) -> float:
        """Return the place of a value across the cell, 0 to 1; values far outside stop at the edge."""
        width = self.high - self.low
        if width <= 0:
            return 0.5 if value == self.low else 1.0 if value > self.low else 0.0
        share = _MARGIN + (value - self.low) / width * (1 - 2 * _MARGIN)
        return min(max(share, 0.0), 1.0)


class RangeBarDelegate(QStyledItemDelegate):
    """Paints cells that hold a :class:`RangeBar` under :data:`RANGE`."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Ask for a little width."""
        size = super().sizeHint(option, index)
        return QSize(max(size.width(), 60), size.height())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Draw the band, the middle, the centre and the mark."""
        bar = index.data(RANGE)
        # The style asks seven things of a cell to paint nothing in it: left out where nothing is marked.
        if not isinstance(bar, RangeBar) or option.state & _MARKED:
            super().paint(painter, option, index)
        if not isinstance(bar, RangeBar):
            return
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        role = QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text
        colour = option.palette.color(QPalette.ColorGroup.Active, role)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        draw_range(painter, QRectF(option.rect).adjusted(4, 3, -4, -3), bar, colour)
        painter.restore()


def draw_range(painter: QPainter, box: QRectF, bar: RangeBar, colour: QColor) -> None:
    """Draw a bar into a box, in one colour of several strengths."""
    rgb = colour.rgb()

    def ink(alpha: int) -> QColor:
        return _shade(rgb, alpha // 3 if bar.faded else alpha)

    def x(value: float) -> float:
        return box.left() + box.width() * bar.position(value)

    middle_y, half = box.center().y(), min(box.height() / 2, 6.0)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink(55))
    left, right = x(bar.low), x(bar.high)
    painter.drawRoundedRect(QRectF(left, middle_y - half + 1, max(right - left, 2), 2 * half - 2), 2, 2)
    if bar.middle is not None:
        start, end = x(bar.middle[0]), x(bar.middle[1])
        painter.setBrush(ink(95))
        painter.drawRect(QRectF(start, middle_y - half + 1, max(end - start, 1), 2 * half - 2))
    painter.setPen(QPen(ink(150), 1))
    painter.drawLine(QPointF(x(bar.centre), middle_y - half + 1), QPointF(x(bar.centre), middle_y + half - 1))
    painter.setBrush(ink(255))
    painter.setPen(Qt.PenStyle.NoPen)
    at = x(bar.mark)
    if bar.outside:
        # Vermilion as well, but the arrowhead says it without colour.
        painter.setBrush(ink(255) if bar.faded else QColor(_VERMILION))
        tip, tail = at + bar.outside * 3, at - bar.outside * 5
        points = [QPointF(tip, middle_y), QPointF(tail, middle_y - half), QPointF(tail, middle_y + half)]
    else:
        points = [
            QPointF(at, middle_y - half),
            QPointF(at + 3.5, middle_y),
            QPointF(at, middle_y + half),
            QPointF(at - 3.5, middle_y),
        ]
    painter.drawPolygon(QPolygonF(points))


@lru_cache(maxsize=64)
def _shade(rgb: int, alpha: int) -> QColor:
    shade = QColor(rgb)
    shade.setAlpha(alpha)
    return shade
