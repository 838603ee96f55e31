"""A film of an evaluation or a batch in the viewer, judged by the model that judged it there.

That model is lent to the chest panels while the film is chosen; with any other film, and once the person
wants it so, their own model comes back.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.layers import Image
from qtpy.QtCore import QObject, QSignalBlocker, Signal

from napari_tbcad.widgets.chest.layers import KINDS
from napari_tbcad.widgets.panels import CHEST, show_panel
from napari_tbcad.widgets.proxies import bare

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_tbcad.chain import Run
    from napari_tbcad.widgets.chest.bench import ChestBench, Opening
    from napari_tbcad.widgets.chest.session import ChestSession

_LINE = 2
"""Thickness of a mask's outline."""
GIVEN = "file of the batch"
"""Tool of edits that were a person's in a batch: masks that came with the study when it was opened."""


@dataclass(frozen=True)
class Wanted:
    """A film to be opened.

    Parameters
    ----------
    path : Path
        The film.
    model : Path or None
        The model file that is lent for it, such as that of the fold that did not see it; None for the
        person's own model.
    said : str
        Why that model judges it.
    card : str
        What is known of the film, without who judges it.
    begin : callable, optional
        Called with the film's session in the place of computing and explaining everything.
    """

    path: Path
    model: Path | None
    said: str
    card: str = ""
    begin: Callable[[ChestSession], None] | None = None


class FilmOpener(QObject):
    """Opens films of evaluations, or of batches, in one viewer.

    Parameters
    ----------
    viewer : napari.Viewer
        Held weakly.
    parent : QObject, optional
        Qt parent.

    Attributes
    ----------
    opened : Signal(object)
        A film is there (:class:`Wanted`).
    returned : Signal(object)
        A film (:class:`Wanted`) is judged by the own model again, no longer by the one of its fold.
    docked : Signal
        A chest panel was docked for it, in front of what was there.
    failed : Signal(str)
        It cannot be opened, and why.
    busy : bool
        Whether a film is being read.
    """

    opened = Signal(object)
    returned = Signal(object)
    docked = Signal()
    failed = Signal(str)

    def __init__(self, viewer: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = weakref.ref(bare(viewer))
        self._loans: weakref.WeakKeyDictionary[Image, Wanted] = weakref.WeakKeyDictionary()
        self._bench: ChestBench | None = None
        self._last: weakref.ref[Image] | None = None
        self._wanted: Wanted | None = None
        self._next: Wanted | None = None
        self._opening: Opening | None = None
        self._lent: Path | None = None

    @property
    def busy(self) -> bool:
        """Whether a film is being read."""
        return self._opening is not None

    def open(self, wanted: Wanted) -> None:
        """Open a film, or choose it where it is open; everything about it is computed.

        While one is being read, the film asked for last comes after it, and in its place.
        """
        if not wanted.path.exists():
            self.failed.emit(f"{wanted.path.name}: the film is not there any more ({wanted.path.parent}).")
            return
        if self.busy:
            self._next = wanted
            return
        bench = self._ready()
        if bench is None:
            return
        # A film that was deleted may live on in somebody's hands: only those of the viewer count.
        there = (film for film in bench.films() if film in self._loans)
        known = next((film for film in there if self._loans[film].path == wanted.path), None)
        if known is not None:
            self._loans[known] = wanted
            bench.choose(known)
            self._follow()
            self._show(wanted)
            return
        self._close_last(bench)
        self._wanted = wanted
        self._lend(bench, wanted)
        self._opening = bench.open_film(wanted.path)
        self._opening.ended.connect(self._on_open)

    # -- inside ---------------------------------------------------------------------------------------

    def _ready(self) -> ChestBench | None:
        """Return the bench of the chest panels, one of which is docked."""
        from napari_tbcad.widgets.chest.bench import bench_of

        viewer = self._viewer()
        if viewer is None:
            return None
        bench = bench_of(viewer)
        if self._bench is None:
            self._bench = bench
            bench.film_changed.connect(self._follow)
            bench.masks_made.connect(self._outline)
            bench.shelf.ready.connect(self._on_model)
        if bench.viewing is None:  # no chest panel is open
            show_panel(viewer, CHEST)
            self.docked.emit()
        return bench

    def _on_open(self, opening: Opening) -> None:
        wanted, self._wanted, self._opening = self._wanted, None, None
        after, self._next = self._next, None
        if wanted is None or self._bench is None:
            return
        if opening.film is None:
            self._follow()
            if opening.problem:
                self.failed.emit(opening.problem)
                if after is not None:
                    self.open(after)
            return  # without a problem the window, or the chest panel, was closed meanwhile
        self._loans[opening.film] = wanted
        self._last = weakref.ref(opening.film)
        if after is not None and after.path != wanted.path:
            self.open(after)
            return
        # The same film may have been asked for as another classifier judged it.
        self._loans[opening.film] = wanted = after or wanted
        self._follow()
        self._show(wanted)

    def _show(self, wanted: Wanted) -> None:
        """Compute masks, features and answer, and show what moved it."""
        session = self._bench.session if self._bench is not None else None
        if session is not None and wanted.begin is not None:
            wanted.begin(session)
        elif session is not None:
            self._outline()
            # One map at a time: why it was decided so, not where opacities are.
            session.look.evidence.show(False)
            session.explaining.want(True)
            session.run_all()
        self.opened.emit(wanted)

    def _outline(self) -> None:
        """Draw masks as lines: filled, their blue and orange would be taken for the evidence's."""
        bench = self._bench
        if bench is None or bench.session is None or bench.film is None:
            return
        loan = self._loans.get(bench.film)
        if loan is None or loan.begin is not None:
            return
        for kind in KINDS:
            if (layer := bench.session.layers.layer(kind)) is not None:
                layer.contour = _LINE

    def _close_last(self, bench: ChestBench) -> None:
        """Take the film before out of the viewer, unless the person worked on it."""
        last = self._last() if self._last is not None else None
        if last is None or bench.film is not last or bench.session is None:
            return
        if not worked_on(bench.session.run):
            bench.close_film()

    def _lend(self, bench: ChestBench, wanted: Wanted) -> None:
        if wanted.model is None:
            bench.shelf.give_back()
        elif self._lent != wanted.model or not bench.shelf.lent:
            self._lent = wanted.model
            # Should this model be refused, the own one judges: that of another fold may have seen the film.
            with QSignalBlocker(bench.shelf):
                bench.shelf.give_back()
            bench.shelf.borrow(wanted.model, wanted.said)

    def _follow(self) -> None:
        """Lend the model of the film that is chosen now; with any other film the own one comes back."""
        bench = self._bench
        if bench is None or self.busy:
            return
        loan = self._loans.get(bench.film) if bench.film is not None else None
        if loan is None:
            bench.shelf.give_back()
        else:
            self._lend(bench, loan)

    def _on_model(self) -> None:
        """The own model is back because the person wants it, or the one of the fold was refused."""
        bench = self._bench
        if bench is None or self.busy or bench.shelf.lent or bench.film is None:
            return
        loan = self._loans.get(bench.film)
        if loan is not None and loan.model is not None:
            # It stays a film of the evaluation: asked for again, it is chosen, not opened a second time.
            self._loans[bench.film] = replace(loan, model=None)
            self.returned.emit(loan)


def worked_on(run: Run | None) -> bool:
    """Tell whether a person did anything to a study since it was opened."""
    return run is not None and any(edit.tool != GIVEN for edit in run.journal)
