"""The line below the tools: what can be set of the one in hand."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, get_args

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QSpinBox, QStackedWidget, QWidget

from napari_tbcad.bone.box_tool import BoxToolParameters
from napari_tbcad.widgets.bone.tools.grow_slider import GrowSlider, narrow
from napari_tbcad.widgets.parts.quiet import QuietLabel
from napari_tbcad.widgets.parts.slider import NumberSlider, WheelGuard

if TYPE_CHECKING:
    from napari_tbcad.widgets.bone.bench import BoneBench

_WORDS = {"otsu": "Otsu above background", "bs80k": "Otsu as in BS-80K"}
_HINTS: dict[str | None, str] = {
    None: "Shift+Click on the scan grows a hotspot there.",
    "split": "The larger part keeps number and partner.",
}
_MOST_PX = 40


class ToolOptions(QStackedWidget):
    """One line, whatever is in hand, so that nothing below it moves.

    Parameters
    ----------
    bench : BoneBench
        Workbench of the viewer.

    Attributes
    ----------
    grow : GrowSlider
    box : BoxMethod
    brush : BrushSize
    """

    def __init__(self, bench: BoneBench) -> None:
        super().__init__()
        self.hint = QuietLabel(_HINTS[None])
        self.grow = GrowSlider(bench)
        self.box = BoxMethod(bench)
        self.brush = BrushSize(bench)
        for page in (self.hint, self.grow, self.box, self.brush):
            self.addWidget(page)

    def refresh(self, current: str | None) -> None:
        """Show what belongs to a tool; without one, to the hotspot grown last while it is chosen."""
        pages: dict[str | None, Any] = {
            "grow": self.grow,
            "box": self.box,
            "brush": self.brush,
            "erase": self.brush,
        }
        page = pages.get(current, self.grow if current is None and self.grow.last else self.hint)
        self.hint.set_text(_HINTS.get(current, _HINTS[None]))
        for one in (self.grow, self.box, self.brush):
            one.refresh()
        self.setCurrentWidget(page)


class BoxMethod(QWidget):
    """How the hotspot in a box is found.

    Parameters
    ----------
    bench : BoneBench
        Workbench of the viewer.
    """

    def __init__(self, bench: BoneBench) -> None:
        super().__init__()
        self._bench = bench
        info = BoxToolParameters.model_fields["method"]
        self.choice = QComboBox()
        # The longest choice must not widen the panel.
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice.setMinimumContentsLength(8)
        for name in get_args(info.annotation):
            self.choice.addItem(_WORDS.get(name, name), name)
        self._guard = WheelGuard(self)
        self.choice.installEventFilter(self._guard)
        self.choice.currentIndexChanged.connect(self._take)
        label = QuietLabel(info.title or "")
        _line(self, label, self.choice)
        for widget in (label, self.choice):
            widget.setToolTip(info.description or "")

    def refresh(self) -> None:
        """Show the method there is."""
        session = self._bench.session
        if session is not None:
            with QSignalBlocker(self.choice):
                self.choice.setCurrentIndex(self.choice.findData(session.hands.tools.box.method))

    def _take(self, index: int) -> None:
        session = self._bench.session
        if session is not None:
            tools = session.hands.tools
            box = tools.box.model_copy(update={"method": self.choice.itemData(index)})
            session.hands.tools = tools.model_copy(update={"box": box})


class BrushSize(QWidget):
    """Diameter of brush and eraser.

    Parameters
    ----------
    bench : BoneBench
        Workbench of the viewer.
    """

    def __init__(self, bench: BoneBench) -> None:
        super().__init__()
        self._bench = bench
        self._layer: weakref.ref[Any] | None = None
        self.box = QSpinBox()
        self.box.setRange(1, _MOST_PX)
        self.box.setSuffix(" px")
        narrow(self.box)
        self.slider = NumberSlider(self.box, 1)
        self._guard = WheelGuard(self)
        self.box.installEventFilter(self._guard)
        self.box.valueChanged.connect(self._take)
        label = QuietLabel("Brush")
        _line(self, label, self.slider, self.box)
        for widget in (label, self.slider, self.box):
            widget.setToolTip("Diameter of brush and eraser, in pixels of the scan ([ and ] on the canvas).")

    def refresh(self) -> None:
        """Follow the layer that is painted."""
        viewing = self._bench.viewing
        tools = None if viewing is None else viewing.tools
        layer = None if tools is None else tools.painting.layer
        old = self._layer() if self._layer is not None else None
        if layer is not old:
            if old is not None:
                old.events.brush_size.disconnect(self._show)
            if layer is not None:
                layer.events.brush_size.connect(self._show)
            self._layer = None if layer is None else weakref.ref(layer)
        self._show()

    def _show(self, event: Any = None) -> None:
        layer = self._layer() if self._layer is not None else None
        if layer is not None and round(layer.brush_size) != self.box.value():
            with QSignalBlocker(self.box), QSignalBlocker(self.slider):
                self.box.setValue(round(layer.brush_size))
                self.slider.setValue(self.box.value())

    def _take(self, size: int) -> None:
        layer = self._layer() if self._layer is not None else None
        if layer is not None:
            layer.brush_size = size


def _line(owner: QWidget, label: QWidget, wide: QWidget, *more: QWidget) -> None:
    """Lay out a label in full, what takes the room that is left, and more."""
    line = QHBoxLayout(owner)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(6)
    label.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
    line.addWidget(label)
    line.addWidget(wide, 1)
    for widget in more:
        line.addWidget(widget)
