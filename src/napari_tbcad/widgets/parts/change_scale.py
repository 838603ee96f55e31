"""A change beside the band within which it may be chance."""

from __future__ import annotations

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QWidget

from napari_tbcad.widgets.parts.bars import CLEAR, SUSPECT, Picture
from napari_tbcad.widgets.parts.quiet import QUIET


class ChangeScale(Picture):
    """An arrow from no change to the change, over the band of chance; zero is in the middle."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.change: float | None = None
        self.band = 0.0
        self.setFixedHeight(38)
        self.setMinimumWidth(120)

    def show_change(self, change: float | None, band: float) -> None:
        """Show a change; None draws the band alone."""
        self.change, self.band = change, band
        said = "no change known" if change is None else f"change {change:+.2f}"
        self.setToolTip(f"{said[:1].upper()}{said[1:]}; within ±{band:.2f} it may be chance.")
        self.setAccessibleName(f"{said}; within ±{band:.2f} it may be chance")
        self.update()

    def sizeHint(self) -> QSize:
        """Return room for the scale."""
        return QSize(240, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw band, axis and arrow."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPointSizeF(max(7.0, font.pointSizeF() - 1.5))
        painter.setFont(font)
        left, wide, line = 6.0, self.width() - 12.0, 13.0
        most = max(abs(self.change or 0.0) * 1.15, 2.0 * self.band, 1e-6)
        middle = left + wide / 2

        def place(value: float) -> float:
            return middle + wide / 2 * value / most

        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.ink(45))
        painter.drawRoundedRect(QRectF(QPointF(place(-self.band), 4), QPointF(place(self.band), 22)), 3, 3)
        painter.setPen(QPen(self.ink(120), 1))
        painter.drawLine(QPointF(left, line), QPointF(left + wide, line))
        painter.drawLine(QPointF(middle, 4), QPointF(middle, 22))
        painter.setPen(self.ink(QUIET))
        for value, text in ((-self.band, f"−{self.band:.2f}"), (0.0, "0"), (self.band, f"+{self.band:.2f}")):
            box = QRectF(place(value) - 30, 23, 60, 14)
            painter.drawText(box, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, text)
        if self.change is not None:
            beyond = abs(self.change) > self.band + 1e-9
            colour = self.paint_colour(SUSPECT if self.change > 0 else CLEAR) if beyond else self.ink(200)
            _arrow(painter, middle, place(self.change), line, colour)


def _arrow(painter: QPainter, start: float, end: float, y: float, colour: QColor) -> None:
    """Draw an arrow along the axis; a dot where there is no way to go."""
    painter.setBrush(colour)
    if abs(end - start) < 4:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawEllipse(QPointF(end, y), 4, 4)
        return
    step = 7.0 if end > start else -7.0
    painter.setPen(QPen(colour, 3.5))
    painter.drawLine(QPointF(start, y), QPointF(end - step, y))
    painter.setPen(Qt.PenStyle.NoPen)
    tips = [QPointF(end, y), QPointF(end - step, y - 5.5), QPointF(end - step, y + 5.5)]
    painter.drawPolygon(QPolygonF(tips))
