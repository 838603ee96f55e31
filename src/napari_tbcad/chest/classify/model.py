"""A trained model with its card, and its use on the features of one film."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_tbcad.chest.classify.card import ModelCard, result_warnings
from napari_tbcad.chest.classify.contributions import contributions
from napari_tbcad.chest.classify.decision import StageResult
from napari_tbcad.chest.classify.hierarchical import HierarchicalClassifier
from napari_tbcad.chest.classify.operating_point import canonical_name, parse_operating_point
from napari_tbcad.chest.classify.result import ChestResult, Decision
from napari_tbcad.errors import BadInput, ModelRefused
from napari_tbcad.record import Record, Step

DECISIONS: dict[int, Decision] = {1: "tb_suspect", 0: "not_suspect", -1: "not_decided"}


class Features(Protocol):
    """What a model reads of ``ChestFeatures``."""

    @property
    def names(self) -> Sequence[str]:
        """Ordered feature names."""

    @property
    def values(self) -> Any:
        """(n_features,) values."""


@dataclass(frozen=True, eq=False)
class ChestModel:
    """A fitted classifier, its card, and the shape model that its features need.

    Parameters
    ----------
    estimator : HierarchicalClassifier
        Fitted.
    card : ModelCard
        What it is.
    shape_model : mapping of str to array
        The statistical shape model whose modes are among the features; empty when there is none.
    sha256 : str
        Hash of the file it was read from; empty for a model that was not saved yet.
    warnings : tuple of str
        Complaints of loading, such as another scikit-learn version.
    """

    estimator: HierarchicalClassifier
    card: ModelCard
    shape_model: Mapping[str, NDArray[Any]] = dataclass_field(default_factory=dict)
    sha256: str = ""
    warnings: tuple[str, ...] = ()

    def threshold(self, operating_point: str | float | None = None) -> tuple[str, float]:
        """Return the canonical name and the threshold of an operating point (default: the card's).

        Raises
        ------
        ValueError
            If the name cannot be read or the model keeps no scores to choose it on.
        """
        name = canonical_name(self.card.operating_point if operating_point is None else operating_point)
        if name in self.card.thresholds and parse_operating_point(name)[0] != "fixed":
            return name, self.card.thresholds[name]
        return name, self.card.curve.threshold(name)

    def refuse_unless_fits(self, features: Features, *, early_exit: bool = False) -> None:
        """Raise when features were made in another way than those the model learned from.

        Parameters
        ----------
        features : ChestFeatures
            Names, and as far as they are known the definition, levels, grid, image and every other
            parameter of measuring on the card.
        early_exit : bool
            Only the features of stage 1 must be there.

        Raises
        ------
        ModelRefused
            With every reason, what the model wants and what it was given.
        """
        reasons = self.card.misfits(lambda name: measured_with(features, name))
        needed = self.card.stage1_features if early_exit else self.card.feature_names
        present = set(features.names)
        missing = [name for name in needed if name not in present]
        if missing:
            more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
            given_set = getattr(features, "feature_set", "") or f"{len(present)} features"
            reasons.append(
                f"feature list {self.card.feature_set} ({len(self.card.feature_names)} features) wanted, "
                f"{given_set} given, without {', '.join(missing[:3])}{more}"
            )
        if reasons:
            raise ModelRefused(self.card.name, "the features do not fit this model: " + "; ".join(reasons))

    def row(self, features: Features) -> NDArray[np.float64]:
        """Return the values in the model's order, (n_features,); NaN where a feature is not there."""
        given = dict(zip(features.names, np.asarray(features.values, dtype=np.float64), strict=True))
        return np.array([given.get(name, np.nan) for name in self.card.feature_names])

    def stages(
        self, X: NDArray[np.float64], *, threshold: float, device: str = "auto", early_exit: bool = False
    ) -> StageResult:
        """Predict (n, n_features) rows; ``auto`` and ``cpu`` use scikit-learn, other devices torch."""
        if device in ("auto", "cpu"):
            table = pd.DataFrame(X, columns=list(self.card.feature_names))
            return self.estimator.predict_stages(table, threshold=threshold, early_exit=early_exit)
        from napari_tbcad.chest.classify.tensors import predict_stages_on

        return predict_stages_on(self.estimator, X, device=device, threshold=threshold, early_exit=early_exit)


def predict(
    model: ChestModel,
    features: Features,
    *,
    operating_point: str | float | None = None,
    device: str = "auto",
    early_exit: bool = False,
    n_contributions: int = 10,
) -> ChestResult:
    """Classify one film.

    Parameters
    ----------
    model : ChestModel
        A trained or loaded model.
    features : ChestFeatures
        Features of the film, made as the model's card says.
    operating_point : str or float, optional
        ``"0.5"``, ``"youden"``, ``"sensitivity=0.9"``; by default the card's.
    device : {"auto", "cpu", "cuda", "mps"}
        A single film is a few microseconds of arithmetic: auto stays on the CPU.
    early_exit : bool
        Features of stage 2 may be missing or NaN; the result is ``not_decided`` where they are needed.
    n_contributions : int
        How many of the strongest contributions to keep.

    Returns
    -------
    ChestResult

    Raises
    ------
    ModelRefused
        If the features do not fit the model.
    BadInput
        If a value that is needed is NaN or infinite, or the operating point is unknown.
    """
    model.refuse_unless_fits(features, early_exit=early_exit)
    row = model.row(features)
    needed = model.card.stage1_features if early_exit else model.card.feature_names
    bad = [name for name in needed if not np.isfinite(row[model.card.feature_names.index(name)])]
    if bad:
        raise BadInput("features", f"{len(bad)} values are not finite, such as {', '.join(bad[:3])}")
    try:
        name, threshold = model.threshold(operating_point)
    except ValueError as error:
        raise BadInput("operating point", str(error)) from error
    stages = model.stages(row[None], threshold=threshold, device=device, early_exit=early_exit)
    decision = DECISIONS[int(stages.decision[0])]
    parts = contributions(model.estimator, model.card, row, int(stages.deciding_stage[0]), n=n_contributions)
    step = Step(
        "classify",
        {"operating_point": name, "early_exit": early_exit},
        model=f"{model.card.name} {model.sha256}".strip(),
        facts={"decision": decision, "probability": _number(stages.probability)},
    )
    return ChestResult(
        decision=decision,
        deciding_stage=int(stages.deciding_stage[0]),
        probability=_number(stages.probability),
        probability_stage1=_number(stages.p1),
        probability_stage2=_number(stages.p2),
        decision_score_1=_number(stages.score1),
        decision_score_2=_number(stages.score2),
        threshold=stages.threshold,
        gate=stages.gate,
        operating_point=name,
        contributions=parts,
        model=model.card.name,
        demonstration=model.card.demonstration,
        scores=dict(model.card.headline()),
        notice=model.card.notice,
        warnings=result_warnings(model.card, model.warnings),
        record=Record((step,)),
    )


def measured_with(features: Features, name: str) -> Any:
    """Return how features were made: an attribute of them, or of the features step in their record."""
    if hasattr(features, name):
        return getattr(features, name)
    for entry in reversed(getattr(features, "record", Record()).entries):
        if isinstance(entry, Step) and entry.name == "features":
            return entry.parameters.get(name)
    return None


def _number(values: NDArray[np.float64]) -> float | None:
    return float(values[0]) if np.isfinite(values[0]) else None
