"""Pixels of skeleton regions, and how many of them are abnormal: what an index is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.schemes import ANTERIOR_ONLY, IGNORE, REGION_IDS, REGION_NAMES

_N = len(REGION_NAMES) + 1


@dataclass(frozen=True)
class RegionPixels:
    """Pixels by region of one view; index 0 is outside all regions, the others are region ids.

    Parameters
    ----------
    all, found, true : tuple of int
        13 numbers each: pixels of the region, those found abnormal, and those that the labels call abnormal.
    """

    all: tuple[int, ...]
    found: tuple[int, ...]
    true: tuple[int, ...]

    def fractions(self, hit: Sequence[int]) -> dict[str, float]:
        """Return the share of each region in [0, 1] that `hit` takes; only of regions that have a pixel."""
        return {name: hit[n] / self.all[n] for name, n in REGION_IDS.items() if self.all[n]}

    def to_json(self) -> dict[str, list[int]]:
        """Return it as what JSON can hold."""
        return {"all": list(self.all), "found": list(self.found), "true": list(self.true)}

    @classmethod
    def from_json(cls, content: Mapping[str, Sequence[int]]) -> RegionPixels:
        """Return what :meth:`to_json` gave."""
        parts = {name: tuple(int(n) for n in content[name]) for name in ("all", "found", "true")}
        if {len(part) for part in parts.values()} != {_N}:
            raise ValueError(f"{_N} numbers of pixels were expected")
        return cls(**parts)


def region_pixels(
    regions: NDArray[np.integer],
    labels: NDArray[np.integer],
    found: NDArray[np.integer],
    *,
    abnormal: int,
    view: str,
) -> RegionPixels:
    """Count pixels by region.

    Parameters
    ----------
    regions : (H, W) array of int
        0 outside, else the region's id. The sternum of a posterior view counts as outside, as it does in
        :func:`napari_tbcad.bone.bsi.bone_scan_index`.
    labels, found : (H, W) array of int
        True and found classes. Where the labels make no statement (255) nothing is abnormal in either.
    abnormal : int
        Value of the abnormal class.
    view : str
    """
    weighed = regions.astype(np.int64)
    if view != "anterior":
        weighed[weighed == REGION_IDS[ANTERIOR_ONLY]] = 0

    def by_region(mask: NDArray[np.bool_]) -> tuple[int, ...]:
        return tuple(np.bincount(weighed[mask], minlength=_N).tolist())

    said = labels != IGNORE
    return RegionPixels(
        tuple(np.bincount(weighed.ravel(), minlength=_N).tolist()),
        by_region((found == abnormal) & said),
        by_region(labels == abnormal),
    )
