"""Whether a map explains the decision: what it calls most important is taken away, and as much at random.

Deletion test (Samek et al. 2017), with parts as large and as compact at random: scattered pixels or one
large disc would change texture otherwise than the parts of the map do.

References
----------
W. Samek et al., Evaluating the visualization of what a deep neural network has learned, IEEE Trans Neural
Netw Learn Syst 28:2660-2673, 2017.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.chest.explain.regions import Region, region_of
from napari_tbcad.chest.explain.removal import Removal

SHARE = 0.10
"""Of the lungs, that is taken away."""
N_RANDOM = 20


@dataclass(frozen=True)
class Moved:
    """How far a removal moved the decision back, towards the other answer.

    Parameters
    ----------
    log_odds, probability : float
        Change towards the other answer: positive is the right side.
    random_log_odds, random_probability : float
        Mean over random removals of as much.
    beaten : float
        Share of the random removals that moved the log-odds less.
    random_right_side : float
        Share of the random removals to the right side.
    """

    log_odds: float
    probability: float
    random_log_odds: float
    random_probability: float
    beaten: float
    random_right_side: float


def highest(
    values: NDArray[np.floating], lungs: NDArray[np.uint8], share: float = SHARE
) -> NDArray[np.bool_]:
    """Return the pixels with the highest values, as many as this share of the lungs."""
    places = np.flatnonzero(lungs.ravel())
    n = max(1, round(share * len(places)))
    chosen = places[np.argsort(-values.ravel()[places], kind="stable")[:n]]
    out = np.zeros(lungs.size, bool)
    out[chosen] = True
    return out.reshape(lungs.shape)


def random_like(
    part: NDArray[np.bool_], lungs: NDArray[np.uint8], generator: np.random.Generator
) -> NDArray[np.bool_]:
    """Return parts of the lungs at random places, as many and as large as the connected parts of another.

    Parameters
    ----------
    part : (H, W) array of bool
        What is imitated.
    lungs : (H, W) array of uint8
        0 background, 1 right lung, 2 left lung.
    generator : numpy Generator
        Source of chance.

    Returns
    -------
    (H, W) array of bool
        Each part grows round a random pixel within one lung; they do not overlap. As many pixels as `part`,
        less only where a lung has no room left.
    """
    labels, n = ndimage.label(part)
    out = np.zeros(part.shape, bool)
    for size in -np.sort(-np.bincount(labels.ravel(), minlength=n + 1)[1:]):
        free = np.argwhere((lungs > 0) & ~out)
        seed = free[generator.integers(len(free))]
        same = free[lungs[tuple(free.T)] == lungs[tuple(seed)]]
        near = np.argsort(((same - seed) ** 2).sum(axis=1), kind="stable")[:size]
        out[tuple(same[near].T)] = True
    return out


def removal_test(
    removal: Removal,
    values: NDArray[np.floating],
    *,
    suspect: bool,
    share: float = SHARE,
    n_random: int = N_RANDOM,
    seed: int = 0,
) -> Moved:
    """Take away what speaks most for a decision, and as much at random.

    Parameters
    ----------
    removal : Removal
        The film, ready to be measured without parts; the same for the map's part and for random ones.
    values : (H, W) array
        The map on its grid: positive speaks for tuberculosis.
    suspect : bool
        What was decided: with False the most negative part of the map is taken away.
    share : float, optional
        Of the lungs.
    n_random : int, optional
        Random removals.
    seed : int, optional
        Of the random places.
    """
    side = 1 if suspect else -1
    generator = np.random.default_rng(seed)
    part = highest(side * values, removal.lungs, share)
    masks = [part] + [random_like(part, removal.lungs, generator) for _ in range(n_random)]
    regions: list[Region] = [region_of(mask) for mask in masks]
    rows = removal.rows(regions)[""]
    odds = side * (removal.base - removal.deciding.log_odds(rows))
    before = float(removal.deciding.probability(removal.row[None])[0])
    moved = side * (before - removal.deciding.probability(rows))
    return Moved(
        float(odds[0]),
        float(moved[0]),
        float(odds[1:].mean()),
        float(moved[1:].mean()),
        float((odds[1:] < odds[0]).mean()),
        float((odds[1:] > 0).mean()),
    )
