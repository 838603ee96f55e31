"""What the tools draw over the canvas: a box, a line, the partner proposed."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from napari_tbcad.imaging.bonescan import ViewName
from napari_tbcad.widgets.bone.colours import CLASS_COLOURS
from napari_tbcad.widgets.bone.sight import Sight
from napari_tbcad.widgets.bone.tools.places import Point

if TYPE_CHECKING:
    from napari_tbcad.widgets.bone.tools.tools import Tools

Drawing = Callable[[QPainter, Sight], None]

_HALO = QColor(255, 255, 255, 210)
_PLATE, _INK = QColor(30, 32, 36, 215), QColor(255, 255, 255)
_WIDTH = 1.8
_SMALL = 22.0
"""What is smaller on the screen, in Qt's pixels, gets a ring to be found by."""


class Pen:
    """Draws on the overlay of the canvas, by name.

    Parameters
    ----------
    tools : Tools
        Keeps this object.
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = weakref.ref(tools)

    def box(self, view: ViewName, one: Point, other: Point) -> None:
        """Draw the rectangle between two points of a view."""
        (top, left), (bottom, right) = one, other
        corners = [(top, left), (top, right), (bottom, right), (bottom, left), (top, left)]
        self.draw("tool", polyline(view, corners, self._colour()))

    def line(self, view: ViewName, one: Point, other: Point) -> None:
        """Draw a line between two points of a view."""
        self.draw("tool", polyline(view, [one, other], "#000000"))

    def hint(self, text: str) -> None:
        """Write at the head of the canvas what the tool waits for; nothing for an empty text."""
        self.draw("hint", plate(text) if text else None)

    def clear(self) -> None:
        """Take box or line away."""
        self.draw("tool", None)

    def draw(self, name: str, function: Drawing | None) -> None:
        """Draw something under a name in place of what was drawn under it; None takes it away."""
        tools = self._tools()
        bench = None if tools is None else tools.bench
        overlay = getattr(bench.viewing, "overlay", None) if bench is not None else None
        if overlay is not None:
            overlay.draw(f"tools {name}", function)

    def _colour(self) -> str:
        tools = self._tools()
        hands = None if tools is None else tools.hands
        return CLASS_COLOURS["abnormal" if hands is None else hands.brush_class]


def polyline(view: ViewName, points: Sequence[Point], colour: str, *, dashed: bool = False) -> Drawing:
    """Return what draws a line through points of a view, with a white rim that shows on black bone.

    Parameters
    ----------
    view : {"anterior", "posterior"}
    points : sequence of (float, float)
        Row and column.
    colour : str
    dashed : bool, optional
    """

    def draw(painter: QPainter, sight: Sight) -> None:
        places = [sight(view, row, column) for row, column in points]
        path = QPainterPath()
        path.addPolygon(QPolygonF([where for where in places if where is not None]))
        _stroke(painter, path, colour, dashed=dashed)

    return draw


def proposal(view: ViewName, outlines: Sequence[Sequence[Point]], colour: str, text: str) -> Drawing:
    """Return what draws outlines dashed, with a line of text below; in a dashed ring while they are small.

    Parameters
    ----------
    view : {"anterior", "posterior"}
    outlines : sequence of sequences of (float, float)
        Rows and columns.
    colour, text : str
    """
    lines = [polyline(view, line, colour, dashed=True) for line in outlines]
    points = np.array([point for line in outlines for point in line]).reshape(-1, 2)
    corners = _corners(points) if len(points) else ()

    def draw(painter: QPainter, sight: Sight) -> None:
        places = [place for corner in corners if (place := sight(view, *corner)) is not None]
        box = QPolygonF(places).boundingRect()
        if not places:
            return
        if not box.intersects(QRectF(0, 0, sight.width, sight.height)):
            edge = QPointF(box.center().x(), min(max(box.center().y(), 40.0), sight.height - 40.0))
            write(painter, edge, f"{text}, out of sight", within=sight.width)
            return
        for line in lines:
            line(painter, sight)
        if max(box.width(), box.height()) < _SMALL:
            away = (_SMALL - max(box.width(), box.height())) / 2 + 4
            box.adjust(-away, -away, away, away)
            ring = QPainterPath()
            ring.addEllipse(box)
            _stroke(painter, ring, colour, dashed=True)
        write(painter, QPointF(box.center().x(), box.bottom() + 6), text, within=sight.width)

    return draw


def _corners(points: NDArray[np.float64]) -> tuple[Point, ...]:
    (top, left), (bottom, right) = points.min(axis=0), points.max(axis=0)
    return (top, left), (top, right), (bottom, right), (bottom, left)


def _stroke(painter: QPainter, path: QPainterPath, colour: str, *, dashed: bool) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(_HALO, _WIDTH + 2))
    painter.drawPath(path)
    pen = QPen(QColor(colour), _WIDTH)
    if dashed:
        pen.setDashPattern([3, 2])
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    painter.setPen(pen)
    painter.drawPath(path)


def plate(text: str) -> Drawing:
    """Return what writes a line on a dark plate at the head of the canvas."""

    def draw(painter: QPainter, sight: Sight) -> None:
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, max(sight.width - 40, 40))
        write(painter, QPointF(sight.width / 2, 8), shown)

    return draw


def write(painter: QPainter, top: QPointF, text: str, *, within: float | None = None) -> None:
    """Write a line on a dark plate below a place, moved sideways where it would leave a width."""
    metrics = painter.fontMetrics()
    width, height = metrics.horizontalAdvance(text) + 20, metrics.height() + 6
    box = QRectF(top.x() - width / 2, top.y(), width, height)
    if within is not None:
        box.moveLeft(min(max(box.left(), 4.0), max(within - width - 4, 4.0)))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_PLATE)
    painter.drawRoundedRect(box, height / 2, height / 2)
    painter.setPen(_INK)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
