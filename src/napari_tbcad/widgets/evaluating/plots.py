"""Plots of an evaluation, drawn from its tables: ROC, calibration, confusion, learning curve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF

from napari_tbcad.widgets.evaluating.axes import MARKS, STROKES, Axes, Plot, mark, star
from napari_tbcad.widgets.evaluating.results import rows_of
from napari_tbcad.widgets.evaluating.words import method_words
from napari_tbcad.widgets.parts.quiet import QUIET

if TYPE_CHECKING:
    from napari_tbcad.widgets.evaluating.results import Results

_TENTHS = [(0.0, "0"), (0.5, "0.5"), (1.0, "1")]
TRIAGE = (0.30, 0.90)
"""WHO: a triage test finds 90 % of tuberculosis at a specificity of 70 %."""


class Roc(Plot):
    """ROC curves of all methods with the WHO triage point."""

    title = "ROC"

    def show_results(self, results: Results) -> bool:
        """Take the curves; return whether there are any."""
        table = results.evaluation.roc
        self.lines: dict[str, NDArray[np.float64]] = {
            str(method): rows[["false_positive_rate", "true_positive_rate"]].to_numpy(np.float64)
            for method, rows in table.groupby("method", sort=False)
        }
        aucs = results.evaluation.of_main(results.evaluation.summary)
        self.names = {row.method: f"{method_words(row.method)}: {row.auc:.2f}" for row in rows_of(aucs)}
        self.setAccessibleName("ROC curves, AUC: " + "; ".join(self.names.values()))
        self.setToolTip("TB found against false alarms; ★ WHO triage: 90 % found at 70 % specificity.")
        self.update()
        return bool(self.lines)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw curves, chance and the triage point."""
        painter = QPainter(self)
        self.small(painter)
        axes = Axes(QRectF(34, 16, self.width() - 44, self.height() - 52))
        self.frame(painter, axes, _TENTHS, _TENTHS, ("false alarms (1 − specificity)", "TB found (recall)"))
        painter.setPen(QPen(self.ink(110), 1, Qt.PenStyle.DotLine))
        painter.drawLine(axes.point(0, 0), axes.point(1, 1))
        for place, points in enumerate(self.lines.values()):
            painter.setPen(QPen(self.colour(place), 1.8, STROKES[place % len(STROKES)]))
            painter.drawPolyline(QPolygonF([axes.point(*pair) for pair in points]))
        painter.setPen(QPen(self.background(), 1))
        painter.setBrush(self.ink())
        star(painter, axes.point(*TRIAGE), 7)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        rows = [(place, self.names.get(method, method)) for place, method in enumerate(self.lines)]
        line = painter.fontMetrics().height()
        top = axes.box.bottom() - line * (len(rows) + 1) - 4
        self.legend(painter, axes.x(0.42), top, rows)
        painter.setPen(self.ink(QUIET))
        painter.drawText(QPointF(axes.x(0.42) + 3, top + line * (len(rows) + 0.8)), "★  WHO triage point")


class Calibration(Plot):
    """How often films of a given probability have tuberculosis."""

    title = "Calibration"

    def show_results(self, results: Results) -> bool:
        """Take the groups of films; return whether there are any."""
        table = results.evaluation.calibration
        columns = ["mean_probability", "share", "low", "high"]
        self.lines: dict[str, NDArray[np.float64]] = {
            str(method): rows[columns].to_numpy(np.float64)
            for method, rows in table.groupby("method", sort=False)
        }
        summary = results.evaluation.of_main(results.evaluation.summary)
        self.names = {
            str(row.method): f"{method_words(row.method)}: Brier {row.brier:.3f}" for row in rows_of(summary)
        }
        self.setAccessibleName("Calibration: " + "; ".join(self.names.values()))
        self.setToolTip("Share with TB of films that were given about this probability; 95 % intervals.")
        self.update()
        return bool(self.lines)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw shares with their intervals."""
        painter = QPainter(self)
        self.small(painter)
        axes = Axes(QRectF(34, 16, self.width() - 44, self.height() - 52))
        self.frame(painter, axes, _TENTHS, _TENTHS, ("probability given", "share with TB"))
        painter.setPen(QPen(self.ink(110), 1, Qt.PenStyle.DotLine))
        painter.drawLine(axes.point(0, 0), axes.point(1, 1))
        for place, points in enumerate(self.lines.values()):
            colour = self.colour(place)
            painter.setPen(QPen(colour, 1))
            for x, _, low, high in points:
                painter.drawLine(axes.point(x, low), axes.point(x, high))
            painter.setPen(QPen(colour, 1.6, STROKES[place % len(STROKES)]))
            painter.drawPolyline(QPolygonF([axes.point(x, share) for x, share, _, _ in points]))
            painter.setBrush(colour)
            for x, share, _, _ in points:
                mark(painter, MARKS[place % len(MARKS)], axes.point(x, share), 3)
            painter.setBrush(Qt.BrushStyle.NoBrush)
        rows = [(place, self.names.get(method, method)) for place, method in enumerate(self.lines)]
        self.legend(painter, axes.x(0.02) + 2, axes.box.top() + 2, rows)


class Confusion(Plot):
    """What became of films with and without tuberculosis, for each method."""

    title = "Confusion"

    def show_results(self, results: Results) -> bool:
        """Take the counts of the main variant's methods; return whether there are any."""
        evaluation = results.evaluation
        rows = evaluation.of_main(evaluation.confusions)
        self.counts: Mapping[str, tuple[int, int, int, int]] = {
            row.method: (int(row.tp), int(row.fn), int(row.fp), int(row.tn)) for row in rows_of(rows)
        }
        said = [
            f"{method_words(m)}: {tp} found, {fn} missed, {fp} false alarms, {tn} cleared"
            for m, (tp, fn, fp, tn) in self.counts.items()
        ]
        self.setAccessibleName("; ".join(said))
        self.setToolTip("\n".join(["First repeat.", *said]))
        self.setFixedHeight(10 + 100 * ((len(self.counts) + 1) // 2))
        self.update()
        return bool(self.counts)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw a square of four counts for each method."""
        painter = QPainter(self)
        self.small(painter)
        columns = 2 if len(self.counts) > 1 else 1
        rows = (len(self.counts) + columns - 1) // columns
        wide, high = self.width() / columns, (self.height() - 4) / max(1, rows)
        for place, (method, counts) in enumerate(self.counts.items()):
            box = QRectF((place % columns) * wide, 2 + (place // columns) * high, wide - 8, high - 6)
            self._draw(painter, box, method, counts)

    def _draw(self, painter: QPainter, box: QRectF, method: str, counts: tuple[int, int, int, int]) -> None:
        line = painter.fontMetrics().height()
        painter.setPen(self.ink())
        painter.drawText(QRectF(box.left(), box.top(), box.width(), line), 0, method_words(method))
        left = box.left() + painter.fontMetrics().horizontalAdvance("no TB ") + 2
        top = box.top() + 2 * line
        wide, high = (box.right() - left) / 2, (box.bottom() - top) / 2
        centre = Qt.AlignmentFlag.AlignCenter
        painter.setPen(self.ink(QUIET))
        for column, text in enumerate(("suspect", "not")):
            painter.drawText(QRectF(left + column * wide, top - line, wide, line), centre, text)
        for row, text in enumerate(("TB", "no TB")):
            painter.drawText(QRectF(box.left(), top + row * high, left - box.left() - 4, high), centre, text)
        names = (("found", "missed"), ("alarm", "cleared"))
        for row, pair in enumerate((counts[:2], counts[2:])):
            for column, count in enumerate(pair):
                share = count / max(1, sum(pair))
                cell = QRectF(left + column * wide + 1, top + row * high + 1, wide - 2, high - 2)
                right = row == column
                colour = QColor("#0072B2" if right else "#D55E00")
                colour.setAlpha(30 + round(150 * share))
                painter.fillRect(cell, colour)
                painter.setPen(self.ink())
                said = f"{count} {names[row][column]}" if wide > 62 else f"{count}"
                painter.drawText(cell, centre, f"{said}\n{share:.0%}")


class Learning(Plot):
    """Score against the number of training films, and its control."""

    title = "Learning curve"

    def show_results(self, results: Results) -> bool:
        """Take the curve; return whether there is one."""
        table = results.evaluation.learning_curve
        self.points = np.empty((0, 5))
        if len(table):
            means = table.groupby("n")[["auc", "low", "high", "control_auc"]].mean().reset_index()
            self.points = means.to_numpy(np.float64)
        said = "; ".join(f"{n:.0f} films: AUC {auc:.2f}" for n, auc, *_ in self.points)
        self.setAccessibleName(f"Learning curve. {said}")
        self.setToolTip("AUC against the number of films trained on; dashed: the control outside the lungs.")
        self.update()
        return bool(len(self.points))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw score and control."""
        painter = QPainter(self)
        self.small(painter)
        n = self.points[:, 0]
        low = float(np.nanmin([np.nanmin(self.points[:, 2]), 0.5])) - 0.02
        logs = np.log2(np.maximum(n, 1))
        ends = (float(logs.min()) - 0.2, float(logs.max()) + 0.2)
        axes = Axes(QRectF(34, 16, self.width() - 44, self.height() - 52), ends, (low, 1.0))
        x_ticks = [(float(at), f"{value:.0f}") for at, value in zip(logs, n, strict=True)]
        y_ticks = [(value, f"{value:g}") for value in (0.5, 0.6, 0.7, 0.8, 0.9, 1.0) if value >= low]
        self.frame(painter, axes, x_ticks, y_ticks, ("films trained on", "AUC"))
        colour = self.colour(0)
        painter.setPen(QPen(colour, 1))
        for at, (_, _, lower, upper, _) in zip(logs, self.points, strict=True):
            if np.isfinite(lower) and np.isfinite(upper):
                painter.drawLine(axes.point(at, lower), axes.point(at, upper))
        painter.setPen(QPen(colour, 1.8))
        painter.drawPolyline(
            QPolygonF([axes.point(a, v) for a, v in zip(logs, self.points[:, 1], strict=True)])
        )
        painter.setBrush(colour)
        for at, value in zip(logs, self.points[:, 1], strict=True):
            mark(painter, "circle", axes.point(at, value), 3)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        control = [(a, v) for a, v in zip(logs, self.points[:, 4], strict=True) if np.isfinite(v)]
        painter.setPen(QPen(self.ink(200), 1.4, Qt.PenStyle.DashLine))
        painter.drawPolyline(QPolygonF([axes.point(*pair) for pair in control]))
        painter.setPen(self.ink(QUIET))
        if control:
            at = axes.point(*control[0])
            # Above the line where it falls, below where it rises.
            high = -17 if control[-1][1] < control[0][1] else 3
            painter.drawText(QRectF(at.x() + 3, at.y() + high, 150, 14), 0, "outside the lungs")
