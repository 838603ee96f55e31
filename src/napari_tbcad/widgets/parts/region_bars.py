"""What each skeleton region adds to an index, as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QPainter, QPaintEvent
from qtpy.QtWidgets import QWidget

from napari_tbcad.widgets.parts.bars import SUSPECT, Picture
from napari_tbcad.widgets.parts.quiet import QUIET

_ROW = 18


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
    """

    name: str
    size: float | None
    note: str
    tip: str = ""


class RegionBars(Picture):
    """A row for each region: its name, a bar, what it adds; a dash where it could not be computed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[RegionBar, ...] = ()
        self.setMinimumWidth(160)

    @property
    def rows(self) -> tuple[RegionBar, ...]:
        """The rows shown."""
        return self._rows

    def show_rows(self, rows: Sequence[RegionBar]) -> None:
        """Show rows in the order given."""
        self._rows = tuple(rows)
        self.setFixedHeight(_ROW * len(self._rows))
        lines = [row.tip or f"{row.name}: {row.note}" for row in self._rows]
        self.setToolTip("\n".join(lines))
        self.setAccessibleName("; ".join(lines))
        self.updateGeometry()
        self.update()

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
        named = max((metrics.horizontalAdvance(row.name) for row in self._rows), default=0) + 8
        noted = max((metrics.horizontalAdvance(row.note) for row in self._rows), default=0) + 8
        wide = max(self.width() - named - noted, 20)
        largest = max((row.size or 0.0 for row in self._rows), default=0.0) or 1.0
        middle = Qt.AlignmentFlag.AlignVCenter
        for number, row in enumerate(self._rows):
            box = QRectF(0, number * _ROW, self.width(), _ROW)
            painter.setPen(self.ink() if row.size else self.ink(QUIET))
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | middle, row.name)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | middle, row.note)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.ink(35))
            painter.drawRect(QRectF(named, box.top() + 5, wide, _ROW - 10))
            if row.size:
                painter.setBrush(self.paint_colour(SUSPECT))
                painter.drawRect(QRectF(named, box.top() + 3, max(2.0, wide * row.size / largest), _ROW - 6))
