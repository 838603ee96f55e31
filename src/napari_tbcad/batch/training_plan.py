"""The training that a person gets without touching anything, from the data that was found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_tbcad.batch.training_data import FoundData

if TYPE_CHECKING:
    from napari_tbcad.networks.config import TrainingConfig

MINUTES = 30.0
HELD_OUT = WATCHED = 0.2


def training_plan(
    task: str,
    data: FoundData,
    *,
    start: str = "packaged",
    epochs: int | None = None,
    minutes: float | None = None,
    seconds_per_step: float | None = None,
    held_out: float = HELD_OUT,
    watched: float = WATCHED,
    device: str = "auto",
    name: str = "",
    out: Path,
) -> TrainingConfig:
    """Return the training of the data that was found; ``out/roles.csv`` says who is in which role.

    Parameters
    ----------
    task : str
        Key of :data:`~napari_tbcad.batch.training_data.TASKS`.
    data : FoundData
    start : str, optional
        ``"packaged"``, ``"none"``, or the name or file of a network. Architecture and input are its own.
    epochs : int, optional
        How often each image is shown; by default what has been enough, and no more than `minutes` allow.
    minutes : float, optional
        Longest time, where `seconds_per_step` is known (:func:`fit_epochs` sets it once it is).
    seconds_per_step : float, optional
        As measured by :func:`~napari_tbcad.networks.estimate.estimate`.
    held_out, watched : float, optional
        Share of the patients on whom the network is judged; share of the others on whom it is watched.
    device : str, optional
    name : str, optional
        Of the network.
    out : Path
        The training's folder.

    Raises
    ------
    BadInput
        If nothing is left to train on.
    ModelRefused
        If the network to start from is not there, or is of another task or view.
    """
    raise NotImplementedError


def plan_notes(config: TrainingConfig, data: FoundData, *, home: Path | None = None) -> list[str]:
    """Return what a person must know of a plan, such as held-out patients that its start has learned from."""
    raise NotImplementedError


def fit_epochs(config: TrainingConfig, *, seconds: float, minutes: float) -> TrainingConfig:
    """Return the training with as many epochs as fit into the time.

    Parameters
    ----------
    config : TrainingConfig
    seconds : float
        How long it would take as it is.
    minutes : float
        How long it may take.
    """
    raise NotImplementedError
