"""Trainings on disk: the folder of each, what it is told to do, and how far it is. No torch is imported.

A training is a folder:

==================== =======================================================================================
``job.json``         what is to be done, and for which task (:func:`write_job`)
``config.yaml``      the training itself; ``roles.csv`` says who is held out, watched and trained on,
                     ``data.json`` where the images are from; ``cache/`` holds them decoded meanwhile
``job.log``          what libraries said
``survey.json``      what was found in the images; ``estimate.json`` how long the training will take
``log.csv``          a row an epoch; ``last.ckpt``, ``best.ckpt`` its checkpoints
``model.safetensors``  the network, at the end
``judged.json``      how it does on the held-out images; its pictures lie in ``judged/``
``ended.json``       how the last run ended; without it, and with nobody holding ``.lock``, it was killed
==================== =======================================================================================
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import platformdirs

from napari_tbcad.batch.child import files as child_files
from napari_tbcad.batch.child.files import ENDED as ENDED
from napari_tbcad.batch.child.files import JOB as JOB
from napari_tbcad.batch.child.files import LIBRARIES as LIBRARIES
from napari_tbcad.batch.child.files import now as now
from napari_tbcad.batch.child.files import read_json as read_json
from napari_tbcad.batch.child.files import write_json as write_json
from napari_tbcad.batch.child.folders import remove_folder, written_when
from napari_tbcad.batch.child.jobs import RESUMABLE, Phase, in_order, job_in, keep_job, newest_first
from napari_tbcad.batch.child.lock import claimed as claimed
from napari_tbcad.batch.child.lock import is_running as is_running
from napari_tbcad.errors import BadInput
from napari_tbcad.networks import training_folder

if TYPE_CHECKING:
    from napari_tbcad.networks.config import TrainingConfig
    from napari_tbcad.networks.survey import Survey

CONFIG, SPLIT, LOG = training_folder.CONFIG, training_folder.SPLIT, training_folder.LOG
LAST, BEST, MODEL = training_folder.LAST, training_folder.BEST, training_folder.MODEL
DATA, ROLES, CACHE = "data.json", "roles.csv", "cache"
SURVEY, ESTIMATE = "survey.json", "estimate.json"
JUDGED = "judged.json"
KEY = "patients.key"
"""In the folder of trainings: makes identifiers of patients digests, the same in all of them."""
VERSION = 1

Doing = Literal["find", "plan", "survey", "estimate", "train", "judge"]
ORDER: tuple[Doing, ...] = ("find", "plan", "survey", "estimate", "train", "judge")
"""Steps of a job, in the order in which they are done."""


@dataclass(frozen=True)
class TrainingState:
    """How far a training is.

    Parameters
    ----------
    folder : Path
    name, task, view : str
        Of the network; the view of a bone scan it reads, "" for other images and for both views.
    phase : {"planned", "running", "interrupted", "stopped", "finished", "failed"}
        interrupted: killed, or the computer went off. stopped: a person did. Both can be gone on with.
    epochs_done, epochs : int
    iou, dice : float or None
        On the watched patients after the last epoch, the mean of the classes; None where nobody is watched.
    when : str
        Of its last sign of life (UTC, ISO 8601, seconds).
    cause : str
        Why it failed.
    start : str
        The network it was started from; "" for none.
    model : Path or None
        The trained network, where there is one.
    judged : bool
        There is ``judged.json``.
    """

    folder: Path
    name: str = ""
    task: str = ""
    view: str = ""
    phase: Phase = "planned"
    epochs_done: int = 0
    epochs: int = 0
    iou: float | None = None
    dice: float | None = None
    when: str = ""
    cause: str = ""
    start: str = ""
    model: Path | None = None
    judged: bool = False

    @property
    def resumable(self) -> bool:
        """Whether it can be gone on with."""
        return self.phase in RESUMABLE and self.model is None


def trainings_home() -> Path:
    """Return the folder in which trainings lie unless the person chose another."""
    return platformdirs.user_data_path("napari-tbcad", appauthor=False) / "trainings"


def new_folder(home: Path, name: str) -> Path:
    """Return a folder below `home` that is not there yet, named by date and `name`; it is not made."""
    return child_files.new_folder(home, name, otherwise="training")


def job_command(folder: Path) -> list[str]:
    """Return the command that does what ``job.json`` in a folder says."""
    return [sys.executable, "-m", "napari_tbcad.batch.trainings.job", str(folder)]


def write_job(
    folder: Path, config: TrainingConfig | None = None, do: Sequence[Doing] = ("train", "judge"), **more: Any
) -> None:
    """Write ``job.json``, and ``config.yaml`` where a configuration is given.

    Parameters
    ----------
    folder : Path
        Made when missing.
    config : TrainingConfig, optional
        The training. Left out where ``config.yaml`` is there, or the step ``plan`` makes it.
    do : sequence of str, optional
        Of ``find``, ``plan``, ``survey``, ``estimate``, ``train``, ``judge``; done in this order, whichever
        they are given in.
    **more
        Further entries, see :mod:`~napari_tbcad.batch.trainings.job`. Those of an earlier ``job.json`` stay.

    Raises
    ------
    BadInput
        If a step is not known, or the folder cannot be written.
    """
    from napari_tbcad.networks.config import save_config

    steps = in_order(folder, do, ORDER)
    before = read_job(folder) if (folder / JOB).is_file() else {"made": now()}
    about = {} if config is None else _about(config)
    job = before | about | more | {"version": VERSION, "do": steps}
    try:
        if config is not None:
            save_config(config, folder / CONFIG)
    except OSError as error:
        raise BadInput(folder, f"cannot write there ({error.strerror or error})") from error
    keep_job(folder, job)


def _about(config: TrainingConfig) -> dict[str, Any]:
    """Return what the list of trainings shows, so that it need not read configurations."""
    views = config.input.views
    return {
        "name": config.name,
        "task": config.task,
        "view": views[0] if len(views) == 1 else "",
        "epochs": config.fit.epochs,
        "start": config.fit.start_from,
    }


def read_job(folder: Path) -> dict[str, Any]:
    """Return what ``job.json`` of a folder says; raises BadInput where it cannot be used."""
    return job_in(folder, VERSION, what="a training", fits=lambda job: True)


def keep_survey(folder: Path, survey: Survey) -> None:
    """Write what a survey found, so that the training's own process need not look again.

    Raises
    ------
    BadInput
        If the folder cannot be written.
    """
    try:
        write_json(folder / SURVEY, survey_json(survey))
    except OSError as error:
        raise BadInput(folder, f"cannot write there ({error.strerror or error})") from error


def survey_json(survey: Survey) -> dict[str, Any]:
    """Return a survey as plain JSON: its fields, by their names."""
    return json.loads(json.dumps(asdict(survey), default=str)) | {"possible": bool(survey.possible)}


def state_of(folder: Path) -> TrainingState:
    """Return how far a training is, from its files alone; right also after it was killed.

    Raises
    ------
    BadInput
        If the folder holds no training.
    """
    job = read_job(folder)
    rows = _log(folder / LOG)
    ended = read_json(folder / ENDED) or {}
    model = folder / MODEL if (folder / MODEL).is_file() else None
    last = rows[-1] if rows else {}
    running = is_running(folder)
    begun = (folder / SPLIT).is_file() or (folder / LAST).is_file()
    phase = "finished" if model is not None else _phase(ended, begun, "train" in job.get("do", ()))
    return TrainingState(
        folder=folder,
        name=str(job.get("name") or folder.name),
        task=str(job.get("task", "")),
        view=str(job.get("view", "")),
        phase="running" if running else phase,
        epochs_done=int(_number(last.get("epoch")) or 0),
        epochs=int(_number(job.get("epochs")) or 0),
        iou=_mean([_number(v) for k, v in last.items() if k and k.startswith("iou_")]),
        dice=_number(last.get("validation_dice")),
        when=written_when(folder, (JOB, ENDED, LOG, LAST, MODEL, JUDGED)),
        cause=str(ended.get("cause", "")) if phase == "failed" and not running else "",
        start=str(job.get("start", "")),
        model=model,
        judged=(folder / JUDGED).is_file(),
    )


def _phase(ended: Mapping[str, Any], begun: bool, trains: bool) -> Phase:
    """Return where a training without a network is, when nobody works on it."""
    how, trained = ended.get("how"), ended.get("what") in ("train", "judge")
    if how == "failed" and (trained or trains):
        return "failed"
    if how == "stopped" and trained:
        return "stopped"
    return "interrupted" if begun else "planned"


def _log(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if number == number else None


def _mean(values: Sequence[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return sum(there) / len(there) if there else None


def list_trainings(home: Path) -> list[TrainingState]:
    """Return the trainings below a folder, the newest first; a folder that holds none is passed over."""
    return newest_first(home, state_of)


def remove_training(folder: Path) -> None:
    """Delete a training with all it has learned and with the copies of images it made.

    Raises
    ------
    BadInput
        If it is running, the folder holds no training, or a file cannot be deleted.
    """
    read_job(folder)
    remove_folder(folder, what="training")
