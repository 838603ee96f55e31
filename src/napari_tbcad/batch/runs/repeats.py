"""Files that a list names more than once: the first row counts, and it is said."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

_MOST = 5

Columns = tuple[tuple[str, str], ...]


class Repeats:
    """Rows of one list that name a file which an earlier row names.

    Parameters
    ----------
    table : Path
        The list.
    """

    def __init__(self, table: Path) -> None:
        self._table = table
        self._first: dict[str, tuple[int, Columns]] = {}
        self._again: list[int] = []
        self._others: list[str] = []

    def add(self, line: int, path: Path, columns: Columns) -> None:
        """Take in a row: its line in the file, counted from 1, the file it names, and its other columns."""
        place = os.path.normpath(path.absolute())
        first, before = self._first.setdefault(place, (line, columns))
        if first == line:
            return
        self._again.append(line)
        differing = [name for (name, now), (_, then) in zip(columns, before, strict=True) if now != then]
        if differing:
            self._others.append(
                f"WARNING {self._table.name}: line {line} gives {path.name} another {', '.join(differing)} "
                f"than line {first}: that of line {first} counts"
            )

    def sentences(self) -> Sequence[str]:
        """Return what is to be said of them."""
        if not self._again:
            return ()
        one = len(self._again) == 1
        rows = "1 row names" if one else f"{len(self._again)} rows name"
        a_file = "a file that an earlier row names" if one else "files that earlier rows name"
        lines = ", ".join(map(str, self._again[:_MOST])) + (", …" if len(self._again) > _MOST else "")
        said = f"{self._table.name}: {rows} {a_file}: passed over (line{'s' * (not one)} {lines})"
        more = len(self._others) - _MOST
        return (said, *self._others[:_MOST], *([f"WARNING and {more} rows more like these"] * (more > 0)))
