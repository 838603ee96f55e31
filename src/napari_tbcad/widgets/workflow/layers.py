"""Label images as Labels layers that a person can paint, bound by object and never by name."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from contextlib import ExitStack, nullcontext
from functools import partial
from typing import Any

import numpy as np
from napari.layers import Image, Labels
from numpy.typing import NDArray
from qtpy.QtCore import QObject, QTimer, Signal

from napari_tbcad.widgets.films import geometry_events
from napari_tbcad.widgets.proxies import bare
from napari_tbcad.widgets.writer import FILM_KEY

TOOLS = ("paint", "erase", "fill", "polygon")
"""Modes of a Labels layer in which a person changes pixels."""


class PaintedLayers(QObject):
    """Labels layers of several kinds, each on an image whose place in the viewer it copies.

    Parameters
    ----------
    viewer : napari.Viewer
        Where they are shown; held weakly.
    kinds : tuple of str
        The label images there are.
    parent : QObject, optional
        Qt parent.

    Attributes
    ----------
    made : Signal
        A kind got a new layer.
    touched : Signal(str, bool)
        A layer's pixels changed in whatever way (brush, fill, undo, replaced data): which kind, and
        whether a stroke came to its end. Sent as often as napari says so; do little.
    """

    touched = Signal(str, bool)
    made = Signal()

    def __init__(self, viewer: Any, kinds: tuple[str, ...], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = weakref.ref(bare(viewer))
        self.kinds = kinds
        self._layers: dict[str, weakref.ref[Labels]] = {}
        self._held: dict[str, ExitStack] = {}
        self._content: dict[str, NDArray[Any]] = {}
        self._writing = False
        self._ears: dict[str, _Ear] = {kind: _Ear(kind, self._touch) for kind in kinds}

    # -- what a workflow says -------------------------------------------------------------------------

    def image(self, kind: str) -> Image | None:
        """Return the layer of the image that a kind belongs to."""
        raise NotImplementedError

    def make(self, kind: str, labels: NDArray[Any]) -> Labels:
        """Return a new layer of a kind, put into the viewer by :meth:`new`."""
        raise NotImplementedError

    def beside(self) -> Iterable[tuple[Any, Image | None]]:
        """Return further layers of ours that go along with an image, and that image."""
        return ()

    # -- layers ---------------------------------------------------------------------------------------

    def follow(self, image: Image) -> None:
        """Go along when a person moves, turns or scales an image."""
        for event in geometry_events(image):
            event.connect(self._on_geometry)

    def layer(self, kind: str) -> Labels | None:
        """Return the layer of a kind while it is in the viewer, else None."""
        return self.present(self._layers.get(kind))

    def show(self, kind: str, labels: NDArray[Any]) -> None:
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
        """Return what the person holds over a layer: paint, erase, fill, polygon or another mode."""
        layer = self.layer(kind)
        mode = "" if layer is None else str(layer.mode)
        return mode if mode in TOOLS else "undo, redo or new data"

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

    def remove(self) -> None:
        """Take the layers away (the image is gone)."""
        viewer = self._viewer()
        for layer in [*map(self.layer, self.kinds), *(layer for layer, _ in self.beside())]:
            if viewer is not None and layer is not None and layer in viewer.layers:
                viewer.layers.remove(layer)
        self._layers.clear()

    def drop(self, kind: str) -> None:
        """Take the layer of a kind away: there is nothing any more that it could show."""
        viewer, layer = self._viewer(), self.layer(kind)
        self.release(kind)
        self._layers.pop(kind, None)
        self._content.pop(kind, None)
        if viewer is not None and layer is not None:
            for event, slot in self._ears[kind].slots(layer):
                event.disconnect(slot)
            viewer.layers.remove(layer)

    def leave(self, *, keep: tuple[str, ...]) -> None:
        """Follow the layers no more and take them away, all but those of the kinds to `keep`.

        They go a moment later, since the image may be one of several layers that are just being removed.
        """
        self.unfollow()
        doomed = [reference for kind, reference in self._layers.items() if kind not in keep]
        doomed += [weakref.ref(layer) for layer, _ in self.beside()]
        if doomed:
            QTimer.singleShot(0, partial(_remove, self._viewer, doomed))

    def unfollow(self) -> None:
        """Follow the layers no more, and leave them where they are."""
        for kind in self.kinds:
            self.release(kind)
            if (layer := self.layer(kind)) is not None:
                for event, slot in self._ears[kind].slots(layer):
                    event.disconnect(slot)
        for image in {image for image in map(self.image, self.kinds) if image is not None}:
            for event in geometry_events(image):
                event.disconnect(self._on_geometry)

    def new(self, labels: NDArray[Any], word: str, image: Image, **options: Any) -> Labels:
        """Return a layer that lies on an image, named after it; not yet in the viewer."""
        return Labels(
            labels,
            name=f"{image.name} {word}",
            **placed_as(image),
            metadata={"napari-tbcad": word}
            | ({FILM_KEY: str(image.source.path)} if image.source.path else {}),
            **options,
        )

    def put(self, layer: Any, *, above: Iterable[Any]) -> None:
        """Insert a layer over others, without a change of what is selected."""
        viewer = self._viewer()
        assert viewer is not None
        places = [viewer.layers.index(one) + 1 for one in above if one in viewer.layers]
        chosen = set(viewer.layers.selection)
        viewer.layers.insert(max(places, default=len(viewer.layers)), layer)
        viewer.layers.selection = chosen

    def present(self, reference: weakref.ref[Any] | None) -> Any:
        """Return the layer behind a reference while it is in the viewer, else None."""
        layer, viewer = (reference() if reference else None), self._viewer()
        return layer if layer is not None and viewer is not None and layer in viewer.layers else None

    # -- inside ---------------------------------------------------------------------------------------

    def _replace(self, kind: str, old: Labels | None, labels: NDArray[Any]) -> None:
        viewer = self._viewer()
        if viewer is None or self.image(kind) is None:
            return
        if old is not None:
            viewer.layers.remove(old)
        # What a person paints must not share memory with the chain's labels.
        layer = self.make(kind, labels.copy())
        self._layers[kind] = weakref.ref(layer)
        for event, slot in self._ears[kind].slots(layer):
            event.connect(slot)
        self.made.emit()

    def _touch(self, kind: str, *, ended: bool) -> None:
        if not self._writing:
            self.touched.emit(kind, ended)

    def _on_geometry(self, event: Any = None) -> None:
        """Keep the labels on their image when a person moves or scales it."""
        pairs = [(self.layer(kind), self.image(kind)) for kind in self.kinds]
        for layer, image in (*pairs, *self.beside()):
            if image is not None and layer is not None:
                for name, value in placed_as(image).items():
                    setattr(layer, name, value)


def placed_as(image: Image) -> dict[str, Any]:
    """Return the place of an image in the world, as options of a 2-D layer on it."""
    return {
        "scale": image.scale[-2:],
        "translate": image.translate[-2:],
        "rotate": image.rotate,
        "shear": image.shear,
        # A copy: napari lets two layers share the transform it is given.
        "affine": image.affine.affine_matrix.copy(),
        "units": image.units[-2:],
        "axis_labels": image.axis_labels[-2:],
    }


class _Ear:
    """Hears what happens to the layer of one kind; napari holds its bound methods weakly."""

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


def _remove(viewer: weakref.ref[Any], doomed: list[weakref.ref[Any]]) -> None:
    alive = viewer()
    for layer in (reference() for reference in doomed):
        if alive is not None and layer is not None and layer in alive.layers:
            alive.layers.remove(layer)
