"""What was made of each image of a set so far, so that an interrupted import is gone on with."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from napari_tbcad.batch.bone_set_labels import Labelled
from napari_tbcad.files import written_whole


class Journal:
    """Lines of what was done, so that an interrupted call is gone on with; half a line at the end is none."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")
        self._file.write(b"\n" if self._file.tell() else b"")

    def add(self, name: str, one: Labelled) -> None:
        """Write a line, at once."""
        self._file.write(_line(name, one).encode())
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_journal(path: Path) -> dict[str, Labelled]:
    """Return what is said of each label image, the last time; nothing where there is no such file."""
    found: dict[str, Labelled] = {}
    if not path.is_file():
        return found
    with path.open("r", encoding="utf-8", errors="replace") as file:
        for line in file:
            name, tab, text = line.partition("\t")
            with contextlib.suppress(ValueError, LookupError, TypeError, AttributeError):
                if tab:
                    found[name] = Labelled.from_json(text)
    return found


def write_journal(path: Path, done: Mapping[str, Labelled]) -> None:
    """Write a journal anew, whole or not at all."""
    with written_whole(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.writelines(_line(name, one) for name, one in done.items())


def _line(name: str, one: Labelled) -> str:
    return f"{name}\t{one.to_json()}\n"
