"""The card of a network: what it finds, what it was trained on, how good it was, what it may be given."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from napari_tbcad import __version__
from napari_tbcad.networks.build import ArchitectureParameters
from napari_tbcad.networks.input import InputParameters
from napari_tbcad.schemes import NETWORK_SCHEMES

NOTICE = (
    "For research use only. Not a medical device; not for diagnosis, triage or any decision about a patient."
)
FORMAT = 1
"""Version of the network file that this program writes, and the newest that it reads."""


class _Part(BaseModel):
    # A figure that is not a number would come back as nothing from JSON, so it is refused from the start.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class NetworkSource(_Part):
    """One collection of training images."""

    name: str
    terms: str = ""
    n_images: int = 0
    n_patients: int = 0
    note: str = ""


class NetworkScore(_Part):
    """One measured figure with its 95 % interval."""

    design: str
    """How it was measured, such as ``"5 folds by patient: jsrt"``."""
    metric: str
    value: float
    low: float | None = None
    high: float | None = None
    n: int = 0
    """Number of images behind it."""


class NetworkCard(_Part):
    """Everything a person, and the program, must know before using a network."""

    name: str
    task: str
    """Name of the label scheme whose classes it tells apart: a key of ``NETWORK_SCHEMES``."""
    classes: tuple[str, ...]
    """Class of every channel of the output, background first."""
    architecture: ArchitectureParameters
    input: InputParameters
    channels: int = Field(default=1, ge=1, le=16)
    """Channels of the input image."""
    description: str = ""
    notice: str = NOTICE
    sources: tuple[NetworkSource, ...] = ()
    training: dict[str, Any] = Field(default_factory=dict)
    """The training's settings, as they were written in its YAML file."""
    history: dict[str, Any] = Field(default_factory=dict)
    """What came of it: epochs, best epoch, seconds and so on."""
    scores: tuple[NetworkScore, ...] = ()
    warnings: tuple[str, ...] = ()
    made: str = Field(default_factory=lambda: datetime.now(UTC).date().isoformat())
    package_version: str = __version__
    format: int = FORMAT

    @model_validator(mode="after")
    def _classes_of_task(self) -> NetworkCard:
        if self.task not in NETWORK_SCHEMES:
            raise ValueError(f"there is no task {self.task!r}; there are {', '.join(NETWORK_SCHEMES)}")
        if self.classes != (wanted := task_classes(self.task)):
            raise ValueError(f"the classes of {self.task} are {', '.join(wanted)}, not {self.classes}")
        if self.channels != self.input.channels:
            raise ValueError(f"its input has {self.input.channels} channel(s), not {self.channels}")
        return self

    def without_places(self) -> NetworkCard:
        """Return the card without the folders of the machine that it was made on."""
        weights = {"encoder_weights": without_places(self.architecture.encoder_weights)}
        architecture = self.architecture.model_copy(update=weights)
        return self.model_copy(
            update={"architecture": architecture, "training": without_places(self.training)}
        )

    def headline(self) -> dict[str, str]:
        """Return the scores as text, ``{"design: metric": "0.972 (0.968–0.975)"}``."""
        return {f"{one.design}: {one.metric}": _with_interval(one) for one in self.scores}


def task_classes(task: str) -> tuple[str, ...]:
    """Return the class of every output channel of a task, background first."""
    names = NETWORK_SCHEMES[task].names
    return tuple(names[value] for value in sorted(names))


def without_places(value: Any) -> Any:
    """Return JSON values with every absolute path cut down to its last part."""
    if isinstance(value, dict):
        return {without_places(name): without_places(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_places(item) for item in value]
    if isinstance(value, str) and (
        PurePosixPath(value).is_absolute() or PureWindowsPath(value).is_absolute() or value.startswith("~")
    ):
        return PureWindowsPath(value).name  # which takes either slash
    return value


def _with_interval(score: NetworkScore) -> str:
    if score.low is None or score.high is None:
        return f"{score.value:.3f}"
    return f"{score.value:.3f} ({score.low:.3f}–{score.high:.3f})"
