"""Which hotspots differ between two states of a scan."""

from __future__ import annotations

import numpy as np

from napari_tbcad.bone.hotspots import Hotspots
from napari_tbcad.imaging.bonescan import VIEWS


def changed_hotspots(before: Hotspots | None, after: Hotspots | None) -> tuple[int, ...]:
    """Return the hotspots that differ, in order of id: what to look at after an undo.

    Parameters
    ----------
    before, after : Hotspots or None
        Two states; None for one without hotspots.

    Returns
    -------
    tuple of int
        Ids in `after` that are new there, or whose class, judgement, link or pixels differ. Those that are
        gone cannot be looked at.
    """
    if after is None or before is after:
        return ()
    known = {} if before is None else before.by_id()
    found = {mark.id for mark in after.marks if known.get(mark.id) != mark}
    for view in VIEWS:
        now = after.labels(view)
        then = before.labels(view) if before is not None else None
        if now is None or then is None or now is then or now.shape != then.shape:
            continue
        differs = now != then
        found |= set(np.unique(now[differs]).tolist()) | set(np.unique(then[differs]).tolist())
    return tuple(sorted(found & {mark.id for mark in after.marks}))
