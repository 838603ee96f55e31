"""One process at a time on a folder of long work; the operating system lets go when a process dies."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from napari_tbcad.errors import BadInput

LOCK = ".lock"
LOOKING = threading.Lock()
"""Held while this program looks whether a folder is held, for which it holds it a moment itself: two lists
that are read at once must not take each other for a run, nor write into a folder that is being deleted."""


@contextlib.contextmanager
def claimed(folder: Path, *, patience: float = 2.0, what: str = "training") -> Iterator[None]:
    """Hold the folder of a training, an evaluation or a batch until the block, or the process, ends.

    Raises
    ------
    BadInput
        If another process holds it.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(folder / LOCK, timeout=patience)
    try:
        lock.acquire()
    except Timeout as error:
        cause = (
            f"this {what} is running already, here or in another window; after its window was closed it "
            "ends within some seconds: try again then"
        )
        raise BadInput(folder, cause) from error
    try:
        yield
    finally:
        lock.release()


def is_running(folder: Path) -> bool:
    """Tell whether a process works in a folder."""
    from filelock import FileLock, Timeout

    with LOOKING:
        if not (folder / LOCK).is_file():
            return False
        try:
            with FileLock(folder / LOCK, timeout=0):
                return False
        except Timeout:
            return True
        except OSError:  # a folder that cannot be written: nobody can work there either
            return False
