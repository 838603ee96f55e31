"""The export menu of a panel: the case, what a run writes, a picture of the canvas."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal

from napari.utils.notifications import show_error, show_info
from qtpy.QtCore import QObject, QUrl, Signal
from qtpy.QtGui import QAction, QDesktopServices
from qtpy.QtWidgets import QFileDialog, QMenu, QWidget

from napari_tbcad.case import Case, Verdict
from napari_tbcad.errors import BadInput
from napari_tbcad.widgets.work import start_call

Language = Literal["en", "id"]

_CASES = "Cases (*.tbcad)"
_REPORTS: dict[str, Language] = {
    "Report in English (*.html)": "en",
    "Laporan bahasa Indonesia (*.html)": "id",
}
_REPORT_TIP = (
    "One HTML file to read and print: what was corrected, the answer and why, how it came about, which "
    "models. It opens in the browser. The kind of file chooses the language."
)

Entry = tuple[str, str, Callable[[], None]]
"""Text, tooltip and slot of an entry of the menu."""


class Exporter(QObject):
    """Asks where to, and has a worker write it.

    Parameters
    ----------
    bench : Bench
        What the panels of a viewer share.
    parent : QWidget
        Of the dialogs.

    Attributes
    ----------
    folder_entry : (str, str)
        Text and tooltip of what :meth:`export_to` writes.
    saved : Signal(object)
        File or folder that was written.
    failed : Signal(str)
        Why it could not be.
    """

    folder_entry = ("Results…", "Into a folder.")
    saved = Signal(object)
    failed = Signal(str)

    def __init__(self, bench: Any, parent: QWidget) -> None:
        super().__init__(parent)
        self._bench, self._parent = bench, parent

    @property
    def reader(self) -> str:
        """Who sits at the panel; empty when nobody said."""
        return str(self._bench.reader)

    # -- what a workflow says -------------------------------------------------------------------------

    def entries(self) -> Iterator[Entry]:
        """Yield the entries of the menu, in order."""
        yield "Save case as…", "Save the case in another file.", self.ask_where_to_save
        yield (*self.folder_entry, self.ask_for_folder)
        yield "Report…", _REPORT_TIP, self.ask_for_report
        yield "Picture of the canvas…", "What the canvas shows, layers included, as PNG.", self.ask_for_shot

    def written(self, folder: Path, run: Any, session: Any) -> Callable[[], Path]:
        """Return what writes the results of a run into a folder, on a worker."""
        raise NotImplementedError

    def refusal(self) -> str:
        """Say why results may not leave now; empty when they may."""
        return ""

    def page(self, run: Any, session: Any) -> Callable[[Case, Language], str]:
        """Return what writes the report of a case of this run as HTML, on a worker."""
        raise NotImplementedError

    # -- the case -------------------------------------------------------------------------------------

    def fill(self, menu: QMenu) -> None:
        """Add the actions to a menu."""
        for place, (text, tip, _) in enumerate(self.entries()):
            action = menu.addAction(text)
            action.setToolTip(tip)
            action.setData(place)
        # A bound method, which Qt holds weakly: with the slots themselves PySide would keep a closed panel.
        menu.triggered.connect(self._on_chosen)
        menu.setToolTipsVisible(True)

    def _on_chosen(self, action: QAction) -> None:
        list(self.entries())[action.data()][2]()

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
            session.desk.save(path, verdict=self.verdict_of(session), reader=self._bench.reader)

    def verdict_of(self, session: Any) -> Verdict:
        """Return how far the reading is that is saved."""
        return "made"

    # -- files ----------------------------------------------------------------------------------------

    def ask_for_folder(self) -> None:
        """Let the person choose a folder for the results."""
        self.ask(self.export_to, "Export into a folder")

    def export_to(self, folder: Path) -> None:
        """Write the results into a folder."""
        self.export_with(self.written, folder)

    def ask(self, then: Callable[[Path], None], title: str) -> None:
        """Let the person choose a folder and go on with it."""
        if why := self.refusal():
            self.complain(BadInput("export", why))
            return
        folder = QFileDialog.getExistingDirectory(self._parent, title)
        if folder:
            then(Path(folder))

    def export_with(self, make: Callable[[Path, Any, Any], Callable[[], Path]], folder: Path) -> None:
        """Have a worker write what `make` returns for folder, run and session."""
        session = self._bench.session
        if session is None or session.run is None:
            return
        if why := self.refusal():
            self.complain(BadInput(self.name_of(session), why))
            return
        # What is in the layers is exported, an undo on a hidden one included.
        session.edits.look_again()
        session.take_last()
        self.start(make(folder, session.run.snapshot(), session), self.name_of(session))

    def name_of(self, session: Any) -> str:
        """Return what an unforeseen error calls the study."""
        return Path(session.source()).name

    # -- a report -------------------------------------------------------------------------------------

    def ask_for_report(self) -> None:
        """Let the person choose a file for the report, and by its kind a language; then show it."""
        session = self._bench.session
        if session is None or session.run is None:
            return
        suggestion = str(session.desk.suggestion.with_suffix(".html"))
        kinds = ";;".join(_REPORTS)
        path, kind = QFileDialog.getSaveFileName(self._parent, "Write a report", suggestion, kinds)
        if path:
            self.report_to(Path(path), language=_REPORTS.get(kind, "en"), show=True)

    def report_to(self, path: Path, *, language: Language = "en", show: bool = False) -> None:
        """Write the report of the study as it stands into an HTML file; `show` opens it in the browser."""
        session = self._bench.session
        if session is None or session.run is None:
            return
        session.edits.look_again()
        session.take_last()
        path = path if path.suffix.lower() in (".html", ".htm") else Path(f"{path}.html")
        # What nobody saved is not finished, whoever may have finished it before.
        verdict: Verdict = "in progress" if session.desk.unsaved else self.verdict_of(session)
        run, desk, warnings = session.run.snapshot(), session.desk, session.warnings()
        facts = {"reader": self._bench.reader, "verdict": verdict, "earlier": desk.case, "warnings": warnings}
        page, case_of = self.page(run, session), desk.case_of
        write = partial(_write_report, path, lambda: page(case_of(run, **facts), language))
        start_call(
            lambda: _named(self.name_of(session), write),
            on_result=self._show if show else self.tell,
            on_error=self.complain,
        )

    def _show(self, path: Path) -> None:
        self.tell(path)
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))

    # -- a picture ------------------------------------------------------------------------------------

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
        self.start(lambda: _write_picture(path, picture), name)

    # -- inside ---------------------------------------------------------------------------------------

    def start(self, write: Callable[[], Path], name: str) -> None:
        """Have a worker write, and say how it ended; `name` is what an unforeseen error names."""
        start_call(lambda: _named(name, write), on_result=self.tell, on_error=self.complain)

    def tell(self, path: Path) -> None:
        """Say what was written."""
        show_info(f"Written: {path}")
        self.saved.emit(path)

    def complain(self, error: Exception) -> None:
        """Say why nothing was written."""
        show_error(str(error))
        self.failed.emit(str(error))


def _named(name: str, write: Callable[[], Path]) -> Path:
    """Have an error that nobody foresaw name its kind and the study: its text alone may be one word."""
    try:
        return write()
    except (BadInput, OSError):
        raise
    except Exception as error:
        raise RuntimeError(f"{name}: {type(error).__name__}: {error}") from error


def _write_report(path: Path, page: Callable[[], str]) -> Path:
    from napari_tbcad.files import written_whole

    html = page()
    try:
        with written_whole(path) as temporary:
            temporary.write_text(html, encoding="utf-8")
    except OSError as error:
        raise BadInput(path, f"cannot be written ({error.strerror or error})") from error
    return path


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
