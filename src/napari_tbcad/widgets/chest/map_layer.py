"""A map laid over the film, such as how likely or how sure something is at every place."""

from __future__ import annotations

import weakref
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from napari.layers import Image
from napari.utils import Colormap
from numpy.typing import NDArray
from qtpy.QtCore import QTimer

from napari_tbcad.widgets.chest.layers import KINDS
from napari_tbcad.widgets.chest.placing import covering
from napari_tbcad.widgets.films import PREVIEW

if TYPE_CHECKING:
    from napari_tbcad.widgets.chest.session import ChestSession


class MapLayer:
    """A layer of values in [0, 1] over one film: shown while it is wanted and up to date.

    Parameters
    ----------
    session : ChestSession
        Held weakly.

    Attributes
    ----------
    wanted : bool
        Whether a person wants to see it.
    suffix : str
        The layer is named after the film and this.
    colours : Colormap
        From nothing to the highest value.
    """

    suffix: ClassVar[str]
    colours: ClassVar[Colormap]

    def __init__(self, session: ChestSession) -> None:
        self._session = weakref.ref(session)
        self._layer: weakref.ref[Image] | None = None
        self._shown: tuple[Any, ...] = ()
        self.wanted = True

    # -- what is shown --------------------------------------------------------------------------------

    def found(self, session: ChestSession) -> Any:
        """Return what is to be shown of a session whose film is there; None for nothing."""
        raise NotImplementedError

    def view(self) -> tuple[Any, ...]:
        """Return how it is shown; when this or what was found differs, the layer is drawn anew."""
        return ()

    def pixels(self, found: Any) -> NDArray[np.float32]:
        """Return the values (h, w) over the film's field of view."""
        raise NotImplementedError

    # -- the layer ------------------------------------------------------------------------------------

    @property
    def layer(self) -> Image | None:
        """The layer while it is in the viewer."""
        session, layer = self._session(), self._layer() if self._layer is not None else None
        viewer = session.viewer if session is not None else None
        return layer if layer is not None and viewer is not None and layer in viewer.layers else None

    def show(self, wanted: bool) -> None:
        """Show it, or take it away."""
        self.wanted = wanted
        self.changed()

    def changed(self) -> None:
        """Have all that shows the session brought up to date."""
        if (session := self._session()) is not None:
            session.changed.emit()

    def refresh(self, *, active: bool) -> None:
        """Bring the layer up to what the session holds now."""
        session = self._session()
        if session is None or session.viewer is None:
            return
        film, old = session.layer, self.layer
        there = active and self.wanted and film is not None and film in session.viewer.layers
        found = self.found(session) if there else None
        if found is None:
            if old is not None:
                session.viewer.layers.remove(old)
            self._layer, self._shown = None, ()
            return
        # A person who took the layer away keeps it away until there is something new.
        state = (found, *self.view())
        if len(state) == len(self._shown) and all(a is b for a, b in zip(state, self._shown, strict=True)):
            return
        pixels, self._shown = self.pixels(found), state
        if old is not None and old.data.shape == pixels.shape:
            old.data = pixels
            return
        if old is not None:
            session.viewer.layers.remove(old)
        self._layer = weakref.ref(self._added(session.viewer, film, pixels))

    def leave(self) -> None:
        """Take the layer away a moment later: the film may be one of several layers just being removed."""
        session, layer = self._session(), self.layer
        self._layer, self._shown = None, ()
        if session is not None and layer is not None:
            viewer, gone = weakref.ref(session.viewer), weakref.ref(layer)
            QTimer.singleShot(0, partial(_remove, viewer, gone))

    def place(self) -> None:
        """Keep it on the film when a person moves that."""
        session, layer = self._session(), self.layer
        film = session.layer if session is not None else None
        if film is not None and layer is not None:
            for name, value in covering(film, layer.data.shape).items():
                setattr(layer, name, value)

    def _added(self, viewer: Any, film: Image, pixels: NDArray[np.float32]) -> Image:
        layer = Image(
            pixels,
            name=f"{film.name} {self.suffix}",
            **covering(film, pixels.shape),
            axis_labels=film.axis_labels,
            colormap=self.colours,
            contrast_limits=(0, 1),
            blending="translucent",
            interpolation2d="linear",
            opacity=0.8,
            metadata={PREVIEW: True},
        )
        # Over the masks too, whose colours would hide it.
        session = self._session()
        masks = [] if session is None else map(session.layers.layer, KINDS)
        below = [film, *(mask for mask in masks if mask is not None)]
        chosen = set(viewer.layers.selection)
        viewer.layers.insert(max(map(viewer.layers.index, below)) + 1, layer)
        viewer.layers.selection = chosen
        return layer


def _remove(viewer: weakref.ref[Any], layer: weakref.ref[Image]) -> None:
    alive, gone = viewer(), layer()
    if alive is not None and gone is not None and gone in alive.layers:
        alive.layers.remove(gone)
