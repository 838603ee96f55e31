"""Training a network from a configuration: checkpoints, resume, early stop, and the model file at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from napari_tbcad.errors import BadInput
from napari_tbcad.networks.build import build, start_from
from napari_tbcad.networks.card import NetworkCard, NetworkSource
from napari_tbcad.networks.config import TrainingConfig
from napari_tbcad.networks.devices import choose_device
from napari_tbcad.networks.listeners import Listeners
from napari_tbcad.networks.loop import decode_split, run_loop
from napari_tbcad.networks.losses import class_weights
from napari_tbcad.networks.missing_classes import missing_classes, without_pixels
from napari_tbcad.networks.samples import Decoded, Sample, load_samples
from napari_tbcad.networks.splits import Split, split_samples
from napari_tbcad.networks.store import Network, save_network
from napari_tbcad.networks.training_folder import (
    BEST,
    CONFIG,
    LAST,
    LOG,
    MODEL,
    SPLIT,
    TrainingStopped,
    counts_of,
    keep_split,
    prepare,
    read_log,
    room_in,
)
from napari_tbcad.schemes import IGNORE

if TYPE_CHECKING:
    from napari_tbcad.networks.module import SegmentationModule

__all__ = [
    "BEST",
    "CONFIG",
    "LAST",
    "LOG",
    "MODEL",
    "SPLIT",
    "TrainingStopped",
    "card_of",
    "held_out",
    "sources_of",
    "split_of",
    "train",
]


def train(
    config: TrainingConfig,
    out: Path,
    *,
    resume: bool = False,
    say: Callable[[str], None] = print,
    progress: Callable[[float, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    on_event: Callable[[Mapping[str, Any]], None] | None = None,
    paused: Callable[[], bool] | None = None,
) -> Network:
    """Train a network.

    Parameters
    ----------
    config : TrainingConfig
        What, on which images, how.
    out : Path
        Folder for config.yaml, split.csv, log.csv, last.ckpt, best.ckpt and model.safetensors.
    resume : bool, optional
        Go on from last.ckpt in `out`, if there is one. An epoch that was interrupted is begun again with the
        same images in the same order, so that the end is that of a training without interruption.
    say : callable, optional
        Called with one line an epoch.
    progress, cancelled : callable, optional
        Told the share done after every step; asked after every step.
    on_event : callable, optional
        Given what happens as plain JSON: images read, steps, epochs; see
        :class:`~napari_tbcad.networks.training_log.Log`.
    paused : callable, optional
        Asked after every step; while it returns True the training waits.

    Returns
    -------
    Network
        With its card; also written to `out`.

    Raises
    ------
    BadInput
        If images, labels, split, device or folder cannot be used; names file and cause.
    TrainingStopped
        If the loss became NaN or infinite, or a file could not be written; the last good checkpoint stays.
    Cancelled
        If `cancelled` said so; the training can be resumed.
    """
    listeners = Listeners(say, progress, cancelled, on_event, paused)
    device = choose_device(config.fit.device)
    prepare(config, out, resume)
    split = split_of(config)
    keep_split(split, out, resume=resume, say=say)
    # Before the images, which may take minutes: a start that cannot be used is told at once.
    network = _begun(config, resume=resume and (out / LAST).is_file(), say=say)
    decoded, watched = decode_split(split, config, listeners)
    _require_classes(decoded, config)
    began = time.perf_counter()
    module = _fit(network, config, (decoded, watched), split, out, device, resume, listeners)
    card = card_of(config, split, out, time.perf_counter() - began)
    trained = Network(module.network.cpu().eval(), card)
    with room_in(out):
        save_network(trained, out / MODEL)
    say(f"saved as {out / MODEL}")
    return trained


def _begun(config: TrainingConfig, *, resume: bool, say: Callable[[str], None]) -> torch.nn.Module:
    """Return the network that the training begins with."""
    torch.manual_seed(config.seed)
    network = build(config.architecture, n_classes=len(config.classes), in_channels=config.input.channels)
    if config.fit.start_from and not resume:
        matched, skipped = start_from(network, config.fit.start_from, classes=config.classes)
        say(
            f"started from {config.fit.start_from}: {matched} tensors taken, {len(skipped)} left as they were"
        )
    return network


def _fit(
    network: torch.nn.Module,
    config: TrainingConfig,
    images: tuple[Decoded, Decoded | None],
    split: Split,
    out: Path,
    device: str,
    resume: bool,
    listeners: Listeners,
) -> SegmentationModule:
    from napari_tbcad.networks.module import SegmentationModule, loaders
    from napari_tbcad.networks.training_log import Log

    labels = images[0].labels
    weights = class_weights(labels[labels != IGNORE], len(config.classes), config.loss.balance)
    module = SegmentationModule(network, config, weights)
    log = Log(out / LOG, listeners, about={**counts_of(split), "classes": list(config.classes[1:])})
    given = loaders(*images, config)
    run_loop(module, given, config.fit, out, log, device=device, resume=resume)
    return module


def _require_classes(decoded: Decoded, config: TrainingConfig) -> None:
    """Refuse a class of which there is no pixel: it would be learned as never there."""
    if missing := missing_classes(set(np.unique(decoded.labels).tolist()), config):
        raise BadInput("training images", without_pixels(missing, config.task))


def card_of(config: TrainingConfig, split: Split, out: Path, seconds: float) -> NetworkCard:
    """Return the card of a freshly trained network, without scores."""
    log = read_log(out / LOG)
    return NetworkCard(
        name=config.name,
        task=config.task,
        classes=config.classes,
        architecture=config.architecture,
        input=config.input,
        channels=config.input.channels,
        description=config.description,
        sources=sources_of(config, split),
        training=config.model_dump(mode="json"),
        history={
            "epochs": len(log),
            "loss": float(log[-1]["loss"]) if log else None,
            "images": len(split.train),
            "seconds": round(sum(float(row["seconds"]) for row in log) if log else seconds, 1),
        },
    ).without_places()


def sources_of(config: TrainingConfig, split: Split) -> tuple[NetworkSource, ...]:
    """Return what a card says of each collection that was trained on."""
    terms = {source.name: source.terms for source in config.data.sources}
    return tuple(
        NetworkSource(
            name=name,
            terms=terms.get(name, ""),
            n_images=sum(s.source == name for s in split.train),
            n_patients=len({s.patient for s in split.train if s.source == name}),
        )
        for name in sorted({s.source for s in split.train})
    )


def split_of(config: TrainingConfig) -> Split:
    """Return who is trained on, watched and held out; nothing is decoded."""
    samples = [s for source in config.data.sources for s in load_samples(source, config.scheme)]
    return split_samples(samples, config.data, config.seed)


def held_out(config: TrainingConfig) -> list[Sample]:
    """Return the samples that a training of this configuration does not see."""
    return list(split_of(config).test)
