"""Which film of a worklist comes next, as its filter stands."""

from __future__ import annotations

from pathlib import Path

from napari_tbcad.worklist import Worklist
from napari_tbcad.worklist_item import OPEN, Item, ReadingState

_READABLE = tuple(state for state in ReadingState if state is not ReadingState.FAILED)


def neighbour(
    worklist: Worklist | None, current: Path | None, shown: ReadingState | None, *, forward: bool
) -> Item | None:
    """Return the film beside the open one that the filter (None: all) lets through; None at the end."""
    if worklist is None:
        return None
    go = worklist.next if forward else worklist.previous
    return go(current, states=_READABLE if shown is None else (shown,))


def next_to_read(worklist: Worklist, after: Path | None, shown: ReadingState | None) -> Item | None:
    """Return the film to read once one is through, of those that the filter shows; None when none is left."""
    states = set(OPEN) if shown is None else {shown} & set(OPEN)
    return worklist.next(after, states=states, wrap=True)


def said_at_the_end(worklist: Worklist) -> str:
    """Say that all is done, or how many films the filter hides that are still to be read."""
    left, thing = sum(state in OPEN for state in worklist.states), worklist.kind.thing
    if left:
        return f"{left} {thing}{' is' if left == 1 else 's are'} left under “All {thing}s”."
    done, number = worklist.progress
    return f"All done: {done} of {number} {thing}s."
