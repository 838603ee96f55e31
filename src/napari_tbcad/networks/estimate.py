"""How long a training will take on this device, measured with a few steps of it."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.networks.build import build
from napari_tbcad.networks.config import TrainingConfig
from napari_tbcad.networks.decoding import Decoded, decode_one
from napari_tbcad.networks.devices import choose_device
from napari_tbcad.networks.listeners import Listeners
from napari_tbcad.networks.loop import run_loop
from napari_tbcad.networks.losses import class_weights
from napari_tbcad.networks.samples import Sample, list_rows
from napari_tbcad.networks.training_folder import LOG, TEMPORARY
from napari_tbcad.schemes import IGNORE

_STEPS = 3
"""Steps that are measured, after one that is not: there kernels are chosen and memory is asked for."""
_READ = 3
"""Images that are read."""
_WATCHED_PER_STEP = 1 / 3
"""Time of a watched batch, in steps, where there was none to measure: forward, but not back."""


@dataclass(frozen=True)
class Estimate:
    """How long a training will take.

    Parameters
    ----------
    seconds : float
        All of it.
    seconds_per_step : float
        A step of one batch.
    seconds_decoding : float
        Reading all images once.
    seconds_per_epoch_watching : float
        What lies between two epochs: the watched images and the checkpoint.
    steps : int
        Of all epochs.
    device : str
        Where it was measured.
    n_parameters : int
        Weights of the network.
    """

    seconds: float
    seconds_per_step: float
    seconds_decoding: float
    seconds_per_epoch_watching: float
    steps: int
    device: str
    n_parameters: int


def estimate(
    config: TrainingConfig,
    *,
    images: float,
    watched: int,
    device: str = "auto",
    cancelled: Callable[[], bool] | None = None,
    seconds_at_most: float = 30.0,
    folder: Path | None = None,
) -> Estimate:
    """Measure a few real steps of a training, in a folder that is removed again.

    Parameters
    ----------
    config : TrainingConfig
        The training; its first readable images are used.
    images : float
        Images shown in an epoch (:attr:`~napari_tbcad.networks.survey.Survey.images_an_epoch`).
    watched : int
        Images watched after every epoch.
    device : str, optional
        Where it is measured.
    cancelled : callable, optional
        Asked after every step.
    seconds_at_most : float, optional
        No step is begun after this time, if one was measured.
    folder : Path, optional
        Where the folder is made, so that what a process that is killed leaves there can be found again; that
        for temporary files when not given.

    Raises
    ------
    BadInput
        If there is no such device, the network cannot be built or no image can be read.
    Cancelled
        If `cancelled` said so.
    """
    place = choose_device(device)
    size = max(1, min(config.fit.batch, round(images)))
    decoded, reading = _some_images(config, (_STEPS + 1) * size)
    torch.manual_seed(config.seed)
    network = build(config.architecture, n_classes=len(config.classes), in_channels=config.input.channels)
    clock = _Clock(cancelled, time.perf_counter() + seconds_at_most)
    with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=folder) as out:
        _run(network, config, decoded, (size, min(watched, size)), place, clock, Path(out))
    step = statistics.median(clock.steps)
    batch = step * _WATCHED_PER_STEP if clock.watching is None else clock.watching
    between = clock.checkpoint + batch * -(-watched // size)
    steps = max(1, round(max(images, size)) // size) * config.fit.epochs
    decoding = reading * (images + watched)
    return Estimate(
        seconds=decoding + steps * step + config.fit.epochs * between,
        seconds_per_step=step,
        seconds_decoding=decoding,
        seconds_per_epoch_watching=between,
        steps=steps,
        device=place,
        n_parameters=sum(p.numel() for p in network.parameters()),
    )


def _some_images(config: TrainingConfig, number: int) -> tuple[Decoded, float]:
    """Return so many images, a few read and repeated, and the seconds that one took to be read."""
    read: list[tuple[Any, Any, Sample]] = []
    fault: BadInput | None = None
    began = time.perf_counter()
    listed = (one for source in config.data.sources for one in list_rows(source, config.scheme))
    samples = [sample for _, sample in listed if isinstance(sample, Sample)]
    tried = 0
    for sample in samples:
        tried += 1
        try:
            read.append((*decode_one(sample, config.input, cache=config.data.cache), sample))
        except BadInput as error:
            fault = error
        if len(read) == _READ:
            break
    if not read:
        raise fault or BadInput("data.sources", "no image can be read")
    seconds = (time.perf_counter() - began) / tried
    several = [read[index % len(read)] for index in range(number)]
    images, labels, shown = zip(*several, strict=True)
    return Decoded(np.stack(images), np.stack(labels), tuple(replace(s, weight=1.0) for s in shown)), seconds


class _Clock:
    """Listens to a training and notes what took how long."""

    def __init__(self, cancelled: Callable[[], bool] | None, end: float) -> None:
        self._cancelled, self._end = cancelled, end
        self._mark = 0.0
        self._first = True
        self.steps: list[float] = []
        self.watching: float | None = None
        self.checkpoint = 0.0

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Take an event."""
        before, self._mark = self._mark, time.perf_counter()
        if event["event"] == "step":
            if not self._first or self._mark > self._end:
                self.steps.append(self._mark - before)
            self._first = False
        elif event["event"] == "epoch":
            self.watching = self._mark - before

    def enough(self) -> bool:
        """Tell whether to stop."""
        return self.unwanted() or (bool(self.steps) and time.perf_counter() > self._end)

    def unwanted(self) -> bool:
        """Tell whether nobody wants to know any more."""
        return self._cancelled is not None and self._cancelled()

    def ended(self) -> None:
        """Take the time since the last epoch: that of the checkpoint."""
        self.checkpoint = time.perf_counter() - self._mark


def _run(
    network: torch.nn.Module,
    config: TrainingConfig,
    decoded: Decoded,
    sizes: tuple[int, int],
    device: str,
    clock: _Clock,
    out: Path,
) -> None:
    """Train one epoch in a folder; `sizes` are those of a batch and of the watched."""
    from napari_tbcad.networks.module import SegmentationModule, loaders
    from napari_tbcad.networks.training_log import Log

    batch, watched = sizes
    changes = {"epochs": 1, "batch": batch, "keep": "last", "patience": 0}
    config = config.model_copy(update={"fit": config.fit.model_copy(update=changes)})
    known = decoded.labels[decoded.labels != IGNORE]
    module = SegmentationModule(
        network, config, class_weights(known, len(config.classes), config.loss.balance)
    )
    some = Decoded(decoded.images[:watched], decoded.labels[:watched], decoded.samples[:watched])
    given = loaders(decoded, some if watched else None, config)
    listeners = Listeners(lambda _: None, on_event=clock, cancelled=clock.enough)
    try:
        run_loop(module, given, config.fit, out, Log(out / LOG, listeners), device=device, resume=False)
    except Cancelled:
        if clock.unwanted():
            raise
    else:
        clock.ended()
