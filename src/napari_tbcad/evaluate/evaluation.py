"""Judging classifiers on a table of features, every film by a model that did not see it."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import clone

from napari_tbcad.chest.classify.hierarchical import HierarchicalClassifier
from napari_tbcad.chest.classify.train import checked_table
from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.evaluate.controls import control_rows
from napari_tbcad.evaluate.folds import Fold, folds_from_table
from napari_tbcad.evaluate.methods import METHODS, make_estimator
from napari_tbcad.evaluate.metrics import Confusion, classification_figures, confusion, recall_at_specificity

SUMMARY_FIGURES = (
    "precision",
    "recall",
    "specificity",
    "f1",
    "f1_normal",
    "error_rate",
    "accuracy",
    "auc",
)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Everything an evaluation found.

    Parameters
    ----------
    predictions : DataFrame
        One row per method, fold and test film: method, fold, file, label, probability,
        probability_stage1, probability_stage2, deciding_stage, decision, threshold.
    summary : DataFrame
        One row per method over all test films; the columns of summary.csv.
    by_fold : DataFrame
        The same per fold (column ``fold``).
    controls : DataFrame
        control, auc, low, high, warning.
    folds : tuple of Fold
        The splits used.
    files : tuple of str
        Names of the films.
    complaints : tuple of str
        What classifiers complained about while they were fitted.
    """

    predictions: pd.DataFrame
    summary: pd.DataFrame
    by_fold: pd.DataFrame
    controls: pd.DataFrame
    folds: tuple[Fold, ...]
    files: tuple[str, ...]
    complaints: tuple[str, ...] = ()
    about: Mapping[str, Any] = dataclass_field(default_factory=dict)

    def confusion(self, method: str) -> Confusion:
        """Return the counts of one method over all test films."""
        rows = self.predictions[self.predictions["method"] == method]
        return confusion(rows["label"], rows["decision"] == 1)

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the methods, in order."""
        return tuple(self.summary["method"])


def evaluate_table(
    table: pd.DataFrame,
    labels: ArrayLike,
    names: Sequence[str] | None = None,
    *,
    splits: Sequence[Fold] | pd.DataFrame,
    methods: Sequence[str] | Mapping[str, HierarchicalClassifier] = METHODS,
    controls: Mapping[str, pd.DataFrame] | None = None,
    groups: ArrayLike | None = None,
    stage1_columns: Sequence[str] | None = None,
    options: Mapping[str, Any] | None = None,
    control_options: Mapping[str, Any] | None = None,
    progress: Callable[[float, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Evaluation:
    """Fit and judge classifiers on the same splits, and controls beside them.

    Parameters
    ----------
    table : DataFrame
        Index the file, one column a feature.
    labels : (n,) array-like of 0/1
        1 for tuberculosis.
    names : sequence of str, optional
        Columns to use; all by default.
    splits : sequence of Fold or DataFrame
        Outer splits (:mod:`napari_tbcad.evaluate.folds`), or a table file, fold, role.
    methods : sequence of str, or mapping of str to estimator
        Names from :data:`METHODS`, or own unfitted estimators by name.
    controls : mapping of str to DataFrame, optional
        Tables of features that must not know the answer, such as ``outside_lungs``; see
        :func:`napari_tbcad.evaluate.controls.control_rows`.
    groups : (n,) array-like, optional
        Patient of each film; respected by all inner folds.
    stage1_columns, options
        Of :func:`make_estimator`.
    control_options : mapping, optional
        Parameters of the controls' classifier; see :func:`control_rows`.
    progress, cancelled : callable, optional
        Called between fits.

    Returns
    -------
    Evaluation

    Raises
    ------
    BadInput
        If a value is not finite, a column is missing, or a fold cannot be trained on.
    Cancelled
        When `cancelled` says so.
    """
    X, y = checked_table(table if names is None else _chosen(table, names), labels)
    files = tuple(str(name) for name in X.index)
    folds = folds_from_table(splits, files) if isinstance(splits, pd.DataFrame) else list(splits)
    owners = None if groups is None else np.asarray(groups)
    if isinstance(methods, Mapping):
        estimators = dict(methods)
    else:
        made = dict(options or {})
        estimators = {
            name: make_estimator(name, list(X.columns), stage1_columns=stage1_columns, **made)
            for name in methods
        }
    rows, seconds, complaints = [], [], []
    jobs = [(name, fold) for name in estimators for fold in folds]
    for done, (name, fold) in enumerate(jobs):
        if cancelled is not None and cancelled():
            raise Cancelled("evaluation stopped")
        if progress is not None:
            progress(done / len(jobs), f"{name}, fold {fold.name}")
        found, fit_seconds, predict_seconds, said = _judge(estimators[name], X, y, owners, fold)
        rows.append(found.assign(method=name, fold=fold.name))
        seconds.append((name, fold.name, fit_seconds, predict_seconds))
        complaints += [f"{name}, fold {fold.name}: {line}" for line in said]
    predictions = pd.concat(rows, ignore_index=True)
    times = pd.DataFrame(seconds, columns=["method", "fold", "fit_seconds", "predict_seconds"])
    return Evaluation(
        predictions=predictions,
        summary=_summary(predictions, times, ["method"]),
        by_fold=_summary(predictions, times, ["method", "fold"]),
        controls=control_rows(controls or {}, y, folds, groups=owners, options=control_options),
        folds=tuple(folds),
        files=files,
        complaints=tuple(complaints),
    )


def _chosen(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    missing = [name for name in names if name not in table.columns]
    if missing:
        raise BadInput("feature table", f"the column {missing[0]} is missing")
    return table[list(names)]


def _judge(
    estimator: HierarchicalClassifier, X: pd.DataFrame, y: np.ndarray, groups: np.ndarray | None, fold: Fold
) -> tuple[pd.DataFrame, float, float, list[str]]:
    """Fit one estimator on the training part of one fold and ask it about the test part."""
    model = clone(estimator)
    began = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # they are in complaints_
            model.fit(X.iloc[fold.train], y[fold.train], None if groups is None else groups[fold.train])
    except ValueError as error:
        raise BadInput(f"fold {fold.name}", str(error)) from error
    fitted = time.perf_counter()
    stages = model.predict_stages(X.iloc[fold.test])
    asked = time.perf_counter()
    found = pd.DataFrame(
        {
            "file": X.index[fold.test].astype(str),
            "label": y[fold.test],
            "probability": stages.probability,
            "probability_stage1": stages.p1,
            "probability_stage2": stages.p2,
            "deciding_stage": stages.deciding_stage,
            "decision": stages.decision,
            "threshold": stages.threshold,
        }
    )
    return found, fitted - began, asked - fitted, list(model.complaints_)


def _summary(predictions: pd.DataFrame, times: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """One row per method (and fold): every figure with its interval, times, share decided by stage 1."""
    rows = []
    for key, films in predictions.groupby(keys, sort=False):
        figures = classification_figures(films["label"], films["decision"] == 1, films["probability"])
        figures["recall_at_specificity_70"] = recall_at_specificity(films["label"], films["probability"])
        row: dict[str, Any] = dict(zip(keys, key, strict=True))
        for name, figure in figures.items():
            row |= {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
        mine = times[(times[keys] == list(key)).all(axis=1)]
        row |= {name: float(mine[name].sum()) for name in ("fit_seconds", "predict_seconds")}
        row["share_stage1"] = float((films["deciding_stage"] == 1).mean())
        row["n_tb"], row["n_normal"] = int(films["label"].sum()), int((films["label"] == 0).sum())
        rows.append(row)
    return pd.DataFrame(rows)
