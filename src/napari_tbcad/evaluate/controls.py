"""Controls: what scores well without looking at the lungs.

Texture reads the acquisition. On one mixed web sample the image border alone told "pneumonia" from normal
at an AUC of 0.88. A classifier may be believed as far as it is better than the same features measured where
no lung is (:mod:`napari_tbcad.evaluate.elsewhere`), than age and sex, and than chance when labels are dealt
out at random.

A control is judged like the method it stands beside: on the same splits, by a classifier of the same kind
(SVM or naive Bayes) with the same options, calibration and inner folds. It has one stage, since nothing
outside the lungs has a shape. Its kernel is set by the same rule as the method's (``gamma="scale"``, or the
same sharpness, over its own columns): a control with fewer columns has the sharper kernel in each, which
errs on its side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from napari_tbcad.chest.classify.hierarchical import HierarchicalClassifier
from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.control_tables import control_table, control_warning, mean_auc
from napari_tbcad.evaluate.elsewhere import (
    features_elsewhere,
    grey_features_of,
    image_border,
    outside_lungs,
)
from napari_tbcad.evaluate.fitting import FitJob, Fits, fit_all
from napari_tbcad.evaluate.folds import Fold
from napari_tbcad.evaluate.methods import make_estimator
from napari_tbcad.evaluate.metrics import Figure
from napari_tbcad.evaluate.shuffling import shuffled_labels
from napari_tbcad.evaluate.verdicts import (
    AGE_SEX,
    IMAGE_BORDER,
    OUTSIDE_LUNGS,
    SHUFFLED_LABELS,
)

__all__ = [
    "AGE_SEX",
    "IMAGE_BORDER",
    "OUTSIDE_LUNGS",
    "SHUFFLED_LABELS",
    "age_sex_table",
    "control_predictions",
    "control_rows",
    "control_table",
    "control_warning",
    "features_elsewhere",
    "grey_features_of",
    "image_border",
    "mean_auc",
    "outside_lungs",
    "shuffled_predictions",
    "single_stage_twin",
]

PREDICTION_COLUMNS = ("control", "fold", "repeat", "file", "label", "probability")
FEWEST = 3
"""Films of each class that a control must have to be trained on."""


def control_predictions(
    controls: Mapping[str, pd.DataFrame],
    labels: ArrayLike,
    folds: Sequence[Fold],
    *,
    method: str = "single_svm",
    groups: ArrayLike | None = None,
    options: Mapping[str, Any] | None = None,
    fits: Fits = fit_all,
) -> pd.DataFrame:
    """Ask a classifier that sees a control's features only about every test film.

    Parameters
    ----------
    controls : mapping of str to DataFrame
        Feature tables with the films in the order of `labels`. A film with a missing value (such as an
        unknown age) takes no part in that control.
    labels : (n,) array-like of 0/1
    folds : sequence of Fold
        The outer folds of the evaluation.
    method : str
        The method under test, one of :data:`~napari_tbcad.evaluate.methods.METHODS`; the control gets its
        single-stage twin.
    groups : (n,) array-like, optional
        Patient of each film.
    options : mapping, optional
        Parameters of the method under test. A sharper kernel also tells X-ray machines apart better, so the
        control must have the same.
    fits : callable, optional
        Carries the fits out; see :mod:`napari_tbcad.evaluate.fitting`.

    Returns
    -------
    DataFrame
        control, fold, repeat, file, label, probability: one row a control, fold and test film. A fold with
        fewer than three known training films of a class gives none.

    Raises
    ------
    BadInput
        If a table's length is not that of the labels.
    """
    y, owners = np.asarray(labels).astype(np.int64), None if groups is None else np.asarray(groups)
    jobs, repeats = [], []
    for name, table in controls.items():
        if len(table) != len(y):
            raise BadInput(f"control {name}", f"{len(table)} rows for {len(y)} films")
        known = np.isfinite(table.to_numpy(dtype=np.float64)).all(axis=1) & (table.shape[1] > 0)
        for fold in folds:
            mine = Fold(fold.name, fold.train[known[fold.train]], fold.test[known[fold.test]])
            fewest = min(np.bincount(y[mine.train], minlength=2))
            if len(mine.test) and fewest >= FEWEST:
                estimator = single_stage_twin(method, table, options, fewest=fewest)
                jobs.append(FitJob(name, estimator, table, y, owners, mine))
                repeats.append(getattr(fold, "repeat", 1))
    return _gathered(jobs, repeats, fits)


def single_stage_twin(
    method: str, table: pd.DataFrame, options: Mapping[str, Any] | None = None, *, fewest: int = 100
) -> HierarchicalClassifier:
    """Return a control's classifier: the single-stage one of a method's kind.

    Parameters
    ----------
    method : str
        The method under test.
    table : DataFrame
        The control's features.
    options : mapping, optional
        Of the method; those of stage 1 are of no use here.
    fewest : int
        Training films of the smaller class; with few of them there are three inner folds.
    """
    kept = {k: v for k, v in dict(options or {}).items() if k not in ("stage1_threshold", "stage1_abstains")}
    if fewest < 2 * int(kept.get("n_folds", 5)):
        kept["n_folds"] = FEWEST
    return make_estimator(f"single_{method.split('_')[-1]}", [str(c) for c in table.columns], **kept)


def shuffled_predictions(
    table: pd.DataFrame,
    labels: ArrayLike,
    folds: Sequence[Fold],
    *,
    method: str,
    groups: ArrayLike | None = None,
    options: Mapping[str, Any] | None = None,
    stage1_columns: Sequence[str] | None = None,
    shuffles: int = 1,
    seed: int = 0,
    fits: Fits = fit_all,
) -> pd.DataFrame:
    """Run a whole method, with all that it chooses inside, on labels dealt out at random.

    An AUC above 0.5 says that something is on both sides of the splits, or that the features know the answer.

    Parameters
    ----------
    table : DataFrame
        The features of the method itself.
    labels, folds, groups, fits
        As in :func:`control_predictions`.
    method : str
        The method under test, itself: both stages, gate, calibration and operating point.
    options, stage1_columns
        Of :func:`~napari_tbcad.evaluate.methods.make_estimator`.
    shuffles : int
        Deals of each repetition of the folds; every repetition has its own.
    seed : int
        Of the deals.

    Returns
    -------
    DataFrame
        As in :func:`control_predictions`; `label` is the dealt one, and each deal is a repeat of its own
        (repeat + 1000 × (deal − 1)).
    """
    y, owners = np.asarray(labels).astype(np.int64), None if groups is None else np.asarray(groups)
    estimator = make_estimator(
        method, [str(c) for c in table.columns], stage1_columns=stage1_columns, **dict(options or {})
    )
    jobs, repeats = [], []
    for repeat in sorted({getattr(fold, "repeat", 1) for fold in folds}):
        mine = [fold for fold in folds if getattr(fold, "repeat", 1) == repeat]
        for deal in range(shuffles):
            dealt = shuffled_labels(y, mine, groups=owners, random_state=seed + 1000 * deal + repeat)
            for fold in mine:
                if min(np.bincount(dealt[fold.train], minlength=2)) >= FEWEST:
                    jobs.append(FitJob(SHUFFLED_LABELS, estimator, table, dealt, owners, fold))
                    repeats.append(repeat + 1000 * deal)
    return _gathered(jobs, repeats, fits)


def _gathered(jobs: Sequence[FitJob], repeats: Sequence[int], fits: Fits) -> pd.DataFrame:
    parts = [
        done.predictions[["file", "label", "probability"]].assign(
            control=done.name, fold=done.fold, repeat=repeat
        )
        for done, repeat in zip(fits(jobs), repeats, strict=True)
    ]
    columns = list(PREDICTION_COLUMNS)
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def control_rows(
    controls: Mapping[str, pd.DataFrame],
    labels: ArrayLike,
    folds: Sequence[Fold],
    *,
    method: str = "single_svm",
    groups: ArrayLike | None = None,
    options: Mapping[str, Any] | None = None,
    shuffled: pd.DataFrame | None = None,
    figure: Callable[[pd.DataFrame], Figure] = mean_auc,
    fits: Fits = fit_all,
) -> pd.DataFrame:
    """Judge controls on the folds of an evaluation.

    Parameters
    ----------
    controls, labels, folds, method, groups, options, fits
        See :func:`control_predictions`.
    shuffled : DataFrame, optional
        Of :func:`shuffled_predictions`.
    figure
        See :func:`control_table`.

    Returns
    -------
    DataFrame
        control, auc, low, high, warning, level. The warning here is what a control says by itself, without a
        score beside it: empty up to 0.60. :mod:`napari_tbcad.evaluate.verdicts` says it of a score.
    """
    found = control_predictions(
        controls, labels, folds, method=method, groups=groups, options=options, fits=fits
    )
    if shuffled is not None:
        found = pd.concat([found, shuffled], ignore_index=True)
    table = control_table(found, list(controls), figure=figure)
    said = [control_warning(*pair) for pair in zip(table["control"], table["auc"], strict=True)]
    return table.assign(warning=said, level="")


def age_sex_table(age: ArrayLike, sex: ArrayLike) -> pd.DataFrame:
    """Return the control table of age in years and sex (1 male, 0 female, NaN unknown), one row a film."""
    years = pd.to_numeric(pd.Series(np.asarray(age)), errors="coerce").to_numpy(dtype=np.float64)
    letter = pd.Series(np.asarray(sex)).astype(str).str.strip().str.lower().str[:1]
    coded = letter.map({"m": 1.0, "f": 0.0}).to_numpy(dtype=np.float64)
    return pd.DataFrame({"age": years, "sex": coded})
