"""What is new, gone or changed, marked over the canvas."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPen

from napari_tbcad.widgets.bone.earlier_words import SIGNS

NAME = "earlier scan"
"""Under which the overlay knows the drawing."""

COLOURS = {"new": "#D55E00", "gone": "#56B4E9", "changed": "#E69F00"}
"""What is unchanged is not marked: it would hide the rest."""

_RADIUS = 13.0
_PLATE, _INK = QColor(30, 32, 36, 215), QColor(255, 255, 255)


def place_of(pairing: Any, result: Any, table: Any) -> tuple[float, float] | None:
    """Return where a pairing lies in the later scan (row, column); None where nothing says so.

    Parameters
    ----------
    pairing : Pairing
    result : ComparisonResult
    table : HotspotTable or None
        Of the later scan.
    """
    rows = [row for row in table or () if row.id in pairing.later]
    if rows:
        largest = max(rows, key=lambda row: row.area_px)
        return largest.row, largest.column
    return next((result.places[n] for n in pairing.earlier if n in result.places), None)


def draw_pairings(painter: QPainter, sight: Any, result: Any, table: Any, chosen: Any) -> None:
    """Draw a ring with a sign at each abnormal place that differs; the chosen one with its word.

    Parameters
    ----------
    painter : QPainter
        In Qt's pixels of the canvas.
    sight : Sight
        Where the views lie.
    result : ComparisonResult
    table : HotspotTable or None
        Of the later scan.
    chosen : Pairing or None
        Drawn thicker, whatever its state.
    """
    font = painter.font()
    font.setPointSizeF(9)
    font.setBold(True)
    painter.setFont(font)
    for pairing in result.pairings:
        marked = pairing.state in COLOURS and "abnormal" in (pairing.label_earlier, pairing.label_later)
        place = place_of(pairing, result, table) if marked or pairing is chosen else None
        seen = sight.views.get(pairing.view)
        if place is None or seen is None:
            continue
        _draw(painter, seen.place(*place), pairing.state, strong=pairing is chosen)


def _draw(painter: QPainter, at: QPointF, state: str, *, strong: bool) -> None:
    colour = QColor(COLOURS.get(state, "#999999"))
    pen = QPen(colour, 3.0 if strong else 1.8)
    if state == "gone":
        # Nothing is there any more: a ring with gaps says so without its colour.
        pen.setStyle(Qt.PenStyle.DashLine)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(at, _RADIUS, _RADIUS)
    text = f"{SIGNS[state]} {state}" if strong else SIGNS[state]
    metrics = painter.fontMetrics()
    wide = metrics.horizontalAdvance(text) + 8
    plate = QRectF(at.x() - _RADIUS - wide + 3, at.y() - _RADIUS - 6, wide, metrics.height())
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_PLATE)
    painter.drawRoundedRect(plate, 3, 3)
    painter.setPen(_INK)
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)
