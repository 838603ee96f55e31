"""Step 2: the segmenter and the two masks made from it."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QComboBox, QFormLayout, QLabel

from napari_tbcad.widgets.chest.bench import ChestBench
from napari_tbcad.widgets.chest.layers import KINDS
from napari_tbcad.widgets.chest.step import ChestStep
from napari_tbcad.widgets.parts.form import ParameterForm

USES = {"sensitive": "air only → shape", "insensitive": "whole lung field → texture"}


class MasksStep(ChestStep):
    """The segmenter and the two masks made from it."""

    name, number, heading = "lungs", 2, "Lung masks"
    purpose = "Finds both lungs, and makes the mask for shape and that for texture."

    def __init__(self, bench: ChestBench, *, open_: bool = False) -> None:
        super().__init__(bench, open_=open_)
        self.segmenter = QComboBox()
        self.segmenter.setAccessibleName("Segmenter")
        form = QFormLayout()
        form.addRow("Segmenter", self.segmenter)
        self.body.addLayout(form)
        self._parameters: ParameterForm | None = None
        self._forms: dict[str, ParameterForm] = {}
        self._notes: dict[str, QLabel] = {}
        self._shown = ""
        self.segmenter.currentTextChanged.connect(self._choose)

    def build(self, settings: Any) -> None:
        """Fill the choice of segmenters and the forms."""
        from napari_tbcad.chest.lungs.registry import SEGMENTERS

        with QSignalBlocker(self.segmenter):
            if self.segmenter.count() != len(SEGMENTERS):
                self.segmenter.clear()
                self.segmenter.addItems(list(SEGMENTERS))
                self.segmenter.setToolTip(
                    "\n".join(f"{e.name}: {e.description}" for e in SEGMENTERS.values())
                )
            self.segmenter.setCurrentText(settings.lungs.segmenter)
        self._show_parameters(settings)
        for kind in KINDS:
            if kind not in self._forms:
                self._add_head(kind)
            self._forms[kind] = self.form(self._forms.get(kind), getattr(settings, kind), kind, live=True)

    def form(self, old: ParameterForm | None, value: Any, section: str, **options: Any) -> ParameterForm:
        """Return a form whose sliders make one undoable step of a whole drag."""
        form = super().form(old, value, section, **options)
        if form is not old:
            form.grabbed.connect(lambda: self.session.layers.hold(section) if self.session else None)
            form.released.connect(lambda: self.session.layers.release(section) if self.session else None)
        return form

    def refresh(self) -> None:
        """Show the chosen segmenter, and which masks a slider no longer moves."""
        super().refresh()
        settings, session = self.settings(), self.session
        if settings is None or session is None or session.run is None:
            return
        self.summarise(settings.lungs.segmenter)
        for kind, note in self._notes.items():
            note.setVisible(session.run.edited(kind))

    def _add_head(self, kind: str) -> None:
        head = QLabel(f"<b>{kind.capitalize()}</b> ({USES[kind]})")
        head.setWordWrap(True)
        self.body.addWidget(head)
        note = QLabel("Corrected by hand: this moves the automatic mask only.")
        note.setWordWrap(True)
        note.setToolTip("Back to automatic (step 3) brings the automatic mask back into the layer.")
        note.hide()
        self.body.addWidget(note)
        self._notes[kind] = note

    def _choose(self, name: str) -> None:
        settings = self.settings()
        if settings is None or self.session is None or not name or name == settings.lungs.segmenter:
            return
        self.session.configure("lungs", settings.lungs.model_copy(update={"segmenter": name}))

    def _show_parameters(self, settings: Any) -> None:
        """Show the form of the chosen segmenter only."""
        name = settings.lungs.segmenter
        value = getattr(settings.lungs, name)
        if self._parameters is not None and self._shown == name:
            if self._parameters.value != value:
                self._parameters.set_value(value)
            return
        if self._parameters is not None:
            self._parameters.setParent(None)
            self._parameters.deleteLater()
        self._parameters, self._shown = ParameterForm(value), name
        self._parameters.changed.connect(self._take_parameters)
        self.body.insertWidget(1, self._parameters)

    def _take_parameters(self, value: Any) -> None:
        settings = self.settings()
        if settings is not None and self.session is not None:
            self.session.configure("lungs", settings.lungs.model_copy(update={self._shown: value}))
