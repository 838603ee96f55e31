"""Writing files so that a reader never meets half of one."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_tbcad.errors import BadInput
from napari_tbcad.limits import MAX_TABLE_BYTES

UNFINISHED = ".napari-tbcad-"
"""How the name of a file begins that is being written, or was when its program was killed."""


@contextlib.contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path that is renamed to `path` when the block succeeds.

    Parameters
    ----------
    path : str or Path
        The wanted file. Its folder is made when missing.

    Yields
    ------
    Path
        A path in the same folder (hence on the same file system) with the same suffix. It is
        removed when the block raises, so that a full disk leaves the old file as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f"{UNFINISHED}{secrets.token_hex(4)}{path.suffix}"
    temporary.touch(exist_ok=False)
    try:
        yield temporary
        _reach_disk(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _reach_disk(path: Path) -> None:
    """Wait until a file's content is on the disk: after a loss of power a name may be there without it."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_file(path: Path) -> bool:
    """Tell whether a path that a file names is a file; one that no system takes is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, or with a zero in it
        return False


def is_folder(path: Path) -> bool:
    """Tell whether a path is a folder; one that no system takes, or that may not be looked at, is none."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def require_writable(folder: Path) -> None:
    """Make the folder and try a file in it; raises :class:`BadInput` with the cause."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with written_whole(folder / ".writable") as temporary:
            temporary.write_bytes(b"")
        (folder / ".writable").unlink()
    except OSError as error:
        if is_file(folder):
            raise BadInput(folder, f"is a file, not a folder ({folder})") from error
        raise BadInput(folder, f"cannot write there ({os.strerror(error.errno or 0)}: {folder})") from error


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a table, whole or not at all; floats with 9 digits, None and NaN as empty cells."""
    with written_whole(path) as temporary, temporary.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([cell(row.get(column)) for column in columns] for row in rows)


def cell(value: Any) -> str:
    """Return a value as it stands in a table: floats with 9 digits, None and NaN empty.

    A file's name may have bytes that are no text; they are written as escapes. A text that a spreadsheet
    would take for a formula is :func:`guarded`.
    """
    if value is None or value != value:
        return ""
    if isinstance(value, float):
        return f"{value:.9g}"
    return guarded(str(value).encode("utf-8", "backslashreplace").decode())


_FORMULA = tuple("=+-@\t\r\n＝＋－＠")


def guarded(text: str) -> str:
    """Return a text with an apostrophe before what a spreadsheet would take for a formula; numbers stay.

    A file, patient or reader may be called anything, and a table is opened with a double click.
    :func:`plain` takes the apostrophe away again.

    References
    ----------
    OWASP, CSV Injection, https://owasp.org/www-community/attacks/CSV_Injection
    """
    if len(text) < 2 or not text.lstrip("'").startswith(_FORMULA):
        return text
    return text if not text.startswith("'") and _is_number(text) else f"'{text}"


def plain(text: str) -> str:
    """Return a cell as it was before :func:`guarded`."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(_FORMULA) else text


def read_rows(file: Iterable[str]) -> Iterator[dict[str, str]]:
    """Yield the rows of an open table by column, as they were written by :func:`write_csv`.

    Raises
    ------
    csv.Error
        If it is no table, or larger than is read.
    """
    refuse_large_table(file)
    for row in csv.DictReader(file):
        yield {name: plain(text) if isinstance(text, str) else text for name, text in row.items()}


def refuse_large_table(file: Iterable[str]) -> None:
    """Raise csv.Error for an open file that is larger than is read as a table."""
    number = getattr(file, "fileno", None)
    with contextlib.suppress(OSError):  # a text in memory has no file
        if number is not None and os.fstat(number()).st_size > MAX_TABLE_BYTES:
            raise csv.Error(f"more than {MAX_TABLE_BYTES // 2**20} MiB: refused")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
