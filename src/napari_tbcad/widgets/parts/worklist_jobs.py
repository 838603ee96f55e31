"""What a worklist's view has done on a worker thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Event

from napari_tbcad.errors import Cancelled
from napari_tbcad.worklist import Worklist
from napari_tbcad.worklist_item import Item


def load(make: Callable[..., Worklist], stop: Event) -> tuple[Event, Worklist]:
    """Make a list; an error that comes after it was stopped is nobody's any more."""
    try:
        worklist = make(cancelled=stop.is_set)
        worklist.counts()  # kept by the list: of thousands of films the window need not count the states
        return stop, worklist
    except Exception as error:
        if stop.is_set():
            raise Cancelled("another list was opened") from error
        raise


def look(item: Item, problem: str = "") -> Item:
    """Look at one film's files; `problem` says why the film could not be read, where that was tried."""
    looked = item.look()
    return replace(looked, problem=problem) if problem else looked


def same_list(one: Worklist, other: Worklist) -> bool:
    """Tell whether two lists name the same films and keep their cases in the same place."""
    return one.cases == other.cases and [a.path for a in one.items] == [b.path for b in other.items]
