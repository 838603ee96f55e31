"""What one image with labels says about a network."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.grid import resize_soft
from napari_tbcad.networks.pictures import Picture, picture_of
from napari_tbcad.networks.scores import (
    NO_DISTANCE,
    ProbabilityCounts,
    SurfaceDistance,
    confusion,
    group_masks,
    groups_of,
    overlap,
    probability_counts,
    surface_distance,
)
from napari_tbcad.schemes import IGNORE

DISTANCES = {"assd": "mean", "hd95": "p95"}
"""Names of the distances in tables, and of what they are in a SurfaceDistance."""

_PIXELS_SIDE = 512
"""Longest side of the regular grid of pixels on which probabilities are judged."""


class Judged(Protocol):
    """What is judged: an image and its labels, as :class:`~napari_tbcad.networks.samples.Sample`."""

    @property
    def name(self) -> str:
        """Name of the image."""

    @property
    def patient(self) -> str:
        """Whose it is."""

    @property
    def source(self) -> str:
        """Collection."""

    @property
    def view(self) -> str:
        """Which view of a bone scan; "" for other images."""

    def read(self) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Return the image and its labels."""


Predictor = Callable[[NDArray[np.float32], str], tuple[NDArray[np.float32], tuple[str, ...]]]
"""Image (H, W) and its view to probabilities (K, h, w) of its field of view, and messages."""

Region = Callable[[Any, NDArray[np.float32]], NDArray[np.bool_]]
"""Sample and image (H, W) to the mask (H, W) in which probabilities are judged."""


@dataclass(frozen=True, eq=False)
class ImageScore:
    """What one image says.

    Parameters
    ----------
    name, patient, source : str
        Which image, whose, of which collection.
    classes : tuple of str
        Names of the K values, background first.
    counts : (K, K) array of int64
        Pixels by true (rows) and found class.
    distances : tuple of SurfaceDistance
        By group, in the image's pixels.
    distances_mm : tuple of SurfaceDistance
        By group; NaN where the spacing is unknown.
    pixels : ProbabilityCounts or None
        What the probabilities say.
    seconds : float
        Time of the prediction.
    messages : tuple of str
        Fallbacks and complaints.
    fold : str
        Which network judged it, where there are several.
    """

    name: str
    patient: str
    source: str
    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    distances: tuple[SurfaceDistance, ...] = ()
    distances_mm: tuple[SurfaceDistance, ...] = ()
    pixels: ProbabilityCounts | None = None
    seconds: float = float("nan")
    messages: tuple[str, ...] = ()
    fold: str = ""

    @property
    def groups(self) -> tuple[str, ...]:
        """What is scored; see :func:`~napari_tbcad.networks.scores.groups_of`."""
        return groups_of(self.classes)

    @property
    def badness(self) -> float:
        """1 − Dice of all classes together; of an image without any, the share of it that was found."""
        together = [part[-1] for part in overlap(self.counts)]
        hits, truth, found = (float(each) for each in together)
        if truth:
            return 1 - 2 * hits / (truth + found)
        return found / max(1.0, float(self.counts.sum()))

    def row(self) -> dict[str, Any]:
        """Return the image's row of scores.csv."""
        parts, row = overlap(self.counts), self._head()
        auc = None if self.pixels is None else self.pixels.auc
        for index, group in enumerate(self.groups):
            present = parts.truth[index] > 0
            values = {
                # Of a class that is not there, only what was found wrongly says anything.
                "dice": parts.dice[index] if present else None,
                "iou": parts.iou[index] if present else None,
                "truth_pixels": int(parts.truth[index]),
                "found_pixels": int(parts.found[index]),
                "auc": None if auc is None else auc[index],
            }
            for unit, distances in (("px", self.distances), ("mm", self.distances_mm)):
                one = distances[index] if distances else NO_DISTANCE
                values |= {f"{name}_{unit}": getattr(one, part) for name, part in DISTANCES.items()}
            row |= {f"{name}_{column(group)}": plain(value) for name, value in values.items()}
        return row

    def _head(self) -> dict[str, Any]:
        return {
            "image": self.name,
            "patient": self.patient,
            "source": self.source,
            "fold": self.fold,
            "status": "ok",
            "message": " | ".join(self.messages),
            "seconds": round(self.seconds, 4),
        }


def column(group: str) -> str:
    """Return a class name as part of a column's name."""
    return group.replace(" ", "_")


def score_columns(classes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns of scores.csv."""
    names = ["dice", "iou", "truth_pixels", "found_pixels", "auc"]
    names += [f"{name}_{unit}" for unit in ("px", "mm") for name in DISTANCES]
    head = ("image", "patient", "source", "fold", "status", "message", "seconds")
    return (*head, *(f"{name}_{column(group)}" for group in groups_of(classes) for name in names))


def judge(
    predictor: Predictor,
    sample: Judged,
    classes: tuple[str, ...],
    *,
    region: Region | None = None,
    distances: bool = True,
    spacing_mm: tuple[float, float] | None = None,
) -> tuple[ImageScore, Picture, NDArray[np.float32]]:
    """Judge one image.

    Parameters
    ----------
    predictor : callable
        Gives probabilities.
    sample : Judged
        Image and labels.
    classes : tuple of str
        Names of the K values, background first.
    region : callable, optional
        Where probabilities are judged.
    distances : bool, optional
        Measure distances of outlines as well.
    spacing_mm : (float, float), optional
        Row and column spacing of the image's pixels.

    Returns
    -------
    score : ImageScore
        The numbers.
    picture : Picture
        For a person to look at.
    probabilities : (K, h, w) array of float32
        What the predictor gave.

    Raises
    ------
    BadInput
        If image or labels cannot be read, or do not fit the predictor.
    """
    pixels, truth = sample.read()
    began = time.perf_counter()
    probabilities, messages = predictor(pixels, sample.view)
    seconds = time.perf_counter() - began
    if len(probabilities) != len(classes):
        raise BadInput("network", f"it gives {len(probabilities)} classes, its labels have {len(classes)}")
    found = resize_soft(probabilities, truth.shape).argmax(0).astype(np.uint8)
    inside = None if region is None else region(sample, pixels)
    near, far = _distances(truth, found, len(classes), spacing_mm) if distances else ((), ())
    score = ImageScore(
        name=sample.name,
        patient=sample.patient,
        source=sample.source,
        classes=classes,
        counts=confusion(truth, found, len(classes)),
        distances=near,
        distances_mm=far,
        pixels=_probability_counts(truth, probabilities, inside),
        seconds=seconds,
        messages=messages,
    )
    name = re.sub(r"[^\w.-]+", "_", "__".join(p for p in (sample.source, Path(sample.name).stem) if p))
    return score, picture_of(name, score.badness, pixels, found, truth), probabilities


def _distances(
    truth: NDArray[np.uint8], found: NDArray[np.uint8], n_classes: int, spacing: tuple[float, float] | None
) -> tuple[tuple[SurfaceDistance, ...], tuple[SurfaceDistance, ...]]:
    # Where the truth says nothing, neither outline is measured.
    found = np.where(truth == IGNORE, 0, found)
    pairs = list(zip(group_masks(truth, n_classes), group_masks(found, n_classes), strict=True))
    near = tuple(surface_distance(*pair) for pair in pairs)
    if spacing is None:
        return near, ()
    if abs(spacing[0] / spacing[1] - 1) < 1e-6:
        return near, tuple(SurfaceDistance(*(value * spacing[0] for value in one)) for one in near)
    return near, tuple(surface_distance(*pair, spacing=spacing) for pair in pairs)


def _probability_counts(
    truth: NDArray[np.uint8], probabilities: NDArray[np.float32], inside: NDArray[np.bool_] | None
) -> Any:
    """Judge the probabilities on a regular grid of pixels, which is enough for a data set's curve."""
    step = max(1, -(-max(truth.shape) // _PIXELS_SIDE))
    rows, columns = (slice(step // 2, None, step) for _ in range(2))
    if inside is not None and inside.shape != truth.shape:
        raise BadInput("region", f"its shape is {inside.shape}, the image's {truth.shape}")
    picked = truth[rows, columns]
    places = [
        np.clip(((np.arange(have) * step + step // 2 + 0.5) / size * grid).astype(int), 0, grid - 1)
        for have, size, grid in zip(picked.shape, truth.shape, probabilities.shape[1:], strict=True)
    ]
    there = probabilities[:, places[0][:, None], places[1][None, :]]
    return probability_counts(picked, there, None if inside is None else inside[rows, columns])


def plain(value: Any) -> Any:
    """Return a number of numpy as one of Python."""
    return float(value) if isinstance(value, np.floating) else value
