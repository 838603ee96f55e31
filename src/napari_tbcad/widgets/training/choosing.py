"""Step 1: what is to be learned, from which images, starting from what."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QComboBox, QFileDialog, QFormLayout, QLineEdit, QPushButton

from napari_tbcad.chain import State
from napari_tbcad.networks.listing import NAME
from napari_tbcad.widgets.parts.form import ParameterForm
from napari_tbcad.widgets.parts.notice import Notice
from napari_tbcad.widgets.parts.quiet import QuietLabel
from napari_tbcad.widgets.training.data import GOALS, SCHEME_WORDS, Given, Shares, given_of
from napari_tbcad.widgets.training.places import Places
from napari_tbcad.widgets.training.session import TrainingSession
from napari_tbcad.widgets.training.starts import StartBox
from napari_tbcad.widgets.training.step import TrainingStep
from napari_tbcad.widgets.training.words import count


class ChooseStep(TrainingStep):
    """Task, places, start and name."""

    number, heading = 1, "Task and data"
    purpose = "Say what is to be learned, and where images with their labels lie."
    can_run = False

    def __init__(self, session: TrainingSession, *, open_: bool = True) -> None:
        super().__init__(session, open_=open_)
        self.task, self.scheme = QComboBox(), QComboBox()
        self.task.addItems([goal.title for goal in GOALS])
        self.task.setToolTip("What the network shall find.")
        self.scheme.setToolTip("The classes that are told apart.")
        for box in (self.task, self.scheme):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(8)
        self.what = QuietLabel(wrap=True)
        self.places = Places()
        self.start = StartBox()
        self.name = QLineEdit()
        self.name.setToolTip(
            "Name of the new network: letters, digits, dot, dash and underscore. It is offered by this name "
            "where networks are chosen."
        )
        self.complaint = Notice(refuses=True)
        self.shares = ParameterForm(session.plan.choice.shares, defaults=Shares())
        self.home = QPushButton()
        self._form = self._lay_out()
        self.task.currentIndexChanged.connect(self._choose_task)
        self.scheme.currentIndexChanged.connect(self._choose_scheme)
        self.start.chosen.connect(lambda value: self._change(start=value))
        self.name.editingFinished.connect(self._choose_name)
        self.shares.changed.connect(lambda value: self._change(shares=value))
        self.places.added.connect(self.add)
        self.places.removed.connect(lambda place: session.plan.choose(session.plan.choice.without(place)))
        self.home.clicked.connect(self._ask_for_home)

    def add(self, given: tuple[Given, ...]) -> None:
        """Learn from more places."""
        if not self.session.busy and self.session.plan.look is None:
            self.session.plan.choose(self.session.plan.choice.adding(given))

    def take_files(self, paths: list[Path]) -> None:
        """Learn from what was dropped."""
        given, others = given_of(paths)
        self.complaint.tell(
            *(f"{path.name}: no folder, table (CSV) or case: nothing to learn from." for path in others)
        )
        self.add(given)

    def refresh(self) -> None:
        """Show the choice."""
        session, choice = self.session, self.session.plan.choice
        free = not session.busy and session.plan.look is None
        with QSignalBlocker(self.task), QSignalBlocker(self.scheme):
            self.task.setCurrentIndex(GOALS.index(choice.goal))
            if [self.scheme.itemData(n) for n in range(self.scheme.count())] != list(choice.goal.schemes):
                self.scheme.clear()
                for scheme in choice.goal.schemes:
                    self.scheme.addItem(SCHEME_WORDS.get(scheme, scheme), scheme)
            self.scheme.setCurrentIndex(choice.goal.schemes.index(choice.scheme))
        self._form.setRowVisible(self.scheme, len(choice.goal.schemes) > 1)
        self.what.set_text(choice.goal.what)
        self.places.show_places(choice.given)
        self.places.allow(choice.goal.kinds)
        self.start.offer(choice.goal, choice.scheme)
        self.start.set_value(choice.start)
        if not self.name.hasFocus():
            self.name.setText(choice.name)
        for widget in (self.task, self.scheme, self.places, self.start, self.name, self.shares, self.home):
            widget.setEnabled(free)
        home = session.home
        self.home.setText(f"Trainings are kept in {home.name}…")
        self.home.setToolTip(f"Trainings are kept in {home}. Press to choose another folder.")
        self.set_state(State.DONE if choice.given else State.NOT_RUN)
        places = count(len(choice.given), "place") if choice.given else "no images yet"
        self.summarise(f"{choice.goal.short}, {places}")

    # -- inside ---------------------------------------------------------------------------------------

    def _lay_out(self) -> QFormLayout:
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setSpacing(4)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Task", self.task)
        form.addRow("Classes", self.scheme)
        self.body.addLayout(form)
        self.body.addWidget(self.what)
        self.body.addWidget(self.places)
        self.body.addWidget(self.complaint)
        last = QFormLayout()
        last.setContentsMargins(0, 0, 0, 0)
        last.setSpacing(4)
        last.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        last.addRow("Start from", self.start)
        last.addRow("Name", self.name)
        for label, control in (("Task", self.task), ("Classes", self.scheme), ("Name", self.name)):
            control.setAccessibleName(label)
        self.body.addLayout(last)
        self.body.addWidget(self.shares)
        self.home.setStyleSheet("text-align: left; padding: 3px 6px;")
        self.body.addWidget(self.home)
        return form

    def _change(self, **said: object) -> None:
        self.session.plan.choose(replace(self.session.plan.choice, **said))  # type: ignore[arg-type]

    def _choose_task(self, place: int) -> None:
        choice = self.session.plan.choice
        goal = GOALS[place]
        new = choice.with_goal(goal)
        if choice.name == _name_of(choice.goal.key, choice.goal.view):
            new = replace(new, name=_name_of(goal.key, goal.view))
        self.session.plan.choose(new)

    def _choose_scheme(self, place: int) -> None:
        self._change(scheme=self.scheme.itemData(place))

    def _choose_name(self) -> None:
        name = self.name.text().strip()
        if NAME.fullmatch(name):
            self.complaint.tell()
            self._change(name=name)
        else:
            self.complaint.tell(
                f"“{name}” is no name: up to 64 letters, digits, dots, dashes and underscores, the first a "
                "letter or a digit."
            )

    def _ask_for_home(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Folder for trainings", str(self.session.home))
        if path:
            self.session.set_home(Path(path))


def _name_of(task: str, view: str) -> str:
    return "-".join(filter(None, ("my", task, view)))
