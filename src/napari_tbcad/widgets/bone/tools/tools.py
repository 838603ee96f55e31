"""The tool in the person's hand over a bone scan."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_tbcad.widgets.bone.layers import HOTSPOTS
from napari_tbcad.widgets.bone.tools.gestures import Gesture, begin
from napari_tbcad.widgets.proxies import bare

if TYPE_CHECKING:
    from napari_tbcad.widgets.bone.bench import BoneBench

TOOLS = {
    "box": "Drag a box around a hotspot",
    "grow": "Click on a hotspot to grow it",
    "split": "Drag a line across a hotspot",
    "brush": "Paint a hotspot, in either view; begin on one to correct it",
    "erase": "Paint over what is too much, in either view",
}
"""The tools, and what each waits for."""

_PAINTING = {"brush": "paint", "erase": "erase"}
"""Tools that are a mode of the hotspot layers."""


class Tools(QObject):
    """What a press on the canvas means, from the first bone panel of a viewer to the last.

    Parameters
    ----------
    bench : BoneBench
        Held weakly.

    Attributes
    ----------
    changed : Signal
        Another tool, or none, is in hand.
    """

    changed = Signal()

    def __init__(self, bench: BoneBench) -> None:
        super().__init__()
        self._bench = weakref.ref(bench)
        self._viewer = weakref.ref(bare(bench.viewer))
        self._current: str | None = None
        self._turning = False
        me = weakref.ref(self)

        # napari keeps these functions: they must not keep us.
        def press(viewer: Any, event: Any) -> Iterator[None]:
            owner = me()
            gesture = None if owner is None else owner._press(event)
            del owner
            if gesture is None:
                return
            yield
            while event.type == "mouse_move":
                if (owner := me()) is None:
                    return
                gesture.move(owner, event)
                del owner
                yield
            if (owner := me()) is not None:
                gesture.end(owner, event)

        self._callback = press
        viewer = bare(bench.viewer)
        viewer.mouse_drag_callbacks.append(press)
        viewer.layers.selection.events.active.connect(self._on_active)

    @property
    def bench(self) -> BoneBench | None:
        """The workbench while it lives."""
        return self._bench()

    @property
    def viewer(self) -> Any:
        """The viewer while it lives."""
        return self._viewer()

    @property
    def session(self) -> Any:
        """The session of the scan that is looked at; None without one."""
        bench = self._bench()
        session = None if bench is None else bench.session
        return None if session is None or session.closed else session

    @property
    def hands(self) -> Any:
        """What does what a person asks for; None without a scan."""
        return getattr(self.session, "hands", None)

    @property
    def current(self) -> str | None:
        """The tool in hand, one of :data:`TOOLS`; None for napari's own."""
        return self._current

    def take(self, name: str | None) -> None:
        """Take a tool in hand; None puts it down.

        Parameters
        ----------
        name : str or None
            One of :data:`TOOLS`.
        """
        if name is not None and name not in TOOLS:
            raise ValueError(f"the tool is one of {', '.join(TOOLS)}")
        if self.session is None:
            name = None
        if name == self._current:
            return
        self._current = name
        self.changed.emit()

    def release(self) -> None:
        """Put the tool down and give the mouse back; may be called more than once."""
        self.take(None)
        viewer = self._viewer()
        if viewer is None:
            return
        if self._callback in viewer.mouse_drag_callbacks:
            viewer.mouse_drag_callbacks.remove(self._callback)
            viewer.layers.selection.events.active.disconnect(self._on_active)

    def _press(self, event: Any) -> Gesture | None:
        return begin(self, event)

    def _on_active(self, event: Any = None) -> None:
        """Another layer is worked on."""


__all__ = ["HOTSPOTS", "TOOLS", "Tools"]
