"""Reading the tables that ``chest run`` and ``bone run`` left in a folder."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

from napari_tbcad.errors import BadInput
from napari_tbcad.files import read_rows

Require = Callable[[str, Sequence[Path]], None]
"""Given NAME and the files of a study; raises BadInput for one that is not to be used."""


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
