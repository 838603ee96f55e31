"""The worklist of chest films: open one, correct it, done, next."""

from __future__ import annotations

import weakref
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari_tbcad.case import Verdict
from napari_tbcad.widgets.chest.bench import ChestBench, bench_of
from napari_tbcad.widgets.chest.dock import Dock
from napari_tbcad.widgets.parts.worklist import WorklistView
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

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__(bench_of(napari_viewer))
        self.view = WorklistView()
        self.view.set_reader(self.bench.reader)
        self.column.addWidget(self.view)
        self._opening: Item | None = None
        self._shown: Item | None = None
        self.view.opened.connect(self._open)
        self.view.done.connect(self._done)
        self.view.accepted.connect(lambda: self._save("accepted"))
        self.view.reader_changed.connect(self._on_reader)
        self.bench.complained.connect(self._on_complaint)
        self.begin()

    def begin(self) -> None:
        """Follow the bench."""
        super().begin()
        self.bench.film_changed.connect(self._on_film)
        view, bench = self.view, weakref.ref(self.bench)
        self.bench.set_keys({"previous": view.go_previous, "next": view.go_next, "done": view.finish})
        self.destroyed.connect(partial(_take_keys_away, bench))

    def refresh(self) -> None:
        """Nothing here depends on the session but what its desk says."""
        self._soon.stop()

    def _open(self, path: Path) -> None:
        item = self.view.current
        if item is None:
            return
        self.bench.close_film()
        self._opening = item
        self.view.show_busy(f"opening {item.name}")
        self.bench.open_film(item.case if item.case.is_file() else path)

    def _on_film(self) -> None:
        session, item = self.bench.session, self._opening
        if session is None:
            return
        if item is None:
            # A film that the person opened by hand is none of the list's; one of the list is again.
            found = self._item_at(session.desk.home)
            if found != self._shown:
                self._shown = found
                self.view.set_current(found.path if found is not None else None)
            return
        self._opening, self._shown = None, item
        session.desk.home = item.case
        session.edits.reader = self.view.reader
        session.desk.saved.connect(self._on_saved)
        session.desk.failed.connect(self.view.show_error)
        self.view.show_busy("")
        session.run_all()

    def _on_complaint(self, text: str) -> None:
        item, self._opening = self._opening, None
        if item is not None:
            self.view.show_busy("")
            self.view.skip(item.path, text)

    def _on_reader(self, reader: str) -> None:
        self.bench.reader = reader
        if self.bench.session is not None:
            self.bench.session.edits.reader = reader

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
        if self._shown is not None and path == self._shown.case:
            self.view.mark(self._shown.path)

    def _show_work(self) -> None:
        pass


def _take_keys_away(bench: weakref.ref[ChestBench], gone: object = None) -> None:
    if (alive := bench()) is not None:
        alive.set_keys({})
