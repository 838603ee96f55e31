"""Whether what was read from a model file can be asked for a prediction without harm."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from napari_tbcad.chest.classify.hierarchical import HierarchicalClassifier
from napari_tbcad.chest.classify.stage import CalibratedStage
from napari_tbcad.plain_text import first_line


def unusable(estimator: HierarchicalClassifier, n_features: int) -> str:
    """Say why a classifier that was read cannot be used; empty when it can.

    libsvm trusts the lengths that it is given: with arrays that do not fit together it reads beyond their
    ends. So these are compared first, and only then is a trial prediction made.

    Parameters
    ----------
    estimator : HierarchicalClassifier
        As it was read.
    n_features : int
        How many features its card names.
    """
    try:
        for stage in (estimator.stage1_, estimator.stage2_):
            if stage is not None and (said := _stage_fault(getattr(stage, "estimator", stage))):
                return said
        if not all(isinstance(value, int | float) for value in (estimator.gate_, estimator.threshold_)):
            return "its gate or threshold is no number"
        # Of one film, too: arrays with a row for each of two fit two films, and no other number.
        for number, value in ((2, 0.0), (2, 1.0), (1, 0.0)):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                result = estimator.predict_stages(np.full((number, n_features), value))
            if result.probability.shape != (number,) or result.probability.dtype.kind != "f":
                return "its probabilities are no numbers"
    except Exception as error:  # fitted attributes of any kind may be missing or odd
        return f"a trial prediction fails ({type(error).__name__}: {first_line(error)})"
    return ""


def _stage_fault(stage: Any) -> str:
    if not isinstance(stage, CalibratedStage) or not isinstance(stage.pipeline_, Pipeline):
        return "one of its stages is of another kind"
    for _, step in stage.pipeline_.steps:
        if isinstance(step, SVC) and (said := _svm_fault(step)):
            return said
    return ""


def _svm_fault(svm: SVC) -> str:
    """Compare the arrays of a support vector machine of two classes, as libsvm reads them."""
    vectors, support = svm.support_vectors_, svm.support_
    counts, weights = svm._n_support, svm._dual_coef_
    arrays = (
        (vectors, "float64", (len(support), svm.n_features_in_)),
        (support, "int32", (len(support),)),
        (counts, "int32", (2,)),
        (weights, "float64", (1, len(support))),
        (svm._intercept_, "float64", (1,)),
        (svm._probA, "float64", svm._probA.shape),
        (svm._probB, "float64", svm._probA.shape),
    )
    for array, kind, shape in arrays:
        if not isinstance(array, np.ndarray) or array.dtype != kind or array.shape != shape:
            return "the arrays of its support vector machine do not fit together"
        if not np.isfinite(array).all() or not array.flags.c_contiguous:
            return "the arrays of its support vector machine hold what they must not"
    if (counts < 0).any() or counts.sum() != len(support) or len(svm.classes_) != 2:
        return "its support vectors are not as many as it says"
    if svm.kernel != "rbf" or svm._sparse or svm._impl != "c_svc" or not np.isfinite(float(svm._gamma)):
        return "its support vector machine is of another kind"
    return ""
