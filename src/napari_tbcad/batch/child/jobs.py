"""What a folder of long work is told to do (``job.json``), and how far each of many such folders is."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from napari_tbcad.batch.child.files import JOB, read_json, write_json
from napari_tbcad.errors import BadInput

Phase = Literal["planned", "running", "interrupted", "stopped", "finished", "failed"]
"""interrupted: killed, or the computer went off. stopped: a person did."""
RESUMABLE: tuple[Phase, ...] = ("interrupted", "stopped", "failed")
"""What can be gone on with."""


class FolderState(Protocol):
    """How far the work in a folder is."""

    @property
    def folder(self) -> Path:
        """Of the job."""

    @property
    def when(self) -> str:
        """Of its last sign of life (UTC, ISO 8601, seconds)."""


State = TypeVar("State", bound=FolderState)
Step = TypeVar("Step", bound=str)


def in_order(folder: Path, do: Sequence[Step], order: Sequence[Step]) -> list[Step]:
    """Return steps in the order in which they are done; raises BadInput for one that there is not."""
    if odd := [one for one in do if one not in order]:
        raise BadInput(folder / JOB, f"there is no step {odd[0]!r}; there are {', '.join(order)}")
    return [one for one in order if one in do]


def keep_job(folder: Path, job: Mapping[str, Any]) -> None:
    """Write ``job.json``; the folder is made when missing.

    Raises
    ------
    BadInput
        If it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / JOB, job)
    except OSError as error:
        raise BadInput(folder, f"cannot write there ({error.strerror or error})") from error


def job_in(
    folder: Path, version: int, *, what: str, fits: Callable[[Mapping[str, Any]], bool]
) -> dict[str, Any]:
    """Return what ``job.json`` of a folder says.

    Parameters
    ----------
    folder : Path
    version : int
        The newest that can be read.
    what : str
        What does it, such as ``"a batch"``, for the error.
    fits : callable
        Tells whether it has what a job of this kind must have.

    Raises
    ------
    BadInput
        If it cannot be used.
    """
    job = read_json(folder / JOB)
    if job is None or not fits(job):
        raise BadInput(folder / JOB, f"cannot be read as what {what} is to do")
    if not isinstance(job.get("version"), int) or job["version"] > version:
        raise BadInput(folder / JOB, "written by a newer version of the program")
    return job


def newest_first(home: Path, state_of: Callable[[Path], State], marks: Iterable[str] = (JOB,)) -> list[State]:
    """Return the states of the folders below another one; a folder that holds none is passed over.

    Parameters
    ----------
    home : Path
    state_of : callable
        Raises BadInput where there is none.
    marks : iterable of str
        Files of which a folder must have one.
    """
    found = []
    for path in home.iterdir() if home.is_dir() else ():
        if any((path / name).is_file() for name in marks):
            with contextlib.suppress(BadInput):
                found.append(state_of(path))
    return sorted(found, key=lambda one: (one.when, one.folder.name), reverse=True)
