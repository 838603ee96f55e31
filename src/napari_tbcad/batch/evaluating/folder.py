"""The folder of an evaluation: whether it may be written, and what is kept there beside the tables."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from napari_tbcad.batch.child.lock import LOCK, claimed
from napari_tbcad.batch.evaluating.sessions import SESSIONS
from napari_tbcad.batch.evaluating.store import MEASURED, WORK
from napari_tbcad.errors import BadInput
from napari_tbcad.files import require_writable

ABOUT = "evaluation.json"
_OURS = ("summary.csv", "controls.csv", "predictions.csv", "features.csv", "folds.csv", "report.html")


@contextlib.contextmanager
def claimed_folder(out: Path, *data: Path) -> Iterator[None]:
    """Hold the folder of an evaluation for oneself, as :func:`claim_folder` allows.

    A folder that was made here, and in which nothing came to be, is taken away again.
    """
    was_there, work = out.exists(), out / WORK
    claim_folder(out, *data)
    fresh = not work.exists()
    work.mkdir(exist_ok=True)
    try:
        with claimed(work, what="evaluation"):
            yield
    finally:
        if fresh and {path.name for path in work.iterdir()} <= {LOCK, SESSIONS}:
            with contextlib.suppress(OSError):
                for name in (LOCK, SESSIONS):
                    (work / name).unlink(missing_ok=True)
                work.rmdir()
                if not was_there:
                    out.rmdir()


def claim_folder(out: Path, *data: Path) -> None:
    """Make sure that an evaluation may be written to a folder.

    Parameters
    ----------
    out : Path
        Made when missing.
    *data : Path
        The data sets, which must not be written over.

    Raises
    ------
    BadInput
        If it is a file, a data set, cannot be written, or holds tables of another kind.
    """
    if out.is_file():
        raise BadInput(out, "a file; give a folder for the evaluation")
    for path in data:
        folder = path if path.is_dir() else path.parent
        if folder.exists() and out.exists() and out.samefile(folder):
            raise BadInput(out, "the folder of the data set; give another one for the evaluation")
    if out.is_dir():
        earlier = (out / ABOUT).is_file() or (out / WORK).is_dir() or (out / MEASURED).is_dir()
        # Evaluations of earlier versions of the program have no evaluation.json.
        older = all((out / name).is_file() for name in ("summary.csv", "folds.csv", "controls.csv"))
        foreign = [name for name in _OURS if (out / name).exists()]
        if foreign and not earlier and not older:
            raise BadInput(
                out, f"holds something else ({foreign[0]} is not of an evaluation); give an empty folder"
            )
    require_writable(out)
