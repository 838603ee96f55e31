"""A person's masks: put before the automatic ones, taken back, each edit in the run's journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_tbcad import edits
from napari_tbcad.chain import Run
from napari_tbcad.chest.lungs.fields import LungMasks, MaskKind
from napari_tbcad.errors import BadInput
from napari_tbcad.io.clinic.makers import Maker, facts_of
from napari_tbcad.record import BY, PROGRAM, Edit


def give_mask(
    run: Run,
    labels: NDArray[np.uint8],
    kind: MaskKind,
    *,
    tool: str = "brush",
    reader: str = "",
    base: LungMasks | None = None,
    replaces: Edit | None = None,
    maker: Maker | None = None,
) -> Edit | None:
    """Put a person's mask before the automatic one and note the edit in the run's journal.

    Parameters
    ----------
    run : Run
        A run of :data:`napari_tbcad.chest.workflow.CHAIN`; may be in use by other threads.
    labels : (H, W) array of uint8
        0, 1 right, 2 left, on the film's own grid. Not copied: must not be changed afterwards.
    kind : {"sensitive", "insensitive"}
        Which mask.
    tool, reader : str, optional
        With what and by whom.
    base : LungMasks, optional
        The mask before the edit; the one that stands when not given.
    replaces : Edit, optional
        An entry of the journal that this edit continues, such as the stroke of which more has come.
    maker : Maker, optional
        Who made it, where it comes from a file that says so.

    Returns
    -------
    Edit or None
        The entry in the journal; None when nothing differs from `base` and a person's mask stood already
        (`replaces` is then struck out).

    Raises
    ------
    BadInput
        If the mask's shape is not the film's, it has labels beyond 2, or no lung.
    """
    shape = run.get("film").shape
    if labels.shape != shape:
        raise BadInput(f"{kind} mask", f"its shape is {labels.shape}, the film's is {shape}")
    facts = {} if maker is None else facts_of({kind: maker}, program=maker.made == "AUTOMATIC")
    mask = LungMasks(labels, kind, origin=origin_of(facts))
    if not mask.labels.any():
        raise BadInput(f"{kind} mask", "it has no lung (label 1 right, 2 left)")
    return edits.give(
        run, kind, mask, _labels_of, tool=tool, reader=reader, base=base, replaces=replaces, facts=facts
    )


def origin_of(facts: Mapping[str, Any]) -> Literal["person", "program"]:
    """Return who made a mask, by the facts of the edit that gave it."""
    return "program" if facts.get(BY) == PROGRAM else "person"


def take_back(run: Run, kind: MaskKind, *, tool: str = "back to automatic", reader: str = "") -> Edit | None:
    """Go back to the automatic mask and note that; None where no person's mask stood."""
    return edits.take_back(run, kind, _labels_of, tool=tool, reader=reader)


def _labels_of(mask: LungMasks) -> NDArray[np.uint8]:
    return mask.labels
