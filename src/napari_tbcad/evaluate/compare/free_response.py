"""The free-response curve of many sets of drawn patients at once.

It gives what :class:`~napari_tbcad.evaluate.compare.lesions.FreeResponse` gives of one set after the other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_AT_ONCE = 4_000_000
"""Numbers of one array in memory."""


class DrawnResponse:
    """Lesions and false positives of views, sorted by score.

    Parameters
    ----------
    lesions, false : sequence of sequences of float
        By view: score of each true lesion, negative where it was missed; scores of false ones.
    clean : (V,) array of bool
        Views without any lesion.
    """

    def __init__(
        self, lesions: Sequence[Sequence[float]], false: Sequence[Sequence[float]], clean: NDArray[np.bool_]
    ) -> None:
        self._clean = clean.astype(np.float32)
        self._counts = np.array([len(one) for one in lesions], np.float32)
        self._lesions, self._lesion_views = _sorted(lesions)
        self._false, self._false_views = _sorted(false)
        there = clean[self._false_views]
        self._clean_false, self._clean_views = self._false[there], self._false_views[there]

    def at(
        self, weights: NDArray[np.floating], points: Sequence[float], working_point: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Measure sensitivity, and false positives in clean views.

        Parameters
        ----------
        weights : (B, V) array of float
            How often each view counts in each set.
        points : sequence of float
            False positives a view.
        working_point : float
            The same, for the threshold at which clean views are looked at.

        Returns
        -------
        sensitivity : (B, len(points)) array of float64
            At the lowest threshold that lets at most so many pass; NaN without lesions.
        false_in_clean : (B,) array of float64
            False positives a clean view at the working point's threshold; NaN without clean views.
        """
        step = max(1, _AT_ONCE // max(1, len(self._false), len(self._lesions)))
        parts = [
            self._part(weights[start : start + step].astype(np.float32), points, working_point)
            for start in range(0, len(weights), step)
        ]
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

    def _part(
        self, weights: NDArray[np.float32], points: Sequence[float], working_point: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        views = weights.sum(1, dtype=np.float64)
        passed = self._passed(weights, max(*points, working_point) * views)
        hits = _running(weights[:, self._lesion_views])
        total = (weights @ self._counts).astype(np.float64)
        found = np.full((len(weights), len(points)), np.nan)
        rows = np.arange(len(weights))
        for index, point in enumerate(points):
            n = _above(self._lesions, self._limits(passed, point * views))
            np.divide(hits[rows, n], total, out=found[:, index], where=total > 0)
        n = _above(self._clean_false, self._limits(passed, working_point * views))
        alarms = _running(weights[:, self._clean_views[: n.max(initial=0)]])
        clean = (weights @ self._clean).astype(np.float64)
        wrong = np.divide(alarms[rows, n], clean, out=np.full(len(weights), np.nan), where=clean > 0)
        return found, wrong

    def _passed(self, weights: NDArray[np.float32], most: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return running sums of false positives, at least until there are more than the most asked for."""
        # Weights are 1 on average: twice as many are nearly always enough, of the thousands there may be.
        length = int(2 * most.max(initial=0)) + 1
        if length < len(self._false):
            passed = np.cumsum(weights[:, self._false_views[:length]], axis=1)
            if (passed[:, -1] > most).all():
                return passed
        return np.cumsum(weights[:, self._false_views], axis=1)

    def _limits(self, passed: NDArray[np.float32], allowed: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the score that the first false positive too many has; −1 where there is none."""
        first = (passed <= allowed[:, None]).sum(1)
        return np.append(self._false, -1.0)[first]


def _sorted(scores: Sequence[Sequence[float]]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return all scores that are not negative, falling, and the view of each."""
    values = np.array([value for one in scores for value in one], np.float64)
    views = np.repeat(np.arange(len(scores)), [len(one) for one in scores]).astype(np.intp)
    order = np.argsort(-values, kind="stable")
    order = order[values[order] >= 0]
    return values[order], views[order]


def _running(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return sums of the first 0, 1, 2, … columns."""
    return np.pad(np.cumsum(weights, axis=1), ((0, 0), (1, 0)))


def _above(falling: NDArray[np.float64], limits: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return how many scores lie above each limit."""
    return np.searchsorted(-falling, -limits, side="left")
