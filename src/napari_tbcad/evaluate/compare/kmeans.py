"""k-means of grey levels and their surroundings, clusters named by what the labels say of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
from napari_tbcad.schemes import BONE_SCHEMES

NUMBERS = (6, 12, 24)
"""Numbers of clusters that are tried."""

SIGMAS = (0.7, 3.0, 8.0)
"""Standard deviations of the smoothing of the features, in pixels of the grid."""

_PIXELS = 40_000


@dataclass(frozen=True)
class KMeansModel:
    """Clusters of pixels, each with a class.

    Parameters
    ----------
    scheme : {"4", "3"}
    grid : InputParameters
        Grid and normalisation.
    centres : tuple of tuple of float
        Centre of each cluster, in standardised features.
    classes : tuple of int
        Value of the scheme that each cluster is called.
    mean, scale : tuple of float
        What features are standardised with.
    width : float
        How slowly sureness grows with the distance from the border between hot and other clusters.
    dice : float
        Mean Dice of the watched images.
    """

    scheme: str
    grid: InputParameters
    centres: tuple[tuple[float, ...], ...]
    classes: tuple[int, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    width: float
    dice: float
    kind: Literal["kmeans"] = "kmeans"

    def predict(self, counts: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probabilities (K, H, W) of the scheme's classes, of counts (H, W)."""
        image, shape = asked_about(counts, self.grid)
        bone, margin = self.clusters(image)
        return answer(sureness(margin, self.width), bone, shape, self.scheme)

    def clusters(self, image: NDArray[np.float32]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Return where the nearest cluster that is not hot is bone, and how much nearer a hot one is.

        The latter is the difference of squared distances, (h, w) float32; from 0 on a pixel is hot.
        """
        bone, margin = self.margins(self.points(image))
        return bone.reshape(image.shape), margin.reshape(image.shape)

    def margins(self, points: NDArray[np.float32]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Return the same of points (n, 3)."""
        ids, called = BONE_SCHEMES[self.scheme].ids, np.array(self.classes)
        distance, hot = _distances(points, self.centres), called == ids["abnormal"]
        cold = distance[:, ~hot]
        nearest = cold.argmin(1)
        margin = cold[np.arange(len(cold)), nearest] - distance[:, hot].min(1)
        return called[~hot][nearest] == ids["bone"], margin

    def points(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the standardised features of every pixel of an image (h, w), (h·w, 3) float32."""
        mean, scale = (np.array(part, np.float32) for part in (self.mean, self.scale))
        return np.asarray((features(image) - mean) / scale, np.float32)

    def to_json(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        return {**asdict(self), "grid": self.grid.model_dump(mode="json")}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> KMeansModel:
        """Return what :meth:`to_json` gave."""
        given = {**content, "grid": InputParameters.model_validate(content["grid"])}
        for name in ("classes", "mean", "scale"):
            given[name] = tuple(given[name])
        given["centres"] = tuple(tuple(one) for one in given["centres"])
        return cls(**given)

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        with written_whole(path) as temporary:
            temporary.write_text(json.dumps(self.to_json(), indent=1), encoding="utf-8")


def fit_kmeans(
    train: Decoded, validation: Decoded, scheme: str, grid: InputParameters, *, seed: int = 0
) -> KMeansModel:
    """Fit clusters of pixels and name them, for several numbers of clusters.

    Parameters
    ----------
    train, validation : Decoded
        Images to fit on, and to choose the number of clusters by.
    scheme : {"4", "3"}
    grid : InputParameters
        What they were decoded with.
    seed : int, optional
        Of the pixels that are drawn and of the first centres.
    """
    images = images_of(train, grid)
    drawn = _drawn(images, np.random.default_rng(seed))
    mean, scale = drawn.mean(0), np.maximum(drawn.std(0), 1e-6)
    points = ((drawn - mean) / scale).astype(np.float32)
    empty = KMeansModel(scheme, grid, (), (), tuple(mean.tolist()), tuple(scale.tolist()), 1.0, 0.0)
    tried = [replace(empty, centres=_centres(points, number, seed)) for number in NUMBERS]
    tables = _tables(tried, images, train.labels)
    tried = [replace(one, classes=_named(table, scheme)) for one, table in zip(tried, tables, strict=True)]
    watched = _tables(tried, images_of(validation, grid), validation.labels)
    judged = [
        replace(one, dice=mean_dice(_confusion(table, np.array(one.classes))))
        for one, table in zip(tried, watched, strict=True)
    ]
    best = max(judged, key=lambda one: one.dice)
    return replace(best, width=_width(best, points))


def features(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the grey level and those of narrower and wider surroundings of every pixel, (h·w, 3)."""
    return np.stack([smoothed(image, sigma).ravel() for sigma in SIGMAS], axis=1)


def _drawn(images: list[NDArray[np.float32]], random: np.random.Generator) -> NDArray[np.float32]:
    """Draw pixels of all images, half of them from each one's hottest twentieth, which is what is sought."""
    each, rows = max(1, _PIXELS // (2 * len(images))), []
    for image in images:
        table = features(image)
        hottest = np.flatnonzero(table[:, 0] >= np.quantile(table[:, 0], 0.95))
        rows += [table[random.integers(len(table), size=each)], table[random.choice(hottest, each)]]
    return np.concatenate(rows)


def _centres(points: NDArray[np.float32], number: int, seed: int) -> tuple[tuple[float, ...], ...]:
    from sklearn.cluster import KMeans

    number = min(number, len(np.unique(points, axis=0)))
    fitted = KMeans(number, n_init=2, random_state=seed).fit(points)
    return tuple(tuple(one) for one in fitted.cluster_centers_.astype(float).tolist())


def _distances(points: NDArray[np.float32], centres: ArrayLike) -> NDArray[np.float32]:
    """Return squared distances (n, k) of points (n, 3) and centres, each less the point's own square."""
    ends = np.asarray(centres, np.float32)
    return (ends**2).sum(1) - 2 * points @ ends.T


def _tables(
    models: list[KMeansModel], images: list[NDArray[np.float32]], labels: Iterable[NDArray[np.uint8]]
) -> list[NDArray[np.int64]]:
    """Count pixels by cluster and true class, (k, K) for each model."""
    k = len(BONE_SCHEMES[models[0].scheme].names)
    tables = [np.zeros((len(one.centres), k), np.int64) for one in models]
    for image, true in zip(images, labels, strict=True):
        known = said(true).ravel()
        points, truth = models[0].points(image)[known], true.ravel()[known]
        for table, model in zip(tables, models, strict=True):
            joint = _distances(points, model.centres).argmin(1) * k + truth
            table += np.bincount(joint, minlength=table.size).reshape(table.shape)
    return tables


def _named(table: NDArray[np.int64], scheme: str) -> tuple[int, ...]:
    """Return the class of each cluster.

    Of all ways to call the clusters with the greatest share of abnormal pixels abnormal and those of the
    others with the greatest share of bone bone, the one with the best mean Dice. At least one is abnormal and
    one is not.

    Parameters
    ----------
    table : (k, K) array of int64
        Pixels by cluster and true class.
    """
    ids, number = BONE_SCHEMES[scheme].ids, len(table)
    share = table / np.maximum(table.sum(1, keepdims=True), 1)
    order = np.argsort(-share[:, ids["abnormal"]], kind="stable")
    best, chosen = -1.0, np.zeros(number, np.int64)
    for hot in range(1, number):
        rest = order[hot:]
        rest = rest[np.argsort(-share[rest, ids["bone"]], kind="stable")]
        for bone in range(len(rest) + 1):
            called = np.full(number, ids["background"])
            called[order[:hot]], called[rest[:bone]] = ids["abnormal"], ids["bone"]
            if (value := mean_dice(_confusion(table, called))) > best:
                best, chosen = value, called
    return tuple(chosen.tolist())


def _confusion(table: NDArray[np.int64], called: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return pixels by true and found class (K, K), of pixels by cluster and true class (k, K)."""
    k = table.shape[1]
    counts = np.zeros((k, k), np.int64)
    np.add.at(counts.T, called, table)
    return counts


def _width(model: KMeansModel, points: NDArray[np.float32]) -> float:
    """Return the mean margin of the points that are hot."""
    margin = model.margins(points)[1]
    return float(margin[margin > 0].mean()) if (margin > 0).any() else 1.0
