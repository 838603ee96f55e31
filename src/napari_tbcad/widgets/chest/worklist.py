"""The worklist of chest films: open one, correct it, done, next."""

from __future__ import annotations

import weakref
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.compat import isalive

from napari_tbcad.case import Verdict
from napari_tbcad.widgets.chest.bench import ChestBench, Opening, bench_of
from napari_tbcad.widgets.parts.worklist import WorklistView
from napari_tbcad.widgets.workflow.dock import Dock
from napari_tbcad.worklist_item import Item, ReadingState

if TYPE_CHECKING:
    import napari

    from napari_tbcad.widgets.chest.session import ChestSession


class WorklistPanel(Dock):
    """A folder or table of films, read one after the other; the case of each is kept beside the list.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer in which films are opened; held weakly.
    """

    bench: ChestBench

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__(bench_of(napari_viewer))
        self.view = WorklistView()
        self.view.set_reader(self.bench.reader)
        self.column.addWidget(self.view)
        self._opening: Opening | None = None
        self._wanted: Item | None = None
        self._shown: Item | None = None
        self.view.opened.connect(self._open)
        self.view.done.connect(self._done)
        self.view.accepted.connect(lambda: self._save("accepted"))
        self.view.reader_changed.connect(self._on_reader)
        self.view.blinded.connect(self._on_blinded)
        self.view.loaded.connect(self._forget)
        self.begin()

    def begin(self) -> None:
        """Follow the bench."""
        super().begin()
        self.bench.film_changed.connect(self._on_film)
        view, bench = self.view, weakref.ref(self.bench)
        self.bench.set_keys({"previous": view.go_previous, "next": view.go_next, "done": view.finish})
        self.destroyed.connect(partial(_let_go, bench))

    def refresh(self) -> None:
        """Nothing here depends on the session but what its desk says."""
        self._soon.stop()

    def _open(self, path: Path) -> None:
        item = self.view.current
        if item is None:
            return
        self._forget()
        self._wanted = item
        self.bench.close_film()
        self.view.show_busy(f"opening {item.name}")
        self._opening = self.bench.open_film(item.case if item.case.is_file() else path)
        self._opening.ended.connect(self._on_opened)

    def _forget(self) -> None:
        """Wait for no film any more, and call none the list's: another is asked for, or another list."""
        self._opening = self._wanted = self._shown = None

    def _on_opened(self, opening: Opening) -> None:
        item = self._wanted
        if item is None or opening is not self._opening:
            return
        self._opening = self._wanted = None
        self.view.show_busy("")
        if opening.problem:
            self.view.skip(item.path, opening.problem)
        elif opening.film is not None:
            self._show_item(item, self.bench.session_of(opening.film))

    def _show_item(self, item: Item, session: ChestSession) -> None:
        self._shown = item
        session.desk.home = item.case
        session.edits.reader = self.view.reader
        session.desk.saved.connect(self._on_saved)
        session.desk.failed.connect(self.view.show_error)
        session.run_all()

    def _on_film(self) -> None:
        session = self.bench.session
        # While one of the list is awaited, what is opened by hand changes nothing.
        if session is None or self._wanted is not None:
            return
        # A film that the person opened by hand is none of the list's; one of the list is again.
        found = self._item_at(session.desk.home)
        path, shown = (None if item is None else item.path for item in (found, self._shown))
        self._shown = found
        if path != shown:
            self.view.set_current(path)

    def _on_reader(self, reader: str) -> None:
        self.bench.reader = reader
        if self.bench.session is not None:
            self.bench.session.edits.reader = reader

    def _on_blinded(self, blind: bool) -> None:
        self.bench.blind = blind
        self.bench.changed.emit()

    def _done(self) -> None:
        review = self.view.current_state is ReadingState.TO_REVIEW
        self._save("changed" if review else "made")

    def _save(self, verdict: Verdict) -> None:
        session = self._session_of_list()
        if session is None or self._shown is None:
            self.view.show_error("Open the film first.")
            return
        if session.film_problem:
            self.view.show_error(session.film_problem)
            return
        session.desk.save(self._shown.case, verdict=verdict, reader=self.view.reader)

    def _item_at(self, case: Path | None) -> Item | None:
        """Return the film of the list whose case belongs there."""
        items = self.view.worklist.items if self.view.worklist is not None and case is not None else ()
        return next((item for item in items if item.case == case), None)

    def _session_of_list(self) -> ChestSession | None:
        session = self.bench.session
        return session if session is not None and session.desk.home is not None else None

    def _on_saved(self, path: Path) -> None:
        # Also when another film was chosen while this one was being written.
        if (item := self._item_at(path)) is not None:
            self.view.mark(item.path)

    def _show_work(self) -> None:
        pass


def _let_go(bench: weakref.ref[ChestBench], gone: object = None) -> None:
    """Take keys and blindfold away with the panel; at the end of the program the bench may be gone first."""
    if (alive := bench()) is not None and isalive(alive):
        alive.set_keys({})
        alive.blind = False
        alive.changed.emit()
