"""From probabilities to a decision: where the threshold lies and how it was chosen."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def parse_operating_point(name: str | float) -> tuple[str, float]:
    """Read an operating point.

    Parameters
    ----------
    name : str or float
        ``"youden"``, ``"sensitivity=0.9"``, ``"specificity=0.7"``, or a probability such as ``"0.5"``.

    Returns
    -------
    (kind, value)
        kind is ``"fixed"``, ``"youden"``, ``"sensitivity"`` or ``"specificity"``.

    Raises
    ------
    ValueError
        If the text is none of these or the value is not inside (0, 1].
    """
    text = str(name).strip().lower()
    kind, _, number = text.partition("=")
    if kind == "youden" and not number:
        return "youden", float("nan")
    if kind not in ("sensitivity", "specificity"):
        kind, number = "fixed", text
    try:
        value = float(number)
    except ValueError:
        value = float("nan")
    if not 0 < value <= 1 or (kind == "fixed" and value == 1):
        raise ValueError(
            f"operating point {name!r}: give a probability below 1 such as 0.5, youden, or sensitivity=0.9"
        )
    return kind, value


def canonical_name(name: str | float) -> str:
    """Return the one spelling of an operating point, such as ``sensitivity=0.9`` for ``Sensitivity=0.90``."""
    kind, value = parse_operating_point(name)
    return {"fixed": f"{value:g}", "youden": "youden"}.get(kind, f"{kind}={value:g}")


def choose_threshold(y: ArrayLike, score: ArrayLike, name: str | float) -> float:
    """Choose the threshold t of ``suspect = score >= t`` for an operating point.

    Parameters
    ----------
    y : (n,) array-like of bool or 0/1
        1 for tuberculosis. From films that the model did not see (inner folds).
    score : (n,) array-like of float
        Probability in [0, 1] of each film.
    name : str or float
        See :func:`parse_operating_point`. Youden maximises sensitivity + specificity − 1 (Youden 1950);
        a wanted sensitivity takes the highest threshold that reaches it, a wanted specificity the lowest.

    Returns
    -------
    float
        Between the neighbouring scores, so that no film of `score` lies on it; 0 calls every film
        suspect, and a value just above 1 none, where films with a probability of exactly 0 or 1 leave
        nothing else.

    References
    ----------
    W. J. Youden, Index for rating diagnostic tests, Cancer 3:32, 1950.
    """
    kind, value = parse_operating_point(name)
    if kind == "fixed":
        return value
    truth, points = np.asarray(y).astype(bool), np.asarray(score, dtype=np.float64)
    candidates = _between(points)
    sensitivity = np.array([(points[truth] >= t).mean() for t in candidates])
    specificity = np.array([(points[~truth] < t).mean() for t in candidates])
    if kind == "youden":
        index = sensitivity + specificity
        best = np.flatnonzero(index >= index.max() - 1e-12)
        # Of equal optima take the one nearest to 0.5: it is the least surprising to read.
        return float(candidates[best[np.argmin(np.abs(candidates[best] - 0.5))]])
    if kind == "sensitivity":
        return float(candidates[np.flatnonzero(sensitivity >= value - 1e-12)[-1]])
    return float(candidates[np.flatnonzero(specificity >= value - 1e-12)[0]])


def _between(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Thresholds below, between and above the distinct scores, ascending."""
    distinct = np.unique(points)
    ends = np.concatenate([[0.0], distinct, [1.0]])
    middles = (ends[1:] + ends[:-1]) / 2
    if distinct[-1] >= 1:
        middles[-1] = np.nextafter(1.0, 2.0)
    return middles
