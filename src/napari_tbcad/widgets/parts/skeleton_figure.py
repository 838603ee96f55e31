"""A skeleton as paths, from the front and from behind: own drawing, twelve regions."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QPainterPath, QPainterPathStroker, QTransform

Side = Literal["front", "back"]

WIDTH, HEIGHT = 80.0, 176.0
"""Size of a figure in its own units; the drawing is symmetric about the middle column."""

_MIDDLE = WIDTH / 2

Points = list[tuple[float, float]]


@lru_cache(maxsize=2)
def figure(side: Side) -> dict[str, QPainterPath]:
    """Return the regions that a side shows, in the order of drawing; ``""`` is bone without a region."""
    paths = {"": _both(_forearm(), _shin())}
    paths["rib"] = _ribs(side)
    paths["thoracic"] = _vertebrae(12, 37.5, 67.5, 2.6, 3.4)
    paths["cervical"] = _vertebrae(6, 27.0, 36.5, 2.5, 2.5)
    paths["lumbar"] = _vertebrae(5, 68.5, 87.0, 4.0, 4.8)
    if side == "front":
        paths["sternum"] = _sternum()
    paths["scapula"] = _both(_scapula(side))
    paths["clavicle"] = _both(_tube([(-1.5, 38.6), (-10, 36.2), (-18, 37.4)], 2.3))
    paths["pelvis"] = _both(_pelvis())
    paths["sacrum"] = _closed([(-5.2, 88.5), (5.2, 88.5), (4.2, 95), (1.2, 102.5), (-1.2, 102.5), (-4.2, 95)])
    paths["humerus"] = _both(_humerus())
    paths["femur"] = _both(_femur())
    paths["skull"] = _skull(side)
    return paths


def _closed(points: Points) -> QPainterPath:
    """Return a polygon; columns are counted from the middle."""
    path = QPainterPath(QPointF(_MIDDLE + points[0][0], points[0][1]))
    for x, y in points[1:]:
        path.lineTo(_MIDDLE + x, y)
    path.closeSubpath()
    return path


def _tube(points: Points, width: float) -> QPainterPath:
    """Return the outline of a rounded line through points, bent where there are three."""
    line = QPainterPath(QPointF(_MIDDLE + points[0][0], points[0][1]))
    if len(points) == 3:
        line.quadTo(_MIDDLE + points[1][0], points[1][1], _MIDDLE + points[2][0], points[2][1])
    else:
        for x, y in points[1:]:
            line.lineTo(_MIDDLE + x, y)
    stroker = QPainterPathStroker()
    stroker.setWidth(width)
    stroker.setCapStyle(Qt.PenCapStyle.RoundCap)
    stroker.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return stroker.createStroke(line).simplified()


def _ball(x: float, y: float, rx: float, ry: float) -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(QPointF(_MIDDLE + x, y), rx, ry)
    return path


def _both(*halves: QPainterPath) -> QPainterPath:
    """Return one side's bones together with their mirror images."""
    mirror = QTransform(-1, 0, 0, 1, WIDTH, 0)
    whole = QPainterPath()
    whole.setFillRule(Qt.FillRule.WindingFill)
    for half in halves:
        whole.addPath(half)
        whole.addPath(mirror.map(half))
    return whole


def _vertebrae(number: int, top: float, bottom: float, first: float, last: float) -> QPainterPath:
    """Return a column of rounded blocks whose half widths go from `first` to `last`."""
    path, step = QPainterPath(), (bottom - top) / number
    for n in range(number):
        half = first + (last - first) * n / max(number - 1, 1)
        path.addRoundedRect(QRectF(_MIDDLE - half, top + n * step, 2 * half, 0.78 * step), 0.9, 0.9)
    return path


def _ribs(side: Side) -> QPainterPath:
    """Return ten ribs a side: from the spine outwards, and in front back to the sternum."""
    widths = (8.5, 11.5, 14.0, 15.6, 16.6, 17.2, 17.4, 17.2, 16.4, 14.6)
    halves = []
    for n, wide in enumerate(widths):
        top = 38.5 + 2.95 * n
        line = QPainterPath(QPointF(_MIDDLE - 2.5, top))
        low = top + 4.5 + 0.35 * n
        line.cubicTo(_MIDDLE - 0.75 * wide, top - 2.4, _MIDDLE - wide - 0.8, top + 1.2, _MIDDLE - wide, low)
        if side == "front":
            end = 2.6 if n < 7 else 4.0 + 2.2 * (n - 7)
            line.cubicTo(
                _MIDDLE - wide,
                low + 3.2,
                _MIDDLE - 0.7 * wide,
                low + 3.4,
                _MIDDLE - end,
                low + 1.6 - 0.25 * n,
            )
        stroker = QPainterPathStroker()
        stroker.setWidth(1.35)
        stroker.setCapStyle(Qt.PenCapStyle.RoundCap)
        halves.append(stroker.createStroke(line).simplified())
    return _both(*halves)


def _sternum() -> QPainterPath:
    path = _closed([(-3.6, 38.6), (3.6, 38.6), (2.2, 44.4), (-2.2, 44.4)])
    path.addRoundedRect(QRectF(_MIDDLE - 2.0, 45.0, 4.0, 14.5), 1.2, 1.2)
    path.addPath(_closed([(-1.1, 60.0), (1.1, 60.0), (0, 63.6)]))
    return path


def _scapula(side: Side) -> QPainterPath:
    if side == "front":
        # Of what lies behind the ribs only the edge beside them is drawn.
        return _closed([(-15.5, 39.6), (-21.5, 40.0), (-19.2, 47.0), (-17.4, 52.0), (-17.6, 45.0)])
    return _closed([(-9.5, 40.4), (-21.8, 39.6), (-19.4, 46.0), (-13.8, 58.5), (-10.6, 52.0)])


def _pelvis() -> QPainterPath:
    path = QPainterPath(QPointF(_MIDDLE - 5.6, 89.5))
    path.cubicTo(_MIDDLE - 9, 86.0, _MIDDLE - 16.5, 84.0, _MIDDLE - 18.8, 89.0)
    path.cubicTo(_MIDDLE - 19.4, 95.0, _MIDDLE - 15.6, 99.5, _MIDDLE - 14.2, 104.5)
    path.cubicTo(_MIDDLE - 12.0, 109.5, _MIDDLE - 7.0, 113.5, _MIDDLE - 5.2, 114.0)
    path.lineTo(_MIDDLE - 1.0, 107.2)
    path.lineTo(_MIDDLE - 1.0, 104.0)
    path.cubicTo(_MIDDLE - 6.0, 104.0, _MIDDLE - 8.4, 101.5, _MIDDLE - 8.0, 98.0)
    path.cubicTo(_MIDDLE - 6.6, 95.5, _MIDDLE - 6.0, 92.5, _MIDDLE - 5.6, 89.5)
    path.closeSubpath()
    return path


def _humerus() -> QPainterPath:
    return _ball(-24.2, 41.6, 3.0, 3.2).united(_tube([(-24.6, 43.0), (-27.6, 59.0), (-28.6, 74.5)], 3.2))


def _femur() -> QPainterPath:
    shaft = _tube([(-20.0, 106.8), (-20.2, 132.0), (-14.2, 158.0)], 4.0)
    neck = _tube([(-15.6, 103.6), (-19.6, 107.4)], 3.4)
    return _ball(-15.2, 103.2, 2.8, 2.8).united(neck).united(shaft).united(_ball(-14.2, 158.6, 3.4, 2.6))


def _forearm() -> QPainterPath:
    return _tube([(-29.4, 77.5), (-33.0, 101.0)], 1.5).united(_tube([(-27.6, 78.0), (-30.4, 101.5)], 1.5))


def _shin() -> QPainterPath:
    return _tube([(-14.0, 163.8), (-13.2, 176.0)], 3.2)


def _skull(side: Side) -> QPainterPath:
    skull = _ball(0, 11.6, 8.6, 10.2).united(_ball(0, 18.4, 6.0, 7.0))
    if side == "back":
        return skull
    jaw = QPainterPath(QPointF(_MIDDLE - 6.6, 17.0))
    jaw.cubicTo(_MIDDLE - 6.2, 24.5, _MIDDLE - 4.0, 26.4, _MIDDLE, 26.4)
    jaw.cubicTo(_MIDDLE + 4.0, 26.4, _MIDDLE + 6.2, 24.5, _MIDDLE + 6.6, 17.0)
    jaw.closeSubpath()
    face = skull.united(jaw)
    for x in (-3.3, 3.3):
        face = face.subtracted(_ball(x, 13.6, 2.0, 1.7))
    return face.subtracted(_closed([(0, 16.2), (1.2, 18.8), (-1.2, 18.8)]))
