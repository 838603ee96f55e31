"""Step 1: polarity, denoising and contrast."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton

from napari_tbcad.widgets.chest.bench import ChestBench
from napari_tbcad.widgets.chest.step import ChestStep
from napari_tbcad.widgets.parts.form import ParameterForm


class EnhanceStep(ChestStep):
    """Polarity, denoising and contrast."""

    name, number, heading = "enhance", 1, "Enhance"
    purpose = "Polarity, denoising and local contrast: what the texture features read."

    def __init__(self, bench: ChestBench, *, open_: bool = False) -> None:
        super().__init__(bench, open_=open_)
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
        self.preview.setToolTip(
            "Lays the enhanced film over the original, which stays; it follows the settings below at once."
        )
        self.preview.toggled.connect(self._show_preview)
        self.body.addWidget(self.preview)
        self._form: ParameterForm | None = None

    def build(self, settings: Any) -> None:
        """Make the form."""
        self._form = self.form(self._form, settings.enhance, "enhance")

    def refresh(self) -> None:
        """Show polarity, summary and preview."""
        super().refresh()
        settings, session = self.settings(), self.session
        self.flip_button.setEnabled(settings is not None)
        self.preview.setEnabled(settings is not None)
        with QSignalBlocker(self.preview):
            self.preview.setChecked(session is not None and session.look.preview)
        if settings is None:
            return
        enhance = settings.enhance
        self.summarise(f"{enhance.filter}, CLAHE {enhance.clip_limit:g}" if enhance.clahe else enhance.filter)
        self.polarity.setText(self._polarity(settings))

    def configure(self, section: str, value: Any, *, live: bool = False) -> None:
        """Replace a section; the preview follows at once."""
        super().configure(section, value, live=live)
        if self.session is not None and self.session.look.preview:
            self.session.request("upright", "enhanced")

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
        if self.session is not None:
            self.session.look.set_preview(wanted)
