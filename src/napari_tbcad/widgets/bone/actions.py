"""What keys and buttons of the bone panel do, by name, so that both do the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from napari_tbcad.widgets.bone.bench import BoneBench

CLASS_KEYS = {
    "abnormal": "abnormal",
    "normal": "normal",
    "non_bone": "non_bone",
    "ignore_hotspot": "ignore",
}
"""Class of each key, by the key's name."""

TOOL_KEYS = {
    "box_tool": "box",
    "grow_tool": "grow",
    "brush_tool": "brush",
    "erase_tool": "erase",
    "split_tool": "split",
}
"""Tool of each key, by the key's name."""


def set_class(bench: BoneBench, label: str) -> None:
    """Give the hotspot under the brush, or those chosen, a class; what is made next has it, too."""
    session = bench.session
    if session is None:
        return
    session.hands.set_brush_class(label)
    hotspots = session.value("hotspots")
    known = {} if hotspots is None else hotspots.by_id()
    painted = session.layers.painted()
    under_brush = painted is not None and painted in known
    numbers = (painted,) if under_brush and painted is not None else session.look.selected
    if numbers := tuple(number for number in numbers if number in known):
        session.hands.set_class(numbers, label)


def take_tool(bench: BoneBench, name: str) -> None:
    """Take a tool in hand; the one that is in hand is put down."""
    tools = bench.viewing.tools if bench.viewing is not None else None
    if tools is not None:
        tools.take(None if tools.current == name else name)


def choose_next(bench: BoneBench) -> None:
    """Point at the next hotspot."""
    if bench.session is not None:
        bench.session.look.choose_next()


def accept_partner(bench: BoneBench) -> None:
    """Take the proposal for the chosen hotspot in the other view."""
    if bench.session is not None and bench.session.look.chosen is not None:
        bench.session.hands.accept_partner()


def with_chosen(bench: BoneBench, name: str) -> None:
    """Merge, delete or confirm the hotspots chosen."""
    session = bench.session
    if session is not None and session.look.selected:
        getattr(session.hands, name)(session.look.selected)


def by_hand(bench: BoneBench, name: str) -> None:
    """Undo or redo."""
    if bench.session is not None:
        getattr(bench.session.hands, name)()


def switch_crosshair(bench: BoneBench) -> None:
    """Show or hide the cross-hair."""
    if bench.session is not None:
        bench.session.look.set_crosshair(not bench.session.look.crosshair)


def run_all(bench: BoneBench) -> None:
    """Bring every step up to date."""
    if bench.session is not None:
        bench.session.run_all()


def actions(bench: BoneBench) -> dict[str, Callable[[], None]]:
    """Return what the keys of the bone panel do, by their names in the registry of keys."""
    does: dict[str, tuple[Callable[..., None], tuple[Any, ...]]] = {
        **{name: (set_class, (label,)) for name, label in CLASS_KEYS.items()},
        **{name: (take_tool, (tool,)) for name, tool in TOOL_KEYS.items()},
        "confirm": (with_chosen, ("confirm",)),
        "merge": (with_chosen, ("merge",)),
        "delete_hotspots": (with_chosen, ("delete",)),
        "undo": (by_hand, ("undo",)),
        "redo": (by_hand, ("redo",)),
        "next_hotspot": (choose_next, ()),
        "accept_partner": (accept_partner, ()),
        "crosshair": (switch_crosshair, ()),
        "run_all": (run_all, ()),
    }
    made: dict[str, Callable[[], None]] = {
        name: partial(function, bench, *values) for name, (function, values) in does.items()
    }
    return {**made, "save_case": lambda: bench.save_wanted.emit()}
