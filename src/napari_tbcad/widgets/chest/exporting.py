"""The export menu of a panel: tables, masks for other programs, pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_error, show_info
from qtpy.QtCore import QObject
from qtpy.QtWidgets import QFileDialog, QMenu, QWidget

from napari_tbcad.errors import BadInput
from napari_tbcad.widgets.work import start_call

if TYPE_CHECKING:
    from napari_tbcad.widgets.chest.bench import ChestBench

_CASES = "Cases (*.tbcad)"


class Exporter(QObject):
    """Asks where to, and has a worker write it.

    Parameters
    ----------
    bench : ChestBench
        What the panels of a viewer share.
    parent : QWidget
        Of the dialogs.
    """

    def __init__(self, bench: ChestBench, parent: QWidget) -> None:
        super().__init__(parent)
        self._bench, self._parent = bench, parent

    def fill(self, menu: QMenu) -> None:
        """Add the actions to a menu."""
        for text, tip, slot in (
            ("Save case as…", "Save the case in another file.", self.ask_where_to_save),
            (
                "Tables, masks, overlay and record…",
                "What `chest run` writes, into a folder: results.csv, features.csv, masks as PNG and for 3D "
                "Slicer, the overlay and the record. Another film's rows stay.",
                self.ask_for_folder,
            ),
            ("Picture of the canvas…", "What the canvas shows, layers included, as PNG.", self.ask_for_shot),
        ):
            action = menu.addAction(text)
            action.setToolTip(tip)
            action.triggered.connect(lambda _=False, slot=slot: slot())
        menu.setToolTipsVisible(True)

    def save(self) -> None:
        """Save the case where it was saved before; the first time the person is asked."""
        session = self._bench.session
        if session is None or session.run is None:
            return
        if session.desk.path is None:
            self.ask_where_to_save()
        else:
            self.save_to(session.desk.path)

    def ask_where_to_save(self) -> None:
        """Let the person choose a file for the case."""
        session = self._bench.session
        if session is None or session.run is None:
            return
        suggestion = str(session.desk.suggestion)
        path, _ = QFileDialog.getSaveFileName(self._parent, "Save the case", suggestion, _CASES)
        if path:
            self.save_to(Path(path))

    def save_to(self, path: Path) -> None:
        """Save the case in a file."""
        if (session := self._bench.session) is not None:
            session.desk.save(path, reader=self._bench.reader)

    def ask_for_folder(self) -> None:
        """Let the person choose a folder for tables, masks, overlay and record."""
        folder = QFileDialog.getExistingDirectory(self._parent, "Export into a folder")
        if folder:
            self.export_to(Path(folder))

    def export_to(self, folder: Path) -> None:
        """Write tables, masks, overlay and record into a folder."""
        session = self._bench.session
        if session is None or session.run is None:
            return
        # What is in the layers is exported, an undo on a hidden one included.
        session.edits.look_again()
        session.take_last()
        run = session.run.snapshot()
        name = Path(run.get("film").source).name
        start_call(
            lambda: _named(name, lambda: _export(folder, run)), on_result=self._tell, on_error=self._complain
        )

    def ask_for_shot(self) -> None:
        """Let the person choose a file for a picture of the canvas."""
        path, _ = QFileDialog.getSaveFileName(self._parent, "Save a picture", "", "Pictures (*.png)")
        if path:
            self.shoot(Path(path))

    def shoot(self, path: Path) -> None:
        """Save what the canvas shows."""
        viewer = self._bench.viewer
        if viewer is None:
            return
        path = path if path.suffix.lower() == ".png" else Path(f"{path}.png")
        picture = viewer.screenshot(canvas_only=True, flash=False)
        name = self._bench.film.name if self._bench.film is not None else path.name
        start_call(
            lambda: _named(name, lambda: _write_picture(path, picture)),
            on_result=self._tell,
            on_error=self._complain,
        )

    def _tell(self, path: Path) -> None:
        show_info(f"Written: {path}")

    def _complain(self, error: Exception) -> None:
        show_error(str(error))


def _export(folder: Path, run: Any) -> Path:
    from napari_tbcad.chest.exports import export_case
    from napari_tbcad.chest.workflow import finish
    from napari_tbcad.io.read import find_films

    analysis = finish(run)
    source = Path(run.get("film").source)
    name = find_films(source)[0].name if source.is_file() else source.name.replace("/", "_") or "film"
    model = run.get("model")
    classifier = model.card.name if model is not None else "none"
    export_case(folder, name, analysis, run.settings, classifier=classifier, masks="both")
    return folder


def _named(name: str, write: Callable[[], Path]) -> Path:
    """Have an error that nobody foresaw name its kind and the film: its text alone may be one word."""
    try:
        return write()
    except (BadInput, OSError):
        raise
    except Exception as error:
        raise RuntimeError(f"{name}: {type(error).__name__}: {error}") from error


def _write_picture(path: Path, picture: Any) -> Path:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    from napari_tbcad.files import written_whole
    from napari_tbcad.notice import NOTICE

    facts = PngInfo()
    facts.add_text("Disclaimer", NOTICE)

    try:
        with written_whole(path) as temporary:
            Image.fromarray(picture).save(temporary, format="PNG", pnginfo=facts)
    except OSError as error:
        raise BadInput(path, f"cannot be written ({error.strerror or error})") from error
    return path
