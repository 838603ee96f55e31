"""Brush and eraser, which follow the pointer into either view and find the hotspot they are meant for."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tbcad.imaging.bonescan import ViewName
from napari_tbcad.widgets.bone.layers import HOTSPOTS, view_of
from napari_tbcad.widgets.bone.tools.places import Place, hotspot_at

if TYPE_CHECKING:
    from napari_tbcad.widgets.bone.tools.tools import Tools

MODES = {"brush": "paint", "erase": "erase"}
"""Mode of a hotspot layer of each tool."""

_FIRST = 1
"""The number that napari selects in a new layer."""


class Painting:
    """The modes of the hotspot layers as tools.

    A stroke that begins on a hotspot, or a brush's radius beside it, is one of that hotspot; any other is
    the first of a new one. A number that the person chose in napari's own way is left alone.

    Parameters
    ----------
    tools : Tools
        Keeps this object.
    """

    modes = MODES

    def __init__(self, tools: Tools) -> None:
        self._tools = weakref.ref(tools)
        self._given: dict[ViewName, tuple[weakref.ref[Any], int]] = {}
        self._size: float | None = None

    @property
    def tool(self) -> str | None:
        """``"brush"`` or ``"erase"`` while the person holds it over a hotspot layer, however they took it."""
        if (found := self._in_hand()) is None:
            return None
        mode = str(found[1].mode)
        return next((name for name, its in MODES.items() if its == mode), None)

    @property
    def layer(self) -> Any:
        """The hotspot layer that brush or eraser is held over; None without one."""
        found = self._in_hand()
        return found[1] if found is not None and str(found[1].mode) in MODES.values() else None

    def take(self, name: str) -> None:
        """Take brush or eraser, in the view of the hotspot chosen or the first one."""
        session = self._session()
        if session is None:
            return
        views = list(session.layers.pictures())
        hotspots = session.value("hotspots")
        chosen = hotspots.by_id().get(session.look.chosen) if hotspots is not None else None
        view = chosen.view if chosen is not None else next(iter(views), None)
        if view is not None:
            self._take(view, name, None)

    def put_down(self) -> None:
        """Leave both layers in pan and zoom mode."""
        session = self._session()
        if (held := self.layer) is not None:
            self._size = held.brush_size
        for kind in HOTSPOTS.values():
            layer = session.layers.layer(kind) if session is not None else None
            if layer is not None and str(layer.mode) in MODES.values():
                layer.mode = "pan_zoom"

    def begin_stroke(self, place: Place) -> None:
        """Make the stroke about to begin one of the view and the hotspot that it is meant for."""
        session, found, name = self._session(), self._in_hand(), self.tool
        if session is None or found is None or name is None:
            return
        view, layer = found
        if name == "erase":
            if view != place.view:
                self._take(place.view, name, None)
            return
        if view == place.view and self._picked(view, layer):
            return
        target = session.layers.layer(HOTSPOTS[place.view])
        number = hotspot_at(session.layers, place, layer.brush_size / 2)
        unused = target is not None and not (np.asarray(target.data) == target.selected_label).any()
        if view == place.view and (number == layer.selected_label or (number is None and unused)):
            return
        self._take(place.view, name, number)

    def _take(self, view: ViewName, name: str, number: int | None) -> None:
        tools, session, found = self._tools(), self._session(), self._in_hand()
        if tools is None or session is None:
            return
        before = found[1] if found is not None else None
        size = self._size if self.layer is None else self.layer.brush_size
        if not tools.hands.paint(view, number):
            if tools.hands.message:
                tools.say(tools.hands.message)
            return
        layer = session.layers.layer(HOTSPOTS[view])
        if before is not None and before is not layer:
            before.mode = "pan_zoom"
        if MODES[name] != str(layer.mode):
            layer.mode = MODES[name]
        if size is not None:
            layer.brush_size = size
        self._given[view] = weakref.ref(layer), int(layer.selected_label)

    def _picked(self, view: ViewName, layer: Any) -> bool:
        """Tell whether the person chose the layer's number, by napari's picker or box."""
        reference, number = self._given.get(view, (None, _FIRST))
        known = number if reference is None or reference() is layer else _FIRST
        return known != int(layer.selected_label)

    def _in_hand(self) -> tuple[ViewName, Any] | None:
        """Return the hotspot layer that is worked on, and its view."""
        tools, session = self._tools(), self._session()
        viewer = None if tools is None else tools.viewer
        if session is None or viewer is None:
            return None
        active = viewer.layers.selection.active
        for kind in HOTSPOTS.values():
            if active is not None and session.layers.layer(kind) is active:
                return view_of(kind), active
        return None

    def _session(self) -> Any:
        tools = self._tools()
        return None if tools is None else tools.session
