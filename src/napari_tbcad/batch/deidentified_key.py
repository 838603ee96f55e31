"""Which file became which copy: written as the copies come, so that a command that was stopped can go on."""

from __future__ import annotations

import csv
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from napari_tbcad import locks
from napari_tbcad.errors import BadInput, TbcadError
from napari_tbcad.files import UNFINISHED, cell, plain, read_rows, require_writable, write_csv, written_whole

COPY = re.compile(r"(\d{4,})(_ant|_post)?\.(dcm|png|tbcad)")
"""How a copy is called."""

_COLUMNS = ("file", "deidentified")
_LOCK = ".deidentify.lock"
_MOST_NAMES = 3


class KeyNotWritten(TbcadError):
    """The table could not be written: no copy is made that is not in it."""


class Key:
    """The table of a command, whole when that ends; until then with what going on needs beside it.

    That is a file ``NAME.unfinished`` with the secret that pseudonyms, UIDs and shifts are made with. It goes
    with the last copy: from then on nobody can tell what stands for what but by the table.

    Parameters
    ----------
    path : str or Path
        The table, outside the folder of copies.
    out : str or Path
        Folder of the copies.
    dates : str, optional
        What becomes of dates.

    Raises
    ------
    BadInput
        If there is a table already, but for that of the same command, stopped before its end.
    """

    def __init__(self, path: str | Path, out: str | Path, dates: str = "remove") -> None:
        self.path, self._out = Path(path), Path(out).absolute()
        self._beside = self.path.with_name(f"{self.path.name}.unfinished")
        self._about: dict[str, Any] = {
            "out": str(self._out),
            "home": str(Path.cwd()),
            "dates": dates,
            "secret": secrets.token_hex(32),
        }
        self._written: dict[str, str] = {}
        # Of an earlier command: files by where they are, and who has the name of a copy, its ending apart.
        self._files: dict[str, str] = {}
        self._owners: dict[str, str] = {}
        self.kept = 0
        if self._out.resolve() in self.path.resolve().parents:
            raise BadInput(
                self.path, "the key lies in the folder of the copies: choose a place apart from it"
            )
        if self.path.exists() or self.path.is_symlink():
            self._go_on(dates)

    @property
    def secret(self) -> bytes:
        """Return what pseudonyms, UIDs and shifts are made with."""
        return bytes.fromhex(self._about["secret"])

    @property
    def last(self) -> int:
        """Return the highest number of a copy."""
        numbers = (COPY.fullmatch(name) for name in self._written.values())
        return max((int(found[1]) for found in numbers if found), default=0)

    def number_of(self, study: Sequence[tuple[Path, str]]) -> str:
        """Return the number that copies of a study have or were to have, "" where none has.

        Parameters
        ----------
        study : sequence of (Path, str)
            Its files, each with what the name of its copy says of the view. Where such a name is another
            file's by now, the study needs a number of its own.
        """
        views = {self._place(file): view for file, view in study}
        names = (COPY.fullmatch(self._name_of(place)) for place in views)
        number = next((found[1] for found in names if found), "")
        free = all(self._owners.get(f"{number}{view}", place) == place for place, view in views.items())
        return number if free else ""

    def has(self, file: Path) -> bool:
        """Tell whether the copy of a file is there; it is counted as kept then."""
        name = self._name_of(self._place(file))
        there = bool(name) and (self._out / name).is_file()
        self.kept += there
        return there

    def require_own(self, names: Sequence[str]) -> None:
        """Raise BadInput where the folder has copies that are not in the table."""
        known = set(self._written.values())
        others = [name for name in names if COPY.fullmatch(name) and name not in known]
        if others:
            raise BadInput(self._out, f"has copies that {self.path.name} does not know: {_some(others)}")

    def start(self) -> None:
        """Write what there is of the table, and what going on needs."""
        try:
            with written_whole(self._beside) as temporary:
                temporary.chmod(0o600)
                temporary.write_text(json.dumps(self._about), encoding="utf-8")
            self._write()
        except OSError as error:
            raise BadInput(self.path, f"cannot be written ({error.strerror or error})") from error

    def note(self, file: Path, copy: str) -> None:
        """Put a file into the table and see that it is on the disk: called before its copy has its name."""
        try:
            with self.path.open("a", encoding="utf-8", newline="") as table:
                csv.writer(table).writerow([cell(str(file)), copy])
                table.flush()
                os.fsync(table.fileno())
        except OSError as error:
            raise KeyNotWritten(f"{self.path}: cannot be written ({error.strerror or error})") from error
        told = plain(cell(str(file)))
        before = self._files.get(self._place(file), told)
        if self._written.get(before) == copy:  # the same file, perhaps by another path
            del self._written[before]
        self._written[told] = copy

    def strike(self, file: Path) -> None:
        """Take a file out whose copy failed; the table itself is without it once it is written whole."""
        for told in {plain(cell(str(file))), self._files.get(self._place(file), "")} & self._written.keys():
            if not (self._out / self._written[told]).is_file():
                del self._written[told]

    def finish(self) -> None:
        """Write the table whole, and let what going on would need be forgotten."""
        try:
            self._write()
            self._beside.unlink(missing_ok=True)
        except OSError as error:
            raise KeyNotWritten(f"{self.path}: cannot be written ({error.strerror or error})") from error

    def _write(self) -> None:
        rows = ({"file": file, "deidentified": name} for file, name in self._written.items())
        write_csv(self.path, _COLUMNS, rows)

    def _name_of(self, place: str) -> str:
        return self._written.get(self._files.get(place, ""), "")

    def _place(self, file: Path | str) -> str:
        """Return where a file is, as the table can say it."""
        return plain(cell(os.path.normpath(Path(self._about["home"]) / file)))

    def _go_on(self, dates: str) -> None:
        """Take over what the same command wrote before it was stopped."""
        if not self._beside.is_file():
            raise BadInput(
                self.path, "is there already; it is the identity of earlier copies: choose another name"
            )
        try:
            about = json.loads(self._beside.read_text(encoding="utf-8"))
            self._about = {name: str(about[name]) for name in self._about}
            bytes.fromhex(self._about["secret"])
            with self.path.open(encoding="utf-8-sig", newline="") as table:
                rows = [(row.get("file") or "", row.get("deidentified") or "") for row in read_rows(table)]
        except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
            raise BadInput(self.path, f"cannot be gone on with: {self._beside.name} is damaged") from error
        if Path(self._about["out"]) != self._out:
            raise BadInput(
                self.path,
                f"is that of the copies in {self._about['out']}, which were stopped: "
                "give that folder to go on, or choose another name",
            )
        if self._about["dates"] != dates:
            raise BadInput(self.path, f"its copies were begun with --dates {self._about['dates']}")
        # The last line may be torn; its copy has no name yet.
        self._written = _last_noted((file, name) for file, name in rows if COPY.fullmatch(name))
        places = {self._place(file): file for file in self._written}
        here = str(Path.cwd())
        if here != self._about["home"]:
            home = Path(self._about["home"])
            places = {place: str(home / file) for place, file in places.items()}
            self._written = {str(home / file): name for file, name in self._written.items()}
            self._about["home"] = here
        self._files = places
        self._owners = {Path(self._written[file]).stem: place for place, file in places.items()}


def _last_noted(rows: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the copy of each file by the rows of a table, no copy twice.

    A command noted a file before its copy was there. Where a copy is noted for two, as an earlier version
    did when the first one failed, it is that of the last.
    """
    written: dict[str, str] = {}
    files: dict[str, str] = {}
    for file, name in rows:
        if written.get(before := files.get(name, file)) == name:
            del written[before]
        written.pop(file, None)  # its place is that of its last row
        written[file], files[name] = name, file
    return written


@contextmanager
def held(out: Path) -> Iterator[None]:
    """Hold the folder of copies until the block, or the process, ends: two commands would mix theirs.

    What a command that was killed left half-written is removed.

    Raises
    ------
    BadInput
        If it cannot be written, or another command is at work in it.
    """
    require_writable(out)
    path = out / _LOCK
    busy = BadInput(out, "another command is writing copies there: wait for it, or choose another folder")
    with ExitStack() as stack:
        stack.enter_context(locks.held(path, patience=0, busy=busy))
        for unfinished in out.glob(f"{UNFINISHED}*"):
            with suppress(OSError):
                unfinished.unlink()
        try:
            yield
        finally:
            stack.close()
            with suppress(OSError):  # the folder is given to others, who need not wonder what this is
                path.unlink()


def require_empty(out: Path, key: Key | None) -> None:
    """Raise BadInput where a folder has what would be mixed with copies; those of `key` may be there."""
    try:
        names = sorted(path.name for path in out.iterdir() if not path.name.startswith("."))
    except FileNotFoundError:
        return
    except OSError as error:
        what = "is a file" if out.is_file() else f"cannot be looked into ({error.strerror or error})"
        raise BadInput(out, f"{what}: choose an empty folder") from error
    if key is not None and key.last:
        key.require_own(names)
        return
    if any(COPY.fullmatch(name) for name in names):
        raise BadInput(out, "has de-identified files already: choose an empty folder")
    if names:
        raise BadInput(out, f"is not empty ({_some(names)}): choose an empty folder")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "")
