"""The layers of one bone scan: both views, hotspots and regions that can be painted, letters."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from napari.layers import Image, Labels
from napari.utils import DirectLabelColormap
from numpy.typing import NDArray
from qtpy.QtCore import QObject

from napari_tbcad.bone.hotspots import Mark
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan, ViewName
from napari_tbcad.schemes import REGION_IDS
from napari_tbcad.widgets.bone.colours import CLASS_COLOURS, OUTLINE
from napari_tbcad.widgets.bone.intake import options_of, part_of
from napari_tbcad.widgets.bone.letters import ScanLetters
from napari_tbcad.widgets.workflow.layers import TOOLS, PaintedLayers

HOTSPOTS = {view: f"{view} hotspots" for view in VIEWS}
REGIONS = {view: f"{view} regions" for view in VIEWS}
KINDS = (*REGIONS.values(), *HOTSPOTS.values())
"""The label layers; each kind's name begins with its view."""

MOST_SMALL = 200
"""Hotspots up to this number fit a layer of 8 bits: napari goes through all values of a layer's type, one by
one, whenever it gets other colours, which are 65536 (some 50 ms) for 16 bits."""

_COLOURS = "napari-tbcad-colours"
"""Under this key a hotspot layer remembers the colours it was given: giving them anew costs napari time."""


def view_of(kind: str) -> ViewName:
    """Return the view of a label layer."""
    return "posterior" if kind.startswith("posterior") else "anterior"


class BoneLayers(PaintedLayers):
    """Layers of one scan, found by object and never by name.

    Parameters
    ----------
    viewer : napari.Viewer
        Held weakly.
    parent : QObject, optional
        Qt parent.

    Attributes
    ----------
    brush_class : str
        Class of what is painted with a new number.
    veiled : bool
        Whether another scan is looked at: new layers are hidden.
    letters : ScanLetters
        Letters and ring over the views.
    marks : dict of int to Mark
        What is known of the hotspots shown, by number.
    """

    def __init__(self, viewer: Any, parent: QObject | None = None) -> None:
        super().__init__(viewer, KINDS, parent)
        self._images: dict[ViewName, weakref.ref[Image]] = {}
        self.letters = ScanLetters(self)
        self.marks: dict[int, Mark] = {}
        self.brush_class = "abnormal"
        self.veiled = False

    # -- the views ------------------------------------------------------------------------------------

    def adopt(self, view: ViewName, image: Image) -> None:
        """Take an image layer for a view."""
        self._images[view] = weakref.ref(image)
        self.follow(image)

    def picture(self, view: ViewName) -> Image | None:
        """Return the image layer of a view while it is in the viewer."""
        return self.present(self._images.get(view))

    def pictures(self) -> dict[ViewName, Image]:
        """Return the image layers there are, by view."""
        return {view: image for view in VIEWS if (image := self.picture(view)) is not None}

    def image(self, kind: str) -> Image | None:
        """Return the view that a label layer belongs to."""
        return self.picture(view_of(kind))

    def show_scan(self, scan: BoneScan) -> None:
        """Bring the image layers up to the scan: swapped, turned, or put back after one was deleted."""
        viewer = self._viewer()
        known = self.pictures()
        if viewer is None or not known:
            return
        part = part_of(next(iter(known.values())))
        assert part is not None
        for view, shown in scan:
            image = known.get(view)
            if image is None:
                options = options_of(replace(part, view=view), shown.counts, view)
                image = Image(shown.counts, **options)
                self.put(image, above=known.values())
                self.adopt(view, image)
            elif not np.array_equal(image.data, shown.counts):
                image.data = shown.counts
            if image.name.endswith((" view 1", " view 2")):
                image.name = f"{part.name} {view}"
        for view in set(known) - {view for view, _ in scan}:
            # A single view that was named otherwise than it was shown.
            for kinds in (HOTSPOTS, REGIONS):
                self.drop(kinds[view])
            viewer.layers.remove(known[view])
        self.letters.show_sides(scan)

    # -- labels ---------------------------------------------------------------------------------------

    def make(self, kind: str, labels: NDArray[Any]) -> Labels:
        """Return a new label layer: regions as outlines, hotspots filled by class."""
        image = self.image(kind)
        assert image is not None
        word = kind.split(" ")[1]
        if kind in REGIONS.values():
            table: dict[int | None, Any] = {0: "transparent", None: OUTLINE}
            options: dict[str, Any] = {"opacity": 0.8}
        else:
            table, options = self._colours(view_of(kind)), {"opacity": 0.9}
            labels = labels.astype(np.uint8 if labels.max(initial=0) < MOST_SMALL else np.uint16)
        layer = self.new(labels, word, image, colormap=DirectLabelColormap(color_dict=table), **options)
        layer.metadata[_COLOURS] = table
        below = [*self.pictures().values(), *(self.layer(one) for one in REGIONS.values())]
        self.put(layer, above=[one for one in below if one is not None])
        # Hidden only now: a layer that was never drawn has no slice that could be written to.
        layer.visible = not self.veiled
        layer.contour = 1 if kind in REGIONS.values() else 2
        if kind in REGIONS.values():
            layer.selected_label = REGION_IDS["rib"]
        return layer

    def show(self, kind: str, labels: NDArray[Any]) -> None:
        """Put labels into their layer, which becomes one of 16 bits where they need it."""
        self._widen(kind, int(labels.max(initial=0)))
        super().show(kind, labels)

    def know(self, marks: Iterable[Mark]) -> None:
        """Take the classes of hotspots whose layer is about to be made."""
        self.marks = {mark.id: mark for mark in marks}

    def colour(self, marks: Iterable[Mark]) -> None:
        """Give every hotspot the colour of its class."""
        self.know(marks)
        for view, kind in HOTSPOTS.items():
            layer = self.layer(kind)
            if layer is not None:
                wanted = self._colours(view)
                if self._looks_other(layer, wanted):
                    # napari tells of other colours as it tells of other pixels.
                    self._writing = True
                    try:
                        layer.colormap = DirectLabelColormap(color_dict=wanted)
                    finally:
                        self._writing = False
                    layer.metadata[_COLOURS] = wanted

    def take_brush(self, view: ViewName, number: int, *, size: int = 5) -> bool:
        """Give the person the brush for a hotspot of a view; False when its layer is gone."""
        return self._brush(HOTSPOTS[view], number, size)

    def in_hand(self, kind: str) -> bool:
        """Tell whether the person holds a brush over a layer."""
        viewer, layer = self._viewer(), self.layer(kind)
        active = viewer.layers.selection.active if viewer is not None else None
        return layer is not None and layer is active and str(layer.mode) in TOOLS

    def painted(self) -> int | None:
        """Return the number that the brush in the person's hand paints; None when they hold none."""
        kind = next((kind for kind in HOTSPOTS.values() if self.in_hand(kind)), None)
        layer = self.layer(kind) if kind is not None else None
        return None if layer is None else int(layer.selected_label)

    def take_region_brush(self, view: ViewName, region: str) -> bool:
        """Give the person the brush for a region; False when the layer is gone."""
        return self._brush(REGIONS[view], REGION_IDS[region], 12)

    def _brush(self, kind: str, number: int, size: int) -> bool:
        viewer, layer = self._viewer(), self.layer(kind)
        if viewer is None or layer is None:
            return False
        # Room for this one and for what napari takes as the next.
        self._widen(kind, number + 1)
        layer.visible = True
        viewer.layers.selection.active = layer
        # The mode first: napari tells of another label as it tells of other pixels.
        layer.mode = "paint"
        layer.selected_label = number
        layer.brush_size = size
        return True

    def _colours(self, view: ViewName) -> dict[int | None, Any]:
        table: dict[int | None, Any] = {0: "transparent", None: CLASS_COLOURS[self.brush_class]}
        return table | {m.id: CLASS_COLOURS[m.label] for m in self.marks.values() if m.view == view}

    @staticmethod
    def _looks_other(layer: Labels, wanted: dict[int | None, Any]) -> bool:
        """Tell whether a hotspot has another colour by `wanted` than now; one not listed has None's."""
        now = layer.metadata.get(_COLOURS)
        return now is None or any(now.get(n, now[None]) != colour for n, colour in wanted.items())

    def _widen(self, kind: str, number: int) -> None:
        """Make a layer one of 16 bits where a number does not fit it; the layer stays the same object."""
        layer = self.layer(kind)
        if layer is not None and number > MOST_SMALL and layer.data.dtype == np.uint8:
            self._writing = True
            try:
                layer.data = np.asarray(layer.data).astype(np.uint16)
            finally:
                self._writing = False

    def beside(self) -> Iterable[tuple[Any, Image | None]]:
        """Return letters and ring, which lie where the first view does."""
        return self.letters.present()

    def everything(self) -> list[Any]:
        """Return every layer of this scan that is in the viewer."""
        layers = [*self.pictures().values(), *map(self.layer, KINDS), *(one for one, _ in self.beside())]
        return [layer for layer in layers if layer is not None]

    def _on_geometry(self, event: Any = None) -> None:
        super()._on_geometry(event)
        self.letters.write()
