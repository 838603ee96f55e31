"""Two thresholds on the grey level: background, bone, hot."""

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
        raise NotImplementedError

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
    """Fit the thresholds.

    Parameters
    ----------
    train, validation : Decoded
        Images to fit on, and to choose the smoothing by.
    scheme : {"4", "3"}
    grid : InputParameters
        What they were decoded with.
    """
    raise NotImplementedError
