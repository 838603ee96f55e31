"""What a study that is opened goes on from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

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
