"""Overlapping tiles of an image and the weights that blend their answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.networks.input import STRIDE


@dataclass(frozen=True, eq=False)
class Tile:
    """One tile.

    Parameters
    ----------
    rows, columns : slice
        Where it lies in the image.
    weights : (h, w) array of float32
        Its say for every of its pixels; the weights of all tiles add up to one everywhere.
    """

    rows: slice
    columns: slice
    weights: NDArray[np.float32]


def tiles(shape: tuple[int, int], *, tile: int, overlap: float) -> list[Tile]:
    """Cover an image with overlapping tiles.

    The answer at the rim of a tile is spoilt by what the network does not see, so the outer quarter of an
    overlap has no say, and over the inner half the say passes from one tile to the other as sin², the Hann
    window. Tiles begin at multiples of the network's stride, so that it sees every pixel at the same phase.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns, multiples of 32.
    tile : int
        Side of a tile, a multiple of 32; 0, or one as large as the image, gives one tile.
    overlap : float
        Share of a tile that the next one covers, too, at least.

    Returns
    -------
    list of Tile
        Row by row.
    """
    axes = [_axis(size, min(tile or size, size), overlap) for size in shape]
    return [
        Tile(rows, columns, np.outer(down, across).astype(np.float32))
        for rows, down in axes[0]
        for columns, across in axes[1]
    ]


def _axis(size: int, tile: int, overlap: float) -> list[tuple[slice, NDArray[np.float64]]]:
    """Return position and weights of the tiles along one axis; the weights add up to one."""
    step = max(STRIDE, int(tile * (1 - overlap)) // STRIDE * STRIDE)
    starts = [min(i * step, size - tile) for i in range(-(-(size - tile) // step) + 1)]
    shared = tile - step
    weights = [_window(tile, shared, start > 0, start + tile < size) for start in starts]
    total = np.zeros(size)
    for start, weight in zip(starts, weights, strict=True):
        total[start : start + tile] += weight
    return [
        (slice(start, start + tile), weight / total[start : start + tile])
        for start, weight in zip(starts, weights, strict=True)
    ]


def _window(tile: int, shared: int, before: bool, after: bool) -> NDArray[np.float64]:
    """Return ones that fall to zero where there is a neighbour before or after."""
    weight = np.ones(tile)
    if shared > 0:
        rim = shared // 4
        share = np.clip((np.arange(shared) + 0.5 - rim) / (shared - 2 * rim), 0, 1)
        ramp = np.sin(np.pi / 2 * share) ** 2
        if before:
            weight[:shared] *= ramp
        if after:
            weight[-shared:] *= ramp[::-1]
    return weight
