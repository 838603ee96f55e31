"""Measures of a decision about two classes in which every film counts as often as its patient was drawn.

All of them are computed for many draws at once. With every weight 1 they are the plain measures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_tbcad.evaluate.calibration import calibration_sums, recalibration

Floats = NDArray[np.float64]

WHO_SPECIFICITY, WHO_RECALL = 0.70, 0.90
"""WHO's target of a triage test: at least 0.90 recall (sensitivity) at 0.70 specificity."""

_CELLS = 2_000_000
"""Numbers held at once by measures that need every film of every draw."""


@dataclass(frozen=True, eq=False)
class Judged:
    """Films that one method judged, each once.

    Parameters
    ----------
    truth : (n,) array of bool
        Tuberculosis.
    score : (n,) array of float64
        Probability.
    decision : (n,) array of bool
        Called suspect.
    owner : (n,) array of int
        Column of the draws' weights that holds the film's patient.
    """

    truth: NDArray[np.bool_]
    score: Floats
    decision: NDArray[np.bool_]
    owner: NDArray[np.intp]

    @classmethod
    def of(cls, truth: ArrayLike, score: ArrayLike, decision: ArrayLike, owner: ArrayLike) -> Judged:
        """Take anything that numpy can make such arrays of."""
        return cls(
            np.asarray(truth).astype(bool),
            np.asarray(score, dtype=np.float64),
            np.asarray(decision).astype(bool),
            np.asarray(owner, dtype=np.intp),
        )

    @cached_property
    def positive(self) -> NDArray[np.intp]:
        """Films with tuberculosis, by rising score."""
        return _by_score(self.score, self.truth)

    @cached_property
    def negative(self) -> NDArray[np.intp]:
        """Films without, by rising score."""
        return _by_score(self.score, ~self.truth)


def _by_score(score: Floats, chosen: NDArray[np.bool_]) -> NDArray[np.intp]:
    where = np.flatnonzero(chosen)
    return where[np.argsort(score[where], kind="stable")]


def per_owner(values: ArrayLike, owner: NDArray[np.intp], owners: int) -> Floats:
    """Sum what films have, (n,) or (n, k), over each patient: (P,) or (P, k)."""
    given = np.asarray(values, dtype=np.float64)
    out = np.zeros((owners, *given.shape[1:]))
    np.add.at(out, owner, given)
    return out


def ratio(above: Floats, below: Floats) -> Floats:
    """Divide; NaN where nothing is below."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(below > 0, above / np.where(below > 0, below, 1), np.nan)


def count_measures(films: Judged, weights: NDArray[np.floating]) -> dict[str, Floats]:
    """Return the measures of the four cells of the confusion matrix, and the Brier score.

    Parameters
    ----------
    films : Judged
    weights : (D, P) array of float
        How often each patient counts in each draw.

    Returns
    -------
    dict of str to (D,) array of float64
        precision, recall, specificity, f1, f1_normal, error_rate, accuracy, brier; NaN where undefined.
    """
    y, d = films.truth, films.decision
    cells = np.column_stack([y & d, y & ~d, ~y & d, ~y & ~d, (films.score - y) ** 2])
    sums = weights @ per_owner(cells, films.owner, weights.shape[1])
    tp, fn, fp, tn, square = sums.astype(np.float64).T
    n = tp + fn + fp + tn
    return {
        "precision": ratio(tp, tp + fp),
        "recall": ratio(tp, tp + fn),
        "specificity": ratio(tn, tn + fp),
        "f1": ratio(2 * tp, 2 * tp + fn + fp),
        "f1_normal": ratio(2 * tn, 2 * tn + fn + fp),
        "error_rate": ratio(fp + fn, n),
        "accuracy": ratio(tp + tn, n),
        "brier": ratio(square, n),
    }


def rank_measures(films: Judged, weights: NDArray[np.floating]) -> dict[str, Floats]:
    """Return what depends on the order of the films: the area under the ROC curve and two points of it.

    Parameters
    ----------
    films, weights
        See :func:`count_measures`.

    Returns
    -------
    dict of str to (D,) array of float64
        auc: the share of pairs of a film with and one without tuberculosis in the right order, ties counting
        half (Mann and Whitney). recall_at_specificity_70: of ``score > t`` at the lowest t whose specificity
        reaches 0.70. specificity_at_recall_90: of ``score >= t`` at the highest t whose recall reaches 0.90.
        The two thresholds are found anew in every draw.
    """
    names = ("auc", "recall_at_specificity_70", "specificity_at_recall_90")
    if not len(films.positive) or not len(films.negative):
        return {name: np.full(len(weights), np.nan) for name in names}
    parts = [_rank_measures(films, some) for some in _chunks(weights, len(films.truth))]
    return {name: np.concatenate([part[number] for part in parts]) for number, name in enumerate(names)}


def _rank_measures(films: Judged, weights: NDArray[np.floating]) -> tuple[Floats, Floats, Floats]:
    cases, controls = films.score[films.positive], films.score[films.negative]
    of_cases = weights[:, films.owner[films.positive]].astype(np.float64)
    case_sums = _sums(of_cases)
    control_sums = _sums(weights[:, films.owner[films.negative]].astype(np.float64))
    n_cases, n_controls = case_sums[:, -1], control_sums[:, -1]
    below = np.searchsorted(controls, cases, "left")
    upto = np.searchsorted(controls, cases, "right")
    beaten = control_sums[:, below]
    if (below != upto).any():
        beaten = (beaten + control_sums[:, upto]) / 2
    area = ratio(np.einsum("dn,dn->d", of_cases, beaten), n_cases * n_controls)

    draws = np.arange(len(weights))
    # The lowest control such that enough controls are below it or equal.
    at = np.argmax(control_sums[:, 1:] >= WHO_SPECIFICITY * n_controls[:, None] - 1e-9, axis=1)
    missed = case_sums[draws, np.searchsorted(cases, controls, "right")[at]]
    recall = ratio(n_cases - missed, n_cases)
    # The highest case such that few enough cases are below it.
    few = case_sums[:, :-1] <= (1 - WHO_RECALL) * n_cases[:, None] + 1e-9
    at = few.shape[1] - 1 - np.argmax(few[:, ::-1], axis=1)
    specificity = ratio(control_sums[draws, below[at]], n_controls)
    undefined = (n_cases == 0) | (n_controls == 0)
    return area, np.where(undefined, np.nan, recall), np.where(undefined, np.nan, specificity)


def rank_area(films: Judged, weights: NDArray[np.floating]) -> Floats:
    """Return the area under the ROC curve of each draw alone; see :func:`rank_measures`."""
    return rank_measures(films, weights)["auc"]


def _sums(weights: Floats) -> Floats:
    """Return how much weight is before each film, and at the end all of it: (D, n + 1)."""
    out = np.zeros((len(weights), weights.shape[1] + 1))
    np.cumsum(weights, axis=1, out=out[:, 1:])
    return out


def calibration_measures(films: Judged, weights: NDArray[np.floating]) -> dict[str, Floats]:
    """Return calibration_slope, calibration_intercept and ece; see `napari_tbcad.evaluate.calibration`."""
    slopes, intercepts = [], []
    start: tuple[float, float, float] | None = None
    for some in _chunks(weights, 2 * len(films.truth)):
        if start is None:
            every = np.ones((1, len(films.truth)))
            one = recalibration(films.truth, films.score, every)
            start = (float(one.slope[0]), float(one.joint[0]), float(one.intercept[0]))
        # Each draw is a little way from all films, so a few coarse steps from there are enough.
        exact = len(weights) == 1
        found = recalibration(films.truth, films.score, some[:, films.owner], start=start, exact=exact)
        slopes.append(found.slope)
        intercepts.append(found.intercept)
    bins = weights @ per_owner(calibration_sums(films.truth, films.score), films.owner, weights.shape[1])
    films_drawn = weights @ per_owner(np.ones(len(films.truth)), films.owner, weights.shape[1])
    return {
        "calibration_slope": np.concatenate(slopes),
        "calibration_intercept": np.concatenate(intercepts),
        "ece": ratio(np.abs(bins).sum(axis=1).astype(np.float64), films_drawn.astype(np.float64)),
    }


def measures(films: Judged, weights: NDArray[np.floating]) -> dict[str, Floats]:
    """Return every figure of summary.csv for each draw; see the functions above."""
    return (
        count_measures(films, weights) | rank_measures(films, weights) | calibration_measures(films, weights)
    )


def _chunks(weights: NDArray[np.floating], films: int) -> Iterator[NDArray[np.floating]]:
    step = max(1, _CELLS // max(films, 1))
    for start in range(0, len(weights), step):
        yield weights[start : start + step]
