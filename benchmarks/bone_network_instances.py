"""Hotspots as instances, straight from a network's probabilities; shared by measurements, prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bone_candidates import POINTS, froc
from bone_network_scores import ABNORMAL, BONE, EDGES, NORMAL
from napari_tbcad.imaging.grid import resize_soft
from napari_tbcad.io.voc import LabelledBox

LEAST = 4
"""Pixels; smaller pieces are dropped."""


@dataclass(frozen=True)
class Found:
    """One instance: its value in the label image, how sure it is a hotspot, and abnormal, in [0, 1]."""

    id: int
    score: float
    abnormal: float

    @property
    def value(self) -> int:
        """Class by value of the 4-class scheme."""
        return ABNORMAL if self.abnormal >= 0.5 else NORMAL


@dataclass(eq=False)
class View:
    """A view with what was found in it; `hits` are the boxes (or lesions) that each instance marks."""

    patient: object
    view: str
    labels: NDArray[np.uint16]
    candidates: list[Found]
    boxes: Sequence[LabelledBox] = ()
    hits: list[list[int]] = field(default_factory=list)


def instances(
    probabilities: NDArray[np.float32], shape: tuple[int, int], edge: float
) -> tuple[NDArray[np.uint16], list[Found]]:
    """Return instance labels (H, W) and instances: connected pixels (8 neighbours) with P(hotspot) ≥ `edge`.

    The score is the largest P(hotspot) inside; the class that of the greater sum.
    """
    soft = resize_soft(probabilities[BONE + 1 :], shape)
    hot = soft.sum(0)
    labels, number = ndimage.label(hot >= edge, EDGES)
    ids = np.arange(1, number + 1)
    sizes = ndimage.sum_labels(np.ones_like(hot), labels, ids)
    kept = ids[sizes >= LEAST]
    new = np.zeros(number + 1, np.uint16)
    new[kept] = np.arange(1, len(kept) + 1)
    scores = ndimage.maximum(hot, labels, kept) if len(kept) else []
    share = ndimage.sum_labels(soft[0], labels, kept) / ndimage.sum_labels(hot, labels, kept)
    found = [
        Found(n, float(s), float(a)) for n, (s, a) in enumerate(zip(scores, share, strict=True), start=1)
    ]
    return new[labels], found


def class_image(labels: NDArray[np.uint16], found: Sequence[Found], threshold: float) -> NDArray[np.uint8]:
    """Return the classes (H, W) of instances from a score on; bone is not drawn."""
    values = np.zeros(len(found) + 1, np.uint8)
    for one in found:
        values[one.id] = one.value if one.score >= threshold else 0
    return values[labels]


def curve(views: Sequence[View], wanted: Callable[[View, LabelledBox], bool] = lambda v, b: True) -> NDArray:
    """Return sensitivity and threshold (P, 2) at 1, 2, 3, 5, 8 false positives a view."""
    return np.array(froc(views, wanted))  # type: ignore[arg-type]


HEAD = "".join(f"{point:>7}" for point in POINTS)
