"""Whether probabilities mean what they say.

- **Calibration slope** b: of the logistic recalibration ``logit P(y=1) = a + b logit p`` (Cox 1958). 1 is
  right; below 1 probabilities are too extreme, above 1 too timid.
- **Calibration intercept** a: of the same with b = 1 (calibration in the large, as Van Calster 2019 reports
  it). 0 is right; below 0 tuberculosis is rarer than the probabilities say.
- **Expected calibration error** (ECE): over ten bins of equal width, the mean over films of the distance
  between a bin's mean probability and its share of tuberculosis (Naeini 2015). Chance alone lifts it above 0
  where bins hold few films: its interval (:func:`ece_ends`) says how much of it may be chance.
- **Brier score**: mean squared distance of the probability from the truth (Brier 1950).

All depend on how common tuberculosis is among the films tested, which in a made-up collection is nobody's
true share.

References
----------
D. R. Cox, Two further applications of a model for binary regression, Biometrika 45:562, 1958.
B. Van Calster et al., Calibration: the Achilles heel of predictive analytics, BMC Medicine 17:230, 2019.
M. P. Naeini, G. F. Cooper, M. Hauskrecht, Obtaining well calibrated probabilities using Bayesian binning,
AAAI 2015. G. W. Brier, Verification of forecasts expressed in terms of probability, Mon Weather Rev
78:1, 1950.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logit

Floats = NDArray[np.float64]
AnyFloats = NDArray[np.floating]

ECE_BINS = 10
_CLIP = 1e-6
_ROUNDS, _FAR = 30, 60.0


class Recalibration(NamedTuple):
    """Logistic recalibration of each draw, (D,) float64; NaN where it has no finite solution.

    Parameters
    ----------
    slope, joint
        b and a of ``logit P = a + b logit p``.
    intercept
        a of ``logit P = a + logit p``.
    """

    slope: Floats
    joint: Floats
    intercept: Floats


def recalibration(
    truth: ArrayLike,
    probability: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    start: tuple[float, float, float] | None = None,
    exact: bool = True,
) -> Recalibration:
    """Fit the logistic recalibration by Newton's method, for every row of weights at once.

    Parameters
    ----------
    truth : (n,) array-like of bool
    probability : (n,) array-like of float
        Kept 1e-6 from 0 and 1, whose log-odds are infinite.
    weights : (D, n) array-like of float, optional
        How often each film counts; once when not given.
    start : tuple of float, optional
        slope, joint, intercept to start from.
    exact : bool, optional
        False computes in float32, four times as fast and right to three digits: for draws.
    """
    kind: type[np.floating] = np.float64 if exact else np.float32
    y = np.asarray(truth).astype(kind)
    x = logit(np.clip(np.asarray(probability, dtype=np.float64), _CLIP, 1 - _CLIP)).astype(kind)
    w = np.ones((1, len(y)), kind) if weights is None else np.atleast_2d(np.asarray(weights, dtype=kind))
    slope, joint, intercept = start or (1.0, 0.0, 0.0)
    slope, joint, intercept = (
        value if np.isfinite(value) else usual
        for value, usual in ((slope, 1.0), (joint, 0.0), (intercept, 0.0))
    )
    enough = 1e-7 if exact else 1e-4
    both = _newton(x, y, w, (joint, slope), enough)
    # From far off Newton's steps may run in circles where some probabilities are extreme; from 0, where the
    # curvature is greatest, they are short and settle. It takes more of them, so only where it is needed.
    lost = np.flatnonzero(~np.isfinite(both[:, 1]))
    if len(lost):
        both[lost] = _newton(x, y, w[lost], (0.0, 0.0), enough)
    return Recalibration(both[:, 1], both[:, 0], _newton_intercept(x, y, w, intercept, enough))


def _logistic(odds: AnyFloats) -> AnyFloats:
    """Return 1 / (1 + exp(−odds)); numpy computes this faster than scipy's expit, above all in float32."""
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -80, 80))))


def _newton(x: AnyFloats, y: AnyFloats, w: AnyFloats, start: tuple[float, float], enough: float) -> Floats:
    """Maximise the likelihood of ``a + b x``; (D, 2) of a and b."""
    powers = np.column_stack([np.ones_like(x), x, x * x])
    wanted = w @ (powers[:, :2] * y[:, None])
    found = np.tile(np.asarray(start, np.float64), (len(w), 1))
    out = np.full((len(w), 2), np.nan)
    active = np.flatnonzero(_both_classes(y, w))
    found, w, wanted = found[active], w[active], wanted[active]
    for _ in range(_ROUNDS):
        if not len(active):
            break
        p = _logistic(found[:, :1].astype(x.dtype) + found[:, 1:].astype(x.dtype) * x)
        weighted = w * p
        gradient = wanted - weighted @ powers[:, :2]
        h0, h1, h2 = ((weighted * (1 - p)) @ powers).astype(np.float64).T
        determinant = h0 * h2 - h1 * h1
        solvable = determinant > 1e-12 * np.maximum(h0 * h2, 1e-300)
        safe = np.where(solvable, determinant, 1)
        step = np.column_stack(
            [h2 * gradient[:, 0] - h1 * gradient[:, 1], h0 * gradient[:, 1] - h1 * gradient[:, 0]]
        )
        # A long first step may overshoot to where every probability is 0 or 1.
        step = np.clip(step / safe[:, None], -2.0, 2.0)
        found = found + step
        done = solvable & (np.abs(step).max(axis=1) < enough * (1 + np.abs(found).max(axis=1)))
        out[active[done]] = found[done]
        going = ~done & solvable & (np.abs(found).max(axis=1) < _FAR)
        active, found, w, wanted = active[going], found[going], w[going], wanted[going]
    return out


def _newton_intercept(x: AnyFloats, y: AnyFloats, w: AnyFloats, start: float, enough: float) -> Floats:
    """Maximise the likelihood of ``a + x``; (D,) of a."""
    out = np.full(len(w), np.nan)
    active = np.flatnonzero(_both_classes(y, w))
    w = w[active]
    wanted, found = w @ y, np.full(len(active), start, np.float64)
    for _ in range(_ROUNDS):
        if not len(active):
            break
        p = _logistic(found[:, None].astype(x.dtype) + x)
        weighted = w * p
        gradient = wanted - weighted.sum(axis=1)
        curvature = weighted.sum(axis=1) - np.einsum("dn,dn->d", weighted, p)
        step = np.clip(gradient / np.maximum(curvature, 1e-12), -2.0, 2.0)
        found = found + step
        done = np.abs(step) < enough * (1 + np.abs(found))
        out[active[done]] = found[done]
        active, found, w, wanted = active[~done], found[~done], w[~done], wanted[~done]
    return out


def _both_classes(y: AnyFloats, w: AnyFloats) -> NDArray[np.bool_]:
    return np.asarray(((w @ y) > 0) & ((w @ (1 - y)) > 0))


def calibration_sums(truth: ArrayLike, probability: ArrayLike, *, n_bins: int = ECE_BINS) -> Floats:
    """Return truth less probability in the film's own bin of equal width, 0 in the others: (n, n_bins).

    Summed over films, and the absolute bins summed and divided by the number of films, this is the ECE.
    """
    y, p = np.asarray(truth).astype(np.float64), np.asarray(probability, dtype=np.float64)
    out = np.zeros((len(y), n_bins))
    out[np.arange(len(y)), np.clip((p * n_bins).astype(int), 0, n_bins - 1)] = y - p
    return out


def ece_ends(value: float, drawn: Floats, chance: Floats) -> tuple[float, float]:
    """Return the 95 % interval of an ECE.

    Drawing films again adds chance error to the chance error that is there, so that percentiles of the
    draws lie above the truth, often all of them. They are reflected at the value instead (the basic
    interval), and the lower end is 0 where chance alone would give so much.

    Parameters
    ----------
    value : float
    drawn : (D,) array
        The ECE of every draw of patients.
    chance : (D,) array
        What it is of probabilities that are right: the sign of each patient's errors dealt out at random.

    References
    ----------
    J. Bröcker, L. A. Smith, Increasing the reliability of reliability diagrams, Weather Forecast 22:651,
    2007.
    """
    known = drawn[np.isfinite(drawn)]
    if not np.isfinite(value) or not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [0.025, 0.975])
    by_chance = value <= np.quantile(chance, 0.975)
    return 0.0 if by_chance else max(0.0, 2 * value - float(high)), max(value, 2 * value - float(low))
