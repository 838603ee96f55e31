"""Step 2: the regions of the skeleton."""

from __future__ import annotations

import weakref
from typing import Any

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout, QHBoxLayout, QLabel

from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.schemes import REGION_IDS
from napari_tbcad.widgets.bone.bench import BoneBench
from napari_tbcad.widgets.bone.layers import REGIONS
from napari_tbcad.widgets.bone.region_brush import RegionBrush
from napari_tbcad.widgets.bone.region_words import corrected_text, found_text, model_of, summary_of
from napari_tbcad.widgets.bone.step import BoneStep
from napari_tbcad.widgets.parts.form import ParameterForm
from napari_tbcad.widgets.parts.networks import offer_networks
from napari_tbcad.widgets.parts.quiet import QuietLabel
from napari_tbcad.widgets.parts.step import AMBER
from napari_tbcad.widgets.workflow.step import left_aligned

_NAMES = {number: name for name, number in REGION_IDS.items()}


class RegionsStep(BoneStep):
    """The regions of the skeleton: what finds them, and the brush that corrects them."""

    name, number, heading = "regions", 2, "Regions"
    purpose = "Lays the twelve regions of the skeleton over both views."

    def __init__(self, bench: BoneBench, *, open_: bool = False) -> None:
        super().__init__(bench, open_=open_)
        self.segmenter = QComboBox()
        self.segmenter.setAccessibleName("Segmenter of the regions")
        self.segmenter.currentTextChanged.connect(self._choose)
        self.facts = left_aligned("")
        self.doubts = QuietLabel(quiet=False, wrap=True)
        self.doubts.setStyleSheet(f"border-left: 3px solid {AMBER}; padding-left: 6px;")
        self.outlines: dict[str, QCheckBox] = {}
        self.brush = RegionBrush()
        self._lay_out()
        self.brush.paint_wanted.connect(self._paint)
        self.brush.back_wanted.connect(lambda: self._hands("back_to_automatic", "regions"))
        self.brush.undo_wanted.connect(lambda: self._hands("undo"))
        self.brush.redo_wanted.connect(lambda: self._hands("redo"))
        self._form: ParameterForm | None = None
        self._shaded: weakref.ref[Any] | None = None
        self._hair: weakref.ref[Any] | None = None

    def _lay_out(self) -> None:
        self.body.addWidget(self.facts)
        self.body.addWidget(self.doubts)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(QLabel("Outlines"))
        for view in VIEWS:
            box = QCheckBox(view)
            box.setToolTip(f"Outline the regions on the {view} view. Display only.")
            box.toggled.connect(lambda on, view=view: self._outline(view, on))
            row.addWidget(box)
            self.outlines[view] = box
        row.addStretch(1)
        self.body.addLayout(row)
        self.body.addWidget(self.brush)
        # What is corrected often stands first; which network it is is seldom changed.
        form = QFormLayout()
        form.addRow("Segmenter", self.segmenter)
        self.body.addLayout(form)
        self.doubts.hide()

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
        self.body.addWidget(self._form)

    def refresh(self) -> None:
        """Show what found the regions, how far they can be trusted, and what was corrected."""
        super().refresh()
        self._listen()
        session = self.session
        regions = session.value("regions") if session is not None else None
        edited = session is not None and session.run is not None and session.run.edited("regions")
        hands = getattr(session, "hands", None)
        self.brush.show_hands(hands, edited=edited, usable=regions is not None)
        for widget in (self.facts, self.brush):
            widget.setVisible(regions is not None)
        self._show_outlines()
        doubts = () if regions is None or edited else regions.warnings
        self.doubts.setVisible(bool(doubts))
        self.doubts.set_text(" ".join(doubts))
        if session is None or session.run is None or regions is None:
            self.summarise("")
            return
        self._shade(session, regions)
        if edited:
            self.facts.setText(corrected_text(session.run.journal))
            self.summarise("corrected")
            return
        settings = self.settings()
        self.facts.setText(
            found_text(regions, settings.regions.segmenter if session.fresh("regions") else "")
        )
        self.facts.setToolTip(model_of(regions))
        self.summarise(summary_of(regions))

    # -- what is shown --------------------------------------------------------------------------------

    def _shade(self, session: Any, regions: Any) -> None:
        """Shade the body by the network's uncertainty, where that is another than before."""
        from napari_tbcad.bone.region_certainty import region_uncertainty

        found = session.value("regions", automatic=True)
        found = regions if found is None else found
        if self._shaded is None or self._shaded() is not found:
            self._shaded = weakref.ref(found)
            self.brush.show_uncertainty(region_uncertainty(found))

    def _show_outlines(self) -> None:
        for view, box in self.outlines.items():
            layer = self._layer(view)
            with QSignalBlocker(box):
                box.setChecked(layer is not None and layer.visible)
            box.setEnabled(layer is not None)

    def _listen(self) -> None:
        """Follow the pointer over the canvas, once there is something that follows it."""
        hair = getattr(self.bench.viewing, "crosshair", None)
        if hair is None or (self._hair is not None and self._hair() is hair):
            return
        self._hair = weakref.ref(hair)
        hair.changed.connect(self._show_under)

    def _show_under(self) -> None:
        """Name the region under the pointer, and how sure the network was of it."""
        if not self.is_open or self._hair is None:
            return
        hair = self._hair()
        at = hair.at if hair is not None else None
        layer = self._layer(at[0]) if at is not None else None
        if at is None or layer is None:
            self.brush.under.set_text("")
            return
        row, column = round(at[1]), round(at[2])
        inside = 0 <= row < layer.data.shape[0] and 0 <= column < layer.data.shape[1]
        name = _NAMES.get(int(layer.data[row, column]), "no region") if inside else "no region"
        found = self._shaded() if self._shaded is not None else None
        unsure = found.uncertainty.get(at[0]) if found is not None else None
        said = ""
        if inside and unsure is not None and unsure.shape == layer.data.shape:
            said = f", uncertainty here {float(unsure[row, column]):.2f}"
        self.brush.under.set_text(f"Under the pointer: {name} ({at[0]}){said}")
        self.brush.map.point_at(name)
        self._show_outlines()

    def _layer(self, view: str) -> Any:
        session = self.session
        return None if session is None else session.layers.layer(REGIONS[view])  # type: ignore[index]

    # -- what a person asks ---------------------------------------------------------------------------

    def _choose(self, name: str) -> None:
        settings = self.settings()
        if settings is not None and name and name != settings.regions.segmenter:
            self.configure("regions", settings.regions.model_copy(update={"segmenter": name}))

    def _take_parameters(self, value: Any) -> None:
        settings = self.settings()
        if settings is not None:
            section = {settings.regions.segmenter: value}
            self.configure("regions", settings.regions.model_copy(update=section))

    def _outline(self, view: str, on: bool) -> None:
        layer = self._layer(view)
        if layer is not None and self.session is not None:
            layer.visible = on
            self.session.look.outlines = any(box.isChecked() for box in self.outlines.values())

    def _paint(self, view: str, region: str) -> None:
        """Take the brush for a region; another click on the body changes region and view."""
        if self._hands("paint_region", view, region):
            self.brush.choose(region)
            self._show_outlines()

    def _hands(self, name: str, *values: Any) -> bool:
        return self.session is not None and bool(getattr(self.session.hands, name)(*values))
