"""Training a model on a table of features."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import sklearn
from numpy.typing import ArrayLike, NDArray

from napari_tbcad.chest.classify.card import OPERATING_POINTS, ModelCard, OperatingCurve, arrays_sha256
from napari_tbcad.chest.classify.contributions import correlated_groups
from napari_tbcad.chest.classify.hierarchical import HierarchicalClassifier
from napari_tbcad.chest.classify.model import ChestModel
from napari_tbcad.chest.classify.normals import normal_films
from napari_tbcad.errors import BadInput


def fit_model(
    table: pd.DataFrame,
    labels: ArrayLike,
    *,
    estimator: HierarchicalClassifier,
    card_info: Mapping[str, Any],
    groups: ArrayLike | None = None,
    shape_model: Mapping[str, NDArray[Any]] | None = None,
) -> ChestModel:
    """Fit an estimator on all films of a table and write its card.

    Parameters
    ----------
    table : DataFrame
        Index the file, one column a feature, in the order the model will keep.
    labels : (n,) array-like of 0/1
        1 for tuberculosis.
    estimator : HierarchicalClassifier
        Unfitted; its operating point becomes the card's default.
    card_info : mapping
        Fields of :class:`ModelCard` that only the caller knows: name, sources, scores, feature set,
        definition, grid, levels, image, enhance, segmenter, masks.
    groups : (n,) array-like, optional
        Patient or source of each film.
    shape_model : mapping of str to array, optional
        Travels inside the model file.

    Returns
    -------
    ChestModel

    Raises
    ------
    BadInput
        If a value is not finite or a class is missing or too small.
    """
    X, y = checked_table(table, labels)
    owners = None if groups is None else np.asarray(groups)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # kept in complaints_, which go into the card
            estimator.fit(X, y, groups=owners)
            score = getattr(estimator, "out_of_fold_score_", None)
            if score is None:
                score = estimator.out_of_fold(X.to_numpy(dtype=np.float64), y, owners)
    except ValueError as error:
        raise BadInput("training table", str(error)) from error
    return _carded(X, y, estimator, score, card_info, shape_model)


def fitted_model(
    table: pd.DataFrame,
    labels: ArrayLike,
    *,
    estimator: HierarchicalClassifier,
    card_info: Mapping[str, Any],
    shape_model: Mapping[str, NDArray[Any]] | None = None,
) -> ChestModel:
    """Write the card of an estimator that was fitted already.

    Parameters
    ----------
    table, labels
        The films that it was fitted on.
    estimator : HierarchicalClassifier
        Fitted.
    card_info, shape_model
        See :func:`fit_model`.

    Returns
    -------
    ChestModel
        Without out-of-fold scores, and so with thresholds that are probabilities, where the estimator's own
        operating point needed none.
    """
    X, y = checked_table(table, labels)
    return _carded(X, y, estimator, getattr(estimator, "out_of_fold_score_", None), card_info, shape_model)


def _carded(
    X: pd.DataFrame,
    y: NDArray[np.int64],
    estimator: HierarchicalClassifier,
    score: NDArray[np.float64] | None,
    card_info: Mapping[str, Any],
    shape_model: Mapping[str, NDArray[Any]] | None,
) -> ChestModel:
    """Put what the fit tells and what only the caller knows on one card."""
    curve, points = OperatingCurve(), tuple(n for n in OPERATING_POINTS if n.replace(".", "").isdigit())
    if score is not None:
        curve = OperatingCurve(labels=tuple(y.tolist()), scores=tuple(np.round(score, 7).tolist()))
        points = OPERATING_POINTS
    bundle = dict(shape_model or {})
    facts = _facts(X, y, estimator) | {
        "curve": curve,
        "thresholds": {name: curve.threshold(name) for name in points},
        "shape_model_sha256": arrays_sha256(bundle) if bundle else None,
    }
    card = ModelCard(**{**facts, **dict(card_info)})
    return ChestModel(estimator, card, bundle)


def checked_table(table: pd.DataFrame, labels: ArrayLike) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Return the table as float64 and labels as 0/1; raise :class:`BadInput` naming the first bad film."""
    y = np.asarray(labels)
    if len(y) != len(table):
        raise BadInput("training table", f"{len(table)} films and {len(y)} labels")
    if not np.isin(y, (0, 1)).all():
        raise BadInput("training table", "labels are 1 (tuberculosis) and 0")
    X = table.astype(np.float64)
    X.columns = [str(name) for name in X.columns]
    finite = np.isfinite(X.to_numpy())
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise BadInput("training table", f"{X.index[row]}: {X.columns[column]} is not finite")
    return X, y.astype(np.int64)


def names_at(names: Sequence[str], indices: NDArray[np.intp]) -> tuple[str, ...]:
    """Return the names at these indices."""
    return tuple(names[int(index)] for index in indices)


def _facts(X: pd.DataFrame, y: NDArray[np.int64], estimator: HierarchicalClassifier) -> dict[str, Any]:
    """What the card can learn from the fit itself."""
    names = tuple(X.columns)
    values = X.to_numpy()
    normal = values[y == 0]
    # 1.4826 · median absolute deviation equals the standard deviation for a normal distribution and does
    # not follow single odd films; a feature that hardly varies falls back to the standard deviation.
    median = np.median(normal, axis=0)
    spread = 1.4826 * np.median(np.abs(normal - median), axis=0)
    spread = np.where(spread > 0, spread, normal.std(axis=0))
    spread = np.where(spread > 0, spread, 1.0)
    parameters = {k: v for k, v in estimator.get_params(deep=False).items() if k != "stage1"}
    parameters = {k: (list(v) if isinstance(v, (tuple, np.ndarray)) else v) for k, v in parameters.items()}
    stage1 = () if estimator.stage1_ is None else names_at(names, estimator.columns1_)
    return {
        "name": "unnamed",
        "n_tb": int(y.sum()),
        "n_normal": int((y == 0).sum()),
        "method": estimator.method,
        "single_stage": bool(estimator.single_stage),
        "stage1_abstains": bool(estimator.stage1_abstains),
        "parameters": parameters,
        "gate": float(estimator.gate_) if np.isfinite(estimator.gate_) else None,
        "operating_point": str(estimator.operating_point),
        "feature_names": names,
        "stage1_features": stage1,
        "stage2_features": names_at(names, estimator.columns2_),
        "normal_median": tuple(median.tolist()),
        "normal_spread": tuple(spread.tolist()),
        "normal": normal_films(X[y == 0]),
        "groups": tuple(tuple(names[i] for i in group) for group in correlated_groups(values)),
        "warnings": tuple(estimator.complaints_),
        "sklearn_version": sklearn.__version__,
    }
