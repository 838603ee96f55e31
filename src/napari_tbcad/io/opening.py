"""What is said of a file that cannot be opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from napari_tbcad.errors import BadInput


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
