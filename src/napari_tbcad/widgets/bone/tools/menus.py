"""Menus that a right click opens over a view."""

from __future__ import annotations

import weakref
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QMenu

from napari_tbcad.widgets.bone.tools.canvas_keys import window_of
from napari_tbcad.widgets.bone.tools.places import Place
from napari_tbcad.widgets.keys import KEYS

if TYPE_CHECKING:
    from napari_tbcad.widgets.bone.tools.tools import Tools

_ENTRIES = (("box", "Box", "box_tool"), ("grow", "Grow", "grow_tool"), ("brush", "Brush", "brush_tool"))
"""Tools offered where there is no hotspot, with their keys' names."""


def menu_for(tools: Tools, place: Place, number: int | None) -> QMenu:
    """Return the menu of the chosen hotspots, or of a place without one; not yet open.

    Parameters
    ----------
    tools : Tools
        Held weakly by the menu.
    place : Place
        Under the pointer.
    number : int or None
        The hotspot there.
    """
    parent = window_of(tools.viewer)
    if number is not None:
        from napari_tbcad.widgets.bone.hotspot_menu import hotspot_menu

        numbers = tuple(tools.session.look.selected) or (number,)
        return hotspot_menu(tools.bench, numbers, parent)  # type: ignore[arg-type]
    return _of_place(tools, place, parent)


def _of_place(tools: Tools, place: Place, parent: Any) -> QMenu:
    me = weakref.ref(tools)
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def grow() -> None:
        if (owner := me()) is not None and owner.hands is not None:
            owner.done(owner.hands.grow(place.view, place.point))

    def take(name: str) -> None:
        if (owner := me()) is not None:
            owner.take(name)

    menu.addAction("Grow a hotspot here\tShift+Click", grow)
    menu.addSeparator()
    known = {key.name: key.keys for key in KEYS}
    for name, text, key in _ENTRIES:
        menu.addAction(f"{text}\t{known[key]}" if key in known else text, partial(take, name))
    return menu
