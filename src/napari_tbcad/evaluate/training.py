"""Training a model together with the scores its card must carry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from napari_tbcad.chest.classify.card import Score
from napari_tbcad.chest.classify.model import ChestModel
from napari_tbcad.chest.classify.train import fit_model
from napari_tbcad.evaluate.controls import OUTSIDE_LUNGS
from napari_tbcad.evaluate.evaluation import Evaluation, evaluate_table
from napari_tbcad.evaluate.folds import Fold
from napari_tbcad.evaluate.methods import make_estimator, method_name
from napari_tbcad.evaluate.verdicts import is_direction

CARD_FIGURES = ("auc", "recall", "specificity", "precision", "accuracy", "recall_at_specificity_70")


def train_model(
    features_table: pd.DataFrame,
    labels: ArrayLike,
    *,
    method: str = "svm",
    single_stage: bool = False,
    card_info: Mapping[str, Any],
    splits: Sequence[Fold] | pd.DataFrame | None = None,
    controls: Mapping[str, pd.DataFrame] | None = None,
    groups: ArrayLike | None = None,
    stage1_columns: Sequence[str] | None = None,
    shape_model: Mapping[str, NDArray[Any]] | None = None,
    options: Mapping[str, Any] | None = None,
    control_options: Mapping[str, Any] | None = None,
    design: str = "",
    progress: Callable[[float, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> ChestModel:
    """Judge a classifier on splits, fit it on all films, and put both on its card.

    Parameters
    ----------
    features_table : DataFrame
        Index the file, one column a feature.
    labels : (n,) array-like of 0/1
        1 for tuberculosis.
    method : {"svm", "nb"}
    single_stage : bool
        Train the single-stage twin.
    card_info : mapping
        Fields of :class:`ModelCard` that the table does not tell.
    splits : sequence of Fold or DataFrame, optional
        Outer splits for the card's scores; without them the card has none but what `card_info` brings.
    controls : mapping of str to DataFrame, optional
        Judged on the same splits and put on the card.
    groups, stage1_columns, shape_model
        See :func:`evaluate_table` and :func:`fit_model`.
    options : mapping, optional
        Further parameters of :class:`HierarchicalClassifier`.
    control_options : mapping, optional
        Parameters of the controls' classifier, which is of the same kind; `options` by default.
    design : str
        How the splits were made, for the card; such as ``"10-fold"`` or ``"cross-source"``.
    progress, cancelled : callable, optional
        As everywhere.

    Returns
    -------
    ChestModel
    """
    name = method_name(method, single_stage=single_stage)
    columns = [str(column) for column in features_table.columns]
    estimator = make_estimator(name, columns, stage1_columns=stage1_columns, **dict(options or {}))
    info = dict(card_info)
    if splits is not None:
        evaluation = evaluate_table(
            features_table,
            labels,
            splits=splits,
            methods={name: estimator},
            controls=controls,
            control_options=options if control_options is None else control_options,
            groups=groups,
            progress=progress,
            cancelled=cancelled,
        )
        info["scores"] = (*info.get("scores", ()), *card_scores(evaluation, name, design=design))
        info.setdefault("splits", design)
        complaints = [
            str(w) for w in evaluation.controls.get("warning", ()) if w and "could not" not in str(w)
        ]
        info["warnings"] = (*info.get("warnings", ()), *complaints[:1])
    if progress is not None:
        progress(0.95, "fitting on all films")
    return fit_model(
        features_table, labels, estimator=estimator, card_info=info, groups=groups, shape_model=shape_model
    )


def card_scores(evaluation: Evaluation, method: str, *, design: str = "") -> list[Score]:
    """Return the figures of one method, and the controls, as they stand on a card.

    Scores of each fold are given beside the pooled ones when there are at most five folds, as in the
    cross-source design, whose directions must not be averaged away. The AUC is the headline: of each
    direction when there are two, else pooled; and so is the control outside the lungs.
    """
    directions = len(evaluation.folds) == 2 and all(is_direction(fold.name) for fold in evaluation.folds)
    design = design or f"{len(evaluation.folds)} splits"
    tables = [(design, evaluation.summary)]
    if 1 < len(evaluation.folds) <= 5:
        tables += [
            (f"{design}, {fold.name}", evaluation.by_fold[evaluation.by_fold["fold"] == fold.name])
            for fold in evaluation.folds
        ]
    scores = []
    for where, table in tables:
        pooled = table is evaluation.summary
        row = table[table["method"] == method].iloc[0]
        for figure in CARD_FIGURES:
            found = (row[f"{figure}{end}"] for end in ("", "_low", "_high"))
            scores.append(_score(where, figure, *found, headline=figure == "auc" and pooled != directions))
    shown = (
        {f"{OUTSIDE_LUNGS}, fold {fold.name}" for fold in evaluation.folds} if directions else {OUTSIDE_LUNGS}
    )
    for control in evaluation.controls.to_dict("records"):
        found = (control[name] for name in ("auc", "low", "high"))
        metric = f"control {control['control']} auc"
        scores.append(_score(design, metric, *found, headline=control["control"] in shown))
    return [score for score in scores if np.isfinite(score.value)]


def _score(design: str, metric: str, value: float, low: float, high: float, *, headline: bool) -> Score:
    """Return a figure for the card; without an interval where there is none."""
    ends = [float(end) if np.isfinite(end) else None for end in (low, high)]
    return Score(
        design=design, metric=metric, value=float(value), low=ends[0], high=ends[1], headline=headline
    )
