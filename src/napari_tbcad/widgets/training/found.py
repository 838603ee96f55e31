"""Step 2: what was found in the images, before anything starts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from napari_tbcad.chain import State
from napari_tbcad.widgets.parts.notice import Notice
from napari_tbcad.widgets.parts.quiet import QuietLabel, breakable
from napari_tbcad.widgets.training.plot import class_colours
from napari_tbcad.widgets.training.session import TrainingSession
from napari_tbcad.widgets.training.step import TrainingStep
from napari_tbcad.widgets.training.words import count, found_words, listed, share_words
from napari_tbcad.widgets.workflow.step import left_aligned

if TYPE_CHECKING:
    from napari_tbcad.widgets.training.looking import Looked

ROLES = {"train": "learned", "validation": "watched", "test": "held out"}
_ROLE_TIPS = {
    "train": "Images that the network learns from.",
    "validation": "Images on which the training is watched after every epoch; it does not learn from them.",
    "test": "Images that the training never sees: on them the networks are compared.",
}
_MOST = 5
"""Files listed at once; all of them are in the tooltip."""


class FoundStep(TrainingStep):
    """Images, patients, classes, what cannot be read, and what is in the way."""

    number, heading = 2, "What was found"
    purpose = "Reads every image once and counts what is in it, before anything starts."

    def __init__(self, session: TrainingSession, *, open_: bool = False) -> None:
        super().__init__(session, open_=open_)
        self._shown: Looked | None = None
        self.old = QuietLabel("Something else is asked for now: look again.", wrap=True)
        self.old.hide()
        self.body.addWidget(self.old)
        self.empty = QuietLabel("Name images in step 1, then press “Look at the data”.", wrap=True)
        self.body.addWidget(self.empty)
        self.table = RoleTable()
        self.body.addWidget(self.table)
        self.collections = QuietLabel(wrap=True)
        self.body.addWidget(self.collections)
        self.unreadable = Notice(refuses=True)
        self.leave_out = QPushButton("Leave these out")
        self.leave_out.setToolTip("Train without the images that cannot be used; nothing is deleted.")
        self.leave_out.clicked.connect(session.leave_out)
        self.warned = Notice()
        self.passed = Passed()
        for widget in (self.unreadable, self.leave_out, self.warned, self.passed):
            self.body.addWidget(widget)
        self.run_wanted.connect(session.look)

    def refresh(self) -> None:
        """Show what the last look found."""
        session, plan = self.session, self.session.plan
        looked = plan.looked
        self.allow_run(bool(plan.choice.given) and plan.look is None and not session.busy)
        if plan.look is not None:
            self.set_state(State.RUNNING)
            self.summarise("looking…")
        elif plan.problem:
            self.set_state(State.FAILED, plan.problem)
            self.summarise("nothing was found")
        elif looked is None:
            self.set_state(State.NOT_RUN)
            self.summarise("")
        else:
            self._show_state(looked)
        if looked is not self._shown:
            self._shown = looked
            self._fill(looked)
        outdated = plan.stale and not plan.used
        self.old.setVisible(outdated)
        self.table.setEnabled(not outdated)
        self.empty.setVisible(looked is None and plan.look is None and not plan.problem)
        self.leave_out.setEnabled(plan.look is None and not plan.stale and not session.busy)

    def _show_state(self, looked: Looked) -> None:
        self.summarise(found_words(looked))
        if looked.survey.refusals:
            self.set_state(State.FAILED, "\n".join(looked.survey.refusals))
        elif self.session.plan.stale and not self.session.plan.used:
            self.set_state(State.STALE)
        else:
            self.set_state(State.STALE if looked.survey.unreadable else State.DONE)

    def _fill(self, looked: Looked | None) -> None:
        self.table.fill(looked)
        survey = looked.survey if looked is not None else None
        several = survey is not None and len(survey.collections) > 1
        self.collections.setVisible(several)
        if survey is not None and several:
            self.collections.set_text(
                "; ".join(
                    f"{c.name}: {count(c.images, 'image')}, {count(c.patients, 'patient')}"
                    for c in survey.collections
                )
            )
        bad = [] if survey is None else [(one.path.name, one.cause) for one in survey.unreadable]
        self.unreadable.tell(
            f"{count(len(bad), 'image')} cannot be used:\n{listed(bad, _MOST)}" if bad else ""
        )
        self.unreadable.setToolTip(listed(bad, 200))
        self.leave_out.setVisible(bool(bad))
        self.warned.tell(*(survey.warnings if survey is not None else ()), *(looked.notes if looked else ()))
        self.passed.fill(looked.data.passed_over if looked is not None else ())


class RoleTable(QWidget):
    """Images, patients and classes by who is learned from, watched and held out."""

    def __init__(self) -> None:
        super().__init__()
        self._rows = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(2)
        self._grid.setVerticalSpacing(1)
        # By shares of the width: a long name is cut rather than the panel widened.
        self._grid.setColumnStretch(0, 14)
        for column in range(1, len(ROLES) + 1):
            self._grid.setColumnStretch(column, 6)
        self.setAccessibleName("Images, patients and classes by role")

    def fill(self, looked: Looked | None) -> None:
        """Show a survey; None shows nothing."""
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.setParent(None)
                widget.deleteLater()
        self._rows = 0
        self.setVisible(looked is not None)
        if looked is None:
            return
        survey = looked.survey
        self._row("", tuple(ROLES.values()), tuple(_ROLE_TIPS.values()))
        roles = [survey.roles.get(role) for role in ROLES]
        self._row("Images", [str(role.images) if role else "0" for role in roles])
        self._row("Patients", [str(role.patients) if role else "0" for role in roles])
        colours = class_colours(looked.config.task)
        for one in survey.classes:
            if one.value == 0:
                continue
            shares = [f"{word} {share_words(one.share.get(role, 0.0))}" for role, word in ROLES.items()]
            self._row(
                one.name,
                [str(one.images.get(role, 0)) for role in ROLES],
                [f"Images with {one.name}."] * len(ROLES),
                colour=colours.get(one.name, ""),
                beside=share_words(one.share.get("train", 0.0)),
                tip=f"Share of the pixels: {', '.join(shares)}.",
            )

    def _row(
        self,
        head: str,
        cells: Sequence[str],
        tips: Sequence[str] | None = None,
        *,
        colour: str = "",
        beside: str = "",
        tip: str = "",
    ) -> None:
        row, self._rows = self._rows, self._rows + 1
        name = QLabel()
        name.setTextFormat(Qt.TextFormat.RichText)
        patch = f'<span style="color: {colour};">■</span> ' if colour else ""
        name.setText(patch + escape(" ".join(filter(None, (head[:1].upper() + head[1:], beside)))))
        name.setToolTip(tip)
        name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._grid.addWidget(name, row, 0)
        for column, text in enumerate(cells, 1):
            cell = QLabel(text)
            cell.setTextFormat(Qt.TextFormat.PlainText)
            cell.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            cell.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            if tips is not None:
                cell.setToolTip(tips[column - 1])
            self._grid.addWidget(cell, row, column)


class Passed(QWidget):
    """Files that were passed over, behind a button: as a rule nobody needs them."""

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.button = QToolButton()
        self.button.setCheckable(True)
        self.button.setAutoRaise(True)
        self.button.setArrowType(Qt.ArrowType.RightArrow)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.button.setToolTip("Files at these places that are not learned from, and why.")
        self.list = left_aligned("")
        self.list.hide()
        self.button.toggled.connect(self._unfold)
        column.addWidget(self.button)
        column.addWidget(self.list)

    def fill(self, passed: tuple[tuple[str, str], ...]) -> None:
        """Show files and causes."""
        self.setVisible(bool(passed))
        self.button.setText(f"{count(len(passed), 'file')} passed over")
        self.list.setText(breakable(listed(passed, 50)))

    def _unfold(self, on: bool) -> None:
        self.list.setVisible(on)
        self.button.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
