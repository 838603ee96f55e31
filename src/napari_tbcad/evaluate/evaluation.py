"""Judging classifiers on a table of features, every film by a model that did not see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from napari_tbcad.chest.classify.hierarchical import HierarchicalClassifier
from napari_tbcad.chest.classify.train import checked_table
from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.evaluate.columns import VARIANT, empty
from napari_tbcad.evaluate.controls import control_rows
from napari_tbcad.evaluate.fitting import FitJob, Fits, Fitted, fit_all
from napari_tbcad.evaluate.fold_files import folds_from_table
from napari_tbcad.evaluate.folds import Fold, refuse_shared_patients, repeats_of
from napari_tbcad.evaluate.intervals import auc_figure
from napari_tbcad.evaluate.methods import METHODS, make_estimator
from napari_tbcad.evaluate.metrics import Confusion, Figure, confusion
from napari_tbcad.evaluate.resampling import N_BOOTSTRAP, Draws
from napari_tbcad.evaluate.summaries import judged_tables


def _table(name: str) -> Any:
    return dataclass_field(default_factory=partial(empty, f"{name}.csv"))


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Everything an evaluation found: one table for every file of its folder.

    The columns stand in :data:`napari_tbcad.evaluate.columns.TABLES`.

    Parameters
    ----------
    predictions : DataFrame
        predictions.csv: one row per method, variant, fold and test film.
    summary : DataFrame
        summary.csv: one row per method and variant over all test films; the main variant leads.
    by_fold : DataFrame
        summary_folds.csv: the same per fold (column ``fold``).
    controls : DataFrame
        controls.csv.
    folds : tuple of Fold
        The splits used.
    files : tuple of str
        Names of the films.
    complaints : tuple of str
        What classifiers complained about while they were fitted.
    about : mapping
        evaluation.json: what was done, on what, with what.
    confusions : DataFrame
        confusion.csv.
    sources, tests, stages, calibration, roc, learning_curve, stability, correction, explanation, duplicates,
    features, failed : DataFrame
        The tables of these names; empty where nobody asked.
    """

    predictions: pd.DataFrame
    summary: pd.DataFrame
    by_fold: pd.DataFrame
    controls: pd.DataFrame
    folds: tuple[Fold, ...]
    files: tuple[str, ...]
    complaints: tuple[str, ...] = ()
    about: Mapping[str, Any] = dataclass_field(default_factory=dict)
    confusions: pd.DataFrame = _table("confusion")
    sources: pd.DataFrame = _table("sources")
    tests: pd.DataFrame = _table("tests")
    stages: pd.DataFrame = _table("stages")
    calibration: pd.DataFrame = _table("calibration")
    roc: pd.DataFrame = _table("roc")
    learning_curve: pd.DataFrame = _table("learning_curve")
    stability: pd.DataFrame = _table("stability")
    correction: pd.DataFrame = _table("correction")
    explanation: pd.DataFrame = _table("explanation")
    duplicates: pd.DataFrame = _table("duplicates")
    features: pd.DataFrame = _table("features")
    failed: pd.DataFrame = _table("failed")

    @property
    def main(self) -> tuple[str, str, str]:
        """Segmenter, feature set and definition of the main variant; empty where nobody said."""
        if self.summary.empty:
            return ("", "", "")
        one, two, three = (str(self.summary[name].iloc[0]) for name in VARIANT)
        return (one, two, three)

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the main variant's methods, in order."""
        return tuple(dict.fromkeys(self.of_main(self.summary)["method"]))

    def of_main(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the main variant's rows of a table with the columns of a variant."""
        return table[(table[list(VARIANT)] == list(self.main)).all(axis=1)]

    def main_predictions(self, method: str | None = None) -> pd.DataFrame:
        """Return the main variant's predictions of the first repeat, every test film once a method."""
        rows = self.of_main(self.predictions)
        rows = rows[repeats_of(rows["fold"]) == 1]
        return rows if method is None else rows[rows["method"] == method]

    def confusion(self, method: str) -> Confusion:
        """Return the counts of one method of the main variant over all test films of the first repeat."""
        rows = self.main_predictions(method)
        return confusion(rows["label"], rows["decision"] == 1)


def evaluate_table(
    table: pd.DataFrame,
    labels: ArrayLike,
    names: Sequence[str] | None = None,
    *,
    splits: Sequence[Fold] | pd.DataFrame,
    methods: Sequence[str] | Mapping[str, HierarchicalClassifier] = METHODS,
    controls: Mapping[str, pd.DataFrame] | None = None,
    groups: ArrayLike | None = None,
    sources: ArrayLike | None = None,
    stage1_columns: Sequence[str] | None = None,
    options: Mapping[str, Any] | None = None,
    control_options: Mapping[str, Any] | None = None,
    variant: Mapping[str, str] | None = None,
    fits: Fits = fit_all,
    draws: Draws | None = None,
    n_bootstrap: int = N_BOOTSTRAP,
    seed: int = 0,
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
        Patient of each film, unique over all collections; respected by all inner folds, and the unit of
        every interval. Each film is its own patient when not given.
    sources : (n,) array-like of str, optional
        Collection of each film.
    stage1_columns, options
        Of :func:`make_estimator`.
    control_options : mapping, optional
        Parameters of the controls' classifier, which is of the first method's kind; `options` by default.
    variant : mapping of str to str, optional
        segmenter, feature_set and definition, for the columns of these names.
    fits : callable, optional
        Carries the fits out; see :data:`~napari_tbcad.evaluate.fitting.Fits`.
    draws : Draws, optional
        Resamples of the patients that all variants of a run share; else `n_bootstrap` are made from `seed`.
    progress, cancelled : callable, optional
        Called between fits.

    Returns
    -------
    Evaluation

    Raises
    ------
    BadInput
        If a value is not finite, a column is missing, a fold cannot be trained on, or films of a patient are
        on both sides of one.
    Cancelled
        When `cancelled` says so.
    """
    X, y = checked_table(table if names is None else _chosen(table, names), labels)
    files = tuple(str(name) for name in X.index)
    folds = folds_from_table(splits, files) if isinstance(splits, pd.DataFrame) else list(splits)
    owners = None if groups is None else np.asarray(groups)
    if owners is not None:
        refuse_shared_patients(folds, owners)
    estimators = _estimators(methods, list(X.columns), stage1_columns, options)
    jobs = [
        FitJob(name, estimator, X, y, owners, fold)
        for name, estimator in estimators.items()
        for fold in folds
    ]
    facts = {name: (variant or {}).get(name, "") for name in VARIANT}
    known = pd.DataFrame({"patient": files if owners is None else owners.astype(str)})
    known = known.assign(source="" if sources is None else np.asarray(sources).astype(str), **facts)
    rows, seconds, complaints = [], [], []
    for job, fitted in zip(jobs, _asked(jobs, fits, progress, cancelled), strict=True):
        rows.append(_row_facts(fitted, known, job.fold).assign(method=job.name, fold=job.fold.name))
        seconds.append((job.name, job.fold.name, fitted.fit_seconds, fitted.predict_seconds))
        complaints += [f"{job.name}, fold {job.fold.name}: {line}" for line in fitted.complaints]
    times = pd.DataFrame(seconds, columns=["method", "fold", "fit_seconds", "predict_seconds"])
    draws = draws or Draws.of(known["patient"], n_bootstrap, seed)
    judged = control_rows(
        {name: _indexed(rows, files) for name, rows in (controls or {}).items()},
        y,
        folds,
        method=f"single_{getattr(next(iter(estimators.values())), 'method', 'svm')}",
        groups=owners,
        options=options if control_options is None else control_options,
        figure=partial(_control_figure, dict(zip(files, known["patient"], strict=True)), draws),
        fits=fits,
    )
    tables: dict[str, Any] = dict(judged_tables(pd.concat(rows, ignore_index=True), times, draws))
    return Evaluation(
        **tables,
        controls=judged.assign(**facts),
        folds=tuple(folds),
        files=files,
        complaints=tuple(complaints),
    )


def _indexed(control: pd.DataFrame, files: Sequence[str]) -> pd.DataFrame:
    """Name the rows of a control's table; one of another length is refused by who reads it."""
    return control.set_axis(list(files), axis=0) if len(control) == len(files) else control


def _control_figure(patient: Mapping[str, str], draws: Draws, films: pd.DataFrame) -> Figure:
    """Return a control's AUC from its answers, with the intervals of everything else."""
    owners = films["file"].map(patient)
    return auc_figure(films["label"], films["probability"], owners, draws, repeats=films["repeat"])


def _row_facts(fitted: Fitted, known: pd.DataFrame, fold: Fold) -> pd.DataFrame:
    """Put patient, source and variant beside what a classifier said of the test films."""
    facts = known.iloc[fold.test].reset_index(drop=True)
    return pd.concat([fitted.predictions.reset_index(drop=True), facts], axis=1)


def _asked(
    jobs: Sequence[FitJob],
    fits: Fits,
    progress: Callable[[float, str], None] | None,
    cancelled: Callable[[], bool] | None,
) -> Any:
    """Yield what became of each job, and say and ask between them."""

    def between(done: int) -> None:
        if cancelled is not None and cancelled():
            raise Cancelled("evaluation stopped")
        if progress is not None and done < len(jobs):
            progress(done / len(jobs), f"{jobs[done].name}, fold {jobs[done].fold.name}")

    between(0)
    found: Fitted
    for done, found in enumerate(fits(jobs), start=1):
        yield found
        between(done)


def _estimators(
    methods: Sequence[str] | Mapping[str, HierarchicalClassifier],
    columns: list[str],
    stage1_columns: Sequence[str] | None,
    options: Mapping[str, Any] | None,
) -> dict[str, HierarchicalClassifier]:
    if isinstance(methods, Mapping):
        return dict(methods)
    made = dict(options or {})
    return {name: make_estimator(name, columns, stage1_columns=stage1_columns, **made) for name in methods}


def _chosen(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    missing = [name for name in names if name not in table.columns]
    if missing:
        raise BadInput("feature table", f"the column {missing[0]} is missing")
    return table[list(names)]
