"""The table of hotspots: size, shape, place, counts and ratios."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.bone.spot_measures import OUTSIDE as OUTSIDE
from napari_tbcad.bone.spot_measures import Ground, Spot, SpotMeasures, measure_spots
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import BoneScan, ViewName
from napari_tbcad.memory import Memory, recall
from napari_tbcad.record import Record, Step


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
    hotspots: Hotspots,
    scan: BoneScan,
    regions: SkeletonRegions | None = None,
    *,
    memory: Memory | None = None,
) -> HotspotTable:
    """Measure every hotspot.

    Parameters
    ----------
    hotspots : Hotspots
    scan : BoneScan
        The scan they lie on; its raw pixels are measured.
    regions : SkeletonRegions, optional
        Skeleton regions of the scan.
    memory : Memory, optional
        Of this stage for this scan: only hotspots whose pixels changed are measured anew. The result is the
        same, to the last bit, as without.

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
        known = regions.labels(name) if regions is not None else None
        for what, image in (("hotspots", labels), ("regions", known)):
            if image is not None and image.shape != view.counts.shape:
                raise BadInput(what, f"{name}: {image.shape} pixels, the scan has {view.counts.shape}")
        measures = _measures(hotspots, view.counts, regions, name, memory)
        rows.extend(_row(mark, measures.spots[mark.id], measures, scan.spacing_mm) for mark in marks)
    rows.sort(key=lambda row: row.id)
    empty = tuple(f"Hotspot {row.id} lies where nothing was counted." for row in rows if row.peak <= 0)
    step = Step("table", facts={"hotspots": len(rows)})
    return HotspotTable(tuple(rows), empty, hotspots.record + step)


def _measures(
    hotspots: Hotspots,
    counts: NDArray[np.float32],
    regions: SkeletonRegions | None,
    view: ViewName,
    memory: Memory | None,
) -> SpotMeasures:
    """Measure the hotspots of a view, those alone that differ from the ones measured last."""
    known = None if regions is None else regions.labels(view)
    ground = recall(
        memory,
        ("ground", view),
        (counts, known),
        lambda: Ground(counts, None if regions is None else regions.weighed(view)),
    )
    labels = hotspots.labels(view)
    assert labels is not None
    last = None if memory is None else memory.last(("spots", view))
    earlier = last[1] if last is not None and last[0] is ground else None
    assert earlier is None or isinstance(earlier, SpotMeasures)
    measures = measure_spots(ground, labels, [m.id for m in hotspots.marks if m.view == view], earlier)
    if memory is not None:
        memory.keep(("spots", view), ground, measures)
    return measures


def _row(mark: Mark, spot: Spot, measures: SpotMeasures, spacing: tuple[float, float] | None) -> HotspotRow:
    medians = measures.medians
    return HotspotRow(
        id=mark.id,
        view=mark.view,
        region=spot.region,
        nearest_region=spot.nearest_region,
        label=mark.label,
        row=spot.row,
        column=spot.column,
        top=spot.top,
        left=spot.left,
        bottom=spot.bottom,
        right=spot.right,
        area_px=spot.area_px,
        area_mm2=None if spacing is None else spot.area_px * spacing[0] * spacing[1],
        eccentricity=spot.eccentricity,
        solidity=spot.solidity,
        peak=spot.peak,
        mean=spot.mean,
        total=spot.total,
        ratio_contralateral=_ratio(spot.mean, spot.contralateral),
        ratio_reference=_ratio(spot.mean, medians.get("femur")),
        ratio_region=_ratio(spot.mean, medians.get(spot.region or "")),
        probability=mark.probability,
        uncertainty=mark.uncertainty,
        linked=mark.linked,
        judged=mark.judged,
        origin=mark.origin,
    )


def _ratio(value: float, by: float | None) -> float | None:
    return None if by is None or by <= 0 else value / by
