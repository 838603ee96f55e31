"""Areas of regions and hotspots, and what each region adds to the Bone Scan Index."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan, ViewName
from napari_tbcad.schemes import REGION_IDS, REGION_NAMES
from napari_tbcad.skeletal_mass import WeightGroup, WeightTable

Rule = Literal["mean", "pooled", "max", "anterior", "posterior"]

_N = len(REGION_NAMES) + 1

Areas = dict[ViewName, tuple[NDArray[np.int64], NDArray[np.int64]]]
"""By view: pixels of each region (index: region id; 0 is outside), and abnormal pixels of each."""


def region_areas(
    hotspots: Hotspots, regions: SkeletonRegions, scan: BoneScan, counted: Iterable[Mark]
) -> Areas:
    """Return region pixels and the pixels of the counted hotspots in each region, by view."""
    ids = {view: [mark.id for mark in counted if mark.view == view] for view in VIEWS}
    found: Areas = {}
    for view, image in scan:
        labels, spots = regions.weighed(view), hotspots.labels(view)
        if labels is None:
            labels = np.zeros(image.counts.shape, np.uint8)
        hit = np.zeros(_N, np.int64)
        if spots is not None and ids[view]:
            hit = np.bincount(labels[np.isin(spots, ids[view])], minlength=_N)
        found[view] = (np.bincount(labels.ravel(), minlength=_N), hit)
    return found


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
