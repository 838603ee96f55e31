"""Hotspots as instances, straight from a network's probabilities; shared by measurements, prints nothing."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bone_candidates import POINTS, froc
from bone_network_scores import ABNORMAL, BONE, EDGES, NORMAL
from napari_tbcad.bone.candidates_instances import find_instances
from napari_tbcad.bone.candidates_maps import pixel_mm
from napari_tbcad.bone.candidates_network import SCORE_MM, NetworkParameters
from napari_tbcad.imaging.bonescan import BoneScan
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


PARTS = ("hotspots", "hotspots_both", "hotspots_more", "hotspots_first")
"""Parts of benchmarks/bone_networks.py whose networks can be measured."""


def own_view(part: str, view: str) -> str:
    """Return the view that a part's networks are named by; "" for those that read both alike."""
    return view if part == "hotspots" else ""


@dataclass(frozen=True)
class Rule:
    """How instances are made: by the program, or as connected pixels with P(hotspot) ≥ `edge`."""

    edge: float
    connected: bool = False

    def __str__(self) -> str:
        if self.connected:
            return f"connected pixels from {self.edge:g} on"
        return f"instances that end at {self.edge:g} of their peak"

    def __call__(
        self, probabilities: NDArray[np.float32], scan: BoneScan
    ) -> tuple[NDArray[np.uint16], list[Found]]:
        """Return instance labels (H, W) and instances of probabilities (K, h, w) of a view of a scan."""
        soft = resize_soft(probabilities[BONE + 1 :], scan.shape)
        if self.connected:
            return connected(soft, self.edge)
        down, across = pixel_mm(scan)[0]
        labels, found = find_instances(soft, edge=self.edge, sigma=(SCORE_MM / down, SCORE_MM / across))
        return labels, [Found(one.id, one.score, one.abnormal) for one in found]


def rules(chosen: argparse.Namespace) -> list[Rule]:
    """Return the rules that were asked for."""
    return [*(Rule(edge) for edge in chosen.edge), *(Rule(edge, True) for edge in chosen.connected or ())]


def add_rules(parser: argparse.ArgumentParser) -> None:
    """Add the options that :func:`rules` reads."""
    parser.add_argument(
        "--edge",
        type=float,
        nargs="*",
        default=[NetworkParameters().edge],
        help="share of its peak at which an instance ends; several are measured one after the other",
    )
    parser.add_argument(
        "--threshold", type=float, default=NetworkParameters().threshold, help="least score of a hotspot"
    )
    parser.add_argument(
        "--connected", type=float, nargs="*", help="also connected pixels from these probabilities on"
    )


def connected(soft: NDArray[np.float32], edge: float) -> tuple[NDArray[np.uint16], list[Found]]:
    """Return connected pixels (8 neighbours) with P(hotspot) ≥ `edge`, of P(abnormal, normal) (2, H, W).

    The score is the largest P(hotspot) inside; the class that of the greater sum.
    """
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
