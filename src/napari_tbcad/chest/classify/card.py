"""The card of a model: what it was made from, how good it was, and what it may be given."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from napari_tbcad import __version__
from napari_tbcad.chest.classify.normals import NormalFilms
from napari_tbcad.chest.classify.operating_point import choose_threshold, parse_operating_point

NOTICE = (
    "For research use only. Not a medical device; not for diagnosis, triage or any decision about a patient."
)
OPERATING_POINTS = ("0.5", "youden", "sensitivity=0.9")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DataSource(_Part):
    """One collection of training films."""

    name: str
    terms: str = ""
    n_tb: int = 0
    n_normal: int = 0
    note: str = ""


class Score(_Part):
    """One measured figure with its 95 % interval."""

    design: str
    """How it was measured, such as ``"cross-source: train tb_kaggle700, test tb_mendeley"``."""
    metric: str
    value: float
    low: float | None = None
    high: float | None = None
    headline: bool = False
    """Printed beside every result of the model."""


class OperatingCurve(_Part):
    """Out-of-fold scores of the training films, from which any operating point can be chosen."""

    labels: tuple[int, ...] = ()
    scores: tuple[float, ...] = ()

    def threshold(self, name: str | float) -> float:
        """Return the threshold of an operating point; ValueError when there are no scores to choose on."""
        kind, value = parse_operating_point(name)
        if kind == "fixed":
            return value
        if not self.labels:
            raise ValueError(
                f"the model keeps no out-of-fold scores to choose {name!r} on; give a probability"
            )
        return choose_threshold(np.array(self.labels), np.array(self.scores), name)


class ModelCard(_Part):
    """Everything a person, and the program, must know before using a model."""

    name: str
    demonstration: bool = False
    notice: str = NOTICE
    description: str = ""
    sources: tuple[DataSource, ...] = ()
    n_tb: int = 0
    n_normal: int = 0
    splits: str = ""
    scores: tuple[Score, ...] = ()

    method: str = "svm"
    single_stage: bool = False
    stage1_abstains: bool = False
    parameters: dict[str, Any] = Field(default_factory=dict)
    gate: float | None = None
    """Stage-1 probability from which stage 1 decides; None: it never does."""
    operating_point: str = "0.5"
    thresholds: dict[str, float] = Field(default_factory=dict)
    curve: OperatingCurve = OperatingCurve()

    feature_set: str = ""
    feature_names: tuple[str, ...] = ()
    stage1_features: tuple[str, ...] = ()
    stage2_features: tuple[str, ...] = ()
    definition: str | None = None
    levels: int | None = None
    grid: int | None = None
    image: str | None = None
    """``"enhanced"`` or ``"raw"``: what the grey-level features were read from."""
    features: dict[str, Any] = Field(default_factory=dict)
    enhance: dict[str, Any] = Field(default_factory=dict)
    segmenter: str = ""
    atlas: str | None = None
    """Digest of the atlas that made the training masks."""
    network: str | None = None
    """SHA-256 of the lung network that made the training masks."""
    opacity_network: str | None = None
    """SHA-256 of the opacity network, where its answers are among the features."""
    masks: dict[str, Any] = Field(default_factory=dict)
    stage1_masks: str = ""
    """Mask kind that stage 1 was trained on, such as ``"automatic sensitive masks (atlas)"``."""
    stage2_masks: str = ""
    shape_model_sha256: str | None = None

    normal_median: tuple[float, ...] = ()
    normal_spread: tuple[float, ...] = ()
    normal: NormalFilms = NormalFilms()
    """Where the normal films lie, feature by feature and in grey levels; empty on older cards."""
    groups: tuple[tuple[str, ...], ...] = ()
    """Features that go together in the training films, replaced together for contributions."""

    warnings: tuple[str, ...] = ()
    sklearn_version: str = ""
    package_version: str = __version__
    made: str = Field(default_factory=lambda: datetime.now(UTC).date().isoformat())

    def misfits(self, given: Callable[[str], Any]) -> list[str]:
        """Return where a way of measuring differs from the card's.

        Parameters
        ----------
        given : callable
            Value of a feature parameter by its name; None where it is not known.

        Returns
        -------
        list of str
            Such as ``"grid 256 wanted, 512 given"``.
        """
        told = {name: getattr(self, name) for name in ("definition", "levels", "grid", "image")}
        # The set is judged by its names: a larger one will do.
        rest = {name: value for name, value in self.features.items() if name != "feature_set"}
        pairs = [(name, wanted, given(name)) for name, wanted in {**rest, **told}.items()]
        return [
            f"{name} {wanted} wanted, {have} given"
            for name, wanted, have in pairs
            if wanted is not None and have is not None and str(wanted) != str(have)
        ]

    def headline(self) -> dict[str, str]:
        """Return the scores that belong beside every output: ``{design: metric}``, as text."""
        chosen = (score for score in self.scores if score.headline)
        return {f"{s.design}: {s.metric}": with_interval(s.value, s.low, s.high) for s in chosen}


def result_warnings(card: ModelCard, complaints: Sequence[str] = ()) -> tuple[str, ...]:
    """Return what must be said beside every result of a model; `complaints` are those of reading it."""
    said = [*complaints, *card.warnings]
    if card.demonstration:
        scores = "; ".join(f"{name} {value}" for name, value in card.headline().items())
        said.append("demonstration model" + (f" ({scores})" if scores else ""))
    if card.stage1_abstains:
        said.append("stage 1 abstains: its alarm rate on films without tuberculosis was not dependable")
    return tuple(said)


def with_interval(value: float, low: float | None, high: float | None) -> str:
    """Return ``0.88 (0.85–0.91)``."""
    return f"{value:.3f}" if low is None or high is None else f"{value:.3f} ({low:.3f}–{high:.3f})"


def arrays_sha256(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Return the SHA-256 over names, dtypes, shapes and values of a bundle of arrays."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name}|{array.dtype.str}|{array.shape}|".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
