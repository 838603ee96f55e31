"""One process at a time on the folder of a training; the operating system lets go when a process dies."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from napari_tbcad.errors import BadInput

LOCK = ".lock"


@contextlib.contextmanager
def claimed(folder: Path, *, patience: float = 2.0) -> Iterator[None]:
    """Hold a training's folder; the operating system lets go when the process ends, however it does.

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
        raise BadInput(folder, "this training is running already, here or in another window") from error
    try:
        yield
    finally:
        lock.release()


def is_running(folder: Path) -> bool:
    """Tell whether a process works on a training."""
    from filelock import FileLock, Timeout

    if not (folder / LOCK).is_file():
        return False
    try:
        with FileLock(folder / LOCK, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:  # a folder that cannot be written: nobody can train there either
        return False
