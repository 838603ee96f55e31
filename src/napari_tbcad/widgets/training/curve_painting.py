"""How the two plots of a training are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QLineF, QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QFontMetricsF, QPainter, QPalette, QPen, QPolygonF

from napari_tbcad.widgets.parts.quiet import QUIET
from napari_tbcad.widgets.training.curve_data import IOU
from napari_tbcad.widgets.training.plot import apart, readable, thinned, ticks

if TYPE_CHECKING:
    from napari_tbcad.widgets.training.curves import Curves

TRAINED, WATCHED = "#56B4E9", "#E69F00"
_GRID, _FAINT = 40, 110
"""Alphas of grid lines and of the loss of single steps."""
_CENTRE = int(Qt.AlignmentFlag.AlignCenter.value)
_RIGHT = int((Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter).value)
_LEFT = int((Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter).value)


@dataclass(frozen=True)
class Frame:
    """Where a plot lies.

    Parameters
    ----------
    box : QRectF
        The plot without its labels.
    end : int
        Epoch at its right edge; the left one is epoch 0.
    low, high : float
        Values at the lower and the upper edge.
    """

    box: QRectF
    end: int
    low: float = 0.0
    high: float = 1.0

    def x(self, epoch: float) -> float:
        """Return the place of an epoch."""
        return self.box.left() + epoch / self.end * self.box.width()

    def y(self, value: float) -> float:
        """Return the place of a value; one outside stops at the edge."""
        share = (value - self.low) / max(self.high - self.low, 1e-12)
        return self.box.bottom() - min(max(share, 0.0), 1.0) * self.box.height()

    def ys(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the places of many values."""
        share = np.clip((values - self.low) / max(self.high - self.low, 1e-12), 0, 1)
        return self.box.bottom() - share * self.box.height()

    def epoch_at(self, x: float) -> float:
        """Return the epoch at a place."""
        return (x - self.box.left()) / max(self.box.width(), 1.0) * self.end


@dataclass(frozen=True)
class _Line:
    """One line of a plot with the label at its end."""

    name: str
    epochs: NDArray[np.float64]
    values: NDArray[np.float64]
    colour: QColor
    dashed: bool = False

    def at(self, epoch: int | None) -> float | None:
        """Return the value at an epoch, None where there is none; the last without an epoch."""
        if not len(self.values):
            return None
        if epoch is None:
            return float(self.values[-1])
        found = np.flatnonzero(self.epochs == epoch)
        return float(self.values[found[0]]) if len(found) else None


def paint_loss(painter: QPainter, curves: Curves, frame: Frame) -> None:
    """Draw the loss of every step lightly, its mean an epoch and that of the watched images."""
    data, back = curves.data, _background(curves)
    x, losses = data.losses
    lines = [
        _Line("trained", *data.column("loss"), readable(TRAINED, back)),
        _Line("watched", *data.column("validation_loss"), readable(WATCHED, back), dashed=True),
    ]
    frame = _scaled(frame, losses, lines)
    _title(painter, curves, frame, "Loss")
    _grid(painter, curves, frame, ticks(frame.low, frame.high, 3))
    columns, low, high = thinned(x, losses, low=0.0, high=frame.end, columns=int(frame.box.width()))
    faint = QColor(readable(TRAINED, back))
    faint.setAlpha(_FAINT)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(faint, 1))
    bottom, top = frame.ys(low), frame.ys(high)
    # A column with one point is one pixel high.
    top = np.minimum(top, bottom - 1)
    bars = zip((columns + frame.box.left()).tolist(), bottom.tolist(), top.tolist(), strict=True)
    painter.drawLines([QLineF(at, start, at, end) for at, start, end in bars])
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    _draw(painter, curves, frame, [line for line in lines if len(line.values)], "{:.2f}")
    if not len(losses) and not data.rows:
        _say(painter, curves, frame, "No step yet")


def paint_iou(painter: QPainter, curves: Curves, frame: Frame) -> None:
    """Draw the IoU of each class by epoch, and which epoch was the best."""
    data, back = curves.data, _background(curves)
    _title(painter, curves, frame, "IoU in watched images")
    _grid(painter, curves, frame, [0.0, 0.5, 1.0])
    _epochs(painter, curves, frame)
    lines = [
        _Line(name, *data.column(IOU + name), readable(curves.colour_of(name), back), curves.repeats(name))
        for name in curves.classes
    ]
    _best(painter, curves, frame)
    _draw(painter, curves, frame, lines, "{:.2f}")
    if not lines:
        _say(painter, curves, frame, "Nobody is watched" if data.rows else "After the first epoch")


def paint_reading(painter: QPainter, curves: Curves, upper: Frame, lower: Frame) -> None:
    """Draw through both plots which epoch is read."""
    if curves.read is None:
        return
    x = upper.x(curves.read)
    painter.setPen(QPen(curves.ink(QUIET), 1))
    for frame in (upper, lower):
        painter.drawLine(QPointF(x, frame.box.top()), QPointF(x, frame.box.bottom()))
    _under(painter, curves, lower, x, str(curves.read), covers=True)


def _scaled(frame: Frame, losses: NDArray[np.float64], lines: Sequence[_Line]) -> Frame:
    """Return the frame with room for all but the odd step, such as the first ones."""
    means = np.concatenate([line.values for line in lines])
    tops = [float(means.max())] if len(means) else []
    lows = [float(means.min())] if len(means) else []
    if len(losses):
        lows.append(float(losses.min()))
        tops.append(float(np.percentile(losses, 98)))
    if not tops:
        return frame
    low, high = min(lows), max(tops)
    low = 0.0 if 0 <= low < 0.5 * high else low
    room = 0.06 * (high - low) or 0.5
    return Frame(frame.box, frame.end, low if low == 0 else low - room, high + room)


def _draw(painter: QPainter, curves: Curves, frame: Frame, lines: Sequence[_Line], form: str) -> None:
    """Draw lines, and beside the plot their names and values, as near to their ends as there is room."""
    for line in lines:
        points = [QPointF(frame.x(e), frame.y(v)) for e, v in zip(line.epochs, line.values, strict=True)]
        style = Qt.PenStyle.DashLine if line.dashed else Qt.PenStyle.SolidLine
        painter.setPen(QPen(line.colour, 1.8, style))
        painter.drawPolyline(QPolygonF(points))
        if points:
            painter.setBrush(line.colour)
            painter.drawEllipse(points[-1], 2.0, 2.0)
            painter.setBrush(Qt.BrushStyle.NoBrush)
    shown = [(line, value) for line in lines if (value := line.at(curves.read)) is not None]
    metrics = QFontMetricsF(painter.font())
    step = metrics.height() - 1
    low, high = frame.box.top() - 2, frame.box.bottom() + 2
    places = apart([frame.y(value) for _, value in shown], step, low, high)
    for (line, value), place in zip(shown, places, strict=True):
        _label(painter, curves, frame, line, place, form.format(value))


def _label(painter: QPainter, curves: Curves, frame: Frame, line: _Line, place: float, value: str) -> None:
    """Write the name of a line and a value, joined to the line's end."""
    metrics = QFontMetricsF(painter.font())
    end = QPointF(frame.x(line.epochs[-1]), frame.y(line.values[-1]))
    left = frame.box.right() + 10
    painter.setPen(QPen(line.colour, 1, Qt.PenStyle.DotLine))
    painter.drawLine(end, QPointF(frame.box.right() + 2, place))
    painter.setPen(QPen(line.colour, 3))
    painter.drawLine(QPointF(frame.box.right() + 3, place), QPointF(left - 2, place))
    painter.setPen(curves.ink())
    number = metrics.horizontalAdvance(value)
    room = curves.width() - left - 2
    name = metrics.elidedText(line.name, Qt.TextElideMode.ElideRight, room - number - 5)
    height = metrics.height()
    painter.drawText(QRectF(left, place - height / 2, room, height), _LEFT, name)
    painter.drawText(QRectF(left, place - height / 2, room, height), _RIGHT, value)


def _grid(painter: QPainter, curves: Curves, frame: Frame, values: Sequence[float]) -> None:
    height = QFontMetricsF(painter.font()).height()
    for value in values:
        y = frame.y(value)
        painter.setPen(QPen(curves.ink(_GRID), 1))
        painter.drawLine(QPointF(frame.box.left(), y), QPointF(frame.box.right(), y))
        painter.setPen(curves.ink(QUIET))
        painter.drawText(QRectF(0, y - height / 2, frame.box.left() - 4, height), _RIGHT, f"{value:.3g}")


def _epochs(painter: QPainter, curves: Curves, frame: Frame) -> None:
    """Write the numbers of some epochs under a plot."""
    for epoch in ticks(0, frame.end, 5):
        if epoch == round(epoch):
            _under(painter, curves, frame, frame.x(epoch), f"{epoch:.0f}")
    painter.setPen(curves.ink(QUIET))
    height = QFontMetricsF(painter.font()).height()
    left = frame.box.right() + 10
    painter.drawText(QRectF(left, frame.box.bottom() + 2, curves.width() - left, height), _LEFT, "epoch")


def _under(
    painter: QPainter, curves: Curves, frame: Frame, x: float, text: str, *, covers: bool = False
) -> None:
    metrics = QFontMetricsF(painter.font())
    wide = metrics.horizontalAdvance(text) + 8
    box = QRectF(x - wide / 2, frame.box.bottom() + 2, wide, metrics.height())
    if covers:
        painter.fillRect(box, _background(curves))
    painter.setPen(curves.ink(255 if covers else QUIET))
    painter.drawText(box, _CENTRE, text)


def _best(painter: QPainter, curves: Curves, frame: Frame) -> None:
    best = curves.data.best
    if best is None:
        return
    x, metrics = frame.x(best), QFontMetricsF(painter.font())
    painter.setPen(QPen(curves.ink(150), 1, Qt.PenStyle.DashLine))
    painter.drawLine(QPointF(x, frame.box.top()), QPointF(x, frame.box.bottom()))
    text = f"best {best}"
    wide = metrics.horizontalAdvance(text) + 6
    left = x - wide if x - wide > frame.box.left() else x
    painter.setPen(curves.ink(QUIET))
    box = QRectF(left, frame.box.bottom() - metrics.height() - 1, wide, metrics.height())
    painter.drawText(box, _CENTRE, text)


def _title(painter: QPainter, curves: Curves, frame: Frame, text: str) -> None:
    height = QFontMetricsF(painter.font()).height()
    painter.setPen(curves.ink(QUIET))
    painter.drawText(QRectF(2, frame.box.top() - 1.5 * height - 2, curves.width(), height), _LEFT, text)


def _say(painter: QPainter, curves: Curves, frame: Frame, text: str) -> None:
    painter.setPen(curves.ink(QUIET))
    painter.drawText(frame.box, _CENTRE, text)


def _background(curves: Curves) -> QColor:
    return QColor(curves.palette().color(QPalette.ColorRole.Window))
