"""What a trained run made of the test images, as it is kept: plain numbers in a JSON file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.compare.region_pixels import RegionPixels
from napari_tbcad.evaluate.compare.score_files import ScoreFile
from napari_tbcad.schemes import BONE_SCHEMES, FOUR_CLASS, THREE_CLASS

VERSION = 1
"""Of the files; raised when a field changes its meaning."""

SCORES = "scores.json"
"""Name of the file in a run's folder."""


@dataclass(frozen=True)
class ImageRow:
    """What one image says.

    Parameters
    ----------
    image, patient, source, view : str
        Which image, whose, of which collection.
    counts : tuple of tuple of int
        (K, K) pixels by true (rows) and found class (columns, the most probable one); pixels without a
        statement left out.
    seconds : float
        Time of the prediction alone.
    lesions : tuple of float
        One entry a true abnormal lesion: the highest score of a found one that marks it, −1 when none does.
    false : tuple of float
        Score of every found abnormal hotspot that marks no true one.
    abnormal : bool
        Whether the labels have an abnormal pixel.
    image_score : float
        Highest score of a found abnormal hotspot, 0 without any.
    regions : RegionPixels or None
        Pixels of the skeleton's regions and abnormal pixels in them; None where no regions were asked for.
    """

    image: str
    patient: str
    source: str
    view: str
    counts: tuple[tuple[int, ...], ...]
    seconds: float
    lesions: tuple[float, ...]
    false: tuple[float, ...]
    abnormal: bool
    image_score: float
    regions: RegionPixels | None = None

    @property
    def fractions(self) -> dict[str, float]:
        """Share of each region, in [0, 1], that was found abnormal; only regions that have a pixel."""
        return self.regions.fractions(self.regions.found) if self.regions else {}

    @property
    def fractions_true(self) -> dict[str, float]:
        """Share of each region, in [0, 1], that the labels call abnormal."""
        return self.regions.fractions(self.regions.true) if self.regions else {}


@dataclass(frozen=True)
class RunScores(ScoreFile):
    """A run and what it made of every test image.

    Parameters
    ----------
    method, scheme, view : str
    seed : int
    kind : str
        ``"network"``, ``"threshold"``, ``"kmeans"`` or ``"place"``.
    classes : tuple of str
        Names of the K values, background first.
    images : tuple of ImageRow
        One a test image that could be scored.
    failed : tuple of (str, str)
        Name of every other test image, and why it could not be scored.
    parameters : int
        Number of weights; 0 of methods that have none.
    training : mapping
        What the training took: ``"epochs"``, ``"steps"``, ``"seconds"``, ``"learning_rate"``, as far as
        known.
    """

    method: str
    scheme: str
    view: str
    seed: int
    kind: str
    classes: tuple[str, ...]
    images: tuple[ImageRow, ...]
    failed: tuple[tuple[str, str], ...] = ()
    parameters: int = 0
    training: Mapping[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the run, such as ``unetplusplus-4-anterior-0``."""
        return f"{self.method}-{self.scheme}-{self.view}-{self.seed}"

    @property
    def sources(self) -> tuple[str, ...]:
        """The collections, in order of their names; nothing is ever pooled over them."""
        return tuple(sorted({row.source for row in self.images}))

    def of_source(self, source: str) -> RunScores:
        """Return the scores of one collection alone."""
        return replace(self, images=tuple(row for row in self.images if row.source == source))

    def counts(self) -> NDArray[np.int64]:
        """Return the counts of all images, (n, K, K)."""
        k = len(self.classes)
        return np.array([row.counts for row in self.images], np.int64).reshape(-1, k, k)

    def to_json(self) -> dict[str, Any]:
        """Return all of it as what JSON can hold."""
        content = {f.name: getattr(self, f.name) for f in fields(self)}
        content["training"] = dict(self.training)
        content["images"] = [_row_to_json(row) for row in self.images]
        return {"version": VERSION, **content}

    @classmethod
    def from_json(cls, content: Mapping[str, Any], source: str | Path = "scores") -> RunScores:
        """Return what :meth:`to_json` gave.

        Parameters
        ----------
        content : mapping
        source : str or Path, optional
            The file, for the error.

        Raises
        ------
        BadInput
            If it is of another version or something is missing.
        """
        if not isinstance(content, Mapping) or content.get("version") != VERSION:
            raise BadInput(source, f"no scores of version {VERSION}; remove the file to score the run again")
        try:
            given = {f.name: content[f.name] for f in fields(cls)}
            given["classes"] = tuple(given["classes"])
            given["failed"] = tuple((image, cause) for image, cause in given["failed"])
            given["images"] = tuple(_row_from_json(row) for row in given["images"])
            return cls(**given)
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(source, f"the scores are not whole ({error!r})") from error


def common_counts(counts: NDArray[np.integer], scheme: str) -> NDArray[np.int64]:
    """Return confusion matrices in the classes that both schemes have: background, bone, abnormal.

    Normal hotspots, true and found, count as bone, as they do in the labels of three classes.

    Parameters
    ----------
    counts : (..., K, K) array of int
        Rows are true classes.
    scheme : {"4", "3"}

    Returns
    -------
    (..., 3, 3) array of int64
    """
    given: NDArray[np.int64] = np.asarray(counts, np.int64)
    if scheme == THREE_CLASS.name:
        return given
    target = np.zeros((len(FOUR_CLASS.names), len(THREE_CLASS.names)), np.int64)
    for value, name in FOUR_CLASS.names.items():
        target[value, THREE_CLASS.ids[name]] = 1
    return target.T @ given @ target


def abnormal_of(scheme: str) -> int:
    """Return the value of the abnormal class in a scheme."""
    return BONE_SCHEMES[scheme].ids["abnormal"]


def _row_to_json(row: ImageRow) -> dict[str, Any]:
    content = {f.name: getattr(row, f.name) for f in fields(row)}
    content["regions"] = None if row.regions is None else row.regions.to_json()
    return content


def _row_from_json(content: Mapping[str, Any]) -> ImageRow:
    given = {f.name: content[f.name] for f in fields(ImageRow)}
    given["counts"] = tuple(tuple(int(n) for n in line) for line in given["counts"])
    given["lesions"], given["false"] = tuple(given["lesions"]), tuple(given["false"])
    given["regions"] = None if given["regions"] is None else RegionPixels.from_json(given["regions"])
    return ImageRow(**given)
