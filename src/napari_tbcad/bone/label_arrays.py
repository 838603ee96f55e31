"""The label images of hotspots while they are changed, and what has to be dropped after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.bone.hotspots import Hotspots, Mark, ids_in
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS, ViewName

Labels = dict[ViewName, NDArray[np.uint16] | None]

MOST_IDS = 65535
"""Largest id that 16 bits hold."""


def copied(hotspots: Hotspots) -> Labels:
    """Copy the label images of both views."""
    return {v: None if (labels := hotspots.labels(v)) is None else labels.copy() for v in VIEWS}


def labels_in(arrays: Labels, view: ViewName) -> NDArray[np.uint16]:
    """Return the label image of a view; raises :class:`BadInput` where the scan lacks it."""
    labels = arrays[view]
    if labels is None:
        raise BadInput("hotspots", f"the scan has no {view} view")
    return labels


def pixels_of(labels: NDArray[np.uint16], mask: NDArray[Any]) -> NDArray[np.bool_]:
    """Return a mask as bool; raises :class:`BadInput` where it is on another grid than the labels."""
    mask = np.asarray(mask)
    if mask.shape != labels.shape:
        raise BadInput("hotspot", f"the mask has the shape {mask.shape}, the view {labels.shape}")
    return mask.astype(bool)


def settled(hotspots: Hotspots, arrays: Mapping[ViewName, Any], marks: Iterable[Mark]) -> Hotspots:
    """Drop marks without pixels and links without two ends."""
    present = {view: set() if labels is None else ids_in(labels) for view, labels in arrays.items()}
    kept = [mark for mark in marks if mark.id in present[mark.view]]
    ends = {mark.id: mark for mark in kept}
    marks = []
    for mark in kept:
        end = ends.get(mark.linked or 0)
        alive = end is not None and end.linked == mark.id and end.view != mark.view
        marks.append(mark if alive or mark.linked is None else replace(mark, linked=None))
    return replace(hotspots, anterior=arrays["anterior"], posterior=arrays["posterior"], marks=tuple(marks))
