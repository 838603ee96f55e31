"""The twelve skeleton regions of a scan, with the chosen segmenter or the one that stands in for it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from napari_tbcad.bone.region_segmenters import REGION_SEGMENTERS
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.bone.skeleton_atlas import (
    SkeletonAtlas,
    load_skeleton_atlas,
    packaged_skeleton_atlas,
    save_skeleton_atlas,
)
from napari_tbcad.imaging.bonescan import BoneScan
from napari_tbcad.record import Parameters
from napari_tbcad.segmenters import SegmenterEntry, call_or_instead, choice_of

__all__ = [
    "RegionParameters",
    "SkeletonAtlas",
    "find_regions",
    "load_skeleton_atlas",
    "packaged_skeleton_atlas",
    "save_skeleton_atlas",
    "with_todays_names",
]

_ONCE = "atlas"
"""The only segmenter there once was: its parameters stood in the section itself."""

RegionParameters = choice_of(
    REGION_SEGMENTERS,
    model="RegionParameters",
    module=__name__,
    doc="What finds the skeleton regions, and the parameters of each.",
    default="network",
    once=_ONCE,
)


def with_todays_names(assignments: Mapping[str, Any]) -> dict[str, Any]:
    """Return dotted settings with those of the time when there was only the atlas under today's names.

    ``regions.persons`` becomes ``regions.atlas.persons`` and asks for the atlas, unless a segmenter is named.
    """
    fields = REGION_SEGMENTERS[_ONCE].parameters_class.model_fields
    names = {f"regions.{name}": f"regions.{_ONCE}.{name}" for name in fields}
    if names.keys().isdisjoint(assignments):
        return dict(assignments)
    found = {names.get(name, name): value for name, value in assignments.items()}
    return {"regions.segmenter": _ONCE, **found}


def find_regions(
    scan: BoneScan,
    atlas: SkeletonAtlas | None = None,
    parameters: Parameters | None = None,
    *,
    progress: Callable[[float, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> SkeletonRegions:
    """Find the twelve skeleton regions in the views of a scan.

    A segmenter that cannot be used here and now is replaced by the one its registry entry names, with a
    warning; `segmenter` and the record of what is returned say which one it was.

    Parameters
    ----------
    scan : BoneScan
        Views (H, W) of any size; spacing is not needed.
    atlas : SkeletonAtlas, optional
        For the segmenter that registers one; the packaged one when not given.
    parameters : RegionParameters, optional
        The segmenter and the parameters of each.
    progress : callable, optional
        Called with the share done and a text.
    cancelled : callable, optional
        Asked now and then.

    Returns
    -------
    SkeletonRegions
        On the scan's grid, as the camera saw it; what `scores` are depends on the segmenter.

    Raises
    ------
    BadInput
        If the device that was asked for is not there.
    Cancelled
        If `cancelled` said so.
    """
    chosen: Any = RegionParameters() if parameters is None else parameters
    offered = {"atlas": atlas, "progress": progress, "cancelled": cancelled}

    def by(entry: SegmenterEntry) -> SkeletonRegions:
        known = inspect.signature(entry.function).parameters
        more = {name: value for name, value in offered.items() if name in known}
        found: SkeletonRegions = entry.function(scan, getattr(chosen, entry.name), **more)
        return found

    return call_or_instead(REGION_SEGMENTERS, chosen.segmenter, by, what="the skeleton regions")
