"""Fitting one classifier on the training part of a fold and asking it about the test part."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone

from napari_tbcad.chest.classify.hierarchical import HierarchicalClassifier
from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.folds import Fold


@dataclass(frozen=True, eq=False)
class FitJob:
    """One fit that is wanted.

    Parameters
    ----------
    name : str
        Method or control, such as ``"hierarchical_svm"`` or ``"outside_lungs"``.
    estimator : HierarchicalClassifier
        Unfitted; it is cloned.
    X : DataFrame
        Index the file, one column a feature, finite numbers.
    y : (n,) array of int
        1 for tuberculosis, 0 for none.
    groups : (n,) array or None
        Patient of each film.
    fold : Fold
        Positions to train and to test on.
    keep_model : bool
        Whether the fitted classifier is wanted, too.
    """

    name: str
    estimator: HierarchicalClassifier
    X: pd.DataFrame
    y: NDArray[np.int64]
    groups: NDArray[np.generic] | None
    fold: Fold
    keep_model: bool = False


@dataclass(frozen=True, eq=False)
class Fitted:
    """What a classifier said of the test films of one fold.

    Parameters
    ----------
    name, fold : str
        Of the job.
    predictions : DataFrame
        file, label, probability, probability_stage1, probability_stage2, deciding_stage, decision,
        threshold: one row a test film, in the order of the fold.
    fit_seconds, predict_seconds : float
        Wall time of this fit.
    complaints : tuple of str
        What the classifier complained about.
    model : HierarchicalClassifier or None
        Where it was asked for.
    """

    name: str
    fold: str
    predictions: pd.DataFrame
    fit_seconds: float
    predict_seconds: float
    complaints: tuple[str, ...] = ()
    model: HierarchicalClassifier | None = None


Fits = Callable[[Sequence[FitJob]], Iterable[Fitted]]
"""Carries jobs out and yields what became of them, in their order: :func:`fit_all`, or one that works in
several processes and keeps what was done for a run that is gone on with."""


def fit_one(job: FitJob) -> Fitted:
    """Fit on the training part of a fold and ask about its test part.

    Raises
    ------
    BadInput
        If the fold cannot be trained on; names the fold.
    """
    model = clone(job.estimator)
    fold, groups = job.fold, job.groups
    began = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # they are in complaints_
            owners = None if groups is None else groups[fold.train]
            model.fit(job.X.iloc[fold.train], job.y[fold.train], owners)
    except ValueError as error:
        raise BadInput(f"{job.name}, fold {fold.name}", str(error)) from error
    fitted = time.perf_counter()
    stages = model.predict_stages(job.X.iloc[fold.test])
    asked = time.perf_counter()
    predictions = pd.DataFrame(
        {
            "file": job.X.index[fold.test].astype(str),
            "label": job.y[fold.test],
            "probability": stages.probability,
            "probability_stage1": stages.p1,
            "probability_stage2": stages.p2,
            "deciding_stage": stages.deciding_stage,
            "decision": stages.decision,
            "threshold": stages.threshold,
        }
    )
    return Fitted(
        job.name,
        fold.name,
        predictions,
        fitted - began,
        asked - fitted,
        tuple(getattr(model, "complaints_", ())),
        model if job.keep_model else None,
    )


def fit_all(jobs: Sequence[FitJob]) -> Iterator[Fitted]:
    """Carry jobs out one after the other."""
    return map(fit_one, jobs)
