"""The record of a run: what was read, each step with its parameters, and every edit of a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from napari_tbcad import __version__
from napari_tbcad.chain import Run, Stage
from napari_tbcad.record import Record, Step

Describe = Callable[[Stage, Any, tuple[Step, ...]], tuple[Any, str | None]]
"""``describe(stage, parameters, own_steps) -> (parameters, model)``: parameters are plain JSON values."""


def history(run: Run, begun: Record, describe: Describe | None = None) -> Record:
    """Return what was there before, one step per automatic output there is, and every edit of a person.

    A step has the parameters and the model that its output was made with, also where that is out of date. It
    is told whether or not a person's version stands before it. The edits stand behind the last stage that
    they touch, in the order they were made, those of what is automatic again included.

    Parameters
    ----------
    run : Run
        Of any chain.
    begun : Record
        What had been done to the input before it came into the chain.
    describe : callable, optional
        Picks the parameters worth telling and names the model or atlas; all and none when not given.
    """
    journal, record = run.journal, begun
    touched = [s.writes for s in run.chain.stages if any(edit.target == s.writes for edit in journal)]
    for stage in run.chain.stages:
        if (value := run.get(stage.writes, automatic=True)) is not None:
            record = record + _step(stage, value, run, describe)
        if touched and stage.writes == touched[-1]:
            record = record + Record(journal)
    return record


def _step(stage: Stage, value: Any, run: Run, describe: Describe | None) -> Step:
    own = tuple(entry for entry in getattr(value, "record", Record()) if isinstance(entry, Step))
    parameters, model = run.made_with(stage.writes), None
    if isinstance(parameters, BaseModel):
        parameters = parameters.model_dump(mode="json")
    if stage.settings is not None:
        parameters = {stage.settings: parameters}
    if describe is not None:
        parameters, model = describe(stage, parameters, own)
    outcome = next((step.facts for step in reversed(own) if step.facts), {})
    # A value of an earlier session was made by the version its record names.
    return Step(stage.name, parameters, model, outcome, own[-1].version if own else __version__)
