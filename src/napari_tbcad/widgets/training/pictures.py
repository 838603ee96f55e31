"""The worst held-out images, as the new network sees them and as the packaged one does, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qtpy.QtCore import QEvent, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_tbcad.widgets.parts.bars import Picture
from napari_tbcad.widgets.parts.quiet import QUIET, QuietLabel
from napari_tbcad.widgets.parts.step import BLUE
from napari_tbcad.widgets.training.curve_data import number
from napari_tbcad.widgets.training.thumbnails import Thumbnails, networks_of, thumbnails
from napari_tbcad.widgets.work import start_call

_FIRST = 3
"""Pairs that are shown before all are asked for."""
_GAP, _WIDE, _HIGHEST = 6, 170, 250
_BLACK = QColor("black")


class PicturePair(Picture):
    """One image twice, with what each network found; pressed, it asks to be opened in the viewer.

    Attributes
    ----------
    pressed : Signal
        A click, Return or Space.
    """

    pressed = Signal()

    def __init__(self, entry: Mapping[str, Any], pictures: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._pictures = str(entry.get("name", "")), pictures
        self._networks = networks_of(entry)
        self._scores = tuple(number(entry.get(key)) for key in self._networks)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        said = ", ".join(
            f"{who} {score:.3f}"
            for who, score in zip(self._networks, self._scores, strict=True)
            if score is not None
        )
        self.setAccessibleName(f"{self._name}, mean Dice: {said}")
        self.setToolTip(
            f"{self._name}, mean Dice: {said}.\nOpens the image in the viewer with its labels and the masks "
            "of both networks; the one opened before is taken out."
        )
        self._fit()

    def sizeHint(self) -> QSize:
        """Ask for the width of a dock."""
        return QSize(330, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw both pictures with their scores, and a frame under keyboard or pointer."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        font = painter.font()
        font.setPointSizeF(max(7.0, font.pointSizeF() * 0.9))
        painter.setFont(font)
        line, wide = painter.fontMetrics().height(), self._wide
        painter.setPen(self.ink())
        name = painter.fontMetrics().elidedText(self._name, Qt.TextElideMode.ElideMiddle, self.width())
        painter.drawText(QRectF(0, 0, self.width(), line), name)
        for place, (who, picture, score) in enumerate(
            zip(self._networks, self._pictures, self._scores, strict=True)
        ):
            left = place * (wide + _GAP)
            box = QRectF(left, line + 2, wide, self.height() - 2 * line - 4)
            painter.fillRect(box, _BLACK)
            if picture is not None:
                _draw(painter, picture, box)
            painter.setPen(self.ink(QUIET))
            score_text = "" if score is None else f" {score:.3f}"
            under = QRectF(left, box.bottom(), wide, line)
            text = f"{who}{score_text}" if picture is not None else f"{who}: none"
            painter.drawText(under, int(Qt.AlignmentFlag.AlignCenter.value), text)
        if self.hasFocus() or self.underMouse():
            painter.setPen(QPen(QColor(BLUE), 2))
            painter.drawRect(QRectF(1, line + 2, self.width() - 2, self.height() - 2 * line - 4))

    def resizeEvent(self, event: Any) -> None:
        """Keep the proportions of the images."""
        super().resizeEvent(event)
        self._fit()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Ask to be opened."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.pressed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ask to be opened."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.pressed.emit()
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: QEvent) -> None:
        """Show the frame."""
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Hide the frame."""
        self.update()

    @property
    def _wide(self) -> float:
        return (self.width() - _GAP) / 2

    def _fit(self) -> None:
        shapes = [one.height() / max(1, one.width()) for one in self._pictures if one is not None]
        tall = min(_HIGHEST, self._wide * max(shapes, default=0.5))
        self.setFixedHeight(int(tall) + 2 * self.fontMetrics().height() + 4)


class WorstPictures(QWidget):
    """Pairs of pictures, the worst first.

    Attributes
    ----------
    wanted : Signal(object)
        The entry of a pair that is to be opened in the viewer.
    pairs : list of PicturePair
        Those that are shown.
    """

    wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pairs: list[PicturePair] = []
        self._entries: tuple[Mapping[str, Any], ...] = ()
        self._task = ""
        self._token = object()
        self.heading = QuietLabel(
            "Worst held-out images. Full lines: found, broken: the labels. Click opens one.", wrap=True
        )
        self.more = QPushButton()
        self.more.setToolTip("Show the other pictures that were kept, too.")
        self.more.clicked.connect(self._show_all)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self._column.addWidget(self.heading)
        self._column.addWidget(self.more)
        self.clear()

    def clear(self) -> None:
        """Show none."""
        self._token = object()
        self._entries = ()
        for pair in self.pairs:
            self._column.removeWidget(pair)
            pair.hide()
            pair.deleteLater()
        self.pairs = []
        self.more.hide()
        self.heading.hide()

    def show_overlays(self, entries: Sequence[Mapping[str, Any]], task: str) -> None:
        """Show the first pairs of some images of a task; they are read on a worker."""
        self.clear()
        self._entries, self._task = tuple(entries), task
        self._load(self._entries[:_FIRST])

    def _show_all(self) -> None:
        self.more.hide()
        self._load(self._entries[len(self.pairs) :])

    def _load(self, entries: Sequence[Mapping[str, Any]]) -> None:
        if not entries:
            return
        token, task, ratio = self._token, self._task, self.devicePixelRatioF()
        wide, high = int(ratio * _WIDE), int(ratio * _HIGHEST)

        def read() -> tuple[object, list[tuple[Mapping[str, Any], Thumbnails]]]:
            return token, [(entry, thumbnails(entry, task, wide=wide, high=high)) for entry in entries]

        start_call(read, on_result=self._add, on_error=self._fail)

    def _add(self, came: tuple[object, list[tuple[Mapping[str, Any], Thumbnails]]]) -> None:
        token, found = came
        if token is not self._token:
            return
        for entry, pictures in found:
            pair = PicturePair(entry, pictures)
            pair.pressed.connect(lambda entry=entry: self.wanted.emit(entry))
            self._column.insertWidget(self._column.count() - 1, pair)
            self.pairs.append(pair)
        rest = len(self._entries) - len(self.pairs)
        self.heading.setVisible(bool(self.pairs))
        self.more.setText(f"Show {rest} more")
        self.more.setVisible(rest > 0)

    def _fail(self, error: Exception) -> None:
        raise error  # a picture that cannot be read is none; anything else is the program's fault


def _draw(painter: QPainter, picture: QImage, box: QRectF) -> None:
    """Draw a picture as large as a box allows."""
    scale = min(box.width() / picture.width(), box.height() / picture.height())
    wide, tall = picture.width() * scale, picture.height() * scale
    painter.drawImage(QRectF(box.center().x() - wide / 2, box.center().y() - tall / 2, wide, tall), picture)
