"""The lung masks of one film as Labels layers that a person can paint."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from functools import partial
from typing import Any, get_args

import numpy as np
from napari.layers import Image, Labels
from napari.utils import DirectLabelColormap
from numpy.typing import NDArray
from qtpy.QtCore import QObject, QTimer, Signal

from napari_tbcad.chest.lungs.fields import LEFT, RIGHT, MaskKind
from napari_tbcad.widgets.films import geometry_events
from napari_tbcad.widgets.proxies import bare
from napari_tbcad.widgets.writer import FILM_KEY

COLOURS: dict[int | None, str] = {RIGHT: "#56B4E9", LEFT: "#E69F00"}
"""Okabe-Ito sky blue and orange: told apart by every kind of colour vision."""
KINDS: tuple[MaskKind, ...] = get_args(MaskKind)
ADDED, TAKEN = "#009E73", "#F0E442"
"""Okabe-Ito bluish green and yellow, for what a person added to a mask or took away from it."""


_OUTLINE_SHARE = 600
"""The film's longer side in widths of an outline: about its size in pixels of the screen."""
_TOOLS = ("paint", "erase", "fill", "polygon")


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
    made : Signal
        A mask got a new layer.
    touched : Signal(str, bool)
        A layer's pixels changed in whatever way (brush, fill, undo, replaced data): which mask, and
        whether a stroke came to its end. Sent as often as napari says so; do little.
    """

    touched = Signal(str, bool)
    made = Signal()

    def __init__(self, viewer: Any, film_layer: Image, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = weakref.ref(bare(viewer))
        self._film = weakref.ref(film_layer)
        self._layers: dict[str, weakref.ref[Labels]] = {}
        self._outline: weakref.ref[Labels] | None = None
        self._overlay_is = ""
        self._overlay_of: NDArray[np.uint8] | None = None
        self._held: dict[str, ExitStack] = {}
        self._content: dict[str, NDArray[Any]] = {}
        self._writing = False
        self._ears: dict[str, _Ear] = {kind: _Ear(kind, self._touch) for kind in KINDS}
        for event in geometry_events(film_layer):
            event.connect(self._on_geometry)

    def layer(self, kind: str) -> Labels | None:
        """Return the layer of a mask while it is in the viewer, else None."""
        return self._present(self._layers.get(kind))

    def show(self, kind: str, labels: NDArray[np.uint8]) -> None:
        """Put labels (H, W) into their layer; only changed pixels are written, as one undoable step.

        They are not copied and must not be changed afterwards.
        """
        self._content[kind] = labels
        layer = self.layer(kind)
        if layer is None or layer.data.shape != labels.shape:
            self._replace(kind, layer, labels)
            return
        changed = np.nonzero(np.asarray(layer.data) != labels)
        if changed[0].size:
            if not layer.visible:
                # napari writes into the picture of a hidden layer, too, and has none of one never shown.
                layer.set_view_slice()
            self._writing = True
            try:
                # A held layer groups by itself; a group inside a group would end it.
                with nullcontext() if kind in self._held else layer.block_history():
                    layer.data_setitem(changed, labels[changed])
            finally:
                self._writing = False

    def pixels(self, kind: str) -> NDArray[Any] | None:
        """Return a copy of the labels in a layer; None when it is gone."""
        layer = self.layer(kind)
        if layer is None:
            return None
        self._content[kind] = pixels = np.array(layer.data)
        return pixels

    def holds_something_else(self, kind: str) -> bool:
        """Tell whether a layer holds other pixels than were last written to it or read from it."""
        layer, known = self.layer(kind), self._content.get(kind)
        return layer is not None and known is not None and not np.array_equal(layer.data, known)

    def tool(self, kind: str) -> str:
        """Return what the person holds over a mask: paint, erase, fill, polygon or another mode."""
        layer = self.layer(kind)
        mode = "" if layer is None else str(layer.mode)
        return mode if mode in _TOOLS else "undo, redo or new data"

    def hold(self, kind: str) -> None:
        """Make one undoable step of all that is written until :meth:`release`."""
        layer = self.layer(kind)
        if layer is not None and kind not in self._held:
            self._held[kind] = ExitStack()
            self._held[kind].enter_context(layer.block_history())

    def release(self, kind: str) -> None:
        """End what :meth:`hold` began."""
        if (held := self._held.pop(kind, None)) is not None:
            self._writing = True
            try:
                held.close()
            finally:
                self._writing = False

    def overlay(self, labels: NDArray[np.uint8] | None, what: str = "automatic") -> None:
        """Show labels as thin outlines that cannot be painted; None takes them away.

        Parameters
        ----------
        labels : (H, W) array of uint8 or None
            A mask (``what="automatic"``), or what differs from it (``what="difference"``: 1 added, 2 taken
            away, 3 moved to the other side).
        what : str
            Which of the two; the word ends the layer's name.
        """
        viewer, old = self._viewer(), self._present(self._outline)
        if viewer is None:
            return
        if old is not None and (labels is None or old.data.shape != labels.shape or what != self._overlay_is):
            viewer.layers.remove(old)
            old = None
        if labels is None:
            return
        if old is not None:
            if self._overlay_of is not labels:
                # In place: replacing the data of a layer costs napari far more than drawing it anew.
                np.copyto(old.data, labels)
                old.refresh()
                self._overlay_of = labels
            return
        white: dict[int | None, str] = {0: "transparent", RIGHT: "white", LEFT: "white", None: "white"}
        two: dict[int | None, str] = {0: "transparent", 1: ADDED, 2: TAKEN, 3: "white", None: "white"}
        colours = DirectLabelColormap(color_dict=white if what == "automatic" else two)
        chosen = set(viewer.layers.selection)
        layer = self._new(labels.copy(), what, colormap=colours, opacity=0.9)
        # In pixels of the film: on the screen a large one is shrunk, and its outline with it.
        wide = max(labels.shape) / _OUTLINE_SHARE
        layer.contour = max(1, round(wide)) if what == "automatic" else max(2, round(2 * wide))
        layer.editable = False
        self._outline, self._overlay_is, self._overlay_of = weakref.ref(layer), what, labels
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
        # What a person paints must not share memory with the chain's mask.
        table: dict[int | None, str] = {0: "transparent", None: "#999999"}
        table |= COLOURS
        colours = DirectLabelColormap(color_dict=table)
        chosen = set(viewer.layers.selection)
        layer = self._new(labels.copy(), kind, colormap=colours, opacity=0.35)
        # Hidden only now: a layer that was never drawn has no slice that could be written to.
        layer.visible = kind == "insensitive"
        self._layers[kind] = weakref.ref(layer)
        for event, slot in self._ears[kind].slots(layer):
            event.connect(slot)
        viewer.layers.selection = chosen
        self.made.emit()

    def _new(self, labels: NDArray[np.uint8], word: str, **options: Any) -> Labels:
        film, viewer = self._film(), self._viewer()
        assert film is not None
        assert viewer is not None
        layer = Labels(
            labels,
            name=f"{film.name} {word}",
            scale=film.scale[-2:],
            translate=film.translate[-2:],
            rotate=film.rotate,
            shear=film.shear,
            affine=film.affine.affine_matrix.copy(),
            units=film.units[-2:],
            axis_labels=film.axis_labels[-2:],
            metadata={"napari-tbcad": word} | ({FILM_KEY: str(film.source.path)} if film.source.path else {}),
            **options,
        )
        # Above the film, and outlines above the masks.
        below = [film, *(one for one in map(self.layer, KINDS) if one is not None and word not in KINDS)]
        places = [viewer.layers.index(one) + 1 for one in below if one in viewer.layers]
        place = max(places, default=len(viewer.layers))
        viewer.layers.insert(place, layer)
        return layer

    def _present(self, reference: weakref.ref[Labels] | None) -> Labels | None:
        layer, viewer = (reference() if reference else None), self._viewer()
        return layer if layer is not None and viewer is not None and layer in viewer.layers else None

    def unfollow(self) -> None:
        """Follow the layers no more, and leave them where they are."""
        for kind in KINDS:
            self.release(kind)
            if (layer := self.layer(kind)) is not None:
                for event, slot in self._ears[kind].slots(layer):
                    event.disconnect(slot)
        if (film := self._film()) is not None:
            for event in geometry_events(film):
                event.disconnect(self._on_geometry)

    def _touch(self, kind: str, *, ended: bool) -> None:
        if not self._writing:
            self.touched.emit(kind, ended)

    def _on_geometry(self, event: Any = None) -> None:
        """Keep the masks on the film when a person moves or scales it."""
        film = self._film()
        for reference in (*self._layers.values(), self._outline):
            layer = self._present(reference)
            if film is not None and layer is not None:
                layer.scale, layer.translate = film.scale[-2:], film.translate[-2:]
                layer.rotate, layer.shear = film.rotate, film.shear
                # A copy: napari lets two layers share the transform it is given.
                layer.affine = film.affine.affine_matrix.copy()
                layer.units, layer.axis_labels = film.units[-2:], film.axis_labels[-2:]


class _Ear:
    """Hears what happens to the layer of one mask; napari holds its bound methods weakly."""

    def __init__(self, kind: str, tell: Callable[..., None]) -> None:
        self._kind, self._tell = kind, tell

    def slots(self, layer: Labels) -> tuple[tuple[Any, Any], ...]:
        # napari says nothing of an undo on a hidden layer: look when it is shown again.
        events = layer.events
        return (events.set_data, self.changed), (events.paint, self.ended), (events.visible, self.ended)

    def changed(self, event: Any = None) -> None:
        self._tell(self._kind, ended=False)

    def ended(self, event: Any = None) -> None:
        self._tell(self._kind, ended=True)


def _remove(viewer: weakref.ref[Any], doomed: list[weakref.ref[Labels]]) -> None:
    alive = viewer()
    for layer in (reference() for reference in doomed):
        if alive is not None and layer is not None and layer in alive.layers:
            alive.layers.remove(layer)
