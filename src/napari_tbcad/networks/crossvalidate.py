"""One network a fold, each judged on the patients it never saw, all scores in one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_tbcad.errors import BadInput
from napari_tbcad.networks.config import TrainingConfig, load_config
from napari_tbcad.networks.evaluate import Evaluation, Progress, evaluate, joined
from napari_tbcad.networks.image_scores import Region

if TYPE_CHECKING:
    from napari_tbcad.networks.predict import PredictParameters
    from napari_tbcad.networks.samples import Sample
    from napari_tbcad.networks.store import Network

PROBABILITIES = "probabilities"
"""Folder of what is kept of every held-out image."""


def crossvalidate(
    config: TrainingConfig,
    out: Path,
    *,
    only: Sequence[int] | None = None,
    parameters: PredictParameters | None = None,
    region: Region | None = None,
    keep: bool = False,
    say: Callable[[str], None] = print,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Evaluation | None:
    """Train a network for every fold and judge it on that fold.

    Parameters
    ----------
    config : TrainingConfig
        The training; its `data.folds` says how many folds, by patient.
    out : Path
        A folder ``fold0`` … for every training, and the tables of all folds together. A training that was
        interrupted is resumed, one that is done is not repeated, so that folds may run one by one or on
        several machines that share the folder.
    only : sequence of int, optional
        Folds to train now. The tables of all folds are written once every fold has its network.
    parameters, region, progress, cancelled : optional
        See :func:`~napari_tbcad.networks.evaluate.evaluate`.
    keep : bool, optional
        Keep the out-of-fold probabilities of every image in ``probabilities/``.
    say : callable, optional
        Told what is being done.

    Returns
    -------
    Evaluation or None
        Out-of-fold scores of all images; None while folds are missing.

    Raises
    ------
    BadInput
        If a fold does not exist, or `out` holds folds of another training.
    """
    folds = range(config.data.folds)
    wanted = list(folds if only is None else only)
    if wrong := [fold for fold in wanted if fold not in folds]:
        raise BadInput("--fold", f"{wrong[0]} is not one of 0 to {config.data.folds - 1}")
    if config.data.split is not None:
        raise BadInput("data.split", "a file that says who is held out leaves no folds; leave it out")
    for fold in wanted:
        say(f"fold {fold} of {config.data.folds}")
        trained(config, out, fold, say, cancelled)
    missing = [fold for fold in folds if not (place_of(out, fold) / "model.safetensors").is_file()]
    parts: list[Evaluation] = []
    for fold in folds if not missing else wanted:
        kept = out / PROBABILITIES if keep else None
        network, samples = trained(config, out, fold, say, cancelled), held_out_of(config, fold)
        one = evaluate(
            network,
            samples,
            parameters=parameters,
            region=region,
            keep=kept,
            progress=progress,
            cancelled=cancelled,
        )
        one.write(place_of(out, fold))
        parts.append(one)
    if missing:
        say(f"folds {', '.join(map(str, missing))} are still to be trained; tables of all come with the last")
        return None
    result = joined(parts, folds=[str(fold) for fold in folds])
    result.write(out)
    return result


def place_of(out: Path, fold: int) -> Path:
    """Return the folder of a fold's training."""
    return out / f"fold{fold}"


def _of_fold(config: TrainingConfig, fold: int) -> TrainingConfig:
    return config.model_copy(update={"data": config.data.model_copy(update={"fold": fold})})


def held_out_of(config: TrainingConfig, fold: int) -> list[Sample]:
    """Return what a fold's network does not see."""
    from napari_tbcad.networks.fit import held_out

    return held_out(_of_fold(config, fold))


def trained(
    config: TrainingConfig,
    out: Path,
    fold: int,
    say: Callable[[str], None],
    cancelled: Callable[[], bool] | None,
) -> Network:
    """Return the network of a fold: as it is, resumed, or trained from the start."""
    from napari_tbcad.networks.fit import LAST, MODEL, SPLIT, split_of, train
    from napari_tbcad.networks.store import load_network

    place, one = place_of(out, fold), _of_fold(config, fold)
    if (place / MODEL).is_file():
        require_same(place / "config.yaml", one)
        split_of(one).require_same(place / SPLIT)
        return load_network(place / MODEL, task=config.task)
    return train(one, place, resume=(place / LAST).is_file(), say=say, cancelled=cancelled)


def require_same(path: Path, config: TrainingConfig) -> None:
    """Refuse a folder whose network was trained otherwise; where, and its description, do not matter.

    Raises
    ------
    BadInput
        If `path`, the configuration kept with the network, says something else than `config`.
    """

    def plain(one: TrainingConfig) -> TrainingConfig:
        device = {"device": "auto", "devices": 1, "precision": "32-true"}
        return one.model_copy(update={"fit": one.fit.model_copy(update=device), "description": ""})

    if plain(load_config(path)) != plain(config):
        raise BadInput(path, "this network was trained with another configuration; choose another folder")
