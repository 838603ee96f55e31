"""The two-stage classifier: shape decides the clear cases, all features the rest."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from napari_tbcad.chest.classify.decision import StageResult, combine_stages
from napari_tbcad.chest.classify.inner_folds import inner_folds
from napari_tbcad.chest.classify.operating_point import choose_threshold, parse_operating_point
from napari_tbcad.chest.classify.stage import CalibratedStage, log_odds, two_classes

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cascade:
    """Both fitted stages and the gate t1 between them (infinite: stage 1 never decides)."""

    stage1: Any
    stage2: CalibratedStage
    gate: float
    n_passed: int
    complaint: str = ""


class HierarchicalClassifier(ClassifierMixin, BaseEstimator):
    """Hierarchical classification of films (Chandra et al. 2020), without leaks.

    Stage 1 sees the shape columns. Where its calibrated probability p1 reaches the gate t1 the film is
    suspect with probability p1. All other films go to stage 2, which sees all columns and whose
    probability p2 is calibrated on just such films. One threshold t (the operating point) turns the
    probability of either stage into the decision, ``suspect = p >= t``; to keep the displayed
    probability on the decision's side, the gate is never below t.

    Which training films pass the gate is decided by stage-1 probabilities of models that did not see
    the film (inner folds), and thresholds are chosen on whole cascades fitted without it.

    Parameters
    ----------
    stage1_columns : sequence of int or str, optional
        Columns of stage 1: indices, or names when X is a DataFrame. None: all.
    stage2_columns : sequence of int or str, optional
        Columns of stage 2. None: all.
    method, C, gamma, sharpness, var_smoothing, calibration, max_correlation, whiten
        Of both stages; see :class:`CalibratedStage`.
    balance : bool
        In stage 2, let each family (the columns of stage 1, opacities, grey levels) weigh as much as any
        other, instead of by its number: some 20 shape modes are otherwise drowned by 96 grey-level features.
    stage1_threshold : float or str
        The gate t1: a probability (the study's is 0.5), or ``"specificity=0.95"``, ``"youden"``,
        ``"sensitivity=…"``: the stage-1 probability that reaches it on inner folds. Shape alone errs
        often, and what stage 1 decides stage 2 cannot mend, so the default lets only clear cases stop.
    operating_point : str or float
        ``"0.5"``, ``"youden"`` or ``"sensitivity=0.9"``, chosen on inner folds.
    n_folds : int
        Inner folds of everything chosen inside.
    single_stage : bool
        The baseline twin: no stage 1 at all.
    stage1_abstains : bool
        Stage 1 is computed and reported, but never decides; all films go to stage 2.
    stage1 : estimator, optional
        A fitted :class:`CalibratedStage` inside ``sklearn.frozen.FrozenEstimator``, learned from other
        data. It is used as it is; X then serves stage 2, the gate and the operating point.
    random_state : int, optional
        Seed of the inner folds.

    Attributes
    ----------
    stage1_, stage2_ : CalibratedStage
        The fitted stages (stage1_ is None for a single stage).
    gate_, threshold_ : float
        t1 and t.
    n_passed_ : int
        Training films on which stage 2 was trained.
    complaints_ : list of str
        What did not go as asked, such as a gate that nearly no film passes.
    """

    def __init__(
        self,
        stage1_columns: Sequence[int] | Sequence[str] | None = None,
        *,
        stage2_columns: Sequence[int] | Sequence[str] | None = None,
        method: str = "svm",
        C: float = 1.0,
        gamma: float | str = "scale",
        sharpness: float = 1.0,
        balance: bool = False,
        var_smoothing: float = 1e-9,
        calibration: str = "sigmoid",
        max_correlation: float | None = None,
        whiten: bool = False,
        stage1_threshold: float | str = "specificity=0.95",
        operating_point: float | str = "0.5",
        n_folds: int = 5,
        single_stage: bool = False,
        stage1_abstains: bool = False,
        stage1: Any = None,
        random_state: int | None = 0,
    ) -> None:
        self.stage1_columns = stage1_columns
        self.stage2_columns = stage2_columns
        self.method = method
        self.C = C
        self.gamma = gamma
        self.sharpness = sharpness
        self.balance = balance
        self.var_smoothing = var_smoothing
        self.calibration = calibration
        self.max_correlation = max_correlation
        self.whiten = whiten
        self.stage1_threshold = stage1_threshold
        self.operating_point = operating_point
        self.n_folds = n_folds
        self.single_stage = single_stage
        self.stage1_abstains = stage1_abstains
        self.stage1 = stage1
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def fit(self, X: Any, y: Any, groups: ArrayLike | None = None) -> HierarchicalClassifier:
        """Fit both stages, the gate and the operating point.

        Parameters
        ----------
        X : (n, n_features) array or DataFrame of float
            Features; NaN is refused.
        y : (n,) array
            Two classes; the greater one is tuberculosis.
        groups : (n,) array-like, optional
            Patient or source; films of one group stay together in every inner fold.

        Raises
        ------
        ValueError
            For NaN or infinite features, other than two classes, unknown columns, a class too small.
        """
        X, y = validate_data(self, X, y, dtype=np.float64)
        self.classes_ = two_classes(y)
        self.columns1_ = self._indices(self.stage1_columns)
        self.columns2_ = self._indices(self.stage2_columns)
        kind, _ = parse_operating_point(self.operating_point)
        positive = (y == self.classes_[1]).astype(int)
        owners = None if groups is None else np.asarray(groups)
        cascade = self._cascade(X, positive, owners)
        self.stage1_, self.stage2_, self.gate_ = cascade.stage1, cascade.stage2, cascade.gate
        self.n_passed_ = cascade.n_passed
        self.complaints_ = [cascade.complaint] if cascade.complaint else []
        self.complaints_ += [
            f"stage {number} orders films that it did not see no better than chance"
            for number, stage in ((1, cascade.stage1), (2, cascade.stage2))
            if stage is not None and not stage.calibration_rises
        ]
        if cascade.complaint:
            warnings.warn(cascade.complaint, UserWarning, stacklevel=2)
        if kind == "fixed":
            self.threshold_ = choose_threshold(positive, positive, self.operating_point)
        else:
            self.out_of_fold_score_ = self.out_of_fold(X, positive, owners)
            self.threshold_ = choose_threshold(positive, self.out_of_fold_score_, self.operating_point)
        return self

    def out_of_fold(
        self, X: Floats, positive: NDArray[np.int64], groups: NDArray[Any] | None = None
    ) -> Floats:
        """Score every training film by a whole cascade that did not see it.

        The score is the greatest threshold t at which the film would still be called suspect: p2, or
        p1 where that reaches the gate and is greater. Hence ``score >= t`` is the decision for any t.

        Returns
        -------
        (n,) array of float64
        """
        score = np.empty(len(X))
        for train, test in inner_folds(positive, groups, n_folds=self.n_folds, random_state=self._seed(7)):
            cascade = self._cascade(X[train], positive[train], None if groups is None else groups[train])
            p2 = cascade.stage2.scores(X[np.ix_(test, self.columns2_)])[1]
            p1 = self._stage1_scores(cascade.stage1, X[test])[1]
            decides = p1 >= cascade.gate
            score[test] = np.where(decides, np.maximum(np.nan_to_num(p1), p2), p2)
        return score

    def _cascade(self, X: Floats, positive: NDArray[np.int64], groups: NDArray[Any] | None) -> Cascade:
        """Fit stage 1, the gate on its out-of-fold probabilities, and stage 2 on what passes."""
        X1, X2 = X[:, self.columns1_], X[:, self.columns2_]
        if self.single_stage:
            return Cascade(None, self._stage(2).fit(X2, positive, groups), np.inf, len(X))
        if self.stage1 is not None:
            stage1 = self.stage1
            p1 = stage1.scores(X1)[1]
        else:
            stage1 = self._stage(1).fit(X1, positive, groups)
            p1 = self._unseen_stage1(X1, positive, groups)
        gate = np.inf if self.stage1_abstains else choose_threshold(positive, p1, self.stage1_threshold)
        passed = p1 < gate
        complaint = ""
        if not _enough(positive[passed], None if groups is None else groups[passed]):
            complaint = (
                f"only {int(passed.sum())} of {len(X)} training films "
                f"({int(positive[passed].sum())} positive) pass stage 1, too few to train stage 2 on: "
                "it was trained on all films"
            )
            passed = np.ones(len(X), dtype=bool)
        stage2 = self._stage(2).fit(X2[passed], positive[passed], None if groups is None else groups[passed])
        return Cascade(stage1, stage2, gate, int(passed.sum()), complaint)

    def _unseen_stage1(self, X1: Floats, positive: NDArray[np.int64], groups: NDArray[Any] | None) -> Floats:
        """Stage-1 probability of each film from a stage 1 calibrated and fitted without it."""
        p1 = np.empty(len(X1))
        for train, test in inner_folds(positive, groups, n_folds=self.n_folds, random_state=self._seed(3)):
            stage = self._stage(1).fit(X1[train], positive[train], None if groups is None else groups[train])
            p1[test] = stage.scores(X1[test])[1]
        return p1

    def _stage(self, number: int) -> CalibratedStage:
        names = (
            "method",
            "C",
            "gamma",
            "sharpness",
            "var_smoothing",
            "calibration",
            "max_correlation",
            "whiten",
        )
        options = {name: getattr(self, name) for name in (*names, "n_folds")}
        weights = self._weights() if self.balance and number == 2 else None
        return CalibratedStage(**options, weights=weights, random_state=self._seed(number))

    def _weights(self) -> list[float] | None:
        """Weights of stage 2's columns that make all families count the same; None when there is one only."""
        shape = np.isin(self.columns2_, self.columns1_)
        names = np.asarray(getattr(self, "feature_names_in_", ()), dtype=str)
        opacity = np.zeros(len(shape), bool)
        if len(names):
            opacity = np.char.startswith(names[self.columns2_], "opacity_") & ~shape
        families = [part for part in (shape, opacity, ~shape & ~opacity) if part.any()]
        if len(families) < 2:
            return None
        weights = np.ones(len(shape))
        for part in families:
            weights[part] = np.sqrt(families[-1].sum() / part.sum())
        return weights.tolist()

    def _seed(self, offset: int) -> int | None:
        return None if self.random_state is None else int(self.random_state) + offset

    def _indices(self, columns: Sequence[int] | Sequence[str] | None) -> NDArray[np.intp]:
        if columns is None:
            return np.arange(self.n_features_in_)
        chosen = list(columns)
        if any(isinstance(column, str) for column in chosen):
            names = list(getattr(self, "feature_names_in_", ()))
            missing = [str(column) for column in chosen if column not in names]
            if missing:
                raise ValueError(f"columns {', '.join(missing[:5])} are not among the feature names")
            chosen = [names.index(column) for column in chosen]
        indices = np.asarray(chosen, dtype=np.intp)
        if not len(indices) or indices.min() < 0 or indices.max() >= self.n_features_in_:
            raise ValueError(f"stage columns must lie in 0 … {self.n_features_in_ - 1} and not be empty")
        return indices

    def _stage1_scores(self, stage1: Any, X: Floats) -> tuple[Floats, Floats]:
        if stage1 is None:
            return np.full(len(X), np.nan), np.full(len(X), np.nan)
        return stage1.scores(X[:, self.columns1_])

    def predict_stages(
        self, X: Any, *, threshold: float | None = None, early_exit: bool = False
    ) -> StageResult:
        """Say what each stage finds and which of them decides.

        Parameters
        ----------
        X : (n, n_features) array or DataFrame of float
            Features. With `early_exit`, columns that only stage 2 reads may be NaN.
        threshold : float, optional
            Another operating point t than the fitted one.
        early_exit : bool
            Compute stage 2 only for films that stage 1 passes on; those whose stage-2 features are
            missing stay undecided (deciding stage 0), so that the caller can compute them and ask again.

        Returns
        -------
        StageResult
        """
        check_is_fitted(self)
        X = validate_data(
            self, X, dtype=np.float64, reset=False, ensure_all_finite="allow-nan" if early_exit else True
        )
        score1, p1 = self._stage1_scores(self.stage1_, X)
        t = self.threshold_ if threshold is None else float(threshold)
        gate = max(self.gate_, t)
        score2, p2 = np.full(len(X), np.nan), np.full(len(X), np.nan)
        wanted = np.ones(len(X), dtype=bool)
        if early_exit:
            wanted = ~(p1 >= gate) & np.isfinite(X[:, self.columns2_]).all(axis=1)
        if wanted.any():
            score2[wanted], p2[wanted] = self.stage2_.scores(X[np.ix_(wanted, self.columns2_)])
        return combine_stages(score1, p1, score2, p2, threshold=t, gate=gate)

    def predict_proba(self, X: Any) -> Floats:
        """Return probabilities (n, 2) of the deciding stage at the fitted operating point."""
        probability = self.predict_stages(X).probability
        return np.column_stack([1 - probability, probability])

    def decision_function(self, X: Any) -> Floats:
        """Return the log-odds of the probability less that of the threshold; at or above 0 is suspect."""
        stages = self.predict_stages(X)
        distance = log_odds(stages.probability) - log_odds(stages.threshold)
        # Probabilities of exactly 0 and 1 have no finite log-odds; their side of the threshold still counts.
        return np.where(stages.decision == 1, np.maximum(distance, 0), np.minimum(distance, -1e-12))

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the class of each film at the fitted operating point."""
        decision = self.predict_stages(X).decision
        return self.classes_[decision]


def from_stages(
    stage1: CalibratedStage,
    X: Any,
    y: Any,
    *,
    stage1_columns: Sequence[int] | Sequence[str],
    groups: ArrayLike | None = None,
    **options: Any,
) -> HierarchicalClassifier:
    """Join a stage 1 learned from other data with a stage 2 learned here, into one model.

    Parameters
    ----------
    stage1 : CalibratedStage
        Fitted on other films (such as outlines without pixels), with its own scaling and calibration;
        its columns are `stage1_columns` of X in the same order.
    X, y, groups
        Films of stage 2: it is trained and calibrated on those that stage 1 passes on, and the one
        operating point is chosen on their inner folds.
    stage1_columns : sequence of int or str
        Where stage 1 finds its columns in X.
    **options
        Further parameters of :class:`HierarchicalClassifier`.

    Returns
    -------
    HierarchicalClassifier
        Fitted. Cloned, it keeps stage 1, so that ``cross_val_predict`` judges the joined model.
    """
    check_is_fitted(stage1)
    if len(stage1_columns) != stage1.n_features_in_:
        raise ValueError(f"stage 1 reads {stage1.n_features_in_} columns, {len(stage1_columns)} are named")
    own_names = getattr(stage1, "feature_names_in_", None)
    if own_names is not None:
        if isinstance(stage1_columns[0], str) and list(own_names) != list(stage1_columns):
            raise ValueError("stage1_columns are not the columns stage 1 was trained on, in the same order")
        # Inside the joined model stage 1 is given plain arrays of its columns.
        stage1 = copy(stage1)
        del stage1.feature_names_in_
    joined = HierarchicalClassifier(stage1_columns, stage1=FrozenEstimator(stage1), **options)
    return joined.fit(X, y, groups)


def _enough(positive: NDArray[np.int64], groups: NDArray[Any] | None) -> bool:
    """Whether a stage can be trained: at least three films (and two groups) of each class."""
    for value in (0, 1):
        members = positive == value
        if members.sum() < 3 or (groups is not None and len(np.unique(groups[members])) < 2):
            return False
    return True
