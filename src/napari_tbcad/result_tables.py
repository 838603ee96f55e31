"""Tables of results that grow: one study's rows added, or put where its earlier ones were."""

from __future__ import annotations

import contextlib
import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_tbcad.errors import BadInput
from napari_tbcad.files import plain, refuse_large_table, require_writable
from napari_tbcad.locks import held
from napari_tbcad.run_folder import RUN, TABLES_LOCK, started_in

Rows = list[Mapping[str, Any]]

_PATIENCE = 30.0
"""Seconds for which tables that another holds are waited for."""


class TablesBusy(BadInput):
    """Another program holds the tables."""


class Places:
    """Tells where a path leads, asking the disk once for each folder: a table may have 20 000 rows."""

    def __init__(self) -> None:
        self._folders: dict[Path, Path] = {}

    def __call__(self, path: Path) -> Path:
        """Return the place of a file; its name is taken as it is, be it a link."""
        folder = self._folders.get(path.parent)
        if folder is None:
            folder = self._folders[path.parent] = path.parent.resolve()
        return folder / path.name


@contextlib.contextmanager
def tables_held(folder: Path, patience: float | None = None) -> Iterator[None]:
    """Hold the tables of a run's folder while they are read and written anew, or a row is added.

    A run that is under way and a person who exports a case into its folder would else each write the tables
    without what the other has just put there. A folder that is no run's is nobody else's, and is not held.
    Not to be entered twice by one thread.

    Raises
    ------
    TablesBusy
        If another holds them for longer than `patience` seconds, half a minute unless it is said.
    BadInput
        If nothing can be written there.
    """
    if not (folder / RUN).is_dir():
        yield
        return
    busy = TablesBusy(folder, "another program is writing its tables; try again when it is done")
    patience = _PATIENCE if patience is None else patience
    with held(folder / RUN / TABLES_LOCK, patience=patience, busy=busy):
        yield


def with_rows(
    path: Path,
    columns: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    *,
    file: str,
    append: bool = True,
    newer: Sequence[str] = (),
) -> tuple[Rows, bool]:
    """Return a table's rows with those of one study added, and whether it had some there already.

    Parameters
    ----------
    path : Path
        The table; may not exist yet.
    columns : sequence of str
        Its columns; one of them is ``file``.
    rows : sequence of mapping
        The study's rows.
    file : str
        What its ``file`` column says.
    append : bool, optional
        False begins a new table.
    newer : sequence of str, optional
        Columns that tables of earlier versions lack; their cells are empty there.

    Raises
    ------
    BadInput
        If the table there has other columns or cannot be read.
    """
    there = read_rows(path, columns, newer=newer) if append and path.exists() else []
    home, place_of = started_in(path.parent), Places()
    theirs = place_of(Path(file))
    own = [old["file"] == file or place_of(home / old["file"]) == theirs for old in there]
    place = next((n for n, is_own in enumerate(own) if is_own), None)
    if place is None:
        return [*there, *rows], False
    before = there[:place]
    after = [old for n, old in enumerate(there) if n > place and not own[n]]
    return [*before, *rows, *after], True


def read_rows(path: Path, columns: Sequence[str], *, newer: Sequence[str] = ()) -> Rows:
    """Return the rows of a table as text, cell by cell.

    A table of the time before the columns `newer` gets empty cells there.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            refuse_large_table(file)
            head, *lines = list(csv.reader(file, strict=True)) or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(path, f"this earlier table cannot be read ({error}); choose another folder") from error
    known = (list(columns), [name for name in columns if name not in newer])
    if lines and (head not in known or any(len(line) != len(head) for line in lines)):
        raise BadInput(path, "this earlier table has other columns; choose another folder")
    return [dict.fromkeys(columns, "") | dict(zip(head, map(plain, line), strict=True)) for line in lines]


def remove(paths: Iterable[Path]) -> None:
    """Remove files; one that cannot be removed stays."""
    for path in paths:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def require_place(folder: Path, name: str) -> None:
    """Check that files called `name` can be written in `folder`, which is made when missing.

    Raises
    ------
    BadInput
        If the name cannot be part of a file's name, the folder above is gone or nothing can be written.
    """
    if not name or re.search(r'[\\/:*?"<>|\x00-\x1f]', name):
        raise BadInput(name or "name", "it cannot be part of a file's name")
    if not folder.parent.is_dir():
        raise BadInput(folder, f"the folder {folder.parent} is gone; choose another one")
    require_writable(folder)
