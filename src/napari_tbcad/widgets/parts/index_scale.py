"""One or two numbers on a scale, each with the band within which it would be found again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QWidget

from napari_tbcad.widgets.parts.bars import CLEAR, SUSPECT, Picture
from napari_tbcad.widgets.parts.quiet import QUIET

Shape = Literal["dot", "ring", "tick"]


@dataclass(frozen=True)
class Reading:
    """One number on the scale.

    Parameters
    ----------
    value : float
    shape : {"dot", "ring", "tick"}
        Filled disc, hollow diamond, or a line with a flag.
    words : str
        What it is.
    """

    value: float
    shape: Shape
    words: str


class IndexScale(Picture):
    """Numbers from zero upwards, each in its band; each with a shape of its own."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._readings: tuple[Reading, ...] = ()
        self._band = 0.0
        self.setFixedHeight(34)
        self.setMinimumWidth(120)

    @property
    def readings(self) -> tuple[Reading, ...]:
        """The numbers shown."""
        return self._readings

    def show_readings(self, readings: Sequence[Reading], band: float) -> None:
        """Show numbers.

        Parameters
        ----------
        readings : sequence of Reading
            In the order of drawing.
        band : float
            Half the width of the band about each, in its unit.
        """
        self._readings, self._band = tuple(readings), band
        lines = [f"{one.words}: {one.value:.2f} ± {band:.2f}" for one in readings]
        self.setToolTip("\n".join(lines))
        self.setAccessibleName("; ".join(lines))
        self.update()

    @property
    def top(self) -> float:
        """The upper end of the scale: a round number above all bands."""
        most = max((one.value for one in self._readings), default=0.0) + self._band
        step = 10 ** math.floor(math.log10(max(most, 0.1)))
        return next(n * step for n in (1, 2, 5, 10) if n * step >= most * (1 - 1e-9))

    def sizeHint(self) -> QSize:
        """Return room for the scale."""
        return QSize(240, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw axis, bands and marks."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPointSizeF(max(7.0, font.pointSizeF() - 1.5))
        painter.setFont(font)
        left, wide, line = 7.0, self.width() - 14.0, 13.0
        painter.setPen(QPen(self.ink(120), 1))
        painter.drawLine(QPointF(left, line), QPointF(left + wide, line))
        self._draw_ticks(painter, left, wide, line)
        for one in self._readings:
            at = left + wide * min(one.value / self.top, 1.0)
            low = left + wide * max(one.value - self._band, 0.0) / self.top
            high = left + wide * min((one.value + self._band) / self.top, 1.0)
            colour = self.paint_colour(CLEAR if one.shape == "tick" else SUSPECT)
            band = self.paint_colour(CLEAR if one.shape == "tick" else SUSPECT)
            band.setAlpha(70)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(band)
            painter.drawRoundedRect(QRectF(low, line - 5, max(high - low, 2.0), 10), 3, 3)
            self._draw_mark(painter, one.shape, at, line, colour)

    def _draw_ticks(self, painter: QPainter, left: float, wide: float, line: float) -> None:
        for part in (0.0, 0.5, 1.0):
            x = left + wide * part
            painter.setPen(QPen(self.ink(120), 1))
            painter.drawLine(QPointF(x, line + 2), QPointF(x, line + 6))
            painter.setPen(self.ink(QUIET))
            flags = {0.0: Qt.AlignmentFlag.AlignLeft, 1.0: Qt.AlignmentFlag.AlignRight}
            side = flags.get(part, Qt.AlignmentFlag.AlignHCenter)
            text = f"{part * self.top:g}" + (" %" if part == 1 else "")
            start = {0.0: x - 3, 1.0: x - 60 + 6}.get(part, x - 30)
            painter.drawText(QRectF(start, line + 7, 60, 14), side | Qt.AlignmentFlag.AlignTop, text)

    def _draw_mark(self, painter: QPainter, shape: Shape, x: float, y: float, colour: object) -> None:
        painter.setPen(QPen(self.ink(), 1.4))
        if shape == "dot":
            painter.setBrush(colour)  # type: ignore[arg-type]
            painter.drawEllipse(QPointF(x, y), 4.6, 4.6)
        elif shape == "ring":
            painter.setBrush(self.palette().color(self.backgroundRole()))
            points = [QPointF(x - 5.4, y), QPointF(x, y - 6), QPointF(x + 5.4, y), QPointF(x, y + 6)]
            painter.drawPolygon(QPolygonF(points))
        else:
            painter.setPen(QPen(self.ink(), 2))
            painter.drawLine(QPointF(x, y - 9), QPointF(x, y + 7))
