"""Training an image classifier in the loop that trains networks of masks."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.networks.config import FitParameters, TrainingConfig
from napari_tbcad.networks.devices import choose_device
from napari_tbcad.networks.fit import sources_of, split_of
from napari_tbcad.networks.image_classifier.build import build_classifier
from napari_tbcad.networks.image_classifier.card import ClassifierCard
from napari_tbcad.networks.image_classifier.parameters import ClassifierParameters, abnormal_value
from napari_tbcad.networks.image_classifier.store import ImageClassifier, save_classifier
from napari_tbcad.networks.listeners import Listeners
from napari_tbcad.networks.loop import decode_split, run_loop
from napari_tbcad.networks.losses import balanced
from napari_tbcad.networks.samples import Decoded
from napari_tbcad.networks.splits import Split
from napari_tbcad.networks.training_folder import (
    LAST,
    LOG,
    counts_of,
    keep_split,
    prepare,
    read_log,
    room_in,
)

MODEL = "classifier.safetensors"


def train_classifier(
    config: TrainingConfig,
    out: Path,
    parameters: ClassifierParameters = ClassifierParameters(),
    *,
    resume: bool = False,
    say: Callable[[str], None] = print,
    progress: Callable[[float, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    on_event: Callable[[Mapping[str, Any]], None] | None = None,
    paused: Callable[[], bool] | None = None,
) -> Path:
    """Train an image classifier.

    Parameters
    ----------
    config : TrainingConfig
        On which images, varied how, for how long: as for a network of masks of the task ``"4"`` or ``"3"``.
        Its architecture and loss are replaced; `keep` and `patience` go by the AUC of the watched images.
    out : Path
        Folder for config.yaml, split.csv, log.csv, last.ckpt, best.ckpt and classifier.safetensors.
    parameters : ClassifierParameters, optional
        Network, its weights, balance.
    resume : bool, optional
        Go on from last.ckpt in `out`, if there is one, as :func:`napari_tbcad.networks.fit.train` does.
    say : callable, optional
        Called with one line an epoch.
    progress, cancelled, on_event, paused : callable, optional
        As for :func:`napari_tbcad.networks.fit.train`.

    Returns
    -------
    Path
        The classifier's file.

    Raises
    ------
    BadInput
        If images, labels, split, weights, device or folder cannot be used; names file and cause.
    TrainingStopped
        If the loss became NaN or infinite, or a file could not be written; the last good checkpoint stays.
    Cancelled
        If `cancelled` said so; the training can be resumed.
    """
    from napari_tbcad.networks.image_classifier.module import ClassifierModule
    from napari_tbcad.networks.module import loaders
    from napari_tbcad.networks.training_log import Log

    listeners = Listeners(say, progress, cancelled, on_event, paused)
    config = parameters.within(config)
    abnormal = abnormal_value(config.task)
    if config.fit.start_from:
        raise BadInput("fit.start_from", "an image classifier starts from weights of its own network")
    device = choose_device(config.fit.device)
    prepare(config, out, resume, model=MODEL)
    split = split_of(config)
    keep_split(split, out, resume=resume, say=say)
    train, watched = decode_split(split, config, listeners)
    fit = _usable(train, watched, config, abnormal, say)
    going_on = resume and (out / LAST).is_file()
    torch.manual_seed(config.seed)
    # Of a training that is gone on with the checkpoint has all weights.
    architecture = config.architecture.without_weights if going_on else config.architecture
    network = build_classifier(architecture, channels=config.input.channels, say=say)
    answers = answers_of(train, abnormal)
    module = ClassifierModule(network, config, abnormal, answer_weights(train, answers, config))
    log = Log(out / LOG, listeners, about=counts_of(split))
    given = loaders(train, watched, config)
    run_loop(module, given, fit, out, log, device=device, resume=resume)
    card = _card(config, split, answers, out, len(given[0]))
    with room_in(out):
        save_classifier(ImageClassifier(module.network.cpu().eval(), card), out / MODEL)
    say(f"saved as {out / MODEL}")
    return out / MODEL


def answers_of(decoded: Decoded, abnormal: int) -> NDArray[np.uint8]:
    """Return 1 for each image with an abnormal pixel, else 0, (n,) uint8."""
    there: NDArray[np.uint8] = (decoded.labels == abnormal).any(axis=(1, 2)).astype(np.uint8)
    return there


def answer_weights(train: Decoded, answers: NDArray[np.uint8], config: TrainingConfig) -> torch.Tensor | None:
    """Return the weights (2,) of clean and abnormal images, as often as they are shown.

    Collections count by their weights, and of clean images `augment.lesions` become abnormal ones.
    """
    share = np.average(answers, weights=[sample.weight for sample in train.samples])
    share += (1 - share) * config.augment.lesions
    return balanced(np.array([1 - share, share]), config.loss.balance)


def _usable(
    train: Decoded,
    watched: Decoded | None,
    config: TrainingConfig,
    abnormal: int,
    say: Callable[[str], None],
) -> FitParameters:
    """Return how it is trained: without an AUC of the watched images they do not tell the best epoch.

    Refuses images to train on of which nothing can be learned.
    """
    fit, there, said = config.fit, int(answers_of(train, abnormal).sum()), ""
    if not 0 < there < len(train):
        which = "shows an abnormal hotspot" if there == 0 else "is without an abnormal hotspot"
        raise BadInput("training images", f"none of {len(train)} {which}; add scans of the other kind")
    if watched is not None:
        seen = int(answers_of(watched, abnormal).sum())
        said = f", of the watched ones {seen} of {len(watched)}"
        if not 0 < seen < len(watched):
            said += " (no AUC without the other kind: the last epoch is kept)"
            fit = fit.model_copy(update={"keep": "last", "patience": 0})
    say(f"abnormal: {there} of {len(train)} images{said}")
    return fit


def _card(
    config: TrainingConfig, split: Split, answers: NDArray[np.uint8], out: Path, steps: int
) -> ClassifierCard:
    log = read_log(out / LOG)
    last = log[-1]
    aucs = [float(row["validation_auc"] or math.nan) for row in log]
    auc = np.fmax.reduce(aucs) if config.fit.keep == "best" else aucs[-1]
    return ClassifierCard(
        name=config.name,
        task=config.task,
        architecture=config.architecture,
        input=config.input,
        description=config.description,
        sources=sources_of(config, split),
        training=config.model_dump(mode="json"),
        history={
            "epochs": len(log),
            "steps": steps * len(log),
            "loss": float(last["loss"]),
            "validation_auc": None if math.isnan(auc) else float(auc),
            "images": len(split.train),
            "abnormal": int(answers.sum()),
            "seconds": round(sum(float(row["seconds"]) for row in log), 1),
        },
    ).without_places()
