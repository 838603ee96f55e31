"""Scores and their controls as dots with their intervals, on one scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QPainter, QPaintEvent, QPen

from napari_tbcad.widgets.evaluating.axes import Axes, mark
from napari_tbcad.widgets.evaluating.words import figure
from napari_tbcad.widgets.parts.bars import Picture
from napari_tbcad.widgets.parts.quiet import QUIET
from napari_tbcad.widgets.parts.step import AMBER, RED
from napari_tbcad.widgets.training.plot import readable

SIGNS = {"red": "✕", "amber": "▲"}
_COLOURS = {"red": RED, "amber": AMBER}


@dataclass(frozen=True)
class Score:
    """One row.

    Parameters
    ----------
    name : str
    value, low, high : float
        AUC and its 95 % interval.
    control : bool
        Drawn hollow: what the score must stand clear of.
    level : str
        ``"red"``, ``"amber"`` or nothing.
    tip : str
        What is to be known of it.
    """

    name: str
    value: float
    low: float
    high: float
    control: bool = False
    level: str = ""
    tip: str = ""

    @property
    def said(self) -> str:
        """Name, figure and sign in one line."""
        return f"{SIGNS.get(self.level, '')} {self.name}: {figure(self.value, self.low, self.high)}".strip()


class ScoreBars(Picture):
    """Rows of dots with intervals; controls are hollow, warnings have a sign."""

    _ROW = 20

    def __init__(self) -> None:
        super().__init__()
        self.rows: tuple[Score, ...] = ()
        self.setMinimumWidth(160)

    def show_rows(self, rows: Sequence[Score]) -> None:
        """Show scores, then controls."""
        self.rows = tuple(row for row in rows if math.isfinite(row.value))
        self.setFixedHeight(self._ROW * len(self.rows) + (18 if self.rows else 0))
        lines = [f"{row.said}. {row.tip}".strip() for row in self.rows]
        self.setToolTip("\n".join(["AUC, 95 % interval; hollow: controls.", *lines]))
        self.setAccessibleName("; ".join(row.said for row in self.rows))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Return room for all rows."""
        return QSize(240, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the rows."""
        if not self.rows:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPointSizeF(max(7.0, font.pointSizeF() - 1))
        painter.setFont(font)
        metrics = painter.fontMetrics()
        number = metrics.horizontalAdvance("0.00 (0.00–0.00)") + 4
        left = max(118.0, 0.36 * self.width())
        lows = [row.low if math.isfinite(row.low) else row.value for row in self.rows]
        low = min(0.45, math.floor(min(lows) * 20) / 20)
        height = self._ROW * len(self.rows)
        axes = Axes(QRectF(left, 2, self.width() - left - number - 10, height), (low, 1.0))
        painter.setPen(QPen(self.ink(60), 1))
        for value in (0.5, 0.75, 1.0):
            painter.drawLine(axes.point(value, 0), axes.point(value, 1))
        painter.setPen(self.ink(QUIET))
        for value, text in ((0.5, "chance"), (1.0, "1")):
            x = axes.x(value)
            painter.drawText(QRectF(x - 30, height + 3, 60, 14), Qt.AlignmentFlag.AlignHCenter, text)
        for place, row in enumerate(self.rows):
            self._draw(painter, axes, row, 2 + place * self._ROW + self._ROW / 2, left, number)

    def _draw(self, painter: QPainter, axes: Axes, row: Score, y: float, left: float, number: int) -> None:
        back = self.palette().color(self.backgroundRole())
        colour = readable(_COLOURS.get(row.level, "#0072B2"), back)
        if row.control:
            colour = self.ink(220)
        metrics = painter.fontMetrics()
        sign = SIGNS.get(row.level, "")
        name = metrics.elidedText(f"{sign} {row.name}".strip(), Qt.TextElideMode.ElideRight, int(left - 8))
        painter.setPen(self.ink(QUIET if row.control else 255))
        box = QRectF(0, y - self._ROW / 2, left - 8, self._ROW)
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        if math.isfinite(row.low) and math.isfinite(row.high):
            painter.setPen(QPen(colour, 1.4 if row.control else 2))
            painter.drawLine(QPointF(axes.x(row.low), y), QPointF(axes.x(row.high), y))
            for end in (row.low, row.high):
                painter.drawLine(QPointF(axes.x(end), y - 3), QPointF(axes.x(end), y + 3))
        painter.setPen(QPen(colour, 1.6))
        painter.setBrush(back if row.control else colour)
        mark(painter, "diamond" if row.control else "circle", QPointF(axes.x(row.value), y), 4)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(self.ink(QUIET if row.control else 255))
        box = QRectF(self.width() - number, y - self._ROW / 2, number, self._ROW)
        said = figure(row.value, row.low, row.high)
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, said)
