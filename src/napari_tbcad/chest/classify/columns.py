"""Which feature columns a stage reads, and how much each counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted, validate_data


class DropCollinear(TransformerMixin, BaseEstimator):
    """Keep the first of every set of columns that are constant or nearly copies of one another.

    Labels are not looked at, so the choice may be made on the training films of each fold without
    leaking. Naive Bayes multiplies the evidence of every column as if each were new: four directions
    of one texture feature would count four times. A support vector machine only needs exact copies
    (correlation I and II) gone.

    Parameters
    ----------
    max_correlation : float
        A column whose absolute Pearson correlation with an earlier kept one exceeds this is dropped;
        1 keeps all but constant columns.

    Attributes
    ----------
    kept_ : (n_kept,) array of int
        Indices of the kept columns, ascending. Never empty.
    """

    def __init__(self, max_correlation: float = 0.9999) -> None:
        self.max_correlation = max_correlation

    def fit(self, X: Any, y: Any = None) -> DropCollinear:
        """Choose the columns from (n, n_features) training values."""
        X = validate_data(self, X, dtype=np.float64)
        spread = X.std(axis=0)
        # Rounding alone gives a constant column a spread of about eps · |mean|.
        varying = np.flatnonzero(spread > 1e-12 * np.maximum(1.0, np.abs(X.mean(axis=0))))
        if not len(varying):
            self.kept_ = np.arange(min(1, X.shape[1]))
            return self
        standard = (X[:, varying] - X[:, varying].mean(axis=0)) / spread[varying]
        correlation = np.abs(standard.T @ standard) / len(X)
        kept: list[int] = []
        for column in range(len(varying)):
            if not kept or correlation[column, kept].max() <= self.max_correlation:
                kept.append(column)
        self.kept_ = varying[np.asarray(kept)]
        return self

    def transform(self, X: Any) -> NDArray[np.float64]:
        """Return the kept columns of X, (n, n_kept)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return X[:, self.kept_]


class WeightedScaler(StandardScaler):
    """Standardise columns and multiply each by a weight, so that it counts more or less in a distance.

    Parameters
    ----------
    weights : sequence of float, optional
        One per column, all > 0; None: all 1.

    Attributes
    ----------
    mean_, scale_ : (n_features,) arrays
        As in StandardScaler, with the weight already in `scale_`: x ↦ (x − mean_) / scale_.
    """

    def __init__(self, weights: Sequence[float] | None = None) -> None:
        super().__init__()
        self.weights = weights

    def fit(self, X: Any, y: Any = None) -> WeightedScaler:
        """Measure means and spreads of (n, n_features) training values."""
        super().fit(X)
        if self.weights is not None:
            self.scale_: NDArray[np.float64] = self.scale_ / np.asarray(self.weights, dtype=np.float64)
        return self
