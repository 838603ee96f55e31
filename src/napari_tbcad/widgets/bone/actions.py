"""What keys and buttons of the bone panel do, by name, so that both do the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from napari_tbcad.widgets.bone.bench import BoneBench

CLASS_KEYS = {
    "abnormal": "abnormal",
    "normal": "normal",
    "non_bone": "non_bone",
    "ignore_hotspot": "ignore",
}
"""Class of each key, by the key's name."""


def set_class(bench: BoneBench, label: str) -> None:
    """Give the hotspot under the brush, or the chosen one, a class; what is painted next has it, too."""
    session = bench.session
    if session is None:
        return
    session.layers.brush_class = label
    hotspots = session.value("hotspots")
    if hotspots is not None:
        session.layers.colour(hotspots.marks)
    number = session.layers.painted() or session.look.chosen
    if hotspots is not None and number is not None and number in hotspots.by_id():
        session.set_class([number], label)
    session.changed.emit()


def choose_next(bench: BoneBench) -> None:
    """Point at the next hotspot."""
    if bench.session is not None:
        bench.session.look.choose_next()


def run_all(bench: BoneBench) -> None:
    """Bring every step up to date."""
    if bench.session is not None:
        bench.session.run_all()


def actions(bench: BoneBench) -> dict[str, Callable[[], None]]:
    """Return what the keys of the bone panel do, by their names in the registry of keys."""
    classes: dict[str, Callable[[], None]] = {
        name: partial(set_class, bench, label) for name, label in CLASS_KEYS.items()
    }
    return {
        **classes,
        "next_hotspot": lambda: choose_next(bench),
        "run_all": lambda: run_all(bench),
        "save_case": lambda: bench.save_wanted.emit(),
    }
