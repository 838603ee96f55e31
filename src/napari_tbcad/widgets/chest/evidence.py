"""The evidence layer: where the opacity network sees something, laid over the film."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image
from napari.utils import Colormap
from numpy.typing import NDArray
from qtpy.QtCore import QTimer

from napari_tbcad.widgets.chest.placing import covering
from napari_tbcad.widgets.films import PREVIEW

if TYPE_CHECKING:
    from napari_tbcad.chest.evidence import Evidence
    from napari_tbcad.widgets.chest.session import ChestSession

HEAT = Colormap(
    [(0.8, 0.475, 0.655, 0.0), (0.8, 0.475, 0.655, 0.0), (0.8, 0.475, 0.655, 0.45), (1.0, 0.86, 0.95, 0.95)],
    name="opacity evidence",
    controls=[0.0, 0.1, 0.5, 1.0],
)
"""Nothing below 0.1, Okabe-Ito reddish purple from there, lighter and denser the surer."""


class EvidenceLayer:
    """The layer "… opacities" of one film: shown while wanted, fresh, and the answer is not hidden.

    Parameters
    ----------
    session : ChestSession
        Held weakly.

    Attributes
    ----------
    wanted : bool
        Whether a person wants to see it.
    lungs_only : bool
        Whether what lies outside the insensitive mask is left out.
    hidden : callable
        Returns True while the answer is hidden from who reads.
    was_hidden : bool
        What that said when the layer was last brought up to date.
    """

    def __init__(self, session: ChestSession) -> None:
        self._session = weakref.ref(session)
        self._layer: weakref.ref[Image] | None = None
        self._shown: tuple[Any, ...] = ()
        self.wanted = True
        self.lungs_only = True
        self.hidden: Callable[[], bool] = lambda: False
        self.was_hidden = False

    @property
    def layer(self) -> Image | None:
        """The layer while it is in the viewer."""
        session, layer = self._session(), self._layer() if self._layer is not None else None
        viewer = session.viewer if session is not None else None
        return layer if layer is not None and viewer is not None and layer in viewer.layers else None

    def show(self, wanted: bool) -> None:
        """Show it, or take it away."""
        self.wanted = wanted
        self._changed()

    def show_lungs_only(self, lungs_only: bool) -> None:
        """Leave out, or show, what lies outside the lungs."""
        self.lungs_only = lungs_only
        self._changed()

    def refresh(self, *, active: bool) -> None:
        """Bring the layer up to what the session holds now."""
        session = self._session()
        if session is None or session.viewer is None:
            return
        self.was_hidden = self.hidden()
        found, old = self._to_show(session) if active else None, self.layer
        if found is None:
            if old is not None:
                session.viewer.layers.remove(old)
            self._layer, self._shown = None, ()
            return
        # A person who took the layer away keeps it away until there is something new.
        state = (found, self.lungs_only)
        if len(state) == len(self._shown) and all(a is b for a, b in zip(state, self._shown, strict=True)):
            return
        pixels, self._shown = pixels_of(found, lungs_only=self.lungs_only), state
        if old is not None and old.data.shape == pixels.shape:
            old.data = pixels
            return
        if old is not None:
            session.viewer.layers.remove(old)
        assert session.layer is not None
        self._layer = weakref.ref(_add(session.viewer, session.layer, pixels))

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

    def _to_show(self, session: ChestSession) -> Evidence | None:
        film = session.layer
        there = film is not None and film in session.viewer.layers
        if not (self.wanted and there) or self.was_hidden or not session.fresh("opacities"):
            return None
        return session.checks.evidence

    def _changed(self) -> None:
        if (session := self._session()) is not None:
            session.changed.emit()


def pixels_of(found: Evidence, *, lungs_only: bool) -> NDArray[np.float32]:
    """Return what the layer shows, (h, w) float32: the map, outside the lungs nothing when asked for."""
    return np.where(found.lungs, found.map, np.float32(0)) if lungs_only else found.map


def _remove(viewer: weakref.ref[Any], layer: weakref.ref[Image]) -> None:
    alive, gone = viewer(), layer()
    if alive is not None and gone is not None and gone in alive.layers:
        alive.layers.remove(gone)


def _add(viewer: Any, film: Image, pixels: NDArray[np.float32]) -> Image:
    layer = Image(
        pixels,
        name=f"{film.name} opacities",
        **covering(film, pixels.shape),
        axis_labels=film.axis_labels,
        colormap=HEAT,
        contrast_limits=(0, 1),
        blending="translucent",
        interpolation2d="linear",
        opacity=0.8,
        metadata={PREVIEW: True},
    )
    chosen = set(viewer.layers.selection)
    viewer.layers.insert(viewer.layers.index(film) + 1, layer)
    viewer.layers.selection = chosen
    return layer
