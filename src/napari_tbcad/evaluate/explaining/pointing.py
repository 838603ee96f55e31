"""Whether a map points at what a reader marked.

Pixel AUC: the chance that a marked pixel of the lungs has a higher value than another pixel of the same
lungs. Pointing game (Zhang et al. 2018): whether the highest point of the map lies in what was marked. A map
that says the same of every film, such as the middle of the lungs, is the peer that both have to beat.

References
----------
J. Zhang et al., Top-down neural attention by excitation backprop, Int J Comput Vis 126:1084-1102, 2018.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from napari_tbcad.schemes import LEFT, RIGHT


def pixel_auc(values: NDArray[np.floating], marked: NDArray[np.bool_], lungs: NDArray[np.bool_]) -> float:
    """Return the area under the curve of marked against other pixels of the lungs, all (H, W).

    Returns
    -------
    float
        Ties count half; NaN where all or no pixels of the lungs are marked.
    """
    truth, score = marked[lungs], values[lungs]
    n, positive = len(truth), int(truth.sum())
    if positive in (0, n):
        return float("nan")
    ranks = stats.rankdata(score)
    above = ranks[truth].sum() - positive * (positive + 1) / 2
    return float(above / (positive * (n - positive)))


def top_point(values: NDArray[np.floating], lungs: NDArray[np.bool_]) -> tuple[int, int]:
    """Return row and column of the highest value inside the lungs; the middle one of equals."""
    inside = np.where(lungs, values, -np.inf)
    places = np.flatnonzero(inside == inside.max())
    row, column = np.unravel_index(places[len(places) // 2], values.shape)
    return int(row), int(column)


def disc(shape: tuple[int, int], centre: tuple[float, float], radius: float) -> NDArray[np.bool_]:
    """Return the pixels of an image whose centres lie within `radius` of (row, column)."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 <= radius**2


def centre_prior(lungs: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return a Gaussian in each lung, fitted on nothing but the lung.

    Parameters
    ----------
    lungs : (H, W) array of uint8
        0 background, 1 right lung, 2 left lung.

    Returns
    -------
    (H, W) array of float64
        1 at the middle of each lung, with the spread of the lung's own pixels; 0 outside.
    """
    out = np.zeros(lungs.shape)
    for value in (RIGHT, LEFT):
        places = np.argwhere(lungs == value)
        if len(places) < 3:
            continue
        away = places - places.mean(axis=0)
        spread = away.T @ away / len(places) + 1e-6 * np.eye(2)
        out[tuple(places.T)] = np.exp(-0.5 * np.einsum("ij,jk,ik->i", away, np.linalg.inv(spread), away))
    return out


def middles(lungs: NDArray[np.uint8]) -> list[tuple[int, int]]:
    """Return the pixel at which the centre prior is highest, of each lung that is there."""
    prior = centre_prior(lungs)
    return [top_point(prior, lungs == value) for value in (RIGHT, LEFT) if (lungs == value).any()]


def share_in(points: list[tuple[int, int]], marked: NDArray[np.bool_]) -> float:
    """Return the share of points that lie in what was marked; NaN without points."""
    return float(np.mean([marked[point] for point in points])) if points else float("nan")
