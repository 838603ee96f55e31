"""How unsure the program is of a hotspot: what most needs a person's eye has the largest value."""

from __future__ import annotations


def unsure(score: float, abnormal: float, disagreement: float = 0.0) -> float:
    """Return how unsure the program is of what it says of a hotspot, in [0, 1].

    1 − s · max(a, 1 − a) · (1 − d): what is missing to being sure that it is one, that it is of its class,
    and that another look says the same. Of the hotspots that are kept, the faint ones are wrong most often;
    an entropy, which calls the faintest sure (to be none), puts fewer of the wrong ones first.

    Parameters
    ----------
    score : float
        s, probability of being a hotspot, in [0, 1].
    abnormal : float
        a, probability of being abnormal when it is one, in [0, 1].
    disagreement : float, optional
        d, how far several looks contradict each other, in [0, 1].
    """
    return min(max(1 - score * max(abnormal, 1 - abnormal) * (1 - disagreement), 0.0), 1.0)
