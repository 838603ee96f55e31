"""Branching pulmonary vessels, grown inside a lung of any shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.simulate.projection import Tube, resample

Array = NDArray[np.float64]


def grow(
    hilum: Array,
    ends: Array,
    *,
    end_radius: float,
    largest: float,
    step: float,
    generator: np.random.Generator,
    detour: float = 0.55,
) -> list[Tube]:
    """Grow a tree from the hilum to given ends.

    Every end, nearest first, joins the tree where the new branch plus `detour` times the way back to the
    hilum is shortest: 0 gives the shortest tree, 1 straight spokes. Radii follow Murray's law with
    exponent 2.7, r^2.7 = Σ r_i^2.7, counted from the ends.

    Parameters
    ----------
    hilum : (3,) array
        Root in mm.
    ends : (n, 3) array
        Where the last branches end, mm.
    end_radius, largest : float
        Radius of the last branches and cap of the first ones, mm.
    step : float
        Distance of the samples along a branch, mm.
    generator : numpy.random.Generator
        Source of the branches' bends.
    detour : float
        See above.

    Returns
    -------
    list of Tube
        One rod a branch.

    References
    ----------
    C. D. Murray, The physiological principle of minimum work, PNAS 12:207, 1926.
    """
    order = np.argsort(np.linalg.norm(ends - hilum, axis=1), kind="stable")
    count = len(ends) + 1
    points = np.vstack([hilum, ends[order]])
    parent = np.full(count, -1)
    path = np.zeros(count)
    for i in range(1, count):
        gap = np.linalg.norm(points[:i] - points[i], axis=1)
        parent[i] = int(np.argmin(gap + detour * path[:i]))
        path[i] = path[parent[i]] + gap[parent[i]]
    load = np.zeros(count)
    is_end = np.ones(count, dtype=bool)
    is_end[parent[1:]] = False
    load[is_end] = 1
    # A parent always precedes its children, so one backward sweep adds up the tree.
    for i in range(count - 1, 0, -1):
        load[parent[i]] += load[i]
    radius = np.minimum(end_radius * load ** (1 / 2.7), largest)
    return [_branch(points, parent, radius, i, step, generator) for i in range(1, count)]


def _branch(
    points: Array, parent: Array, radius: Array, i: int, step: float, generator: np.random.Generator
) -> Tube:
    """Return branch i as a Hermite curve that leaves its parent in the parent's direction."""
    p = int(parent[i])
    start, stop = points[p], points[i]
    straight = stop - start
    size = float(np.linalg.norm(straight))
    before = points[int(parent[p])] if parent[p] >= 0 else start - straight
    leave = start - before
    leave = leave / max(float(np.linalg.norm(leave)), 1e-9) * size
    arrive = straight + generator.normal(0, 0.22 * size, 3)
    t = np.linspace(0, 1, max(int(size / step) + 2, 4))[:, None]
    curve = (
        (2 * t**3 - 3 * t**2 + 1) * start
        + (t**3 - 2 * t**2 + t) * 0.7 * (0.6 * leave + 0.4 * straight)
        + (-2 * t**3 + 3 * t**2) * stop
        + (t**3 - t**2) * arrive
    )
    # A branch is as wide as its own load says, and narrows a little towards its end.
    return Tube(*resample(curve, radius[i] * np.linspace(1.06, 0.92, len(curve)), step))
