"""What all chest panels of one viewer share: the film chosen, its session, the model."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.layers import Image
from napari.utils.notifications import show_error
from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal

from napari_tbcad.widgets.chest.session import ChestSession
from napari_tbcad.widgets.chest.shelf import ModelShelf
from napari_tbcad.widgets.films import films_of
from napari_tbcad.widgets.proxies import bare
from napari_tbcad.widgets.work import CoreLeft, leave_a_core, start_call

if TYPE_CHECKING:
    from napari_tbcad.widgets.chest.viewing import Viewing

_LAST_WAIT_S = 3.0


class ChestBench(QObject):
    """The workbench of one viewer. Panels come and go; film, masks and corrections stay on it.

    Parameters
    ----------
    viewer : napari.Viewer
        Held weakly.

    Attributes
    ----------
    film_changed : Signal
        Another film (or none) is chosen.
    films_changed : Signal
        Films were added, removed, moved or renamed.
    changed : Signal
        Anything that a panel shows of the chosen film may differ.
    complained : Signal(str)
        Something that a person asked for cannot be done, and why.
    masks_made : Signal
        The chosen film got a new mask layer.
    save_wanted : Signal
        The key that saves was pressed.
    session : ChestSession or None
        Session of the chosen film.
    viewing : Viewing or None
        Window and level, ruler and keys, while a panel is open.
    reader : str
        Who reads, as the worklist was told; empty when nobody said.
    blind : bool
        Whether the answer is hidden from the person who reads, as the worklist was told.
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
        self.shelf = ModelShelf(self)
        self.session: ChestSession | None = None
        self.reader = ""
        self.blind = False
        self.viewing: Viewing | None = None
        self.more_keys: dict[str, Callable[[], None]] = {}
        self._film: weakref.ref[Image] | None = None
        self._known: list[weakref.ref[Image]] = []
        self._sessions: weakref.WeakKeyDictionary[Image, ChestSession] = weakref.WeakKeyDictionary()
        self._panels = 0
        self._core: CoreLeft | None = None
        self.shelf.ready.connect(self.changed)
        self.shelf.load_packaged()

    # -- panels ---------------------------------------------------------------------------------------

    def attach(self) -> None:
        """A panel was docked: follow the viewer."""
        self._panels += 1
        viewer = self._viewer()
        if self._panels > 1 or viewer is None:
            return
        from napari_tbcad.widgets.chest.viewing import Viewing

        self._core = leave_a_core()
        self.viewing = Viewing(self)
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
            session.desk.finish_asked()
            # The program may end with the window, and threads with it.
            session.desk.flush(wait_s=_LAST_WAIT_S)
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

    def set_keys(self, more: Mapping[str, Callable[[], None]]) -> None:
        """Have more keys bound while a panel is open, such as those of a worklist; none takes them away."""
        self.more_keys = dict(more)
        if self.viewing is not None:
            self.viewing.bind_keys()

    # -- films ----------------------------------------------------------------------------------------

    @property
    def viewer(self) -> Any:
        """The viewer while it lives."""
        return self._viewer()

    @property
    def film(self) -> Image | None:
        """Layer of the chosen film."""
        return self._film() if self._film is not None else None

    def films(self) -> list[Image]:
        """Return the layers that can be chosen, the topmost first."""
        viewer = self._viewer()
        return films_of(viewer) if viewer is not None else []

    def choose(self, layer: Image | None) -> None:
        """Choose a film."""
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

    def session_of(self, layer: Image) -> ChestSession:
        """Return the session of a film, made on first use."""
        if layer not in self._sessions:
            self._sessions[layer] = ChestSession(self._viewer(), layer, self.shelf)
        return self._sessions[layer]

    def open_film(self, path: str | Path) -> Opening:
        """Open a film, or a saved case, from a file, in the way the command line reads it.

        Returns
        -------
        Opening
            Its `ended` tells of this film, and of no other that is opened meanwhile.
        """
        from napari_tbcad.widgets.reader import layers_of

        return self._open(lambda: layers_of(Path(path)))

    def open_sample(self, key: str) -> Opening:
        """Open one of the project's phantoms; as :meth:`open_film`."""
        from napari_tbcad.widgets.samples import sample_layers

        return self._open(lambda: sample_layers(key))

    def close_film(self) -> None:
        """Take the chosen film and its masks out of the viewer."""
        viewer, film, session = self._viewer(), self.film, self.session
        if viewer is None or film is None or film not in viewer.layers:
            return
        if session is not None:
            session.take_last()
            session.layers.remove()
        viewer.layers.remove(film)

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
        viewer, film = self._viewer(), None
        if viewer is None or not self._panels:
            # The window was closed while the film was being read.
            return None
        for data, options, _ in layers:
            film = viewer.add_image(data, **options)
            self.choose(film)
        viewer.reset_view()
        return film

    def _complain(self, error: Exception) -> None:
        self.complained.emit(str(error))
        show_error(str(error))

    def _on_renamed(self, event: Any = None) -> None:
        self.films_changed.emit()

    def _on_layers(self, event: Any = None) -> None:
        films, known = self.films(), self._alive()
        for gone in (film for film in known if film not in films):
            gone.events.name.disconnect(self._on_renamed)
            if (session := self._sessions.pop(gone, None)) is not None:
                session.close(film_gone=True)
        added = [film for film in films if film not in known]
        for film in added:
            film.events.name.connect(self._on_renamed)
        self._known = [weakref.ref(film) for film in films]
        current = self.film
        if current is None or current not in films:
            self._film = None
            self.choose(films[0] if films else None)
        elif added and event is not None:
            # A film just opened is what the person wants to look at.
            self.choose(added[0])
        self.films_changed.emit()


class Opening(QObject):
    """One film being opened, so that who asked for it takes no other film for it.

    Parameters
    ----------
    bench : ChestBench
        Where the film is opened; it keeps this object until then.

    Attributes
    ----------
    ended : Signal(object)
        The film is there, or will not come; sends this object itself, once.
    film : Image or None
        Its layer, chosen; None before, without a film, or when the window was closed meanwhile.
    problem : str
        Why it cannot be opened; empty when it can.
    """

    ended = Signal(object)

    def __init__(self, bench: ChestBench) -> None:
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
            bench._complain(error)
        self._end()

    def _end(self) -> None:
        self.ended.emit(self)
        self.film = None
        self.deleteLater()


_BENCHES: weakref.WeakKeyDictionary[Any, ChestBench] = weakref.WeakKeyDictionary()


def bench_of(viewer: Any) -> ChestBench:
    """Return the workbench of a viewer, made on first use."""
    viewer = bare(viewer)
    if viewer not in _BENCHES:
        _BENCHES[viewer] = ChestBench(viewer)
    return _BENCHES[viewer]
