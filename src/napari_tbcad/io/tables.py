"""Data sets described by a table: a CSV of path,label, or ``labels.csv`` beside a folder of images."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from napari_tbcad.errors import BadInput
from napari_tbcad.files import is_file, plain
from napari_tbcad.io.datasets import DataRow, DataSet, LungFiles
from napari_tbcad.limits import MAX_TEXT_BYTES

PATH_COLUMNS = ("path", "file", "filename", "image")
"""Names under which a table may give its films, the first that is filled counting."""

_KNOWN_COLUMNS = (*PATH_COLUMNS, "label", "patient", "source", "age", "sex")
_YES, _NO = {"1", "true", "yes", "tb"}, {"0", "false", "no", "normal"}
_UNKNOWN = {"", "na", "n/a", "nan", "none", "null", "unknown", "?", "-"}
_SHOWN = 10


def read_table(path: str | Path, *, strict: bool = True) -> DataSet:
    """Read a CSV with the columns path,label[,patient,source,age,sex].

    Parameters
    ----------
    path : str or Path
        The table; comma, semicolon or tab between the columns, UTF-8 (with or without byte order mark) or
        Windows-1252. Relative paths count from the table's folder. ``file`` may stand for ``path``. A label
        that is empty, ``unknown``, ``NA`` or the like is None.
    strict : bool
        Refuse a table that names a film that does not exist; otherwise only one of whose films none does.

    Raises
    ------
    BadInput
        If a column is missing, a label is neither 0 nor 1, a film is listed twice or does not exist.
    """
    path = Path(path)
    records = lines_of(path)
    if "label" not in records[0][1]:
        raise BadInput(path, f"the column label is missing; there are {', '.join(records[0][1])}")
    rows = [_row(path, number, record, path.parent) for number, record in records]
    _check(path, rows, strict)
    return DataSet(path.stem, tuple(rows), path)


def read_folder_table(folder: str | Path, *, strict: bool = True) -> DataSet:
    """Read a folder with ``labels.csv`` (file[,label,…]) and ``images/``.

    Reference masks are taken from ``masks_left`` and ``masks_right``, ``lungs`` or ``masks``, where there
    are any. A table without the column label is accepted: the films' labels are then None.

    Raises
    ------
    BadInput
        As :func:`read_table`.
    """
    folder = Path(folder)
    table = folder / "labels.csv"
    images = folder / "images" if (folder / "images").is_dir() else folder
    rows = []
    for number, record in lines_of(table):
        row = _row(table, number, record, images)
        rows.append(_with_lungs(row, folder) if (folder / "images").is_dir() else row)
    _check(table, rows, strict)
    return DataSet(folder.absolute().name, tuple(rows), folder)


def records_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table of films, as text.

    Parameters
    ----------
    path : Path
        A table as :func:`read_table` takes it, with one of `PATH_COLUMNS`; other columns as they come.

    Returns
    -------
    list of dict
        Column names in lower case to stripped values; rows without any value are left out.

    Raises
    ------
    BadInput
        If the table cannot be read, names no films in its head, has none, a line is too long for it, or a
        quotation mark is not closed.
    """
    return [record for _, record in lines_of(path)]


def lines_of(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Return the rows of :func:`records_of`, each with the number of its line in the file, from 1."""
    text = _text(path)
    head = text.splitlines()[0] if text.strip() else ""
    if not head:
        raise BadInput(path, "the table is empty")
    delimiter = max(",;\t", key=head.count)
    # Strictly, as a quotation mark that is not closed would swallow the lines behind it.
    reader = csv.DictReader(text.splitlines(), delimiter=delimiter, strict=True)
    try:
        reader.fieldnames = [(name or "").strip().lower() for name in reader.fieldnames or []]
    except csv.Error as error:
        raise BadInput(path, f"its head cannot be read ({error})") from error
    if not any(column in reader.fieldnames for column in PATH_COLUMNS):
        first, *others = PATH_COLUMNS
        said = f"the column {first} is missing ({' or '.join(others)} would do)"
        raise BadInput(path, f"{said}; there are {', '.join(reader.fieldnames)}")
    records: list[tuple[int, dict[str, str]]] = []
    line = 1
    try:
        for record in reader:
            line = reader.line_num
            if None in record:
                raise BadInput(path, f"line {reader.line_num} has more columns than the head")
            values = {name: plain((value or "").strip()) for name, value in record.items()}
            if any(values.values()):
                records.append((line, values))
    except csv.Error as error:
        if "expected after" in str(error) or "end of data" in str(error):
            cause = "a quotation mark that is not closed, or text behind one"
            raise BadInput(path, f"line {line + 1} or one behind it has {cause}") from error
        raise BadInput(path, f"line {reader.line_num} cannot be read ({error})") from error
    if not records:
        raise BadInput(path, "the table has a head but no film")
    return records


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_TEXT_BYTES:
            raise BadInput(path, f"larger than {MAX_TEXT_BYTES // 2**20} MiB, which no table of films is")
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(path, f"the table cannot be read ({error.strerror or error})") from error
    if b"\x00" in content[:4096]:
        raise BadInput(path, "not a CSV table of path,label")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _row(table: Path, number: int, record: dict[str, str], folder: Path) -> DataRow:
    name = next((record[column] for column in PATH_COLUMNS if record.get(column)), "")
    if not name:
        raise BadInput(table, f"line {number} names no film")
    return DataRow(
        # A table written on Windows has backslashes in its relative paths.
        path=folder / (name if "\\" not in name or is_file(Path(name)) else name.replace("\\", "/")),
        label=_label(table, number, record.get("label", "")),
        patient=record.get("patient", ""),
        source=record.get("source", ""),
        age=_age(record.get("age", "")),
        sex=sex_of(record.get("sex", "")),
        extra={k: v for k, v in record.items() if k not in _KNOWN_COLUMNS},
    )


def _label(table: Path, number: int, text: str) -> int | None:
    word = text.lower().removesuffix(".0")
    if word in _YES:
        return 1
    if word in _NO:
        return 0
    if word in _UNKNOWN:
        return None
    raise BadInput(table, f"line {number}: the label is 0 or 1 (1 tuberculosis), this is {text!r}")


def _age(text: str) -> float | None:
    try:
        age = float(text.rstrip("Yy"))
    except ValueError:
        return None
    return age if 0 <= age <= 120 else None


def sex_of(text: str) -> str | None:
    """Return ``"F"``, ``"M"`` or None for what a table calls a person's sex."""
    word = text.strip().lower()
    if word in {"m", "male", "man", "l", "laki-laki"}:
        return "M"
    return "F" if word in {"f", "female", "woman", "w", "p", "perempuan"} else None


def _check(table: Path, rows: list[DataRow], strict: bool) -> None:
    twice = [str(path) for path, count in Counter(row.path for row in rows).items() if count > 1]
    if twice:
        raise BadInput(table, f"{len(twice)} films are listed more than once: {_lines(twice)}")
    missing = [str(row.path) for row in rows if not is_file(row.path)]
    if len(missing) == len(rows) or (missing and strict):
        raise BadInput(table, f"{len(missing)} of {len(rows)} films do not exist: {_lines(missing)}")


def _lines(names: list[str]) -> str:
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _with_lungs(row: DataRow, folder: Path) -> DataRow:
    from dataclasses import replace

    right, left = (folder / name / row.path.name for name in ("masks_right", "masks_left"))
    if is_file(right) or is_file(left):
        pair = LungFiles(right=right if is_file(right) else None, left=left if is_file(left) else None)
        return replace(row, lungs=pair)
    for name in ("lungs", "masks"):
        both = folder / name / row.path.name
        if is_file(both):
            return replace(row, lungs=LungFiles(both=both))
    return row
