"""Learning curve: the score against the number of films trained on, and what it says about collecting more.

Of the training part of every fold, ever larger subsets of patients are trained on, each inside the next;
the test films stay the same, so that the points of the curve differ by the training alone. Subsets are
drawn several times. The score of one size is the mean over folds of the AUC within each fold's test films
(models of few films disagree about the prevalence, so that films pooled over folds would score too low),
then the mean over draws.

**Reading the curve.** Gains of learning fall with every doubling, as a power of the number of films
(Hestness 2017), so the last doubling bounds the next one. Its gain has an interval: patients of the test
films and draws of the subsets drawn again together, the same for both sizes. The curve is called *rising*
when the lower end lies above 0, *flat* when the upper end lies below 0.02, since twice the films would then
set right less than one more pair in fifty (also where both hold); else it cannot be told which. "Flat from
n" is the smallest n from which on the whole rest of the curve is surely worth less than that.

References
----------
J. Hestness et al., Deep learning scaling is predictable, empirically, arXiv:1712.00409, 2017.
R. L. Figueroa et al., Predicting sample size required for classification performance, BMC Med Inform
Decis Mak 12:8, 2012.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.controls import FEWEST, single_stage_twin
from napari_tbcad.evaluate.fitting import FitJob, Fits, Fitted, fit_all
from napari_tbcad.evaluate.folds import Fold
from napari_tbcad.evaluate.learning_reading import reading
from napari_tbcad.evaluate.methods import make_estimator
from napari_tbcad.evaluate.resampling import Draws, percentile_interval
from napari_tbcad.evaluate.verdicts import OUTSIDE_LUNGS
from napari_tbcad.evaluate.weighted import Judged, rank_area

__all__ = ["COLUMNS", "LEAST", "SHARES", "learning_curve", "reading"]

Floats = NDArray[np.float64]

SHARES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
"""Parts of the training films."""

LEAST = 10
"""Patients of each class without which a size is left out: inner folds need some of each."""

COLUMNS = (
    "method",
    "n",
    "n_tb",
    "repeat",
    "auc",
    "low",
    "high",
    "control_auc",
    "to_full",
    "to_full_low",
    "to_full_high",
)


@dataclass(frozen=True)
class _Point:
    """One share of the training films, one draw of which."""

    share: float
    draw: int
    folds: tuple[Fold, ...]


def learning_curve(
    table: pd.DataFrame,
    labels: ArrayLike,
    folds: Sequence[Fold],
    *,
    method: str = "hierarchical_svm",
    control: pd.DataFrame | None = None,
    groups: ArrayLike | None = None,
    options: Mapping[str, Any] | None = None,
    stage1_columns: Sequence[str] | None = None,
    shares: Sequence[float] = SHARES,
    draws: int = 3,
    seed: int = 0,
    n_bootstrap: int = 500,
    fits: Fits = fit_all,
) -> pd.DataFrame:
    """Judge a method trained on more and more films.

    Parameters
    ----------
    table : DataFrame
        Index the file, one column a feature, finite numbers.
    labels : (n,) array-like of 0/1
    folds : sequence of Fold
        One repetition of a design. Five are plenty: a point takes one fit a fold and draw.
    method : str
        One of :data:`~napari_tbcad.evaluate.methods.METHODS`.
    control : DataFrame, optional
        The features outside the lungs; judged at every size on the same films. Films with a missing value
        take no part in it.
    groups : (n,) array-like, optional
        Patient of each film; a subset holds whole patients.
    options, stage1_columns
        Of :func:`~napari_tbcad.evaluate.methods.make_estimator`.
    shares : sequence of float
        Parts of the training films, in (0, 1].
    draws : int
        Times that each subset is drawn. All films are all films: that point is fitted once.
    seed : int
        Of the subsets and resamples.
    n_bootstrap : int
        Resamples of the intervals.
    fits : callable, optional
        Carries the fits out.

    Returns
    -------
    DataFrame
        method, n, n_tb (training films, mean over folds), repeat (the draw), auc, low, high, control_auc and,
        the same for all draws of a size, to_full: how much more all films score, with its interval. Empty
        where there are too few films for two sizes.

    Raises
    ------
    BadInput
        If a share is not in (0, 1], or a fold tests one class only, whose AUC is not defined.
    """
    if not all(0 < share <= 1 for share in shares):
        raise BadInput("learning curve", "shares of the training films lie above 0 and up to 1")
    y = np.asarray(labels).astype(np.int64)
    if odd := [fold.name for fold in folds if len(np.unique(y[fold.test])) < 2]:
        raise BadInput("learning curve", f"fold {odd[0]} tests films of one class only")
    owners = np.arange(len(y)) if groups is None else np.asarray(groups)
    points = _points(y, owners, folds, sorted({*shares, 1.0}), draws, seed)
    if len({point.share for point in points}) < 2:
        return pd.DataFrame(columns=list(COLUMNS))
    names = [str(column) for column in table.columns]
    estimator = make_estimator(method, names, stage1_columns=stage1_columns, **dict(options or {}))
    patients = None if groups is None else owners
    jobs = [FitJob(method, estimator, table, y, patients, fold) for p in points for fold in p.folds]
    count = len(jobs)
    if control is not None:
        jobs += _control_jobs(
            control, y, patients, [fold for p in points for fold in p.folds], method, options
        )
    resamples = Draws.of(owners.astype(str), n_bootstrap, seed)
    weights = np.vstack([np.ones((1, len(resamples.patients))), resamples.weights])
    position = {str(file): number for number, file in enumerate(table.index)}
    owner = resamples.owners(owners.astype(str))
    areas = [_area(done, position, owner, weights) for done in fits(jobs)]
    return _rows(method, y, points, areas[:count], areas[count:], seed)


def _control_jobs(
    control: pd.DataFrame,
    y: NDArray[np.int64],
    patients: NDArray[np.generic] | None,
    folds: Sequence[Fold],
    method: str,
    options: Mapping[str, Any] | None,
) -> list[FitJob]:
    """Return the control's fit of every fold; none at all where one has too few films with values."""
    known: NDArray[np.bool_] = np.isfinite(control.to_numpy(np.float64)).all(axis=1)
    jobs = []
    for fold in folds:
        part = Fold(fold.name, fold.train[known[fold.train]], fold.test[known[fold.test]])
        fewest = min(np.bincount(y[part.train], minlength=2))
        if fewest < FEWEST or len(np.unique(y[part.test])) < 2:
            return []
        twin = single_stage_twin(method, control, options, fewest=fewest)
        jobs.append(FitJob(OUTSIDE_LUNGS, twin, control, y, patients, part))
    return jobs


def _points(
    y: NDArray[np.int64],
    owners: NDArray[np.generic],
    folds: Sequence[Fold],
    shares: Sequence[float],
    draws: int,
    seed: int,
) -> list[_Point]:
    """Return nested subsets of every fold's training part, leaving out sizes with too few of a class."""
    points = []
    for draw in range(1, draws + 1):
        order = [_order(y, owners, fold, seed + 7919 * draw + number) for number, fold in enumerate(folds)]
        for share in shares:
            if share == 1 and draw > 1:
                continue
            chosen = []
            for fold, classes in zip(folds, order, strict=True):
                kept = np.concatenate([some[: int(np.ceil(share * len(some)))] for some in classes])
                train = fold.train if share == 1 else fold.train[np.isin(owners[fold.train], kept)]
                chosen.append(Fold(f"{fold.name} n{share:.4f} d{draw}", train, fold.test))
            if all(_enough(y, owners, fold) for fold in chosen):
                points.append(_Point(share, draw, tuple(chosen)))
    return points


def _order(
    y: NDArray[np.int64], owners: NDArray[np.generic], fold: Fold, seed: int
) -> list[NDArray[np.generic]]:
    """Return the patients with and without a film of tuberculosis, each in random order."""
    generator = np.random.default_rng(seed)
    sick = np.unique(owners[fold.train[y[fold.train] == 1]])
    well = np.setdiff1d(np.unique(owners[fold.train]), sick)
    return [generator.permutation(sick), generator.permutation(well)]


def _enough(y: NDArray[np.int64], owners: NDArray[np.generic], fold: Fold) -> bool:
    return all(len(np.unique(owners[fold.train[y[fold.train] == value]])) >= LEAST for value in (0, 1))


def _area(done: Fitted, position: Mapping[str, int], owner: NDArray[np.intp], weights: Floats) -> Floats:
    """Return the AUC on one fold's test films: first as it is, then in every resample."""
    films = done.predictions
    where = [position[str(file)] for file in films["file"]]
    everyone, mine = np.unique(owner[where], return_inverse=True)
    judged = Judged.of(films["label"], films["probability"], np.zeros(len(films)), mine)
    return rank_area(judged, weights[:, everyone])


def _rows(
    method: str,
    y: NDArray[np.int64],
    points: Sequence[_Point],
    areas: Sequence[Floats],
    control: Sequence[Floats],
    seed: int,
) -> pd.DataFrame:
    folds = len(points[0].folds)

    def mean_of(values: Sequence[Floats], number: int) -> Floats:
        return np.mean(values[number * folds : (number + 1) * folds], axis=0)

    scores = [mean_of(areas, number) for number in range(len(points))]
    full = next(score for point, score in zip(points, scores, strict=True) if point.share == 1)
    rows = []
    for share in sorted({point.share for point in points}):
        mine = [number for number, point in enumerate(points) if point.share == share]
        gain = full - _mean_draw(np.array([scores[number] for number in mine]), seed)
        ends = percentile_interval(float(gain[0]), gain[1:], 2)
        for number in mine:
            trained = [fold.train for fold in points[number].folds]
            low, high = percentile_interval(float(scores[number][0]), scores[number][1:], 2)
            rows.append(
                (
                    method,
                    round(float(np.mean([len(train) for train in trained]))),
                    round(float(np.mean([y[train].sum() for train in trained]))),
                    points[number].draw,
                    float(scores[number][0]),
                    low,
                    high,
                    float(mean_of(control, number)[0]) if control else np.nan,
                    float(gain[0]),
                    *ends,
                )
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _mean_draw(scores: Floats, seed: int) -> Floats:
    """Return the mean over draws of the subset, which are themselves drawn again in every resample."""
    draws, resamples = scores.shape
    chosen = np.random.default_rng(seed).integers(0, draws, size=(draws, resamples))
    chosen[:, 0] = np.arange(draws)
    return scores[chosen, np.arange(resamples)].mean(axis=0)
