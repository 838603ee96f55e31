"""What a press on the canvas begins, and what it does when the button comes up."""

from __future__ import annotations

import math
import weakref
from typing import TYPE_CHECKING, Any

from napari_tbcad.widgets.bone.tools.places import (
    Place,
    Point,
    bounds_between,
    held_inside,
    hotspot_at,
    hotspot_on_line,
    point_in,
)
from napari_tbcad.widgets.proxies import bare

if TYPE_CHECKING:
    from napari_tbcad.widgets.bone.tools.tools import Tools

CLICK_PX = 4
"""A press that moved no farther on the screen is a click."""

NEAR_PX = 5
"""A hotspot this near to a click, on the screen, is meant by it."""


class Gesture:
    """A press of a button until it comes up; without a movement it is a click.

    Parameters
    ----------
    tools : Tools
        Not kept.
    event : napari mouse event
        The press.
    place : Place
        Where.
    """

    takes_mouse = True
    """Whether napari must not pan or zoom meanwhile."""

    def __init__(self, tools: Tools, event: Any, place: Place) -> None:
        self.place = place
        self.last: Point = place.point
        self.moved = False
        self._start = tuple(event.pos)
        self._image = weakref.ref(tools.session.layers.picture(place.view))
        self.near = near_px(tools, self._image())

    def move(self, tools: Tools, event: Any) -> None:
        """The pointer moved with the button down."""
        if not self._follow(tools, event):
            tools.mouse.drop()
        elif self.moved:
            self.show(tools)

    def end(self, tools: Tools, event: Any) -> None:
        """The button came up, perhaps farther on than where the last move was told."""
        if not self._follow(tools, event):
            return
        if self.moved:
            self.dragged(tools)
        else:
            self.clicked(tools)

    def _follow(self, tools: Tools, event: Any) -> bool:
        """Take the pointer's place; False when the view is gone."""
        image = self._image()
        if (
            image is None
            or tools.session is None
            or tools.session.layers.picture(self.place.view) is not image
        ):
            return False
        event.handled = event.handled or self.takes_mouse
        self.last = held_inside(image, point_in(image, event.position))
        self.moved = self.moved or math.dist(event.pos, self._start) > CLICK_PX
        return True

    def show(self, tools: Tools) -> None:
        """Draw what is being made."""

    def dragged(self, tools: Tools) -> None:
        """It was a drag."""

    def clicked(self, tools: Tools) -> None:
        """It was a click: on a hotspot it is chosen."""
        if number := hotspot_at(tools.session.layers, self.place, self.near):
            tools.session.look.choose(number)


class Choosing(Gesture):
    """A click on a hotspot; a drag stays napari's."""

    takes_mouse = False


class Adding(Gesture):
    """A click that takes one more hotspot into the choice, or one out of it."""

    takes_mouse = False

    def clicked(self, tools: Tools) -> None:
        """Toggle the hotspot under the pointer."""
        number = hotspot_at(tools.session.layers, self.place, self.near)
        if number is None:
            return
        look = tools.session.look
        chosen = tuple(look.selected)
        if number in chosen:
            rest = tuple(one for one in chosen if one != number)
            look.select(rest, rest[-1] if rest else None)
        else:
            look.select((*chosen, number), number)


class Growing(Gesture):
    """A click that grows a hotspot; a drag stays napari's."""

    takes_mouse = False

    def clicked(self, tools: Tools) -> None:
        """Grow a hotspot, or the one that is there already anew."""
        number = tools.hands.grow(self.place.view, self.place.point)
        tools.done(number)
        if number is None and not tools.hands.message:
            # It is as large already: the slider may still be meant for it.
            super().clicked(tools)


class Boxing(Gesture):
    """A box around a hotspot."""

    def show(self, tools: Tools) -> None:
        """Draw the box as it is now."""
        tools.pen.box(self.place.view, self.place.point, self.last)

    def dragged(self, tools: Tools) -> None:
        """Find the hotspot in the box."""
        bounds = bounds_between(self.place.point, self.last)
        tools.done(tools.hands.box(self.place.view, bounds))


class Splitting(Gesture):
    """A line across a hotspot."""

    def show(self, tools: Tools) -> None:
        """Draw the line as it is now."""
        tools.pen.line(self.place.view, self.place.point, self.last)

    def dragged(self, tools: Tools) -> None:
        """Part the hotspot that the line crosses."""
        session = tools.session
        number = hotspot_on_line(
            session.layers, self.place.view, self.place.point, self.last, first=session.look.chosen
        )
        if number is None:
            tools.say("The line crosses no hotspot.")
        else:
            tools.done(tools.hands.split(number, self.place.point, self.last))


class Asking(Gesture):
    """A right click: what can be done with the hotspot under the pointer; a drag stays napari's zoom."""

    takes_mouse = False

    def clicked(self, tools: Tools) -> None:
        """Open the menu of what is under the pointer."""
        tools.open_menu(self.place, hotspot_at(tools.session.layers, self.place, self.near))


_OF_TOOL: dict[str | None, type[Gesture]] = {"box": Boxing, "grow": Growing, "split": Splitting}


def gesture_of(tool: str | None, button: int, modifiers: Any, *, on_hotspot: bool) -> type[Gesture] | None:
    """Return what a press in a view begins; None leaves it to napari.

    Parameters
    ----------
    tool : str or None
        The tool in hand.
    button : int
        1 left, 2 right.
    modifiers : sequence of str
        Keys held.
    on_hotspot : bool
        Whether a hotspot lies under the pointer.
    """
    if "Alt" in modifiers or "Meta" in modifiers:
        return None
    if button == 2:
        return None if modifiers else Asking
    if button != 1:
        return None
    if "Control" in modifiers:
        return Adding
    if "Shift" in modifiers:
        return Adding if on_hotspot else Growing
    return _OF_TOOL.get(tool, Choosing)


def near_px(tools: Tools, image: Any) -> float:
    """Return how far from a hotspot a click still means it, in pixels of an image."""
    step = float(min(abs(number) for number in image.scale[-2:])) or 1.0
    return NEAR_PX / (bare(tools.viewer).scene.camera.zoom * step)
