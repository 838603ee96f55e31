"""The first three steps of the chest panel: enhance, lung masks, correct."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
from napari.layers import Image
from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QWidget,
)

from napari_tbcad.chain import State
from napari_tbcad.chest.lungs.fields import LEFT, RIGHT
from napari_tbcad.widgets.parts.form import ParameterForm
from napari_tbcad.widgets.parts.layer_picker import PREVIEW
from napari_tbcad.widgets.parts.lung_layers import COLOURS, KINDS
from napari_tbcad.widgets.parts.step import StepRow
from napari_tbcad.widgets.session import ChestSession

USES = {"sensitive": "air only → shape", "insensitive": "whole lung field → texture"}


class ChestStep(StepRow):
    """A step that shows one session; `name` is its name in :data:`napari_tbcad.widgets.session.STAGES`."""

    name = ""

    def __init__(self, number: int, title: str, tooltip: str, *, open_: bool = False) -> None:
        super().__init__(number, title, tooltip, open_=open_)
        self.session: ChestSession | None = None

    def bind(self, session: ChestSession | None) -> None:
        """Show another session."""
        self.session = session
        if session is not None and session.run is not None:
            self.build(session.run.settings)
        self.refresh()

    def build(self, settings: Any) -> None:
        """Make, or refill, the controls from the settings of the run."""

    def refresh(self) -> None:
        """Show state, summary and values."""
        if self.session is None:
            self.set_state(State.NOT_RUN)
            self.summarise("")
            return
        self.set_state(self.session.state(self.name), self.session.error(self.name))

    def settings(self) -> Any:
        """Return the settings of the run, None without one."""
        run = self.session.run if self.session is not None else None
        return None if run is None else run.settings

    def form(self, old: ParameterForm | None, value: Any, section: str, **options: Any) -> ParameterForm:
        """Return a form for a section of the settings: the old one refilled, or a new one in the body."""
        live = options.pop("live", False)
        if old is not None and type(old.value) is type(value):
            old.set_value(value)
            return old
        form = ParameterForm(value, **options)
        form.changed.connect(
            lambda new: self.session.configure(section, new, live=live) if self.session is not None else None
        )
        self.body.addWidget(form)
        return form


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


class CorrectStep(ChestStep):
    """The person's turn: paint, compare, go back."""

    name = "lungs"

    def __init__(self) -> None:
        super().__init__(
            3, "Correct", "Paint either mask; features and result follow. The automatic mask is kept."
        )
        self.kinds: dict[str, QRadioButton] = {}
        group = QButtonGroup(self)
        column = QHBoxLayout()
        column.setSpacing(2)
        for kind in reversed(KINDS):
            button = QRadioButton(kind.capitalize())
            button.setToolTip(f"Work on the {kind} mask: {USES[kind]}.")
            group.addButton(button)
            column.addWidget(button)
            self.kinds[kind] = button
            button.toggled.connect(lambda on, kind=kind: self._look_at(kind) if on else None)
        self.kinds["insensitive"].setChecked(True)
        self.body.addLayout(column)
        self.body.addWidget(self._brushes())
        self.outline = QCheckBox("Outline of the automatic mask")
        self.outline.setToolTip("Shows the automatic mask as a thin white line that cannot be painted.")
        self.outline.toggled.connect(self._show_outline)
        self.body.addWidget(self.outline)
        self.facts = QLabel("")
        self.facts.setWordWrap(True)
        self.body.addWidget(self.facts)

    @property
    def kind(self) -> str:
        """The mask worked on."""
        return next(kind for kind, button in self.kinds.items() if button.isChecked())

    def refresh(self) -> None:
        """Show what was changed."""
        session = self.session
        has_mask = session is not None and session.value("sensitive") is not None
        self._panel.setEnabled(has_mask)
        self.outline.setEnabled(has_mask)
        edits = {kind: session.edits(kind) for kind in KINDS} if session is not None else {}
        edited = {kind: facts for kind, facts in edits.items() if facts is not None}
        self.set_state(State.DONE if edited else State.NOT_RUN)
        self.dot.setToolTip("Corrected by hand" if edited else "Nothing corrected; optional")
        self.back_button.setEnabled(self.kind in edited or bool(session and session.mask_problems))
        if not has_mask:
            self.summarise("")
            self.facts.setText("Run first: there is nothing to correct yet.")
            return
        said = [
            f"{kind}: {n:,} px changed, Dice {dice:.3f} to automatic" for kind, (n, dice) in edited.items()
        ]
        problems = list(session.mask_problems.values()) if session is not None else []
        self.facts.setText("\n".join([*problems, *(said or ["Both masks are automatic."])]))
        self.summarise("corrected: " + ", ".join(edited) if edited else "automatic")
        if self.outline.isChecked():
            self._show_outline(True)

    def bind(self, session: ChestSession | None) -> None:
        """Show another session; the outline of the last one goes."""
        if session is not self.session:
            self.outline.setChecked(False)
        super().bind(session)

    def _brushes(self) -> QWidget:
        self._panel = QWidget()
        grid = QGridLayout(self._panel)
        grid.setContentsMargins(0, 0, 0, 0)
        self.brushes: dict[int, QPushButton] = {}
        for column, (label, text) in enumerate(((RIGHT, "Right lung"), (LEFT, "Left lung"), (0, "Erase"))):
            button = QPushButton(text)
            colour = COLOURS.get(label, "#999999")
            button.setStyleSheet(f"border-left: 5px solid {colour}; padding: 4px;")
            where = {
                RIGHT: "the patient's right, on the image's left",
                LEFT: "the patient's left, on the image's right",
            }
            button.setToolTip(f"Brush for {where[label]}." if label else "Brush that takes away.")
            button.clicked.connect(lambda _=False, label=label: self._brush(label))
            grid.addWidget(button, 0, column)
            self.brushes[label] = button
        self.back_button = QPushButton("Back to automatic")
        self.back_button.setToolTip("Bring the automatic mask back; Ctrl+Z brings your version back.")
        self.back_button.clicked.connect(
            lambda: self.session.to_automatic(self.kind) if self.session else None
        )
        grid.addWidget(self.back_button, 1, 0, 1, 3)
        return self._panel

    def _brush(self, label: int) -> None:
        if self.session is None:
            return
        if self.session.layers.layer(self.kind) is None:
            self.session.show_masks()
        self.session.layers.brush(self.kind, label)

    def _look_at(self, kind: str) -> None:
        if self.session is None:
            return
        self.session.layers.look_at(kind)
        if self.outline.isChecked():
            self._show_outline(True)
        self.refresh()

    def _show_outline(self, wanted: bool) -> None:
        if self.session is None:
            return
        mask = self.session.value(self.kind, automatic=True)
        self.session.layers.outline(mask.labels if wanted and mask is not None else None)


def left_aligned(text: str) -> QLabel:
    """Return a wrapping label whose text can be selected."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
