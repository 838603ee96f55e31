"""What every training is run by: checkpoints, resume, early stop, and what may go wrong."""

from __future__ import annotations

import logging
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from napari_tbcad.errors import BadInput
from napari_tbcad.networks.config import FitParameters, TrainingConfig
from napari_tbcad.networks.listeners import Listeners
from napari_tbcad.networks.samples import Decoded, decode
from napari_tbcad.networks.splits import Split
from napari_tbcad.networks.training_folder import (
    BEST,
    CONFIG,
    LAST,
    LOG,
    SPLIT,
    TrainingStopped,
    keep_split,
    prepare,
    room_in,
)

if TYPE_CHECKING:
    from napari_tbcad.networks.module import LoopModule
    from napari_tbcad.networks.training_log import Log

__all__ = [
    "BEST",
    "CONFIG",
    "LAST",
    "LOG",
    "SPLIT",
    "TrainingStopped",
    "decode_split",
    "keep_split",
    "prepare",
    "room_in",
    "run_loop",
]


def decode_split(
    split: Split, config: TrainingConfig, listeners: Listeners
) -> tuple[Decoded, Decoded | None]:
    """Read the images trained on and those watched, None where nobody is.

    Raises
    ------
    BadInput
        As :func:`~napari_tbcad.networks.samples.decode`.
    Cancelled
        If the work is not wanted any more.
    """
    total, before = len(split.train) + len(split.validation), 0

    def told(done: int) -> None:
        listeners.tell("decoding", done=before + done, of=total)
        listeners.wait("the reading of the images")

    cache = config.data.cache
    trained = decode(list(split.train), config.input, cache=cache, told=told)
    before = len(split.train)
    if not split.validation:
        return trained, None
    return trained, decode(list(split.validation), config.input, cache=cache, told=told)


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
        module.load_state_dict(_content(final)["state_dict"])


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
    if watched and fit.keep == "best":
        best = {"monitor": watched, "mode": "max", **options}
        chosen.append(given.ModelCheckpoint(filename=Path(BEST).stem, **best))
    if watched and fit.patience:
        chosen.append(given.EarlyStopping(watched, mode="max", patience=fit.patience))
    # After the best one, so that it knows which epoch that was: a resumed training would take the next for
    # the best otherwise, however bad.
    chosen.append(given.ModelCheckpoint(filename=Path(LAST).stem, save_on_train_epoch_end=True, **options))
    return chosen


def _sound(path: Path) -> str:
    """Return the checkpoint's path once it was read, so that a broken one is told as such."""
    _content(path)
    return str(path)


def _content(path: Path) -> dict[str, Any]:
    """Return what a checkpoint holds; raises :class:`BadInput` when it is damaged."""
    try:
        # torch reads past the checksums of the archive: flipped bits would be trained on.
        with zipfile.ZipFile(path) as archive:
            if (part := archive.testzip()) is not None:
                raise zipfile.BadZipFile(part)
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch meets a damaged archive with errors of any kind
        raise BadInput(
            path, f"this checkpoint cannot be read ({type(error).__name__}); begin anew"
        ) from error
    return content
