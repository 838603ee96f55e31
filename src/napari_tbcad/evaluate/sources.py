"""Scores of every collection by itself, and what the make-up of the data says before any score is read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from napari_tbcad.evaluate.columns import SOURCE_COLUMNS, VARIANT, completed
from napari_tbcad.evaluate.intervals import columns_of, figures
from napari_tbcad.evaluate.resampling import N_BOOTSTRAP, Draws
from napari_tbcad.evaluate.weighted import Judged, count_measures, rank_area

_FIGURES = ("recall", "specificity", "auc")


def source_rows(
    predictions: pd.DataFrame,
    draws: Draws | None = None,
    *,
    n_bootstrap: int = N_BOOTSTRAP,
    seed: int = 0,
) -> pd.DataFrame:
    """Return sources.csv: how each method does on the films of each collection.

    Parameters
    ----------
    predictions : DataFrame
        Rows of predictions.csv: method, fold, file, label, probability, decision, patient, source and the
        variant.
    draws : Draws, optional
        Resamples of the run; made from the patients when not given.
    n_bootstrap, seed : int, optional
        Of the draws, when they are made here.

    Returns
    -------
    DataFrame
        source, n_tb, n_normal, method, recall, specificity and AUC with their intervals, and the variant. A
        figure is empty where the collection lacks a class that it needs: a collection of tuberculosis alone
        has a recall and nothing else.
    """
    films = completed(predictions, "predictions.csv")
    draws = draws or Draws.of(films["patient"], n_bootstrap, seed)
    rows = []
    for key, part in films.groupby(["source", "method", *VARIANT], sort=False):
        found = figures(part, draws, measure=_measures)
        unique = part.drop_duplicates("file")
        tb = int(unique["label"].sum())
        row: dict[str, Any] = dict(zip(("source", "method", *VARIANT), key, strict=True))
        row |= {"n_tb": tb, "n_normal": len(unique) - tb}
        rows.append(row | columns_of({name: found[name] for name in _FIGURES}))
    return completed(pd.DataFrame(rows), "sources.csv")[list(SOURCE_COLUMNS)]


def _measures(films: Judged, weights: NDArray[np.floating]) -> dict[str, NDArray[np.float64]]:
    return count_measures(films, weights) | {"auc": rank_area(films, weights)}


def source_notes(labels: ArrayLike, sources: ArrayLike) -> list[str]:
    """Say whether the classes come from the same places.

    Parameters
    ----------
    labels : (n,) array-like of 0/1
    sources : (n,) array-like of str
        Collection of each film.

    Returns
    -------
    list of str
        One or two plain sentences; none where there is a single collection of both classes.
    """
    y, source = np.asarray(labels).astype(int), np.asarray(sources).astype(str)
    names = sorted(set(source))
    both = [name for name in names if len(set(y[source == name])) == 2]
    if both == names:
        if len(names) < 2:
            return []
        shares = [float(y[source == name].mean()) for name in names]
        if max(shares) - min(shares) < 0.2:
            return []
        told = ", ".join(f"{name} {share:.0%}" for name, share in zip(names, shares, strict=True))
        return [
            f"The share of tuberculosis differs between collections ({told}): telling them apart helps to "
            "tell the classes apart."
        ]
    if not both:
        tb, normal = (sorted(set(source[y == value])) for value in (1, 0))
        return [
            f"No collection holds both classes: films with tuberculosis come from {_list(tb)}, those "
            f"without from {_list(normal)}. Whatever tells the collections apart (machine, framing, file "
            "format, age of the patients) tells the classes apart, and no score on these films can say by "
            "itself that it was tuberculosis. Read the controls."
        ]
    counts = {name: int((source == name).sum()) for name in both}
    told = ", ".join(f"{name} ({n} films)" for name, n in counts.items())
    others = [name for name in names if name not in both]
    return [
        f"Both classes are in {told} of {len(names)} collections; {_list(others)} "
        f"{'holds' if len(others) == 1 else 'hold'} one class only. Only the "
        "scores within the former, in sources.csv, are free of differences between collections."
    ]


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
