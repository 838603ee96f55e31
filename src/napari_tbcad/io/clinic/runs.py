"""Reading the tables that ``chest run`` and ``bone run`` left in a folder."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

from napari_tbcad.errors import BadInput
from napari_tbcad.files import read_rows
from napari_tbcad.run_folder import INPUTS, RUN

Require = Callable[[str, Sequence[Path]], None]
"""Given NAME and the files of a study; raises BadInput for one that is not to be used."""

_INPUTS = Path(RUN, INPUTS)


def rows_of(path: Path, *columns: str) -> list[dict[str, str]]:
    """Return the rows of a table as text.

    Parameters
    ----------
    path : Path
        UTF-8, with or without BOM.
    *columns : str
        Columns that it must have.

    Raises
    ------
    BadInput
        If it is missing, too large, no table, or lacks one of them.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(read_rows(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(path, f"the table cannot be read ({error})") from error
    lacking = [name for name in columns if rows and name not in rows[0]]
    if lacking:
        raise BadInput(path, f"the table has no column {', '.join(lacking)}")
    return [{name: value or "" for name, value in row.items() if name is not None} for row in rows]


def run_names(folder: Path, files: Sequence[str]) -> dict[str, str]:
    """Return the NAME under which each file's results lie in a folder.

    Parameters
    ----------
    folder : Path
        Of a run.
    files : sequence of str
        Files as its tables name them.

    Returns
    -------
    dict of str to str
        From the run's own list; in a folder without one, the record called as the file is. What cannot be
        told is missing.
    """
    listed = folder / _INPUTS
    if listed.is_file():
        known = {row["file"]: row["name"] for row in rows_of(listed, "file", "name")}
        if all(file in known for file in files):
            return {file: known[file] for file in files}
    there = sorted(path.stem for path in (folder / "records").glob("*.json"))
    found: dict[str, str] = {}
    for file in files:
        stem = Path(file).stem
        like = [name for name in there if name == stem] or [n for n in there if n.endswith(f"__{stem}")]
        if len(like) == 1:
            found[file] = like[0]
    return found
