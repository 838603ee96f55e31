"""A choice of Image layers that follows renames, removals and additions."""

from __future__ import annotations

import weakref
from typing import Any

from napari.layers import Image
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QSizePolicy, QWidget

from napari_tbcad.widgets.proxies import bare

PREVIEW = "napari-tbcad-preview"
"""Layers with this key in their metadata are our own pictures, not films."""


class LayerPicker(QComboBox):
    """Lists the Image layers of a viewer by object; the name is only what is shown.

    Parameters
    ----------
    viewer : napari.Viewer
        Held weakly.
    parent : QWidget, optional
        Qt parent.

    Attributes
    ----------
    chosen : Signal(object)
        The layer now chosen, or None when there is none.
    """

    chosen = Signal(object)

    def __init__(self, viewer: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = weakref.ref(bare(viewer))
        self._layers: list[weakref.ref[Image]] = []
        self._current: weakref.ref[Image] | None = None
        self.setToolTip("The film to work on: any 2-D image layer.")
        self.setAccessibleName("Film")
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(10)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._bound = False
        self.activated.connect(self._on_activated)
        self.bind()

    @property
    def layer(self) -> Image | None:
        """The chosen layer."""
        return self._current() if self._current is not None else None

    def choose(self, layer: Image | None) -> None:
        """Choose a layer."""
        if layer is self.layer and layer is not None:
            return
        self._current = weakref.ref(layer) if layer is not None else None
        self._fill()
        self.chosen.emit(layer)

    def bind(self) -> None:
        """Follow the viewer (again)."""
        viewer = self._viewer()
        if viewer is None or self._bound:
            return
        self._bound = True
        events = viewer.layers.events
        for event in (events.inserted, events.removed, events.reordered):
            event.connect(self._refresh)
        self._refresh()

    def unbind(self) -> None:
        """Stop following the viewer and its films; may be called after the Qt object is gone."""
        viewer = self._viewer()
        if not self._bound:
            return
        self._bound = False
        if viewer is not None:
            events = viewer.layers.events
            for event in (events.inserted, events.removed, events.reordered):
                event.disconnect(self._refresh)
        for film in (known() for known in self._layers):
            if film is not None:
                film.events.name.disconnect(self._fill)
        self._layers = []

    def films(self) -> list[Image]:
        """Return the films that can be chosen, the topmost layer first."""
        viewer = self._viewer()
        if viewer is None:
            return []
        return [x for x in reversed(viewer.layers) if isinstance(x, Image) and PREVIEW not in x.metadata]

    def _refresh(self, event: Any = None) -> None:
        films = self.films()
        added = [film for film in films if all(film is not known() for known in self._layers)]
        for film in added:
            film.events.name.connect(self._fill)
        self._layers = [weakref.ref(film) for film in films]
        current = self.layer
        if current is None or current not in films:
            self._current = None
            self.choose(films[0] if films else None)
        elif added and event is not None:
            # A film just opened is what the person wants to look at.
            self.choose(added[0])
        else:
            self._fill()

    def _fill(self, event: Any = None) -> None:
        films = [film for film in (known() for known in self._layers) if film is not None]
        self.blockSignals(True)
        self.clear()
        self.addItems([film.name for film in films])
        current = self.layer
        self.setCurrentIndex(next((i for i, film in enumerate(films) if film is current), -1))
        self.setEnabled(bool(films))
        self.blockSignals(False)

    def _on_activated(self, index: int) -> None:
        if 0 <= index < len(self._layers):
            self.choose(self._layers[index]())
