"""Training the networks of a comparison, run by run; what is done is not repeated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.evaluate.compare.config import CompareConfig
from napari_tbcad.evaluate.compare.plan import Run, training_config
from napari_tbcad.evaluate.compare.tuning import tuned_rate, with_rate
from napari_tbcad.networks.config import TrainingConfig

if TYPE_CHECKING:
    from napari_tbcad.evaluate.compare.scoring import Predict
    from napari_tbcad.networks.devices import Device
    from napari_tbcad.networks.store import Network


@dataclass(frozen=True)
class Trainer:
    """Trains the networks of a comparison.

    Parameters
    ----------
    config : CompareConfig
    out : Path
    split : Path
        The file that says who is trained on, watched and tested.
    device : str
        Where; it replaces the configuration's.
    say : callable
    cancelled : callable, optional
    """

    config: CompareConfig
    out: Path
    split: Path
    device: Device = "auto"
    say: Callable[[str], None] = print
    cancelled: Callable[[], bool] | None = None

    def network(self, run: Run) -> Network:
        """Return a run's network: as it is, gone on with, or trained from the start.

        Raises
        ------
        BadInput
            If images or folder cannot be used, or the run was begun with another configuration.
        TrainingStopped
            If the loss became NaN or a file could not be written.
        Busy
            If another process is trying its learning rates.
        """
        from napari_tbcad.networks.crossvalidate import require_same
        from napari_tbcad.networks.fit import CONFIG, LAST, MODEL, train
        from napari_tbcad.networks.store import load_network

        rate = tuned_rate(self.config, run, self.out, self.split, self._trial, say=self.say)
        chosen = self.placed(with_rate(training_config(self.config, run, split=self.split), rate))
        place = run.folder(self.out)
        if (place / MODEL).is_file():
            require_same(place / CONFIG, chosen)
            return load_network(place / MODEL, task=run.scheme)
        self.say(f"{run.name}: {chosen.fit.epochs} epochs at learning rate {rate:g}")
        return train(
            chosen, place, resume=(place / LAST).is_file(), say=self._named(run), cancelled=self.cancelled
        )

    def _trial(self, config: TrainingConfig, place: Path) -> tuple[float, float]:
        from napari_tbcad.networks.fit import LAST, LOG, MODEL, train
        from napari_tbcad.networks.module import read_log

        if not (place / MODEL).is_file():
            train(
                self.placed(config),
                place,
                resume=(place / LAST).is_file(),
                say=lambda line: None,
                cancelled=self.cancelled,
            )
        rows = read_log(place / LOG)
        # Only the row is needed once it is written: a trial of a large network is some hundred megabytes.
        for name in (LAST, MODEL):
            (place / name).unlink(missing_ok=True)
        return float(rows[-1]["validation_dice"]), sum(float(row["seconds"]) for row in rows)

    def placed(self, config: TrainingConfig) -> TrainingConfig:
        """Return a training on the device that was asked for."""
        if self.device == "auto":
            return config
        return config.model_copy(update={"fit": config.fit.model_copy(update={"device": self.device})})

    def _named(self, run: Run) -> Callable[[str], None]:
        return lambda line: self.say(f"{run.name}: {line}")


def predictor(network: Network, view: str, device: Device = "auto") -> Predict:
    """Return what gives a network's probabilities on an image's own grid."""
    from napari_tbcad.imaging.grid import resize_soft
    from napari_tbcad.networks.predict import PredictParameters, predict

    settings = PredictParameters(device=device)

    def run(counts: NDArray[np.float32]) -> NDArray[np.float32]:
        found = predict(network, counts, settings, view=view).probabilities
        return resize_soft(found, (counts.shape[0], counts.shape[1]))

    return run


def weights_of(network: Network) -> int:
    """Return the number of weights of a network."""
    return sum(one.numel() for one in network.module.parameters())


def training_facts(network: Network, folder: Path) -> dict[str, float]:
    """Return what a network's training took: epochs, steps, batch, learning rate and seconds."""
    import torch

    from napari_tbcad.networks.fit import LAST, LOG
    from napari_tbcad.networks.module import read_log

    rows, fit = read_log(folder / LOG), network.card.training["fit"]
    facts = {
        "epochs": len(rows),
        "batch": fit["batch"],
        "learning_rate": fit["learning_rate"],
        "seconds": round(sum(float(row["seconds"]) for row in rows), 1),
    }
    if (folder / LAST).is_file():
        last = torch.load(folder / LAST, map_location="cpu", weights_only=True, mmap=True)
        facts["steps"] = int(last["global_step"])
    return facts
