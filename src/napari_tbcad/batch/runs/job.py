"""What a run does to each study, as its workers see it."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from PIL import Image

from napari_tbcad import __version__
from napari_tbcad.batch.rows import Row, guarded
from napari_tbcad.batch.runs.inputs import Study
from napari_tbcad.errors import BadInput
from napari_tbcad.files import read_rows, sha256
from napari_tbcad.result_tables import Places, tables_held
from napari_tbcad.run_folder import RECORDS, TABLE, started_in
from napari_tbcad.run_images import content_of


@dataclass(frozen=True)
class Table:
    """One of the tables of a run.

    Parameters
    ----------
    name : str
        File name without suffix; the rows of ``results`` are the studies' own.
    columns : tuple of str
        The columns that are known beforehand.
    grows : bool
        Whether rows may bring more columns, which are put behind.
    """

    name: str
    columns: tuple[str, ...]
    grows: bool = False


class Job(Protocol):
    """What is done to every study; small enough to be sent to other processes."""

    @property
    def kind(self) -> str:
        """What the studies are: ``"chest"`` or ``"bone"``."""

    @property
    def out(self) -> Path:
        """Folder for results."""

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables, ``results`` first."""

    def absolute(self) -> Job:
        """Return the job with paths that hold in any working directory."""

    def require(self, studies: Sequence[Study]) -> None:
        """Raise BadInput for what would fail for every study, as far as that can be told at little cost."""

    def load(self, *, try_out: bool = False) -> None:
        """Load what all studies need, where they are worked on; raise BadInput where that cannot be used.

        To try it out takes a sample through the chain, so that the process has, and holds, what it will need.
        """

    def settings(self) -> Mapping[str, Any]:
        """Return all that the results depend on beside the studies: settings and digests of models."""

    def given(self, name: str) -> Sequence[Path]:
        """Return a person's masks for a study, by its name."""

    def work(self, study: Study) -> tuple[Row, Sequence[Path]]:
        """Take one study through the chain; return its row and the files written.

        Nothing is written before :func:`require_not_exported` was asked.
        """


@dataclass(frozen=True)
class FileState:
    """A file that was written for a study, as it was then.

    Parameters
    ----------
    path : str
        Below the folder of results, with ``/``.
    size : int
        Bytes.
    changed : int
        Time of change, ns.
    sha256 : str
    """

    path: str
    size: int
    changed: int
    sha256: str

    def standing(self, out: Path, *, by_content: bool = False) -> Literal["same", "changed", "gone"]:
        """Tell what became of the file; ``gone`` also where it is damaged, as after a loss of power.

        Parameters
        ----------
        out : Path
            Folder of results.
        by_content : bool, optional
            Read it even though size and time are as they were: a loss of power may leave those and take the
            content.
        """
        path = out / self.path
        try:
            stat = path.stat()
            untouched = stat.st_mtime_ns == self.changed and not by_content
            if stat.st_size == self.size and (untouched or sha256(path) == self.sha256):
                return "same"
            return "changed" if _is_whole(path) else "gone"
        except OSError:
            return "gone"


def _is_whole(path: Path) -> bool:
    """Tell whether a file that a run writes can be read."""
    try:
        if path.suffix.lower() == ".png":
            with Image.open(path) as image:
                image.verify()
            return True
        return bool(path.read_bytes().strip(b"\0 \r\n"))
    except (OSError, SyntaxError, ValueError):  # what Pillow raises of a damaged file
        return False


@dataclass(frozen=True)
class StudyDone:
    """What comes back from a worker.

    Parameters
    ----------
    row : Row
        The study's rows; those of an error when it failed.
    key : str
        Content key of what the study was made from (see :func:`content_of`); empty when that was unreadable.
    files : tuple of FileState
        What was written.
    """

    row: Row
    key: str
    files: tuple[FileState, ...] = ()


Stamp = tuple[int, int]
"""Time of change in ns and size of a file: what tells a study's record from one written over it."""


@dataclass(frozen=True)
class Handed(Study):
    """A study as it is handed to a worker.

    Parameters
    ----------
    record : Stamp or None
        Of its record when the run came to it: a person who exports a case into the folder writes another.
    """

    record: Stamp | None = None


def record_stamp(out: Path, name: str) -> Stamp | None:
    """Return what tells the record of a study from another; None where there is none."""
    try:
        stat = (out / RECORDS / f"{name}.json").stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size


def require_not_exported(study: Study, out: Path) -> None:
    """Raise BadInput where a person exported a study meanwhile, whose files must not be written over."""
    if not isinstance(study, Handed) or record_stamp(out, study.name) in (None, study.record):
        return
    # A worker that died at this study before may have written that record, but never a row.
    with tables_held(out):
        exported = _has_row(out, study)
    if exported:
        raise BadInput(study.path, "was exported into the folder by a person meanwhile")


def _has_row(out: Path, study: Study) -> bool:
    home, place_of = started_in(out), Places()
    own = place_of(study.path)
    with (
        suppress(OSError, UnicodeDecodeError, csv.Error),
        (out / TABLE).open(encoding="utf-8-sig", newline="") as table,
    ):
        rows = (row for row in read_rows(table) if row.get("status") == "ok")
        return any(place_of(home / (row.get("file") or "")) == own for row in rows)
    return False


def do_study(study: Study, job: Job) -> StudyDone:
    """Take one study through a job; whatever goes wrong becomes an error row. Called in the workers."""
    written: list[Path] = []

    def work() -> Row:
        if study.fault:
            raise BadInput(study.path, study.fault)
        require_not_exported(study, job.out)
        row, files = job.work(study)
        written.extend(files)
        return row

    key = "" if study.fault else content_of(study.paths, job.given(study.name))
    row = guarded(study.path, work)
    try:
        return StudyDone(row, key, tuple(state_of(path, job.out) for path in written))
    except OSError:  # a file was taken away at once: the row is right, but the study does not count as done
        return StudyDone(row, "")


def state_of(path: Path, out: Path) -> FileState:
    """Return what is to be remembered of a written file."""
    stat = path.stat()
    return FileState(path.relative_to(out).as_posix(), stat.st_size, stat.st_mtime_ns, sha256(path))


def digest_of(kind: str, settings: Mapping[str, Any]) -> str:
    """Return the digest of all that results depend on beside the studies, this program's version included."""
    text = json.dumps({"kind": kind, "version": __version__, **settings}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def with_hashes(
    settings: Mapping[str, Any], hash_of: Callable[[str], str | None], *, before: str = ""
) -> dict[str, Any]:
    """Return settings that say of each network its file's name and content, wherever that lies.

    Parameters
    ----------
    settings : mapping
        Sections as ``model_dump`` gives them.
    hash_of : callable
        Returns the SHA-256 of a network's file by its name or path, None where there is none.
    before : str, optional
        Dotted name of the section.
    """
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            value = with_hashes(value, hash_of, before=f"{before}.{name}")
        elif isinstance(value, str) and _names_network(f"{before}.{name}"):
            value = f"{Path(value).name} {hash_of(value) or ''}".strip()
        found[name] = value
    return found


def absolute(assignments: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings whose network files are found from any working directory."""
    return {
        name: str(Path(value).absolute())
        if _names_network(f".{name}") and isinstance(value, str) and Path(value).is_file()
        else value
        for name, value in assignments.items()
    }


def _names_network(setting: str) -> bool:
    return setting.endswith((".model", ".network.anterior", ".network.posterior"))
