"""How unsure the program is of a hotspot: what most needs a person's eye has the largest value."""

from __future__ import annotations

import math


def unsure(score: float, abnormal: float, disagreement: float = 0.0) -> float:
    """Return how unsure a hotspot is, in [0, 1].

    1 − (1 − H(score)) (1 − H(abnormal)) (1 − disagreement), H the binary entropy in bits: each doubt, whether
    it is one at all, of which class, and whether another look says the same, raises it alone.

    Parameters
    ----------
    score : float
        Probability of being a hotspot, in [0, 1].
    abnormal : float
        Probability of being abnormal when it is one, in [0, 1].
    disagreement : float, optional
        How far several looks contradict each other, in [0, 1].
    """
    sure = (1 - binary_entropy(score)) * (1 - binary_entropy(abnormal)) * (1 - disagreement)
    return min(max(1 - sure, 0.0), 1.0)


def binary_entropy(probability: float) -> float:
    """Return −p log₂ p − (1 − p) log₂ (1 − p), in [0, 1]; 0 at the ends."""
    return -sum(p * math.log2(p) for p in (probability, 1 - probability) if p > 0)
