"""Where the edge of a grown hotspot lies: a slider that grows the last one again at every move."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSignalBlocker, QTimer
from qtpy.QtWidgets import QAbstractSpinBox, QHBoxLayout, QSizePolicy, QSpinBox, QWidget

from napari_tbcad.bone.grow import GrowParameters
from napari_tbcad.widgets.parts.quiet import QuietLabel
from napari_tbcad.widgets.parts.slider import NumberSlider, WheelGuard

if TYPE_CHECKING:
    from napari_tbcad.widgets.bone.bench import BoneBench

_TIP = (
    "The edge of a grown hotspot, in percent of the way up from the bone around it to its peak. Lower: "
    "larger. The hotspot grown last follows at once; it stays one step of undo."
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
        narrow(self.box)
        self.box.setKeyboardTracking(False)
        self.slider = NumberSlider(self.box, 1)
        self._guard = WheelGuard(self)
        self.box.installEventFilter(self._guard)
        self.label = QuietLabel()
        # In full, whatever the slider has left.
        self.label.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(6)
        for widget, share in ((self.label, 0), (self.slider, 1), (self.box, 0)):
            line.addWidget(widget, share)
            widget.setToolTip(_TIP)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_INTERVAL_MS)
        self._timer.timeout.connect(self._grow)
        self.box.valueChanged.connect(self._want)

    @property
    def last(self) -> Any:
        """The hotspot grown last while it is the one chosen; else None."""
        session = self._bench.session
        last = None if session is None else session.hands.last_grow
        return (
            last if last is not None and session is not None and session.look.chosen == last.number else None
        )

    def refresh(self) -> None:
        """Show the fraction of the hotspot grown last, or of the next one."""
        session, last = self._bench.session, self.last
        if session is None:
            return
        self.label.set_text(f"Edge of {last.number} at" if last is not None else "Edge at")
        self.label.setToolTip(_TIP)
        if self._wanted is None:
            fraction = last.fraction if last is not None else session.hands.tools.grow.fraction
            with QSignalBlocker(self.box), QSignalBlocker(self.slider):
                self.box.setValue(round(100 * fraction))
                self.slider.setValue(self.box.value())

    def _want(self, percent: int) -> None:
        """Grow at once, or with the next tick when the last time is too fresh."""
        self._wanted = percent / 100
        if not self._timer.isActive():
            self._grow()

    def _grow(self) -> None:
        session, wanted = self._bench.session, self._wanted
        self._wanted = None
        if session is None or wanted is None:
            return
        hands = session.hands
        if self.last is not None:
            hands.regrow(wanted)
            self._timer.start()
        else:
            grow = hands.tools.grow.model_copy(update={"fraction": wanted})
            hands.tools = hands.tools.model_copy(update={"grow": grow})


def narrow(box: QSpinBox) -> None:
    """Leave the room of a number's buttons to the slider beside it."""
    box.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
    box.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
    box.setMaximumWidth(64)
