"""The lung masks of one film as Labels layers that a person can paint."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any, get_args

import numpy as np
from napari.layers import Image, Labels
from napari.utils import DirectLabelColormap
from numpy.typing import NDArray
from qtpy.QtCore import QObject

from napari_tbcad.chest.lungs.fields import LEFT, RIGHT, MaskKind
from napari_tbcad.widgets.workflow.layers import PaintedLayers

COLOURS: dict[int | None, str] = {RIGHT: "#56B4E9", LEFT: "#E69F00"}
"""Okabe-Ito sky blue and orange: told apart by every kind of colour vision."""
KINDS: tuple[MaskKind, ...] = get_args(MaskKind)
ADDED, TAKEN = "#009E73", "#F0E442"
"""Okabe-Ito bluish green and yellow, for what a person added to a mask or took away from it."""


_OUTLINE_SHARE = 600
"""The film's longer side in widths of an outline: about its size in pixels of the screen."""


class LungLayers(PaintedLayers):
    """Labels layers "… sensitive" and "… insensitive" beside a film, and outlines over them.

    Parameters
    ----------
    viewer : napari.Viewer
        Where they are shown; held weakly.
    film_layer : napari.layers.Image
        The film they belong to; held weakly. They copy its scale, translation, units and axis labels.
    parent : QObject, optional
        Qt parent.
    """

    def __init__(self, viewer: Any, film_layer: Image, parent: QObject | None = None) -> None:
        super().__init__(viewer, KINDS, parent)
        self._film = weakref.ref(film_layer)
        self._outline: weakref.ref[Labels] | None = None
        self._overlay_is = ""
        self._overlay_of: NDArray[np.uint8] | None = None
        self.follow(film_layer)

    def image(self, kind: str) -> Image | None:
        """Return the film."""
        return self._film()

    def make(self, kind: str, labels: NDArray[np.uint8]) -> Labels:
        """Return a new mask layer over the film, below outlines."""
        film = self._film()
        assert film is not None
        table: dict[int | None, str] = {0: "transparent", None: "#999999"}
        table |= COLOURS
        layer = self.new(labels, kind, film, colormap=DirectLabelColormap(color_dict=table), opacity=0.35)
        self.put(layer, above=[film])
        # Hidden only now: a layer that was never drawn has no slice that could be written to.
        layer.visible = kind == "insensitive"
        return layer

    def beside(self) -> Iterable[tuple[Labels, Image | None]]:
        """Return the outline."""
        outline = self.present(self._outline)
        return () if outline is None else ((outline, self._film()),)

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
        viewer, film, old = self._viewer(), self._film(), self.present(self._outline)
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
        assert film is not None
        white: dict[int | None, str] = {0: "transparent", RIGHT: "white", LEFT: "white", None: "white"}
        two: dict[int | None, str] = {0: "transparent", 1: ADDED, 2: TAKEN, 3: "white", None: "white"}
        colours = DirectLabelColormap(color_dict=white if what == "automatic" else two)
        layer = self.new(labels.copy(), what, film, colormap=colours, opacity=0.9)
        self.put(layer, above=[film, *(one for one in map(self.layer, KINDS) if one is not None)])
        # In pixels of the film: on the screen a large one is shrunk, and its outline with it.
        wide = max(labels.shape) / _OUTLINE_SHARE
        layer.contour = max(1, round(wide)) if what == "automatic" else max(2, round(2 * wide))
        layer.editable = False
        self._outline, self._overlay_is, self._overlay_of = weakref.ref(layer), what, labels

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
