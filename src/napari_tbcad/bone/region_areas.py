"""Areas of regions and hotspots, and what each region adds to the Bone Scan Index."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.imaging.bonescan import BoneScan, ViewName
from napari_tbcad.memory import Memory, recall
from napari_tbcad.schemes import REGION_IDS, REGION_NAMES
from napari_tbcad.skeletal_mass import WeightGroup, WeightTable

Rule = Literal["mean", "pooled", "max", "anterior", "posterior"]

_N = len(REGION_NAMES) + 1

Areas = dict[ViewName, tuple[NDArray[np.int64], NDArray[np.int64]]]
"""By view: pixels of each region (index: region id; 0 is outside), and abnormal pixels of each."""


@dataclass(frozen=True, eq=False)
class SharedAreas:
    """Which hotspot shares how many pixels with which region, in one view.

    Parameters
    ----------
    spots : (H, W) array of uint16, or None
        A copy of the hotspots; None when there are none.
    regions : (H, W) array of uint8, or None
        The regions as they are weighed; None counts as none.
    of_regions : (13,) array of int64
        Pixels of each region, by id.
    """

    spots: NDArray[np.uint16] | None
    regions: NDArray[np.uint8] | None
    of_regions: NDArray[np.int64]

    @cached_property
    def of_hotspots(self) -> dict[int, NDArray[np.int64]]:
        """Pixels (13,) of each hotspot in each region, by the hotspot's id."""
        if self.spots is None:
            return {}
        places = np.flatnonzero(self.spots != 0)
        ids, numbers = np.unique(self.spots.ravel()[places], return_inverse=True)
        under = 0 if self.regions is None else self.regions.ravel()[places]
        table = np.bincount(numbers * _N + under, minlength=len(ids) * _N).reshape(len(ids), _N)
        return dict(zip(ids.tolist(), table, strict=True))

    def hit(self, ids: Iterable[int]) -> NDArray[np.int64]:
        """Return the pixels (13,) of some hotspots in each region."""
        known = [self.of_hotspots[number] for number in ids if number in self.of_hotspots]
        return np.sum(known, axis=0, dtype=np.int64) if known else np.zeros(_N, np.int64)

    def inside(self, number: int) -> bool:
        """Tell whether a hotspot has a pixel in a region."""
        return number in self.of_hotspots and bool(self.of_hotspots[number][1:].any())

    def is_of(self, spots: NDArray[np.uint16] | None) -> bool:
        """Tell whether these are the hotspots that were counted."""
        if spots is None or self.spots is None:
            return spots is self.spots
        return np.array_equal(spots, self.spots)


def shared_areas(
    hotspots: Hotspots, regions: SkeletonRegions, scan: BoneScan, *, memory: Memory | None = None
) -> dict[ViewName, SharedAreas]:
    """Return, by view, which hotspot shares how many pixels with which region; nothing anew that is known."""
    return {view: _shared(hotspots, regions, view, image.counts.size, memory) for view, image in scan}


def _shared(
    hotspots: Hotspots, regions: SkeletonRegions, view: ViewName, size: int, memory: Memory | None
) -> SharedAreas:
    weighed, sizes = recall(
        memory, ("regions", view), (regions.labels(view), size), lambda: _sizes(regions.weighed(view), size)
    )
    spots = hotspots.labels(view)
    last = None if memory is None else memory.last(("shared", view))
    if last is not None and isinstance(last[1], SharedAreas) and last[0] is sizes and last[1].is_of(spots):
        return last[1]
    shared = SharedAreas(None if spots is None else spots.copy(), weighed, sizes)
    if memory is not None:
        memory.keep(("shared", view), sizes, shared)
    return shared


def _sizes(labels: NDArray[np.uint8] | None, size: int) -> tuple[NDArray[np.uint8] | None, NDArray[np.int64]]:
    """Return the labels and how many pixels each region has, of `size` in all."""
    if labels is not None:
        return labels, np.bincount(labels.ravel(), minlength=_N)
    sizes = np.zeros(_N, np.int64)
    sizes[0] = size
    return None, sizes


def region_areas(shared: dict[ViewName, SharedAreas], counted: Iterable[Mark]) -> Areas:
    """Return region pixels and the pixels of the counted hotspots in each region, by view."""
    marks = list(counted)
    return {
        view: (areas.of_regions, areas.hit(mark.id for mark in marks if mark.view == view))
        for view, areas in shared.items()
    }


def contributions(
    areas: Areas, views: tuple[ViewName, ...], table: WeightTable, rule: Rule
) -> dict[str, float | None]:
    """Return each region's contribution in %; None where its group has no pixels in `views`."""
    parts: dict[str, float | None] = {}
    for group in table:
        shares = _group_shares(group, areas, views, rule)
        parts |= {r: None if shares is None else group.percent * shares[r] for r in group.regions}
    return parts


def _group_shares(
    group: WeightGroup, areas: Areas, views: tuple[ViewName, ...], rule: Rule
) -> dict[str, float] | None:
    """Return what each region adds to the fraction of its group; the sum is the fraction.

    A region's share in a view is its abnormal area divided by the area of the whole group, so that regions
    of a pooled group add up to the pooled fraction.
    """
    ids = [REGION_IDS[region] for region in group.regions]
    seen = [view for view in views if areas[view][0][ids].sum() > 0]
    if not seen:
        return None
    hits = np.array([areas[view][1][ids] for view in seen], float)
    totals = np.array([areas[view][0][ids].sum() for view in seen], float)
    if rule == "pooled":
        shares = hits.sum(axis=0) / totals.sum()
    elif rule == "max":
        best = int(np.argmax(hits.sum(axis=1) / totals))
        shares = hits[best] / totals[best]
    else:
        shares = (hits / totals[:, None]).mean(axis=0)
    return dict(zip(group.regions, shares.tolist(), strict=True))
