"""Saving what was made of a scan: the files of `bone run`, written by a worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari.utils.notifications import show_error, show_info
from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_tbcad.errors import BadInput
from napari_tbcad.widgets.bone.bench import BoneBench
from napari_tbcad.widgets.work import start_call


class BoneExporter(QObject):
    """Asks where to, and has a worker write it.

    Parameters
    ----------
    bench : BoneBench
        What the panels of a viewer share.
    parent : QWidget
        Of the dialog.

    Attributes
    ----------
    saved : Signal(object)
        The folder that was written.
    failed : Signal(str)
        Why it could not be.
    """

    saved = Signal(object)
    failed = Signal(str)

    def __init__(self, bench: BoneBench, parent: QWidget) -> None:
        super().__init__(parent)
        self._bench, self._parent = bench, parent

    def ask_for_folder(self) -> None:
        """Let the person choose a folder."""
        folder = QFileDialog.getExistingDirectory(self._parent, "Save the results into a folder")
        if folder:
            self.export_to(Path(folder))

    def export_to(self, folder: Path) -> None:
        """Write tables, label images, overlay and record into a folder."""
        session = self._bench.session
        if session is None or session.run is None:
            return
        # What is in the layers is saved, an undo on a hidden one included.
        session.edits.look_again()
        session.take_last()
        run, name = session.run.snapshot(), session.name
        start_call(lambda: _export(folder, run, name), on_result=self._tell, on_error=self._complain)

    def _tell(self, folder: Path) -> None:
        show_info(f"Written: {folder}")
        self.saved.emit(folder)

    def _complain(self, error: Exception) -> None:
        told = isinstance(error, BadInput | OSError)
        text = str(error) if told else f"{type(error).__name__}: {error}"
        show_error(text)
        self.failed.emit(text)


def _export(folder: Path, run: Any, name: str) -> Path:
    from napari_tbcad.bone.exports import export_case
    from napari_tbcad.bone.workflow import finish
    from napari_tbcad.io.scan_files import find_scans

    analysis = finish(run)
    study = run.get("study")
    sources = dict.fromkeys(frame.facts.source for frame in study.frames if frame.facts.source)
    paths = [Path(source) for source in sources]
    if paths and all(path.is_file() for path in paths):
        # As the command line names it.
        name = find_scans(paths)[0].name
    files = [path.as_posix() for path in paths]
    export_case(
        folder, name.replace("/", "_"), analysis, run.settings, file=files[0] if files else name, files=files
    )
    return folder
