"""A hotspot grown from a click, at a fraction of the local peak.

The fraction counts from the bone around the hotspot, not from zero: a lesion in the spine lies on a ridge of
half its own height, and a fraction of the bare peak takes the spine with it. The background under the hotspot
is filled in from its surroundings, the hotspot cut at the fraction of what rises above, and both are repeated
until they agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import ScanView
from napari_tbcad.imaging.morphology import fill_holes, within
from napari_tbcad.record import Parameters, field

USUAL_SPACING_MM = (2.3, 2.3)
"""Taken for the pixel spacing where the file does not say it (a whole-body matrix of 256 × 1024)."""

SMOOTHING_PX = 1.2
"""Standard deviation of the Gaussian by which counts are smoothed before they are cut."""

_GAP_MM = 4.0
"""Pixels this near to the hotspot say nothing of the background: the camera's blur spills into them."""
_SURROUNDINGS_MM = 8.0
"""Standard deviation of the Gaussian window from which the background is filled in."""
_FIRST_FRACTION = 0.8
"""Starting small finds the hotspot itself where it lies on a larger bright area."""
_MOST_ROUNDS = 4
_MOST_HALVINGS = 6
_EIGHT = np.ones((3, 3), bool)


class GrowParameters(Parameters):
    """Parameters of :func:`grow_hotspot`."""

    fraction: float = field(
        0.45,
        title="Fraction of the peak",
        ge=0.1,
        le=0.95,
        slider=True,
        description="A pixel belongs to the hotspot from this fraction of the way up from the background "
        "around it to its peak.",
    )
    background: Literal["local", "none"] = field(
        "local",
        title="Background",
        more=True,
        description="local: the fraction counts from the bone around the hotspot; none: from zero.",
    )
    radius_mm: float = field(
        45.0,
        title="Limit",
        unit="mm",
        ge=5,
        le=200,
        more=True,
        description="No pixel farther than this from the peak is taken.",
    )
    click_mm: float = field(
        7.0,
        title="Click tolerance",
        unit="mm",
        ge=0,
        le=50,
        more=True,
        description="The peak is searched this far from the click.",
    )


def grow_hotspot(
    view: ScanView | NDArray[Any],
    seed: tuple[float, float],
    parameters: GrowParameters = GrowParameters(),
    *,
    spacing_mm: tuple[float, float] | None = None,
    allowed: NDArray[np.bool_] | None = None,
) -> NDArray[np.bool_]:
    """Grow a hotspot from a click.

    Parameters
    ----------
    view : ScanView or (H, W) array
        Counts or grey values, hotspots bright.
    seed : (float, float)
        Row and column of the click.
    parameters : GrowParameters
        Fraction and limits.
    spacing_mm : (float, float), optional
        Row and column spacing; 2.3 mm where unknown.
    allowed : (H, W) array of bool, optional
        Pixels that may be taken.

    Returns
    -------
    (H, W) array of bool
        One 8-connected piece without holes that holds the peak; empty where nothing rises above the
        background. It does not reach the limit: where it would, as along the spine, the fraction is raised
        until it does not.

    Raises
    ------
    BadInput
        If the seed lies outside the view, or `allowed` is on another grid.
    """
    counts = view.counts if isinstance(view, ScanView) else np.asarray(view)
    if not np.isfinite(seed).all():
        raise BadInput("click", "the click is no place")
    row, column = (round(float(s)) for s in seed)
    if not (0 <= row < counts.shape[0] and 0 <= column < counts.shape[1]):
        raise BadInput("click", "the click lies outside the view")
    if allowed is not None and allowed.shape != counts.shape:
        raise BadInput("click", f"the allowed pixels have the shape {allowed.shape}, not {counts.shape}")
    spacing = np.asarray(spacing_mm or USUAL_SPACING_MM, float)
    found = np.zeros(counts.shape, bool)
    reach = np.ceil((parameters.radius_mm + parameters.click_mm) / spacing).astype(int) + 4
    top, left = max(row - reach[0], 0), max(column - reach[1], 0)
    window = slice(top, row + reach[0] + 1), slice(left, column + reach[1] + 1)
    place = _place(
        counts[window].astype(np.float32),
        (row - top, column - left),
        parameters,
        spacing,
        None if allowed is None else allowed[window],
    )
    if place is None:
        return found
    found[window] = (
        _from_zero(place, parameters) if parameters.background == "none" else _grown(place, parameters)
    )
    return found


def filled_background(
    smooth: NDArray[Any], piece: NDArray[np.bool_], spacing_mm: NDArray[np.float64]
) -> NDArray[Any]:
    """Fill in the background under a hotspot from the pixels around it by normalised convolution.

    Parameters
    ----------
    smooth : (H, W) array of float
        Smoothed counts.
    piece : (H, W) array of bool
        The hotspot.
    spacing_mm : (2,) array of float
        Row and column spacing.

    Returns
    -------
    (H, W) array of float
        Counts of the background everywhere.

    References
    ----------
    H. Knutsson, C.-F. Westin, Normalized and differential convolution, CVPR 1993.
    """
    known = ~within(piece, _GAP_MM / spacing_mm.mean())
    sigma = _SURROUNDINGS_MM / spacing_mm
    weight = ndimage.gaussian_filter(known.astype(np.float32), sigma, mode="constant")
    total = ndimage.gaussian_filter(smooth * known, sigma, mode="constant")
    return np.where(weight > 1e-6, total / np.maximum(weight, 1e-6), 0)


@dataclass(frozen=True, eq=False)
class _Place:
    """The surroundings of a peak: smoothed counts, pixels that may be taken, pixels at the limit."""

    smooth: NDArray[np.float32]
    open: NDArray[np.bool_]
    limit: NDArray[np.bool_]
    peak: tuple[int, int]
    spacing: NDArray[np.float64]


def _place(
    counts: NDArray[np.float32],
    seed: tuple[int, int],
    parameters: GrowParameters,
    spacing: NDArray[np.float64],
    allowed: NDArray[np.bool_] | None,
) -> _Place | None:
    smooth = ndimage.gaussian_filter(counts, SMOOTHING_PX, mode="nearest")
    free = np.ones(smooth.shape, bool) if allowed is None else allowed
    near = (_distance(smooth.shape, seed, spacing) <= parameters.click_mm) & free
    near[seed] = free[seed]
    if not near.any():
        return None
    row, column = np.unravel_index(np.where(near, smooth, -1).argmax(), smooth.shape)
    peak = int(row), int(column)
    distance = _distance(smooth.shape, peak, spacing)
    inside = distance <= parameters.radius_mm
    return _Place(
        smooth, inside & free, inside & (distance > parameters.radius_mm - spacing.max()), peak, spacing
    )


def _distance(shape: tuple[int, ...], place: tuple[int, int], spacing: NDArray[np.float64]) -> NDArray[Any]:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return np.hypot((rows - place[0]) * spacing[0], (columns - place[1]) * spacing[1])


def _from_zero(place: _Place, parameters: GrowParameters) -> NDArray[np.bool_]:
    return _piece(place, place.smooth, parameters.fraction)


def _grown(place: _Place, parameters: GrowParameters) -> NDArray[np.bool_]:
    """Cut the hotspot and fill in the background under it in turns."""
    nearby = place.smooth[place.open | place.limit]
    piece = _piece(place, place.smooth - np.median(nearby), _FIRST_FRACTION)
    for _ in range(_MOST_ROUNDS):
        if not piece.any():
            break
        risen = place.smooth - filled_background(place.smooth, piece, place.spacing)
        before, piece = piece, _piece(place, risen, parameters.fraction)
        if (piece == before).all():
            break
    return piece


def _piece(place: _Place, risen: NDArray[np.float32], fraction: float) -> NDArray[np.bool_]:
    """Return the piece above a fraction of the peak, raised as far as it takes to stay off the limit."""
    piece = _connected(place, risen, fraction)
    if not (piece & place.limit).any():
        return piece
    low, high = fraction, 1.0
    piece = np.zeros_like(piece)
    for _ in range(_MOST_HALVINGS):
        middle = (low + high) / 2
        trial = _connected(place, risen, middle)
        if (trial & place.limit).any():
            low = middle
        else:
            high, piece = middle, trial
    return piece


def _connected(place: _Place, risen: NDArray[np.float32], fraction: float) -> NDArray[np.bool_]:
    top = risen[place.peak]
    if top <= 0:
        return np.zeros(risen.shape, bool)
    pieces, _ = ndimage.label((risen >= fraction * top) & place.open, _EIGHT)
    return fill_holes(pieces == pieces[place.peak]) & place.open
