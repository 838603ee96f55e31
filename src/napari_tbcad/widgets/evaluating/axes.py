"""A small pair of axes to draw in: numbers to pixels, grid, ticks, colours and strokes of the methods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QFontMetricsF, QPainter, QPalette, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_tbcad.evaluate.drawing import COLOURS
from napari_tbcad.widgets.parts.bars import Picture
from napari_tbcad.widgets.parts.quiet import QUIET
from napari_tbcad.widgets.training.plot import readable

_GRID = 45
STROKES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DashDotLine, Qt.PenStyle.DotLine)
MARKS = ("circle", "square", "triangle", "diamond")
"""Shapes beside the colours, so that nobody needs to tell these apart."""


@dataclass(frozen=True)
class Axes:
    """Where values lie.

    Parameters
    ----------
    box : QRectF
        In pixels.
    x_range, y_range : tuple of float
        Values at the ends.
    """

    box: QRectF
    x_range: tuple[float, float] = (0.0, 1.0)
    y_range: tuple[float, float] = (0.0, 1.0)

    def x(self, value: float) -> float:
        """Return the place of a value from left to right."""
        low, high = self.x_range
        return self.box.left() + (value - low) / ((high - low) or 1.0) * self.box.width()

    def y(self, value: float) -> float:
        """Return the place of a value from bottom to top."""
        low, high = self.y_range
        return self.box.bottom() - (value - low) / ((high - low) or 1.0) * self.box.height()

    def point(self, x: float, y: float) -> QPointF:
        """Return the place of a pair of values."""
        return QPointF(self.x(x), self.y(y))


class Plot(Picture):
    """A plot of the panel; the same in a larger window.

    Attributes
    ----------
    title : str
        Of the window in which it is enlarged.
    high : int
        Height in pixels in the panel.
    """

    title = ""
    high = 230

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(self.high)
        self.setMinimumWidth(200)

    def free(self) -> None:
        """Let it take what room there is."""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(320)
        self.setMaximumHeight(16_777_215)

    def background(self) -> QColor:
        """Return the colour behind."""
        return QColor(self.palette().color(QPalette.ColorRole.Window))

    def colour(self, place: int) -> QColor:
        """Return the colour of the nth method."""
        return readable(COLOURS[place % len(COLOURS)], self.background())

    def small(self, painter: QPainter) -> None:
        """Write with small letters."""
        font = painter.font()
        font.setPointSizeF(max(7.0, font.pointSizeF() - 1))
        painter.setFont(font)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def frame(
        self,
        painter: QPainter,
        axes: Axes,
        x_ticks: Sequence[tuple[float, str]],
        y_ticks: Sequence[tuple[float, str]],
        labels: tuple[str, str] = ("", ""),
    ) -> None:
        """Draw grid, numbers and what is on the axes."""
        box, height = axes.box, QFontMetricsF(painter.font()).height()
        for value, text in x_ticks:
            x = axes.x(value)
            painter.setPen(QPen(self.ink(_GRID), 1))
            painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))
            painter.setPen(self.ink(QUIET))
            painter.drawText(
                QRectF(x - 30, box.bottom() + 2, 60, height), Qt.AlignmentFlag.AlignHCenter, text
            )
        for value, text in y_ticks:
            y = axes.y(value)
            painter.setPen(QPen(self.ink(_GRID), 1))
            painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
            painter.setPen(self.ink(QUIET))
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, y - height / 2, box.left() - 4, height), right, text)
        painter.setPen(self.ink(QUIET))
        below = QRectF(box.left(), box.bottom() + height + 1, box.width(), height)
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, labels[0])
        painter.drawText(QRectF(2, 0, self.width(), height), Qt.AlignmentFlag.AlignLeft, labels[1])

    def legend(self, painter: QPainter, left: float, top: float, rows: Sequence[tuple[int, str]]) -> None:
        """Name lines, each beside a piece of it: (place, name) rows."""
        height = QFontMetricsF(painter.font()).height()
        widest = max((QFontMetricsF(painter.font()).horizontalAdvance(name) for _, name in rows), default=0)
        behind = self.background()
        behind.setAlpha(190)  # curves that pass below it stay in sight, its words readable
        painter.fillRect(QRectF(left - 2, top, widest + 28, height * len(rows)), behind)
        for number, (place, name) in enumerate(rows):
            y = top + number * height + height / 2
            painter.setPen(QPen(self.colour(place), 2, STROKES[place % len(STROKES)]))
            painter.drawLine(QPointF(left, y), QPointF(left + 18, y))
            painter.setPen(self.ink())
            room = QRectF(left + 22, y - height / 2, self.width() - left - 24, height)
            said = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, int(room.width()))
            painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, said)


def star(painter: QPainter, at: QPointF, size: float) -> None:
    """Draw a star of five points with the painter's pen and brush."""
    from math import cos, pi, sin

    from qtpy.QtGui import QPolygonF

    points = [
        QPointF(
            at.x() + (size if n % 2 == 0 else size * 0.42) * sin(n * pi / 5),
            at.y() - (size if n % 2 == 0 else size * 0.42) * cos(n * pi / 5),
        )
        for n in range(10)
    ]
    painter.drawPolygon(QPolygonF(points))


def mark(painter: QPainter, shape: str, at: QPointF, size: float) -> None:
    """Draw a filled or hollow shape with the painter's pen and brush."""
    from qtpy.QtGui import QPolygonF

    x, y = at.x(), at.y()
    if shape == "circle":
        painter.drawEllipse(at, size, size)
    elif shape == "square":
        painter.drawRect(QRectF(x - size, y - size, 2 * size, 2 * size))
    elif shape == "triangle":
        painter.drawPolygon(
            QPolygonF([QPointF(x, y - size), QPointF(x + size, y + size), QPointF(x - size, y + size)])
        )
    else:
        corners = [QPointF(x, y - size), QPointF(x + size, y), QPointF(x, y + size), QPointF(x - size, y)]
        painter.drawPolygon(QPolygonF(corners))
