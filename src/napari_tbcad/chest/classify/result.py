"""What the classifier says about one film."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any, Literal

from napari_tbcad.record import Record

Decision = Literal["tb_suspect", "not_suspect", "not_decided"]


@dataclass(frozen=True)
class Contribution:
    """How one feature, or one group of features that go together, moved the deciding stage.

    Parameters
    ----------
    feature : str
        The member that lies farthest from the normal films.
    members : tuple of str
        All features that were replaced together (correlated in the training films).
    change : float
        Log-odds of the deciding stage with the film's values less those with the medians of the normal
        training films in their place; positive speaks for tuberculosis.
    value, normal : float
        The film's value of `feature` and the normal films' median.
    z : float
        (value − normal) / spread of the normal films.
    """

    feature: str
    members: tuple[str, ...]
    change: float
    value: float
    normal: float
    z: float


@dataclass(frozen=True)
class ChestResult:
    """Decision about one film, consistent with its probability: suspect exactly when p ≥ threshold.

    Parameters
    ----------
    decision : {"tb_suspect", "not_suspect", "not_decided"}
        Not decided: features that stage 2 needs are missing (early exit).
    deciding_stage : int
        1 or 2; 0 when not decided.
    probability : float or None
        Calibrated probability of the deciding stage.
    probability_stage1, probability_stage2 : float or None
        None where a stage does not exist or was not computed.
    decision_score_1, decision_score_2 : float or None
        Raw scores (SVM margin, or log-odds of naive Bayes).
    threshold, gate : float
        Operating point t, and the stage-1 probability from which stage 1 decides.
    operating_point : str
        Its name, such as ``"youden"``.
    contributions : tuple of Contribution
        Strongest first.
    model : str
        Name of the model.
    demonstration : bool
        The model is a demonstration model.
    scores : dict
        Scores from the model's card that belong beside every output.
    notice : str
        Research-use sentence.
    warnings : tuple of str
        Complaints for the person.
    record : Record
        The classification step.
    """

    decision: Decision
    deciding_stage: int
    probability: float | None
    probability_stage1: float | None
    probability_stage2: float | None
    decision_score_1: float | None
    decision_score_2: float | None
    threshold: float
    gate: float
    operating_point: str
    contributions: tuple[Contribution, ...] = ()
    model: str = ""
    demonstration: bool = False
    scores: dict[str, Any] = dataclass_field(default_factory=dict)
    notice: str = ""
    warnings: tuple[str, ...] = ()
    record: Record = Record()
