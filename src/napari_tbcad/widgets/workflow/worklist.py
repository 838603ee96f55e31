"""The worklist of a workflow: open a study, correct it, done, next."""

from __future__ import annotations

import weakref
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from napari.utils.notifications import show_warning
from qtpy.compat import isalive
from qtpy.QtGui import QShowEvent

from napari_tbcad.case import Verdict
from napari_tbcad.widgets.parts.worklist import WorklistView
from napari_tbcad.widgets.workflow.bench import Bench, Opening
from napari_tbcad.widgets.workflow.dock import Dock
from napari_tbcad.worklist_item import Item, ReadingState
from napari_tbcad.worklist_sources import FILMS, Kind


class WorklistPanel(Dock):
    """A folder or table of studies, read one after the other; the case of each is kept beside the list.

    Parameters
    ----------
    bench : Bench
        What the panels of a viewer share.

    Attributes
    ----------
    kind : Kind
        What is listed.
    blind : bool
        Whether the answer can be hidden from the person who reads.
    """

    kind: ClassVar[Kind] = FILMS
    blind: ClassVar[bool] = False

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self.view = WorklistView(kind=self.kind, blind=self.blind)
        self.view.set_reader(self.bench.reader)
        self.column.addWidget(self.view)
        self._opening: Opening | None = None
        self._wanted: Item | None = None
        self._shown: Item | None = None
        self.view.opened.connect(self._open)
        self.view.done.connect(self._done)
        # Bound methods only, which Qt holds weakly: a lambda would keep a closed panel for good.
        self.view.accepted.connect(self._accepted)
        self.view.reader_changed.connect(self.bench.set_reader)
        self.view.blinded.connect(self._on_blinded)
        self.view.loaded.connect(self._forget)
        self.begin()

    # -- what a workflow says -------------------------------------------------------------------------

    def open_files(self, item: Item) -> Opening:
        """Open an item that has no case yet."""
        return self.bench.open_film(item.path)

    def objection(self, session: Any) -> str:
        """Return why a reading is not finished yet, as a sentence; empty when it is."""
        return ""

    # -- the bench ------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Follow the bench."""
        super().begin()
        self.bench.film_changed.connect(self._on_film)
        self._take_keys()
        self.destroyed.connect(partial(_let_go, weakref.ref(self.bench)))

    def refresh(self) -> None:
        """Show who reads, as a panel may have been told; of the session only its desk matters here."""
        self._soon.stop()
        if self.bench.reader != self.view.reader:
            self.view.set_reader(self.bench.reader)

    def showEvent(self, event: QShowEvent) -> None:
        """Take the keys: another workflow's worklist may have had them."""
        super().showEvent(event)
        self._take_keys()

    def _take_keys(self) -> None:
        view = self.view
        self.bench.set_keys({"previous": view.go_previous, "next": view.go_next, "done": view.finish})

    # -- opening --------------------------------------------------------------------------------------

    def _open(self, path: Path) -> None:
        item = self.view.current
        if item is None:
            return
        self._forget()
        self._wanted = item
        self.bench.close_film()
        self.view.show_busy(f"opening {item.name}")
        there = item.case.is_file()
        self._opening = self.bench.open_film(item.case) if there else self.open_files(item)
        self._opening.ended.connect(self._on_opened)

    def _forget(self) -> None:
        """Wait for nothing any more, and call nothing the list's: another is asked for, or another list."""
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

    def _show_item(self, item: Item, session: Any) -> None:
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
        # What the person opened by hand is none of the list's; one of the list is again.
        found = self._item_at(session.desk.home)
        path, shown = (None if item is None else item.path for item in (found, self._shown))
        self._shown = found
        if path != shown:
            self.view.set_current(path)

    def _on_blinded(self, blind: bool) -> None:
        self.bench.blind = blind  # type: ignore[attr-defined]
        self.bench.changed.emit()

    # -- saving ---------------------------------------------------------------------------------------

    def _done(self) -> None:
        review = self.view.current_state is ReadingState.TO_REVIEW
        self._save("changed" if review else "made")

    def _accepted(self) -> None:
        self._save("accepted")

    def _save(self, verdict: Verdict) -> None:
        session = self._session_of_list()
        if session is None or self._shown is None:
            self.view.show_error(f"Open the {self.kind.thing} first.")
            return
        if problem := session.film_problem or self.objection(session):
            self.view.show_error(problem)
            if not self.isVisible():
                # Behind the tab of the panel that is worked in.
                show_warning(problem)
            return
        session.desk.save(self._shown.case, verdict=verdict, reader=self.view.reader)

    def _item_at(self, case: Path | None) -> Item | None:
        """Return the study of the list whose case belongs there."""
        items = self.view.worklist.items if self.view.worklist is not None and case is not None else ()
        return next((item for item in items if item.case == case), None)

    def _session_of_list(self) -> Any:
        session = self.bench.session
        return session if session is not None and session.desk.home is not None else None

    def _on_saved(self, path: Path) -> None:
        # Also when another study was chosen while this one was being written.
        if (item := self._item_at(path)) is not None:
            self.view.mark(item.path)

    def _show_work(self) -> None:
        pass


def _let_go(bench: weakref.ref[Any], gone: object = None) -> None:
    """Take keys and blindfold away with the panel; at the end of the program the bench may be gone first."""
    if (alive := bench()) is not None and isalive(alive):
        alive.set_keys({})
        if hasattr(alive, "blind"):
            alive.blind = False
        alive.changed.emit()
