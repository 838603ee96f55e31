"""What all panels of one workflow in one viewer share: the study chosen and its session."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from napari.layers import Image
from napari.utils.notifications import show_error
from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal

from napari_tbcad.widgets.proxies import bare
from napari_tbcad.widgets.work import CoreLeft, leave_a_core, start_call

Actions = Mapping[str, Callable[[], None]]

_BENCHES: weakref.WeakSet[Bench] = weakref.WeakSet()
_LAST_WAIT_S = 3.0
"""How long the end of the program waits for what is being saved on the side."""


class Bench(QObject):
    """The workbench of one viewer. Panels come and go; study, labels and corrections stay on it.

    A study is known by one Image layer of it.

    Parameters
    ----------
    viewer : napari.Viewer
        Held weakly.

    Attributes
    ----------
    film_changed : Signal
        Another study (or none) is chosen.
    films_changed : Signal
        Studies were added, removed, moved or renamed.
    changed : Signal
        Anything that a panel shows of the chosen study may differ.
    complained : Signal(str)
        Something that a person asked for cannot be done, and why.
    masks_made : Signal
        The chosen study got a new layer that can be painted.
    save_wanted : Signal
        The key that saves was pressed.
    session : Session or None
        Session of the chosen study.
    viewing : object or None
        How studies are looked at, while a panel is open.
    reader : str
        Who reads, as the panel or a worklist was told; empty when nobody said.
    more_keys : dict
        What further keys do while a panel is open.
    """

    film_changed = Signal()
    films_changed = Signal()
    changed = Signal()
    complained = Signal(str)
    masks_made = Signal()
    save_wanted = Signal()

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = weakref.ref(bare(viewer))
        self.session: Any = None
        self.viewing: Any = None
        self.reader = ""
        self.more_keys: dict[str, Callable[[], None]] = {}
        self._film: weakref.ref[Image] | None = None
        self._known: list[weakref.ref[Image]] = []
        self._sessions: weakref.WeakKeyDictionary[Image, Any] = weakref.WeakKeyDictionary()
        self._panels = 0
        self._core: CoreLeft | None = None
        _BENCHES.add(self)

    # -- what a workflow says -------------------------------------------------------------------------

    def films(self) -> list[Image]:
        """Return the layers that can be chosen, the topmost first."""
        raise NotImplementedError

    def make_session(self, layer: Image) -> Any:
        """Return the session of a study chosen for the first time."""
        raise NotImplementedError

    def make_viewing(self) -> Any:
        """Return what looks after keys and display; released with the last panel."""
        raise NotImplementedError

    def actions(self) -> Actions:
        """Return what the keys of this workflow do, by their names in the registry of keys."""
        return {}

    def read(self, path: Path) -> list[Any]:
        """Read a study from a file, as layer tuples; on a worker."""
        raise NotImplementedError

    def read_sample(self, key: str) -> list[Any]:
        """Read one of the project's own samples, as layer tuples; on a worker."""
        raise NotImplementedError

    def add(self, viewer: Any, layers: list[Any]) -> Image | None:
        """Put what was read into the viewer, choose it, and return its layer."""
        film = None
        for data, options, _ in layers:
            film = viewer.add_image(data, **options)
            self.choose(film)
        return film

    def leave(self, session: Any) -> None:
        """The last panel was closed: save what was asked to be, and what waits on the side."""
        session.desk.finish_asked()
        # The program may end with the window, and threads with it.
        session.desk.flush(wait_s=_LAST_WAIT_S)

    def session_gone(self, layer: Image, session: Any) -> None:
        """The layer that a study is known by was taken out of the viewer."""
        session.close(film_gone=True)

    # -- panels ---------------------------------------------------------------------------------------

    def attach(self) -> None:
        """A panel was docked: follow the viewer."""
        self._panels += 1
        viewer = self._viewer()
        if self._panels > 1 or viewer is None:
            return
        self._core = leave_a_core()
        self.viewing = self.make_viewing()
        for event in self._events(viewer):
            event.connect(self._on_layers)
        self._on_layers()

    def detach(self) -> None:
        """A panel was closed or destroyed: with the last one work stops; what was done stays."""
        self._panels -= 1
        if self._panels:
            return
        # At the end of the program Qt deletes in an order of its own.
        for session in filter(isalive, list(self._sessions.values())):
            session.take_last()
            session.cancel()
            self.leave(session)
        if self._core is not None:
            self._core.release()
            self._core = None
        if self.viewing is not None and isalive(self.viewing):
            self.viewing.release()
            self.viewing.deleteLater()
        self.viewing = None
        viewer = self._viewer()
        if viewer is not None:
            for event in self._events(viewer):
                event.disconnect(self._on_layers)
        for film in self._alive():
            film.events.name.disconnect(self._on_renamed)
        self._known = []

    def set_keys(self, more: Actions) -> None:
        """Have more keys bound while a panel is open, such as those of a worklist; none takes them away."""
        self.more_keys = dict(more)
        if self.viewing is not None:
            self.viewing.bind_keys()

    # -- studies --------------------------------------------------------------------------------------

    @property
    def viewer(self) -> Any:
        """The viewer while it lives."""
        return self._viewer()

    @property
    def film(self) -> Image | None:
        """Layer of the chosen study."""
        return self._film() if self._film is not None else None

    def choose(self, layer: Image | None) -> None:
        """Choose a study."""
        if layer is self.film and (layer is None) == (self.session is None):
            return
        self._film = weakref.ref(layer) if layer is not None else None
        old, self.session = self.session, None
        if old is not None:
            old.changed.disconnect(self.changed)
            old.layers.made.disconnect(self.masks_made)
            old.look.close()
        self.session = self.session_of(layer) if layer is not None else None
        if self.session is not None:
            self.session.changed.connect(self.changed)
            self.session.layers.made.connect(self.masks_made)
            self.session.look.open()
        self.film_changed.emit()

    def session_of(self, layer: Image) -> Any:
        """Return the session of a study, made on first use."""
        if layer not in self._sessions:
            self._sessions[layer] = self.make_session(layer)
            self._sessions[layer].edits.reader = self.reader
        return self._sessions[layer]

    def sessions(self) -> list[Any]:
        """Return the sessions of the studies that were chosen so far."""
        there = {id(session): session for session in self._sessions.values() if isalive(session)}
        return list(there.values())

    def set_reader(self, reader: str) -> None:
        """Say who reads: journal and readings name them from now on.

        Signs with which a spreadsheet begins a formula do not begin a name: it is written into tables.
        """
        self.reader = reader.strip().lstrip("=+-@\t ")
        for session in filter(isalive, list(self._sessions.values())):
            session.edits.reader = self.reader
        self.changed.emit()

    def open_film(self, path: str | Path) -> Opening:
        """Open a study from a file, in the way the command line reads it.

        Returns
        -------
        Opening
            Its `ended` tells of this study, and of no other that is opened meanwhile.
        """
        return self._open(lambda: self.read(Path(path)))

    def open_sample(self, key: str) -> Opening:
        """Open one of the project's own samples; as :meth:`open_film`."""
        return self._open(lambda: self.read_sample(key))

    # -- inside ---------------------------------------------------------------------------------------

    @staticmethod
    def _events(viewer: Any) -> tuple[Any, ...]:
        events = viewer.layers.events
        return events.inserted, events.removed, events.reordered

    def _alive(self) -> list[Image]:
        return [film for film in (known() for known in self._known) if film is not None]

    def _open(self, read: Callable[[], list[Any]]) -> Opening:
        opening = Opening(self)
        start_call(read, on_result=opening.take, on_error=opening.fail)
        return opening

    def _add(self, layers: list[Any]) -> Image | None:
        viewer = self._viewer()
        if viewer is None or not self._panels:
            # The window was closed while the study was being read.
            return None
        film = self.add(viewer, layers)
        viewer.reset_view()
        return film

    def complain(self, error: Exception) -> None:
        """Say why something cannot be done."""
        self.complained.emit(str(error))
        show_error(str(error))

    def _on_renamed(self, event: Any = None) -> None:
        self.films_changed.emit()

    def _on_layers(self, event: Any = None) -> None:
        films, known = self.films(), self._alive()
        for gone in (film for film in known if film not in films):
            gone.events.name.disconnect(self._on_renamed)
            if (session := self._sessions.pop(gone, None)) is not None:
                self.session_gone(gone, session)
        added = [film for film in films if film not in known]
        for film in added:
            film.events.name.connect(self._on_renamed)
        self._known = [weakref.ref(film) for film in films]
        current = self.film
        if current is None or current not in films:
            self._film = None
            self.choose(films[0] if films else None)
        elif added and event is not None:
            # What was just opened is what the person wants to look at.
            self.choose(added[0])
        self.films_changed.emit()


def benches_of(viewer: Any) -> list[Bench]:
    """Return the workbenches that there are of a viewer; none is made."""
    viewer = bare(viewer)
    return [bench for bench in _BENCHES if isalive(bench) and bench.viewer is viewer]


class Opening(QObject):
    """One study being opened, so that who asked for it takes no other for it.

    Parameters
    ----------
    bench : Bench
        Where it is opened; it keeps this object until then.

    Attributes
    ----------
    ended : Signal(object)
        It is there, or will not come; sends this object itself, once.
    film : Image or None
        Its layer, chosen; None before, without one, or when the window was closed meanwhile.
    problem : str
        Why it cannot be opened; empty when it can.
    """

    ended = Signal(object)

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self._bench = weakref.ref(bench)
        self.film: Image | None = None
        self.problem = ""

    def take(self, layers: list[Any]) -> None:
        """Show what was read."""
        bench = self._bench()
        if bench is not None:
            self.film = bench._add(layers)
        self._end()

    def fail(self, error: Exception) -> None:
        """Say why it could not be read."""
        self.problem = str(error)
        bench = self._bench()
        if bench is not None:
            bench.complain(error)
        self._end()

    def _end(self) -> None:
        self.ended.emit(self)
        self.film = None
        self.deleteLater()
