"""Every figure of an evaluation with its 95 % interval.

The value is the mean over repeats of the figure over all test films of one repeat. The interval is made by
drawing patients again with replacement (:class:`~napari_tbcad.evaluate.resampling.Draws`) and taking
percentiles; all repeats are measured on the same draw and averaged. It says how far the figure depends on
which patients were tested, and nothing of how far it depends on the patients that were trained on.

Where every draw that has the figure at all gives the same 0 or 1 (no film of few was missed), drawing again
tells nothing. There the interval is Wilson's at the number of patients, and for the area under the ROC curve
the exact bound on "not one of these patients out of order". The calibration error has an interval of its own
kind (:func:`~napari_tbcad.evaluate.calibration.ece_ends`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from napari_tbcad.evaluate.calibration import calibration_sums, ece_ends
from napari_tbcad.evaluate.columns import FIGURES
from napari_tbcad.evaluate.folds import repeats_of
from napari_tbcad.evaluate.metrics import UNDEFINED, Figure, wilson
from napari_tbcad.evaluate.resampling import UNDEFINED_SHARE, Draws, percentile_interval
from napari_tbcad.evaluate.weighted import Judged, measures, per_owner, rank_area, ratio

Floats = NDArray[np.float64]
Measures = Callable[[Judged, NDArray[np.floating]], dict[str, Floats]]


def judged_repeats(films: pd.DataFrame, draws: Draws) -> list[Judged]:
    """Return what one method said of the test films, repeat by repeat.

    Parameters
    ----------
    films : DataFrame
        fold, label, probability, decision (0 or 1), patient: rows of predictions.csv of one method and
        variant.
    draws : Draws
        Of at least these patients.
    """
    return [
        Judged.of(part["label"], part["probability"], part["decision"] == 1, draws.owners(part["patient"]))
        for _, part in films.groupby(repeats_of(films["fold"]), sort=True)
    ]


def over_repeats(
    repeats: Sequence[Judged], weights: NDArray[np.floating], measure: Measures = measures
) -> dict[str, Floats]:
    """Return each measure of every draw as the mean over repeats: (D,) float64."""
    each = [measure(films, weights) for films in repeats]
    return {name: np.mean([one[name] for one in each], axis=0) for name in each[0]}


def figures(films: pd.DataFrame, draws: Draws, *, measure: Measures = measures) -> dict[str, Figure]:
    """Return every figure of summary.csv for one method and variant.

    Parameters
    ----------
    films, draws
        See :func:`judged_repeats`.
    measure : callable, optional
        Measures that are wanted, such as :func:`~napari_tbcad.evaluate.weighted.count_measures`.
    """
    return figures_of(judged_repeats(films, draws), draws, measure=measure)


def figures_of(repeats: Sequence[Judged], draws: Draws, *, measure: Measures = measures) -> dict[str, Figure]:
    """Return the figures of films judged in one or more repeats; see :func:`figures`."""
    everyone = np.unique(np.concatenate([films.owner for films in repeats]))
    # Patients without a film here count nothing, so only the columns of the others are needed.
    weights = draws.weights[:, everyone]
    own = [
        Judged(films.truth, films.score, films.decision, np.searchsorted(everyone, films.owner))
        for films in repeats
    ]
    values = over_repeats(own, np.ones((1, len(everyone))), measure)
    drawn = over_repeats(own, weights, measure)
    at_stake = _patients_at_stake(own[0])
    found = {
        name: interval(float(values[name][0]), drawn[name], len(everyone), at_stake.get(name, 0))
        for name in values
    }
    if "ece" in found and len(everyone) > 1:
        value, chance = found["ece"].value, _ece_by_chance(own, len(everyone), len(weights), draws.seed)
        found["ece"] = Figure(value, *ece_ends(value, drawn["ece"], chance))
    return found


def _ece_by_chance(repeats: Sequence[Judged], patients: int, n: int, random_state: int) -> Floats:
    """Return the ECE with the sign of each patient's errors dealt out at random, (n,)."""
    signs = np.random.default_rng(random_state + 2).integers(0, 2, (n, patients), np.int8) * np.float32(2) - 1
    each = []
    for films in repeats:
        sums = per_owner(calibration_sums(films.truth, films.score), films.owner, patients)
        each.append(np.abs(signs @ sums).sum(axis=1) / len(films.truth))
    return np.asarray(np.mean(each, axis=0))


def interval(value: float, drawn: Floats, patients: int, at_stake: int | tuple[int, int] = 0) -> Figure:
    """Return a figure from its value and its draws.

    Parameters
    ----------
    value : float
    drawn : (D,) array
    patients : int
    at_stake : int or pair of int, optional
        Patients in the denominator of a proportion, or those with and without tuberculosis for the area
        under the ROC curve: for values of exactly 0 or 1. 0: the measure is neither.
    """
    low, high = percentile_interval(value, drawn, patients, undefined=UNDEFINED_SHARE)
    unknown = math.isnan(low) and patients > 1 and not isinstance(at_stake, tuple)
    if at_stake and (low == high or unknown) and value in (0.0, 1.0):
        if isinstance(at_stake, tuple):
            allowed = 0.025 ** (1 / max(1, min(at_stake)))
            return Figure(value, allowed, 1.0) if value == 1 else Figure(value, 0.0, 1 - allowed)
        return wilson(round(value * at_stake), at_stake)
    return Figure(value, low, high) if value == value else UNDEFINED


def auc_figure(
    truth: ArrayLike,
    score: ArrayLike,
    patients: ArrayLike,
    draws: Draws,
    *,
    repeats: ArrayLike | None = None,
) -> Figure:
    """Return the area under the ROC curve: mean over repeats, interval by patient.

    Parameters
    ----------
    truth, score, patients : (n,) array-like
        One row a film and repeat.
    draws : Draws
        Of at least these patients.
    repeats : (n,) array-like, optional
        Repeat of each row; one when not given.
    """
    y, s = np.asarray(truth).astype(bool), np.asarray(score, dtype=np.float64)
    if not len(y):
        return UNDEFINED
    owner = draws.owners(patients)
    number = np.zeros(len(y), int) if repeats is None else np.asarray(repeats)
    parts = [
        Judged(y[here], s[here], y[here], owner[here])
        for here in (np.flatnonzero(number == one) for one in np.unique(number))
    ]
    return figures_of(parts, draws, measure=_area)["auc"]


def share_figure(counted: ArrayLike, among: ArrayLike, patients: ArrayLike, draws: Draws) -> Figure:
    """Return a share of films, such as how many of those that a stage decided it decided rightly.

    Parameters
    ----------
    counted, among : (n,) array-like of bool
        Films of the numerator and of the denominator, all repeats together; only films of the denominator
        count in the numerator.
    patients : (n,) array-like
        Of each film.
    draws : Draws
    """
    inside = np.asarray(among).astype(bool)
    if not inside.any():
        return UNDEFINED
    hits, owner = np.asarray(counted).astype(bool) & inside, draws.owners(patients)
    cells = per_owner(np.column_stack([hits, inside]), owner, len(draws.patients))
    sums = (draws.weights @ cells).astype(np.float64)
    value = float(hits.sum() / inside.sum())
    at_stake = len(np.unique(owner[inside]))
    return interval(value, ratio(sums[:, 0], sums[:, 1]), len(np.unique(owner)), at_stake)


def columns_of(found: Mapping[str, Figure]) -> dict[str, float]:
    """Return the columns NAME, NAME_low and NAME_high of figures; NaN for those of FIGURES not found."""
    row: dict[str, float] = {}
    for name in dict.fromkeys((*found, *FIGURES)):
        figure = found.get(name, UNDEFINED)
        row |= {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
    return row


def _area(films: Judged, weights: NDArray[np.floating]) -> dict[str, Floats]:
    return {"auc": rank_area(films, weights)}


def _patients_at_stake(films: Judged) -> dict[str, int | tuple[int, int]]:
    """Return how many patients each proportion is about."""

    def count(chosen: NDArray[np.bool_]) -> int:
        return len(np.unique(films.owner[chosen]))

    everyone, tb, normal = (count(c) for c in (np.ones_like(films.truth), films.truth, ~films.truth))
    of_tb = dict.fromkeys(("recall", "f1", "recall_at_specificity_70"), tb)
    of_normal = dict.fromkeys(("specificity", "f1_normal", "specificity_at_recall_90"), normal)
    of_all = dict.fromkeys(("accuracy", "error_rate"), everyone)
    found: dict[str, int | tuple[int, int]] = {"precision": count(films.decision), "auc": (tb, normal)}
    return found | of_tb | of_normal | of_all
