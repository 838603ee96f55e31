"""From predictions to the tables that say how good a method is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from napari_tbcad.evaluate.columns import PREDICTION_COLUMNS, VARIANT, completed
from napari_tbcad.evaluate.curves import calibration_table, roc_table
from napari_tbcad.evaluate.folds import repeats_of
from napari_tbcad.evaluate.intervals import columns_of, figures
from napari_tbcad.evaluate.metrics import confusion
from napari_tbcad.evaluate.paired import paired_tests
from napari_tbcad.evaluate.resampling import Draws
from napari_tbcad.evaluate.stages import stage_table


def judged_tables(predictions: pd.DataFrame, times: pd.DataFrame, draws: Draws) -> dict[str, pd.DataFrame]:
    """Return every table that follows from the predictions of one variant, by field of ``Evaluation``.

    Parameters
    ----------
    predictions : DataFrame
        The columns of predictions.csv, in any order.
    times : DataFrame
        method, fold, fit_seconds, predict_seconds.
    draws : Draws
        Of the patients.
    """
    films = completed(predictions, "predictions.csv")[list(PREDICTION_COLUMNS)]
    first = films[repeats_of(films["fold"]) == 1]
    return {
        "predictions": films,
        "summary": summary_rows(films, times, ["method"], draws),
        "by_fold": summary_rows(films, times, ["method", "fold"], draws),
        "confusions": confusion_table(first),
        "stages": stage_table(films, draws),
        "roc": roc_table(first),
        "calibration": calibration_table(first),
        "tests": paired_tests(films, draws),
    }


def summary_rows(
    predictions: pd.DataFrame, times: pd.DataFrame, keys: list[str], draws: Draws
) -> pd.DataFrame:
    """Return one row per method (and fold): every figure with its interval, times, share decided by stage 1.

    Times are those of one repeat: the sum over its folds, mean over repeats.
    """
    rows = []
    for key, films in predictions.groupby(keys, sort=False):
        repeats = len(np.unique(repeats_of(films["fold"])))
        row: dict[str, Any] = dict(zip(keys, key, strict=True)) | columns_of(figures(films, draws))
        mine = times[(times[keys] == list(key)).all(axis=1)]
        row |= {name: float(mine[name].sum()) / repeats for name in ("fit_seconds", "predict_seconds")}
        row["share_stage1"] = float((films["deciding_stage"] == 1).mean())
        unique = films.drop_duplicates("file")
        row["n_tb"], row["n_normal"] = int(unique["label"].sum()), int((unique["label"] == 0).sum())
        row["patients"], row["repeats"] = unique["patient"].nunique(), repeats
        row |= {name: films[name].iloc[0] for name in VARIANT}
        rows.append(row)
    file = "summary_folds.csv" if "fold" in keys else "summary.csv"
    return completed(pd.DataFrame(rows), file)


def confusion_table(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return confusion.csv of films that each method judged once: tuberculosis is the positive class."""
    rows = []
    for (method, *variant), films in predictions.groupby(["method", *VARIANT], sort=False):
        rows.append((method, *confusion(films["label"], films["decision"] == 1), *variant))
    return pd.DataFrame(rows, columns=["method", "tp", "fn", "fp", "tn", *VARIANT])
