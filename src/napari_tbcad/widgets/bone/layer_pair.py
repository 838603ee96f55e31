"""Saying which open layers are the views of a scan."""

from __future__ import annotations

import weakref

from napari.layers import Image
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QFrame, QLabel, QPushButton, QVBoxLayout

from napari_tbcad.widgets.bone.bench import BoneBench

_NONE = "(none)"


class LayerPair(QFrame):
    """Two choices among the open image layers, and a button that uses them.

    Parameters
    ----------
    bench : BoneBench
        What the panels of a viewer share.

    Attributes
    ----------
    used : Signal()
        The layers were taken as a scan.
    """

    used = Signal()

    def __init__(self, bench: BoneBench) -> None:
        super().__init__()
        self._bench = bench
        self._layers: list[weakref.ref[Image]] = []
        self.setFrameShape(QFrame.Shape.StyledPanel)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        self.said = QLabel("")
        self.said.setWordWrap(True)
        column.addWidget(self.said)
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        self.choices: dict[str, QComboBox] = {}
        for view in ("anterior", "posterior"):
            box = QComboBox()
            box.setAccessibleName(f"Layer of the {view} view")
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            form.addRow(view.capitalize(), box)
            self.choices[view] = box
        column.addLayout(form)
        self.use_button = QPushButton("Use as a scan")
        self.use_button.setToolTip("Show both side by side as a scan; the layers themselves are hidden.")
        self.use_button.clicked.connect(lambda: self._use())
        column.addWidget(self.use_button)
        bench.films_changed.connect(self.fill)
        self.hide()

    def fill(self) -> None:
        """List the open image layers anew."""
        layers = self._bench.others()
        self._layers = [weakref.ref(layer) for layer in layers]
        for number, box in enumerate(self.choices.values()):
            box.clear()
            box.addItems([_NONE, *(layer.name for layer in layers)])
            # The layer that was opened first is below the other.
            wanted = len(layers) - number
            box.setCurrentIndex(wanted if 1 <= wanted <= len(layers) else 0)
        self.use_button.setEnabled(bool(layers))
        self.said.setText(
            "Which open layer is which view?"
            if layers
            else "No other image layer is open: open two pictures first."
        )

    def _use(self) -> None:
        chosen = [self._layer(box.currentIndex()) for box in self.choices.values()]
        self._bench.use_layers(*chosen)
        self.used.emit()

    def _layer(self, index: int) -> Image | None:
        return self._layers[index - 1]() if 1 <= index <= len(self._layers) else None
