"""What each skeleton region adds to an index, as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QToolTip, QWidget

from napari_tbcad.widgets.parts.bars import SUSPECT, Picture
from napari_tbcad.widgets.parts.quiet import QUIET

_ROW = 18
_NOTE = 6
"""Pixels between name, bar and number."""


@dataclass(frozen=True)
class RegionBar:
    """One row.

    Parameters
    ----------
    name : str
        The region.
    size : float or None
        What it adds, in the index' unit; None when that could not be computed.
    note : str
        What stands beside the bar.
    tip : str
        The row in words.
    part : float or None
        Which part of `size` is certain, marked by a line across the bar; None for no mark.
    """

    name: str
    size: float | None
    note: str
    tip: str = ""
    part: float | None = None


class RegionBars(Picture):
    """A row for each region: its name, a bar, what it adds; a dash where it could not be computed.

    A row can be pointed at with the pointer or, with the keyboard's focus, with the arrow keys.

    Attributes
    ----------
    pointed : Signal(str)
        The region pointed at; empty for none.
    pressed : Signal(str)
        A region that was clicked, or chosen with Return or Space.
    """

    pointed = Signal(str)
    pressed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[RegionBar, ...] = ()
        self._pointed = ""
        self.setMinimumWidth(120)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    @property
    def rows(self) -> tuple[RegionBar, ...]:
        """The rows shown."""
        return self._rows

    def show_rows(self, rows: Sequence[RegionBar]) -> None:
        """Show rows in the order given."""
        self._rows = tuple(rows)
        self.setFixedHeight(_ROW * len(self._rows))
        lines = [row.tip or f"{row.name}: {row.note}" for row in self._rows]
        self.setAccessibleName("; ".join(lines))
        self.updateGeometry()
        self.update()

    def point_at(self, region: str) -> None:
        """Mark a row, as a picture elsewhere points at its region; empty for none."""
        if region != self._pointed:
            self._pointed = region
            self.update()

    def row_at(self, place: QPointF) -> RegionBar | None:
        """Return the row at a place of the widget."""
        number = int(place.y() // _ROW)
        return self._rows[number] if 0 <= number < len(self._rows) else None

    def event(self, event: QEvent) -> bool:
        """Say the row under the pointer in words."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            row = self.row_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), row.tip if row is not None else "", self)
            return True
        return bool(super().event(event))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Point at the row under the pointer."""
        row = self.row_at(event.position())
        self._aim(row.name if row is not None else "")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Tell of a click."""
        row = self.row_at(event.position())
        if row is not None and event.button() == Qt.MouseButton.LeftButton:
            self.pressed.emit(row.name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go through the rows; Return or Space is a click."""
        names = [row.name for row in self._rows]
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        if step is not None and names:
            known = names.index(self._pointed) + step if self._pointed in names else 0
            self._aim(names[min(max(known, 0), len(names) - 1)])
        elif (
            event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._pointed in names
        ):
            self.pressed.emit(self._pointed)
        else:
            super().keyPressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Point at nothing."""
        self._aim("")
        super().leaveEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Point at nothing."""
        self._aim("")
        super().focusOutEvent(event)

    def _aim(self, region: str) -> None:
        if region != self._pointed:
            self.point_at(region)
            self.pointed.emit(region)

    def sizeHint(self) -> QSize:
        """Return room for all rows."""
        return QSize(240, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the rows."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPointSizeF(max(7.0, font.pointSizeF() - 1))
        painter.setFont(font)
        metrics = painter.fontMetrics()
        named = max((metrics.horizontalAdvance(row.name) for row in self._rows), default=0) + _NOTE
        noted = max((metrics.horizontalAdvance(row.note) for row in self._rows), default=0) + _NOTE
        wide = max(self.width() - named - noted, 20)
        largest = max((row.size or 0.0 for row in self._rows), default=0.0) or 1.0
        middle = Qt.AlignmentFlag.AlignVCenter
        for number, row in enumerate(self._rows):
            box = QRectF(0, number * _ROW, self.width(), _ROW)
            if row.name == self._pointed:
                painter.setPen(QPen(self.ink(150), 1))
                painter.setBrush(self.ink(28))
                painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
            painter.setPen(self.ink() if row.size else self.ink(QUIET))
            painter.drawText(box.adjusted(2, 0, -2, 0), Qt.AlignmentFlag.AlignLeft | middle, row.name)
            painter.drawText(box.adjusted(2, 0, -2, 0), Qt.AlignmentFlag.AlignRight | middle, row.note)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.ink(35))
            painter.drawRect(QRectF(named, box.top() + 5, wide, _ROW - 10))
            if row.size:
                painter.setBrush(self.paint_colour(SUSPECT))
                painter.drawRect(QRectF(named, box.top() + 3, max(2.0, wide * row.size / largest), _ROW - 6))
            if row.part is not None and row.size:
                # What a person confirmed of it, as a line across the bar: colour alone says nothing.
                at = named + wide * row.part / largest
                painter.setPen(QPen(self.ink(), 1.6))
                painter.drawLine(QPointF(at, box.top() + 2), QPointF(at, box.bottom() - 2))
