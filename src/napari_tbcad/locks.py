"""A file that one process at a time holds; the operating system lets go of it when the process dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from napari_tbcad.errors import BadInput


@contextmanager
def held(path: Path, *, patience: float, busy: BadInput) -> Iterator[None]:
    """Hold a file until the block, or the process, ends; not to be entered twice by one thread.

    Parameters
    ----------
    path : Path
        Made when missing; it stays.
    patience : float
        Seconds to wait for another that holds it.
    busy : BadInput
        Raised when that was too short.

    Raises
    ------
    BadInput
        `busy`, or if the file cannot be written.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=patience)
    try:
        lock.acquire()
    except Timeout as error:
        raise busy from error
    except OSError as error:
        raise BadInput(path.parent, f"cannot write there ({error.strerror or error})") from error
    try:
        yield
    finally:
        lock.release()
