"""Figures of merit of a decision about two classes, each with its textbook 95 % interval.

The textbook takes every film for a patient of its own. Figures of an evaluation have intervals by patient
instead: :mod:`napari_tbcad.evaluate.intervals`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Z95 = 1.959963984540054


class Figure(NamedTuple):
    """A measured value and its 95 % interval; NaN where it is not defined."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return ``0.880 (0.850–0.910)``."""
        return "not defined" if np.isnan(self.value) else f"{self.value:.3f} ({self.low:.3f}–{self.high:.3f})"


UNDEFINED = Figure(float("nan"), float("nan"), float("nan"))


class Confusion(NamedTuple):
    """Counts of films: tuberculosis is the positive class."""

    tp: int
    fn: int
    fp: int
    tn: int


def confusion(truth: ArrayLike, decision: ArrayLike) -> Confusion:
    """Count films by truth (n,) and decision (n,), both 1 for tuberculosis."""
    y, d = np.asarray(truth).astype(bool), np.asarray(decision).astype(bool)
    return Confusion(int((y & d).sum()), int((y & ~d).sum()), int((~y & d).sum()), int((~y & ~d).sum()))


def wilson(hits: float, n: int) -> Figure:
    """Return a proportion with its Wilson score interval.

    Parameters
    ----------
    hits : float
        Need not be whole where films of one patient stand for one observation.
    n : int
        Observations.

    References
    ----------
    E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22:209, 1927.
    """
    if n == 0:
        return UNDEFINED
    p, z2 = hits / n, Z95**2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * np.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return Figure(p, max(0.0, float(centre - half)), min(1.0, float(centre + half)))


def _placements(y: NDArray[np.bool_], score: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Share of the other class on the right side of each film, ties counting half (DeLong, eq. 4 and 5)."""
    cases, controls = score[y], score[~y]
    m, n = len(cases), len(controls)
    ranks = stats.rankdata(np.concatenate([cases, controls]))
    of_cases = (ranks[:m] - stats.rankdata(cases)) / n
    of_controls = 1 - (ranks[m:] - stats.rankdata(controls)) / m
    return of_cases, of_controls


def auc(truth: ArrayLike, score: ArrayLike) -> Figure:
    """Area under the ROC curve with DeLong's interval on the logit scale.

    The logit scale keeps the interval inside (0, 1) near its ends (Pepe 2003, section 5.2.6).

    References
    ----------
    E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, Biometrics 44:837, 1988.
    X. Sun, W. Xu, Fast implementation of DeLong's algorithm, IEEE Sig. Proc. Lett. 21:1389, 2014.
    """
    y, s = np.asarray(truth).astype(bool), np.asarray(score, dtype=np.float64)
    if y.all() or not y.any():
        return UNDEFINED
    of_cases, of_controls = _placements(y, s)
    value = float(of_cases.mean())
    if min(len(of_cases), len(of_controls)) < 2:
        return Figure(value, 0.0, 1.0)
    variance = of_cases.var(ddof=1) / len(of_cases) + of_controls.var(ddof=1) / len(of_controls)
    if not 0 < value < 1:
        # No disorder was seen, so DeLong's variance is 0; the exact one-sided bound on "no discordant
        # film" is what the data still allow.
        allowed = 0.025 ** (1 / min(len(of_cases), len(of_controls)))
        return Figure(value, allowed, 1.0) if value == 1 else Figure(value, 0.0, 1 - allowed)
    middle, half = np.log(value / (1 - value)), Z95 * np.sqrt(variance) / (value * (1 - value))
    low, high = 1 / (1 + np.exp(-(middle - half))), 1 / (1 + np.exp(-(middle + half)))
    return Figure(value, float(low), float(high))


@dataclass(frozen=True)
class Comparison:
    """Two scores on the same films.

    Parameters
    ----------
    first, second : Figure
        Their areas under the ROC curve.
    difference : Figure
        first − second with its 95 % interval.
    p_value : float
        Two-sided, of no difference.
    """

    first: Figure
    second: Figure
    difference: Figure
    p_value: float


def compare_aucs(truth: ArrayLike, first: ArrayLike, second: ArrayLike) -> Comparison:
    """Test whether two scores of the same films differ in AUC (DeLong's paired test).

    Parameters
    ----------
    truth : (n,) array-like of 0/1
    first, second : (n,) array-like of float
        Scores of the two methods, film by film in the same order.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        If the lengths differ or a class has fewer than two films.

    References
    ----------
    E. R. DeLong et al., Biometrics 44:837, 1988, eq. 5 and 6.
    """
    y = np.asarray(truth).astype(bool)
    scores = [np.asarray(s, dtype=np.float64) for s in (first, second)]
    if any(len(s) != len(y) for s in scores):
        raise ValueError("both methods must have scored the same films")
    if min(y.sum(), (~y).sum()) < 2:
        raise ValueError("each class needs at least two films")
    (a_cases, a_controls), (b_cases, b_controls) = (_placements(y, s) for s in scores)
    difference = float(a_cases.mean() - b_cases.mean())
    variance = (a_cases - b_cases).var(ddof=1) / len(a_cases)
    variance += (a_controls - b_controls).var(ddof=1) / len(a_controls)
    error = float(np.sqrt(variance))
    p_value = float(2 * stats.norm.sf(abs(difference) / error)) if error > 0 else float(difference == 0)
    interval = Figure(difference, difference - Z95 * error, difference + Z95 * error)
    return Comparison(auc(y, scores[0]), auc(y, scores[1]), interval, p_value)


def recall_at_specificity(truth: ArrayLike, score: ArrayLike, specificity: float = 0.70) -> Figure:
    """Recall at the lowest threshold whose specificity on these films reaches `specificity`.

    WHO's target for a triage test is 0.90 at 0.70. The interval is Wilson's and takes the threshold as given.
    """
    y, s = np.asarray(truth).astype(bool), np.asarray(score, dtype=np.float64)
    if y.all() or not y.any():
        return UNDEFINED
    controls = np.sort(s[~y])
    # The threshold lies just above the control at which enough controls are below it or equal.
    needed = int(np.ceil(specificity * len(controls) - 1e-9))
    above = s[y] > controls[needed - 1] if needed else np.ones(y.sum(), dtype=bool)
    return wilson(int(above.sum()), int(y.sum()))
