"""Evaluations that a window began: the folder of each, what it is told to do, and how far it is.

The folder is the evaluation folder itself (``evaluation.json``, tables, models, report); beside what
:func:`~napari_tbcad.batch.evaluating.run.evaluate_dataset` writes it holds

============== ============================================================================================
``job.json``   what is to be done (:func:`write_job`)
``ended.json`` how the last run ended; without it, and with nobody holding ``.lock``, it was killed
``job.log``    what libraries said
============== ============================================================================================
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import platformdirs

from napari_tbcad.batch.child.files import ENDED, JOB, now, read_json
from napari_tbcad.batch.child.files import new_folder as _new_folder
from napari_tbcad.batch.child.folders import remove_folder, written_when
from napari_tbcad.batch.child.jobs import RESUMABLE, Phase, in_order, job_in, keep_job, newest_first
from napari_tbcad.batch.child.lock import is_running
from napari_tbcad.errors import BadInput

if TYPE_CHECKING:
    from napari_tbcad.batch.evaluating.config import EvaluationConfig

EVALUATION, SUMMARY = "evaluation.json", "summary.csv"
FILMS = Path("work", "films.csv")
"""Where each film lies on this machine: columns file, path, role."""
VERSION = 1

Doing = Literal["survey", "estimate", "evaluate"]
ORDER: tuple[Doing, ...] = ("survey", "estimate", "evaluate")
"""Steps of a job, in the order in which they are done."""


@dataclass(frozen=True)
class EvaluationState:
    """How far an evaluation is.

    Parameters
    ----------
    folder : Path
    name : str
        The data set, or the two of them.
    phase : {"planned", "running", "interrupted", "stopped", "finished", "failed"}
        interrupted: killed, or the computer went off. stopped: a person did. Both can be gone on with.
    when : str
        Of its last sign of life (UTC, ISO 8601, seconds).
    cause : str
        Why it failed.
    design : str
        How films were divided; empty before the end.
    auc : tuple of float or None
        AUC of the first method, and its interval.
    level : str
        ``"red"``, ``"amber"`` or nothing: the verdict on that score.
    """

    folder: Path
    name: str = ""
    phase: Phase = "planned"
    when: str = ""
    cause: str = ""
    design: str = ""
    auc: tuple[float, float, float] | None = None
    level: str = ""

    @property
    def resumable(self) -> bool:
        """Whether it can be gone on with."""
        return self.phase in RESUMABLE


def evaluations_home() -> Path:
    """Return the folder in which evaluations of the panel lie."""
    return platformdirs.user_data_path("napari-tbcad", appauthor=False) / "evaluations"


def new_folder(home: Path, name: str) -> Path:
    """Return a folder below `home` that is not there yet; it is not made."""
    return _new_folder(home, name, otherwise="evaluation")


def job_command(folder: Path) -> list[str]:
    """Return the command that does what ``job.json`` in a folder says."""
    return [sys.executable, "-m", "napari_tbcad.batch.evaluating.job", str(folder)]


def write_job(
    folder: Path,
    do: Sequence[Doing],
    *,
    path: Path,
    test: Path | None = None,
    config: EvaluationConfig | None = None,
    assignments: Mapping[str, Any] | None = None,
    before: Path | None = None,
) -> None:
    """Write ``job.json``.

    Parameters
    ----------
    folder : Path
        Made when missing.
    do : sequence of str
        Of ``survey``, ``estimate`` and ``evaluate``; done in this order, whichever they are given in.
    path, test : Path
        The data set, and another one to test on.
    config : EvaluationConfig, optional
        What is compared; as asked before, else the defaults.
    assignments : mapping, optional
        Dotted settings of the chest chain, such as the device.
    before : Path, optional
        An earlier evaluation of the same films: what was measured there is not measured again.

    Raises
    ------
    BadInput
        If a step is not known, or the folder cannot be written.
    """
    steps = in_order(folder, do, ORDER)
    earlier = read_json(folder / JOB) or {"made": now()}
    job: dict[str, Any] = earlier | {
        "version": VERSION,
        "do": steps,
        "path": str(path),
        "test": None if test is None else str(test),
        "name": " → ".join(filter(None, (path.name, test.name if test else ""))),
    }
    if config is not None:
        job["config"] = config.model_dump(mode="json")
    if assignments is not None:
        job["assignments"] = dict(assignments)
    if before is not None:
        job["before"] = str(before)
    keep_job(folder, job)


def read_job(folder: Path) -> dict[str, Any]:
    """Return what ``job.json`` of a folder says; raises BadInput where it cannot be used."""

    def fits(job: Mapping[str, Any]) -> bool:
        return "path" in job and isinstance(job.get("do"), list)

    return job_in(folder, VERSION, what="an evaluation", fits=fits)


def config_of(job: Mapping[str, Any], source: Path) -> EvaluationConfig:
    """Return the configuration in a job; raises BadInput where it cannot be used."""
    from pydantic import ValidationError

    from napari_tbcad.batch.evaluating.config import EvaluationConfig
    from napari_tbcad.settings import first_fault

    try:
        return EvaluationConfig.model_validate(job.get("config") or {})
    except ValidationError as error:
        raise BadInput(source / JOB, ": ".join(first_fault(error))) from error


def state_of(folder: Path) -> EvaluationState:
    """Return how far an evaluation is, from its files alone; right also after it was killed.

    Raises
    ------
    BadInput
        If nothing in the folder says that it holds an evaluation.
    """
    about = read_json(folder / EVALUATION)
    job = read_job(folder) if about is None or (folder / JOB).is_file() else {}
    ended = read_json(folder / ENDED) or {}
    running = (folder / JOB).is_file() and is_running(folder)
    phase = "running" if running else _phase(ended, about is not None, "evaluate" in job.get("do", ()))
    verdict = (about or {}).get("verdict") or {}
    return EvaluationState(
        folder=folder,
        name=str(job.get("name") or (about or {}).get("title") or folder.name),
        phase=phase,
        when=written_when(folder, (JOB, ENDED, EVALUATION)),
        cause=str(ended.get("cause", "")) if phase == "failed" else "",
        design=str((about or {}).get("design", "")),
        auc=_auc(folder / SUMMARY) if about is not None else None,
        level=str(verdict.get("level", "")) if isinstance(verdict, dict) else "",
    )


def _phase(ended: Mapping[str, Any], finished: bool, evaluates: bool) -> Phase:
    """Return where an evaluation is when nobody works on it."""
    how = ended.get("how")
    if evaluates and how in ("failed", "stopped"):
        return "failed" if how == "failed" else "stopped"
    if finished:
        return "finished"
    return "interrupted" if evaluates else "planned"


def _auc(path: Path) -> tuple[float, float, float] | None:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            row = next(csv.DictReader(file))
        auc, low, high = (float(row[name]) for name in ("auc", "auc_low", "auc_high"))
    except (OSError, UnicodeDecodeError, csv.Error, StopIteration, KeyError, TypeError, ValueError):
        return None
    return auc, low, high


def list_evaluations(home: Path) -> list[EvaluationState]:
    """Return the evaluations below a folder, the newest first; a folder that holds none is passed over."""
    return newest_first(home, state_of, (JOB, EVALUATION))


def remove_evaluation(folder: Path) -> None:
    """Delete an evaluation with all its tables, models and reports; the films stay.

    Raises
    ------
    BadInput
        If it is running, the folder holds no evaluation of this panel, or a file cannot be deleted.
    """
    read_job(folder)
    remove_folder(folder, what="evaluation")
