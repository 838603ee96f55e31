"""The scores of several networks on the same images, and how sure their difference is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.networks.score_tables import N_BOOTSTRAP
from napari_tbcad.networks.scores import ratio

METRICS = ("dice", "iou")
MEAN = "mean"
COLUMNS = (
    "class", "metric", "new", "packaged", "difference", "low", "high", "start", "start_difference",
    "start_low", "start_high", "images", "patients",
)  # fmt: skip


def score_table(
    counts: Mapping[str, NDArray[np.int64]],
    patients: Sequence[str],
    classes: Sequence[str],
    *,
    n_bootstrap: int = N_BOOTSTRAP,
    random_state: int = 0,
) -> list[dict[str, Any]]:
    """Return Dice and IoU of every class and of their mean, with paired differences.

    Parameters
    ----------
    counts : mapping of str to (n, K, K) array of int
        Pixels by true (rows) and found class of the same n images: of ``"new"``, and of ``"packaged"`` and
        ``"start"`` where they are there.
    patients : sequence of str
        Whose each image is.
    classes : sequence of str
        Names of the K values, background first.
    n_bootstrap, random_state : int, optional
        Resamples of patients, and their seed.

    Returns
    -------
    list of dict
        Rows by :data:`COLUMNS`. A score is that of all pixels together; the mean is over the classes that
        occur in the truth, and a class that does not has none. A difference is new − other, its interval
        (95 %, percentile) that of patients drawn again with replacement, the same for both networks.
    """
    names = list(dict.fromkeys(patients))
    owner = np.array([names.index(one) for one in patients], np.intp)
    generator = np.random.default_rng(random_state)
    drawn = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=n_bootstrap)
    weights = np.concatenate([np.ones((1, len(names))), drawn]).astype(np.float64)
    scores = {name: _scores(each, owner, weights) for name, each in counts.items()}
    here = counts["new"][:, 1:].sum(-1) > 0
    rows = []
    for group, name in enumerate((MEAN, *classes[1:])):
        there = here.any(-1) if group == 0 else here[:, group - 1]
        shown = {"images": int(there.sum()), "patients": len(set(owner[there].tolist()))}
        for metric in METRICS:
            values = {network: both[metric][:, group] for network, both in scores.items()}
            rows.append({"class": name, "metric": metric, **_row(values, len(names)), **shown})
    return rows


def _scores(
    counts: NDArray[np.int64], owner: NDArray[np.intp], weights: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Return each metric (draws, 1 + classes): of the mean of the classes, and of each."""
    of_patients: NDArray[np.float64] = np.zeros((weights.shape[1], *counts.shape[1:]))
    np.add.at(of_patients, owner, counts)
    summed = np.einsum("dp,pij->dij", weights, of_patients)
    hits = np.diagonal(summed, axis1=1, axis2=2)[:, 1:]
    truth, found = summed.sum(2)[:, 1:], summed.sum(1)[:, 1:]
    each = {
        "dice": ratio(2 * hits, truth + found),
        "iou": ratio(hits, truth + found - hits),
    }
    # A class that nobody drew has no score, whatever was found of it.
    each = {name: np.where(truth > 0, values, np.nan) for name, values in each.items()}
    return {name: np.column_stack([_mean(values), values]) for name, values in each.items()}


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    there = np.isfinite(values)
    return ratio(np.where(there, values, 0.0).sum(1), there.sum(1).astype(np.float64))


def _row(values: Mapping[str, NDArray[np.float64]], patients: int) -> dict[str, float | None]:
    row: dict[str, float | None] = {"new": _plain(values["new"][0]), "packaged": None}
    row |= {"difference": None, "low": None, "high": None}
    for name, prefix in (("packaged", ""), ("start", "start_")):
        if name not in values:
            continue
        differences = values["new"] - values[name]
        row |= {name: _plain(values[name][0]), f"{prefix}difference": _plain(differences[0])}
        some = differences[1:][np.isfinite(differences[1:])]
        low, high = np.percentile(some, (2.5, 97.5)) if patients > 1 and len(some) else (np.nan, np.nan)
        row |= {f"{prefix}low": _plain(low), f"{prefix}high": _plain(high)}
    return row


def _plain(value: float | np.floating[Any]) -> float | None:
    return round(float(value), 6) if math.isfinite(value) else None
