"""k-means of grey levels and their surroundings, clusters named by what the labels say of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.files import written_whole
from napari_tbcad.networks.input import InputParameters
from napari_tbcad.networks.samples import Decoded


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
        raise NotImplementedError

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
    """Fit the clusters.

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
    raise NotImplementedError
