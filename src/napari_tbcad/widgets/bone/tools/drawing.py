"""What the tools draw over the canvas: a box, a line, the partner proposed."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPen, QPolygonF

from napari_tbcad.imaging.bonescan import ViewName
from napari_tbcad.widgets.bone.colours import CLASS_COLOURS
from napari_tbcad.widgets.bone.sight import Sight
from napari_tbcad.widgets.bone.tools.places import Point

if TYPE_CHECKING:
    from napari_tbcad.widgets.bone.tools.tools import Tools

Drawing = Callable[[QPainter, Sight], None]

_HALO = QColor(255, 255, 255, 210)
_PLATE, _INK = QColor(30, 32, 36, 215), QColor(255, 255, 255)
_WIDTH = 1.6


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
        path = QPolygonF([where for where in places if where is not None])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(_HALO, _WIDTH + 2)
        painter.setPen(pen)
        painter.drawPolyline(path)
        pen = QPen(QColor(colour), _WIDTH)
        if dashed:
            pen.setStyle(Qt.PenStyle.CustomDashLine)
            pen.setDashPattern([4, 3])
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        painter.drawPolyline(path)

    return draw


def plate(text: str) -> Drawing:
    """Return what writes a line on a dark plate at the head of the canvas."""

    def draw(painter: QPainter, sight: Sight) -> None:
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, max(sight.width - 40, 40))
        write(painter, QPointF(sight.width / 2, 8), shown)

    return draw


def write(painter: QPainter, top: QPointF, text: str) -> None:
    """Write a line on a dark plate below a place."""
    metrics = painter.fontMetrics()
    width, height = metrics.horizontalAdvance(text) + 20, metrics.height() + 6
    box = QRectF(top.x() - width / 2, top.y(), width, height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_PLATE)
    painter.drawRoundedRect(box, height / 2, height / 2)
    painter.setPen(_INK)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
