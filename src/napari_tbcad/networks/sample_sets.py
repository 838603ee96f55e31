"""Samples of whatever a person names: a training's YAML file, a folder of images and labels, a known set."""

from __future__ import annotations

import csv
from pathlib import Path

from napari_tbcad.errors import BadInput
from napari_tbcad.networks.config import DataSource, load_config
from napari_tbcad.networks.samples import Sample, load_samples
from napari_tbcad.schemes import NETWORK_SCHEMES

TABLE = "samples.csv"
"""Table of a folder set; see :class:`~napari_tbcad.networks.config.DataSource`."""


def find_samples(path: str | Path, task: str, *, held_out: bool = False) -> list[Sample]:
    """List the samples a person means.

    Parameters
    ----------
    path : str or Path
        YAML file of a training: all its collections. A folder with ``images/`` and ``labels/``, and
        ``samples.csv`` where there is one (its column source parts the scores). For lungs also a chest data
        set with masks that the program knows.
    task : str
        Label scheme.
    held_out : bool, optional
        Only what the training of the YAML file does not see.

    Raises
    ------
    BadInput
        If there is no such set, its labels are of another task, or nothing is held out.
    """
    path = Path(path).absolute()
    if path.suffix.lower() in (".yaml", ".yml"):
        return _of_config(path, task, held_out)
    if held_out:
        raise BadInput(path, "only the YAML file of a training says what is held out")
    scheme = NETWORK_SCHEMES[task]
    if (path / "images").is_dir() and (path / "labels").is_dir():
        table = TABLE if (path / TABLE).is_file() else ""
        grouped = "source" if table and "source" in _columns(path / table) else ""
        return load_samples(DataSource(name=path.name, folder=path, table=table, grouped=grouped), scheme)
    if not path.exists():
        raise BadInput(path, "there is no such folder or file")
    if task == "lungs":
        return load_samples(DataSource(name=path.name, folder=path, layout="films"), scheme)
    raise BadInput(path, "expected a folder with images/ and labels/, or the YAML file of a training")


def _columns(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(path, f"cannot be read as a table ({error})") from error


def _of_config(path: Path, task: str, held_out: bool) -> list[Sample]:
    config = load_config(path)
    if config.task != task:
        raise BadInput(path, f"its labels are of the task {config.task}, the network is made for {task}")
    if not held_out:
        return [s for source in config.data.sources for s in load_samples(source, config.scheme)]
    from napari_tbcad.networks.fit import held_out as unseen

    samples = unseen(config)
    if not samples:
        raise BadInput(path, "nothing is held out (data.fold or data.split says what)")
    return samples
