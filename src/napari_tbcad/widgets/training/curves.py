"""Live curves of a training: the loss of every step, and what the watched images say after every epoch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from qtpy.QtCore import QEvent, QRectF, QSize, Qt
from qtpy.QtGui import QFont, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from qtpy.QtWidgets import QWidget

from napari_tbcad.widgets.parts.bars import Picture
from napari_tbcad.widgets.training.curve_data import IOU, CurveData
from napari_tbcad.widgets.training.curve_painting import Frame, paint_iou, paint_loss, paint_reading
from napari_tbcad.widgets.training.plot import class_colours, spare_colour
from napari_tbcad.widgets.work import timer

_REST_MS = 200
"""Steps of a small network come faster than anybody reads: so long at least stays a picture."""
_LOSS, _IOU, _LINE = 96, 112, 13
"""Heights in pixels: of the two plots, and of a line of labels."""


class Curves(Picture):
    """Two plots over the epochs: loss above, IoU of each class in the watched images below.

    The labels at the ends of the lines name them and give their last values; under the pointer, or after an
    arrow key, those of the epoch there.

    Parameters
    ----------
    parent : QWidget, optional
        Qt parent.

    Attributes
    ----------
    data : CurveData
        What is shown.
    classes : list of str
        Classes that have a line.
    colours : dict of str to str
        Colours of the classes of the task.
    read : int or None
        Epoch whose values are shown; None for the last.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.data = CurveData()
        self.colours: dict[str, str] = {}
        self.classes: list[str] = []
        self.read: int | None = None
        self._wait = timer(self, self.update)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumWidth(200)
        self.begin()

    def begin(self, task: str = "", *, epochs: int = 0, steps: int = 0) -> None:
        """Forget the training before.

        Parameters
        ----------
        task : str, optional
            Label scheme, which gives the classes their colours.
        epochs, steps : int, optional
            Of the whole training; 0 while unknown.
        """
        self.data, self.read = CurveData(epochs, steps), None
        self.colours = class_colours(task)
        self._fit()
        self._tell()

    def clear(self) -> None:
        """Show nothing."""
        self.begin()

    def expect(self, *, epochs: int, steps: int) -> None:
        """Say how long the training will be; what is shown already stays."""
        self.data.epochs, self.data.steps = epochs, steps
        self._soon()

    def show_event(self, event: Mapping[str, Any]) -> None:
        """Show what the process that trains said; what is no step and no epoch is passed over."""
        kind = event.get("event")
        if kind in ("begun", "step"):
            epochs, steps = int(event.get("epochs") or 0), int(event.get("steps") or 0)
            if epochs and steps and (epochs, steps) != (self.data.epochs, self.data.steps):
                self.expect(epochs=epochs, steps=steps)
        if kind == "step":
            self.add_step(int(event["step"]), event.get("loss"))
        elif kind == "epoch":
            self.add_epoch(event)

    def add_step(self, step: int, loss: float | None) -> None:
        """Show the loss of a step, which counts from 1."""
        self.data.add_step(step, loss)
        self._soon()

    def add_epoch(self, row: Mapping[str, Any]) -> None:
        """Show a row of log.csv."""
        if not self.data.add_epoch(row):
            return
        self._fit()
        self._tell()
        self._soon()

    def show_all(self, rows: Iterable[Mapping[str, Any]], steps: Iterable[tuple[int, float]] = ()) -> None:
        """Show a training that was begun earlier, after :meth:`begin`."""
        for row in rows:
            self.data.add_epoch(row)
        for step, loss in steps:
            self.data.add_step(step, loss)
        self._fit()
        self._tell()

    def colour_of(self, name: str) -> str:
        """Return the colour of a class."""
        return self.colours.get(name) or spare_colour(self.classes.index(name))

    def repeats(self, name: str) -> bool:
        """Tell whether a class before this one has its colour."""
        before = self.classes[: self.classes.index(name)]
        return any(self.colour_of(other) == self.colour_of(name) for other in before)

    # -- Qt -------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        """Ask for the width of a dock."""
        return QSize(330, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw both plots."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._letters())
        upper, lower = self._frames()
        paint_loss(painter, self, upper)
        paint_iou(painter, self, lower)
        paint_reading(painter, self, upper, lower)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Read the epoch under the pointer."""
        upper, _ = self._frames()
        inside = upper.box.left() - 4 <= event.position().x() <= upper.box.right() + 4
        self._read_at(round(upper.epoch_at(event.position().x())) if inside else None)

    def leaveEvent(self, event: QEvent) -> None:
        """Read the last epoch again."""
        self._read_at(None)
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go from epoch to epoch with the arrow keys; Escape goes back to the last."""
        key = event.key()
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and self.data.rows:
            self._read_at((self.read or self.data.last) + (1 if key == Qt.Key.Key_Right else -1))
        elif key == Qt.Key.Key_Escape and self.read is not None:
            self._read_at(None)
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Make room for other letters."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    # -- inside ---------------------------------------------------------------------------------------

    def _read_at(self, epoch: int | None) -> None:
        if (wanted := epoch) is not None:
            epoch = min(self.data.rows, key=lambda known: abs(known - wanted), default=None)
        if epoch != self.read:
            self.read = epoch
            self._tell()
            self.update()

    def _letters(self) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(max(7.0, font.pointSizeF() * 0.85))
        return font

    def _fit(self) -> None:
        """Be high enough for a line of label a class."""
        self.classes = self.data.classes(self.colours)
        line = max(_LINE, int(QFontMetricsF(self._letters()).height()))
        self.setFixedHeight(_LOSS + max(_IOU, line * (len(self.classes) + 1)) + 4 * line + 20)
        self.update()

    def _frames(self) -> tuple[Frame, Frame]:
        """Return where the two plots lie."""
        metrics = QFontMetricsF(self._letters())
        line, left = metrics.height(), metrics.horizontalAdvance("0.00") + 8
        named = [f"{name} 0.00" for name in (*self.classes, "watched", "trained")]
        right = min(max(metrics.horizontalAdvance(text) for text in named) + 18, self.width() * 0.45)
        wide = max(40.0, self.width() - left - right)
        below = self.height() - _LOSS - 4 * line - 18
        upper = QRectF(left, 1.5 * line + 3, wide, _LOSS)
        lower = QRectF(left, upper.bottom() + 1.5 * line + 11, wide, below)
        return Frame(upper, self.data.end), Frame(lower, self.data.end)

    def _soon(self) -> None:
        if not self._wait.isActive():
            self._wait.start(_REST_MS)

    def _tell(self) -> None:
        """Say in words what is read."""
        epoch = self.read or self.data.last
        row = self.data.rows.get(epoch)
        if row is None:
            said = "Curves of the training: after the first epoch"
        else:
            parts = [f"loss {row['loss']:.3f}"] if "loss" in row else []
            parts += [f"watched loss {row['validation_loss']:.3f}"] if "validation_loss" in row else []
            parts += [f"{name} {row[IOU + name]:.3f}" for name in self.classes if IOU + name in row]
            said = f"Epoch {epoch}{', the best' if epoch == self.data.best else ''}: " + ", ".join(parts)
        self.setAccessibleName(said)
        self.setToolTip(f"{said}.\nThe pointer, or the arrow keys, read other epochs." if row else "")
