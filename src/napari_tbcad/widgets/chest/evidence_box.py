"""What the Result step says of opacities: evidence beside the answer."""

from __future__ import annotations

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import QCheckBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from napari_tbcad.widgets.chest.session import ChestSession
from napari_tbcad.widgets.workflow.step import left_aligned

_SIDES, _THIRDS = ("right", "left"), ("upper", "middle", "lower")


class EvidenceBox(QWidget):
    """Opacities of the film: the layer's switches, one sentence, six zones, and what they are not.

    Parameters
    ----------
    parent : QWidget, optional
        Qt parent.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        self._session: ChestSession | None = None
        self.shown = QCheckBox("Opacities on the film")
        self.shown.setToolTip(
            "Lays over the film how likely ground glass, consolidation or effusion is; lighter is likelier."
        )
        self.lungs_only = QCheckBox("In the lungs only")
        self.lungs_only.setToolTip("Leaves out what lies outside the insensitive mask.")
        # Two rows: side by side they are wider than the narrowest panel.
        column.addWidget(self.shown)
        column.addWidget(self.lungs_only)
        self.sentence = left_aligned("")
        column.addWidget(self.sentence)
        self._table = QWidget()
        grid = QGridLayout(self._table)
        grid.setContentsMargins(0, 0, 0, 0)
        self.zones: dict[str, QLabel] = {}
        for c, side in enumerate(_SIDES, start=1):
            grid.addWidget(QLabel(f"{side.capitalize()} lung"), 0, c)
        for r, third in enumerate(_THIRDS, start=1):
            grid.addWidget(QLabel(third.capitalize()), r, 0)
            for c, side in enumerate(_SIDES, start=1):
                label = QLabel("")
                label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                label.setAccessibleName(f"Opacity, {side} lung, {third} third")
                grid.addWidget(label, r, c)
                self.zones[f"{side}_{third}"] = label
        self._table.setToolTip(
            "Share of the zone that is opaque · mean probability. A zone is a third of its lung's height."
        )
        column.addWidget(self._table)
        self.notice = left_aligned("")
        column.addWidget(self.notice)
        self.shown.toggled.connect(self._show)
        self.lungs_only.toggled.connect(self._show_lungs_only)

    def refresh(self, session: ChestSession | None, *, blind: bool) -> None:
        """Show what the session holds; nothing while the answer is hidden, not even in a tooltip."""
        self._session = session
        found = session.value("opacities") if session is not None else None
        self.setVisible(found is not None and not blind)
        if session is None or found is None or blind:
            self._clear()
            return
        from napari_tbcad.chest.evidence import zone_text
        from napari_tbcad.chest.opacities import EVIDENCE_NOTICE, NoOpacities

        layer, reading = session.look.evidence, session.checks.evidence
        for box, on in ((self.shown, layer.wanted), (self.lungs_only, layer.lungs_only)):
            with QSignalBlocker(box):
                box.setChecked(on)
        there = reading is not None and reading.found is found
        for widget in (self.shown, self.lungs_only, self._table, self.notice):
            widget.setVisible(there)
        self.lungs_only.setEnabled(layer.wanted)
        if isinstance(found, NoOpacities):
            self.sentence.setEnabled(True)
            self.sentence.setText(found.cause)
            return
        if not there or reading is None:
            self.sentence.setText("Reading opacities…")
            return
        fresh = session.fresh("opacities") and session.fresh("insensitive")
        for widget in (self.sentence, self._table):
            widget.setEnabled(fresh)
        self.sentence.setText(("" if fresh else "Out of date: ") + reading.sentence)
        for name, label in self.zones.items():
            label.setText(zone_text(reading.zones[name]))
        name = " ".join(found.model.split()[1:-1])
        self.notice.setText(f"{EVIDENCE_NOTICE} Network: {name}; its scores stand in its card.")

    def _clear(self) -> None:
        for label in (self.sentence, self.notice, *self.zones.values()):
            label.setText("")

    def _show(self, wanted: bool) -> None:
        if self._session is not None:
            self._session.look.evidence.show(wanted)

    def _show_lungs_only(self, lungs_only: bool) -> None:
        if self._session is not None:
            self._session.look.evidence.show_lungs_only(lungs_only)
