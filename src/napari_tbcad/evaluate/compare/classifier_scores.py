"""What an image classifier made of the test images, as it is kept: plain numbers in a JSON file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.compare.score_files import ScoreFile

VERSION = 1
"""Of the files; raised when a field changes its meaning."""


@dataclass(frozen=True)
class ClassifierRow:
    """What the classifier says of one image.

    Parameters
    ----------
    image, patient, source, view : str
        Which image, whose, of which collection.
    abnormal : bool
        Whether the labels have an abnormal pixel.
    probability : float
        Of an abnormal hotspot, in [0, 1].
    seconds : float
        Time of the prediction alone.
    """

    image: str
    patient: str
    source: str
    view: str
    abnormal: bool
    probability: float
    seconds: float


@dataclass(frozen=True)
class ClassifierScores(ScoreFile):
    """A run of the image classifier and what it made of every test image.

    Parameters
    ----------
    method, scheme, view : str
    seed : int
    weights : str
        What it started from: ``"none"``, ``"imagenet"`` or the name of a file.
    images : tuple of ClassifierRow
        One a test image that could be scored.
    failed : tuple of (str, str)
        Name of every other test image, and why it could not be scored.
    parameters : int
        Number of weights.
    training : mapping
        What the training took: ``"epochs"``, ``"steps"``, ``"batch"``, ``"seconds"``, ``"learning_rate"``.
    """

    method: str
    scheme: str
    view: str
    seed: int
    weights: str
    images: tuple[ClassifierRow, ...]
    failed: tuple[tuple[str, str], ...] = ()
    parameters: int = 0
    training: Mapping[str, float] = field(default_factory=dict)
    kind: str = "classifier"

    @property
    def name(self) -> str:
        """Name of the run, such as ``classifier-4-anterior-0``."""
        return f"{self.method}-{self.scheme}-{self.view}-{self.seed}"

    @property
    def sources(self) -> tuple[str, ...]:
        """The collections, in order of their names; nothing is ever pooled over them."""
        return tuple(sorted({row.source for row in self.images}))

    def of_source(self, source: str) -> ClassifierScores:
        """Return the scores of one collection alone."""
        return replace(self, images=tuple(row for row in self.images if row.source == source))

    def to_json(self) -> dict[str, Any]:
        """Return all of it as what JSON can hold."""
        return {"version": VERSION, **asdict(self)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any], source: str | Path = "scores") -> ClassifierScores:
        """Return what :meth:`to_json` gave; `source`, the file, is named in errors.

        Raises
        ------
        BadInput
            If it is of another version or kind, or something is missing.
        """
        if (
            not isinstance(content, Mapping)
            or content.get("version") != VERSION
            or content.get("kind") != "classifier"
        ):
            cause = f"no scores of an image classifier of version {VERSION}"
            raise BadInput(source, f"{cause}; remove the file to score the run again")
        try:
            return TypeAdapter(cls).validate_python({k: v for k, v in content.items() if k != "version"})
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(str(part) for part in fault["loc"])
            raise BadInput(source, f"the scores are not whole ({where}: {fault['msg']})") from error
