"""Patients drawn again, patients exchanged between two methods, and p values corrected for their number.

**The patient is the unit.** Both views, all films, all lesions and all pixels of a patient come and go
together. An interval is made by drawing patients again with replacement and computing the whole measure anew
(percentiles of the draws). Two methods judged on the same patients are compared by exchanging their results
patient by patient: if the methods were alike, it would not matter which of both a result comes from.

References
----------
B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13 and 15.
B. Phipson, G. K. Smyth, Permutation p-values should never be zero, Stat Appl Genet Mol Biol 9:39, 2010.
S. Holm, A simple sequentially rejective multiple test procedure, Scand J Stat 6:65, 1979.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

N_BOOTSTRAP = 1000
"""Times that patients are drawn again."""

N_PERMUTATIONS = 9999
"""Exchanges of two methods; with few patients all there are."""

UNDEFINED_SHARE = 0.05
"""Where more of the draws than this leave a measure undefined, its interval is not given."""


def drawn_patients(patients: int, n: int, random_state: int) -> NDArray[np.float64]:
    """Return how often each patient is drawn in n resamples, (n, P)."""
    generator = np.random.default_rng(random_state)
    return generator.multinomial(patients, np.full(patients, 1 / patients), size=n).astype(np.float64)


def exchanges(patients: int, n: int, random_state: int) -> tuple[NDArray[np.float64], bool]:
    """Return which patients are exchanged (n, P), 0 or 1, and whether these are all ways there are."""
    if patients < 60 and 2**patients <= n + 1:
        numbers = np.arange(2**patients)[:, None]
        return (numbers >> np.arange(patients) & 1).astype(np.float64), True
    generator = np.random.default_rng(random_state)
    return generator.integers(0, 2, size=(n, patients)).astype(np.float64), False


def exchange_p_value(difference: float, exchanged: NDArray[np.float64], every: bool) -> float:
    """Return the share of exchanges with a difference as large; where it is not defined it counts as such.

    Parameters
    ----------
    difference : float
        The one seen.
    exchanged : (n,) array of float
        Under every exchange.
    every : bool
        Whether these are all exchanges there are; else the one seen is counted with them (Phipson 2010).
    """
    if math.isnan(difference):
        return math.nan
    # Sums are added in another order after an exchange: equal numbers may differ in the last digits.
    reached = ~(np.abs(exchanged) < abs(difference) - 1e-12)
    extra = 0 if every else 1
    return float((reached.sum() + extra) / (len(reached) + extra))


def percentile_interval(
    value: float, drawn: NDArray[np.float64], patients: int, *, undefined: float = 1.0
) -> tuple[float, float]:
    """Return the 95 % percentile interval of a measure.

    Parameters
    ----------
    value : float
        The measure itself; NaN gives no interval.
    drawn : (n,) array of float
        The measure of every draw.
    patients : int
        Fewer than two give no interval.
    undefined : float, optional
        Largest share of draws that may leave the measure undefined.
    """
    known = drawn[np.isfinite(drawn)]
    if math.isnan(value) or not len(known) or patients < 2 or 1 - len(known) / len(drawn) > undefined:
        return math.nan, math.nan
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p values corrected for the number of tests; NaN stays NaN and counts as no test.

    References
    ----------
    S. Holm, Scand J Stat 6:65, 1979.
    """
    p: NDArray[np.float64] = np.asarray(p_values, np.float64)
    out = np.full(len(p), np.nan)
    order = np.argsort(p, kind="stable")
    order = order[np.isfinite(p[order])]
    steps = p[order] * np.arange(len(order), 0, -1)
    out[order] = np.minimum(1, np.maximum.accumulate(steps)) if len(order) else steps
    return [float(value) for value in out]


@dataclass(frozen=True, eq=False)
class Draws:
    """The resamples of a run: the same for every method, variant and control, so that differences pair.

    Parameters
    ----------
    patients : tuple of str
        Everyone in the run, sorted.
    weights : (n, P) array of float32
        How often each is drawn.
    seed : int
        Of the draws, and of exchanges of the same patients.
    """

    patients: tuple[str, ...]
    weights: NDArray[np.float32]
    seed: int = 0

    @classmethod
    def of(cls, patients: ArrayLike, n_bootstrap: int = N_BOOTSTRAP, random_state: int = 0) -> Draws:
        """Draw the patients, named once or as often as they have films."""
        names = tuple(sorted(set(np.asarray(patients).astype(str).tolist())))
        weights = (
            drawn_patients(len(names), n_bootstrap, random_state) if names else np.zeros((n_bootstrap, 0))
        )
        return cls(names, weights.astype(np.float32), random_state)

    def owners(self, patients: ArrayLike) -> NDArray[np.intp]:
        """Return the column of `weights` of each film's patient.

        Raises
        ------
        ValueError
            If one is not among the patients.
        """
        columns = pd.Index(self.patients).get_indexer(pd.Index(np.asarray(patients).astype(str)))
        if (columns < 0).any():
            raise ValueError("a film belongs to a patient who is not among those drawn")
        return columns.astype(np.intp)
