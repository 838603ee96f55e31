"""Two thresholds on the grey level: background, bone, hot."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.evaluate.compare.grey_levels import (
    answer,
    asked_about,
    images_of,
    mean_dice,
    said,
    smoothed,
    sureness,
)
from napari_tbcad.files import written_whole
from napari_tbcad.networks.input import InputParameters
from napari_tbcad.networks.samples import Decoded
from napari_tbcad.networks.scores import confusion
from napari_tbcad.schemes import BONE_SCHEMES

SIGMAS = (0.0, 0.7, 1.5, 3.0)
"""Standard deviations of the smoothing that are tried, in pixels of the grid."""

_BINS, _TOP = 512, 0.9999


@dataclass(frozen=True)
class ThresholdModel:
    """Two thresholds on the smoothed, normalised image.

    Parameters
    ----------
    scheme : {"4", "3"}
    grid : InputParameters
        Grid and normalisation.
    sigma : float
        Standard deviation of the smoothing, in pixels of the grid.
    bone, hot : float
        Grey levels from which a pixel is bone, and hot.
    width : float
        How slowly sureness grows around the upper threshold: it is logistic((x − hot) / width).
    dice : float
        Mean Dice of the watched images.
    """

    scheme: str
    grid: InputParameters
    sigma: float
    bone: float
    hot: float
    width: float
    dice: float
    kind: Literal["threshold"] = "threshold"

    def predict(self, counts: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probabilities (K, H, W) of the scheme's classes, of counts (H, W)."""
        image, shape = asked_about(counts, self.grid)
        x = smoothed(image, self.sigma)
        return answer(sureness(x - self.hot, self.width), x >= self.bone, shape, self.scheme)

    def to_json(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        return {**asdict(self), "grid": self.grid.model_dump(mode="json")}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> ThresholdModel:
        """Return what :meth:`to_json` gave."""
        return cls(**{**content, "grid": InputParameters.model_validate(content["grid"])})

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        with written_whole(path) as temporary:
            temporary.write_text(json.dumps(self.to_json(), indent=1), encoding="utf-8")


def fit_threshold(train: Decoded, validation: Decoded, scheme: str, grid: InputParameters) -> ThresholdModel:
    """Fit the thresholds: the pair with the best mean Dice of the training images, for every smoothing.

    Parameters
    ----------
    train, validation : Decoded
        Images to fit on, and to choose the smoothing by.
    scheme : {"4", "3"}
    grid : InputParameters
        What they were decoded with.
    """
    tried = [_fitted(train, sigma, scheme, grid) for sigma in SIGMAS]
    judged = [replace(one, dice=_dice(one, validation)) for one in tried]
    return max(judged, key=lambda one: one.dice)


def _fitted(train: Decoded, sigma: float, scheme: str, grid: InputParameters) -> ThresholdModel:
    images = [smoothed(image, sigma) for image in images_of(train, grid)]
    low = min(float(image.min()) for image in images)
    high = max(float(np.quantile(image, _TOP)) for image in images)
    edges = np.linspace(low, high, _BINS + 1)[:-1]
    k = len(BONE_SCHEMES[scheme].names)
    table = np.zeros((_BINS, k), np.int64)
    for image, labels in zip(images, train.labels, strict=True):
        known = said(labels)
        place = np.searchsorted(edges, image[known], side="right") - 1
        joint = np.clip(place, 0, None) * k + labels[known].astype(np.int64)
        table += np.bincount(joint, minlength=_BINS * k).reshape(_BINS, k)
    bone, hot = best_bins(table, scheme)
    above = [image[image >= edges[hot]] - edges[hot] for image in images]
    width = float(np.concatenate(above).mean()) or 1.0
    return ThresholdModel(scheme, grid, sigma, float(edges[bone]), float(edges[hot]), width, 0.0)


def best_bins(table: NDArray[np.int64], scheme: str) -> tuple[int, int]:
    """Return the bins from which pixels are best called bone, and abnormal.

    Parameters
    ----------
    table : (B, K) array of int64
        Pixels by bin of the grey level and true class.
    """
    ids = BONE_SCHEMES[scheme].ids
    # Pixels from each bin on, by class, and of all classes.
    above = np.cumsum(table[::-1], axis=0)[::-1].astype(np.float64)
    everything, total = above.sum(1), table.sum(0)
    hit = 2 * above[:, ids["abnormal"]]
    abnormal = hit / np.maximum(total[ids["abnormal"]] + everything, 1)
    inside = above[:, None, ids["bone"]] - above[None, :, ids["bone"]]
    between = everything[:, None] - everything[None]
    bone = 2 * inside / np.maximum(total[ids["bone"]] + between, 1)
    value = np.where(np.tri(len(table), k=-1).T > 0, bone + abnormal, -1.0)
    low, high = np.unravel_index(int(value.argmax()), value.shape)
    return int(low), int(high)


def _dice(model: ThresholdModel, images: Decoded) -> float:
    ids = BONE_SCHEMES[model.scheme].ids
    k = len(BONE_SCHEMES[model.scheme].names)
    counts = np.zeros((k, k), np.int64)
    for image, labels in zip(images_of(images, model.grid), images.labels, strict=True):
        x = smoothed(image, model.sigma)
        found = np.select([x >= model.hot, x >= model.bone], [ids["abnormal"], ids["bone"]], 0)
        counts += confusion(labels, found, k)
    return mean_dice(counts)
