"""A person's hotspots and regions when the views they lie in are exchanged or mirrored."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from napari_tbcad.bone.hotspots import Hotspots
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.bone.views import ViewParameters
from napari_tbcad.imaging.bonescan import VIEWS

Labelled = TypeVar("Labelled", Hotspots, SkeletonRegions)


def turned(given: Labelled, before: ViewParameters, after: ViewParameters) -> Labelled:
    """Return labels that stay on their pixels when the parameters of the views change.

    Parameters
    ----------
    given : Hotspots or SkeletonRegions
        On the scan as `before` gave it.
    before, after : ViewParameters
        How the views are named and mirrored.

    Returns
    -------
    Hotspots or SkeletonRegions
        On the scan as `after` gives it; the same object when nothing changes.
    """
    # The first view matters only where nothing else tells; then naming it otherwise is an exchange, too.
    renamed = "auto" not in (before.first_view, after.first_view) and before.first_view != after.first_view
    exchanged = (before.swap != after.swap) != renamed
    labels: dict[str, Any] = {}
    for view in VIEWS:
        source = VIEWS[1 - VIEWS.index(view)] if exchanged else view
        image = given.labels(source)
        was, now = (getattr(one, f"mirrored_{name}") for one, name in ((before, source), (after, view)))
        labels[view] = image if image is None or was == now else np.ascontiguousarray(image[:, ::-1])
    if all(labels[view] is given.labels(view) for view in VIEWS):
        return given
    if isinstance(given, SkeletonRegions):
        other: dict[str, str] = {VIEWS[0]: VIEWS[1], VIEWS[1]: VIEWS[0]} if exchanged else {}
        scores = {other.get(view, view): score for view, score in given.scores.items()}
        return replace(given, **labels, scores=scores)
    marks = given.marks
    if exchanged:
        marks = tuple(replace(mark, view=VIEWS[1 - VIEWS.index(mark.view)]) for mark in marks)
    return replace(given, **labels, marks=marks)
