"""Does correcting masks help? A simulation with masks that are known to be true.

Where reference masks exist, the films are measured twice: inside the automatic masks and inside the
reference. Putting the second measurement in place of the first for some films is what a person does who
corrects them. The classifier is then judged on the mixture, with automatic masks only, some corrected, all
corrected.

Which films a person corrects matters, so there are two orders: at random, and the most doubtful first, by
what the program itself says of its masks (never by their true overlap, which nobody has). Films are
corrected where they train and where they test, as in a project that annotates a collection; with
``only_tested`` the classifier keeps what it learned from automatic masks, as the packaged model does when a
film is corrected in the panel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.fitting import FitJob, Fits, fit_all
from napari_tbcad.evaluate.folds import Fold
from napari_tbcad.evaluate.intervals import auc_figure
from napari_tbcad.evaluate.methods import make_estimator
from napari_tbcad.evaluate.resampling import Draws

AUTOMATIC, TRUE = "automatic", "true"
RANDOM, WORST_FIRST = "at random", "most doubtful first"

COLUMNS = ("condition", "corrected", "auc", "low", "high", "feature_error", "dice", "order", "share")


class _Condition(NamedTuple):
    """Which films are corrected, once for every draw."""

    name: str
    corrected: int
    order: str
    draws: tuple[NDArray[np.bool_], ...]


def correction(
    automatic: pd.DataFrame,
    reference: pd.DataFrame,
    labels: ArrayLike,
    folds: Sequence[Fold],
    *,
    method: str = "hierarchical_svm",
    groups: ArrayLike | None = None,
    dice: ArrayLike | None = None,
    doubt: ArrayLike | None = None,
    options: Mapping[str, Any] | None = None,
    stage1_columns: Sequence[str] | None = None,
    steps: Sequence[float] = (0.1, 0.25, 0.5),
    draws: int = 3,
    only_tested: bool = False,
    seed: int = 0,
    n_bootstrap: int = 500,
    fits: Fits = fit_all,
) -> pd.DataFrame:
    """Judge a method with more and more masks corrected.

    Parameters
    ----------
    automatic, reference : DataFrame
        The same films and features, measured inside automatic and inside true masks.
    labels : (n,) array-like of 0/1
    folds : sequence of Fold
        One repetition of a design.
    method : str
        One of :data:`~napari_tbcad.evaluate.methods.METHODS`.
    groups : (n,) array-like, optional
        Patient of each film.
    dice : (n,) array-like, optional
        Overlap of the automatic with the true mask; for the table alone.
    doubt : (n,) array-like, optional
        How doubtful each automatic mask is, larger is worse, such as :func:`mask_doubt`. Without it films
        are corrected at random only.
    options, stage1_columns
        Of :func:`~napari_tbcad.evaluate.methods.make_estimator`.
    steps : sequence of float
        Parts of the films that are corrected.
    draws : int
        Times that films are chosen at random.
    only_tested : bool
        Train on automatic masks whatever is corrected.
    seed, n_bootstrap : int
        Of the choice and of the resamples.
    fits : callable, optional
        Carries the fits out.

    Returns
    -------
    DataFrame
        condition (automatic, ``+ k at random``, ``+ k most doubtful first``, true), corrected (films), auc,
        low, high, feature_error, dice, order, share. `feature_error` is the mean over films and features of
        |measured − true|, in standard deviations of the true feature between films. Values are means over
        draws.

    Raises
    ------
    BadInput
        If the tables differ in films or features.
    """
    if not automatic.index.equals(reference.index) or list(automatic.columns) != list(reference.columns):
        raise BadInput("correction", "automatic and reference features must be of the same films and names")
    y = np.asarray(labels).astype(np.int64)
    owners = np.arange(len(y)) if groups is None else np.asarray(groups)
    names = [str(column) for column in automatic.columns]
    estimator = make_estimator(method, names, stage1_columns=stage1_columns, **dict(options or {}))
    conditions = _conditions(len(y), steps, doubt, draws, seed)
    jobs = []
    for condition in conditions:
        for chosen in condition.draws:
            mixed = automatic.copy()
            mixed.loc[chosen] = reference.loc[chosen]
            for fold in folds:
                X = mixed
                if only_tested:
                    X = automatic.copy()
                    X.iloc[fold.test] = mixed.iloc[fold.test]
                jobs.append(FitJob(method, estimator, X, y, None if groups is None else owners, fold))
    answers = iter(fits(jobs))
    resamples = Draws.of(owners.astype(str), n_bootstrap, seed)
    patient = dict(zip(automatic.index.astype(str), owners.astype(str), strict=True))
    error = feature_error(automatic, reference).to_numpy()
    overlap = np.full(len(y), np.nan) if dice is None else np.asarray(dice, dtype=np.float64)
    rows = []
    for name, corrected, order, chosen_films in conditions:
        films = pd.concat(
            [
                next(answers).predictions[["file", "label", "probability"]].assign(draw=number)
                for number in range(len(chosen_films))
                for _ in folds
            ]
        )
        who = films["file"].astype(str).map(patient)
        found = auc_figure(films["label"], films["probability"], who, resamples, repeats=films["draw"])
        left = float(np.mean([np.where(chosen, 0, error).mean() for chosen in chosen_films]))
        seen = float(np.mean([np.where(chosen, 1, overlap).mean() for chosen in chosen_films]))
        rows.append((name, corrected, *found, left, seen, order, corrected / len(y)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def feature_error(automatic: pd.DataFrame, reference: pd.DataFrame) -> pd.Series:
    """Return for each film the mean over features of |automatic − reference| over the feature's spread.

    The spread is the standard deviation between films of the reference; features without any are left out.
    """
    spread = reference.std(ddof=1)
    used = spread.index[spread > 1e-12 * np.maximum(1.0, reference.abs().mean())]
    return ((automatic[used] - reference[used]).abs() / spread[used]).mean(axis=1)


def mask_doubt(soft: NDArray[np.floating]) -> float:
    """Return how undecided a segmenter is about a film's lungs.

    Parameters
    ----------
    soft : (2, h, w) array of float
        Membership of the right and the left lung in [0, 1].

    Returns
    -------
    float
        Sum of 4 p (1 − p) over that of p, both over the pixels of either lung: 0 where every pixel is
        decided. Infinite without lungs.
    """
    p = np.clip(np.asarray(soft, dtype=np.float64), 0, 1)
    area = float(p.sum())
    return float((4 * p * (1 - p)).sum() / area) if area > 0 else float("inf")


def _conditions(
    n: int, steps: Sequence[float], doubt: ArrayLike | None, draws: int, seed: int
) -> list[_Condition]:
    none, every = np.zeros(n, bool), np.ones(n, bool)
    generator = np.random.default_rng(seed)
    orders = [generator.permutation(n) for _ in range(draws)]
    counts = sorted({k for k in (round(step * n) for step in steps) if 0 < k < n})
    found = [_Condition(AUTOMATIC, 0, "", (none,))]
    for k in counts:
        chosen = tuple(np.isin(np.arange(n), order[:k]) for order in orders)
        found.append(_Condition(f"+ {k} {RANDOM}", k, RANDOM, chosen))
    if doubt is not None:
        worst = np.argsort(-np.asarray(doubt, dtype=np.float64), kind="stable")
        for k in counts:
            first = (np.isin(np.arange(n), worst[:k]),)
            found.append(_Condition(f"+ {k} {WORST_FIRST}", k, WORST_FIRST, first))
    return [*found, _Condition(TRUE, n, "", (every,))]
