"""Batches that a window began: the folder of each, what it is told to do, and how far it is.

The folder is one of the window's own; the results lie in the output folder that a person chose, or in
``results`` below it. It holds

=============== ===========================================================================================
``job.json``    what is to be done (:func:`write_job`)
``counts.json`` how many are done, failed and there, every few seconds
``ended.json``  how the last run ended; without it, and with nobody holding ``.lock``, it was killed
``job.log``     what libraries said
=============== ===========================================================================================
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import platformdirs

from napari_tbcad.batch.child.files import ENDED, JOB, now, read_json
from napari_tbcad.batch.child.files import new_folder as _new_folder
from napari_tbcad.batch.child.folders import remove_folder, written_when
from napari_tbcad.batch.child.jobs import RESUMABLE, Phase, in_order, job_in, keep_job, newest_first
from napari_tbcad.batch.child.lock import is_running
from napari_tbcad.errors import BadInput

COUNTS, RESULTS = "counts.json", "results"
VERSION = 1

Doing = Literal["look", "run"]
ORDER: tuple[Doing, ...] = ("look", "run")
"""Steps of a job, in the order in which they are done."""
WORKFLOWS = ("chest", "bone")
AGAIN = ("unfinished", "failed", "all")


@dataclass(frozen=True)
class BatchPlan:
    """What a person asked for.

    Parameters
    ----------
    inputs : tuple of Path
        Files, folders, lists (CSV).
    workflow : str
        ``"chest"`` or ``"bone"``; empty while that is to be told from the files.
    out : Path or None
        Folder for results; None for ``results`` in the job's own folder.
    classifier : str
        Of chest films: name of a packaged model, a model file, or ``"none"``.
    assignments : mapping
        Dotted settings that differ from the model's or the defaults.
    masks : Path or None
        Folder with a person's masks.
    pictures : bool
        Whether overlays are written.
    workers : int
        Local processes.
    scheduler : str
        Address of a Dask scheduler instead; empty for local processes.
    """

    inputs: tuple[Path, ...] = ()
    workflow: str = ""
    out: Path | None = None
    classifier: str = "demonstration"
    assignments: Mapping[str, Any] = field(default_factory=dict)
    masks: Path | None = None
    pictures: bool = True
    workers: int = 1
    scheduler: str = ""

    @property
    def name(self) -> str:
        """What the batch is called: its first input, and how many more there are."""
        more = len(self.inputs) - 1
        return (self.inputs[0].stem if self.inputs else "batch") + (f" and {more} more" if more > 0 else "")

    def output(self, folder: Path) -> Path:
        """Return where the results of the job in `folder` go."""
        return self.out if self.out is not None else folder / RESULTS


@dataclass(frozen=True)
class BatchState:
    """How far a batch is.

    Parameters
    ----------
    folder, out : Path
        Of the job, of its results.
    name, workflow : str
    phase : {"planned", "running", "interrupted", "stopped", "finished", "failed"}
        interrupted: killed, or the computer went off. stopped: a person did. Both can be gone on with.
    when : str
        Of its last sign of life (UTC, ISO 8601, seconds).
    cause : str
        Why it failed.
    done, failed, total : int
        Studies; `failed` are those that could not be worked on.
    """

    folder: Path
    out: Path
    name: str = ""
    workflow: str = ""
    phase: Phase = "planned"
    when: str = ""
    cause: str = ""
    done: int = 0
    failed: int = 0
    total: int = 0

    @property
    def resumable(self) -> bool:
        """Whether it can be gone on with."""
        return self.phase in RESUMABLE


def batches_home() -> Path:
    """Return the folder in which batches of the panel lie: a person's own, which no cloud copies."""
    return platformdirs.user_data_path("napari-tbcad", appauthor=False) / "batches"


def new_folder(home: Path, name: str) -> Path:
    """Return a folder below `home` that is not there yet; it is not made."""
    return _new_folder(home, name, otherwise="batch")


def job_command(folder: Path) -> list[str]:
    """Return the command that does what ``job.json`` in a folder says."""
    return [sys.executable, "-m", "napari_tbcad.batch.runs.child", str(folder)]


def write_job(folder: Path, do: Sequence[Doing], plan: BatchPlan, *, again: str = "unfinished") -> None:
    """Write ``job.json``; the folder is made when missing.

    Parameters
    ----------
    folder : Path
    do : sequence of str
        Of ``look`` and ``run``; done in this order, whichever they are given in.
    plan : BatchPlan
    again : {"unfinished", "failed", "all"}, optional
        Which studies are worked on of those that an earlier run has a result of.

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
        "again": again,
        "name": plan.name,
        "inputs": [str(path) for path in plan.inputs],
        "workflow": plan.workflow,
        "out": None if plan.out is None else str(plan.out),
        "classifier": plan.classifier,
        "assignments": dict(plan.assignments),
        "masks": None if plan.masks is None else str(plan.masks),
        "pictures": plan.pictures,
        "workers": plan.workers,
        "scheduler": plan.scheduler,
    }
    keep_job(folder, job)


def read_job(folder: Path) -> dict[str, Any]:
    """Return what ``job.json`` of a folder says; raises BadInput where it cannot be used."""

    def fits(job: Mapping[str, Any]) -> bool:
        return isinstance(job.get("inputs"), list) and isinstance(job.get("do"), list)

    return job_in(folder, VERSION, what="a batch", fits=fits)


def plan_of(job: Mapping[str, Any]) -> BatchPlan:
    """Return what was asked for in a job; what has another form than it should is left at its default."""
    given, usual = job.get("assignments"), BatchPlan()
    workflow, workers = str(job.get("workflow") or ""), job.get("workers")
    return BatchPlan(
        inputs=tuple(Path(str(path)) for path in job["inputs"]),
        workflow=workflow if workflow in WORKFLOWS else "",
        out=Path(str(job["out"])) if job.get("out") else None,
        classifier=str(job.get("classifier") or usual.classifier),
        assignments=dict(given) if isinstance(given, dict) else {},
        masks=Path(str(job["masks"])) if job.get("masks") else None,
        pictures=bool(job.get("pictures", True)),
        workers=workers if isinstance(workers, int) and workers > 0 else 1,
        scheduler=str(job.get("scheduler") or ""),
    )


def plan_in(folder: Path) -> BatchPlan | None:
    """Return what was asked for in a folder; None where that cannot be read."""
    try:
        return plan_of(read_job(folder))
    except BadInput:
        return None


def state_of(folder: Path) -> BatchState:
    """Return how far a batch is, from its files alone; right also after it was killed.

    Raises
    ------
    BadInput
        If nothing in the folder says that it holds a batch.
    """
    job = read_job(folder)
    ended, counts = read_json(folder / ENDED) or {}, read_json(folder / COUNTS) or {}
    done, failed, total = (_whole(counts.get(name)) for name in ("done", "failed", "total"))
    left = total - done - failed
    phase: Phase = "running" if is_running(folder) else _phase(ended, "run" in job["do"], left)
    plan = plan_of(job)
    return BatchState(
        folder=folder,
        out=plan.output(folder),
        name=str(job.get("name") or folder.name),
        workflow=plan.workflow,
        phase=phase,
        when=written_when(folder, (JOB, ENDED, COUNTS)),
        cause=str(ended.get("cause", "")) if phase == "failed" else "",
        done=done,
        failed=failed,
        total=total,
    )


def list_batches(home: Path) -> list[BatchState]:
    """Return the batches below a folder, the newest first; a folder that holds none is passed over."""
    return newest_first(home, state_of)


def remove_batch(folder: Path) -> None:
    """Delete a batch of the window: with its results where they lie in its own folder, else without.

    Raises
    ------
    BadInput
        If it is running, the folder holds no batch, or a file cannot be deleted.
    """
    read_job(folder)
    remove_folder(folder, what="batch")


def _phase(ended: Mapping[str, Any], runs: bool, left: int) -> Phase:
    """Return where a batch is when nobody works on it."""
    if not runs:
        return "planned"
    # Only what failed was tried again of a batch that had been stopped: it is no further than that.
    done = "stopped" if left > 0 else "finished"
    how = {"failed": "failed", "stopped": "stopped", "done": done}.get(str(ended.get("how")))
    return how or "interrupted"  # type: ignore[return-value]


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
