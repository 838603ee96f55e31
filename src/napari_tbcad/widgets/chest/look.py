"""How a film's layers are looked at: which mask, which outline, the enhanced film over the original."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image
from numpy.typing import NDArray

from napari_tbcad.widgets.chest.evidence import EvidenceLayer
from napari_tbcad.widgets.chest.explanation import DecisionLayer
from napari_tbcad.widgets.chest.placing import covering
from napari_tbcad.widgets.chest.uncertainty import UncertaintyLayer
from napari_tbcad.widgets.films import PREVIEW, geometry_events

if TYPE_CHECKING:
    from napari_tbcad.widgets.chest.session import ChestSession

OUTLINES = ("", "automatic", "difference")


class Look:
    """View state of one session, shared by all panels that show it. Nothing here is ever computed with.

    Parameters
    ----------
    session : ChestSession
        Held weakly.

    Attributes
    ----------
    kind : str
        The mask worked on: shown, while the other is hidden.
    outline : str
        ``""``, ``"automatic"`` or ``"difference"`` (what was added and taken away).
    preview : bool
        Whether the enhanced film lies over the original.
    evidence : EvidenceLayer
        Where the opacity network sees something.
    decision : DecisionLayer
        Where the evidence for the decision lies.
    uncertainty : UncertaintyLayer
        Where the segmenter of the lungs is unsure.
    """

    def __init__(self, session: ChestSession) -> None:
        self._session = weakref.ref(session)
        self._layer: weakref.ref[Image] | None = None
        self.kind = "insensitive"
        self.outline = ""
        self.preview = False
        self.evidence = EvidenceLayer(session)
        self.decision = DecisionLayer(session)
        self.uncertainty = UncertaintyLayer(session)
        self._active = False
        if session.layer is not None:
            # napari holds bound methods weakly: this ends with us.
            for event in geometry_events(session.layer):
                event.connect(self._on_geometry)

    def open(self) -> None:
        """The film was chosen: show what was shown of it before."""
        self._active = True
        self.refresh()

    def set_kind(self, kind: str) -> None:
        """Work on one mask."""
        if (session := self._session()) is not None:
            self.kind = kind
            session.layers.look_at(kind)
            session.changed.emit()

    def set_outline(self, outline: str) -> None:
        """Show one of :data:`OUTLINES`."""
        if (session := self._session()) is not None:
            self.outline = outline
            session.changed.emit()

    def set_preview(self, shown: bool) -> None:
        """Show, or take away, the enhanced film; it is computed first when it is out of date."""
        if (session := self._session()) is not None:
            self.preview = shown
            if shown and not session.fresh("enhanced"):
                session.request("upright", "enhanced")
            session.changed.emit()

    def refresh(self) -> None:
        """Bring outline, preview and maps up to what the session holds now."""
        session = self._session()
        if session is None or not self._active:
            return
        self._refresh_outline(session)
        self._refresh_preview(session)
        self.evidence.refresh(active=True)
        self.decision.refresh(active=True)
        self.uncertainty.refresh(active=True)

    def close(self) -> None:
        """Another film was chosen: take away what lies over this one until it is chosen again."""
        session, self._active = self._session(), False
        if session is not None and not session.closed:
            session.layers.overlay(None)
            self._refresh_preview(session)
        self.evidence.leave()
        self.decision.leave()
        self.uncertainty.leave()

    def _refresh_outline(self, session: ChestSession) -> None:
        labels: NDArray[np.uint8] | None = None
        if self.outline == "automatic":
            mask = session.value(self.kind, automatic=True)
            labels = mask.labels if mask is not None else None
        elif self.outline == "difference" and session.run is not None:
            labels = session.edits.difference(session.run, self.kind)
            mask = session.value(self.kind)
            if labels is None and mask is not None and not session.run.edited(self.kind):
                labels = np.zeros_like(mask.labels)
            elif labels is None:
                return  # it is being counted
        session.layers.overlay(labels, self.outline or "automatic")

    def _refresh_preview(self, session: ChestSession) -> None:
        viewer, film = session.viewer, session.layer
        layer = self._layer() if self._layer is not None else None
        if viewer is None:
            return
        if layer is not None and layer not in viewer.layers:
            layer, self._layer = None, None
        enhanced = session.value("enhanced")
        wanted = self.preview and self._active
        if not wanted or enhanced is None or film is None or film not in viewer.layers:
            if layer is not None:
                self._layer = None
                viewer.layers.remove(layer)
            return
        if layer is not None and layer.data.shape == enhanced.pixels.shape:
            if layer.data is not enhanced.pixels:
                layer.data = enhanced.pixels
            return
        if layer is not None:
            viewer.layers.remove(layer)
        self._layer = weakref.ref(_add_preview(viewer, film, enhanced.pixels))

    def _on_geometry(self, event: Any = None) -> None:
        """Keep the enhanced film and the maps on the original."""
        self.evidence.place()
        self.decision.place()
        self.uncertainty.place()
        session = self._session()
        film = session.layer if session is not None else None
        layer = self._layer() if self._layer is not None else None
        if film is not None and layer is not None:
            for name, value in covering(film, layer.data.shape).items():
                setattr(layer, name, value)


def _add_preview(viewer: Any, film: Image, pixels: NDArray[np.float32]) -> Image:
    preview = Image(
        pixels,
        name=f"{film.name} enhanced",
        **covering(film, pixels.shape),
        axis_labels=film.axis_labels,
        colormap="gray",
        contrast_limits=(0, 255),
        metadata={PREVIEW: True},
    )
    chosen = set(viewer.layers.selection)
    viewer.layers.insert(viewer.layers.index(film) + 1, preview)
    viewer.layers.selection = chosen
    return preview
