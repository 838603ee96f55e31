"""The classical detector: peaks that stand out of their own region, grown to instances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.bone.candidates_classes import class_of
from napari_tbcad.bone.candidates_maps import ViewMaps, pixel_mm
from napari_tbcad.bone.candidates_peaks import FEATURES, Peaks, find_peaks
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.chain import Probe, Progress
from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.imaging.bonescan import BoneScan, ViewName
from napari_tbcad.record import Parameters, Record, Step, field

MAX_CANDIDATES = 60
"""At most so many instances a view."""

GROW_LIMIT_MM = 60.0
"""How far from its peak a candidate may reach."""


class ClassicalParameters(Parameters):
    """Parameters of :func:`classical`."""

    threshold: float = field(
        0.5,
        title="Threshold",
        description="Candidates with a score above this are kept. Lower finds fainter ones and more "
        "false ones.",
        ge=0.0,
        le=1.0,
        slider=True,
    )
    fraction: float = field(
        0.5,
        title="Fraction of the peak",
        description="A candidate's edge lies where the smoothed counts fall to this fraction of its rise over "
        "the surroundings.",
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

    Parameters
    ----------
    scan : BoneScan
    regions : SkeletonRegions or None
    parameters : ClassicalParameters, optional
    progress, cancelled : callable, optional

    Returns
    -------
    Hotspots

    Raises
    ------
    BadInput
        If regions and scan differ in size.
    Cancelled
        If `cancelled` said so.
    """
    parameters = parameters or ClassicalParameters()
    spacing, warning = pixel_mm(scan)
    labels: dict[ViewName, NDArray[np.uint16]] = {}
    marks: list[Mark] = []
    for number, (name, view) in enumerate(scan):
        if cancelled is not None and cancelled():
            raise Cancelled("hotspots: stopped")
        if progress is not None:
            progress(number / 2, f"hotspots, {name}")
        drawn = regions.labels(name) if regions is not None else None
        if drawn is None:
            drawn = np.zeros(scan.shape, np.uint8)
        if drawn.shape != scan.shape:
            raise BadInput("regions", f"{name}: regions are {drawn.shape}, the scan is {scan.shape}")
        maps = ViewMaps(view.counts, drawn, spacing)
        labels[name], found = _instances(maps, find_peaks(maps), name, len(marks) + 1, parameters)
        marks += found
    if progress is not None:
        progress(1.0, f"{len(marks)} candidates")
    return Hotspots(
        labels.get("anterior"),
        labels.get("posterior"),
        tuple(marks),
        warnings=(warning,) if warning else (),
        record=Record() + Step("hotspots", parameters, facts={"candidates": len(marks)}),
    )


def _instances(
    maps: ViewMaps, peaks: Peaks, view: ViewName, first: int, parameters: ClassicalParameters
) -> tuple[NDArray[np.uint16], list[Mark]]:
    """Grow the peaks above the threshold, the best first; a peak inside an earlier instance is part of it."""
    labels = np.zeros(maps.fine.shape, np.uint16)
    marks: list[Mark] = []
    probabilities = 1 / (1 + np.exp(-peaks.scores.astype(np.float64)))
    for n in range(len(peaks.rows)):
        if probabilities[n] < parameters.threshold or len(marks) >= MAX_CANDIDATES:
            break
        seed = int(peaks.rows[n]), int(peaks.columns[n])
        if labels[seed]:
            continue
        where, pixels = _grown(maps, seed, parameters.fraction)
        pixels &= labels[where] == 0
        labels[where][pixels] = first + len(marks)
        label, probability = class_of(
            int(peaks.zones[n]), dict(zip(FEATURES, peaks.features[n].tolist(), strict=True))
        )
        marks.append(Mark(first + len(marks), view, label, probability=round(probability, 3)))
    return labels, marks


def _grown(
    maps: ViewMaps, seed: tuple[int, int], fraction: float
) -> tuple[tuple[slice, slice], NDArray[np.bool_]]:
    """Return a window about a peak and the pixels in it that belong to the peak."""
    reach = [max(2, round(GROW_LIMIT_MM / s)) for s in maps.spacing]
    height, width = maps.fine.shape
    top, left = max(seed[0] - reach[0], 0), max(seed[1] - reach[1], 0)
    where = (
        slice(top, min(seed[0] + reach[0] + 1, height)),
        slice(left, min(seed[1] + reach[1] + 1, width)),
    )
    part = maps.fine[where]
    peak, floor = float(maps.fine[seed]), float(min(maps.surroundings[seed], maps.fine[seed]))
    parts, _ = ndimage.label(part >= floor + fraction * (peak - floor))
    return where, parts == parts[seed[0] - top, seed[1] - left]
