"""How large, how dense and where lesions are: measured on a film with drawn lesions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput

Array = NDArray[np.float64]
HEIGHT_BANDS, SIDE_BANDS = 6, 3
"""Bands from apex to base and from the midline outwards in which position is counted."""


@dataclass(frozen=True, eq=False)
class LesionMeasure:
    """Size, density and place of a film's lesions.

    Parameters
    ----------
    area : float
        Lesion area over lung area.
    contrast : float
        Median over the lesion of grey value minus the median of lesion-free lung in the same band, in
        units of the film's own step from lung to the soft tissue between the lungs.
    position : (6, 3) array
        Share of the lesion's pixels in each band: apex to base, midline to chest wall.
    """

    area: float
    contrast: float
    position: Array


def soft_tissue_level(pixels: NDArray[np.floating], lungs: NDArray[np.uint8]) -> float:
    """Return the median grey value between the lungs.

    Parameters
    ----------
    pixels : (H, W) array
        Grey values, air dark.
    lungs : (H, W) array of uint8
        1 right lung, 2 left lung.

    Raises
    ------
    BadInput
        If a lung is missing or the lungs touch everywhere.
    """
    right, left = (lungs == 1).any(axis=1), (lungs == 2).any(axis=1)
    rows = np.flatnonzero(right & left)
    if not len(rows):
        raise BadInput("lung mask", "there is no row with both lungs")
    cols = np.arange(lungs.shape[1])
    inner = np.where(lungs[rows] == 1, cols, -1).max(axis=1)
    outer = np.where(lungs[rows] == 2, cols, lungs.shape[1]).min(axis=1)
    between = (cols > inner[:, None] + 2) & (cols < outer[:, None] - 2)
    if between.sum() < 20:
        raise BadInput("lung mask", "there is nothing between the lungs")
    return float(np.median(pixels[rows][between]))


def bands(lungs: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the height band (0 apex) and side band (0 medial) of every lung pixel; -1 outside."""
    height, side = (np.full(lungs.shape, -1, dtype=np.int64) for _ in range(2))
    cols = np.arange(lungs.shape[1])
    for label in (1, 2):
        lung = lungs == label
        rows = np.flatnonzero(lung.any(axis=1))
        if not len(rows):
            continue
        v = (np.arange(lungs.shape[0]) - rows[0]) / (rows[-1] - rows[0] + 1)
        first = np.where(lung, cols, lungs.shape[1]).min(axis=1)
        last = np.where(lung, cols, -1).max(axis=1)
        u = (cols - first[:, None]) / np.maximum(last - first + 1, 1)[:, None]
        # The right lung (image left) has its medial side at the right end of the row.
        u = 1 - u if label == 1 else u
        height[lung] = np.broadcast_to(np.clip(v * HEIGHT_BANDS, 0, HEIGHT_BANDS - 1)[:, None], lung.shape)[
            lung
        ]
        side[lung] = np.clip(u * SIDE_BANDS, 0, SIDE_BANDS - 1)[lung]
    return height, side


def measure_lesions(
    pixels: NDArray[np.floating], lungs: NDArray[np.uint8], lesions: NDArray[np.bool_]
) -> LesionMeasure:
    """Measure drawn lesions of one film.

    Parameters
    ----------
    pixels : (H, W) array
        Grey values, air dark.
    lungs : (H, W) array of uint8
        1 right lung, 2 left lung.
    lesions : (H, W) array of bool
        Lesion pixels; those outside the lungs are ignored.

    Returns
    -------
    LesionMeasure
        Size, density, place.

    Raises
    ------
    BadInput
        If there is no lesion, less than a twentieth of the lungs is free of lesion, or the film shows
        no step from lung to soft tissue.
    """
    lung = lungs > 0
    sick, free = lesions & lung, lung & ~lesions
    if not sick.any() or free.sum() < 0.05 * lung.sum():
        raise BadInput("lesion mask", "no lesion, or no lesion-free lung to compare with")
    soft = soft_tissue_level(pixels, lungs)
    height, side = bands(lungs)
    # Outlines of lesion films often include the lung behind the heart and below the dome. There the film
    # shows heart and liver, which is no reference: near the midline and at the base, pixels nearly as
    # bright as soft tissue are left out of the lesion-free lung.
    dark = float(np.percentile(pixels[free], 10))
    hidden = ((side <= 1) | (height == HEIGHT_BANDS - 1)) & (pixels > dark + 0.6 * (soft - dark))
    free &= ~hidden
    if free.sum() < 0.05 * lung.sum():
        raise BadInput("lesion mask", "no lesion-free lung to compare with")
    level = float(np.median(pixels[free]))
    step = soft - level
    if step <= 0:
        raise BadInput("film", "the tissue between the lungs is not brighter than the lungs")
    expected = np.full(lungs.shape, level, dtype=float)
    for row in range(HEIGHT_BANDS):
        in_row = free & (height == row)
        if in_row.sum() < 30:
            continue
        for column in range(SIDE_BANDS):
            place = (height == row) & (side == column)
            near = free & place
            expected[place] = np.median(pixels[near if near.sum() >= 30 else in_row])
    contrast = float(np.median((pixels[sick] - expected[sick]) / step))
    position = np.bincount(height[sick] * SIDE_BANDS + side[sick], minlength=HEIGHT_BANDS * SIDE_BANDS)
    shares = (position / position.sum()).reshape(HEIGHT_BANDS, SIDE_BANDS)
    return LesionMeasure(float(sick.sum() / lung.sum()), contrast, shares)
