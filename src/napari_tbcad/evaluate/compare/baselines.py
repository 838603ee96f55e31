"""Methods that know grey levels alone, or place alone, fitted on training images and chosen on watched ones.

None of them can tell a normal hotspot from an abnormal one: in the scheme of four classes all that is hot is
called abnormal, and nothing is ever called normal. Those of grey levels see an image as a network does, on
its grid and normalised, so that they are told nothing more; their answers are graded, so that a free-response
curve can be drawn of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.compare.kmeans import KMeansModel, fit_kmeans
from napari_tbcad.evaluate.compare.place import PlaceModel, fit_place
from napari_tbcad.evaluate.compare.threshold import ThresholdModel, fit_threshold
from napari_tbcad.networks.input import InputParameters

if TYPE_CHECKING:
    from napari_tbcad.evaluate.compare.plan import Run
    from napari_tbcad.networks.config import TrainingConfig
    from napari_tbcad.networks.splits import Split

__all__ = [
    "MODEL",
    "Baseline",
    "KMeansModel",
    "PlaceModel",
    "ThresholdModel",
    "fit_kmeans",
    "fit_place",
    "fit_threshold",
    "fitted",
    "load_baseline",
]

MODEL = "model.json"
"""Name of the file in a run's folder."""

_KINDS: Mapping[str, type[ThresholdModel] | type[KMeansModel] | type[PlaceModel]] = {
    "threshold": ThresholdModel,
    "kmeans": KMeansModel,
    "place": PlaceModel,
}


class Baseline(Protocol):
    """What all of them can do."""

    @property
    def scheme(self) -> str:
        """Label scheme."""

    @property
    def grid(self) -> InputParameters:
        """Grid and normalisation."""

    @property
    def dice(self) -> float:
        """Mean Dice of the watched images that it was chosen by."""

    def predict(self, counts: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probabilities (K, H, W) of an image (H, W)."""

    def to_json(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all."""


def fitted(run: Run, split: Split, config: TrainingConfig, folder: Path) -> Baseline:
    """Return a run's method: as it was kept, or fitted and kept.

    Parameters
    ----------
    run : Run
        Of kind ``"threshold"``, ``"kmeans"`` or ``"place"``.
    split : Split
        Who is trained on and watched.
    config : TrainingConfig
        The grid that networks see, and where decoded images are kept.
    folder : Path
        The run's folder.

    Raises
    ------
    BadInput
        If an image cannot be read, the kept file is damaged or of another scheme or grid.
    """
    from napari_tbcad.networks.samples import decode

    path, grid = folder / MODEL, config.input
    if path.is_file():
        kept = load_baseline(path)
        if (kept.scheme, kept.grid) != (run.scheme, grid):
            raise BadInput(path, "it was fitted for another scheme or grid; remove it to fit it again")
        return kept
    train, validation = (
        decode(list(samples), grid, cache=config.data.cache) for samples in (split.train, split.validation)
    )
    model: Baseline
    if run.kind == "kmeans":
        model = fit_kmeans(train, validation, run.scheme, grid, seed=run.seed)
    elif run.kind == "place":
        model = fit_place(train, validation, run.scheme, grid)
    else:
        model = fit_threshold(train, validation, run.scheme, grid)
    model.save(path)
    return model


def load_baseline(path: Path) -> Baseline:
    """Read a fitted method from its file.

    Raises
    ------
    BadInput
        If it cannot be read or is none of these methods.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return _KINDS[content["kind"]].from_json(content)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(path, f"cannot be read as a fitted baseline ({error!r})") from error
