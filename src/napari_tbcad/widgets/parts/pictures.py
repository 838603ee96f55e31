"""Pictures of numbers: a histogram over a band of others, and a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QHelpEvent, QImage, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from napari_tbcad.widgets.parts.quiet import QUIET

_LINE = 13


@dataclass(frozen=True)
class Band:
    """What is usual: a range and a middle for each bin of a histogram.

    Parameters
    ----------
    low, middle, high : (n_bins,) sequences of float
        In the unit of the histogram.
    label : str
        What the band shows, for the legend.
    """

    low: Sequence[float]
    middle: Sequence[float]
    high: Sequence[float]
    label: str


class _Plot(QWidget):
    def __init__(self, height: int) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(height)
        self.setMinimumWidth(160)

    def ink(self, alpha: int = 255) -> QColor:
        """Return the theme's text colour, fainter when what it shows is out of date."""
        colour = self.palette().color(QPalette.ColorGroup.Active, QPalette.ColorRole.WindowText)
        colour.setAlpha(alpha if self.isEnabled() else alpha // 3)
        return colour

    def sizeHint(self) -> QSize:
        """Return a width for a narrow dock."""
        return QSize(280, self.height())

    def begin(self) -> QPainter:
        """Return a painter with a small font."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPointSizeF(max(7.0, font.pointSizeF() - 1))
        painter.setFont(font)
        return painter

    def say(self, text: str) -> None:
        """Tell screen readers what is shown."""
        self.setAccessibleName(text)
        self.update()


class HistogramPicture(_Plot):
    """A histogram as a line, over the band of others.

    Parameters
    ----------
    x_label, y_label : str
        Names of the axes, with units.
    label : str
        What the line shows, for the legend.
    """

    def __init__(self, x_label: str, y_label: str, label: str, *, height: int = 170) -> None:
        super().__init__(height)
        self._x_label, self._y_label, self._label = x_label, y_label, label
        self._edges: NDArray[np.float64] = np.array([])
        self._counts: NDArray[np.float64] = np.array([])
        self._band: Band | None = None
        self.show_nothing()

    @property
    def counts(self) -> NDArray[np.float64]:
        """The line shown, (n_bins,); empty when there is none."""
        return self._counts

    @property
    def band(self) -> Band | None:
        """The band shown."""
        return self._band

    def show_nothing(self) -> None:
        """Show empty axes."""
        self._counts, self._band = np.array([]), None
        self.say(f"{self._y_label} by {self._x_label}: nothing to show")

    def show_histogram(self, edges: ArrayLike, counts: ArrayLike, band: Band | None = None) -> None:
        """Show a histogram.

        Parameters
        ----------
        edges : (n_bins + 1,) array-like
            Rising.
        counts : (n_bins,) array-like
            Height of the line in each bin.
        band : Band, optional
            Drawn behind it.

        Raises
        ------
        ValueError
            If edges, counts and band do not belong together.
        """
        edges, counts = np.asarray(edges, dtype=float), np.asarray(counts, dtype=float)
        parts = [counts] if band is None else [counts, band.low, band.middle, band.high]
        if any(len(part) != len(edges) - 1 for part in parts):
            raise ValueError("a histogram has one edge more than bins, and its band as many bins")
        self._edges, self._counts, self._band = edges, counts, band
        peak = int(np.argmax(counts))
        text = f"{self._y_label} by {self._x_label}: {self._label} peaks at {counts[peak]:.3g} "
        text += f"between {edges[peak]:g} and {edges[peak + 1]:g}"
        if band is not None:
            peak = int(np.argmax(band.middle))
            outside = (counts < np.asarray(band.low)) | (counts > np.asarray(band.high))
            text += f"; {band.label} peak between {edges[peak]:g} and {edges[peak + 1]:g}; "
            text += f"{int(outside.sum())} of {len(counts)} bins lie outside their band"
        self.say(text)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw axes, band, line and legend."""
        painter = self.begin()
        top = 2.0 * _LINE + 6 if self._band is not None else _LINE + 6.0
        plot = QRectF(4, top, self.width() - 8, self.height() - top - 2 * _LINE - 4)
        if self._counts.size:
            highest = float(max(self._counts.max(), max(self._band.high) if self._band else 0)) or 1.0
            self._draw_band(painter, plot, highest)
            painter.setPen(QPen(self.ink(), 1.6))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPolyline(QPolygonF(self._stairs(plot, self._counts, highest)))
            painter.setPen(self.ink(QUIET))
            below = QRectF(plot.left(), plot.bottom() + 1, plot.width(), _LINE)
            painter.drawText(below, Qt.AlignmentFlag.AlignLeft, f"{self._edges[0]:g}")
            painter.drawText(below, Qt.AlignmentFlag.AlignRight, f"{self._edges[-1]:g}")
            painter.drawText(plot, Qt.AlignmentFlag.AlignLeft, f"{highest:.2g} {self._y_label}")
            self._draw_legend(painter)
        painter.setPen(QPen(self.ink(140), 1))
        painter.drawLine(plot.bottomLeft(), plot.bottomRight())
        painter.drawLine(plot.bottomLeft(), plot.topLeft())
        painter.setPen(self.ink(QUIET))
        foot = QRectF(plot.left(), plot.bottom() + _LINE - 1, plot.width(), _LINE + 2)
        painter.drawText(foot, Qt.AlignmentFlag.AlignHCenter, self._x_label)

    def _stairs(self, plot: QRectF, heights: ArrayLike, highest: float) -> list[QPointF]:
        first, last = self._edges[0], self._edges[-1]
        x = plot.left() + (self._edges - first) / (last - first) * plot.width()
        y = plot.bottom() - np.asarray(heights, dtype=float) / highest * (plot.height() - _LINE)
        return [QPointF(a, b) for a, b in zip(np.repeat(x, 2)[1:-1], np.repeat(y, 2), strict=True)]

    def _draw_band(self, painter: QPainter, plot: QRectF, highest: float) -> None:
        if self._band is None:
            return
        upper = self._stairs(plot, self._band.high, highest)
        lower = self._stairs(plot, self._band.low, highest)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.ink(60))
        painter.drawPolygon(QPolygonF([*upper, *reversed(lower)]))
        painter.setPen(QPen(self.ink(150), 1, Qt.PenStyle.DashLine))
        painter.drawPolyline(QPolygonF(self._stairs(plot, self._band.middle, highest)))

    def _draw_legend(self, painter: QPainter) -> None:
        lines = [(self._label, "line")]
        if self._band is not None:
            lines.append((self._band.label, "band"))
        for number, (text, kind) in enumerate(lines):
            y = 2 + number * _LINE
            key = QRectF(6, y + 2, 16, _LINE - 4)
            if kind == "band":
                painter.fillRect(key, self.ink(60))
                painter.setPen(QPen(self.ink(150), 1, Qt.PenStyle.DashLine))
            else:
                painter.setPen(QPen(self.ink(), 1.6))
            painter.drawLine(QPointF(key.left(), key.center().y()), QPointF(key.right(), key.center().y()))
            painter.setPen(self.ink(220))
            shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, self.width() - 30)
            painter.drawText(
                QRectF(27, y - 1, self.width() - 28, _LINE + 2), Qt.AlignmentFlag.AlignLeft, shown
            )


class MatrixPicture(_Plot):
    """A square matrix of shares, row 1 at the top, the stronger the larger the root of the share.

    Parameters
    ----------
    row_label, column_label : str
        Names of the axes.
    value_label : str
        What an entry is, such as ``"share of pairs"``.
    """

    def __init__(self, row_label: str, column_label: str, value_label: str, *, height: int = 250) -> None:
        super().__init__(height)
        self._row_label, self._column_label, self._value_label = row_label, column_label, value_label
        self._matrix: NDArray[np.float64] = np.zeros((0, 0))
        self._image: QImage | None = None
        self.show_nothing()

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The matrix shown, (n, n); empty when there is none."""
        return self._matrix

    def show_nothing(self) -> None:
        """Show an empty frame."""
        self._matrix, self._image = np.zeros((0, 0)), None
        self.say(f"{self._value_label}: nothing to show")

    def show_matrix(self, matrix: ArrayLike) -> None:
        """Show a matrix.

        Parameters
        ----------
        matrix : (n, n) array-like
            Finite, not negative.

        Raises
        ------
        ValueError
            If it is not square.
        """
        values = np.asarray(matrix, dtype=float)
        if values.ndim != 2 or values.shape[0] != values.shape[1] or not values.size:
            raise ValueError(f"a square matrix is wanted, not {values.shape}")
        self._matrix, self._image = values, None
        row, column = np.unravel_index(int(np.argmax(values)), values.shape)
        self.say(
            f"{self._value_label}, {len(values)} × {len(values)}: largest {values.max():.3g} at "
            f"{self._row_label} {row + 1}, {self._column_label} {column + 1}; "
            f"{np.trace(values) / (values.sum() or 1):.0%} on the diagonal"
        )

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        kinds = QEvent.Type
        if event.type() in (kinds.PaletteChange, kinds.StyleChange, kinds.EnabledChange):
            self._image = None
            self.update()
        super().changeEvent(event)

    def event(self, event: QEvent) -> bool:
        """Say the entry under the cursor."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and self._matrix.size:
            text = self.entry_at(QPointF(event.pos()))
            if text:
                QToolTip.showText(event.globalPos(), text, self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def entry_at(self, point: QPointF) -> str:
        """Return the entry at a point of the widget in words; empty beside the matrix."""
        square, n = self._square(), len(self._matrix)
        if not n or not square.contains(point):
            return ""
        row = min(int((point.y() - square.top()) / square.height() * n), n - 1)
        column = min(int((point.x() - square.left()) / square.width() * n), n - 1)
        where = f"{self._row_label} {row + 1}, {self._column_label} {column + 1}"
        return f"{where}: {self._matrix[row, column]:.3g} {self._value_label}"

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the matrix, its axes and the scale."""
        painter = self.begin()
        square = self._square()
        if self._matrix.size:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
            self._image = self._image or self._picture()
            painter.drawImage(square, self._image)
        painter.setPen(QPen(self.ink(140), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(square)
        self._draw_axes(painter, square)
        if self._matrix.size:
            self._draw_scale(painter, square)

    def _square(self) -> QRectF:
        side = min(self.height() - 2 * _LINE - 8.0, self.width() - 2 * _LINE - 66.0)
        return QRectF(2 * _LINE, _LINE * 2 + 2, max(side, 32.0), max(side, 32.0))

    def _shades(self) -> NDArray[np.uint32]:
        """Return 256 opaque colours from the theme's background to its text."""
        group = QPalette.ColorGroup.Active
        ends = [
            self.palette().color(group, role)
            for role in (QPalette.ColorRole.Window, QPalette.ColorRole.WindowText)
        ]
        low, high = (np.array([c.red(), c.green(), c.blue()], dtype=float) for c in ends)
        strength = np.linspace(0, 1 if self.isEnabled() else 0.35, 256)[:, None]
        rgb = np.rint(low + strength * (high - low)).astype(np.uint32)
        return (np.uint32(255) << 24) | (rgb[:, 0] << 16) | (rgb[:, 1] << 8) | rgb[:, 2]

    def _picture(self) -> QImage:
        largest = self._matrix.max() or 1.0
        index = np.rint(255 * np.sqrt(self._matrix / largest)).astype(np.uint8)
        pixels = np.ascontiguousarray(self._shades()[index])
        n = len(pixels)
        return QImage(pixels.tobytes(), n, n, 4 * n, QImage.Format.Format_RGB32).copy()

    def _draw_axes(self, painter: QPainter, square: QRectF) -> None:
        painter.setPen(self.ink(QUIET))
        above = QRectF(square.left(), square.top() - _LINE - 1, square.width(), _LINE)
        head = QRectF(square.left(), square.top() - 2 * _LINE - 2, self.width() - square.left(), _LINE + 2)
        painter.drawText(head, Qt.AlignmentFlag.AlignLeft, f"{self._column_label} →")
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        n = len(self._matrix)
        if n:
            painter.drawText(above, left, "1")
            painter.drawText(above, right, str(n))
            beside = QRectF(0, square.top(), square.left() - 3, square.height())
            painter.drawText(beside, right | Qt.AlignmentFlag.AlignTop, "1")
            painter.drawText(beside, right | Qt.AlignmentFlag.AlignBottom, str(n))
        painter.save()
        painter.translate(0, square.bottom())
        painter.rotate(-90)
        box = QRectF(0, 0, square.height(), _LINE + 2)
        painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, f"← {self._row_label}")
        painter.restore()

    def _draw_scale(self, painter: QPainter, square: QRectF) -> None:
        shades = self._shades()
        bar = QRectF(square.right() + 8, square.top(), 10, square.height())
        column = QImage(np.ascontiguousarray(shades[::-1]).tobytes(), 1, 256, 4, QImage.Format.Format_RGB32)
        painter.drawImage(bar, column.copy())
        painter.setPen(QPen(self.ink(140), 1))
        painter.drawRect(bar)
        painter.setPen(self.ink(QUIET))
        text = QRectF(bar.right() + 3, bar.top(), self.width() - bar.right() - 3, bar.height())
        largest = float(self._matrix.max())
        painter.drawText(text, Qt.AlignmentFlag.AlignTop, f"{largest:.2g}")
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, f"{largest / 4:.2g}")
        painter.drawText(text, Qt.AlignmentFlag.AlignBottom, "0")
