"""The classical detector: peaks that stand out of their own region, grown to instances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.bone.axis import pair_views
from napari_tbcad.bone.candidates_classes import class_of
from napari_tbcad.bone.candidates_grow import Candidate, grow_peaks
from napari_tbcad.bone.candidates_maps import ViewMaps, pixel_mm
from napari_tbcad.bone.candidates_peaks import find_peaks, model
from napari_tbcad.bone.candidates_unsure import unsure
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.partner import link_partners
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.chain import Probe, Progress
from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.imaging.bonescan import BoneScan, ViewName
from napari_tbcad.record import Parameters, Step, field


class ClassicalParameters(Parameters):
    """Parameters of :func:`classical`."""

    threshold: float = field(
        0.2,
        title="Threshold",
        description="Candidates with a score from here on are kept. Lower finds fainter hotspots and marks "
        "more places that are none: on 96 real views 0.2 gave between 2 and 3 of these a view, 0.12 about 5.",
        ge=0.01,
        le=0.99,
        slider=True,
    )
    fraction: float = field(
        0.5,
        title="Fraction of the peak",
        description="A candidate's edge lies where the smoothed counts fall to this fraction of its rise "
        "over the surroundings.",
        ge=0.2,
        le=0.9,
        more=True,
    )


def classical(
    scan: BoneScan,
    regions: SkeletonRegions | None,
    parameters: ClassicalParameters | None = None,
    *,
    progress: Progress | None = None,
    cancelled: Probe | None = None,
) -> Hotspots:
    """Find peaks that stand out of their region, the other side and the surroundings.

    The counts are smoothed; every local maximum is measured against the median and spread of its own region
    (or zone outside the regions), its surroundings, the mirrored place and the other view
    (:func:`~napari_tbcad.bone.candidates_peaks.measure`); a logistic sum of these gives its score; those
    above the threshold are grown, the best first.

    Parameters
    ----------
    scan : BoneScan
        One or both views; counts or grey values alike, since every measure is a ratio.
    regions : SkeletonRegions or None
        On the scan's grid. Where a region has no pixels, its places count as outside the regions.
    parameters : ClassicalParameters, optional
        Threshold and edge.
    progress, cancelled : callable, optional
        Told the fraction done; asked whether to stop, before each view.

    Returns
    -------
    Hotspots
        Marks carry the class by rule (:mod:`~napari_tbcad.bone.candidates_classes`), the probability of being
        abnormal and the link to the other view. A warning tells where the pixel size had to be assumed.

    Raises
    ------
    BadInput
        If regions and scan differ in size.
    Cancelled
        If `cancelled` said so.
    """
    parameters = parameters or ClassicalParameters()
    spacing, warning = pixel_mm(scan)

    def report(fraction: float, text: str) -> None:
        if cancelled is not None and cancelled():
            raise Cancelled("hotspots: stopped")
        if progress is not None:
            progress(fraction, text)

    report(0.0, "hotspots: reading the views")
    views = {
        name: ViewMaps(name, view.counts, drawn_regions(scan, regions, name), spacing) for name, view in scan
    }
    pairing = pair_views(scan)
    labels: dict[ViewName, NDArray[np.uint16]] = {}
    marks: list[Mark] = []
    for number, (name, maps) in enumerate(views.items()):
        report((1 + number) / 4, f"hotspots: {name} view")
        other = views.get("posterior" if name == "anterior" else "anterior")
        peaks = find_peaks(maps, other, pairing)
        labels[name], found = grow_peaks(
            maps, peaks, threshold=parameters.threshold, fraction=parameters.fraction, first=len(marks) + 1
        )
        marks += [_mark(candidate, maps) for candidate in found]
    report(0.75, "hotspots: linking the views")
    hotspots = Hotspots(
        labels.get("anterior"), labels.get("posterior"), tuple(marks), (warning,) if warning else ()
    )
    hotspots = link_partners(scan, hotspots)
    report(1.0, f"{len(marks)} candidates")
    facts = {"segmenter": "classical", "candidates": len(marks)}
    step = Step("hotspots", parameters, model=model()["name"], facts=facts)
    return hotspots.after(step)


def _mark(candidate: Candidate, maps: ViewMaps) -> Mark:
    label, probability = class_of(candidate, maps)
    return Mark(
        candidate.id,
        maps.name,
        label,
        probability=round(probability, 3),
        uncertainty=round(unsure(candidate.score, probability), 3),
    )


def drawn_regions(scan: BoneScan, regions: SkeletonRegions | None, view: ViewName) -> NDArray[np.uint8]:
    """Return the regions of a view, all 0 where there are none; BadInput when they are on another grid."""
    drawn = regions.labels(view) if regions is not None else None
    if drawn is None:
        return np.zeros(scan.shape, np.uint8)
    if drawn.shape != scan.shape:
        raise BadInput("regions", f"{view}: regions are {drawn.shape}, the scan is {scan.shape}")
    return drawn
