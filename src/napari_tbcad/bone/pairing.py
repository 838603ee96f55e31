"""Which hotspots of two scans of one patient belong together, once the earlier scan is moved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from napari_tbcad.bone.correspondence import Correspondence
from napari_tbcad.bone.grow import USUAL_SPACING_MM
from napari_tbcad.bone.measure import HotspotRow
from napari_tbcad.imaging.bonescan import ViewName
from napari_tbcad.record import Parameters, field

if TYPE_CHECKING:
    from napari_tbcad.bone.compared import Comparable

State = Literal["new", "gone", "changed", "unchanged"]

COMPARED = ("abnormal", "normal")
"""Classes that are compared: what is no bone, or was ignored, says nothing of the disease."""


class CompareParameters(Parameters):
    """How two scans are compared. The thresholds are conventions, not measured limits."""

    tolerance: float = field(
        20.0,
        title="Tolerance",
        unit="mm",
        ge=0,
        le=60,
        description="Hotspots whose centres lie this close after registration are taken for one.",
    )
    area_factor: float = field(
        1.5,
        title="Change of area",
        ge=1.05,
        le=5,
        description="A hotspot has changed when its area grew or shrank by this factor.",
    )
    uptake_factor: float = field(
        1.3,
        title="Change of uptake",
        ge=1.05,
        le=5,
        description="A hotspot has changed when its mean, measured by its own region's median, did by this "
        "factor.",
    )


@dataclass(frozen=True)
class Pairing:
    """One place with hotspots at either date.

    Parameters
    ----------
    view : {"anterior", "posterior"}
    state : {"new", "gone", "changed", "unchanged"}
    earlier, later : tuple of int
        Ids of the hotspots of each date; several where one has parted or some have run together.
    region : str or None
        Of the largest hotspot, of the later date where there is one.
    label_earlier, label_later : str or None
        ``"abnormal"`` where any of them is, else ``"normal"``.
    area_ratio : float or None
        Area later by earlier, in mm² where both spacings are known, else as a share of the body's size.
    uptake_ratio : float or None
        Mean by the region's median, later by earlier; None without a region.
    distance_mm : float or None
        Between the centres, after registration.
    """

    view: ViewName
    state: State
    earlier: tuple[int, ...]
    later: tuple[int, ...]
    region: str | None
    label_earlier: str | None
    label_later: str | None
    area_ratio: float | None
    uptake_ratio: float | None
    distance_mm: float | None


def pair_hotspots(
    earlier: Comparable,
    later: Comparable,
    view: ViewName,
    there: Correspondence,
    parameters: CompareParameters,
) -> list[Pairing]:
    """Pair the hotspots of one view.

    Those that overlap once the earlier ones are moved belong together; of the others, the nearest within the
    tolerance are paired, one to one. Non-bone uptake and ignored hotspots are left out.

    Parameters
    ----------
    earlier, later : Comparable
        The two scans.
    view : {"anterior", "posterior"}
        Which view.
    there : Correspondence
        Map from the earlier to the later view.
    parameters : CompareParameters
        Tolerance and what counts as a change.
    """
    before = [row for row in earlier.table if row.view == view and row.label in COMPARED]
    after = [row for row in later.table if row.view == view and row.label in COMPARED]
    spacing = np.array(later.scan.spacing_mm or USUAL_SPACING_MM)
    moved = there.map(np.array([(row.row, row.column) for row in before], float).reshape(-1, 2))
    centres = np.array([(row.row, row.column) for row in after], float).reshape(-1, 2)
    distances = np.linalg.norm((moved[:, None] - centres[None]) * spacing, axis=2)
    touching = _overlaps(earlier, later, view, there, before, after)
    joined = touching | _nearest(distances, touching, parameters.tolerance)
    size = _size_factor(earlier, later, there)
    found = []
    for ours, theirs in _groups(joined):
        one, other = [before[i] for i in ours], [after[j] for j in theirs]
        distance = float(distances[np.ix_(ours, theirs)].min()) if one and other else None
        found.append(_pairing(view, one, other, distance, size, parameters))
    return found


def _overlaps(
    earlier: Comparable,
    later: Comparable,
    view: ViewName,
    there: Correspondence,
    before: Sequence[HotspotRow],
    after: Sequence[HotspotRow],
) -> NDArray[np.bool_]:
    """Return which hotspots (before, after) share pixels once the earlier ones are moved."""
    shared = np.zeros((len(before), len(after)), bool)
    old, new = earlier.hotspots.labels(view), later.hotspots.labels(view)
    if old is None or new is None or not shared.size:
        return shared
    boxes = ndimage.find_objects(old)
    numbers = {row.id: j for j, row in enumerate(after)}
    for i, row in enumerate(before):
        box = boxes[row.id - 1]
        pixels = np.argwhere(old[box] == row.id) + [part.start for part in box]
        places = np.rint(there.map(pixels.astype(float))).astype(int)
        within = ((places >= 0) & (places < new.shape)).all(axis=1)
        for number in np.unique(new[tuple(places[within].T)]):
            if int(number) in numbers:
                shared[i, numbers[int(number)]] = True
    return shared


def _nearest(
    distances: NDArray[np.float64], touching: NDArray[np.bool_], tolerance: float
) -> NDArray[np.bool_]:
    """Pair what touches nothing with the nearest such hotspot within the tolerance, one to one."""
    paired = np.zeros(touching.shape, bool)
    ours, theirs = np.flatnonzero(~touching.any(axis=1)), np.flatnonzero(~touching.any(axis=0))
    if ours.size and theirs.size:
        cost = np.minimum(distances[np.ix_(ours, theirs)], 2 * tolerance + 1)
        for i, j in zip(*linear_sum_assignment(cost), strict=True):
            paired[ours[i], theirs[j]] = cost[i, j] <= tolerance
    return paired


def _groups(joined: NDArray[np.bool_]) -> Iterator[tuple[list[int], list[int]]]:
    """Yield which rows and columns hang together."""
    n, m = joined.shape
    rows, columns = np.nonzero(joined)
    graph = coo_array((np.ones(rows.size), (rows, columns + n)), shape=(n + m, n + m))
    number, part = connected_components(graph, directed=False) if n + m else (0, np.zeros(0, int))
    for k in range(number):
        members = np.flatnonzero(part == k)
        yield members[members < n].tolist(), (members[members >= n] - n).tolist()


def _size_factor(earlier: Comparable, later: Comparable, there: Correspondence) -> float:
    """Return by what a ratio of pixel areas is multiplied to be one of true areas."""
    one, other = earlier.scan.spacing_mm, later.scan.spacing_mm
    if one is None or other is None:
        return 1.0 / (there.scale[0] * there.scale[1])
    return (other[0] * other[1]) / (one[0] * one[1])


def _pairing(
    view: ViewName,
    before: Sequence[HotspotRow],
    after: Sequence[HotspotRow],
    distance: float | None,
    size: float,
    parameters: CompareParameters,
) -> Pairing:
    area = uptake = None
    state: State = "gone" if not after else "new"
    if before and after:
        area = size * sum(row.area_px for row in after) / sum(row.area_px for row in before)
        means = [_uptake(rows) for rows in (before, after)]
        uptake = None if None in means else means[1] / means[0]  # type: ignore[operator]
        changed = _beyond(area, parameters.area_factor) or _beyond(uptake, parameters.uptake_factor)
        state = "changed" if changed or _label(before) != _label(after) else "unchanged"
    largest = max(after or before, key=lambda row: row.area_px)
    return Pairing(
        view,
        state,
        tuple(row.id for row in before),
        tuple(row.id for row in after),
        largest.region,
        _label(before),
        _label(after),
        area,
        uptake,
        distance,
    )


def _beyond(ratio: float | None, factor: float) -> bool:
    return ratio is not None and not 1 / factor < ratio < factor


def _uptake(rows: Sequence[HotspotRow]) -> float | None:
    """Return the mean of some hotspots by their regions' medians, larger ones weighing more."""
    known = [(row.ratio_region, row.area_px) for row in rows if row.ratio_region]
    if not known:
        return None
    return float(np.average([ratio for ratio, _ in known], weights=[area for _, area in known]))


def _label(rows: Sequence[HotspotRow]) -> str | None:
    if not rows:
        return None
    return "abnormal" if any(row.label == "abnormal" for row in rows) else "normal"
