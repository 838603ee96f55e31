"""Which stage decided, how often it was right, and what it found."""

from __future__ import annotations

import numpy as np
import pandas as pd

from napari_tbcad.evaluate.columns import STAGE_COLUMNS, VARIANT
from napari_tbcad.evaluate.folds import repeats_of
from napari_tbcad.evaluate.intervals import share_figure
from napari_tbcad.evaluate.resampling import Draws


def stage_table(predictions: pd.DataFrame, draws: Draws) -> pd.DataFrame:
    """Return stages.csv.

    Parameters
    ----------
    predictions : DataFrame
        The columns of predictions.csv.
    draws : Draws
        Of the patients.

    Returns
    -------
    DataFrame
        Two rows a method and variant, stage 1 and stage 2. ``films`` are those that the stage decided in the
        first repeat, ``called_suspect`` how many of them it called so, ``tb`` those with tuberculosis and
        ``tb_found`` how many of these it called suspect. ``share`` (of all films) and ``right`` (of those
        that it decided), with its 95 % interval by patient, are over all repeats. A single-stage method has
        stage 2 alone.
    """
    rows = []
    for key, films in predictions.groupby(["method", *VARIANT], sort=False):
        method, *variant = key
        first = repeats_of(films["fold"]) == 1
        suspect = (films["decision"] == 1).to_numpy()
        tb = (films["label"] == 1).to_numpy()
        staged = films["probability_stage1"].notna().any()
        for stage in (1, 2) if staged else (2,):
            decided = (films["deciding_stage"] == stage).to_numpy()
            here = decided & first
            right = share_figure(suspect == tb, decided, films["patient"], draws)
            counts = [int(np.sum(here & what)) for what in (suspect, tb, tb & suspect)]
            share = float(decided.mean())
            rows.append(
                (method, "all", stage, int(here.sum()), share, counts[0], *right, *counts[1:], *variant)
            )
    return pd.DataFrame(rows, columns=list(STAGE_COLUMNS))
