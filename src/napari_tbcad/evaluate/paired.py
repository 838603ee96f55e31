"""Tests of whether two methods, or one on two variants of the chain, differ: same films, by patient.

The value of a measure and the interval of a difference are those of
:mod:`napari_tbcad.evaluate.intervals`: means over repeats, patients drawn again, the same draws on both
sides. The p value is that of exchanging both results of a patient, in all repeats at once (two-sided).
Exchanging a patient turns the sign of what he or she adds to the difference
(:func:`~napari_tbcad.evaluate.exchange.exchange_shifts`). Before AUCs are exchanged, probabilities become
ranks, each method among its own: two methods may order films alike on different scales (Venkatraman and Begg
1996; Bandos 2005).

What is tested is whether it matters which of both a result comes from, on films like these, with models as
they were trained. That other training films might change the order of two methods is not in the p value.

p values are corrected by Holm within a question: all measures, methods and pairs of it.

References
----------
A. I. Bandos, H. E. Rockette, D. Gur, A permutation test sensitive to differences in areas for comparing ROC
curves from a paired design, Stat Med 24:2873, 2005. E. S. Venkatraman, C. B. Begg, Biometrika 83:835, 1996.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_tbcad.evaluate.columns import TEST_COLUMNS, VARIANT, empty
from napari_tbcad.evaluate.exchange import MEASURES, exchange_shifts, exchanged_differences
from napari_tbcad.evaluate.folds import repeats_of
from napari_tbcad.evaluate.methods import METHODS
from napari_tbcad.evaluate.resampling import (
    N_PERMUTATIONS,
    UNDEFINED_SHARE,
    Draws,
    exchange_p_value,
    holm,
    percentile_interval,
)
from napari_tbcad.evaluate.weighted import Judged, count_measures, rank_area

Floats = NDArray[np.float64]
Key = tuple[str, str, str, str]

QUESTIONS = ("stages", "method", *VARIANT)


@dataclass(frozen=True)
class Pair:
    """Two things to compare: keys are method, segmenter, feature set, definition."""

    question: str
    first: Key
    second: Key

    @property
    def names(self) -> tuple[str, str]:
        """Return what differs."""
        at = 0 if self.question in ("stages", "method") else 1 + VARIANT.index(self.question)
        return self.first[at], self.second[at]


def paired_tests(
    predictions: pd.DataFrame, draws: Draws, *, n_permutations: int = N_PERMUTATIONS
) -> pd.DataFrame:
    """Return tests.csv.

    Parameters
    ----------
    predictions : DataFrame
        The columns of predictions.csv; the first row is the main variant's.
    draws : Draws
        Of all patients.
    n_permutations : int, optional
        Exchanges; all there are where these are fewer.

    Returns
    -------
    DataFrame
        One row a pair and measure. ``difference`` is first − second (a lower Brier score is better).
        ``method`` and the columns of the variant say what both have in common; they are empty for what
        differs. Films that only one of both judged take no part, so values may differ from summary.csv's.
    """
    if predictions.empty:
        return empty("tests.csv")
    judged: dict[Key, pd.DataFrame] = {}
    for (method, segmenter, features, definition), films in predictions.groupby(
        ["method", *VARIANT], sort=False
    ):
        judged[str(method), str(segmenter), str(features), str(definition)] = films
    found = []
    measured = _Measured(draws)
    for pair in _pairs(list(judged)):
        both = Both.of(judged[pair.first], judged[pair.second], draws)
        if both is not None:
            found.append((pair, both, measured.values(pair.first, pair.second, both)))
    exchanged = exchanged_differences([both.shifts for _, both, _ in found], n_permutations, draws.seed + 1)
    rows = [
        _row(pair, both, measure, values[measure], number, exchanged[at])
        for at, (pair, both, values) in enumerate(found)
        for number, measure in enumerate(MEASURES)
    ]
    if not rows:
        return empty("tests.csv")
    table = pd.DataFrame(rows)
    for question in QUESTIONS:
        here = table["question"] == question
        table.loc[here, "p_corrected"] = holm(table.loc[here, "p_value"].tolist())
    order = table["question"].map(QUESTIONS.index).argsort(kind="stable")
    return table.iloc[order].reset_index(drop=True)[list(TEST_COLUMNS)]


def _pairs(keys: Sequence[Key]) -> Iterator[Pair]:
    """Yield what is worth asking: methods of the main variant, and variants that differ from it in one thing.

    A hierarchical method is not compared with a single-stage one on the other classifier: such a difference
    has two causes.
    """
    main = keys[0][1:]
    methods = [key[0] for key in keys if key[1:] == main]
    for first, second in combinations(methods, 2):
        question = _question(first, second)
        if question:
            yield Pair(question, (first, *main), (second, *main))
    variants = list(dict.fromkeys(key[1:] for key in keys))
    for number, name in enumerate(VARIANT):
        alike = [one for one in variants if _others(one, number) == _others(main, number)]
        for method in methods:
            for a, b in combinations(alike, 2):
                if (method, *a) in keys and (method, *b) in keys:
                    yield Pair(name, (method, *a), (method, *b))


def _others(variant: tuple[str, ...], number: int) -> tuple[str, ...]:
    return variant[:number] + variant[number + 1 :]


def _question(first: str, second: str) -> str:
    if first not in METHODS or second not in METHODS:
        return "method"
    (kind, classifier), (other_kind, other_classifier) = first.split("_"), second.split("_")
    if kind != other_kind:
        return "stages" if classifier == other_classifier else ""
    return "method"


@dataclass(frozen=True, eq=False)
class Both:
    """The same films judged by two, repeat by repeat; owners are columns of the draws' weights."""

    first: list[Judged]
    second: list[Judged]
    patients: int
    shifts: Floats
    whole: bool

    @classmethod
    def of(cls, first: pd.DataFrame, second: pd.DataFrame, draws: Draws) -> Both | None:
        """Pair the films; None where there is none with, or none without tuberculosis."""
        sides = [rows.assign(repeat=repeats_of(rows["fold"])) for rows in (first, second)]
        both = sides[0].merge(sides[1], on=["repeat", "fold", "file"], suffixes=("", "_2"))
        if both.empty or both["label"].nunique() < 2:
            return None
        owner = draws.owners(both["patient"])
        out: tuple[list[Judged], list[Judged]] = ([], [])
        for repeat in np.unique(both["repeat"]):
            here = (both["repeat"] == repeat).to_numpy()
            part = both[here]
            for side, end in zip(out, ("", "_2"), strict=True):
                decision = part[f"decision{end}"] == 1
                side.append(Judged.of(part["label"], part[f"probability{end}"], decision, owner[here]))
        each = [exchange_shifts(a, b, len(draws.patients)) for a, b in zip(*out, strict=True)]
        whole = len(both) == len(first) == len(second)
        return cls(*out, len(np.unique(owner)), np.mean(each, axis=0), whole)


class _Measured:
    """The measures of each side over the draws, kept as long as the films are all that a side judged."""

    def __init__(self, draws: Draws) -> None:
        self._draws = draws
        self._kept: dict[Key, dict[str, Floats]] = {}

    def values(self, first: Key, second: Key, both: Both) -> dict[str, tuple[Floats, Floats]]:
        """Return both sides' values of each measure, the first without a draw: (1 + D,)."""
        one, two = (
            self._side(key, films, both.whole) for key, films in ((first, both.first), (second, both.second))
        )
        return {name: (one[name], two[name]) for name in MEASURES}

    def _side(self, key: Key, side: Sequence[Judged], whole: bool) -> dict[str, Floats]:
        if whole and key in self._kept:
            return self._kept[key]
        drawn = self._draws.weights
        weights = np.concatenate([np.ones((1, drawn.shape[1]), drawn.dtype), drawn])
        each = [count_measures(films, weights) | {"auc": rank_area(films, weights)} for films in side]
        found = {name: np.mean([one[name] for one in each], axis=0) for name in MEASURES}
        if whole:
            self._kept[key] = found
        return found


def _row(
    pair: Pair,
    both: Both,
    measure: str,
    values: tuple[Floats, Floats],
    number: int,
    exchanged: tuple[Floats, bool],
) -> dict[str, Any]:
    names = ("method", *VARIANT)
    common = {
        name: one if one == other else ""
        for name, one, other in zip(names, pair.first, pair.second, strict=True)
    }
    gap = values[0] - values[1]
    ends = percentile_interval(float(gap[0]), gap[1:], both.patients, undefined=UNDEFINED_SHARE)
    # The sum of all shifts is the difference, added up in the order of the exchanged ones.
    seen = float(both.shifts[:, number].sum())
    p_value = exchange_p_value(seen, exchanged[0][:, number], exchanged[1])
    return {
        "first": pair.names[0],
        "second": pair.names[1],
        "measure": measure,
        "first_value": float(values[0][0]),
        "second_value": float(values[1][0]),
        "difference": round(float(gap[0]), 12),  # 0 is 0, not what sums left of it
        "low": round(ends[0], 12),
        "high": round(ends[1], 12),
        "p_value": p_value if both.patients > 1 else float("nan"),
        "patients": both.patients,
        "question": pair.question,
        **common,
    }
