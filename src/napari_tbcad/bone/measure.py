"""The table of hotspots: size, shape, place, counts and ratios."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.bone.axis import Axis, find_axis
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import BoneScan, ViewName
from napari_tbcad.imaging.morphology import hull_pixels
from napari_tbcad.record import Record, Step
from napari_tbcad.schemes import REGION_IDS, REGION_NAMES

OUTSIDE = "outside"
"""The region of a hotspot of which the larger part lies in none."""

_LEAST_REFERENCE = 50
"""Pixels from which a region's median is taken for a reference."""


@dataclass(frozen=True)
class HotspotRow:
    """One hotspot, measured.

    Parameters
    ----------
    id, view, label, origin, judged, probability, uncertainty, linked
        As in :class:`~napari_tbcad.bone.hotspots.Mark`.
    region : str or None
        The skeleton region that holds most of its pixels, ``"outside"`` when more than half lie in none, None
        when there are no regions.
    nearest_region : str or None
        `region`, or for one outside the region nearest to its centroid.
    row, column : float
        Centroid in pixels.
    top, left, bottom, right : int
        Bounding box; the last two one beyond the last pixel.
    area_px : int
        Pixels.
    area_mm2 : float or None
        Area; None when the spacing is unknown.
    eccentricity : float
        Of the ellipse with the same second moments: 0 a circle, towards 1 a line.
    solidity : float
        Share of the convex hull that it fills.
    peak, mean, total : float
        Counts (or grey values) of its pixels.
    ratio_contralateral : float or None
        Mean over the mean at the mirrored place; None on the midline (when the mirrored pixels overlap its
        own), outside the picture or where that mean is 0.
    ratio_reference : float or None
        Mean over the median of the view's femur region outside hotspots; None without such a region.
    ratio_region : float or None
        Mean over the median of its own region outside hotspots.
    """

    id: int
    view: ViewName
    region: str | None
    nearest_region: str | None
    label: str
    row: float
    column: float
    top: int
    left: int
    bottom: int
    right: int
    area_px: int
    area_mm2: float | None
    eccentricity: float
    solidity: float
    peak: float
    mean: float
    total: float
    ratio_contralateral: float | None
    ratio_reference: float | None
    ratio_region: float | None
    probability: float | None
    uncertainty: float | None
    linked: int | None
    judged: bool
    origin: str


@dataclass(frozen=True)
class HotspotTable:
    """Rows in order of id.

    Parameters
    ----------
    rows : tuple of HotspotRow
    warnings : tuple of str
    record : Record
    """

    rows: tuple[HotspotRow, ...] = ()
    warnings: tuple[str, ...] = ()
    record: Record = Record()

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[HotspotRow]:
        return iter(self.rows)

    def row(self, number: int) -> HotspotRow:
        """Return the row of an id; raises KeyError when there is none."""
        for row in self.rows:
            if row.id == number:
                return row
        raise KeyError(number)

    @staticmethod
    def columns() -> tuple[str, ...]:
        """Names of the columns in order."""
        return tuple(f.name for f in fields(HotspotRow))

    def as_dicts(self) -> list[dict[str, Any]]:
        """Return the rows as mappings of column to value, as a CSV file takes them."""
        return [asdict(row) for row in self.rows]


def measure_hotspots(
    hotspots: Hotspots, scan: BoneScan, regions: SkeletonRegions | None = None
) -> HotspotTable:
    """Measure every hotspot.

    Parameters
    ----------
    hotspots : Hotspots
    scan : BoneScan
        The scan they lie on; its raw pixels are measured.
    regions : SkeletonRegions, optional
        Skeleton regions of the scan.

    Returns
    -------
    HotspotTable
        With a warning for each hotspot of which no pixel has counts.

    Raises
    ------
    BadInput
        If hotspots or regions are on another grid than the scan.
    """
    rows: list[HotspotRow] = []
    for name, view in scan:
        labels = hotspots.labels(name)
        marks = [mark for mark in hotspots.marks if mark.view == name]
        if labels is None or not marks:
            continue
        known = regions.weighed(name) if regions is not None else None
        for what, image in (("hotspots", labels), ("regions", known)):
            if image is not None and image.shape != view.counts.shape:
                raise BadInput(what, f"{name}: {image.shape} pixels, the scan has {view.counts.shape}")
        rows.extend(_rows(marks, labels, view.counts, known, scan.spacing_mm))
    rows.sort(key=lambda row: row.id)
    empty = tuple(f"Hotspot {row.id} lies where nothing was counted." for row in rows if row.peak <= 0)
    step = Step("table", facts={"hotspots": len(rows)})
    return HotspotTable(tuple(rows), empty, hotspots.record + step)


def _rows(
    marks: list[Mark],
    labels: NDArray[np.uint16],
    counts: NDArray[np.float32],
    regions: NDArray[np.uint8] | None,
    spacing: tuple[float, float] | None,
) -> Iterator[HotspotRow]:
    places = ndimage.find_objects(labels)
    medians = _medians(labels, counts, regions)
    axis = find_axis(counts, regions)
    for mark in marks:
        box = places[mark.id - 1]
        mask = labels[box] == mark.id
        top, left = box[0].start, box[1].start
        rows, columns = np.nonzero(mask)
        values = counts[box][mask].astype(np.float64)
        row, column = rows.mean() + top, columns.mean() + left
        region, nearest = _region(regions, rows + top, columns + left, (row, column))
        mean = float(values.mean())
        yield HotspotRow(
            id=mark.id,
            view=mark.view,
            region=region,
            nearest_region=nearest,
            label=mark.label,
            row=float(row),
            column=float(column),
            top=top,
            left=left,
            bottom=box[0].stop,
            right=box[1].stop,
            area_px=rows.size,
            area_mm2=None if spacing is None else rows.size * spacing[0] * spacing[1],
            eccentricity=_eccentricity(rows, columns),
            solidity=rows.size / hull_pixels(mask),
            peak=float(values.max()),
            mean=mean,
            total=float(values.sum()),
            ratio_contralateral=_ratio(
                mean, _mirrored(axis, labels, counts, mark.id, rows + top, columns + left)
            ),
            ratio_reference=_ratio(mean, medians.get("femur")),
            ratio_region=_ratio(mean, medians.get(region or "")),
            probability=mark.probability,
            uncertainty=mark.uncertainty,
            linked=mark.linked,
            judged=mark.judged,
            origin=mark.origin,
        )


def _medians(
    labels: NDArray[np.uint16], counts: NDArray[np.float32], regions: NDArray[np.uint8] | None
) -> dict[str, float]:
    """Return the median counts of each region outside all hotspots."""
    if regions is None:
        return {}
    chosen = (regions > 0) & (labels == 0)
    ids, values = regions[chosen], counts[chosen]
    order = np.argsort(ids, kind="stable")
    edges = np.searchsorted(ids[order], np.arange(1, len(REGION_NAMES) + 2))
    values = values[order]
    return {
        name: float(np.median(values[edges[n - 1] : edges[n]]))
        for name, n in REGION_IDS.items()
        if edges[n] - edges[n - 1] >= _LEAST_REFERENCE
    }


def _region(
    regions: NDArray[np.uint8] | None, rows: Any, columns: Any, centre: tuple[float, float]
) -> tuple[str | None, str | None]:
    """Return the region of most pixels (the smaller id in a tie), or outside, and the nearest one."""
    if regions is None:
        return None, None
    held = np.bincount(regions[rows, columns], minlength=len(REGION_NAMES) + 1)
    # Bone before nothing in a tie; several regions together may hold most.
    most = int(held[1:].argmax()) + 1
    if held[1:].sum() >= held[0]:
        return REGION_NAMES[most - 1], REGION_NAMES[most - 1]
    return OUTSIDE, _nearest(regions, centre)


def _nearest(regions: NDArray[np.uint8], centre: tuple[float, float]) -> str | None:
    places = np.argwhere(regions)
    if len(places) == 0:
        return None
    nearest = places[((places - np.asarray(centre)) ** 2).sum(axis=1).argmin()]
    return REGION_NAMES[int(regions[tuple(nearest)]) - 1]


def _eccentricity(rows: NDArray[Any], columns: NDArray[Any]) -> float:
    """Return the eccentricity as ``skimage.measure.regionprops`` defines it; 0 for a single pixel."""
    r, c = rows - rows.mean(), columns - columns.mean()
    rr, cc, rc = (r * r).mean(), (c * c).mean(), (r * c).mean()
    spread = np.hypot((rr - cc) / 2, rc)
    large, small = (rr + cc) / 2 + spread, (rr + cc) / 2 - spread
    return float(np.sqrt(max(1 - small / large, 0.0))) if large > 0 else 0.0


def _mirrored(
    axis: Axis,
    labels: NDArray[np.uint16],
    counts: NDArray[np.float32],
    number: int,
    rows: NDArray[Any],
    columns: NDArray[Any],
) -> float | None:
    """Return the mean counts at the mirrored place; None where that is no other place."""
    there_rows, there_columns = (np.rint(x).astype(int) for x in axis.mirror(rows, columns))
    height, width = counts.shape
    within = (there_rows >= 0) & (there_rows < height) & (there_columns >= 0) & (there_columns < width)
    if within.mean() < 0.5:
        return None
    place = there_rows[within], there_columns[within]
    if (labels[place] == number).any():
        return None
    return float(counts[place].mean(dtype=np.float64))


def _ratio(value: float, by: float | None) -> float | None:
    return None if by is None or by <= 0 else value / by
