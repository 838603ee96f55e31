"""Folders of long work: when something last happened in one, and deleting it."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from napari_tbcad.batch.child.lock import LOOKING, claimed
from napari_tbcad.errors import BadInput


def written_when(folder: Path, names: Iterable[str]) -> str:
    """Return when the newest of some files of a folder was written (UTC, ISO 8601); empty without any."""
    times = []
    for name in names:
        with contextlib.suppress(OSError):
            times.append((folder / name).stat().st_mtime)
    return datetime.fromtimestamp(max(times), UTC).isoformat(timespec="seconds") if times else ""


def remove_folder(folder: Path, *, what: str) -> None:
    """Delete a folder with all that is in it; where a file cannot be deleted, what is left stays there.

    Parameters
    ----------
    folder : Path
    what : str
        What it holds, such as ``"training"``, for the error.

    Raises
    ------
    BadInput
        If a process is at work in it, or a file cannot be deleted; others may be gone then.
    """
    with claimed(folder, what=what):  # with patience: another list may be looking whether it is held
        pass
    try:
        aside = Path(tempfile.mkdtemp(prefix=".deleted-", dir=folder.parent))
        _delete(folder, aside)
    except OSError as error:
        raise BadInput(folder, f"cannot be deleted ({error.strerror or error})") from error


def _delete(folder: Path, aside: Path) -> None:
    """Move a folder out of sight, so that nobody looks into it meanwhile, and delete it there."""
    try:
        with LOOKING:
            folder.rename(aside / folder.name)
        shutil.rmtree(aside)
    except OSError:
        with contextlib.suppress(OSError):  # what is left is to be found where it was
            (aside / folder.name).rename(folder)
        with contextlib.suppress(OSError):
            aside.rmdir()
        raise
