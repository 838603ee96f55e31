"""Step 2: the regions of the skeleton."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QPushButton

from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.schemes import REGION_NAMES
from napari_tbcad.widgets.bone.bench import BoneBench
from napari_tbcad.widgets.bone.step import BoneStep
from napari_tbcad.widgets.parts.form import ParameterForm
from napari_tbcad.widgets.workflow.step import left_aligned


class RegionsStep(BoneStep):
    """The regions of the skeleton, by registration of an atlas."""

    name, number, heading = "regions", 2, "Regions"
    purpose = "Lays the twelve regions of the skeleton over both views."

    def __init__(self, bench: BoneBench, *, open_: bool = False) -> None:
        super().__init__(bench, open_=open_)
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
        self.back_button.setToolTip("Bring the regions of the atlas back.")
        self.back_button.clicked.connect(lambda: self._back())
        self.body.addWidget(self.back_button)
        self._form: ParameterForm | None = None

    def build(self, settings: Any) -> None:
        """Make the form."""
        self._form = self.form(self._form, settings.regions, "regions")

    def refresh(self) -> None:
        """Show how well the atlas fits."""
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
        scores = ", ".join(f"{view} {score:.2f}" for view, score in regions.scores.items())
        self.facts.setText(f"Agreement of atlas and scan (1 is best): {scores}." if scores else "")
        self.summarise(f"agreement {min(regions.scores.values()):.2f}" if regions.scores else "atlas")

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
