"""What a run is given: files, folders and tables of files, as studies with names of their own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from napari_tbcad.batch.runs.faults import MISSING as MISSING
from napari_tbcad.batch.runs.faults import fault_of
from napari_tbcad.batch.runs.names import safe_names
from napari_tbcad.batch.runs.repeats import Repeats
from napari_tbcad.errors import BadInput
from napari_tbcad.files import is_file
from napari_tbcad.io.scan_files import scan_entries, scans_among
from napari_tbcad.io.tables import PATH_COLUMNS, lines_of
from napari_tbcad.io.walk import Entry, entries_below, is_image_file, once, unique_names
from napari_tbcad.run_folder import run_of, started_in
from napari_tbcad.run_names import BETWEEN, files_of

LIST_SUFFIXES = (".csv", ".tsv")
"""Files so called are tables that name the studies."""

_SPREADSHEETS = (".xlsx", ".xls", ".ods")


@dataclass(frozen=True)
class Study:
    """One study of a run: a film, or the one or two files of a bone scan.

    Parameters
    ----------
    name : str
        NAME in the files that are written; unique in its run, also by case alone, and no path.
    paths : tuple of Path
        Its files; what is at fault where there are none.
    fault : str
        Why it cannot be read, as found before anything started; it becomes an error row.
    warnings : tuple of str
        What was noticed when its files were put together, one sentence each.
    listed : tuple of (str, str)
        The other columns of the table that named it.
    """

    name: str
    paths: tuple[Path, ...]
    fault: str = ""
    warnings: tuple[str, ...] = ()
    listed: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> Path:
        """The first file."""
        return self.paths[0]


@dataclass
class _Given:
    """What the paths hold, by entry."""

    entries: list[Entry] = field(default_factory=list)
    listed: dict[Path, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    faults: dict[Path, str] = field(default_factory=dict)
    no_tables: list[Path] = field(default_factory=list)
    passed_over: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


Below = Callable[[Sequence[Path], list[Path]], list[Entry]]


def chest_inputs(
    paths: str | Path | Iterable[str | Path],
    *,
    passed_over: list[Path] | None = None,
    say: Callable[[str], None] | None = None,
) -> list[Study]:
    """List the films among files, folders and tables.

    Parameters
    ----------
    paths : path or iterable of paths
        Films; folders, searched through as :func:`napari_tbcad.io.read.find_films` does; and tables
        (``.csv``, ``.tsv``) with a column ``path`` or ``file``, relative to the table's folder; in those
        that a run wrote, to the folder in which it was started.
    passed_over : list of Path, optional
        Images and folders that were not taken are added here.
    say : callable, optional
        Told in a sentence which rows of a table name a file again, and were passed over.

    Returns
    -------
    list of Study
        In the order given, each file once. What is missing or may not be read has a `fault`.

    Raises
    ------
    BadInput
        If there is nothing at all to work on.
    """
    given = _found(paths, lambda some, skipped: entries_below(some, skipped=skipped), "film")
    _tell_passed_over(given, passed_over, say)
    names = unique_names(given.entries)
    found = [Study(name, (entry.path,)) for entry, name in zip(given.entries, names, strict=True)]
    return _finished(found, given, "film")


def bone_inputs(
    paths: str | Path | Iterable[str | Path],
    *,
    passed_over: list[Path] | None = None,
    say: Callable[[str], None] | None = None,
) -> list[Study]:
    """List the bone scans among files, folders and tables; two files may be one scan.

    Parameters
    ----------
    paths, passed_over, say
        As for :func:`chest_inputs`; files are put together as
        :func:`napari_tbcad.io.scan_files.find_scans` does.

    Returns
    -------
    list of Study
        In the order given, every file in one of them. What is missing or may not be read has a `fault`.

    Raises
    ------
    BadInput
        If there is nothing at all to work on.
    """
    given = _found(paths, lambda some, skipped: scan_entries(some, skipped=skipped), "bone scan")
    _tell_passed_over(given, passed_over, say)
    scans = scans_among(given.entries)
    found = [Study(scan.name, scan.paths, warnings=scan.warnings) for scan in scans]
    return _finished(found, given, "bone scan")


def _found(paths: str | Path | Iterable[str | Path], below: Below, thing: str) -> _Given:
    some = [Path(path) for path in ([paths] if isinstance(paths, (str, Path)) else paths)]
    if not some:
        raise BadInput("input", f"no {thing} was given")
    given = _Given()
    for path in some:
        if path.suffix.lower() in LIST_SUFFIXES and not path.is_dir():
            _take_table(path, given, below)
        elif path.suffix.lower() in _SPREADSHEETS and path.is_file():
            _take_no_table(path, "a spreadsheet: save it as CSV", given)
        else:
            given.entries += below([path], given.passed_over) or [_itself(path)]
    given.entries = once(given.entries)
    for entry in given.entries:
        if entry.path not in given.faults and (fault := fault_of(entry.path, thing)):
            given.faults[entry.path] = fault
    _refuse_nothing(given, some, thing)
    return given


def _refuse_nothing(given: _Given, some: Sequence[Path], thing: str) -> None:
    """Raise where nothing can be done: every path is missing, an empty folder or a table that is none."""
    missing = [path for path in some if given.faults.get(path) == MISSING]
    nothing = {*missing, *given.no_tables}
    if not all(_is_folder(entry.path) or entry.path in nothing for entry in given.entries):
        return
    if missing:
        raise BadInput(missing[0], MISSING)
    if given.no_tables:
        raise BadInput(given.no_tables[0], given.faults[given.no_tables[0]])
    where = ", ".join(str(path) for path in some)
    kinds = "DICOM" if thing == "film" else "DICOM NM"
    raise BadInput(some[0], f"no {thing} found in {where} (wanted: {kinds}, PNG, JPEG, TIFF, BMP)")


def _take_table(table: Path, given: _Given, below: Below) -> None:
    """Add what a table names; one that cannot be used is itself an entry with a fault."""
    try:
        records = lines_of(table)
    except BadInput as error:
        _take_no_table(table, error.cause, given)
        return
    run = run_of(table)
    home = table.parent if run is None else started_in(run)
    repeats = Repeats(table)
    for number, (line, record) in enumerate(records, start=1):
        more = tuple((name, value) for name, value in record.items() if name not in PATH_COLUMNS)
        named = _named(record, of_a_run=run is not None)
        if not named:
            nowhere = table.with_name(f"{table.stem}_row{number}")
            given.entries.append(_itself(nowhere))
            given.faults[nowhere] = f"row {number} (line {line}) of {table.name} names no file"
            given.listed[nowhere] = more
        for one in named:
            path = _from(home, one)
            repeats.add(line, path, more)
            for entry in _listed_entries(path, home, given, below):
                given.entries.append(entry)
                given.listed.setdefault(entry.path, more)
    given.notes += repeats.sentences()


def _take_no_table(table: Path, cause: str, given: _Given) -> None:
    given.entries.append(_itself(table))
    given.faults[table] = cause
    given.no_tables.append(table)


def _named(record: Mapping[str, str], *, of_a_run: bool) -> list[str]:
    """Return the files that a row names; of two views of one scan a run's own table names both."""
    if record.get("files") and of_a_run:
        return files_of(record)
    return next(([record[column]] for column in PATH_COLUMNS if record.get(column)), [])


def _from(home: Path, named: str) -> Path:
    """Return where a path of a table leads; one written on Windows has backslashes."""
    path = home / named.replace("\0", "")
    slashed = home / named.replace("\0", "").replace("\\", "/")
    return slashed if not is_file(path) and is_file(slashed) else path


def _listed_entries(path: Path, home: Path, given: _Given, below: Below) -> list[Entry]:
    """Return the entries of a path in a table, named from the table's home where they lie below it."""
    home = Path(os.path.normpath(home.absolute()))
    whole = Path(os.path.normpath(path.absolute()))
    if _is_folder(path):
        try:
            return below([path], given.passed_over) or [_itself(path)]
        except BadInput as error:  # more files than any data set has
            given.faults[path] = error.cause
            return [_itself(path)]
    inside = whole.is_relative_to(home)
    return [Entry(path, whole.relative_to(home) if inside else Path(whole.name), home)]


def _itself(path: Path) -> Entry:
    return Entry(path, Path(path.absolute().name), path.absolute().parent)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # such as a name that is too long
        return False


def _tell_passed_over(
    given: _Given, passed_over: list[Path] | None, say: Callable[[str], None] | None
) -> None:
    if say is not None:
        for note in given.notes:
            say(note)
    if passed_over is not None:
        seen = (path for path in given.passed_over if not path.name.startswith("."))
        passed_over += [path for path in seen if path.is_dir() or is_image_file(path)]


def _finished(studies: Iterable[Study], given: _Given, thing: str) -> list[Study]:
    """Add faults and listed columns, and make the names safe."""
    found = []
    for study in studies:
        fault = next((given.faults[path] for path in study.paths if path in given.faults), "")
        at_fault = next((path for path in study.paths if path in given.faults), study.path)
        if fault and at_fault != study.path:
            fault = f"{at_fault.name}: {fault}"
        listed = next((given.listed[path] for path in study.paths if path in given.listed), ())
        found.append(replace(study, fault=fault, listed=listed))
    names = safe_names([study.name for study in found])
    return [replace(study, name=name) for study, name in zip(found, names, strict=True)]


def columns_of(study: Study) -> Mapping[str, str]:
    """Return a study's line of ``run/inputs.csv``; a user's column of the same name is ``listed_NAME``."""
    own = {
        "name": study.name,
        "file": study.path.as_posix(),
        "files": BETWEEN.join(path.as_posix() for path in study.paths),
        "fault": study.fault,
    }
    return own | {f"listed_{name}" if name in own else name: value for name, value in study.listed}
