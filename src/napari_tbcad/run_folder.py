"""The folder of a run: what lies in it, and from where the paths in its tables count."""

from __future__ import annotations

from pathlib import Path

from napari_tbcad.errors import BadInput
from napari_tbcad.files import is_file, is_folder
from napari_tbcad.plain_text import read_json

RUN = "run"
"""Folder below that of results which says what was run."""
ABOUT, INPUTS, JOURNAL = "run.json", "inputs.csv", "journal.jsonl"
"""Files in it: the run, what went into it, and what is done."""
TABLE = "results.csv"
"""The table with a row for each study."""
RECORDS = "records"
"""Folder below that of results with a record of each study."""
BEFORE = "before"
"""Folder below that of results for what a person made there and a later run did again."""
TABLES_LOCK = "tables.lock"
"""File in it that is held by whoever changes the tables: the run, or the export of a case into its folder."""
STARTED = "started_in"
"""Key of run.json: the folder in which the run was started, from which relative paths in its tables count."""


def run_of(table: Path) -> Path | None:
    """Return the folder of the run that wrote a table, beside it or in RUN; None of any other table."""
    for folder in (table.parent, table.parent.parent):
        if is_file(folder / RUN / JOURNAL) and table.parent in (folder, folder / RUN):
            return folder
    return None


def started_in(folder: Path) -> Path:
    """Return the folder from which the paths in the tables of a run count.

    Parameters
    ----------
    folder : Path
        Of results.

    Returns
    -------
    Path
        Where the run was started, as run.json says. ``Path()``, the current folder, where that is the same,
        is not there any more, or is not said.
    """
    try:
        place = Path(read_json(folder / RUN / ABOUT)[STARTED])
        here = not place.is_absolute() or not is_folder(place) or place.samefile(Path())
    except (BadInput, OSError, ValueError, TypeError, KeyError):
        return Path()
    return Path() if here else place
