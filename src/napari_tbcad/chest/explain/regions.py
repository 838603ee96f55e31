"""Parts of the lungs: overlapping windows, and any mask as such a part."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.schemes import LEFT, RIGHT

LEAST_SHARE = 0.1
"""Of a window, that must be lung: slivers along the border say little and cost as much as whole windows."""


@dataclass(frozen=True, eq=False)
class Region:
    """Some pixels of an image.

    Parameters
    ----------
    box : (slice, slice)
        Rows and columns that hold them all.
    inside : (h, w) array of bool
        Which pixels of the box they are.
    """

    box: tuple[slice, slice]
    inside: NDArray[np.bool_]

    @property
    def pixels(self) -> int:
        """Number of pixels."""
        return int(self.inside.sum())

    def mask(self, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Return the region as a mask of an image of this shape."""
        out = np.zeros(shape, bool)
        out[self.box] = self.inside
        return out


def region_of(mask: NDArray[np.bool_]) -> Region:
    """Return the True pixels of a mask (h, w) as a region; one without pixels has an empty box."""
    boxes = ndimage.find_objects(mask.view(np.uint8))
    box = boxes[0] if boxes else (slice(0, 0), slice(0, 0))
    return Region(box, mask[box].copy())


def windows(lungs: NDArray[np.uint8], side: int) -> list[Region]:
    """Cover each lung with square windows that overlap by half.

    Parameters
    ----------
    lungs : (H, W) array of uint8
        0 background, 1 right lung, 2 left lung.
    side : int
        Side of a window in pixels, at least 2. Where less than a tenth of it is lung it is left out.

    Returns
    -------
    list of Region
        Each within one lung.
    """
    found = []
    step = max(side // 2, 1)
    for value in (RIGHT, LEFT):
        lung = lungs == value
        boxes = ndimage.find_objects(lung.view(np.uint8))
        if not boxes:
            continue
        starts = [range(part.start - step, part.stop, step) for part in boxes[0]]
        for top in starts[0]:
            for left in starts[1]:
                box = (slice(max(top, 0), top + side), slice(max(left, 0), left + side))
                inside = lung[box]
                if inside.sum() > LEAST_SHARE * side * side:
                    found.append(Region(box, inside))
    return found


def spread(
    regions: Sequence[Region], values: NDArray[np.float64], shape: tuple[int, int]
) -> NDArray[np.float64]:
    """Lay values of regions over an image, each evenly over its region.

    Parameters
    ----------
    regions : sequence of Region
        They may overlap.
    values : (n,) array of float
        One a region.
    shape : (int, int)
        Of the image.

    Returns
    -------
    (H, W) array of float64
        Value per pixel: where regions overlap the sum of their values over the sum of their sizes, so that
        large regions count more than slivers; NaN where there is no region.
    """
    total, size = np.zeros(shape), np.zeros(shape)
    for region, value in zip(regions, values, strict=True):
        total[region.box] += value * region.inside
        size[region.box] += region.pixels * region.inside
    return np.divide(total, size, out=np.full(shape, np.nan), where=size > 0)


def mean_of(maps: Iterable[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the mean of maps (H, W), at each pixel over those that know it; 0 where none does."""
    stack = np.stack(list(maps))
    known = np.isfinite(stack)
    return np.where(known, stack, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)


def smoothed(values: NDArray[np.float64], lungs: NDArray[np.uint8], sigma: float) -> NDArray[np.float64]:
    """Smooth values (H, W) inside each lung by a Gaussian of so many pixels; nothing leaves its lung."""
    if sigma <= 0:
        return np.where(lungs > 0, values, 0.0)
    out = np.zeros(values.shape)
    for value in (RIGHT, LEFT):
        lung = lungs == value
        boxes = ndimage.find_objects(lung.view(np.uint8))
        if not boxes:
            continue
        box = boxes[0]
        inside = lung[box]
        weight = ndimage.gaussian_filter(inside.astype(float), sigma, mode="constant")
        summed = ndimage.gaussian_filter(np.where(inside, values[box], 0), sigma, mode="constant")
        out[box][inside] = summed[inside] / weight[inside]
    return out
