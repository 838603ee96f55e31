"""From the answers of controls to the rows of controls.csv."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from napari_tbcad.evaluate.metrics import UNDEFINED, Figure, auc
from napari_tbcad.evaluate.verdicts import (
    AGE_SEX,
    AMBER_ABOVE,
    IMAGE_BORDER,
    OUTSIDE_LUNGS,
    SHUFFLED_LABELS,
)

FOLDS_SHOWN = 5
"""A control is also listed fold by fold where there are no more of them."""


def mean_auc(films: pd.DataFrame) -> Figure:
    """Return the AUC over all test films, the mean of all repeats; each end of the interval likewise.

    Parameters
    ----------
    films : DataFrame
        repeat, label, probability.
    """
    found = [auc(part["label"], part["probability"]) for _, part in films.groupby("repeat")]
    known = [one for one in found if np.isfinite(one.value)]
    return Figure(*(float(v) for v in np.mean(known, axis=0))) if known else UNDEFINED


def control_table(
    predictions: pd.DataFrame,
    names: Sequence[str] | None = None,
    *,
    figure: Callable[[pd.DataFrame], Figure] = mean_auc,
) -> pd.DataFrame:
    """Turn the answers of controls into the rows of controls.csv.

    Parameters
    ----------
    predictions : DataFrame
        Of :func:`control_predictions` and :func:`shuffled_predictions`, one below the other.
    names : sequence of str, optional
        Controls that must have a row, with NaN where they could not be computed.
    figure : callable, optional
        From the rows of one control to its AUC and interval; :func:`mean_auc` by default.

    Returns
    -------
    DataFrame
        control, auc, low, high: a row for all folds and, where there are at most five, one for each
        (``outside_lungs, fold 1``).
    """
    rows = []
    wanted = list(dict.fromkeys([*(names or ()), *predictions["control"].astype(str)]))
    for name in wanted:
        mine = predictions[predictions["control"] == name]
        rows.append((name, *(figure(mine) if len(mine) else UNDEFINED)))
        shown = list(dict.fromkeys(mine["fold"].astype(str)))
        if 1 < len(shown) <= FOLDS_SHOWN and name != SHUFFLED_LABELS:
            for fold in shown:
                part = mine[mine["fold"].astype(str) == fold]
                rows.append((f"{name}, fold {fold}", *figure(part)))
    return pd.DataFrame(rows, columns=["control", "auc", "low", "high"])


def control_warning(name: str, value: float) -> str:
    """Return the warning that belongs beside a control's AUC; empty when there is nothing to say."""
    if np.isnan(value):
        return "could not be computed: too few films with values"
    if not value > AMBER_ABOVE:
        return ""
    what = {
        OUTSIDE_LUNGS: "Features outside the lungs",
        IMAGE_BORDER: "The border of the image",
        AGE_SEX: "Age and sex",
        SHUFFLED_LABELS: "Labels dealt out at random",
    }.get(name.split(", fold ")[0], name)
    return (
        f"{what} alone tell the classes apart (AUC {value:.2f}, above {AMBER_ABOVE}): the data are "
        "confounded, and the scores of the classifiers must not be read as their ability to see tuberculosis."
    )
