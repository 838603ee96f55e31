"""Step 3: the person's turn."""

from __future__ import annotations

from qtpy.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QWidget,
)

from napari_tbcad.chain import State
from napari_tbcad.chest.lungs.fields import LEFT, RIGHT
from napari_tbcad.widgets.chest.layers import COLOURS, KINDS
from napari_tbcad.widgets.chest.masks import USES
from napari_tbcad.widgets.chest.session import ChestSession
from napari_tbcad.widgets.chest.step import ChestStep


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
