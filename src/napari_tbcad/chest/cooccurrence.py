"""Counting pairs of grey levels inside a mask.

Directions are those of MATLAB's ``graycomatrix``: 45° is up and right. (scikit-image's 45° is down and
right, our 135°.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.imaging.arrays import Array, cast, constant, count, is_tensor, namespace

DIRECTIONS: dict[int, tuple[int, int]] = {0: (0, 1), 45: (-1, 1), 90: (-1, 0), 135: (-1, -1)}
"""Angle in degrees → step (rows, columns) at distance 1; rows grow downwards."""


def bin_edges_table(low: int, high: int, levels: int, grey_levels: int = 256) -> NDArray[np.uint8]:
    """Return the look-up table from grey level to one of `levels` equal bins of ``[low, high]``.

    Parameters
    ----------
    low, high : int
        First and last grey level of the range; everything beyond falls into the first or last bin.
    levels : int
        Number of bins Ng, at most 256.
    grey_levels : int, optional
        Length of the table.

    Returns
    -------
    (grey_levels,) array of uint8
        Bin ``0 … Ng−1`` of each grey level (IBSI's fixed bin number, K15C, less one).
    """
    grey = np.arange(grey_levels)
    span = max(high - low, 1)
    return np.clip((grey - low) * levels // span, 0, levels - 1).astype(np.uint8)


def cooccurrence(
    levels: Array,
    mask: Array,
    n_levels: int,
    *,
    distance: int = 1,
    angles: tuple[int, ...] = tuple(DIRECTIONS),
) -> Array:
    """Count the pairs of grey levels inside a mask, per direction.

    Parameters
    ----------
    levels : (H, W) array of integers
        Discretised grey levels ``0 … n_levels−1`` inside the mask; numpy, or torch on any device.
        Values outside the mask are ignored.
    mask : (H, W) array of bool
        Pixels that count.
    n_levels : int
        Number of levels Ng.
    distance : int, optional
        Steps between the two pixels (Chebyshev, along the direction).
    angles : tuple of int, optional
        Which of :data:`DIRECTIONS`.

    Returns
    -------
    (len(angles), n_levels, n_levels) array of int64
        Symmetric counts, both orders of each pair.
    """
    counts = (_tensor_pairs if is_tensor(levels) else _array_pairs)(levels, mask, n_levels, distance, angles)
    return counts + counts.swapaxes(1, 2)


def _array_pairs(
    levels: NDArray[Any], mask: NDArray[np.bool_], n_levels: int, distance: int, angles: tuple[int, ...]
) -> NDArray[np.int64]:
    """Count each pair once, (D, Ng, Ng), by scikit-image: twice as quick as counting codes of pairs."""
    from skimage.feature import graycomatrix

    # One extra level marks "outside"; its row and column are cut off after counting, which is exact.
    kind = np.uint8 if n_levels < 256 else np.uint16
    marked = np.where(mask, levels.astype(kind, copy=False), kind(n_levels))
    counts = np.zeros((len(angles), n_levels, n_levels), np.int64)
    for number, angle in enumerate(angles):
        # The same lines read the other way, as scikit-image turns: its angles go down. The counts are those
        # of the transposed matrices, which the sum of both does not tell. Its distance is Euclidean.
        length = distance * np.hypot(*DIRECTIONS[angle])
        found = graycomatrix(marked, [length], [np.deg2rad(-angle % 180)], levels=n_levels + 1)
        counts[number] = found[:-1, :-1, 0, 0]
    return counts


def _tensor_pairs(levels: Array, mask: Array, n_levels: int, distance: int, angles: tuple[int, ...]) -> Array:
    """Count each pair once, (D, Ng, Ng), on the device."""
    xp = namespace(levels)
    side = n_levels + 1
    second = xp.where(mask, cast(levels, xp.int32), constant(n_levels, like=levels, dtype=xp.int32))
    first = second * constant(side, like=levels, dtype=xp.int32)
    rows, columns = levels.shape
    matrices = []
    for angle in angles:
        dr, dc = (distance * step for step in DIRECTIONS[angle])
        if abs(dr) >= rows or abs(dc) >= columns:
            matrices.append(count(second[:0], side * side).reshape(side, side)[:-1, :-1])
            continue
        here = first[max(0, -dr) : rows - max(0, dr), max(0, -dc) : columns - max(0, dc)]
        there = second[max(0, dr) : rows + min(0, dr), max(0, dc) : columns + min(0, dc)]
        matrices.append(count(here + there, side * side).reshape(side, side)[:-1, :-1])
    return xp.stack(matrices)
