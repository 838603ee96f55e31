"""Measures of one view's hotspots by their pixels alone: what no change of a class alters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.bone.axis import Axis, find_axis
from napari_tbcad.imaging.morphology import hull_pixels
from napari_tbcad.schemes import REGION_IDS, REGION_NAMES

OUTSIDE = "outside"
"""The region of a hotspot of which the larger part lies in none."""

_LEAST_REFERENCE = 50
"""Pixels from which a region's median is taken for a reference."""


@dataclass(frozen=True, eq=False)
class Ground:
    """What a view is measured against: it stays while hotspots are edited.

    Parameters
    ----------
    counts : (H, W) array of float32
        The view's pixels.
    regions : (H, W) array of uint8, or None
        Its regions as they are weighed; None when there are none.
    """

    counts: NDArray[np.float32]
    regions: NDArray[np.uint8] | None

    @cached_property
    def axis(self) -> Axis:
        """The patient's axis."""
        return find_axis(self.counts, self.regions)

    @cached_property
    def bone(self) -> NDArray[np.intp]:
        """Rows and columns (n, 2) of all regions' pixels."""
        return np.argwhere(self.regions if self.regions is not None else np.zeros((0, 0)))

    @cached_property
    def _held(self) -> dict[str, tuple[NDArray[np.intp], NDArray[np.float32]]]:
        """Places (in the flat image) and counts of each region's pixels."""
        if self.regions is None:
            return {}
        flat, counts = self.regions.ravel(), self.counts.ravel()
        places = {name: np.flatnonzero(flat == number) for name, number in REGION_IDS.items()}
        return {name: (at, counts[at]) for name, at in places.items() if at.size}

    def medians(
        self, labels: NDArray[np.uint16], earlier: SpotMeasures | None, changed: NDArray[np.intp]
    ) -> dict[str, float | None]:
        """Return the median counts of each region outside all hotspots; None where there are too few.

        Parameters
        ----------
        labels : (H, W) array of uint16
            Hotspots.
        earlier : SpotMeasures or None
            Of other hotspots on this ground.
        changed : (n,) array of int
            Places, in the flat image, at which those differ from `labels`.
        """
        touched = set(self._held)
        if earlier is not None and self.regions is not None:
            numbers = np.flatnonzero(np.bincount(self.regions.ravel()[changed]))
            touched = {REGION_NAMES[number - 1] for number in numbers if number}
        known = {} if earlier is None else earlier.medians
        return known | {name: self._median(name, labels) for name in touched}

    def _median(self, name: str, labels: NDArray[np.uint16]) -> float | None:
        places, counts = self._held[name]
        free = counts[labels.ravel()[places] == 0]
        return float(np.median(free)) if free.size >= _LEAST_REFERENCE else None


@dataclass(frozen=True)
class Spot:
    """One hotspot by its pixels; the names are those of :class:`~napari_tbcad.bone.measure.HotspotRow`.

    `contralateral` is the mean of the counts at the mirrored place; None where that is no other place.
    """

    region: str | None
    nearest_region: str | None
    row: float
    column: float
    top: int
    left: int
    bottom: int
    right: int
    area_px: int
    eccentricity: float
    solidity: float
    peak: float
    mean: float
    total: float
    contralateral: float | None


@dataclass(frozen=True, eq=False)
class SpotMeasures:
    """The hotspots of one view, measured.

    Parameters
    ----------
    labels : (H, W) array of uint16
        A copy of what was measured.
    spots : dict of int to Spot
        By id.
    medians : dict of str to float or None
        See :meth:`Ground.medians`.
    """

    labels: NDArray[np.uint16]
    spots: dict[int, Spot]
    medians: dict[str, float | None]


def measure_spots(
    ground: Ground, labels: NDArray[np.uint16], ids: Iterable[int], earlier: SpotMeasures | None = None
) -> SpotMeasures:
    """Measure the hotspots of one view.

    Parameters
    ----------
    ground : Ground
    labels : (H, W) array of uint16
        Hotspots, on the ground's grid.
    ids : iterable of int
        Which to measure; each has a pixel.
    earlier : SpotMeasures, optional
        Of other hotspots on the same ground. Only what differs from them is measured anew: the result is
        the same, to the last bit, as without.
    """
    if earlier is None:
        changed, touched = np.zeros(0, np.intp), set()
    else:
        changed = np.flatnonzero(labels != earlier.labels)
        now, before = labels.ravel()[changed], earlier.labels.ravel()[changed]
        touched = set(np.unique(now).tolist()) | set(np.unique(before).tolist())
    wanted = list(ids)
    kept = {} if earlier is None else {n: s for n, s in earlier.spots.items() if n not in touched}
    todo = [number for number in wanted if number not in kept]
    if earlier is not None and not changed.size and not todo:
        return earlier
    boxes = ndimage.find_objects(labels) if todo else []
    new = {number: _spot(ground, labels, number, boxes[number - 1]) for number in todo}
    spots = {number: new[number] if number in new else kept[number] for number in wanted}
    return SpotMeasures(labels.copy(), spots, ground.medians(labels, earlier, changed))


def _spot(ground: Ground, labels: NDArray[np.uint16], number: int, box: tuple[slice, slice]) -> Spot:
    mask = labels[box] == number
    top, left = box[0].start, box[1].start
    rows, columns = np.nonzero(mask)
    values = ground.counts[box][mask].astype(np.float64)
    row, column = rows.mean() + top, columns.mean() + left
    region, nearest = _region(ground, rows + top, columns + left, (row, column))
    return Spot(
        region=region,
        nearest_region=nearest,
        row=float(row),
        column=float(column),
        top=top,
        left=left,
        bottom=box[0].stop,
        right=box[1].stop,
        area_px=rows.size,
        eccentricity=_eccentricity(rows, columns),
        solidity=rows.size / hull_pixels(mask),
        peak=float(values.max()),
        mean=float(values.mean()),
        total=float(values.sum()),
        contralateral=_mirrored(ground, labels, number, rows + top, columns + left),
    )


def _region(
    ground: Ground, rows: Any, columns: Any, centre: tuple[float, float]
) -> tuple[str | None, str | None]:
    """Return the region of most pixels (the smaller id in a tie), or outside, and the nearest one."""
    if ground.regions is None:
        return None, None
    held = np.bincount(ground.regions[rows, columns], minlength=len(REGION_NAMES) + 1)
    # Bone before nothing in a tie; several regions together may hold most.
    most = int(held[1:].argmax()) + 1
    if held[1:].sum() >= held[0]:
        return REGION_NAMES[most - 1], REGION_NAMES[most - 1]
    return OUTSIDE, _nearest(ground, centre)


def _nearest(ground: Ground, centre: tuple[float, float]) -> str | None:
    places = ground.bone
    if ground.regions is None or len(places) == 0:
        return None
    nearest = places[((places - np.asarray(centre)) ** 2).sum(axis=1).argmin()]
    return REGION_NAMES[int(ground.regions[tuple(nearest)]) - 1]


def _eccentricity(rows: NDArray[Any], columns: NDArray[Any]) -> float:
    """Return the eccentricity as ``skimage.measure.regionprops`` defines it; 0 for a single pixel."""
    r, c = rows - rows.mean(), columns - columns.mean()
    rr, cc, rc = (r * r).mean(), (c * c).mean(), (r * c).mean()
    spread = np.hypot((rr - cc) / 2, rc)
    large, small = (rr + cc) / 2 + spread, (rr + cc) / 2 - spread
    return float(np.sqrt(max(1 - small / large, 0.0))) if large > 0 else 0.0


def _mirrored(
    ground: Ground, labels: NDArray[np.uint16], number: int, rows: NDArray[Any], columns: NDArray[Any]
) -> float | None:
    """Return the mean counts at the mirrored place; None where that is no other place."""
    there_rows, there_columns = (np.rint(x).astype(int) for x in ground.axis.mirror(rows, columns))
    height, width = ground.counts.shape
    within = (there_rows >= 0) & (there_rows < height) & (there_columns >= 0) & (there_columns < width)
    if within.mean() < 0.5:
        return None
    place = there_rows[within], there_columns[within]
    if (labels[place] == number).any():
        return None
    return float(ground.counts[place].mean(dtype=np.float64))
