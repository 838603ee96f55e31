"""Step 1: polarity, denoising and contrast."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
from napari.layers import Image
from qtpy.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
)

from napari_tbcad.widgets.chest.session import ChestSession
from napari_tbcad.widgets.chest.step import ChestStep
from napari_tbcad.widgets.parts.form import ParameterForm
from napari_tbcad.widgets.parts.layer_picker import PREVIEW


class EnhanceStep(ChestStep):
    """Polarity, denoising and contrast."""

    name = "enhance"

    def __init__(self) -> None:
        super().__init__(
            1, "Enhance", "Polarity, denoising and local contrast: what the texture features read."
        )
        row = QHBoxLayout()
        self.polarity = QLabel("Polarity: not checked yet")
        self.polarity.setWordWrap(True)
        self.flip_button = QPushButton("Flip polarity")
        self.flip_button.setToolTip(
            "Turn the grey scale round: air must be dark. Press again to turn it back."
        )
        self.flip_button.clicked.connect(self._flip)
        row.addWidget(self.polarity, 1)
        row.addWidget(self.flip_button)
        self.body.addLayout(row)
        self.preview = QCheckBox("Show the enhanced film")
        self.preview.setToolTip("Adds the enhanced film as a layer; the original stays.")
        self.preview.toggled.connect(self._show_preview)
        self.body.addWidget(self.preview)
        self._form: ParameterForm | None = None
        self._layer: weakref.ref[Image] | None = None

    def build(self, settings: Any) -> None:
        """Make the form."""
        self._form = self.form(self._form, settings.enhance, "enhance")

    def bind(self, session: ChestSession | None) -> None:
        """Show another session; the preview of the last one goes."""
        if session is not self.session:
            self.preview.setChecked(False)
        super().bind(session)

    def refresh(self) -> None:
        """Show polarity, summary and preview."""
        super().refresh()
        settings = self.settings()
        self.flip_button.setEnabled(settings is not None)
        self.preview.setEnabled(self.session is not None and self.session.value("enhanced") is not None)
        if settings is None:
            return
        enhance = settings.enhance
        self.summarise(f"{enhance.filter}, CLAHE {enhance.clip_limit:g}" if enhance.clahe else enhance.filter)
        self.polarity.setText(self._polarity(settings))
        if self.preview.isChecked():
            self._show_preview(True)

    def _polarity(self, settings: Any) -> str:
        assert self.session is not None
        upright, film = self.session.value("upright"), self.session.value("film")
        if upright is None or not self.session.fresh("upright"):
            return f"Polarity: {settings.polarity.mode}"
        turned = upright.inverted != film.inverted
        by = "automatically" if settings.polarity.mode == "auto" else "by you"
        return f"Polarity: turned round {by}" if turned else "Polarity: air is dark, as stored"

    def _flip(self) -> None:
        settings, session = self.settings(), self.session
        if settings is None or session is None:
            return
        upright, film = session.value("upright"), session.value("film")
        if settings.polarity.mode == "auto":
            turned = upright is not None and upright.inverted != film.inverted
            mode = "keep" if turned else "invert"
        else:
            mode = "keep" if settings.polarity.mode == "invert" else "invert"
        session.configure("polarity", settings.polarity.model_copy(update={"mode": mode}))
        session.request("upright", "enhanced")

    def _show_preview(self, wanted: bool) -> None:
        session = self.session
        film_layer = session.layer if session is not None else None
        viewer = session.viewer if session is not None else None
        layer = self._layer() if self._layer is not None else None
        if viewer is None:
            return
        if layer is not None and layer not in viewer.layers:
            layer = None
        enhanced = session.value("enhanced") if session is not None else None
        if not wanted or enhanced is None or film_layer is None:
            if layer is not None:
                viewer.layers.remove(layer)
            return
        if layer is not None and layer.data.shape == enhanced.pixels.shape:
            if layer.data is not enhanced.pixels:
                layer.data = enhanced.pixels
            return
        if layer is not None:
            viewer.layers.remove(layer)
        self._layer = weakref.ref(self._add_preview(viewer, film_layer, enhanced.pixels))

    def _add_preview(self, viewer: Any, film_layer: Image, pixels: Any) -> Image:
        # Both grids cover the same field of view, so that pixel centres differ by half a pixel step.
        ratio = np.asarray(film_layer.data.shape[:2]) / np.asarray(pixels.shape)
        scale = np.asarray(film_layer.scale[-2:])
        preview = Image(
            pixels,
            name=f"{film_layer.name} enhanced",
            scale=scale * ratio,
            translate=np.asarray(film_layer.translate[-2:]) + (ratio - 1) / 2 * scale,
            units=film_layer.units[-2:],
            axis_labels=film_layer.axis_labels[-2:],
            colormap="gray",
            contrast_limits=(0, 255),
            metadata={PREVIEW: True},
        )
        chosen = set(viewer.layers.selection)
        viewer.layers.insert(viewer.layers.index(film_layer) + 1, preview)
        viewer.layers.selection = chosen
        return preview
