"""A slider that turns the number in the box beside it."""

from __future__ import annotations

import math
from typing import Any

from qtpy.QtCore import QEvent, QObject, QPoint, QRectF, QSignalBlocker, Qt
from qtpy.QtGui import QHideEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QWheelEvent
from qtpy.QtWidgets import QSizePolicy, QSlider, QStyle, QStyleOptionSlider


class NumberSlider(QSlider):
    """A horizontal slider tied to a number box.

    The box stays the one that holds the number: its decimals, bounds and `valueChanged` count. The slider
    moves it tick by tick, at once and for every move; a number between two ticks stays as it is and only
    the handle goes to the nearer one. A click anywhere takes the handle there and holds it.
    `sliderPressed` and `sliderReleased` come in pairs, whatever ends the drag.

    Parameters
    ----------
    box : QSpinBox or QDoubleSpinBox
        A box with both bounds.
    tick : float
        Smallest change by the slider, in the box' unit; ticks are whole multiples of it.
    """

    def __init__(self, box: Any, tick: float) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._box, self._tick = box, tick
        self._whole = isinstance(box.minimum(), int)
        # The ends are those of the box, wherever between two ticks they lie.
        self.setRange(math.floor(box.minimum() / tick + 1e-9), math.ceil(box.maximum() / tick - 1e-9))
        self.setSingleStep(1)
        self.setPageStep(max(1, round(box.singleStep() / tick)))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(60)
        self.valueChanged.connect(self._turn)
        box.valueChanged.connect(self._follow)
        self._follow(box.value())

    def _turn(self, ticks: int) -> None:
        value = min(max(round(ticks * self._tick, 9), self._box.minimum()), self._box.maximum())
        self._box.setValue(round(value) if self._whole else value)

    def _follow(self, value: float) -> None:
        with QSignalBlocker(self):
            self.setValue(round(value / self._tick))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Take the handle to the place of the click before it is held."""
        assert event is not None
        if event.button() == Qt.MouseButton.LeftButton:
            option = QStyleOptionSlider()
            self.initStyleOption(option)
            handle = self._part(option, QStyle.SubControl.SC_SliderHandle)
            if not handle.contains(event.position().toPoint()):
                self.setSliderDown(True)
                self.setValue(self._value_at(option, event.position().toPoint()))
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Let the handle go, even where the style did not take the press for one on it."""
        super().mouseReleaseEvent(event)
        self.setSliderDown(False)

    def hideEvent(self, event: QHideEvent | None) -> None:
        """A drag ends when the slider is hidden, since no release will come."""
        self.setSliderDown(False)
        super().hideEvent(event)

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """Leave the wheel to the panel, which scrolls, unless the slider was chosen."""
        assert event is not None
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Show the keyboard's focus, which napari's themes leave out."""
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
            painter.end()

    def _part(self, option: QStyleOptionSlider, part: QStyle.SubControl) -> Any:
        return self.style().subControlRect(QStyle.ComplexControl.CC_Slider, option, part, self)

    def _value_at(self, option: QStyleOptionSlider, place: QPoint) -> int:
        groove = self._part(option, QStyle.SubControl.SC_SliderGroove)
        length = self._part(option, QStyle.SubControl.SC_SliderHandle).width()
        along = place.x() - groove.x() - length // 2
        return QStyle.sliderValueFromPosition(
            self.minimum(), self.maximum(), along, groove.width() - length, option.upsideDown
        )


class WheelGuard(QObject):
    """Keeps the wheel from changing numbers and choices over which a panel is scrolled.

    Install it on boxes; they take the wheel once they have the focus.
    """

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Pass the wheel on to what lies below."""
        if event is not None and event.type() == QEvent.Type.Wheel and not watched.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)
