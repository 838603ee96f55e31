"""The card of an image classifier."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from napari_tbcad import __version__
from napari_tbcad.networks.build import ArchitectureParameters
from napari_tbcad.networks.card import NOTICE, NetworkSource, without_places
from napari_tbcad.networks.image_classifier.parameters import abnormal_value
from napari_tbcad.networks.input import InputParameters
from napari_tbcad.schemes import NETWORK_SCHEMES

FORMAT = 1
"""Version of the classifier file that this program writes, and the newest that it reads."""


class ClassifierCard(BaseModel):
    """What a person, and the program, must know before using an image classifier."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    task: str
    """Label scheme whose abnormal class it looks for: a key of ``NETWORK_SCHEMES``."""
    architecture: ArchitectureParameters
    """Of which encoder and encoder weights count."""
    input: InputParameters
    description: str = ""
    notice: str = NOTICE
    sources: tuple[NetworkSource, ...] = ()
    training: dict[str, Any] = Field(default_factory=dict)
    """The training's settings, as they were written in its YAML file."""
    history: dict[str, Any] = Field(default_factory=dict)
    """What came of it: epochs, steps, seconds, images, how many of them abnormal."""
    warnings: tuple[str, ...] = ()
    made: str = Field(default_factory=lambda: datetime.now(UTC).date().isoformat())
    package_version: str = __version__
    format: int = FORMAT

    @model_validator(mode="after")
    def _of_a_task(self) -> ClassifierCard:
        if self.task not in NETWORK_SCHEMES:
            raise ValueError(f"there is no task {self.task!r}; there are {', '.join(NETWORK_SCHEMES)}")
        abnormal_value(self.task)
        return self

    def without_places(self) -> ClassifierCard:
        """Return the card without the folders of the machine that it was made on."""
        weights = {"encoder_weights": without_places(self.architecture.encoder_weights)}
        return self.model_copy(
            update={
                "architecture": self.architecture.model_copy(update=weights),
                "training": without_places(self.training),
            }
        )
