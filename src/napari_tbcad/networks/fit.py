"""Training a network from a configuration: checkpoints, resume, early stop, and the model file at the end."""

from __future__ import annotations

import contextlib
import logging
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from napari_tbcad.errors import BadInput
from napari_tbcad.files import require_writable
from napari_tbcad.networks.build import build, start_from
from napari_tbcad.networks.card import NetworkCard, NetworkSource
from napari_tbcad.networks.config import TrainingConfig, load_config, save_config
from napari_tbcad.networks.devices import choose_device
from napari_tbcad.networks.losses import class_weights
from napari_tbcad.networks.samples import Decoded, Sample, decode, load_samples
from napari_tbcad.networks.splits import Split, split_samples
from napari_tbcad.networks.store import Network, save_network
from napari_tbcad.schemes import ANTERIOR_ONLY, BONE_SCHEMES, FOUR_CLASS, IGNORE, THREE_CLASS

CONFIG, LOG, SPLIT, LAST, BEST, MODEL = (
    "config.yaml",
    "log.csv",
    "split.csv",
    "last.ckpt",
    "best.ckpt",
    "model.safetensors",
)
_MAY_CHANGE = ("device", "devices", "precision")
"""What a resumed training may do otherwise than it began."""


class TrainingStopped(BadInput):
    """A training ended before its time; what it had learned is kept."""


def train(
    config: TrainingConfig,
    out: Path,
    *,
    resume: bool = False,
    say: Callable[[str], None] = print,
    progress: Callable[[float, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
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
    device = choose_device(config.fit.device)
    _prepare(config, out, resume)
    split = split_of(config)
    if resume and (out / LAST).is_file():
        split.require_same(out / SPLIT)
    with _room_in(out):
        split.save(out / SPLIT)
    say(f"{len(split.train)} images to train on, {len(split.validation)} watched, {len(split.test)} held out")
    decoded = decode(list(split.train), config.input, cache=config.data.cache)
    watched = (
        decode(list(split.validation), config.input, cache=config.data.cache) if split.validation else None
    )
    _require_classes(decoded, config)
    torch.manual_seed(config.seed)
    network = build(config.architecture, n_classes=len(config.classes), in_channels=config.input.channels)
    if config.fit.start_from and not (resume and (out / LAST).is_file()):
        matched, skipped = start_from(network, config.fit.start_from, classes=config.classes)
        say(
            f"started from {config.fit.start_from}: {matched} tensors taken, {len(skipped)} left as they were"
        )
    began = time.perf_counter()
    module = _fit(network, config, decoded, watched, out, device, resume, say, progress, cancelled)
    card = card_of(config, split, out, time.perf_counter() - began)
    trained = Network(module.network.cpu().eval(), card)
    with _room_in(out):
        save_network(trained, out / MODEL)
    say(f"saved as {out / MODEL}")
    return trained


@contextlib.contextmanager
def _room_in(out: Path) -> Iterator[None]:
    """Tell that nothing more can be written as what it is: what is there stays, and can be gone on from."""
    try:
        yield
    except OSError as error:
        cause = f"a file cannot be written ({error.strerror or error})"
        raise TrainingStopped(out, f"{cause}; make room and go on with --resume") from error


def _prepare(config: TrainingConfig, out: Path, resume: bool) -> None:
    """Make the folder; refuse to mix two trainings in one."""
    require_writable(out)
    there = out / CONFIG
    if (out / MODEL).is_file() and not (out / LAST).is_file():
        raise BadInput(out, f"it holds a network already ({MODEL}); choose another folder")
    if not there.is_file() or not (out / LAST).is_file():
        save_config(config, there)
        return
    if not resume:
        raise BadInput(out, "a training was begun there; go on with --resume or choose another folder")
    before = load_config(there)
    free = {name: getattr(config.fit, name) for name in _MAY_CHANGE}
    if before.model_copy(update={"fit": before.fit.model_copy(update=free)}) != config:
        raise BadInput(there, "the configuration is not the one this training was begun with")


def _require_classes(decoded: Decoded, config: TrainingConfig) -> None:
    """Refuse a class of which there is no pixel: it would be learned as never there."""
    present = set(np.unique(decoded.labels).tolist())
    missing = [name for value, name in enumerate(config.classes) if value not in present]
    if config.input.views == ("posterior",):
        missing = [name for name in missing if name != ANTERIOR_ONLY]
    if missing:
        raise BadInput("training images", _without_pixels(missing, config.task))


def _without_pixels(missing: Sequence[str], task: str) -> str:
    """Return what to say of classes without a pixel, and what can be done."""
    said = f"no pixel is labelled {', '.join(missing)}: check the labels (data.sources.values)"
    if task not in BONE_SCHEMES:
        return said
    if task == FOUR_CLASS.name and list(missing) == ["normal"]:
        return f"{said}, judge some hotspots as normal, add other scans, or train task {THREE_CLASS.name}"
    return f"{said}, judge some hotspots or add other scans"


def _fit(
    network: torch.nn.Module,
    config: TrainingConfig,
    decoded: Decoded,
    watched: Decoded | None,
    out: Path,
    device: str,
    resume: bool,
    say: Callable[[str], None],
    progress: Callable[[float, str], None] | None,
    cancelled: Callable[[], bool] | None,
) -> Any:
    import pytorch_lightning as lightning

    from napari_tbcad.networks.checkpoints import WholeCheckpoints
    from napari_tbcad.networks.module import Log, LossNotFinite, SegmentationModule, loaders

    weights = class_weights(
        decoded.labels[decoded.labels != IGNORE], len(config.classes), config.loss.balance
    )
    if device == "cpu":
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    module = SegmentationModule(network, config, weights)
    callbacks = [*_checkpoints(config, out, watched is not None), Log(out / LOG, say, progress, cancelled)]
    last = out / LAST
    with warnings.catch_warnings(), _room_in(out):
        warnings.filterwarnings("ignore", module="pytorch_lightning")
        # What it tells on its own (devices, hints for other products) is not about this training.
        for name in ("pytorch_lightning", "lightning_fabric"):
            logging.getLogger(name).setLevel(logging.ERROR)
        trainer = lightning.Trainer(
            accelerator={"cuda": "gpu"}.get(device, device),
            devices=config.fit.devices if device == "cuda" else 1,
            precision=config.fit.precision,
            max_epochs=config.fit.epochs,
            callbacks=callbacks,
            plugins=[WholeCheckpoints()],
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            default_root_dir=out,
        )
        try:
            trainer.fit(
                module,
                *loaders(decoded, watched, config),
                ckpt_path=_sound(last) if resume and last.is_file() else None,
                weights_only=True,
            )
        except LossNotFinite as error:
            kept = (
                f"the weights of the epoch before are in {last}"
                if last.is_file()
                else "nothing was learned yet"
            )
            raise TrainingStopped(
                out, f"{error}; {kept}. Begin anew with a lower fit.learning_rate"
            ) from error
    # From the checkpoint, averaged, also where all epochs were done before this run: then Lightning loads the
    # weights that the next step would have begun from, and nothing else.
    final = out / BEST if config.fit.keep == "best" and (out / BEST).is_file() else last
    if final.is_file():
        module.load_state_dict(torch.load(final, map_location="cpu", weights_only=True)["state_dict"])
    return module


def _checkpoints(config: TrainingConfig, out: Path, watched: bool) -> list[Any]:
    from pytorch_lightning import callbacks as given

    options: dict[str, Any] = {"dirpath": out, "save_top_k": 1, "enable_version_counter": False}
    chosen: list[Any] = []
    if config.fit.average:
        chosen.append(given.EMAWeightAveraging(decay=config.fit.average, use_buffers=True))
    chosen.append(given.ModelCheckpoint(filename=Path(LAST).stem, save_on_train_epoch_end=True, **options))
    if watched and config.fit.keep == "best":
        best = {"monitor": "validation_dice", "mode": "max", **options}
        chosen.append(given.ModelCheckpoint(filename=Path(BEST).stem, **best))
    if config.fit.patience:
        chosen.append(given.EarlyStopping("validation_dice", mode="max", patience=config.fit.patience))
    return chosen


def _sound(path: Path) -> str:
    """Return the checkpoint's path once it was read, so that a broken one is told as such."""
    try:
        torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch meets a damaged archive with errors of any kind
        raise BadInput(
            path, f"this checkpoint cannot be read ({type(error).__name__}); begin anew"
        ) from error
    return str(path)


def card_of(config: TrainingConfig, split: Split, out: Path, seconds: float) -> NetworkCard:
    """Return the card of a freshly trained network, without scores."""
    from napari_tbcad.networks.module import read_log

    log = read_log(out / LOG)
    terms = {source.name: source.terms for source in config.data.sources}
    return NetworkCard(
        name=config.name,
        task=config.task,
        classes=config.classes,
        architecture=config.architecture,
        input=config.input,
        channels=config.input.channels,
        description=config.description,
        sources=tuple(
            NetworkSource(
                name=name,
                terms=terms.get(name, ""),
                n_images=sum(s.source == name for s in split.train),
                n_patients=len({s.patient for s in split.train if s.source == name}),
            )
            for name in sorted({s.source for s in split.train})
        ),
        training=config.model_dump(mode="json"),
        history={
            "epochs": len(log),
            "loss": float(log[-1]["loss"]) if log else None,
            "images": len(split.train),
            "seconds": round(sum(float(row["seconds"]) for row in log) if log else seconds, 1),
        },
    ).without_places()


def split_of(config: TrainingConfig) -> Split:
    """Return who is trained on, watched and held out; nothing is decoded."""
    samples = [s for source in config.data.sources for s in load_samples(source, config.scheme)]
    return split_samples(samples, config.data, config.seed)


def held_out(config: TrainingConfig) -> list[Sample]:
    """Return the samples that a training of this configuration does not see."""
    return list(split_of(config).test)
