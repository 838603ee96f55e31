"""Automatic hotspot candidates: which segmenter finds them, and with what parameters."""

from __future__ import annotations

import inspect
from typing import Any

from napari_tbcad.bone.detectors import DETECTORS
from napari_tbcad.bone.hotspots import Hotspots
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.chain import Probe, Progress
from napari_tbcad.imaging.bonescan import BoneScan
from napari_tbcad.memory import Memory
from napari_tbcad.record import Parameters
from napari_tbcad.segmenters import SegmenterEntry, call_or_instead, choice_of

HotspotParameters = choice_of(
    DETECTORS,
    model="HotspotParameters",
    module=__name__,
    doc="Which hotspot segmenter, and the parameters of each.",
    default="network",
)


def find_hotspots(
    scan: BoneScan,
    regions: SkeletonRegions | None,
    parameters: Parameters | None = None,
    *,
    progress: Progress | None = None,
    cancelled: Probe | None = None,
    memory: Memory | None = None,
) -> Hotspots:
    """Find hotspot candidates in both views with the chosen segmenter.

    One that cannot be used here and now is replaced by the one its registry entry names; warnings and record
    say so.

    Parameters
    ----------
    scan : BoneScan
        The views as the camera saw them.
    regions : SkeletonRegions or None
        Skeleton regions on the same grid; a region without pixels, or no regions at all, costs
        sensitivity but is no error.
    parameters : HotspotParameters, optional
        The segmenter and its parameters.
    progress : callable, optional
        Called with a fraction in [0, 1] and a text.
    cancelled : callable, optional
        Asked between steps; true stops the work.
    memory : Memory, optional
        Where a segmenter keeps what another threshold does not change.

    Returns
    -------
    Hotspots
        Instances with class, probability, uncertainty and link between the views; nothing is judged by a
        person yet.

    Raises
    ------
    BadInput
        If regions and scan differ in size.
    Cancelled
        If `cancelled` said so.
    """
    chosen: Any = parameters if parameters is not None else HotspotParameters()
    offered = {"progress": progress, "cancelled": cancelled, "memory": memory}

    def call(entry: SegmenterEntry) -> Hotspots:
        known = inspect.signature(entry.function).parameters
        wanted = {name: value for name, value in offered.items() if name in known}
        return entry.function(scan, regions, getattr(chosen, entry.name), **wanted)

    return call_or_instead(DETECTORS, chosen.segmenter, call, what="the hotspots")
