"""Name of each view, and the letters R and L where a person zoomed past those of the layer."""

from __future__ import annotations

import weakref

from qtpy.QtCore import QPointF, QRectF
from qtpy.QtGui import QColor, QFont, QPainter, QPainterPath, QPen

from napari_tbcad.bone.picture import SIDES
from napari_tbcad.imaging.bonescan import ViewName
from napari_tbcad.widgets.bone.bench import BoneBench
from napari_tbcad.widgets.bone.letters import SIDE_COLUMN, SIDE_ROW
from napari_tbcad.widgets.bone.overlay import Overlay
from napari_tbcad.widgets.bone.sight import Sight, ViewSight

_NAME_POINTS, _LETTER_POINTS = 8.0, 11.0
_RIM = 5.0
_HINT = 26.0
"""At the head of the canvas, where the tools say what they wait for, nothing is written."""
_LEAST = 60.0
"""A view of which less can be seen, in Qt's pixels, is not labelled."""


class SideMarks:
    """Writes which view is seen, and the patient's sides, in the corners of what is seen of it.

    Parameters
    ----------
    bench : BoneBench
        What the panels of a viewer share; held weakly.
    overlay : Overlay
        Where it is written.
    """

    def __init__(self, bench: BoneBench, overlay: Overlay) -> None:
        self._bench = weakref.ref(bench)
        overlay.draw("views", self._draw)

    def _draw(self, painter: QPainter, sight: Sight) -> None:
        bench = self._bench()
        session = bench.session if bench is not None else None
        scan = session.value("scan") if session is not None and not session.closed else None
        if session is None or scan is None:
            return
        ink, halo = ("black", "white") if session.look.inverted else ("white", "black")
        window = QRectF(0, _HINT, sight.width, sight.height - _HINT)
        for view, seen in sight.views.items():
            rows, columns = seen.shape
            part = seen.outline(0, 0, rows, columns).boundingRect() & window
            if part.width() < _LEAST or part.height() < _LEAST or scan.view(view) is None:
                continue
            under = part.top() + 2 * _RIM
            for side, where in sides_of(view, seen):
                place = _letter_of_layer(seen, side == SIDES[view][0])
                if window.contains(place):
                    under = max(under, place.y() + 2 * _RIM) if where == "left" else under
                else:
                    under = max(under, _write_letter(painter, part, side, where, ink, halo))
            font = _font(painter, _NAME_POINTS, bold=False)
            _write(painter, font, part.left() + _RIM, under + _RIM, view, ink, halo)


def sides_of(view: ViewName, seen: ViewSight) -> list[tuple[str, str]]:
    """Return each side with the edge of the canvas it lies towards; none for a view lying on its side."""
    across, down = seen.matrix[:, 1]
    if abs(down) > abs(across):
        return []
    edges = ("left", "right") if across > 0 else ("right", "left")
    return list(zip(SIDES[view], edges, strict=True))


def _letter_of_layer(seen: ViewSight, first: bool) -> QPointF:
    """Return where the layer has the letter of the side at the image's first or last columns."""
    rows, columns = seen.shape
    return seen.place(SIDE_ROW * rows, (SIDE_COLUMN if first else 1 - SIDE_COLUMN) * columns)


def _write_letter(painter: QPainter, part: QRectF, side: str, where: str, ink: str, halo: str) -> float:
    """Write a letter in an upper corner of what is seen; return the height below it."""
    font = _font(painter, _LETTER_POINTS, bold=True)
    painter.setFont(font)
    wide, high = painter.fontMetrics().horizontalAdvance(side), painter.fontMetrics().ascent()
    x = part.left() + _RIM if where == "left" else part.right() - _RIM - wide
    _write(painter, font, x, part.top() + _RIM + high, side, ink, halo)
    return part.top() + _RIM + high + _RIM


def _font(painter: QPainter, points: float, *, bold: bool) -> QFont:
    font = QFont(painter.font())
    font.setPointSizeF(points)
    font.setBold(bold)
    return font


def _write(painter: QPainter, font: QFont, x: float, y: float, text: str, ink: str, halo: str) -> None:
    """Write over a picture: the halo keeps letters readable on uptake."""
    path = QPainterPath()
    path.addText(QPointF(x, y), font, text)
    painter.strokePath(path, QPen(QColor(halo), 3))
    painter.fillPath(path, QColor(ink))
