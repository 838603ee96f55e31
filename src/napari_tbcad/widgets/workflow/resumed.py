"""What a study that is opened goes on from, and cases on their way to and from disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_tbcad.case import Case
from napari_tbcad.chain import Run


@dataclass(frozen=True, eq=False, kw_only=True)
class Resumed:
    """What a study that is being opened goes on from.

    Parameters
    ----------
    case : Case or None
        The saved case it came from, if it was opened from one.
    path : Path or None
        Its file.
    run : Run or None
        The run of that case, as it was saved.
    notes : tuple of str
        What is not at hand of what the case was made with.
    left : Path or None
        A case of this study that was saved while a person worked, and not taken up again since.
    """

    case: Case | None = None
    path: Path | None = None
    run: Run | None = None
    notes: tuple[str, ...] = ()
    left: Path | None = None


@dataclass(frozen=True, eq=False)
class Saving:
    """A case on its way into the file that a person asked for."""

    film: object
    path: Path
    build: Callable[[], Case]
    aside: Callable[[], Case]
    owner: int
    work: Any
    listed: bool
    reader: str


@dataclass(eq=False)
class Restoring:
    """A case that was kept on the side, on its way back.

    Parameters
    ----------
    left : Path
        Its file.
    found : Resumed or None
        What was read from it.
    kept : object
        The person's work as far as what is given up was saved.
    aside : Path or None
        Where that is.
    """

    left: Path
    found: Resumed | None = None
    kept: Any = None
    aside: Path | None = None
