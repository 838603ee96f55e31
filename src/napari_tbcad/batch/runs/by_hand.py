"""Results that a person put in a run's place, as by exporting a corrected case into its folder."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from napari_tbcad.batch.rows import Row
from napari_tbcad.batch.runs.inputs import Study
from napari_tbcad.batch.runs.job import FileState, StudyDone, Table, state_of
from napari_tbcad.batch.runs.store import RunStore
from napari_tbcad.batch.runs.tables import lines_of
from napari_tbcad.files import cell, plain, read_rows
from napari_tbcad.run_folder import started_in


def adopt(studies: Sequence[Study], store: RunStore, tables: Sequence[Table]) -> set[str]:
    """Take over the rows and files of studies that a person exported into the folder since they were done.

    Parameters
    ----------
    studies : sequence of Study
        Whose files are no longer what the run wrote.
    store : RunStore
    tables : sequence of Table

    Returns
    -------
    set of str
        Names of the studies taken over. The others' files were changed in another way.
    """
    places = {study.path.resolve(): study for study in studies}
    home = started_in(store.out)
    found = {table.name: _lines(store.out / f"{table.name}.csv", home, places) for table in tables}
    adopted = set()
    for study in studies:
        results = found["results"].get(study.name, [])
        files = tuple(_present(store.files(study), store.out))
        before = store.row(study)
        if len(results) != 1 or not files or not _differs(results[0], before.result):
            continue
        more = {
            table.name: [
                _as_before(one, _first(before, table)) for one in found[table.name].get(study.name, ())
            ]
            for table in tables[1:]
        }
        row = Row(_as_before(results[0], before.result), more)
        store.add(study, StudyDone(row, store.key(study), files))
        adopted.add(study.name)
    return adopted


def _lines(path: Path, home: Path, places: Mapping[Path, Study]) -> dict[str, list[dict[str, str]]]:
    """Return the lines of a table by the name of the study they are of; none where it cannot be read.

    A window may call a file by another path than the run did, whose own count from `home`.
    """
    found: dict[str, list[dict[str, str]]] = {}
    with (
        suppress(OSError, UnicodeDecodeError, csv.Error),
        path.open(encoding="utf-8-sig", newline="") as text,
    ):
        for line in read_rows(text):
            if None in line or None in line.values():
                continue
            if (study := places.get((home / line.get("file", "")).resolve())) is not None:
                found.setdefault(study.name, []).append(line)
    return found


def _present(files: Sequence[FileState], out: Path) -> Iterator[FileState]:
    for file in files:
        with suppress(OSError):
            yield state_of(out / file.path, out)


def _differs(line: Mapping[str, str], row: Mapping[str, Any]) -> bool:
    """Tell whether a line says something else of a study, whatever it calls its files."""
    return any(
        text != plain(cell(row.get(column)))
        for column, text in line.items()
        if column not in ("file", "files")
    )


def _first(row: Row, table: Table) -> Mapping[str, Any]:
    return next(iter(lines_of(row, table)), {})


def _as_before(line: Mapping[str, str], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table's line with numbers where the run had numbers."""
    return {name: _value(text, before.get(name)) for name, text in line.items()}


def _value(text: str, before: Any) -> Any:
    if isinstance(before, str):
        return text
    if not text:
        return None
    with suppress(ValueError):
        return int(text) if isinstance(before, int) else float(text)
    return text
