"""Results that a person put in a run's place, as by exporting a corrected case into its folder."""

from __future__ import annotations

import csv
import shutil
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from napari_tbcad.batch.rows import Row
from napari_tbcad.batch.runs.folder import FOLDERS
from napari_tbcad.batch.runs.inputs import Study
from napari_tbcad.batch.runs.job import FileState, Job, StudyDone, Table, state_of
from napari_tbcad.batch.runs.store import RunStore
from napari_tbcad.batch.runs.tables import LiveTables, lines_of
from napari_tbcad.files import cell, is_file, is_folder, plain, read_rows
from napari_tbcad.result_tables import Places
from napari_tbcad.run_folder import BEFORE, TABLE, started_in
from napari_tbcad.run_images import content_of, exported_in, with_given


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
    if not studies:
        return set()
    exported = _exported(studies, store, tables, started_in(store.out))
    adopted = set()
    for study in studies:
        files = tuple(_present(store.files(study), store.out))
        if files and (row := exported(study)) is not None:
            done = StudyDone(row, store.key(study), files)
            store.add(study, done, by_hand=True, digest=store.digest_of(study))
            adopted.add(study.name)
    return adopted


def adopt_instead(
    studies: Sequence[Study], store: RunStore, job: Job, others: Iterable[str], *, earlier: bool
) -> set[str]:
    """Take over the rows and files of studies that the run has no result of, and that a person exported.

    Parameters
    ----------
    studies : sequence of Study
        That failed, or were not done yet.
    store : RunStore
    job : Job
    others : iterable of str
        Names of all studies of the run: one may be the beginning of another.
    earlier : bool
        Whether they were exported before this run, hence beside results of the run before.

    Returns
    -------
    set of str
        Names of the studies taken over.
    """
    if not studies:
        return set()
    home, place_of = started_in(store.out), Places()
    results = _lines(store.out / TABLE, home, {place_of(study.path): study for study in studies}, place_of)
    wanted = [
        study for study in studies if [one.get("status") for one in results.get(study.name, ())] == ["ok"]
    ]
    exported = _exported(wanted, store, job.tables, home)
    adopted, keys = set(), exported_in(store.out)
    named = _Named(store.out, store.names() | set(others)) if wanted else None
    for study in wanted:
        paths = named.of(study.name) if named else []
        if paths and (row := exported(study)) is not None:
            files = tuple(state_of(path, store.out) for path in paths)
            key = content_of(study.paths, given := job.given(study.name))
            if study.name in keys:  # of the image that was exported, whatever lies there now
                alone = keys[study.name].key
                key = with_given(alone, key) if given and alone and key else alone
            done = StudyDone(row, key, files)
            digest = store.digest_of(study) if store.has_any_row(study) else store.last_digest
            store.add(study, done, by_hand=True, digest=digest if earlier else None)
            adopted.add(study.name)
    return adopted


class _Named:
    """The files in a folder of results by the studies' names, of which one may be the beginning of another.

    The folder is listed once: it may have 20 000 studies.
    """

    def __init__(self, out: Path, names: Iterable[str]) -> None:
        paths = (path for folder in FOLDERS if is_folder(out / folder) for path in (out / folder).iterdir())
        self._paths = sorted(paths, key=lambda path: path.name)
        self._called = [path.name for path in self._paths]
        self._names = sorted(names)

    def of(self, name: str) -> list[Path]:
        """Return the files that are called as a study is."""
        longer = [self._names[n] for n in _beginning(self._names, name)]
        return [
            self._paths[n]
            for n in _beginning(self._called, name)
            if self._paths[n].is_file()
            and not any(self._called[n].startswith((f"{one}_", f"{one}.")) for one in longer)
        ]


def _beginning(sorted_names: Sequence[str], name: str) -> list[int]:
    """Return the places of what begins with a study's name and goes on as names of its files do."""
    ends = (f"{name}_", f"{name}.")
    return [
        n
        for end in ends
        for n in range(bisect_left(sorted_names, end), bisect_left(sorted_names, f"{end}\U0010ffff"))
    ]


class Aside(NamedTuple):
    """What made way.

    Parameters
    ----------
    place : Path
        Folder with its files and tables.
    names : tuple of str
        The studies.
    """

    place: Path
    names: tuple[str, ...]


def put_aside(
    studies: Iterable[Study], store: RunStore, job: Job, home: Path, others: Iterable[str]
) -> Aside | None:
    """Put aside what a person exported or changed of studies that are about to be done again.

    Their files and rows come into a new folder ``before/NUMBER`` below that of results, with a journal that
    says which images they are of. Masks that the job is given stay where they are, too: what is done again is
    made from them.

    Parameters
    ----------
    studies : iterable of Study
    store : RunStore
    job : Job
    home : Path
        From where the paths in the tables count.
    others : iterable of str
        As for :func:`adopt_instead`.

    Returns
    -------
    Aside or None
        None where there was nothing of a person's.
    """
    theirs = [study for study in studies if _is_theirs(study, store, job)]
    if not theirs:
        return None
    exported = _exported(theirs, store, job.tables, home)
    numbered = (store.out / BEFORE / str(number) for number in count(1))
    place = next(one for one in numbered if not one.exists())
    place.mkdir(parents=True)
    rows = {study.name: _found_anywhere(exported(study) or store.row(study), study) for study in theirs}
    LiveTables(place, job.tables, lambda: (rows[study.name] for study in theirs)).rewrite()
    named = _Named(store.out, store.names() | set(others))
    with RunStore(place, store.last_digest) as kept:
        for study in theirs:
            given = _given(study, job)
            files = []
            # An export may have written masks of another format than the run.
            written = {store.out / file.path for file in store.files(study)}
            for path in sorted({*written, *named.of(study.name)}):
                if is_file(path):
                    target = place / path.relative_to(store.out)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(path, target) if path.resolve() in given else path.rename(target)
                    files.append(state_of(target, place))
            done = StudyDone(rows[study.name], store.key(study), tuple(files))
            kept.add(study, done, by_hand=True, digest=store.digest_of(study))
    return Aside(place, tuple(study.name for study in theirs))


def _found_anywhere(row: Row, study: Study) -> Row:
    """Return a row that says where its files are from any folder."""
    paths = [path.absolute().as_posix() for path in study.paths]
    result = {**row.result, "file": paths[0]}
    if "files" in result:
        result["files"] = " | ".join(paths)
    more = {name: [{**one, "file": paths[0]} for one in rows] for name, rows in row.more.items()}
    return Row(result, more)


def _is_theirs(study: Study, store: RunStore, job: Job) -> bool:
    """Tell whether a person made or changed files of a study, beside those that the job is given."""
    if not store.has_result(study):
        return False
    standings = {file.path: file.standing(store.out) for file in store.files(study)}
    # Masks that are given once more stay where they are; the rest was made from them.
    kept = store.is_by_hand(study) or (store.is_painted(study) and not job.given(study.name))
    wanted = ("changed", "same") if kept else ("changed",)
    theirs = [store.out / path for path, standing in standings.items() if standing in wanted]
    return bool(theirs) and bool({path.resolve() for path in theirs} - _given(study, job))


def _given(study: Study, job: Job) -> set[Path]:
    return {path.resolve() for path in job.given(study.name)}


def _exported(
    studies: Sequence[Study], store: RunStore, tables: Sequence[Table], home: Path
) -> Callable[[Study], Row | None]:
    """Return what gives the rows of a study that a person exported; None where there are none."""
    place_of = Places()
    places = {place_of(study.path): study for study in studies}
    found = {table.name: _lines(store.out / f"{table.name}.csv", home, places, place_of) for table in tables}

    def exported(study: Study) -> Row | None:
        results = found["results"].get(study.name, [])
        before = store.row(study) if store.has_any_row(study) else Row({})
        if len(results) != 1 or not _differs(results[0], before.result):
            return None
        more = {
            table.name: [
                _as_before(one, _first(before, table)) for one in found[table.name].get(study.name, ())
            ]
            for table in tables[1:]
        }
        return Row(_as_before(results[0], before.result), more)

    return exported


def _lines(
    path: Path, home: Path, places: Mapping[Path, Study], place_of: Places
) -> dict[str, list[dict[str, str]]]:
    """Return the lines of a table by the name of the study they are of; none where it cannot be read.

    A window may call a file by another path than the run did, whose own count from `home`.
    """
    for encoding in ("utf-8-sig", "cp1252"):  # a spreadsheet may have saved it in its own way
        found: dict[str, list[dict[str, str]]] = {}
        with suppress(UnicodeDecodeError), suppress(OSError, csv.Error):
            with path.open(encoding=encoding, newline="") as text:
                for line in read_rows(text):
                    if None in line or None in line.values():
                        continue
                    if (study := places.get(place_of(home / line.get("file", "")))) is not None:
                        found.setdefault(study.name, []).append(line)
            return found
    return {}


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
    """Return a table's line with numbers where the run had numbers; a text prints as it did."""
    return {name: _value(text, before.get(name)) for name, text in line.items()}


def _value(text: str, before: Any) -> Any:
    if before is None or isinstance(before, str):
        return text
    if not text:
        return None
    with suppress(ValueError):
        return int(text) if isinstance(before, int) else float(text)
    return text
