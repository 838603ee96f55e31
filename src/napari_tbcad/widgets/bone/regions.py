"""Step 2: the regions of the skeleton."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout, QHBoxLayout, QPushButton

from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.schemes import REGION_NAMES
from napari_tbcad.widgets.bone.bench import BoneBench
from napari_tbcad.widgets.bone.step import BoneStep
from napari_tbcad.widgets.parts.form import ParameterForm
from napari_tbcad.widgets.parts.networks import offer_networks, shortened
from napari_tbcad.widgets.workflow.step import left_aligned

_SCORE = {"network": "Certainty of the network", "atlas": "Agreement of atlas and scan"}


class RegionsStep(BoneStep):
    """The regions of the skeleton: what finds them, and the brush that corrects them."""

    name, number, heading = "regions", 2, "Regions"
    purpose = "Lays the twelve regions of the skeleton over both views."

    def __init__(self, bench: BoneBench, *, open_: bool = False) -> None:
        super().__init__(bench, open_=open_)
        self.segmenter = QComboBox()
        self.segmenter.setAccessibleName("Segmenter of the regions")
        self.segmenter.currentTextChanged.connect(self._choose)
        form = QFormLayout()
        form.addRow("Segmenter", self.segmenter)
        self.body.addLayout(form)
        self.outlines = QCheckBox("Outlines")
        self.outlines.setToolTip("Outline the regions on the canvas.")
        self.outlines.toggled.connect(self._outline)
        self.body.addWidget(self.outlines)
        self.facts = left_aligned("")
        self.body.addWidget(self.facts)
        row = QHBoxLayout()
        row.setSpacing(3)
        self.region = QComboBox()
        self.region.addItems(list(REGION_NAMES))
        self.region.setAccessibleName("Region to paint")
        self.region.setToolTip("The region that the brush paints.")
        row.addWidget(self.region, 1)
        self.brushes: dict[str, QPushButton] = {}
        for view in VIEWS:
            button = QPushButton(f"Paint {'ant.' if view == 'anterior' else 'post.'}")
            button.setStyleSheet("padding: 4px;")
            button.setToolTip(f"Brush for this region in the {view} view; 1 erases, Ctrl+Z undoes.")
            button.clicked.connect(lambda _=False, view=view: self._brush(view))
            row.addWidget(button)
            self.brushes[view] = button
        self.body.addLayout(row)
        self.back_button = QPushButton("Back to automatic")
        self.back_button.setToolTip("Bring the regions that were found back.")
        self.back_button.clicked.connect(lambda: self._back())
        self.body.addWidget(self.back_button)
        self._form: ParameterForm | None = None

    def build(self, settings: Any) -> None:
        """Fill the choice of segmenters, and make the form of the chosen one."""
        from napari_tbcad.bone.region_segmenters import REGION_SEGMENTERS

        name = settings.regions.segmenter
        with QSignalBlocker(self.segmenter):
            if self.segmenter.count() != len(REGION_SEGMENTERS):
                self.segmenter.addItems(list(REGION_SEGMENTERS))
                told = [f"{entry.name}: {entry.description}" for entry in REGION_SEGMENTERS.values()]
                self.segmenter.setToolTip("\n".join(told))
            self.segmenter.setCurrentText(name)
        chosen = getattr(settings.regions, name)
        if self._form is not None and type(self._form.value) is type(chosen):
            if self._form.value != chosen:
                self._form.set_value(chosen)
            return
        if self._form is not None:
            self._form.setParent(None)
            self._form.deleteLater()
        self._form = ParameterForm(chosen)
        self._form.changed.connect(self._take_parameters)
        offer_networks(self._form)
        self.body.insertWidget(1, self._form)

    def refresh(self) -> None:
        """Show what found the regions, and how far they can be trusted."""
        super().refresh()
        session = self.session
        regions = session.value("regions") if session is not None else None
        edited = session is not None and session.run is not None and session.run.edited("regions")
        for widget in (self.outlines, self.region, *self.brushes.values()):
            widget.setEnabled(regions is not None)
        self.back_button.setEnabled(edited)
        self.facts.setVisible(regions is not None)
        if session is None or regions is None:
            self.summarise("")
            return
        with QSignalBlocker(self.outlines):
            self.outlines.setChecked(session.look.outlines)
        if edited:
            self.facts.setText("Corrected by hand.")
            self.summarise("corrected")
            return
        self._tell(regions, settings.regions.segmenter if (settings := self.settings()) else "")

    def _tell(self, regions: Any, chosen: str) -> None:
        """Say what found the regions, which is not the chosen one where that was of no use."""
        used = regions.segmenter
        model = next(
            (step.model for step in reversed(tuple(regions.record)) if getattr(step, "model", "")), ""
        )
        said = [f"Found by {shortened(model) if model else used}." if used else ""]
        if used and chosen and used != chosen and self.session is not None and self.session.fresh("regions"):
            said = [f"Found by the {used}: the {chosen} could not be used."]
        if regions.scores:
            scores = ", ".join(f"{view} {score:.2f}" for view, score in regions.scores.items())
            said.append(f"{_SCORE.get(used, 'Score')} (1 is best): {scores}.")
        self.facts.setText(" ".join(filter(None, said)))
        self.facts.setToolTip(model or "")
        lowest = f" {min(regions.scores.values()):.2f}" if regions.scores else ""
        self.summarise(f"{used}{lowest}")

    def _choose(self, name: str) -> None:
        settings = self.settings()
        if settings is not None and name and name != settings.regions.segmenter:
            self.configure("regions", settings.regions.model_copy(update={"segmenter": name}))

    def _take_parameters(self, value: Any) -> None:
        settings = self.settings()
        if settings is not None:
            section = {settings.regions.segmenter: value}
            self.configure("regions", settings.regions.model_copy(update=section))

    def _outline(self, on: bool) -> None:
        if self.session is not None:
            self.session.look.set_outlines(on)

    def _brush(self, view: str) -> None:
        if self.session is not None:
            self.session.show_labels()
            self.session.layers.take_region_brush(view, self.region.currentText())  # type: ignore[arg-type]

    def _back(self) -> None:
        if self.session is not None:
            self.session.back_to_automatic("regions")
