"""One probability and one decision from two stages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StageResult:
    """What both stages say of n films; every array has shape (n,).

    Parameters
    ----------
    p1, p2 : float64
        Calibrated probability of stage 1 and stage 2. NaN: not computed (no such stage, or early exit).
    score1, score2 : float64
        Raw decision scores (SVM margin or naive Bayes log-odds).
    deciding_stage : int64
        1 or 2; 0 where stage 2 was needed and its features are missing.
    probability : float64
        p1 where stage 1 decided, else p2; NaN where nothing was decided.
    decision : int64
        1 suspect, 0 not suspect, -1 not decided. Always ``probability >= threshold``.
    threshold, gate : float
        The operating point t, and the probability at which stage 1 decides, max(t1, t).
    """

    p1: Floats
    p2: Floats
    score1: Floats
    score2: Floats
    deciding_stage: NDArray[np.int64]
    probability: Floats
    decision: NDArray[np.int64]
    threshold: float
    gate: float


def combine_stages(
    score1: Floats, p1: Floats, score2: Floats, p2: Floats, *, threshold: float, gate: float
) -> StageResult:
    """Join what both stages say into one probability and the decision that it implies.

    Parameters
    ----------
    score1, p1, score2, p2 : (n,) arrays of float
        Raw scores and calibrated probabilities; NaN where a stage was not computed.
    threshold, gate : float
        t and max(t1, t).
    """
    first = p1 >= gate
    probability = np.where(first, p1, p2)
    known = np.isfinite(probability)
    decision = np.where(known, probability >= threshold, -1).astype(np.int64)
    stage = np.where(first, 1, np.where(known, 2, 0)).astype(np.int64)
    return StageResult(p1, p2, score1, score2, stage, probability, decision, float(threshold), float(gate))
