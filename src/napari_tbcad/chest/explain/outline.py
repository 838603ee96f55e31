"""Where along the outline of the lungs lies what the shape says.

Modes of a shape model are linear in the points of the aligned outline: a stretch of it can be given the
course of normal films, and the stage be asked again. The rest of the outline stays where it is, and so do
position and size to which it was aligned. Other shape features (heights, widths, perimeters) are of the
lungs as wholes and have no place.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_tbcad.chest.explain.deciding import Deciding
from napari_tbcad.chest.shape_model import ShapeModel, outline_points

STRETCH = 0.1
"""Length of the longest stretch as a share of a lung's outline; the shorter one is half of it."""
DEPTH = 0.06
"""How far the evidence of a point reaches into the lung, as a share of the longest side of the grid."""


def outline_evidence(
    deciding: Deciding, row: NDArray[np.float64], sensitive: NDArray[np.uint8], model: ShapeModel
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return points of the outline and the log-odds that each of them brings.

    Parameters
    ----------
    deciding : Deciding
        The stage that decided.
    row : (n_features,) array
        The film.
    sensitive : (H, W) array of uint8
        The mask whose outline was measured, on the working grid.
    model : ShapeModel
        The modes that are among the features.

    Returns
    -------
    points : (P, 2) array of float64
        (x, y) in pixels.
    evidence : (P,) array of float64
        Log-odds: the mean over stretches of two lengths, each laid evenly over its points.
    """
    points = outline_points(sensitive, n_points=model.parameters.n_points)
    names = [name for name in model.names if name in deciding.names]
    index = [deciding.card.feature_names.index(name) for name in names]
    kept = [model.names.index(name) for name in names]
    normal = np.zeros(len(model.modes))
    for place, name in zip(kept, names, strict=True):
        normal[place] = deciding.normal(name) or 0.0
    away = model.align(points) - model.outline(normal)
    weigh = model.modes[kept]
    if model.parameters.whiten:
        weigh = weigh / np.sqrt(model.variances[kept])[:, None, None]
    moves = (weigh * away).sum(axis=2)  # what each point adds to each mode
    per_lung = model.parameters.n_points
    evidence = np.zeros(len(points))
    base = float(deciding.log_odds(row[None])[0])
    for length in (max(2, round(STRETCH * per_lung)), max(2, round(STRETCH * per_lung / 2))):
        members = _stretches(per_lung, length)
        rows = np.repeat(row[None], len(members), axis=0)
        rows[:, index] -= np.stack([moves[:, part].sum(axis=1) for part in members])
        lost = base - deciding.log_odds(rows)
        laid, times = np.zeros(len(points)), np.zeros(len(points))
        for part, value in zip(members, lost, strict=True):
            laid[part] += value / length
            times[part] += 1
        evidence += laid / times / 2
    return points, evidence


def _stretches(per_lung: int, length: int) -> list[NDArray[np.intp]]:
    """Return indices of overlapping stretches of both closed outlines."""
    starts = range(0, per_lung, max(1, length // 2))
    return [lung * per_lung + (start + np.arange(length)) % per_lung for lung in (0, 1) for start in starts]


def painted(
    points: NDArray[np.float64], evidence: NDArray[np.float64], lungs: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """Lay the evidence of outline points over the lung pixels next to them.

    Returns
    -------
    (H, W) array of float64
        Log-odds per pixel, fading with the distance from the outline; the sum is that of the evidence.
    """
    rows, columns = np.nonzero(lungs)
    distance, nearest = cKDTree(points).query(np.column_stack([columns, rows]))
    weight = np.clip(1 - distance / (DEPTH * max(lungs.shape)), 0, 1)
    share = np.bincount(nearest, weights=weight, minlength=len(points))
    out = np.zeros(lungs.shape)
    # A point that no lung pixel is nearest to gives its evidence to no pixel.
    out[rows, columns] = evidence[nearest] * weight / np.maximum(share, 1e-9)[nearest]
    return out
