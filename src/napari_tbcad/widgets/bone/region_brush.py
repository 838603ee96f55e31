"""Choosing a region of the skeleton to paint: by its place on a body, or by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_tbcad.imaging.bonescan import VIEWS, ViewName
from napari_tbcad.schemes import ANTERIOR_ONLY, REGION_NAMES
from napari_tbcad.widgets.bone.body_map import SIDES
from napari_tbcad.widgets.parts.body_map import BodyMap, BodyPart
from napari_tbcad.widgets.parts.quiet import QuietLabel
from napari_tbcad.widgets.parts.step import AMBER

_UNSURE = 0.2
"""Mean uncertainty that is drawn with the strongest colour: twice that of the thinnest regions of a scan that
the packaged network knows well, and about what it has in one of another camera."""


class RegionBrush(QWidget):
    """A body whose bones are clicked, a list of regions, and what undoes and takes back.

    Attributes
    ----------
    paint_wanted : Signal(str, str)
        View and region for which the brush is asked.
    back_wanted, undo_wanted, redo_wanted : Signal
        The automatic regions, one step back, one step on.
    """

    paint_wanted = Signal(str, str)
    back_wanted = Signal()
    undo_wanted = Signal()
    redo_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # Not the colour of disease; what the network is sure of has none.
        self.map = BodyMap(colour=AMBER, faintest=0)
        self.map.setToolTip("Click a bone: the brush paints its region, in the view that shows it so.")
        self.region = QComboBox()
        self.region.addItems(list(REGION_NAMES))
        self.region.setAccessibleName("Region to paint")
        self.region.setToolTip("The region that the brush paints.")
        self.under = QuietLabel("", wrap=True)
        self.brushes: dict[str, QPushButton] = {}
        self._lay_out()
        views = {side: view for view, side in SIDES.items()}
        self.map.pressed.connect(lambda region, side: self._pressed(region, views[side]))
        self.map.pointed.connect(self._show_pointed)
        self.region.currentTextChanged.connect(self.map.point_at)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.map, 5)
        column = QVBoxLayout()
        column.setSpacing(4)
        title = QuietLabel("Brush")
        column.addWidget(title)
        column.addWidget(self.region)
        pair = QGridLayout()
        pair.setSpacing(3)
        for number, view in enumerate(VIEWS):
            button = self._button(
                f"{'Ant.' if view == 'anterior' else 'Post.'}",
                f"Paint this region in the {view} view; 1 erases, Ctrl+Z undoes.",
                lambda view=view: self.paint_wanted.emit(view, self.region.currentText()),
            )
            button.setAccessibleName(f"Paint in the {view} view")
            pair.addWidget(button, 0, number)
            self.brushes[view] = button
        self.undo_button = self._button("Undo", "Take the last step back (Ctrl+Z).", self.undo_wanted.emit)
        self.redo_button = self._button("Redo", "Do it again (Ctrl+Shift+Z).", self.redo_wanted.emit)
        pair.addWidget(self.undo_button, 1, 0)
        pair.addWidget(self.redo_button, 1, 1)
        column.addLayout(pair)
        self.back_button = self._button(
            "Back to automatic",
            "Bring the regions that were found back; can be undone.",
            self.back_wanted.emit,
        )
        column.addWidget(self.back_button)
        column.addWidget(self.under, 1, Qt.AlignmentFlag.AlignTop)
        row.addLayout(column, 4)

    @staticmethod
    def _button(text: str, tip: str, act: Any) -> QPushButton:
        button = QPushButton(text)
        button.setStyleSheet("padding: 4px 2px;")
        button.setToolTip(tip)
        button.clicked.connect(lambda _=False: act())
        return button

    def show_uncertainty(self, found: Mapping[ViewName, Mapping[str, float]]) -> None:
        """Shade the bones by how unsure the network was of them."""
        parts = {}
        for name in REGION_NAMES:
            shade = {view: found.get(view, {}).get(name) for view in VIEWS}
            said = ", ".join(f"{value:.2f} {view}" for view, value in shade.items() if value is not None)
            tip = f"{name}: uncertainty {said} (0 is sure)" if said else name
            front, back = (0.0 if value is None else value / _UNSURE for value in shade.values())
            parts[name] = BodyPart(front, back, f"{tip}\nClick to paint it.")
        self.map.show_parts(parts, f"{_UNSURE:g} unsure" if found else "")

    def show_hands(self, hands: Any, *, edited: bool, usable: bool) -> None:
        """Say what can be undone, and whether there is anything to paint or to take back."""
        for widget in (self.region, *self.brushes.values()):
            widget.setEnabled(usable)
        self.back_button.setEnabled(edited)
        for button, text in ((self.undo_button, "undo"), (self.redo_button, "redo")):
            said = getattr(hands, f"{text}_text", "") if hands is not None else ""
            button.setEnabled(bool(said))
            key = "Ctrl+Z" if text == "undo" else "Ctrl+Shift+Z"
            button.setToolTip(
                f"{text.capitalize()} {said} ({key})." if said else f"Nothing to {text} ({key})."
            )

    def choose(self, region: str) -> None:
        """Show which region the brush paints."""
        with QSignalBlocker(self.region):
            self.region.setCurrentText(region)
        self.map.point_at(region)

    def _pressed(self, region: str, view: str) -> None:
        view = VIEWS[0] if region == ANTERIOR_ONLY else view
        self.choose(region)
        self.paint_wanted.emit(view, region)

    def _show_pointed(self, region: str) -> None:
        # With the pointer gone, the region in hand is outlined again.
        if not region:
            self.map.point_at(self.region.currentText())
