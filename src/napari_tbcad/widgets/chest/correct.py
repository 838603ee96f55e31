"""Step 3: the person's turn."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QRadioButton,
    QWidget,
)

from napari_tbcad.chain import State
from napari_tbcad.schemes import LEFT, RIGHT
from napari_tbcad.widgets.chest.actions import brush, to_automatic
from napari_tbcad.widgets.chest.bench import ChestBench
from napari_tbcad.widgets.chest.layers import ADDED, COLOURS, KINDS, TAKEN
from napari_tbcad.widgets.chest.masks import USES
from napari_tbcad.widgets.chest.step import ChestStep
from napari_tbcad.widgets.parts.quiet import QuietLabel, breakable

_SMOOTH = 0.006
"""Radius of one press of *Smooth*, as a share of the film's longer side."""


class CorrectStep(ChestStep):
    """The person's turn: paint, compare, go back."""

    name, number, heading = "lungs", 3, "Correct"
    purpose = "Paint either mask; features and result follow. The automatic mask is kept."
    can_run = False

    def __init__(self, bench: ChestBench, *, open_: bool = False) -> None:
        super().__init__(bench, open_=open_)
        self.kinds: dict[str, QRadioButton] = {}
        group = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(2)
        kind: str
        for kind in reversed(KINDS):
            button = QRadioButton(kind.capitalize())
            button.setToolTip(f"Work on the {kind} mask: {USES[kind]}.")
            group.addButton(button)
            row.addWidget(button)
            self.kinds[kind] = button
        self.kinds["insensitive"].setChecked(True)
        for kind, button in self.kinds.items():
            button.toggled.connect(partial(self._look_at, kind))
        self.body.addLayout(row)
        self.use = QuietLabel(USES["insensitive"])
        self.body.addWidget(self.use)
        self._panel = QWidget()
        grid = QGridLayout(self._panel)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(3)
        self._add_brushes(grid)
        self._add_tools(grid)
        self.body.addWidget(self._panel)
        self.body.addLayout(self._outlines())
        self.legend = QLabel(
            f"<span style='color:{ADDED}'>▮</span> green: added · "
            f"<span style='color:{TAKEN}'>▮</span> yellow: taken away · ▯ white: other side"
        )
        self.legend.setWordWrap(True)
        self.body.addWidget(self.legend)
        self.facts = QLabel("")
        self.facts.setWordWrap(True)
        self.body.addWidget(self.facts)

    @property
    def kind(self) -> str:
        """The mask worked on."""
        return self.session.look.kind if self.session is not None else "insensitive"

    def refresh(self) -> None:
        """Show what was changed."""
        session = self.session
        self.allow_run(False)
        run = session.run if session is not None else None
        has_mask = session is not None and session.value("sensitive") is not None
        self._panel.setEnabled(has_mask)
        outline = session.look.outline if session is not None else ""
        for what, box in self.outlines.items():
            box.setEnabled(has_mask)
            with QSignalBlocker(box):
                box.setChecked(what == outline)
        self.legend.setVisible(outline == "difference")
        with QSignalBlocker(self.kinds[self.kind]):
            self.kinds[self.kind].setChecked(True)
        self.use.set_text(USES[self.kind])
        edited = [kind for kind in KINDS if run is not None and run.edited(kind)]
        problems = session.edits.problems if session is not None else {}
        self.set_state(State.FAILED if problems else State.DONE if edited else State.NOT_RUN)
        self.dot.setToolTip(
            "What was painted cannot be used"
            if problems
            else "Corrected by hand"
            if edited
            else "Nothing corrected; optional"
        )
        self.back_button.setEnabled(self.kind in edited or self.kind in problems)
        if session is None or run is None or not has_mask:
            self.summarise("")
            self.facts.setText("Run first: there is nothing to correct yet." if session else "")
            return
        said = [*problems.values(), *(self._fact(kind) for kind in edited)]
        self.facts.setText(breakable("\n".join(said or ["Both masks are automatic."])))
        self.summarise("corrected: " + ", ".join(edited) if edited else "automatic")

    def _fact(self, kind: str) -> str:
        session = self.session
        assert session is not None
        assert session.run is not None
        facts = session.edits.facts(session.run, kind)
        if facts is None:
            return f"{kind}: corrected"
        return f"{kind}: {facts[0]:,} px changed, Dice {facts[1]:.3f} to automatic"

    def _add_brushes(self, grid: QGridLayout) -> None:
        self.brushes: dict[int, QPushButton] = {}
        where = {
            RIGHT: "Brush for the patient's right lung, on the image's left (key R).",
            LEFT: "Brush for the patient's left lung, on the image's right (key L).",
            0: "Brush that takes away.",
        }
        for column, (label, text) in enumerate(((RIGHT, "Right lung"), (LEFT, "Left lung"), (0, "Erase"))):
            button = QPushButton(text)
            button.setStyleSheet(f"border-left: 5px solid {COLOURS.get(label, '#999999')}; padding: 4px;")
            button.setToolTip(where[label])
            button.clicked.connect(partial(self._brush, label))
            grid.addWidget(button, 0, column)
            self.brushes[label] = button

    def _add_tools(self, grid: QGridLayout) -> None:
        self.mirror_button = _menu_button(
            "Mirror",
            "Draw one lung as the mirror image of the other: a starting point to correct by brush.",
            {
                "Right lung from the left": partial(self._mirror, LEFT),
                "Left lung from the right": partial(self._mirror, RIGHT),
            },
        )
        self.tidy_button = _menu_button(
            "Tidy",
            "Smooth the outline, or clean the mask up.",
            {
                "Smooth the outline": self._smooth,
                "Clean up islands (and holes, insensitive)": self._clean,
                "Copy from the other mask": self._copy,
            },
        )
        self.undo_button = QPushButton("Undo")
        self.undo_button.setToolTip("Take the last change of this mask back (Ctrl+Z on the canvas).")
        self.undo_button.clicked.connect(partial(self._history, "undo"))
        self.redo_button = QPushButton("Redo")
        self.redo_button.setToolTip("Do again what was undone (Ctrl+Shift+Z on the canvas).")
        self.redo_button.clicked.connect(partial(self._history, "redo"))
        self.back_button = QPushButton("Back to automatic")
        self.back_button.setToolTip("Bring the automatic mask back; Undo brings your version back (key B).")
        self.back_button.clicked.connect(lambda: to_automatic(self.bench))
        grid.addWidget(self.mirror_button, 1, 0)
        grid.addWidget(self.tidy_button, 1, 1)
        row = QHBoxLayout()
        row.setSpacing(3)
        for button in (self.undo_button, self.redo_button, self.back_button):
            button.setStyleSheet("padding: 4px;")
        row.addWidget(self.undo_button)
        row.addWidget(self.redo_button)
        row.addWidget(self.back_button, 1)
        grid.addLayout(row, 2, 0, 1, 3)

    def _outlines(self) -> QGridLayout:
        row = QGridLayout()
        row.addWidget(QLabel("Outline:"), 0, 0)
        self.outlines: dict[str, QCheckBox] = {}
        tips = {
            "automatic": "Shows the automatic mask as a thin white line that cannot be painted.",
            "difference": "Outlines what you added (green), took away (yellow), moved over (white); key D.",
        }
        for what, tip in tips.items():
            box = QCheckBox(what)
            box.setToolTip(tip)
            box.toggled.connect(partial(self._outline, what))
            row.addWidget(box, len(self.outlines), 1)
            self.outlines[what] = box
        row.setColumnStretch(1, 1)
        return row

    def _brush(self, label: int, checked: bool = False) -> None:
        brush(self.bench, label)

    def _look_at(self, kind: str, on: bool) -> None:
        if on and self.session is not None:
            self.session.look.set_kind(kind)

    def _outline(self, what: str, on: bool) -> None:
        if self.session is not None:
            self.session.look.set_outline(what if on else "")

    def _history(self, name: str, checked: bool = False) -> None:
        layer = self.session.layers.layer(self.kind) if self.session is not None else None
        if layer is not None:
            getattr(layer, name)()

    def _change(self, make: Callable[[Any], Any], tool: str) -> None:
        if self.session is not None:
            self.session.edits.apply_later(self.kind, make, tool)

    def _mirror(self, source: int) -> None:
        from napari_tbcad.chest.lungs.corrections import mirror

        self._change(lambda labels: mirror(labels, source), "mirror")

    def _smooth(self) -> None:
        from napari_tbcad.chest.lungs.corrections import smooth

        # A hole in the sensitive mask is an opacity, not a slip of the brush.
        fill = self.kind == "insensitive"
        radius = _SMOOTH * max(self.session.value("film").shape) if self.session is not None else 1
        self._change(lambda labels: smooth(labels, max(1, round(radius)), fill=fill), "smooth")

    def _clean(self) -> None:
        from napari_tbcad.chest.lungs.corrections import clean_up

        fill = self.kind == "insensitive"
        self._change(lambda labels: clean_up(labels, fill=fill), "clean up")

    def _copy(self) -> None:
        other = next(kind for kind in KINDS if kind != self.kind)
        mask = self.session.value(other) if self.session is not None else None
        if mask is not None and self.session is not None:
            self.session.edits.apply(self.kind, mask.labels.copy(), f"copy of {other}")


def _menu_button(text: str, tip: str, actions: dict[str, Callable[[], None]]) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    menu = QMenu(button)
    for name, function in actions.items():
        menu.addAction(name).triggered.connect(lambda _=False, function=function: function())
    button.setMenu(menu)
    return button
