"""What every training is run by: its folder, checkpoints, resume, early stop, and what may go wrong."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from napari_tbcad.errors import BadInput
from napari_tbcad.files import require_writable
from napari_tbcad.networks.config import FitParameters, TrainingConfig, load_config, save_config
from napari_tbcad.networks.splits import Split

if TYPE_CHECKING:
    from napari_tbcad.networks.module import Log, LoopModule

CONFIG, LOG, SPLIT, LAST, BEST = "config.yaml", "log.csv", "split.csv", "last.ckpt", "best.ckpt"
_MAY_CHANGE = ("device", "devices", "precision")
"""What a resumed training may do otherwise than it began."""


class TrainingStopped(BadInput):
    """A training ended before its time; what it had learned is kept."""


@contextlib.contextmanager
def room_in(out: Path) -> Iterator[None]:
    """Tell that nothing more can be written as what it is: what is there stays, and can be gone on from."""
    try:
        yield
    except OSError as error:
        cause = f"a file cannot be written ({error.strerror or error})"
        raise TrainingStopped(out, f"{cause}; make room and go on with --resume") from error


def prepare(config: TrainingConfig, out: Path, resume: bool, *, model: str) -> None:
    """Make the folder of a training and write its configuration; refuse to mix two trainings in one.

    Parameters
    ----------
    config : TrainingConfig
        The training.
    out : Path
        Its folder.
    resume : bool
        Whether a training that was begun there is gone on with.
    model : str
        Name of the file that the training ends with.

    Raises
    ------
    BadInput
        If the folder cannot be written, or holds another training, or one and `resume` is not said.
    """
    require_writable(out)
    there = out / CONFIG
    if (out / model).is_file() and not (out / LAST).is_file():
        raise BadInput(out, f"it holds a network already ({model}); choose another folder")
    if not there.is_file() or not (out / LAST).is_file():
        save_config(config, there)
        return
    if not resume:
        raise BadInput(out, "a training was begun there; go on with --resume or choose another folder")
    before = load_config(there)
    free = {name: getattr(config.fit, name) for name in _MAY_CHANGE}
    if before.model_copy(update={"fit": before.fit.model_copy(update=free)}) != config:
        raise BadInput(there, "the configuration is not the one this training was begun with")


def keep_split(split: Split, out: Path, *, resume: bool, say: Callable[[str], None]) -> None:
    """Write who is in which role; refuse to go on with others than a training was begun with."""
    if resume and (out / LAST).is_file():
        split.require_same(out / SPLIT)
    with room_in(out):
        split.save(out / SPLIT)
    say(f"{len(split.train)} images to train on, {len(split.validation)} watched, {len(split.test)} held out")


def run_loop(
    module: LoopModule,
    loaders: tuple[Any, Any],
    fit: FitParameters,
    out: Path,
    log: Log,
    *,
    device: str,
    resume: bool,
) -> None:
    """Train a module to the end and leave it with the weights that are kept.

    Parameters
    ----------
    module : LoopModule
        Network, loss and optimiser; changed in place.
    loaders : pair of DataLoader
        Of the images trained on and of those watched, None for nobody.
    fit : FitParameters
        How long, how fast, what is kept.
    out : Path
        Folder for the checkpoints.
    log : Log
        Writes log.csv, tells progress, stops when asked to.
    device : str
        As :func:`~napari_tbcad.networks.devices.choose_device` returns it.
    resume : bool
        Go on from the last checkpoint, if there is one.

    Raises
    ------
    BadInput
        If the checkpoint to go on from cannot be read.
    TrainingStopped
        If the loss became NaN or infinite, or a file could not be written; the last good checkpoint stays.
    Cancelled
        If `log` was asked to stop.
    """
    from napari_tbcad.networks.module import LossNotFinite

    watched = module.decides if loaders[1] is not None else ""
    last = out / LAST
    if device == "cpu":
        module.network = module.network.to(memory_format=torch.channels_last)
    with warnings.catch_warnings(), room_in(out):
        warnings.filterwarnings("ignore", module="pytorch_lightning")
        trainer = _trainer(fit, out, device, [*_checkpoints(fit, out, watched), log])
        try:
            trainer.fit(
                module,
                *loaders,
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
    final = out / BEST if fit.keep == "best" and (out / BEST).is_file() else last
    if final.is_file():
        module.load_state_dict(torch.load(final, map_location="cpu", weights_only=True)["state_dict"])


def _trainer(fit: FitParameters, out: Path, device: str, callbacks: list[Any]) -> Any:
    import pytorch_lightning as lightning

    from napari_tbcad.networks.checkpoints import WholeCheckpoints

    # What it tells on its own (devices, hints for other products) is not about this training.
    for name in ("pytorch_lightning", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return lightning.Trainer(
        accelerator={"cuda": "gpu"}.get(device, device),
        devices=fit.devices if device == "cuda" else 1,
        precision=fit.precision,
        max_epochs=fit.epochs,
        callbacks=callbacks,
        plugins=[WholeCheckpoints()],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        default_root_dir=out,
    )


def _checkpoints(fit: FitParameters, out: Path, watched: str) -> list[Any]:
    """Return what averages, keeps and ends; `watched` is the figure that decides, "" for nobody watched."""
    from pytorch_lightning import callbacks as given

    options: dict[str, Any] = {"dirpath": out, "save_top_k": 1, "enable_version_counter": False}
    chosen: list[Any] = []
    if fit.average:
        chosen.append(given.EMAWeightAveraging(decay=fit.average, use_buffers=True))
    chosen.append(given.ModelCheckpoint(filename=Path(LAST).stem, save_on_train_epoch_end=True, **options))
    if watched and fit.keep == "best":
        best = {"monitor": watched, "mode": "max", **options}
        chosen.append(given.ModelCheckpoint(filename=Path(BEST).stem, **best))
    if watched and fit.patience:
        chosen.append(given.EarlyStopping(watched, mode="max", patience=fit.patience))
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
