"""The evaluation that is shown: how far it is, and its results, read on a worker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_tbcad.batch.evaluating import jobs
from napari_tbcad.errors import BadInput
from napari_tbcad.widgets.evaluating.results import Results, read_results
from napari_tbcad.widgets.work import start_call

if TYPE_CHECKING:
    from napari_tbcad.batch.evaluating.jobs import EvaluationState


class Shown(QObject):
    """One evaluation on disk.

    Attributes
    ----------
    changed : Signal
        Another evaluation is shown, or its results are there.
    failed : Signal(str)
        It cannot be read, and why.
    folder : Path or None
    state : EvaluationState or None
        How far it is, from its files; None while it runs.
    results : Results or None
        What it found.
    reading : bool
        Whether results are being read.
    root : Path or None
        Where a person said that the films lie, for an evaluation that was made elsewhere.
    """

    changed = Signal()
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder: Path | None = None
        self.state: EvaluationState | None = None
        self.results: Results | None = None
        self.root: Path | None = None
        self.reading = False
        self._token: object = None

    def show(self, folder: Path | None, state: EvaluationState | None = None) -> None:
        """Show an evaluation without its results, or none."""
        if folder != self.folder:
            self.root = None
        self.folder, self.state, self.results = folder, state, None
        self.reading, self._token = False, object()
        self.changed.emit()

    def read(self) -> None:
        """Read its results, where there are any."""
        folder, token = self.folder, self._token
        if folder is None or not (folder / jobs.EVALUATION).is_file():
            return
        self.reading = True
        start_call(lambda: _outcome(token, folder), on_result=self._take, on_error=self._raise)

    def path_of(self, file: str) -> Path | None:
        """Return where a film lies; None where that is not known."""
        known = None if self.results is None else self.results.paths.get(file)
        if self.root is None or (known is not None and known.exists()):
            return known
        # With two data sets the first part of the name is the set's.
        below = (self.root / file, self.root.parent / file, self.root / Path(file).name)
        return next((path for path in below if path.is_file()), known)

    def _take(self, came: tuple[object, Results | Exception]) -> None:
        token, got = came
        if token is not self._token:
            return
        self.reading = False
        if isinstance(got, Exception):
            told = isinstance(got, BadInput | OSError)
            self.failed.emit(str(got) if told else f"{type(got).__name__}: {got}")
            return
        self.results = got
        self.changed.emit()

    def _raise(self, error: Exception) -> None:
        raise error  # every failure comes as an outcome


def _outcome(token: object, folder: Path) -> tuple[object, Results | Exception]:
    try:
        return token, read_results(folder)
    except Exception as error:  # every failure is the person's to know
        return token, error


def no_evaluation(folder: Path, error: BadInput) -> str:
    """Return why a folder cannot be shown, in words for a person."""
    if not folder.is_dir():
        return f"{folder.name}: the folder is gone"
    if error.cause.startswith("written by"):
        return str(error)
    return f"{folder.name}: there is no evaluation in this folder (no evaluation.json)"
