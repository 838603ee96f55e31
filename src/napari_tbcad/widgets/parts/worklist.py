"""The worklist as a person sees it: a list of films, how far each is, and which comes next.

Knows nothing of a viewer, of images or of what is read from them: it says which film to open and that a
reading is finished, and is told when a case was saved.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from napari_tbcad.errors import Cancelled
from napari_tbcad.widgets.parts.worklist_controls import WorklistFooter, WorklistHeader
from napari_tbcad.widgets.parts.worklist_jobs import load, look, same_list
from napari_tbcad.widgets.parts.worklist_route import neighbour, next_to_read, said_at_the_end
from napari_tbcad.widgets.parts.worklist_rows import WorklistRows
from napari_tbcad.widgets.work import start_call
from napari_tbcad.worklist import Worklist
from napari_tbcad.worklist_item import FINISHED, Item, ReadingState
from napari_tbcad.worklist_sources import FILMS, Kind


class WorklistView(QWidget):
    """A list of films, or of studies of another kind, to be read.

    After "Done, next" or "Accept" the view waits for :meth:`mark`: the next film is opened once the case
    file says that this one is finished, so that nothing is left before it is saved.

    Parameters
    ----------
    parent : QWidget, optional
        Qt parent.
    kind : Kind, optional
        What is listed; films by default.
    blind : bool, optional
        Whether the answer can be hidden while it is read.

    Attributes
    ----------
    opened : Signal(Path)
        This film is to be opened, from its case where ``current.case`` exists.
    done : Signal
        The reading of the current film is finished: save it, then call :meth:`mark`.
    accepted : Signal
        The current film's earlier reading is accepted as it is: save that, then call :meth:`mark`.
    reader_changed : Signal(str)
        Name of the reader; empty when none is given.
    blinded : Signal(bool)
        Whether the answer is to be hidden while films are read.
    loaded : Signal
        Another list is shown.
    """

    opened = Signal(Path)
    done = Signal()
    accepted = Signal()
    reader_changed = Signal(str)
    blinded = Signal(bool)
    loaded = Signal()

    def __init__(self, parent: QWidget | None = None, *, kind: Kind = FILMS, blind: bool = True) -> None:
        super().__init__(parent)
        self._kind = kind
        self._worklist: Worklist | None = None
        self._current: Path | None = None
        self._finishing: Path | None = None
        self._opening: Path | None = None
        self._skipping: Path | None = None
        self._stop, self._gone = Event(), Event()
        gone = self._gone
        # Not a method of this object: Qt is past calling those when it says so.
        self.destroyed.connect(lambda *_: gone.set())
        self._busy, self._loading = "", False
        self.setMinimumWidth(280)
        # Else napari puts a stretch under it, and of a long list few rows are seen.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.setAcceptDrops(True)
        self.header = WorklistHeader(kind, blind=blind)
        self.rows, self.footer = WorklistRows(kind), WorklistFooter(kind)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 4)
        layout.setSpacing(4)
        layout.addWidget(self.header)
        layout.addWidget(self.rows, 1)
        layout.addWidget(self.footer)
        self.header.wants_folder.connect(self.open_folder)
        self.header.wants_table.connect(self.open_table)
        self.header.wants_refresh.connect(self.refresh)
        self.header.reader_changed.connect(self._on_reader)
        self.header.blinded.connect(self.blinded)
        self.header.filtered.connect(self._show)
        self.rows.opened.connect(self.open)
        self.footer.previous_button.clicked.connect(self.go_previous)
        self.footer.next_button.clicked.connect(self.go_next)
        self.footer.done_button.clicked.connect(self.finish)
        self.footer.accept_button.clicked.connect(self.accept)
        self._show()

    # -- what others ask and say --------------------------------------------------------------------------

    @property
    def worklist(self) -> Worklist | None:
        """The list shown, as it stands for the reader; None before one was opened."""
        return self._worklist

    @property
    def current(self) -> Item | None:
        """The film that is open; None when none of this list is."""
        return None if self._worklist is None else self._worklist.find(self._current)

    @property
    def reader(self) -> str:
        """Name of the reader; empty when none is given."""
        return self.header.reader

    @property
    def current_state(self) -> ReadingState | None:
        """State of the open film for the reader; None when none is open."""
        item = self.current
        return None if item is None else item.state(self.reader)

    def set_reader(self, reader: str) -> None:
        """Fill in the reader's name, as kept from an earlier day; sends `reader_changed` when it differs."""
        self.header.set_reader(reader)

    def set_worklist(self, worklist: Worklist | None) -> None:
        """Show a list; nothing of it is open then."""
        self._stop.set()
        self._current = self._finishing = self._opening = self._skipping = None
        self._worklist = None if worklist is None else worklist.read_by(self.reader)
        self.header.show_all()
        self.show_busy("")
        self._show()
        if worklist is not None and all(item.problem for item in worklist.items):
            first = worklist.items[0]
            self.footer.show_message(
                f"{worklist.source.name}: no {self._kind.thing} can be opened. The first is {first.path}: "
                f"{first.problem}.",
                error=True,
            )
        self.loaded.emit()

    def set_current(self, path: Path | None) -> None:
        """Say which film is open when it was not opened from here; one not in the list: none of it."""
        known = None if self._worklist is None else self._worklist.find(path)
        self._current = None if known is None else known.path
        self._finishing = None
        self._show()
        self.rows.go_to(self._current)

    def mark(self, path: Path, *, problem: str = "") -> None:
        """Say that a film's case was saved (its file is looked at anew), or why the film cannot be read."""
        item = None if self._worklist is None else self._worklist.find(path)
        if item is not None:
            start_call(partial(look, item, problem), on_result=self._on_look, on_error=self._on_error)

    def skip(self, path: Path, problem: str) -> None:
        """Say why the film that was to be opened cannot be read; the next one that is to be read opens."""
        self._skipping = path
        self.mark(path, problem=problem)

    def show_busy(self, text: str) -> None:
        """Say what is being waited for, with controls that would start something else greyed; "" ends it."""
        self._busy, self._loading = text, False
        self.footer.show_busy(text)
        self._show_controls()

    def show_error(self, text: str) -> None:
        """Say what went wrong until the next thing is done; a film being finished stays the current one."""
        self._finishing = None
        self.show_busy("")
        self.footer.show_message(text, error=True)

    def open_folder(self, folder: str | Path) -> None:
        """List the films of a folder."""
        self._load(
            f"Looking for {self._kind.thing}s in {Path(folder).name}…",
            partial(Worklist.from_folder, folder, kind=self._kind, reader=self.reader),
        )

    def open_table(self, path: str | Path) -> None:
        """List the films of a CSV."""
        self._load(
            f"Reading {Path(path).name}…",
            partial(Worklist.from_csv, path, kind=self._kind, reader=self.reader),
        )

    # -- what a person does -------------------------------------------------------------------------------

    def open(self, path: Path) -> None:
        """Open a film of the list; one that failed before is looked at once more."""
        item = None if self._worklist is None else self._worklist.find(path)
        if item is None or self._busy:
            return
        if self._finishing is not None:
            self.footer.show_message(
                f"{self._finishing.name} is being saved; the next {self._kind.thing} opens then."
            )
            return
        if item.problem:
            self._opening = item.path
            start_call(partial(look, item), on_result=self._on_look, on_error=self._on_error)
            return
        self._opening = self._finishing = self._skipping = None
        self._current = item.path
        self.footer.show_message("")
        self._show()
        self.rows.go_to(item.path)
        self.opened.emit(item.path)

    def go_next(self) -> None:
        """Open the next film that the filter lets through."""
        self._open_if(self._beside(forward=True))

    def go_previous(self) -> None:
        """Open the film before, of those that the filter lets through."""
        self._open_if(self._beside(forward=False))

    def finish(self) -> None:
        """Send `done`, and open the next film once this one is saved."""
        self._finish(self.done.emit)

    def accept(self) -> None:
        """Send `accepted`, and open the next film once this one is saved."""
        if self.current_state is ReadingState.TO_REVIEW:
            self._finish(self.accepted.emit)

    def refresh(self) -> None:
        """Look at every case anew, since others may have read meanwhile."""
        if self._worklist is not None and not self._busy and self._finishing is None:
            self._load("Looking through the cases…", self._worklist.refresh_all)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take a folder or a table."""
        if len(event.mimeData().urls()) == 1 and event.mimeData().urls()[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open a dropped folder or table."""
        path = Path(event.mimeData().urls()[0].toLocalFile())
        (self.open_folder if path.is_dir() else self.open_table)(path)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop looking."""
        self._stop.set()
        super().closeEvent(event)

    # -- inside -------------------------------------------------------------------------------------------

    def _load(self, text: str, make: Callable[..., Worklist]) -> None:
        """Make or look through a list on a worker; what was being made before is stopped and dropped."""
        self._stop.set()
        stop = self._stop = Event()
        self.footer.show_message("")
        self.show_busy(text)
        self._loading = True
        self._show_controls()
        start_call(partial(load, make, stop), on_result=self._on_loaded, on_error=self._on_error)

    def _on_loaded(self, loaded: tuple[Event, Worklist]) -> None:
        stop, worklist = loaded
        if stop is not self._stop or stop.is_set() or self._gone.is_set():
            return
        self.show_busy("")
        if self._worklist is not None and same_list(self._worklist, worklist):
            self._worklist = self._worklist.with_items(worklist.items)
            self._show()
        else:
            self.set_worklist(worklist)

    def _on_error(self, error: Exception) -> None:
        # Stopped by what came after it, which says itself how it ends.
        if not isinstance(error, Cancelled) and not self._gone.is_set():
            self.show_error(str(error))

    def _on_look(self, item: Item) -> None:
        if self._worklist is None or self._gone.is_set():
            return
        self._worklist = self._worklist.with_items([item])
        self._show()
        known = self._worklist.find(item.path)
        if known is None:
            return
        if self._opening == known.path:
            self._opening = None
            if known.problem:
                self.footer.show_message(f"{known.path.name}: {known.problem}", error=True)
            else:
                self.open(known.path)
        elif self._finishing == known.path and known.state(self.reader) in FINISHED:
            self._advance()
        elif known.path in (self._finishing, self._skipping) and known.problem:
            self._advance()
            self.footer.show_message(f"{known.path.name}: {known.problem}", error=True)

    def _on_reader(self, reader: str) -> None:
        if self._worklist is not None:
            self._worklist = self._worklist.read_by(reader)
            self._show()
        self.reader_changed.emit(reader)

    def _finish(self, say: Callable[[], None]) -> None:
        if self.current is None or self._busy:
            return
        self._finishing = self._current
        self.footer.show_message("")
        self._show_controls()
        say()

    def _advance(self) -> None:
        """Go on to what is left to do, first among the films that the filter shows."""
        before, self._finishing, self._skipping = self._current, None, None
        worklist = self._worklist
        if worklist is None:
            return
        item = next_to_read(worklist, before, self.header.state)
        if item is not None:
            self.open(item.path)
            return
        self._show_controls()
        self.footer.show_message(said_at_the_end(worklist))

    def _beside(self, *, forward: bool) -> Item | None:
        return neighbour(self._worklist, self._current, self.header.state, forward=forward)

    def _open_if(self, item: Item | None) -> None:
        if item is not None:
            self.open(item.path)

    def _show(self) -> None:
        self.header.show_list(self._worklist)
        shown = self.header.state
        self.rows.show_list(self._worklist, None if shown is None else (shown,), self._current)
        self.footer.show_progress(self._worklist)
        self._show_controls()

    def _show_controls(self) -> None:
        free = not self._busy and self._finishing is None
        # A person who chose the wrong folder need not wait until it was looked through.
        self.header.set_free(free or self._loading, has_list=self._worklist is not None)
        review = self.current_state is ReadingState.TO_REVIEW
        self.footer.show_open(self.current, review=review)
        self.footer.show_controls(
            previous=free and self._beside(forward=False) is not None,
            next_=free and self._beside(forward=True) is not None,
            done=free and self.current is not None,
            review=review,
        )
        self.rows.setCursor(Qt.CursorShape.ArrowCursor if free else Qt.CursorShape.BusyCursor)
