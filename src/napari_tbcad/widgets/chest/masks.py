"""Step 2: the segmenter and the two masks made from it."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel

from napari_tbcad.widgets.chest.bench import ChestBench
from napari_tbcad.widgets.chest.layers import KINDS
from napari_tbcad.widgets.chest.step import ChestStep
from napari_tbcad.widgets.parts.form import ParameterForm
from napari_tbcad.widgets.parts.networks import offer_networks, shortened
from napari_tbcad.widgets.parts.quiet import QuietLabel

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
        self.maker = QuietLabel()
        self.maker.setAccessibleName("What finds the lungs")
        self.body.addWidget(self.maker)
        self.uncertainty = QCheckBox("Uncertainty on the film")
        self.uncertainty.setToolTip(
            "Lays over the film where the network is unsure what it sees; a thin line along the edge of a "
            "lung is as it should be."
        )
        self.uncertainty.toggled.connect(self._show_uncertainty)
        self.uncertainty.hide()
        self.body.addWidget(self.uncertainty)
        self.parameters: ParameterForm | None = None
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
                for entry in SEGMENTERS.values():
                    self.segmenter.addItem(entry.name)
                    self.segmenter.setItemData(
                        self.segmenter.count() - 1, entry.description, Qt.ItemDataRole.ToolTipRole
                    )
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
        used, said, why = _maker(session)
        self.summarise(used)
        self.maker.set_text(said)
        if why:
            self.maker.setToolTip(f"{said}\n{why}")
        soft = session.value("soft")
        self.uncertainty.setVisible(soft is not None and soft.uncertainty is not None)
        with QSignalBlocker(self.uncertainty):
            self.uncertainty.setChecked(session.look.uncertainty.wanted)
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

    def _show_uncertainty(self, wanted: bool) -> None:
        if self.session is not None:
            self.session.look.uncertainty.show(wanted)

    def _choose(self, name: str) -> None:
        settings = self.settings()
        if settings is None or self.session is None or not name or name == settings.lungs.segmenter:
            return
        self.session.configure("lungs", settings.lungs.model_copy(update={"segmenter": name}))

    def _show_parameters(self, settings: Any) -> None:
        """Show the form of the chosen segmenter only."""
        name = settings.lungs.segmenter
        value = getattr(settings.lungs, name)
        if self.parameters is not None and self._shown == name:
            if self.parameters.value != value:
                self.parameters.set_value(value)
            return
        if self.parameters is not None:
            self.parameters.setParent(None)
            self.parameters.deleteLater()
        self.parameters, self._shown = ParameterForm(value), name
        self.parameters.changed.connect(self._take_parameters)
        offer_networks(self.parameters)
        self.body.insertWidget(1, self.parameters)

    def _take_parameters(self, value: Any) -> None:
        settings = self.settings()
        if settings is not None and self.session is not None:
            self.session.configure("lungs", settings.lungs.model_copy(update={self._shown: value}))


def _maker(session: Any) -> tuple[str, str, str]:
    """Return what is chosen or, once the lungs were found, found them; a sentence on it, and why."""
    from napari_tbcad.chest.account import lungs_step, segmenter_of
    from napari_tbcad.chest.lungs.registry import SEGMENTERS

    chosen, used = session.run.settings.lungs.segmenter, segmenter_of(session.run)
    step = lungs_step(session.run)
    if step is None or not session.fresh("soft"):
        return chosen, SEGMENTERS[chosen].description, ""
    if used != chosen:
        return (
            f"{used}, not {chosen}",
            f"Found by the {used}: the {chosen} could not be used.",
            str(step.facts.get("because", "")),
        )
    # The model of an atlas or a network says what it is.
    return used, f"Found by {shortened(step.model or used)}.", step.model or ""
