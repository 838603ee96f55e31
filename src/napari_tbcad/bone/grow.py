"""A hotspot grown from a click, at a fraction of the local peak."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import ScanView
from napari_tbcad.imaging.morphology import fill_holes
from napari_tbcad.record import Parameters, field

USUAL_SPACING_MM = (2.3, 2.3)
"""Taken for the pixel spacing where the file does not say it (a whole-body matrix of 256 × 1024)."""


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
        One 8-connected piece; empty where nothing rises above the background.

    Raises
    ------
    BadInput
        If the seed lies outside the view.
    """
    counts = view.counts if isinstance(view, ScanView) else np.asarray(view)
    row, column = (round(float(s)) for s in seed)
    if not (0 <= row < counts.shape[0] and 0 <= column < counts.shape[1]):
        raise BadInput("click", "the click lies outside the view")
    spacing = np.asarray(spacing_mm or USUAL_SPACING_MM, float)
    found = np.zeros(counts.shape, bool)
    margin = np.ceil((parameters.radius_mm + parameters.click_mm) / spacing).astype(int) + 4
    window = (
        slice(max(row - margin[0], 0), row + margin[0] + 1),
        slice(max(column - margin[1], 0), column + margin[1] + 1),
    )
    smooth = ndimage.gaussian_filter(counts[window].astype(np.float32), 1.0, mode="nearest")
    offset = np.array([window[0].start, window[1].start])
    open_ = np.ones(smooth.shape, bool) if allowed is None else allowed[window]
    grid = np.indices(smooth.shape, dtype=np.float32)
    away = _distance(grid, np.array([row, column]) - offset, spacing)
    near = (away <= max(parameters.click_mm, 0.5 * spacing.min())) & open_
    if not near.any():
        return found
    peak = np.unravel_index(np.where(near, smooth, -1).argmax(), smooth.shape)
    distance = _distance(grid, np.asarray(peak), spacing)
    inside = (distance <= parameters.radius_mm) & open_
    base = 0.0
    if parameters.background == "local":
        base = float(np.percentile(smooth[distance <= parameters.radius_mm], 50))
    top = float(smooth[peak])
    if top <= base:
        return found
    found[window] = _piece(smooth, inside, distance, peak, base + parameters.fraction * (top - base), top)
    return found


def _distance(grid: NDArray[np.float32], place: NDArray[Any], spacing: NDArray[Any]) -> NDArray[Any]:
    return np.hypot((grid[0] - place[0]) * spacing[0], (grid[1] - place[1]) * spacing[1])


def _piece(
    smooth: NDArray[np.float32],
    inside: NDArray[np.bool_],
    distance: NDArray[Any],
    peak: Any,
    level: float,
    top: float,
) -> NDArray[np.bool_]:
    """Return the piece above `level` around the peak."""
    pieces, _ = ndimage.label((smooth >= level) & inside, np.ones((3, 3)))
    return fill_holes(pieces == pieces[peak]) & inside
