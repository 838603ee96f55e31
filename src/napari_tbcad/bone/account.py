"""What a run of the bone chain has to say for itself: its warnings, and the record of steps and edits."""

from __future__ import annotations

from typing import Any

from napari_tbcad import history as common_history
from napari_tbcad.bone.detectors import DETECTORS
from napari_tbcad.bone.region_segmenters import REGION_SEGMENTERS
from napari_tbcad.chain import Run, Stage
from napari_tbcad.io.clinic.makers import programs_in
from napari_tbcad.record import Record, Step

_CHOICES = {"regions": REGION_SEGMENTERS, "hotspots": DETECTORS}
"""Stages that choose a segmenter, and from which."""


def gather_warnings(run: Run) -> tuple[str, ...]:
    """Return the complaints of all stages that have run, each once, in order."""
    said: list[str] = []
    scan = run.get("scan")
    if scan is not None:
        said += scan.warnings
    if run.fresh("quality"):
        said += run.get("quality").warnings
    for name in ("regions", "hotspots", "table", "classes", "index"):
        said += getattr(run.get(name), "warnings", ())
    said += programs_in(run.journal)
    return tuple(dict.fromkeys(said))


def history(run: Run) -> Record:
    """Return the study's own record, one step per automatic output there is, and every edit of a person.

    See :func:`napari_tbcad.history.history`.
    """

    def describe(stage: Stage, parameters: Any, own: tuple[Step, ...]) -> tuple[Any, str | None]:
        model = next((step.model for step in reversed(own) if step.name == stage.name), None)
        if known := _CHOICES.get(stage.name):
            chosen = parameters["segmenter"]
            if own and "instead_of" in own[-1].facts:
                chosen = known[chosen].instead
            parameters = {"segmenter": chosen, **parameters[chosen]}
        return parameters, model

    return common_history.history(run, run.get("study").record, describe)
