"""The lung masks of one film as Labels layers that a person can paint."""

from __future__ import annotations

import weakref
from functools import partial
from typing import Any, get_args

import numpy as np
from napari.layers import Image, Labels
from napari.utils import DirectLabelColormap
from numpy.typing import NDArray
from qtpy.QtCore import QObject, QTimer, Signal
from superqt.utils import QSignalThrottler

from napari_tbcad.chest.lungs.fields import LEFT, RIGHT, MaskKind
from napari_tbcad.widgets.proxies import bare

COLOURS: dict[int | None, str] = {RIGHT: "#56B4E9", LEFT: "#E69F00"}
"""Okabe-Ito sky blue and orange: told apart by every kind of colour vision."""
KINDS: tuple[MaskKind, ...] = get_args(MaskKind)
_THROTTLE_MS = 120


class LungLayers(QObject):
    """Labels layers "… sensitive" and "… insensitive" beside a film, found by object and never by name.

    Parameters
    ----------
    viewer : napari.Viewer
        Where they are shown; held weakly.
    film_layer : napari.layers.Image
        The film they belong to; held weakly. They copy its scale, translation, units and axis labels.
    parent : QObject, optional
        Qt parent.

    Attributes
    ----------
    edited : Signal(str)
        A layer's pixels changed in whatever way (brush, fill, undo, replaced data); at most one a
        120 ms. The name says which mask.
    """

    edited = Signal(str)

    def __init__(self, viewer: Any, film_layer: Image, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = weakref.ref(bare(viewer))
        self._film = weakref.ref(film_layer)
        self._layers: dict[str, weakref.ref[Labels]] = {}
        self._outline: weakref.ref[Labels] | None = None
        self._throttlers: dict[str, QSignalThrottler] = {}
        self._writing = False
        for kind in KINDS:
            throttler = QSignalThrottler(parent=self)
            throttler.setTimeout(_THROTTLE_MS)
            throttler.triggered.connect(lambda kind=kind: self.edited.emit(kind))
            self._throttlers[kind] = throttler

    def layer(self, kind: str) -> Labels | None:
        """Return the layer of a mask while it is in the viewer, else None."""
        return self._present(self._layers.get(kind))

    def show(self, kind: str, labels: NDArray[np.uint8]) -> None:
        """Put labels (H, W) into their layer; only changed pixels are written, as one undoable step."""
        layer = self.layer(kind)
        if layer is None or layer.data.shape != labels.shape:
            self._replace(kind, layer, labels)
            return
        changed = np.nonzero(np.asarray(layer.data) != labels)
        if changed[0].size:
            self._writing = True
            try:
                with layer.block_history():
                    layer.data_setitem(changed, labels[changed])
            finally:
                self._writing = False

    def pixels(self, kind: str) -> NDArray[Any] | None:
        """Return a copy of the labels in a layer; None when it is gone."""
        layer = self.layer(kind)
        return None if layer is None else np.array(layer.data)

    def outline(self, labels: NDArray[np.uint8] | None) -> None:
        """Show labels as a thin grey outline that cannot be painted; None takes it away."""
        viewer, old = self._viewer(), self._present(self._outline)
        if viewer is None:
            return
        if old is not None and (labels is None or old.data.shape != labels.shape):
            viewer.layers.remove(old)
            old = None
        if labels is None:
            return
        if old is not None:
            old.data = labels
            return
        grey = DirectLabelColormap(
            color_dict={0: "transparent", RIGHT: "white", LEFT: "white", None: "white"}
        )
        chosen = set(viewer.layers.selection)
        layer = self._new(labels, "automatic", colormap=grey, opacity=0.9)
        layer.contour = 1
        layer.editable = False
        self._outline = weakref.ref(layer)
        viewer.layers.selection = chosen

    def brush(self, kind: str, label: int) -> bool:
        """Select a mask and set its brush to a lung; False when the layer is gone."""
        viewer, layer = self._viewer(), self.layer(kind)
        if viewer is None or layer is None:
            return False
        self.look_at(kind)
        viewer.layers.selection.active = layer
        layer.selected_label = label
        layer.brush_size = max(8, max(layer.data.shape) // 60)
        layer.mode = "paint"
        return True

    def look_at(self, kind: str) -> None:
        """Show one mask and hide the other."""
        for other in KINDS:
            if (shown := self.layer(other)) is not None:
                shown.visible = other == kind

    def remove(self) -> None:
        """Take the layers away (the film is gone)."""
        viewer = self._viewer()
        for reference in [*self._layers.values(), self._outline]:
            layer = self._present(reference)
            if viewer is not None and layer is not None:
                viewer.layers.remove(layer)
        self._layers.clear()

    def leave(self, *, keep: tuple[str, ...]) -> None:
        """Follow the layers no more and take them away, all but those of the kinds to `keep`.

        They go a moment later, since the film may be one of several layers that are just being removed.
        """
        self.unfollow()
        doomed = [reference for kind, reference in self._layers.items() if kind not in keep]
        if self._outline is not None:
            doomed.append(self._outline)
        if doomed:
            QTimer.singleShot(0, partial(_remove, self._viewer, doomed))

    def _replace(self, kind: str, old: Labels | None, labels: NDArray[np.uint8]) -> None:
        viewer = self._viewer()
        if viewer is None or self._film() is None:
            return
        if old is not None:
            viewer.layers.remove(old)
        # The undone layer of an undo must not share memory with the chain's mask.
        table: dict[int | None, str] = {0: "transparent", None: "#999999"}
        table |= COLOURS
        colours = DirectLabelColormap(color_dict=table)
        chosen = set(viewer.layers.selection)
        layer = self._new(labels.copy(), kind, colormap=colours, opacity=0.35)
        layer.visible = kind == "insensitive"
        self._layers[kind] = weakref.ref(layer)
        for event in (layer.events.paint, layer.events.set_data):
            event.connect(self._on_insensitive if kind == "insensitive" else self._on_sensitive)
        viewer.layers.selection = chosen

    def _new(self, labels: NDArray[np.uint8], word: str, **options: Any) -> Labels:
        film, viewer = self._film(), self._viewer()
        assert film is not None
        assert viewer is not None
        layer = Labels(
            labels,
            name=f"{film.name} {word}",
            scale=film.scale[-2:],
            translate=film.translate[-2:],
            units=film.units[-2:],
            axis_labels=film.axis_labels[-2:],
            metadata={"napari-tbcad": word},
            **options,
        )
        place = viewer.layers.index(film) + 1 if film in viewer.layers else len(viewer.layers)
        viewer.layers.insert(place, layer)
        return layer

    def _present(self, reference: weakref.ref[Labels] | None) -> Labels | None:
        layer, viewer = (reference() if reference else None), self._viewer()
        return layer if layer is not None and viewer is not None and layer in viewer.layers else None

    def unfollow(self) -> None:
        """Follow the layers no more, and leave them where they are."""
        for kind in KINDS:
            if (layer := self.layer(kind)) is not None:
                for event in (layer.events.paint, layer.events.set_data):
                    event.disconnect(self._on_insensitive if kind == "insensitive" else self._on_sensitive)

    def _on_sensitive(self, event: Any = None) -> None:
        self._touched("sensitive")

    def _on_insensitive(self, event: Any = None) -> None:
        self._touched("insensitive")

    def _touched(self, kind: str) -> None:
        if not self._writing:
            self._throttlers[kind].throttle()


def _remove(viewer: weakref.ref[Any], doomed: list[weakref.ref[Labels]]) -> None:
    alive = viewer()
    for layer in (reference() for reference in doomed):
        if alive is not None and layer is not None and layer in alive.layers:
            alive.layers.remove(layer)
