"""A skeleton from the front and from behind, its regions shaded by an amount."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import (
    QBrush,
    QColor,
    QHelpEvent,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QTransform,
)
from qtpy.QtWidgets import QToolTip, QWidget

from napari_tbcad.widgets.parts.bars import SUSPECT, Picture
from napari_tbcad.widgets.parts.quiet import QUIET
from napari_tbcad.widgets.parts.skeleton_figure import HEIGHT, WIDTH, Side, figure

_GAP = 6
_HEAD, _FOOT = 14, 15
"""Pixels for the names of the sides above, and for the scale below."""
_FAINTEST = 70
"""Alpha of the smallest amount that is not nothing: it must be seen."""


@dataclass(frozen=True)
class BodyPart:
    """One region of the map.

    Parameters
    ----------
    front, back : float or None
        How strongly it is shaded on either side, 0 to 1; None where nothing is known (hatched).
    tip : str
        The region in words.
    """

    front: float | None
    back: float | None
    tip: str = ""

    def on(self, side: Side) -> float | None:
        """Return how strongly it is shaded on a side."""
        return self.front if side == "front" else self.back


class BodyMap(Picture):
    """Front and back of a skeleton; what a region adds as depth of colour, its words under the pointer.

    Parameters
    ----------
    colour : str, optional
        ``#RRGGBB`` of the strongest amount.
    faintest : int, optional
        Alpha of the smallest amount that is not nothing, of 255.

    Attributes
    ----------
    pointed : Signal(str)
        The region under the pointer; empty for none.
    pressed : Signal(str, str)
        A region that was clicked, and on which side (``"front"`` or ``"back"``).
    """

    pointed = Signal(str)
    pressed = Signal(str, str)

    def __init__(
        self, parent: QWidget | None = None, *, colour: str = SUSPECT, faintest: int = _FAINTEST
    ) -> None:
        super().__init__(parent)
        self._colour, self._faintest = colour, faintest
        self._parts: dict[str, BodyPart] = {}
        self._scale = ""
        self._pointed = ""
        self._unused: Side | None = None
        self.setMouseTracking(True)
        self.setFixedHeight(216)
        self.setMinimumWidth(140)

    @property
    def parts(self) -> Mapping[str, BodyPart]:
        """The regions shown, by name."""
        return self._parts

    def show_parts(self, parts: Mapping[str, BodyPart], scale: str, *, unused: Side | None = None) -> None:
        """Show regions.

        Parameters
        ----------
        parts : mapping of str to BodyPart
            By region.
        scale : str
            What the strongest colour stands for.
        unused : {"front", "back"}, optional
            A side that does not count: drawn without shade, and called so.
        """
        self._parts, self._scale, self._unused = dict(parts), scale, unused
        shaded = [name for name, part in parts.items() if part.front or part.back]
        said = ", ".join(shaded) if shaded else "nothing"
        self.setAccessibleName(f"Body map, front and back; shaded: {said}")
        self.update()

    def point_at(self, region: str) -> None:
        """Outline a region, as a row elsewhere points at it; empty for none."""
        if region != self._pointed:
            self._pointed = region
            self.update()

    def region_at(self, place: QPointF) -> tuple[str, Side] | None:
        """Return which region, and on which side, lies at a place of the widget."""
        for side in ("front", "back"):
            there = self._placed(side).inverted()[0].map(place)
            # What is drawn last lies on top; half a pixel of aim is forgiven to thin bones.
            for name, path in reversed(figure(side).items()):
                around = QRectF(there.x() - 1.0, there.y() - 1.0, 2.0, 2.0)
                if name and path.intersects(around):
                    return name, side
        return None

    def sizeHint(self) -> QSize:
        """Return room for both figures."""
        return QSize(190, self.height())

    def event(self, event: QEvent) -> bool:
        """Tell of the region under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            found = self.region_at(QPointF(event.pos()))
            part = self._parts.get(found[0]) if found is not None else None
            QToolTip.showText(event.globalPos(), part.tip if part is not None else self.toolTip(), self)
            return True
        return bool(super().event(event))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Point at what lies under the pointer."""
        found = self.region_at(event.position())
        self._aim(found[0] if found is not None else "")
        shape = Qt.CursorShape.PointingHandCursor if found is not None else Qt.CursorShape.ArrowCursor
        self.setCursor(shape)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Tell of a click."""
        found = self.region_at(event.position())
        if found is not None and event.button() == Qt.MouseButton.LeftButton:
            self.pressed.emit(*found)

    def leaveEvent(self, event: QEvent) -> None:
        """Point at nothing."""
        self._aim("")
        super().leaveEvent(event)

    def _aim(self, region: str) -> None:
        if region != self._pointed:
            self.point_at(region)
            self.pointed.emit(region)

    def _placed(self, side: Side) -> QTransform:
        """Return how a figure's units lie in the widget."""
        tall = self.height() - _HEAD - _FOOT
        scale = min(tall / HEIGHT, (self.width() - _GAP) / 2 / WIDTH)
        wide = scale * WIDTH
        left = (self.width() - _GAP - 2 * wide) / 2 + (0 if side == "front" else wide + _GAP)
        return QTransform(scale, 0, 0, scale, left, _HEAD)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw both figures, their names and the scale."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPointSizeF(max(7.0, font.pointSizeF() - 1.5))
        painter.setFont(font)
        for side in ("front", "back"):
            self._draw(painter, side)
        self._draw_scale(painter)

    def _draw(self, painter: QPainter, side: Side) -> None:
        placed = self._placed(side)
        head = placed.mapRect(QRectF(0, 0, WIDTH, 1))
        used = self._unused != side
        painter.setPen(self.ink(QUIET))
        said = side if used else f"{side}: not used"
        painter.drawText(
            QRectF(head.left() - 10, 0, head.width() + 20, _HEAD), Qt.AlignmentFlag.AlignCenter, said
        )
        for name, path in figure(side).items():
            shape = placed.map(path)
            part = self._parts.get(name)
            amount = part.on(side) if part is not None and used else 0.0
            if name and name == self._pointed:
                # Behind the bone: ribs are hardly wider than a line.
                painter.strokePath(shape, QPen(self.ink(), 1.8))
                painter.fillPath(shape, self.palette().color(self.backgroundRole()))
            painter.setPen(QPen(self.ink(70 if name else 35), 0.8))
            painter.setBrush(self.ink(40 if name else 14))
            painter.drawPath(shape)
            if amount is None:
                painter.fillPath(shape, QBrush(self.ink(120), Qt.BrushStyle.BDiagPattern))
            elif amount > 0:
                painter.fillPath(shape, self._shade(amount))

    def _shade(self, amount: float) -> QColor:
        colour = self.paint_colour(self._colour)
        alpha = self._faintest + (255 - self._faintest) * min(max(amount, 0.0), 1.0)
        colour.setAlpha(round(alpha))
        return colour

    def _draw_scale(self, painter: QPainter) -> None:
        if not self._scale:
            return
        metrics = painter.fontMetrics()
        low, wide = "0 ", 56.0
        total = metrics.horizontalAdvance(low) + wide + metrics.horizontalAdvance(f" {self._scale}")
        left, top = (self.width() - total) / 2, float(self.height() - _FOOT)
        painter.setPen(self.ink(QUIET))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(left, top, 30, _FOOT), Qt.AlignmentFlag.AlignLeft | middle, low)
        bar = QRectF(left + metrics.horizontalAdvance(low), top + 4, wide, _FOOT - 8)
        painter.drawText(
            QRectF(bar.right(), top, 200, _FOOT), Qt.AlignmentFlag.AlignLeft | middle, f" {self._scale}"
        )
        ramp = QLinearGradient(bar.topLeft(), bar.topRight())
        ramp.setColorAt(0, self._shade(0.0))
        ramp.setColorAt(1, self._shade(1.0))
        painter.setPen(QPen(self.ink(90), 0.8))
        painter.setBrush(QBrush(ramp))
        painter.drawRect(bar)
