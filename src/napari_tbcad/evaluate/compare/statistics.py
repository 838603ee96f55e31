"""Intervals and tests of methods that were judged on the same patients.

**The patient is the unit.** Both views, all lesions and all pixels of a patient come and go together. An
interval is made by drawing patients again with replacement and computing the whole measure anew; where a
method was trained with several seeds, each is measured on the drawn patients and the mean is taken. It
says how far the number depends on which patients were tested, and nothing of how far it depends on the
training: that is the difference between seeds, which stands beside it.

**Two methods** are compared on the same patients. If they were alike, it would not matter which of both a
patient's result comes from: the test exchanges them patient by patient, with all seeds at once, and asks how
often the difference becomes as large as the one seen. It needs no measure that is a mean over patients, which
F1 is not (Yeh 2000). p values of one question and collection are corrected by Holm.

References
----------
B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13 and 15.
A. Yeh, More accurate tests for the statistical significance of result differences, COLING 2000.
F. W. Samuelson, N. Petrick, Comparing image detection algorithms using resampling, ISBI 2006.
B. Phipson, G. K. Smyth, Permutation p-values should never be zero, Stat Appl Genet Mol Biol 9:39, 2010.
S. Holm, A simple sequentially rejective multiple test procedure, Scand J Stat 6:65, 1979.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.evaluate.compare.evidence import GRID, Evidence, Key, Measured
from napari_tbcad.evaluate.resampling import (
    N_BOOTSTRAP,
    N_PERMUTATIONS,
    drawn_patients,
    exchange_p_value,
    exchanges,
    percentile_interval,
)

LEVEL = 0.05
"""Largest corrected p value that is called a difference."""

_AT_ONCE = 500


@dataclass(frozen=True)
class Estimate:
    """One number of a method.

    Parameters
    ----------
    value : float
        Mean over seeds; NaN where it is not defined.
    low, high : float
        95 % interval over patients; NaN with fewer than two patients.
    seeds : tuple of float
        Value of every seed.
    patients : int
    """

    value: float
    low: float
    high: float
    seeds: tuple[float, ...]
    patients: int


@dataclass(frozen=True)
class Contrast:
    """Two methods on the same patients.

    Parameters
    ----------
    first, second : float
        Means over seeds.
    difference, low, high : float
        First − second, and its 95 % interval over patients.
    p_value : float
        Two-sided, of no difference, not corrected; NaN where nothing can be tested.
    least_p : float
        The smallest p value that so many patients can give.
    pairs : tuple of float
        The difference of every seed of the first from every seed of the second.
    patients : int
    """

    first: float
    second: float
    difference: float
    low: float
    high: float
    p_value: float
    least_p: float
    pairs: tuple[float, ...]
    patients: int

    @property
    def agreeing(self) -> int:
        """Pairs of seeds in which the difference has the sign of the mean."""
        return sum(np.sign(one) == np.sign(self.difference) for one in self.pairs)


def estimates(
    seeds: Sequence[Evidence], *, n_bootstrap: int = N_BOOTSTRAP, random_state: int = 0
) -> dict[Key, Estimate]:
    """Return every measure of a method with its interval.

    Parameters
    ----------
    seeds : sequence of Evidence
        The same patients judged by a network of every seed.
    n_bootstrap : int, optional
    random_state : int, optional
        Seed of the resamples; methods with the same patients are drawn the same ones.
    """
    n = len(seeds[0].patients)
    one = np.ones((1, n))
    each = [seed.measures([(seed, one)]) for seed in seeds]
    drawn = _mean_of_seeds(seeds, drawn_patients(n, n_bootstrap, random_state), GRID)
    out: dict[Key, Estimate] = {}
    for key in each[0]:
        values = tuple(float(measured[key][0]) for measured in each)
        value = float(np.mean(values))
        out[key] = Estimate(value, *percentile_interval(value, drawn[key], n), values, n)
    return out


def contrasts(
    first: Sequence[Evidence],
    second: Sequence[Evidence],
    keys: Iterable[Key],
    *,
    points: Sequence[float],
    n_bootstrap: int = N_BOOTSTRAP,
    n_permutations: int = N_PERMUTATIONS,
    random_state: int = 0,
) -> dict[Key, Contrast]:
    """Compare two methods.

    Parameters
    ----------
    first, second : sequence of Evidence
        One each seed; all of the same patients in the same order. A method of one seed, such as one in
        which nothing is random, meets every seed of the other.
    keys : iterable of Key
        Measures that are tested; those that one of both lacks are left out.
    points : sequence of float
        False positives a view of these measures.
    n_bootstrap, n_permutations, random_state : int, optional

    Raises
    ------
    ValueError
        If the patients are not the same.
    """
    if len({one.patients for one in (*first, *second)}) != 1:
        raise ValueError("both methods must have judged the same patients")
    n = len(first[0].patients)
    one = np.ones((1, n))
    values = [[seed.measures([(seed, one)], points) for seed in side] for side in (first, second)]
    wanted = [key for key in keys if all(key in measured for side in values for measured in side)]
    weights = drawn_patients(n, n_bootstrap, random_state)
    drawn = [_mean_of_seeds(side, weights, points) for side in (first, second)]
    swapped, every = exchanges(n, n_permutations, random_state + 1)
    exchanged = _exchanged(first, second, swapped, points)
    out: dict[Key, Contrast] = {}
    for key in wanted:
        a, b = ([float(measured[key][0]) for measured in side] for side in values)
        difference = float(np.mean(a) - np.mean(b))
        p_value = exchange_p_value(difference, exchanged[key], every) if n > 1 else math.nan
        out[key] = Contrast(
            float(np.mean(a)),
            float(np.mean(b)),
            difference,
            *percentile_interval(difference, drawn[0][key] - drawn[1][key], n),
            p_value=p_value,
            least_p=max(2.0 ** (1 - n), 0 if every else 1 / (n_permutations + 1)),
            pairs=tuple(x - y for x in a for y in b),
            patients=n,
        )
    return out


def _mean_of_seeds(
    seeds: Sequence[Evidence], weights: NDArray[np.float64], points: Sequence[float]
) -> Measured:
    """Measure every seed on the same drawn patients and take the mean."""
    chunks = [weights[start : start + _AT_ONCE] for start in range(0, len(weights), _AT_ONCE)]
    parts = [_mean([seed.measures([(seed, some)], points) for seed in seeds]) for some in chunks]
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def _exchanged(
    first: Sequence[Evidence],
    second: Sequence[Evidence],
    swapped: NDArray[np.float64],
    points: Sequence[float],
) -> Measured:
    """Return the difference under every exchange of patients."""
    # Every seed takes part equally often, also where the methods have different numbers of them.
    rounds = math.lcm(len(first), len(second))
    pairs = [(first[n % len(first)], second[n % len(second)]) for n in range(rounds)]
    parts: list[Measured] = []
    for start in range(0, len(swapped), _AT_ONCE):
        there = swapped[start : start + _AT_ONCE]
        kept = 1 - there
        a = _mean([x.measures([(x, kept), (y, there)], points) for x, y in pairs])
        b = _mean([x.measures([(x, there), (y, kept)], points) for x, y in pairs])
        parts.append({key: a[key] - b[key] for key in a})
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def _mean(measured: Sequence[Measured]) -> Measured:
    return {key: np.mean([one[key] for one in measured], axis=0) for key in measured[0]}
