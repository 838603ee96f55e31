"""Automatic hotspot candidates: which segmenter finds them, and with what parameters."""

from __future__ import annotations

from typing import Any

from napari_tbcad.bone.detectors import DETECTORS, detector
from napari_tbcad.bone.hotspots import Hotspots
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.chain import Probe, Progress
from napari_tbcad.imaging.bonescan import BoneScan
from napari_tbcad.record import Parameters
from napari_tbcad.segmenters import choice_of

HotspotParameters = choice_of(
    DETECTORS,
    model="HotspotParameters",
    module=__name__,
    doc="Which hotspot segmenter, and the parameters of each.",
    default="classical",
)


def find_hotspots(
    scan: BoneScan,
    regions: SkeletonRegions | None,
    parameters: Parameters | None = None,
    *,
    progress: Progress | None = None,
    cancelled: Probe | None = None,
) -> Hotspots:
    """Find hotspot candidates in both views with the chosen segmenter.

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

    Returns
    -------
    Hotspots
        Instances with class, probability and link between the views; nothing is judged by a person yet.

    Raises
    ------
    BadInput
        If regions and scan differ in size.
    Cancelled
        If `cancelled` said so.
    """
    chosen: Any = parameters if parameters is not None else HotspotParameters()
    entry = detector(chosen.segmenter)
    section = getattr(chosen, entry.name)
    return entry.function(scan, regions, section, progress=progress, cancelled=cancelled)
