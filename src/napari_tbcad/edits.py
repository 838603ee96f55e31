"""A person's versions of what a chain made: put before the automatic ones, taken back, noted as edits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chain import Run
from napari_tbcad.record import Edit

PixelsOf = Callable[[Any], NDArray[np.integer]]
"""The label image of a value, by which two versions are compared."""

Same = Callable[[Any, Any], bool]


def labels_dice(labels: NDArray[np.integer], other: NDArray[np.integer]) -> float:
    """Return the Dice overlap of two label images, labels told apart (1.0 when both are empty)."""
    both = np.count_nonzero((labels == other) & (labels > 0))
    total = np.count_nonzero(labels) + np.count_nonzero(other)
    return float(2.0 * both / total) if total else 1.0


def give(
    run: Run,
    name: str,
    value: Any,
    pixels_of: PixelsOf,
    *,
    tool: str,
    reader: str = "",
    base: Any = None,
    replaces: Edit | None = None,
    same: Same | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Edit | None:
    """Put a person's version of an output before the automatic one and note the edit in the journal.

    Parameters
    ----------
    run : Run
        May be in use by other threads.
    name : str
        Name of the output.
    value : object
        The person's version, checked. Not copied: must not be changed afterwards.
    pixels_of : callable
        Gives the label image of a version.
    tool, reader : str
        With what and by whom.
    base : object, optional
        The version before the edit; the one that stands when not given.
    replaces : Edit, optional
        An entry of the journal that this edit continues, such as the stroke of which more has come.
    same : callable, optional
        Tells whether two versions are one where their pixels are (by default they are then).
    facts : mapping, optional
        What a file that is given says of its making.

    Returns
    -------
    Edit or None
        The entry in the journal; None when nothing differs from `base` and a person's version stood already
        (`replaces` is then struck out).
    """
    base = run.get(name) if base is None else base
    edit = edit_of(run, name, value, base, pixels_of, tool=tool, reader=reader)
    edit = replace(edit, facts=facts) if facts else edit
    unchanged = edit.pixels == 0 and (same is None or base is None or same(value, base))
    nothing = unchanged and run.edited(name)
    run.put(name, value, edit=None if nothing else edit, replaces=replaces)
    return None if nothing else edit


def take_back(
    run: Run, name: str, pixels_of: PixelsOf, *, tool: str = "back to automatic", reader: str = ""
) -> Edit | None:
    """Go back to the automatic version and note that; None where no person's version stood."""
    before, automatic = run.get(name), run.get(name, automatic=True)
    if not run.edited(name):
        return None
    if automatic is None:
        edit = Edit(name, int(np.count_nonzero(pixels_of(before))), tool=tool, reader=reader)
    else:
        edit = edit_of(run, name, automatic, before, pixels_of, tool=tool, reader=reader)
    run.withdraw(name, edit=edit)
    return edit


def edit_of(
    run: Run, name: str, value: Any, base: Any, pixels_of: PixelsOf, *, tool: str, reader: str
) -> Edit:
    """Return the entry of the journal for going from `base` to `value`."""
    labels, automatic = pixels_of(value), run.get(name, automatic=True)
    if automatic is not None and pixels_of(automatic).shape != labels.shape:
        automatic = None  # of an image that was there before

    def dice(other: Any) -> float | None:
        if automatic is None or other is None:
            return None
        return 1.0 if other is automatic else labels_dice(pixels_of(other), pixels_of(automatic))

    if base is None or pixels_of(base).shape != labels.shape:
        base, changed = None, np.count_nonzero(labels)
    else:
        changed = np.count_nonzero(labels != pixels_of(base))
    return Edit(name, int(changed), dice(base), dice(value), tool=tool, reader=reader)
