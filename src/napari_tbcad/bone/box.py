"""A hotspot by a threshold inside a box, as BS-80K's masks were made."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import ScanView
from napari_tbcad.imaging.morphology import disk
from napari_tbcad.record import Parameters, field

Bounds = tuple[int, int, int, int]
"""Top, left, bottom, right in pixels; the last two one beyond the last pixel."""


class BoxParameters(Parameters):
    """Parameters of :func:`box_hotspot`; the defaults are the data set's own recipe."""

    dilation: int = field(
        1, title="Dilation", unit="px", ge=0, le=5, more=True, description="Radius of the dilation by a disk."
    )
    reach: int = field(
        3,
        title="Reach",
        unit="px",
        ge=1,
        le=9,
        more=True,
        description="How far along the rows and columns a pixel looks for neighbours when gaps are filled.",
    )
    neighbours: int = field(
        4,
        title="Neighbours",
        ge=1,
        le=37,
        more=True,
        description="A gap is filled where at least this many of the 4 × reach neighbours belong to it; more "
        "than there are neighbours fills nothing.",
    )


def box_hotspot(
    view: ScanView | NDArray[Any], box: Bounds, parameters: BoxParameters = BoxParameters()
) -> NDArray[np.bool_]:
    """Find the hotspot inside a box.

    Otsu's threshold of the pixels inside the box (a pixel *at* the threshold belongs to the hotspot), a
    dilation by a disk, then every pixel is set of which at least `neighbours` of the pixels up to `reach`
    away along its row and its column are set. Everything happens inside the box and stays there.

    Parameters
    ----------
    view : ScanView or (H, W) array
        Counts or grey values, hotspots bright.
    box : (int, int, int, int)
        Top, left, bottom, right; the last two one beyond the last pixel. Cut at the image's border.
    parameters : BoxParameters
        Morphology.

    Returns
    -------
    (H, W) array of bool
        Empty where all pixels in the box are equal.

    Raises
    ------
    BadInput
        If the box is empty or lies outside the view.

    References
    ----------
    N. Otsu, A threshold selection method from gray-level histograms, IEEE Trans. SMC 9(1), 1979.
    """
    counts = view.counts if isinstance(view, ScanView) else np.asarray(view)
    part = box_slices(box, counts.shape)
    found = np.zeros(counts.shape, bool)
    inside = counts[part]
    if inside.min() == inside.max():
        return found
    threshold = _otsu(inside)
    # Where few grey values occur the threshold may be the lowest of them.
    hot = inside >= threshold if threshold > inside.min() else inside > threshold
    hot = ndimage.binary_dilation(hot, disk(parameters.dilation))
    axes = _axes(parameters.reach)
    set_neighbours = ndimage.convolve(hot.astype(np.int16), axes, mode="constant")
    found[part] = hot | (set_neighbours >= parameters.neighbours)
    return found


def box_slices(box: Bounds, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Return the rows and columns of a box, cut at the border of an image of this shape.

    Raises
    ------
    BadInput
        If the box is empty or lies outside the image.
    """
    if not np.isfinite(box).all():
        raise BadInput("box", "a corner of the box is no number")
    top, left, bottom, right = (round(float(edge)) for edge in box)
    top, left = max(top, 0), max(left, 0)
    bottom, right = min(bottom, shape[0]), min(right, shape[1])
    if top >= bottom or left >= right:
        raise BadInput("box", "the box is empty or lies outside the view")
    return slice(top, bottom), slice(left, right)


def _otsu(values: NDArray[Any]) -> float:
    from skimage.filters import threshold_otsu

    # Whole numbers are binned one by one, as in the 8-bit images the recipe was made for.
    whole = np.round(values)
    if (whole == values).all() and np.ptp(whole) < 65536:
        return float(threshold_otsu(whole.astype(np.int64)))
    return float(threshold_otsu(values))


def _axes(reach: int) -> NDArray[np.int16]:
    cross = np.zeros((2 * reach + 1, 2 * reach + 1), np.int16)
    cross[reach, :] = cross[:, reach] = 1
    cross[reach, reach] = 0
    return cross
