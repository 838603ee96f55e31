"""The folder of a run: one run in it at a time, what the run is, what a killed one left half-written."""

from __future__ import annotations

import contextlib
import csv
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_tbcad import __version__
from napari_tbcad.batch.child.files import now, read_json, write_json
from napari_tbcad.batch.runs.inputs import Study, columns_of
from napari_tbcad.batch.runs.store import RUN
from napari_tbcad.errors import BadInput, TbcadError
from napari_tbcad.files import read_rows, require_writable, write_csv

ABOUT, INPUTS, LOCK = "run.json", "inputs.csv", "lock"
"""Files in OUT/run beside the journal."""

ENDED = "ended"
"""Said in run.json of a run that ended in order."""

_TEMPORARY = re.compile(r"\.[a-z0-9_]{8}(\.[a-z0-9]+)?")
"""Names that :func:`napari_tbcad.files.written_whole` gives to what is being written."""
_OLD_SECONDS = 60.0
_COLUMNS = ("name", "file", "files", "fault")


@contextlib.contextmanager
def claimed(out: Path) -> Iterator[None]:
    """Make the folder of results and hold it until the block, or the process, ends.

    Raises
    ------
    BadInput
        If it cannot be written, or another run is at work in it.
    """
    from filelock import FileLock, Timeout

    require_writable(out)
    try:
        (out / RUN).mkdir(exist_ok=True)
        lock = FileLock(out / RUN / LOCK, timeout=1.0)
        lock.acquire()
    except Timeout as error:
        cause = (
            "another run is writing there, in this or another window; wait for it or choose another folder"
        )
        raise BadInput(out, cause) from error
    except OSError as error:
        raise BadInput(out, f"cannot write there ({error.strerror or error})") from error
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def writing_told(out: Path) -> Iterator[None]:
    """Turn what keeps a file of a run from being written into BadInput."""
    try:
        yield
    except OSError as error:
        cause = f"cannot write there ({error.strerror or error}); what is done is kept"
        raise BadInput(out, cause) from error


def begin(out: Path, kind: str, digest: str, settings: Mapping[str, Any], studies: Sequence[Study]) -> bool:
    """Write what the run is and what goes into it: run.json and inputs.csv; remove what is half-written.

    Returns
    -------
    bool
        Whether an earlier run there was broken off, by a crash perhaps.

    Raises
    ------
    BadInput
        If the folder holds results of another kind of study.
    """
    path = out / RUN / ABOUT
    before = read_json(path) or {}
    other = before.get("kind", kind)
    if other != kind:
        raise BadInput(
            out, f"it has results of `{other} run`; choose another folder for those of `{kind} run`"
        )
    about = {"kind": kind, "version": __version__, "digest": digest, "settings": settings}
    columns = dict.fromkeys(_COLUMNS) | dict.fromkeys(name for study in studies for name in columns_of(study))
    with writing_told(out):
        write_json(path, {**about, "inputs": len(studies), "began": now()})
        write_csv(out / RUN / INPUTS, tuple(columns), map(columns_of, studies))
    sweep(out)
    return bool(before) and ENDED not in before


@contextlib.contextmanager
def end_told(out: Path, counts: Callable[[], Mapping[str, Any]]) -> Iterator[None]:
    """Write into run.json when the block ended in order and what it counted; so after an error told."""
    try:
        yield
    except (TbcadError, OSError):
        _end(out, counts())
        raise
    _end(out, counts())


def _end(out: Path, counts: Mapping[str, Any]) -> None:
    path = out / RUN / ABOUT
    with contextlib.suppress(OSError):  # a full disk: then it counts as broken off
        write_json(path, {**(read_json(path) or {}), ENDED: now(), **counts})


def read_inputs(out: Path) -> list[dict[str, str]]:
    """Return the lines of a run's inputs.csv: name, file, files, fault, and columns of the user's table.

    Raises
    ------
    BadInput
        If there is none that can be read.
    """
    path = out / RUN / INPUTS
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(read_rows(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(path, f"cannot be read ({error})") from error


def sweep(out: Path) -> int:
    """Remove what a killed run left half-written; return how many files.

    Only names that this program gives to files in the writing, in the folders that a run writes, and old
    enough to be nobody's present work.
    """
    removed = 0
    places = [out, *(place for place in out.iterdir() if place.is_dir() and not place.is_symlink())]
    for place in places:
        for path in place.glob(".*"):
            with contextlib.suppress(OSError):
                if _TEMPORARY.fullmatch(path.name) and time.time() - path.stat().st_mtime > _OLD_SECONDS:
                    path.unlink()
                    removed += 1
    return removed
