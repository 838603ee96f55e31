"""The batch that is shown: its job, its results, read on a worker; and the folder of one that is planned."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_tbcad.batch.runs import window_jobs as jobs
from napari_tbcad.errors import BadInput
from napari_tbcad.widgets.work import start_call

if TYPE_CHECKING:
    from napari_tbcad.batch.runs.shown import ShownRun
    from napari_tbcad.batch.runs.window_jobs import BatchState


class Shown(QObject):
    """One batch on disk.

    Attributes
    ----------
    came : Signal(object)
        Its studies and results were read (:class:`~napari_tbcad.batch.runs.shown.ShownRun`).
    failed : Signal(str)
        They cannot be read, and why.
    folder : Path or None
        Its job; None for a run of the command line.
    out : Path or None
        Its results.
    state : BatchState or None
        How far it is, from its files; None while it runs.
    reading : bool
        Whether results are being read.
    """

    came = Signal(object)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder: Path | None = None
        self.out: Path | None = None
        self.state: BatchState | None = None
        self.reading = False
        self._token: object = None

    def show(self, folder: Path | None, out: Path | None, state: BatchState | None = None) -> None:
        """Show a batch without its studies, or none."""
        self.folder, self.out, self.state = folder, out, state
        self._token, self.reading = object(), False

    def look_again(self) -> None:
        """Know how far it is now."""
        if self.folder is not None:
            with suppress(BadInput):
                self.state = jobs.state_of(self.folder)

    def read(self) -> None:
        """Read its studies and results."""
        out, token = self.out, self._token
        if out is None:
            return
        self.reading = True
        start_call(lambda: _outcome(token, out), on_result=self._take, on_error=self._raise)

    def _take(self, came: tuple[object, ShownRun | Exception]) -> None:
        token, got = came
        if token is not self._token:
            return
        self.reading = False
        if isinstance(got, Exception):
            told = isinstance(got, BadInput | OSError)
            self.failed.emit(str(got) if told else f"{type(got).__name__}: {got}")
        else:
            self.came.emit(got)

    def _raise(self, error: Exception) -> None:
        raise error  # every failure comes as an outcome


class Planned:
    """The folder of a batch that is planned: made up once, and deleted where nothing came of it.

    Parameters
    ----------
    after : callable
        Calls what it is given as soon as no process works in the folder.
    """

    def __init__(self, after: Callable[[Callable[[], object]], object]) -> None:
        self._after = after
        self._folder: Path | None = None

    def folder(self, name: str) -> Path:
        """Return the folder; it is not made."""
        if self._folder is None:
            self._folder = jobs.new_folder(jobs.batches_home(), name)
        return self._folder

    def begun(self) -> None:
        """A batch began in it: the next one gets a folder of its own."""
        self._folder = None

    def drop(self) -> None:
        """Delete it, where no more than a look was made in it: its own job says so."""
        folder, self._folder = self._folder, None
        if folder is not None:
            self._after(partial(_delete_unless_begun, folder))


def _delete_unless_begun(folder: Path) -> None:
    with suppress(BadInput, OSError):
        if "run" not in jobs.read_job(folder)["do"]:
            shutil.rmtree(folder)


def _outcome(token: object, out: Path) -> tuple[object, ShownRun | Exception]:
    from napari_tbcad.batch.runs.shown import read_run

    try:
        return token, read_run(out)
    except Exception as error:  # every failure is the person's to know
        return token, error
