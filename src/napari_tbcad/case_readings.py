"""What the readings of every workflow's case have in common: what stays, and how far a run was."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, TypeAdapter

from napari_tbcad.case import Case, Reading
from napari_tbcad.chain import Run
from napari_tbcad.record import Record, entries_as_json

RECORD = TypeAdapter(Record)


def plain(record: Record) -> Any:
    """Return a record as JSON values."""
    return {"entries": entries_as_json(record)}


def progress_of(run: Run) -> dict[str, Any]:
    """Return how far a run is, as JSON values.

    Returns
    -------
    dict
        `made`: outputs that exist; `up_to_date`: those that nothing has overtaken; `made_with`: settings of
        the others, which were made with others than those of the run.
    """
    made = [stage.writes for stage in run.chain.stages if run.get(stage.writes, automatic=True) is not None]
    fresh = [name for name in made if run.fresh(name, automatic=True)]
    older = {name: _json(run.made_with(name)) for name in made if name not in fresh}
    return {"made": made, "up_to_date": fresh, "made_with": older}


def readings_before(
    earlier: Case | None, new: Reading, labels: Mapping[str, NDArray[Any]]
) -> tuple[Reading, ...]:
    """Return the readings that stay when one is added, each with its own automatic label images.

    Parameters
    ----------
    earlier : Case or None
        The case that is continued. Its last reading makes way for one of the same reader (capitals and blanks
        do not matter); one that is accepted or changed stays even so, and so does a finished one while the
        new one is in progress.
    new : Reading
        The reading to be added.
    labels : mapping of str to (H, W) array
        Automatic label images of the new case.
    """
    if earlier is None:
        return ()
    kept = list(earlier.readings)
    if not kept[-1].finished and kept[-1].by(new.reader):
        kept.pop()
    if kept and new.finished and kept[-1].finished and kept[-1].by(new.reader):
        # Two readers who gave no name are not the same one.
        reviewed = kept[-1].verdict == "made" and new.verdict in ("accepted", "changed")
        kept = kept if reviewed else kept[:-1]
    stay = []
    for one in kept:
        own = {**earlier.labels, **one.automatic}
        differ = {n: a for n, a in own.items() if not np.array_equal(a, labels.get(n, a[:0]))}
        stay.append(replace(one, automatic=differ))
    return tuple(stay)


def restore(run: Run, one: Reading, outputs: Mapping[str, Any], fresh: Collection[str]) -> None:
    """Put the journal and the automatic outputs of a reading back into a run.

    Parameters
    ----------
    run : Run
        With its inputs, settings and the person's versions of outputs.
    one : Reading
        Whose `values` are those of :func:`progress_of`.
    outputs : mapping
        By name.
    fresh : collection of str
        Those that a computation now would give as they are.
    """
    for edit in one.edits:
        run.note(edit)
    for name, value in outputs.items():
        run.restore(name, value, fresh=name in fresh, made_with=one.values["made_with"].get(name))


def _json(parameters: Any) -> Any:
    return parameters.model_dump(mode="json") if isinstance(parameters, BaseModel) else parameters
