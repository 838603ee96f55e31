"""ROC curves and calibration of probabilities, as tables to draw."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from sklearn.metrics import roc_curve

from napari_tbcad.evaluate.columns import TABLES
from napari_tbcad.evaluate.metrics import wilson

ROC_POINTS = 200
CALIBRATION_BINS = 10


def roc_table(films: pd.DataFrame) -> pd.DataFrame:
    """Return roc.csv: the curve of each method, at most 200 points each.

    Parameters
    ----------
    films : DataFrame
        method, label, probability of one variant and one repeat.

    Returns
    -------
    DataFrame
        method, false_positive_rate, true_positive_rate, threshold (infinite at the start, where no film is
        called): corners of the curve only; of more than 200, those that keep it best, evenly along it.
    """
    rows = []
    for method, mine in films.groupby("method", sort=False):
        if mine["label"].nunique() < 2:
            continue
        alarms, hits, thresholds = roc_curve(mine["label"], mine["probability"], drop_intermediate=True)
        if len(alarms) > ROC_POINTS:
            along = np.cumsum(np.r_[0, np.abs(np.diff(alarms)) + np.abs(np.diff(hits))])
            kept = np.unique(np.searchsorted(along, np.linspace(0, along[-1], ROC_POINTS) - 1e-12))
            kept[-1] = len(alarms) - 1
            alarms, hits, thresholds = alarms[kept], hits[kept], thresholds[kept]
        rows += [(method, *point) for point in zip(alarms, hits, thresholds, strict=True)]
    return pd.DataFrame(rows, columns=list(TABLES["roc.csv"]))


def calibration_table(films: pd.DataFrame) -> pd.DataFrame:
    """Return calibration.csv: how often films of a given probability really are tuberculosis.

    Parameters
    ----------
    films : DataFrame
        method, label, probability, patient of one variant and one repeat.

    Returns
    -------
    DataFrame
        method, mean_probability, share with tuberculosis, low, high, n (films): tenths of the films by rising
        probability (films of equal probability stay together). The interval is Wilson's at the number of
        patients in the tenth.
    """
    rows = []
    for method, mine in films.groupby("method", sort=False):
        for part in _tenths(mine["probability"].to_numpy(np.float64)):
            tenth = mine.iloc[part]
            share = float(tenth["label"].mean())
            patients = tenth["patient"].nunique()
            _, low, high = wilson(share * patients, patients)
            rows.append((method, float(tenth["probability"].mean()), share, low, high, len(tenth)))
    return pd.DataFrame(rows, columns=list(TABLES["calibration.csv"]))


def _tenths(probability: np.ndarray) -> list[np.ndarray]:
    order = np.argsort(probability, kind="stable")
    number = np.minimum(len(order), CALIBRATION_BINS)
    edges = np.linspace(0, len(order), number + 1).round().astype(int)
    ordered = probability[order]
    # An edge between equal probabilities moves down to where they begin.
    edges[1:-1] = np.searchsorted(ordered, ordered[edges[1:-1]], "left")
    edges = np.unique(edges)
    return [order[low:high] for low, high in pairwise(edges)]
