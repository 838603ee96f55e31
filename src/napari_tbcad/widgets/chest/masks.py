"""Step 2: the segmenter and the two masks made from it."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QLabel,
)

from napari_tbcad.widgets.chest.layers import KINDS
from napari_tbcad.widgets.chest.step import ChestStep
from napari_tbcad.widgets.parts.form import ParameterForm

USES = {"sensitive": "air only → shape", "insensitive": "whole lung field → texture"}


class MasksStep(ChestStep):
    """The segmenter and the two masks made from it."""

    name = "lungs"

    def __init__(self) -> None:
        super().__init__(
            2, "Lung masks", "Finds both lungs, and makes the mask for shape and that for texture."
        )
        self.segmenter = QComboBox()
        self.segmenter.setAccessibleName("Segmenter")
        form = QFormLayout()
        form.addRow("Segmenter", self.segmenter)
        self.body.addLayout(form)
        self._parameters: ParameterForm | None = None
        self._forms: dict[str, ParameterForm] = {}
        self._shown = ""
        self.segmenter.currentTextChanged.connect(self._choose)

    def build(self, settings: Any) -> None:
        """Fill the choice of segmenters and the forms."""
        from napari_tbcad.chest.lungs.registry import SEGMENTERS

        with QSignalBlocker(self.segmenter):
            self.segmenter.clear()
            self.segmenter.addItems(list(SEGMENTERS))
            self.segmenter.setCurrentText(settings.lungs.segmenter)
            self.segmenter.setToolTip("\n".join(f"{e.name}: {e.description}" for e in SEGMENTERS.values()))
        self._show_parameters(settings)
        for kind in KINDS:
            if kind not in self._forms:
                self.body.addWidget(QLabel(f"<b>{kind.capitalize()}</b> ({USES[kind]})"))
            self._forms[kind] = self.form(self._forms.get(kind), getattr(settings, kind), kind, live=True)

    def refresh(self) -> None:
        """Show the chosen segmenter, or that only one lung was found."""
        super().refresh()
        settings = self.settings()
        if settings is not None:
            self.summarise(settings.lungs.segmenter)

    def _choose(self, name: str) -> None:
        settings = self.settings()
        if settings is None or self.session is None or not name or name == settings.lungs.segmenter:
            return
        self.session.configure("lungs", settings.lungs.model_copy(update={"segmenter": name}))
        self._show_parameters(self.settings())

    def _show_parameters(self, settings: Any) -> None:
        """Show the form of the chosen segmenter only."""
        name = settings.lungs.segmenter
        if self._parameters is not None and self._shown == name:
            self._parameters.set_value(getattr(settings.lungs, name))
            return
        if self._parameters is not None:
            self._parameters.setParent(None)
            self._parameters.deleteLater()
        self._parameters, self._shown = ParameterForm(getattr(settings.lungs, name)), name
        self._parameters.changed.connect(self._take_parameters)
        self.body.insertWidget(1, self._parameters)

    def _take_parameters(self, value: Any) -> None:
        settings = self.settings()
        if settings is not None and self.session is not None:
            self.session.configure("lungs", settings.lungs.model_copy(update={self._shown: value}))
