"""The folder of a training: what is in it, and who may begin or go on there; needs no torch."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from napari_tbcad.errors import BadInput
from napari_tbcad.files import require_writable

if TYPE_CHECKING:
    from napari_tbcad.networks.config import TrainingConfig
    from napari_tbcad.networks.splits import Split

CONFIG, LOG, SPLIT, LAST, BEST, MODEL = (
    "config.yaml",
    "log.csv",
    "split.csv",
    "last.ckpt",
    "best.ckpt",
    "model.safetensors",
)
TEMPORARY = "estimate-"
"""Begin of the name of a folder in which a few steps are measured."""
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
        said = f"{cause}; make room and go on from there (on the command line: --resume)"
        raise TrainingStopped(out, said) from error


def prepare(config: TrainingConfig, out: Path, resume: bool, *, model: str = MODEL) -> None:
    """Make the folder of a training and write its configuration; refuse to mix two trainings in one.

    Parameters
    ----------
    config : TrainingConfig
        The training.
    out : Path
        Its folder.
    resume : bool
        Whether a training that was begun there is gone on with.
    model : str, optional
        Name of the file that the training ends with.

    Raises
    ------
    BadInput
        If the folder cannot be written, or holds another training, or one and `resume` is not said.
    """
    from napari_tbcad.networks.config import load_config, save_config

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


def counts_of(split: Split) -> dict[str, int]:
    """Return how many images are trained on, watched and held out, as the event ``begun`` says it."""
    return {"images": len(split.train), "watched": len(split.validation), "held_out": len(split.test)}


def read_log(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a log.csv, none when there is no such file.

    Raises
    ------
    BadInput
        If it cannot be read as a table.
    """
    if not path.is_file():
        return []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return cast(list[dict[str, Any]], list(csv.DictReader(file)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(path, f"the training's log cannot be read ({error}); remove it to go on") from error
