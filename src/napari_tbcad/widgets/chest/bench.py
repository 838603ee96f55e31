"""What all chest panels of one viewer share: the film chosen, its session, the model."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.layers import Image

from napari_tbcad.widgets.chest.session import ChestSession
from napari_tbcad.widgets.chest.shelf import ModelShelf
from napari_tbcad.widgets.collecting import without_searching
from napari_tbcad.widgets.films import films_of
from napari_tbcad.widgets.proxies import bare
from napari_tbcad.widgets.workflow.bench import Actions, Bench
from napari_tbcad.widgets.workflow.bench import Opening as Opening

if TYPE_CHECKING:
    from napari_tbcad.widgets.chest.viewing import Viewing


class ChestBench(Bench):
    """The workbench of the films of one viewer.

    Parameters
    ----------
    viewer : napari.Viewer
        Held weakly.

    Attributes
    ----------
    session : ChestSession or None
        Session of the chosen film.
    viewing : Viewing or None
        Window and level, ruler and keys, while a panel is open.
    shelf : ModelShelf
        The model.
    blind : bool
        Whether the answer is hidden from the person who reads, as the worklist was told.
    """

    session: ChestSession | None
    viewing: Viewing | None

    def __init__(self, viewer: Any) -> None:
        super().__init__(viewer)
        self.shelf = ModelShelf(self)
        self.blind = False
        self.shelf.ready.connect(self.changed)
        self.changed.connect(self._follow_blindfold)
        self.shelf.load_packaged()

    def films(self) -> list[Image]:
        """Return the layers that can be chosen, the topmost first."""
        viewer = self._viewer()
        return films_of(viewer) if viewer is not None else []

    def make_session(self, layer: Image) -> ChestSession:
        """Return the session of a film chosen for the first time."""
        session, bench = ChestSession(self._viewer(), layer, self.shelf), weakref.ref(self)
        session.look.evidence.hidden = lambda: (alive := bench()) is not None and alive.blind
        return session

    def _follow_blindfold(self) -> None:
        """Show, or hide, what the map of opacities gives away."""
        if self.session is not None and self.session.look.evidence.was_hidden != self.blind:
            self.session.look.refresh()

    def make_viewing(self) -> Viewing:
        """Return window and level, ruler and keys."""
        from napari_tbcad.widgets.chest.viewing import Viewing

        return Viewing(self)

    def actions(self) -> Actions:
        """Return what the keys of the chest panels do."""
        from napari_tbcad.widgets.chest.actions import actions

        return actions(self)

    def read(self, path: Path) -> list[Any]:
        """Read a film or a saved case."""
        from napari_tbcad.widgets.reader import layers_of

        return layers_of(path)

    def read_sample(self, key: str) -> list[Any]:
        """Read one of the project's phantoms."""
        from napari_tbcad.widgets.samples import sample_layers

        return sample_layers(key)

    def close_film(self) -> None:
        """Take the chosen film and its masks out of the viewer."""
        viewer, film, session = self._viewer(), self.film, self.session
        if viewer is None or film is None or film not in viewer.layers:
            return
        if session is not None:
            session.take_last()
        with without_searching():
            if session is not None:
                session.layers.remove()
            viewer.layers.remove(film)


_BENCHES: weakref.WeakKeyDictionary[Any, ChestBench] = weakref.WeakKeyDictionary()


def bench_of(viewer: Any) -> ChestBench:
    """Return the workbench of a viewer, made on first use."""
    viewer = bare(viewer)
    if viewer not in _BENCHES:
        _BENCHES[viewer] = ChestBench(viewer)
    return _BENCHES[viewer]
