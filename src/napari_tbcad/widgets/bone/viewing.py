"""Looking at bone scans while a panel is open: grey scale, ruler, keys, a click on a hotspot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from napari_tbcad.widgets.bone.bench import BoneBench
from napari_tbcad.widgets.bone.crosshair import CrossHair
from napari_tbcad.widgets.bone.layers import KINDS
from napari_tbcad.widgets.bone.look import TOPS
from napari_tbcad.widgets.bone.overlay import Overlay
from napari_tbcad.widgets.bone.spot_marks import SpotMarks
from napari_tbcad.widgets.bone.tools import Tools
from napari_tbcad.widgets.parts.view_bar import ViewBar
from napari_tbcad.widgets.workflow.viewing import BenchViewing

_MOUSE = (
    ("Click", "On a hotspot: choose it, here and in the table; with Ctrl or Shift also that one."),
    ("Shift-click", "On uptake without a hotspot: grow one from there."),
    ("Right click", "On a hotspot: class, link, merge, delete."),
    ("Wheel", "Zoom."),
    ("Drag, or Space held", "Pan; with Space held also while painting."),
)


class BoneViewing(BenchViewing):
    """Grey scale, ruler and keys of one viewer, from its first bone panel to its last.

    Parameters
    ----------
    bench : BoneBench
        What the panels of a viewer share; it keeps this object.
    """

    _bench: BoneBench
    mouse = _MOUSE

    def __init__(self, bench: BoneBench) -> None:
        super().__init__(bench, scopes=("bone", "panel", "view"))

    def prepare(self) -> None:
        """Make what is drawn over the canvas, and the tools."""
        self.overlay = Overlay(self._bench)
        self.marks = SpotMarks(self._bench, self.overlay)
        self.crosshair = CrossHair(self._bench, self.overlay)
        self.tools = Tools(self._bench)

    def looks(self) -> dict[str, Callable[[], None]]:
        """Return what the keys for the grey scale do."""
        return {
            "window": lambda: self._look("set_top", "As opened"),
            "next_window": lambda: self._look("next_top"),
            "invert": lambda: self._look("set_inverted", not self._inverted()),
        }

    def bind_keys(self) -> None:
        """Bind the keys while a panel is in sight; else those of another workflow hold."""
        if self._bench.active:
            super().bind_keys()
        elif self._bindings is not None:
            self._bindings.release()
            self._bindings = None

    def labels(self) -> Iterable[Any]:
        """Return every label layer."""
        session = self._bench.session
        return () if session is None else map(session.layers.layer, KINDS)

    def bar(self) -> ViewBar:
        """Return a row of buttons for the head of a panel."""
        bar = self.make_bar(
            tuple(TOPS),
            window_name="Grey scale",
            window_tip="Which share of each view's maximum is drawn with the darkest grey.",
            invert_tip="Show counts light on dark. Display only: pixels and index stay as they are.",
        )
        bar.preset.connect(lambda name: self._look("set_top", name))
        bar.invert.connect(lambda on: self._look("set_inverted", not on))
        return bar

    def show_on(self, bar: ViewBar) -> None:
        """Bring a row of buttons up to date."""
        session = self._bench.session
        images = list(session.layers.pictures().values()) if session is not None else []
        text = ""
        if images:
            highest = max(float(images[0].data.max()), 1e-6)
            text = f"Dark at {100 * images[0].contrast_limits[1] / highest:.0f} %"
        bar.show_window(text)
        bar.show_inverted(not self._inverted())
        bar.show_ruler(self.ruler.is_on)
        bar.set_available(window=bool(images), ruler=bool(images))

    def release(self) -> None:
        """Unbind everything; the ruler's lines stay."""
        self.tools.release()
        self.crosshair.release()
        self.overlay.release()
        super().release()

    def _inverted(self) -> bool:
        session = self._bench.session
        return session is None or session.look.inverted

    def _look(self, name: str, *values: Any) -> None:
        if (session := self._bench.session) is not None:
            getattr(session.look, name)(*values)
