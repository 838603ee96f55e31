"""How far up the hotspot grown last begins: a slider that grows it again at every move."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSignalBlocker, QTimer
from qtpy.QtWidgets import QGridLayout, QSpinBox, QWidget

from napari_tbcad.bone.grow import GrowParameters
from napari_tbcad.widgets.parts.quiet import QuietLabel
from napari_tbcad.widgets.parts.slider import NumberSlider, WheelGuard

if TYPE_CHECKING:
    from napari_tbcad.widgets.bone.bench import BoneBench

_TIP = (
    "A pixel belongs to a grown hotspot from this part of the way up from the bone around it to its peak, "
    "in percent. Lower: larger. The hotspot grown last follows at once; it stays one step of undo."
)
_INTERVAL_MS = 30


class GrowSlider(QWidget):
    """The fraction at which hotspots are grown: of the last one, while it is chosen, and of the next.

    Parameters
    ----------
    bench : BoneBench
        Workbench of the viewer.

    Attributes
    ----------
    box : QSpinBox
        The fraction in percent.
    slider : NumberSlider
        Turns it.
    """

    def __init__(self, bench: BoneBench) -> None:
        super().__init__()
        self._bench = bench
        self._wanted: float | None = None
        bounds = GrowParameters.model_json_schema()["properties"]["fraction"]
        self.box = QSpinBox()
        self.box.setRange(round(100 * bounds["minimum"]), round(100 * bounds["maximum"]))
        self.box.setSuffix(" %")
        self.box.setSingleStep(5)
        self.box.setKeyboardTracking(False)
        self.slider = NumberSlider(self.box, 1)
        self._guard = WheelGuard(self)
        self.box.installEventFilter(self._guard)
        self.label = QuietLabel()
        for widget in (self.box, self.slider):
            widget.setToolTip(_TIP)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(0)
        grid.addWidget(self.label, 0, 0, 1, 2)
        grid.addWidget(self.slider, 1, 0)
        grid.addWidget(self.box, 1, 1)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_INTERVAL_MS)
        self._timer.timeout.connect(self._grow)
        self.box.valueChanged.connect(self._want)
        self.hide()

    def refresh(self, *, in_hand: bool) -> None:
        """Show the fraction of the hotspot grown last, or of the next one while the tool is in hand."""
        hands, last = self._hands(), self._last()
        self.setVisible(hands is not None and (in_hand or last is not None))
        if hands is None:
            return
        self.label.set_text(
            f"Hotspot {last.number}: from this part of its peak"
            if last is not None
            else "Next: from this part of the peak"
        )
        if self._wanted is None:
            with QSignalBlocker(self.box):
                fraction = last.fraction if last is not None else hands.tools.grow.fraction
                self.box.setValue(round(100 * fraction))
                self.slider.setValue(self.box.value())

    def _hands(self) -> Any:
        session = self._bench.session
        return None if session is None else session.hands

    def _last(self) -> Any:
        """Return the hotspot grown last while it is the one chosen."""
        hands, session = self._hands(), self._bench.session
        last = None if hands is None else hands.last_grow
        return (
            last if last is not None and session is not None and session.look.chosen == last.number else None
        )

    def _want(self, percent: int) -> None:
        """Grow at once, or with the next tick when the last time is too fresh."""
        self._wanted = percent / 100
        if not self._timer.isActive():
            self._grow()
            self._timer.start()

    def _grow(self) -> None:
        hands, wanted = self._hands(), self._wanted
        self._wanted = None
        if hands is None or wanted is None:
            return
        if self._last() is not None:
            hands.regrow(wanted)
            self._timer.start()
        else:
            grow = hands.tools.grow.model_copy(update={"fraction": wanted})
            hands.tools = hands.tools.model_copy(update={"grow": grow})
