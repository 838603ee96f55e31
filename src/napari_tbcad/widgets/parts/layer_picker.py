"""A choice of films that follows what its bench knows."""

from __future__ import annotations

import weakref
from typing import Any

from napari.layers import Image
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QSizePolicy, QWidget

_TIP = "The film to work on: any 2-D image layer."


class LayerPicker(QComboBox):
    """Shows the films of a bench by object; the name is only what is shown.

    Parameters
    ----------
    bench : QObject
        Has ``films()``, ``film``, ``choose(layer)``, and the signals ``films_changed``, ``film_changed``.
    parent : QWidget, optional
        Qt parent.
    """

    def __init__(self, bench: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bench = bench
        self._layers: list[weakref.ref[Image]] = []
        self.setAccessibleName("Film")
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(10)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.activated.connect(self._on_activated)
        bench.films_changed.connect(self.fill)
        bench.film_changed.connect(self.fill)
        self.fill()

    def choose(self, layer: Image | None) -> None:
        """Choose a film."""
        self._bench.choose(layer)

    def films(self) -> list[Image]:
        """Return the films that can be chosen, the topmost layer first."""
        return list(self._bench.films())

    def fill(self) -> None:
        """List the films anew."""
        films = self.films()
        self._layers = [weakref.ref(film) for film in films]
        title = getattr(self._bench, "title", None) or (lambda film: film.name)
        names = [title(film) for film in films]
        self.blockSignals(True)
        if names != [self.itemText(i) for i in range(self.count())]:
            self.clear()
            self.addItems(names)
        current = self._bench.film
        self.setCurrentIndex(next((i for i, film in enumerate(films) if film is current), -1))
        for place, name in enumerate(names):
            self.setItemData(place, name, Qt.ItemDataRole.ToolTipRole)
        self.setToolTip("\n".join(filter(None, [self.currentText(), _TIP])))
        self.setEnabled(bool(films))
        self.blockSignals(False)

    def _on_activated(self, index: int) -> None:
        if 0 <= index < len(self._layers):
            self._bench.choose(self._layers[index]())
