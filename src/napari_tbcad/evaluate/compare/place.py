"""The control: what scores well without looking at the scan.

Metastases are not spread evenly over the skeleton, and hotspots not over the image. A method that knows only
*where* training patients had what, and never sees the scan that it judges, has some F1, too. A network can
be believed as far as it is better than that.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.evaluate.compare.grey_levels import answer, asked_about, mean_dice, said, smoothed, sureness
from napari_tbcad.files import written_whole
from napari_tbcad.imaging.grid import resize_soft
from napari_tbcad.networks.input import InputParameters
from napari_tbcad.networks.samples import Decoded
from napari_tbcad.networks.scores import confusion
from napari_tbcad.schemes import BONE_SCHEMES

CELLS = (128, 32)
"""Rows and columns of the kept map: 16 mm a cell on a body of two metres, finer than bodies agree."""

SIGMAS = (0.0, 1.0, 2.0, 4.0)
"""Standard deviations of the smoothing that are tried, in cells."""

_BINS = 256
Share = NDArray[np.float32]


@dataclass(frozen=True)
class PlaceModel:
    """How often each place was abnormal, and bone, in the training images.

    Parameters
    ----------
    scheme : {"4", "3"}
    grid : InputParameters
        Grid and normalisation that networks see; of an image its frame alone is used.
    sigma : float
        Standard deviation of the smoothing, in cells.
    cut : float
        Share of abnormal training pixels from which a place is called abnormal.
    width : float
        How slowly sureness grows around it: it is logistic((share − cut) / width).
    abnormal, bone : tuple of tuple of float
        Share of the training pixels of a cell that were abnormal, and anything of the skeleton.
    dice : float
        Mean Dice of the watched images.
    """

    scheme: str
    grid: InputParameters
    sigma: float
    cut: float
    width: float
    abnormal: tuple[tuple[float, ...], ...]
    bone: tuple[tuple[float, ...], ...]
    dice: float
    kind: Literal["place"] = "place"

    def predict(self, counts: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probabilities (K, H, W) of the scheme's classes; of counts (H, W) the shape is read."""
        image, shape = asked_about(counts, self.grid)
        abnormal, bone = self._maps((image.shape[0], image.shape[1]))
        return answer(sureness(abnormal - self.cut, self.width), bone >= 0.5, shape, self.scheme)

    def _maps(self, shape: tuple[int, int]) -> Share:
        return resize_soft(np.array([self.abnormal, self.bone], np.float32), shape)

    def to_json(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        return {**asdict(self), "grid": self.grid.model_dump(mode="json")}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> PlaceModel:
        """Return what :meth:`to_json` gave."""
        given = {**content, "grid": InputParameters.model_validate(content["grid"])}
        for name in ("abnormal", "bone"):
            given[name] = tuple(tuple(row) for row in given[name])
        return cls(**given)

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        with written_whole(path) as temporary:
            temporary.write_text(json.dumps(self.to_json()), encoding="utf-8")


def fit_place(train: Decoded, validation: Decoded, scheme: str, grid: InputParameters) -> PlaceModel:
    """Fit the control: the smoothing by the watched images, the cut by the training images.

    Parameters
    ----------
    train, validation : Decoded
        Images to fit on, and to choose the smoothing by; their labels alone are read.
    scheme : {"4", "3"}
    grid : InputParameters
        What they were decoded with.
    """
    shares = _shares(train.labels, scheme)
    tried = [_fitted(shares, train.labels, sigma, scheme, grid) for sigma in SIGMAS]
    judged = [replace(one, dice=_dice(one, validation.labels)) for one in tried]
    return max(judged, key=lambda one: one.dice)


def _shares(labels: Collection[NDArray[np.integer]], scheme: str) -> Share:
    """Return how often each cell was abnormal, and of the skeleton, (2, rows, columns)."""
    ids = BONE_SCHEMES[scheme].ids
    hits, known = np.zeros((2, *CELLS)), np.zeros(CELLS)
    for one in labels:
        told = said(one)
        parts = np.array([one == ids["abnormal"], (one != ids["background"]) & told, told], np.float32)
        small = resize_soft(parts, CELLS)
        hits += small[:2]
        known += small[2]
    return np.asarray(hits / np.maximum(known, 1e-6), np.float32)


def _fitted(
    shares: Share, labels: Collection[NDArray[np.integer]], sigma: float, scheme: str, grid: InputParameters
) -> PlaceModel:
    abnormal, bone = (smoothed(one, sigma) for one in shares)
    edges = np.linspace(0, float(abnormal.max()) or 1.0, _BINS + 1)[:-1]
    # Pixels by bin of the share: all that make a statement, and abnormal ones.
    table = np.zeros((2, _BINS), np.int64)
    for one in labels:
        share = resize_soft(abnormal[None], (one.shape[0], one.shape[1]))[0]
        bins = np.clip(np.searchsorted(edges, share, side="right") - 1, 0, None)
        for row, where in zip(table, (said(one), one == BONE_SCHEMES[scheme].ids["abnormal"]), strict=True):
            row += np.bincount(bins[where], minlength=_BINS)
    called, right = np.cumsum(table[:, ::-1], axis=1)[:, ::-1]
    f1 = 2 * right / np.maximum(called + right[0], 1)
    # The lowest bin would call everything abnormal.
    cut = float(edges[1 + int(f1[1:].argmax())])
    width = float(abnormal[abnormal >= cut].mean() - cut) or 1e-3
    return PlaceModel(scheme, grid, sigma, cut, width, _kept(abnormal), _kept(bone), 0.0)


def _kept(share: Share) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(round(float(value), 5) for value in row) for row in share)


def _dice(model: PlaceModel, labels: Collection[NDArray[np.integer]]) -> float:
    k = len(BONE_SCHEMES[model.scheme].names)
    ids = BONE_SCHEMES[model.scheme].ids
    counts = np.zeros((k, k), np.int64)
    for one in labels:
        abnormal, bone = model._maps((one.shape[0], one.shape[1]))
        found = np.select([abnormal >= model.cut, bone >= 0.5], [ids["abnormal"], ids["bone"]], 0)
        counts += confusion(one, found, k)
    return mean_dice(counts)
