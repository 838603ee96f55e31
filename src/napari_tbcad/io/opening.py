"""Opening a file that may be anything: what is said of one that cannot be, and how much is asked of it."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from napari_tbcad.errors import BadInput
from napari_tbcad.limits import MAX_FILE_BYTES


@contextmanager
def opening_told(path: Path) -> Iterator[None]:
    """Turn the ways in which a file cannot be opened or held in memory into BadInput.

    Parameters
    ----------
    path : Path
        The file that is opened and read inside.

    Raises
    ------
    BadInput
        Naming the cause.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise BadInput(path, "no such file") from error
    except PermissionError as error:
        raise BadInput(path, "the file may not be read (no permission)") from error
    except OSError as error:
        raise BadInput(path, f"the file cannot be read ({error.strerror or error})") from error
    except MemoryError as error:
        raise BadInput(path, "the image does not fit into memory") from error


def first_bytes(path: Path, number: int = 132) -> bytes:
    """Return the first bytes of a file; those of a pipe or a device are not waited for.

    Raises
    ------
    OSError
        If it cannot be opened.
    """
    with open(path, "rb", opener=_at_once) as file:
        return file.read(number) or b""


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


class Bounded(io.BufferedReader):
    """A file of which no more is asked for than it holds.

    A header can claim parts of any length, and memory for them is taken before the file is found to end.

    Parameters
    ----------
    path : Path

    Raises
    ------
    BadInput
        If the file is larger than :data:`~napari_tbcad.limits.MAX_FILE_BYTES`.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))
        self.length = path.stat().st_size
        if self.length > MAX_FILE_BYTES:
            self.close()
            raise BadInput(path, f"the file is larger than {MAX_FILE_BYTES // 2**30} GiB")

    def read(self, size: int | None = -1, /) -> bytes:
        """Read so many bytes, or as many as there are."""
        left = max(self.length - self.tell(), 0)
        return super().read(left if size is None or size < 0 else min(size, left))
