"""A person's hotspots and regions when the views they lie in are exchanged or mirrored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.bone.hotspots import Hotspots
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.bone.views import ViewParameters
from napari_tbcad.imaging.bonescan import VIEWS, ViewName

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
    other = VIEWS[::-1] if exchanged else VIEWS
    source = dict(zip(VIEWS, other, strict=True))
    flipped = {
        view: getattr(before, f"mirrored_{source[view]}") != getattr(after, f"mirrored_{view}")
        for view in VIEWS
    }

    def of(images: Callable[[ViewName], NDArray[Any] | None]) -> dict[str, Any]:
        found = {view: images(source[view]) for view in VIEWS}
        return {
            view: image if image is None or not flipped[view] else np.ascontiguousarray(image[:, ::-1])
            for view, image in found.items()
        }

    labels = of(given.labels)
    if all(labels[view] is given.labels(view) for view in VIEWS):
        return given
    if isinstance(given, SkeletonRegions):
        scores = {str(v): given.scores[source[v]] for v in VIEWS if source[v] in given.scores}
        unsure = {v: image for v, image in of(given.uncertainty.get).items() if image is not None}
        return replace(given, **labels, scores=scores, uncertainty=unsure)
    marks = given.marks
    if exchanged:
        marks = tuple(replace(mark, view=VIEWS[1 - VIEWS.index(mark.view)]) for mark in marks)
    return replace(given, **labels, marks=marks)
