"""The folder of a run: one run in it at a time, what the run is, what a killed one left half-written."""

from __future__ import annotations

import contextlib
import csv
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_tbcad import __version__
from napari_tbcad.batch.child.files import now, read_json, write_json
from napari_tbcad.batch.runs.inputs import Study, columns_of
from napari_tbcad.errors import BadInput, TbcadError
from napari_tbcad.files import UNFINISHED, is_file, read_rows, require_writable, write_csv
from napari_tbcad.locks import held
from napari_tbcad.run_folder import ABOUT, INPUTS, RUN, STARTED

LOCK = "lock"
"""File in OUT/run that a run holds."""

ENDED = "ended"
"""Said in run.json of a run that ended in order."""

FOLDERS = ("masks", "overlays", "records", "boxes")
"""Folders below that of results in which studies' files lie."""

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
    require_writable(out)
    try:
        (out / RUN).mkdir(exist_ok=True)
    except OSError as error:
        raise BadInput(out, f"cannot write there ({error.strerror or error})") from error
    cause = "another run is writing there, in this or another window; wait for it or choose another folder"
    with held(out / RUN / LOCK, patience=1.0, busy=BadInput(out, cause)):
        yield


def require_no_other(out: Path, tables: Iterable[str]) -> None:
    """Refuse a folder with files that a run would replace and that no run wrote.

    Parameters
    ----------
    out : Path
        Folder for results, perhaps not there yet.
    tables : iterable of str
        Names of the tables without suffix.

    Raises
    ------
    BadInput
        If there are such files.
    """
    if is_file(out / RUN / ABOUT):
        return
    with contextlib.suppress(OSError):  # a folder that may not be looked at cannot be written either
        there = {path.name for path in out.iterdir() if path.is_file() or any(path.glob("[!.]*"))}
        if names := [name for name in (*(f"{table}.csv" for table in tables), *FOLDERS) if name in there]:
            is_no_run = "is not of a run" if len(names) == 1 else "are not of a run"
            cause = f"{', '.join(names)} there {is_no_run} and might be overwritten: choose another folder"
            raise BadInput(out, cause)


@contextlib.contextmanager
def writing_told(out: Path) -> Iterator[None]:
    """Turn what keeps a file of a run from being written into BadInput."""
    try:
        yield
    except OSError as error:
        cause = f"cannot write there ({error.strerror or error}); what is done is kept"
        raise BadInput(out, cause) from error


class About:
    """What run.json says: of the run before until this one has its models, of this one from then on.

    While a run goes on it does not say that one ended, so that one that is broken off is known by that.

    Parameters
    ----------
    out : Path
        Folder of results, which this process holds.
    kind : str
        ``"chest"`` or ``"bone"``.

    Attributes
    ----------
    broken_off : bool
        Whether an earlier run there was broken off, by a crash perhaps.

    Raises
    ------
    BadInput
        If the folder holds results of another kind of study.
    """

    def __init__(self, out: Path, kind: str) -> None:
        self._out, self._kind = out, kind
        self._path = out / RUN / ABOUT
        self._before = read_json(self._path) or {}
        other = self._before.get("kind", kind)
        if other != kind:
            cause = f"it has results of `{other} run`; choose another folder for those of `{kind} run`"
            raise BadInput(out, cause)
        self._begun = False
        self.broken_off = bool(self._before) and ENDED not in self._before
        with writing_told(out):
            under_way = {name: value for name, value in self._before.items() if name != ENDED}
            write_json(self._path, under_way or {"kind": kind})
        sweep(out)

    def require_same(self, digest: str) -> None:
        """Refuse other settings than those of the run before, whose tables would lose all rows.

        Raises
        ------
        BadInput
            If the digest of the settings is another one.
        """
        if self._before.get("digest", digest) != digest:
            cause = (
                "its results were made with other settings, models or version of this program: go on instead "
                "of trying only what failed, or choose another folder"
            )
            raise BadInput(self._out, cause)

    def begin(self, digest: str, settings: Mapping[str, Any], studies: Sequence[Study]) -> None:
        """Write what the run is and what goes into it: run.json and inputs.csv."""
        names = (name for study in studies for name in columns_of(study))
        with writing_told(self._out):
            write_json(
                self._path,
                {
                    "kind": self._kind,
                    "version": __version__,
                    "digest": digest,
                    "settings": settings,
                    STARTED: _here(),
                    "inputs": len(studies),
                    "began": now(),
                },
            )
            columns = tuple(dict.fromkeys(_COLUMNS) | dict.fromkeys(names))
            write_csv(self._out / RUN / INPUTS, columns, map(columns_of, studies))
        self._begun = True

    @contextlib.contextmanager
    def end_told(self, counts: Callable[[], Mapping[str, Any]]) -> Iterator[None]:
        """Write into run.json when the block ended in order and what it counted; so after an error told."""
        try:
            yield
        except (TbcadError, OSError):
            self._end(counts())
            raise
        self._end(counts())

    def _end(self, counts: Mapping[str, Any]) -> None:
        with contextlib.suppress(OSError):  # a full disk: then it counts as broken off
            if self._begun:
                write_json(self._path, {**(read_json(self._path) or {}), ENDED: now(), **counts})
            elif self._before:
                write_json(self._path, self._before)
            else:
                self._path.unlink(missing_ok=True)


def _here() -> str:
    """Return the current folder; nothing where its name is no text."""
    here = str(Path.cwd())
    return "" if any("\ud800" <= letter <= "\udfff" for letter in here) else here


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

    Only names that nobody but this program gives, and old enough to be nobody's present work.
    """
    removed = 0
    places = [out, *(place for place in out.iterdir() if place.is_dir() and not place.is_symlink())]
    for place in places:
        for path in place.glob(f"{UNFINISHED}*"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > _OLD_SECONDS:
                    path.unlink()
                    removed += 1
    return removed
