"""Hotspots from label images that a person painted freely."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.bone.hotspots import Hotspots, Mark, Origin, ids_in
from napari_tbcad.bone.label_arrays import MOST_IDS, Labels, settled
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS, ViewName
from napari_tbcad.record import Record


def from_labels(
    anterior: NDArray[Any] | None,
    posterior: NDArray[Any] | None,
    marks: Iterable[Mark] = (),
    *,
    label: str = "abnormal",
    origin: Origin = "brush",
    judged: bool = False,
    warnings: tuple[str, ...] = (),
    record: Record = Record(),
) -> Hotspots:
    """Make hotspots of label images, whatever was painted.

    Marks of ids that have vanished are dropped, with the links to them. An id without a mark gets one, in
    the view where it lies. An id that lies in both views stays with the view of its mark (the anterior one
    when it has none) and gets a new id, with a mark like the first but unlinked, in the other. New ids
    follow the largest in use, in the order of the ids they replace: the same labels give the same hotspots.

    Parameters
    ----------
    anterior, posterior : (H, W) array of int, or None
        0 background, else ids.
    marks : iterable of Mark
        What was known before the painting.
    label, origin, judged
        For hotspots that had no mark.
    warnings, record
        Carried over.

    Raises
    ------
    BadInput
        If an id is negative or no id up to 65535 is left.
    """
    labels: Labels = {"anterior": _ids(anterior), "posterior": _ids(posterior)}
    known = {mark.id: mark for mark in marks}
    ids = {view: set() if x is None else ids_in(x) for view, x in labels.items()}
    found: list[Mark] = []
    following = max(known.keys() | ids["anterior"] | ids["posterior"], default=0) + 1
    for number in sorted(ids["anterior"] | ids["posterior"]):
        views: list[ViewName] = [view for view in VIEWS if number in ids[view]]
        mark = known.get(number)
        home = mark.view if mark is not None and mark.view in views else views[0]
        if mark is None:
            mark = Mark(number, home, label, origin, judged)
        found.append(mark if mark.view == home else replace(mark, view=home, linked=None))
        for view in views:
            if view == home:
                continue
            if following > MOST_IDS:
                raise BadInput("hotspots", "no id is left; renumber the hotspots")
            array = labels[view]
            assert array is not None
            array[array == number] = following
            found.append(replace(mark, id=following, view=view, origin=origin, linked=None))
            following += 1
    return settled(Hotspots(None, None, (), warnings, record), labels, found)


def _ids(labels: NDArray[Any] | None) -> NDArray[np.uint16] | None:
    if labels is None:
        return None
    labels = np.asarray(labels)
    if labels.size and (labels.min() < 0 or labels.max() > MOST_IDS):
        raise BadInput("hotspots", f"ids are 1 to {MOST_IDS}")
    return labels.astype(np.uint16)
