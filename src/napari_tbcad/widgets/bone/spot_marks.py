"""Class letter and number beside each hotspot, and a ring around those chosen, drawn over the canvas."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QFont, QPainter, QPen

from napari_tbcad.bone.hotspots import Mark
from napari_tbcad.bone.picture import LETTERS
from napari_tbcad.widgets.bone.bench import BoneBench
from napari_tbcad.widgets.bone.colours import RING
from napari_tbcad.widgets.bone.layers import HOTSPOTS
from napari_tbcad.widgets.bone.overlay import Overlay
from napari_tbcad.widgets.bone.sight import Sight

_AWAY = 3.0
"""Between a hotspot and its letter, in Qt's pixels."""
_POINTS = 8.5
_PAPER = QColor(255, 255, 255, 225)
_INK = {"normal": "#005B8F", "abnormal": "#B84A00", "non_bone": "#5A5A5A", "ignore": "#A0568A"}
"""The classes' colours, darker: their own are too faint for letters on white, or white on them."""


@dataclass(frozen=True)
class Spot:
    """One hotspot as it is marked: what is known of it and its bounding box (the last two one beyond)."""

    mark: Mark
    top: float
    left: float
    bottom: float
    right: float


class SpotMarks:
    """Draws letters and rings of the chosen scan.

    A hotspot that a person judged has its letter on a filled plate, one that waits for them on an empty one.

    Parameters
    ----------
    bench : BoneBench
        What the panels of a viewer share; held weakly.
    overlay : Overlay
        Where they are drawn.
    """

    def __init__(self, bench: BoneBench, overlay: Overlay) -> None:
        self._bench = weakref.ref(bench)
        self._boxes: tuple[Any, dict[int, tuple[float, float, float, float]]] = (None, {})
        overlay.draw("hotspots", self._draw)

    def spots(self) -> list[Spot]:
        """Return the hotspots of the chosen scan whose layer is shown."""
        bench = self._bench()
        session = bench.session if bench is not None else None
        hotspots = session.value("hotspots") if session is not None and not session.closed else None
        if session is None or hotspots is None:
            return []
        layers = {view: session.layers.layer(kind) for view, kind in HOTSPOTS.items()}
        shown = {view for view, layer in layers.items() if layer is not None and layer.visible}
        boxes = self._boxes_of(hotspots, session.value("table"))
        marks = (mark for mark in hotspots.marks if mark.view in shown and mark.id in boxes)
        return [Spot(mark, *boxes[mark.id]) for mark in marks]

    def _boxes_of(self, hotspots: Any, table: Any) -> dict[int, tuple[float, float, float, float]]:
        """Return the bounding boxes: the table's, and for what is not measured yet those of its pixels."""
        known, boxes = self._boxes
        if known != (id(hotspots), id(table)):
            boxes = {row.id: (row.top, row.left, row.bottom, row.right) for row in table or ()}
            for mark in hotspots.marks:
                if mark.id not in boxes and (box := _box(hotspots.labels(mark.view), mark.id)) is not None:
                    boxes[mark.id] = box
            self._boxes = ((id(hotspots), id(table)), boxes)
        return boxes

    def _draw(self, painter: QPainter, sight: Sight) -> None:
        bench = self._bench()
        session = bench.session if bench is not None else None
        if session is None:
            return
        spots, look = self.spots(), session.look
        for spot in spots:
            if spot.mark.id in look.selected:
                _draw_ring(painter, sight, spot, strong=spot.mark.id == look.chosen)
        if look.names:
            _draw_letters(painter, sight, spots, look.chosen)


def _box(labels: Any, number: int) -> tuple[float, float, float, float] | None:
    rows, columns = np.nonzero(labels == number)
    if not rows.size:
        return None
    return float(rows.min()), float(columns.min()), float(rows.max() + 1), float(columns.max() + 1)


def _on_canvas(sight: Sight, spot: Spot) -> QRectF | None:
    seen = sight.views.get(spot.mark.view)
    if seen is None:
        return None
    return seen.outline(spot.top, spot.left, spot.bottom, spot.right).boundingRect()


def _draw_ring(painter: QPainter, sight: Sight, spot: Spot, *, strong: bool) -> None:
    """Draw an ellipse around a hotspot: sky blue on white, so that it is seen on bone and on air."""
    box = _on_canvas(sight, spot)
    if box is None:
        return
    away = max(6.0, 0.2 * max(box.width(), box.height()))
    # Around the corners of the box, not within them.
    wide, high = 0.6 * box.width() + away, 0.6 * box.height() + away
    middle = box.center()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((QColor(255, 255, 255, 210), 4.5), (QColor(RING), 2.5 if strong else 1.5)):
        painter.setPen(QPen(colour, width if strong else 0.75 * width))
        painter.drawEllipse(middle, wide, high)


def _draw_letters(painter: QPainter, sight: Sight, spots: list[Spot], chosen: int | None) -> None:
    font = QFont(painter.font())
    font.setPointSizeF(_POINTS)
    font.setBold(True)
    painter.setFont(font)
    metrics = painter.fontMetrics()
    height = metrics.height() - 1
    taken: list[QRectF] = []
    # The chosen one has the best place, then those that count.
    order = sorted(spots, key=lambda spot: (spot.mark.id != chosen, spot.mark.label != "abnormal"))
    window = QRectF(0, 0, sight.width, sight.height)
    for spot in order:
        box = _on_canvas(sight, spot)
        if box is None or not box.intersects(window):
            continue
        said = f"{LETTERS[spot.mark.label]}{spot.mark.id}"
        size = metrics.horizontalAdvance(said) + 6, height
        plates = [plate for plate in _beside(box, *size) if window.contains(plate)]
        free = (plate for plate in plates if not any(plate.intersects(one) for one in taken))
        plate = next(free, plates[0] if plates else None)
        if plate is not None:
            taken.append(plate)
            _draw_plate(painter, plate, said, spot.mark)


def _beside(box: QRectF, width: float, height: float) -> Iterator[QRectF]:
    """Yield places for a letter around a box, the best first."""
    middle = box.center()
    corners = (
        QPointF(box.right() + _AWAY, middle.y() - height / 2),
        QPointF(box.left() - _AWAY - width, middle.y() - height / 2),
        QPointF(box.right() + _AWAY, box.top() - height),
        QPointF(box.right() + _AWAY, box.bottom()),
        QPointF(box.left() - _AWAY - width, box.top() - height),
        QPointF(box.left() - _AWAY - width, box.bottom()),
        QPointF(middle.x() - width / 2, box.top() - _AWAY - height),
        QPointF(middle.x() - width / 2, box.bottom() + _AWAY),
    )
    for corner in corners:
        yield QRectF(corner.x(), corner.y(), width, height)


def _draw_plate(painter: QPainter, plate: QRectF, said: str, mark: Mark) -> None:
    """Write white on the class' colour where a person judged, else the reverse."""
    colour = QColor(_INK[mark.label])
    painter.setPen(QPen(colour, 1))
    painter.setBrush(colour if mark.judged else _PAPER)
    painter.drawRoundedRect(plate, 3, 3)
    painter.setPen(QColor("white") if mark.judged else colour)
    painter.drawText(plate, int(Qt.AlignmentFlag.AlignCenter.value), said)
