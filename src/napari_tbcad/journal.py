"""A file of JSON lines that survives being cut off at any byte: each line carries its own check."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO


class Journal:
    """Appends lines, each at once; what an earlier process wrote stays.

    Parameters
    ----------
    path : Path
        Made with its folder when missing.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        torn = _is_torn(path)
        self._file = path.open("ab")
        if torn:  # half a line of a process that was killed: what follows must not be glued to it
            self._file.write(b"\n")

    def add(self, content: Mapping[str, Any]) -> int:
        """Write one line, whole as far as the operating system lets; return where it begins."""
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=True).encode()
        place = self._file.tell()
        self._file.write(b"%08x %s\n" % (zlib.crc32(text), text))
        self._file.flush()
        return place

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_journal(path: Path, *, having: str = "") -> Iterator[dict[str, Any]]:
    """Yield the lines of a journal that are whole, in order; none where there is no file.

    With `having` only those in which that text stands: the others are not taken apart, which is what takes
    long.
    """
    for _, content in read_places(path, having=having):
        yield content


def read_places(path: Path, *, having: str = "") -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield where each whole line of a journal begins, and the line; `having` as in :func:`read_journal`."""
    part = json.dumps(having, ensure_ascii=False)[1:-1].encode("utf-8", "surrogatepass")
    if not path.is_file():
        return
    with path.open("rb") as file:
        place = 0
        for line in file:
            if part in line and (content := _read(line)) is not None:
                yield place, content
            place += len(line)


def read_line(file: BinaryIO, place: int) -> dict[str, Any]:
    """Return the line of an open journal that begins at a place; ValueError where none does."""
    file.seek(place)
    content = _read(file.readline())
    if content is None:
        raise ValueError(f"no whole line begins at byte {place}")
    return content


def _read(line: bytes) -> dict[str, Any] | None:
    check, _, text = line.rstrip(b"\n").partition(b" ")
    if check != b"%08x" % zlib.crc32(text):
        return None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):  # no line of ours
        return None
    return content if isinstance(content, dict) else None


def _is_torn(path: Path) -> bool:
    if not path.is_file() or not path.stat().st_size:
        return False
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) != b"\n"
