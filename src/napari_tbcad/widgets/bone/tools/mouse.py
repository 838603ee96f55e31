"""The mouse over the views of a scan: which presses are ours, and how napari's own are left alone."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from napari_tbcad.widgets.bone.tools.gestures import Gesture, gesture_of
from napari_tbcad.widgets.bone.tools.places import Place, hotspot_at, place_at
from napari_tbcad.widgets.bone.tools.withheld import withhold

if TYPE_CHECKING:
    from napari_tbcad.widgets.bone.tools.tools import Tools

_ON_PX = 1.0
"""A Shift-click this near to a hotspot, in pixels of the view, is on it; any other grows one."""


class CanvasMouse:
    """Gestures over the canvas of one viewer.

    Only presses over a view that is shown are looked at, in napari's pan and zoom mode or with our own brush
    in hand; those of the ruler, of other layers' modes and outside the views stay napari's.

    Parameters
    ----------
    tools : Tools
        Keeps this object.

    Attributes
    ----------
    gesture : Gesture or None
        What is under way.
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = weakref.ref(tools)
        self.gesture: Gesture | None = None
        self._callbacks = _callbacks(weakref.ref(self))
        viewer = tools.viewer
        viewer.mouse_drag_callbacks.append(self._callbacks[0])
        # First in its list: napari's own would zoom.
        viewer.mouse_double_click_callbacks.insert(0, self._callbacks[1])

    def drop(self) -> bool:
        """Forget what is under way, and say whether there was something; what it drew goes."""
        dropped, self.gesture = self.gesture is not None, None
        tools = self._tools()
        if dropped and tools is not None:
            tools.pen.clear()
        return dropped

    def release(self) -> None:
        """Give the mouse back."""
        self.drop()
        tools = self._tools()
        viewer = None if tools is None else tools.viewer
        if viewer is not None:
            lists = (viewer.mouse_drag_callbacks, viewer.mouse_double_click_callbacks)
            for callbacks, callback in zip(lists, self._callbacks, strict=True):
                if callback in callbacks:
                    callbacks.remove(callback)

    # -- what napari tells ----------------------------------------------------------------------------

    def press(self, event: Any) -> Gesture | None:
        """Begin a gesture; None leaves the press to napari."""
        self.drop()
        tools = self._tools()
        session = None if tools is None else tools.session
        if tools is None or session is None or not tools.listens or event.handled:
            return None
        place = place_at(tools.viewer, session.layers, event.position)
        if place is None:
            return None
        active = tools.viewer.layers.selection.active
        if str(getattr(active, "mode", "pan_zoom")) != "pan_zoom":
            return self._press_painting(tools, event, place, active)
        # Not as near as a click that chooses: with the whole body in sight that is more than a vertebra.
        under = hotspot_at(session.layers, place, _ON_PX)
        kind = gesture_of(tools.held, event.button, event.modifiers, on_hotspot=under is not None)
        return None if kind is None else self._begin(tools, kind, event, place)

    def move(self, gesture: Gesture, event: Any) -> None:
        """The pointer moved with the button down."""
        if (tools := self._tools()) is not None:
            gesture.move(tools, event)

    def end(self, gesture: Gesture, event: Any) -> None:
        """The button came up."""
        self.drop()
        if (tools := self._tools()) is not None and tools.session is not None:
            gesture.end(tools, event)

    def double_click(self, viewer: Any, event: Any) -> None:
        """Keep napari from zooming at two quick clicks with a tool."""
        tools = self._tools()
        if tools is not None and tools.held is not None and tools.listens:
            event.handled = True
            withhold(viewer.mouse_double_click_callbacks, keep=self._callbacks[1])

    # -- inside ---------------------------------------------------------------------------------------

    def _press_painting(self, tools: Tools, event: Any, place: Place, active: Any) -> Gesture | None:
        """Make the stroke that begins one of the hotspot it is meant for; Shift-click still grows."""
        if tools.painting.tool is None or event.button != 1:
            return None
        if tuple(event.modifiers) == ("Shift",):
            kind = gesture_of(None, 1, event.modifiers, on_hotspot=False)
            assert kind is not None
            withhold(active.mouse_drag_callbacks)
            return self._begin(tools, kind, event, place)
        if not event.modifiers:
            tools.painting.begin_stroke(place)
        return None

    def _begin(self, tools: Tools, kind: type[Gesture], event: Any, place: Place) -> Gesture:
        self.gesture = kind(tools, event, place)
        event.handled = event.handled or kind.takes_mouse
        return self.gesture


def _callbacks(me: weakref.ref[CanvasMouse]) -> tuple[Any, Any]:
    """Return what napari calls, which must not keep us, not even while a button is down."""

    def drag(viewer: Any, event: Any) -> Iterator[None]:
        if (owner := me()) is None or (gesture := owner.press(event)) is None:
            return
        del owner
        while True:
            yield
            if (owner := me()) is None or owner.gesture is not gesture:
                return
            if event.type != "mouse_move":
                break
            owner.move(gesture, event)
            del owner
        owner.end(gesture, event)

    def double_click(viewer: Any, event: Any) -> None:
        if (owner := me()) is not None:
            owner.double_click(viewer, event)

    return drag, double_click
