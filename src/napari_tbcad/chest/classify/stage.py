"""One calibrated classifier: collinear columns out, scaling, SVM or naive Bayes, Platt or isotonic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from napari_tbcad.chest.classify.columns import DropCollinear, WeightedScaler
from napari_tbcad.chest.classify.inner_folds import inner_folds

MAX_CORRELATION = {"svm": 0.9999, "nb": 0.9}


class LogOddsGaussianNB(GaussianNB):
    """Gaussian naive Bayes whose decision function is the log-odds of the second class.

    Its probabilities saturate at 0 and 1, where no calibration can tell films apart; log-odds do not.
    """

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return ln p(TB | x) − ln p(not TB | x), shape (n,)."""
        joint = self.predict_joint_log_proba(X)
        return joint[:, 1] - joint[:, 0]


class CalibratedStage(ClassifierMixin, BaseEstimator):
    """A classifier of two classes with a raw score and a calibrated probability.

    The calibration is fitted on scores of films that the scoring model did not see (inner folds); the
    scoring model itself is then fitted on all films (Platt 2000; Zadrozny & Elkan 2002).

    Parameters
    ----------
    method : {"svm", "nb"}
        Support vector machine with a radial basis function, or Gaussian naive Bayes.
    C : float
        SVM: cost of a training film on the wrong side.
    gamma : float or "scale"
        SVM: 1 / (2 · width²) of the radial basis function on standardised features.
    sharpness : float
        SVM: 1 leaves `gamma` as it is; else γ = sharpness / Σ weights², summed over all columns given.
        Sharper kernels tell finer differences, those between X-ray machines among them: read the control
        outside the lungs before raising it.
    weights : sequence of float, optional
        How much each column counts in the kernel's distance; None: all the same.
    var_smoothing : float
        Naive Bayes: share of the largest variance added to all.
    calibration : {"sigmoid", "isotonic"}
        Platt's sigmoid, or isotonic regression (needs some hundred films).
    max_correlation : float, optional
        See :class:`DropCollinear`; by default 0.9999 for the SVM and 0.9 for naive Bayes.
    whiten : bool
        Rotate to principal components of unit variance (99 % of the variance) after scaling.
    n_folds : int
        Inner folds of the calibration.
    random_state : int, optional
        Seed of the inner folds.

    Attributes
    ----------
    calibrated_ : CalibratedClassifierCV
        The fitted scikit-learn model: one pipeline and one calibrator.
    classes_ : (2,) array
        The second is the positive class.

    References
    ----------
    J. Platt, Probabilities for SV machines, 2000. B. Zadrozny, C. Elkan, KDD 2002.
    """

    def __init__(
        self,
        method: str = "svm",
        *,
        C: float = 1.0,
        gamma: float | str = "scale",
        sharpness: float = 1.0,
        weights: Sequence[float] | None = None,
        var_smoothing: float = 1e-9,
        calibration: str = "sigmoid",
        max_correlation: float | None = None,
        whiten: bool = False,
        n_folds: int = 5,
        random_state: int | None = 0,
    ) -> None:
        self.method = method
        self.C = C
        self.gamma = gamma
        self.sharpness = sharpness
        self.weights = weights
        self.var_smoothing = var_smoothing
        self.calibration = calibration
        self.max_correlation = max_correlation
        self.whiten = whiten
        self.n_folds = n_folds
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def fit(self, X: Any, y: Any, groups: ArrayLike | None = None) -> CalibratedStage:
        """Fit on films X (n, n_features) with classes y (n,), keeping `groups` together in inner folds.

        Raises
        ------
        ValueError
            If X holds NaN or infinite values, y has not exactly two classes, or a class is too small.
        """
        X, y = validate_data(self, X, y, dtype=np.float64)
        self.classes_ = two_classes(y)
        splits = inner_folds(y, groups, n_folds=self.n_folds, random_state=self.random_state)
        if self.calibration not in ("sigmoid", "isotonic"):
            raise ValueError(f"calibration is sigmoid or isotonic, not {self.calibration!r}")
        model = CalibratedClassifierCV(self._pipeline(), method=self.calibration, cv=splits, ensemble=False)
        # The fold indices have done their work; kept, they would travel in every saved model.
        self.calibrated_ = model.fit(X, y).set_params(cv=None)
        return self

    def _pipeline(self) -> Pipeline:
        if self.method not in MAX_CORRELATION:
            raise ValueError(f"method is one of {', '.join(MAX_CORRELATION)}, not {self.method!r}")
        limit = MAX_CORRELATION[self.method] if self.max_correlation is None else self.max_correlation
        # Correlation does not change with scale, so the choice of columns may come second.
        steps: list[tuple[str, Any]] = [
            ("scale", WeightedScaler(self.weights)),
            ("columns", DropCollinear(limit)),
        ]
        if self.whiten:
            steps.append(("whiten", PCA(0.99, whiten=True, svd_solver="full")))
        if self.method == "svm":
            # What passes stage 1 is short of tuberculosis; unweighted, a soft margin would then give all to
            # the larger class and its scores would be noise. The calibration puts the shares back.
            steps.append(("svm", SVC(C=self.C, gamma=self._gamma(), class_weight="balanced")))
        else:
            steps.append(("nb", LogOddsGaussianNB(var_smoothing=self.var_smoothing)))
        return Pipeline(steps)

    def _gamma(self) -> float | str:
        if self.gamma != "scale" or self.sharpness == 1:
            return self.gamma
        weights = np.ones(self.n_features_in_) if self.weights is None else np.asarray(self.weights)
        return float(self.sharpness / (weights**2).sum())

    @property
    def pipeline_(self) -> Pipeline:
        """The fitted pipeline whose decision function is calibrated."""
        return self.calibrated_.calibrated_classifiers_[0].estimator

    @property
    def calibrator_(self) -> Any:
        """The fitted one-dimensional calibration (sigmoid or isotonic regression)."""
        return self.calibrated_.calibrated_classifiers_[0].calibrators[0]

    @property
    def calibration_rises(self) -> bool:
        """Whether a higher score means a higher probability, as it must when there is anything to learn."""
        calibrator = self.calibrator_
        if hasattr(calibrator, "a_"):
            return bool(calibrator.a_ < 0)
        return bool(calibrator.y_thresholds_[-1] > calibrator.y_thresholds_[0])

    def scores(self, X: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the raw score and the calibrated probability of the positive class, each (n,)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        score = self._decision(X)
        return score, np.clip(self.calibrator_.predict(score), 0.0, 1.0)

    def _decision(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the pipeline's decision function; scaling and choice of columns without its checks.

        The values were checked by the caller, and for one film the checks of every step cost more than the
        arithmetic.
        """
        (_, scale), (_, columns), *rest = self.pipeline_.steps
        x = ((X - scale.mean_) / scale.scale_)[:, columns.kept_]
        for _, step in rest[:-1]:
            x = step.transform(x)
        return rest[-1][1].decision_function(x)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return calibrated probabilities (n, 2)."""
        probability = self.scores(X)[1]
        return np.column_stack([1 - probability, probability])

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return the calibrated log-odds (n,); at or above 0 the positive class is predicted."""
        return log_odds(self.scores(X)[1])

    def predict(self, X: Any) -> NDArray[np.generic]:
        """Return the class of each film at a probability of 0.5."""
        positive = self.scores(X)[1] >= 0.5
        return self.classes_[positive.astype(int)]


def two_classes(y: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return the two classes of y; raise ValueError when there are not exactly two."""
    check_classification_targets(y)
    classes = np.unique(y)
    if len(classes) > 2:
        raise ValueError(
            f"Only binary classification is supported. The type of the target is {len(classes)} classes."
        )
    if len(classes) < 2:
        raise ValueError("Classifier can't train when only one class is present: two classes are needed")
    return classes


def log_odds(probability: ArrayLike) -> NDArray[np.float64]:
    """Return ln p / (1 − p), finite: p is kept 1e-12 away from 0 and 1."""
    p = np.clip(np.asarray(probability, dtype=np.float64), 1e-12, 1 - 1e-12)
    return np.log(p) - np.log1p(-p)
