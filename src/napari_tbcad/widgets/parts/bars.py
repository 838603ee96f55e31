"""Small pictures of numbers: a probability with its threshold, and signed contributions."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_tbcad.widgets.parts.quiet import QUIET

SUSPECT, CLEAR = "#D55E00", "#0072B2"
"""Vermilion speaks for tuberculosis, blue against; words and sides say the same."""


class Picture(QWidget):
    """A small picture in the colours of the theme."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def ink(self, alpha: int = 255) -> QColor:
        """Return the theme's text colour."""
        colour = self.palette().color(QPalette.ColorRole.WindowText)
        colour.setAlpha(alpha if self.isEnabled() else alpha // 3)
        return colour

    def paint_colour(self, name: str) -> QColor:
        """Return a colour, greyed when what it shows is out of date."""
        return QColor(name) if self.isEnabled() else QColor(140, 140, 140, 120)


class ProbabilityBar(Picture):
    """A probability between 0 and 1, the threshold it is held against, and a ghost for comparison.

    Parameters
    ----------
    thin : bool, optional
        Without the numbers.
    """

    def __init__(self, parent: QWidget | None = None, *, thin: bool = False) -> None:
        super().__init__(parent)
        self._thin = thin
        self.probability: float | None = None
        self.threshold = 0.5
        self.ghost: float | None = None
        self.setFixedHeight(12 if thin else 44)
        self.setMinimumWidth(30 if thin else 50)

    def show_value(self, probability: float | None, threshold: float, ghost: float | None = None) -> None:
        """Show a probability (None: an empty bar)."""
        self.probability, self.threshold, self.ghost = probability, threshold, ghost
        said = "no probability" if probability is None else f"probability {probability:.3f}"
        text = f"{said}, threshold {threshold:.3f}"
        if ghost is not None:
            text += f", with the automatic masks {ghost:.3f}"
        self.setToolTip(text.capitalize())
        self.setAccessibleName(text)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw track, fill, threshold and ghost."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        top, tall = (2.0, 8.0) if self._thin else (16.0, 14.0)
        left, wide = 3.0, self.width() - 6.0
        track = QRectF(left, top, wide, tall)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.ink(40))
        painter.drawRoundedRect(track, 3, 3)
        if self.probability is not None:
            suspect = self.probability >= self.threshold
            painter.setBrush(self.paint_colour(SUSPECT if suspect else CLEAR))
            painter.drawRoundedRect(QRectF(left, top, max(3.0, wide * self.probability), tall), 3, 3)
        if 0 <= self.threshold <= 1:
            x = left + wide * self.threshold
            painter.setPen(QPen(self.ink(), 2))
            painter.drawLine(QPointF(x, top - 3), QPointF(x, top + tall + 3))
        if self._thin:
            return
        if self.ghost is not None:
            x = left + wide * self.ghost
            painter.setPen(QPen(self.ink(220), 1.2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            y = top + tall / 2
            painter.drawPolygon(
                QPolygonF([QPointF(x - 4, y), QPointF(x, y - 5), QPointF(x + 4, y), QPointF(x, y + 5)])
            )
        font = painter.font()
        font.setPointSizeF(max(7.0, font.pointSizeF() - 1))
        painter.setFont(font)
        painter.setPen(self.ink(QUIET))
        box = QRectF(left, 0, wide, 14)
        text = f"threshold {self.threshold:.2f}"
        half = painter.fontMetrics().horizontalAdvance(text) / 2
        x = min(max(left + wide * min(self.threshold, 1.0), left + half), left + wide - half)
        painter.drawText(QRectF(x - half - 2, 0, 2 * half + 4, 13), Qt.AlignmentFlag.AlignCenter, text)
        box = QRectF(left, top + tall + 1, wide, 13)
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft, "0")
        painter.drawText(box, Qt.AlignmentFlag.AlignRight, "1")
        if self.ghost is not None:
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"◇ automatic masks {self.ghost:.2f}")


class ContributionBars(Picture):
    """Signed bars, to the right for tuberculosis and to the left against it, a row each."""

    _ROW = 19

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[tuple[str, float, str], ...] = ()
        self.setMinimumWidth(120)

    @property
    def rows(self) -> tuple[tuple[str, float, str], ...]:
        """Label, signed size and note of each row."""
        return self._rows

    def show_rows(self, rows: Sequence[tuple[str, float, str]]) -> None:
        """Show (label, signed size, note) rows."""
        self._rows = tuple(rows)
        self.setFixedHeight(self._ROW * len(self._rows) + (16 if self._rows else 0))
        lines = [f"{label}: {size:+.2f} ({note})" for label, size, note in self._rows]
        self.setToolTip("\n".join(lines))
        self.setAccessibleName("; ".join(lines))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Return room for all rows."""
        return QSize(240, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the rows."""
        if not self._rows:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPointSizeF(max(7.0, font.pointSizeF() - 1))
        painter.setFont(font)
        text_width = self.width() * 0.64
        left, wide = text_width + 4, self.width() - text_width - 8
        middle = left + wide / 2
        largest = max(abs(size) for _, size, _ in self._rows) or 1.0
        painter.setPen(self.ink(QUIET))
        head = QRectF(left, 0, wide, 14)
        painter.drawText(head, Qt.AlignmentFlag.AlignLeft, "◂ no TB")
        painter.drawText(head, Qt.AlignmentFlag.AlignRight, "TB ▸")
        for number, (label, size, note) in enumerate(self._rows):
            y = 16 + number * self._ROW
            painter.setPen(self.ink())
            metrics = painter.fontMetrics()
            note_wide = metrics.horizontalAdvance(note) + 4
            name = metrics.elidedText(label, Qt.TextElideMode.ElideMiddle, int(text_width - note_wide - 4))
            box = QRectF(0, y, text_width, self._ROW - 3)
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
            painter.setPen(self.ink(QUIET))
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, note)
            length = size / largest * (wide / 2 - 2)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.paint_colour(SUSPECT if size > 0 else CLEAR))
            painter.drawRect(QRectF(middle, y + 3, length, self._ROW - 9).normalized())
        painter.setPen(QPen(self.ink(120), 1))
        painter.drawLine(QPointF(middle, 15), QPointF(middle, self.height()))
