"""Step 2: what is done to every film or bone scan, how it is carried out, and where the results go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_tbcad.chain import State
from napari_tbcad.chest.classify.packaged import packaged_models
from napari_tbcad.errors import BadInput
from napari_tbcad.widgets.batch.options import BatchOptions
from napari_tbcad.widgets.batch.place_row import PlaceRow
from napari_tbcad.widgets.batch.session import BatchSession
from napari_tbcad.widgets.batch.settings_form import ChainForm, base_of, with_assignments
from napari_tbcad.widgets.batch.step import BatchStep
from napari_tbcad.widgets.parts.form import ParameterForm
from napari_tbcad.widgets.parts.notice import Notice
from napari_tbcad.widgets.preferences import preferences
from napari_tbcad.widgets.work import start_call

_OUT_TIP = "Tables, masks, pictures and records go there; a folder with an earlier run is gone on with."
_MASKS_TIP = (
    "Masks or labels that a person made, named as a batch names its own (NAME_sensitive.png, "
    "NAME_anterior_hotspots.png): they replace the automatic ones."
)
_FILE = "Model file…"


class ChoiceStep(BatchStep):
    """Settings of the chain, classifier, masks, processes, folder of results."""

    number, heading = 2, "What to do"
    purpose = "The same stages and settings as in the chest and bone panels and on the command line."

    def __init__(self, session: BatchSession, *, open_: bool = False) -> None:
        super().__init__(session, open_=open_)
        self._token: object = None
        self._made_for: tuple[str, str] = ("", "")
        self.chain: ChainForm | None = None
        self.classifier = QComboBox()
        self.classifier.setAccessibleName("Classifier")
        self.classifier.setToolTip(
            "What judges the films: a packaged model, a file of “chest train”, or none for features alone."
        )
        self.classifier.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.classifier.setMinimumContentsLength(8)
        for name in (*packaged_models(), "none"):
            self.classifier.addItem(name, name)
        self.file_button = QPushButton(_FILE)
        self.file_button.setToolTip("A classifier of your own (.skops), made by “napari-tbcad chest train”.")
        self.file_button.setStyleSheet("padding: 4px;")
        self.judge = QWidget()
        line = QHBoxLayout(self.judge)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(QLabel("Classifier"))
        line.addWidget(self.classifier, 1)
        line.addWidget(self.file_button)
        self.about, self.refused = Notice(), Notice(refuses=True)
        self.stages = QVBoxLayout()
        self.masks = PlaceRow("Masks", _MASKS_TIP, "automatic")
        self.out = PlaceRow("Results", _OUT_TIP, "a folder of their own")
        plan = session.plan
        usual = BatchOptions()
        self.options = ParameterForm(
            BatchOptions(pictures=plan.pictures, workers=usual.workers, scheduler=plan.scheduler)
        )
        self.body.addWidget(self.judge)
        self.body.addWidget(self.about)
        self.body.addWidget(self.refused)
        self.body.addLayout(self.stages)
        for widget in (self.masks, self.options, self.out):
            self.body.addWidget(widget)
        self.classifier.currentIndexChanged.connect(self._take_classifier)
        self.file_button.clicked.connect(self._ask_for_model)
        self.options.changed.connect(self._take_options)
        self.masks.chosen.connect(lambda path: session.configure(masks=path))
        self.out.chosen.connect(lambda path: session.configure(out=path))
        if session.plan.workers != usual.workers and not session.plan.inputs:
            session.configure(workers=usual.workers)

    def refresh(self) -> None:
        """Show the plan; forms are made once it is known what the inputs are."""
        session, plan = self.session, self.session.plan
        workflow, free = session.workflow, not session.busy
        self.judge.setVisible(workflow != "bone")
        with QSignalBlocker(self.classifier):
            if self.classifier.findData(plan.classifier) < 0:
                self.classifier.addItem(Path(plan.classifier).name, plan.classifier)
            self.classifier.setCurrentIndex(self.classifier.findData(plan.classifier))
        self.masks.show_path(plan.masks)
        self.out.show_path(plan.out)
        given = BatchOptions(pictures=plan.pictures, workers=plan.workers, scheduler=plan.scheduler)
        if self.options.value != given:
            self.options.set_value(given)
        for widget in (self.judge, self.options, self.masks, self.out):
            widget.setEnabled(free)
        if self.chain is not None:
            self.chain.setEnabled(free)
        wanted = (workflow, plan.classifier if workflow == "chest" else "")
        if workflow and wanted != self._made_for:
            self._make_forms(wanted)
        self.set_state(State.DONE if session.workflow else State.NOT_RUN)
        self.summarise(self._choice_words())

    @property
    def made_for(self) -> int:
        """Number of controls made so far."""
        return super().made_for + self.stages.count()

    # -- inside ---------------------------------------------------------------------------------------

    def _choice_words(self) -> str:
        plan = self.session.plan
        number = len(plan.assignments)
        changed = f"{number} setting{'' if number == 1 else 's'} changed" if number else "usual settings"
        where = "cluster" if plan.scheduler else f"{plan.workers} proc."
        return f"{changed}, {where}" if self.session.workflow else ""

    def _make_forms(self, wanted: tuple[str, str]) -> None:
        """Read the classifier, whose settings are the usual ones, on a worker; the forms follow."""
        self._made_for, self._token = wanted, object()
        token, make = self._token, base_of(*wanted)
        workflow, given = wanted[0], dict(self.session.plan.assignments)
        wishes = preferences().bone_assignments() if workflow == "bone" else preferences().assignments()
        fresh = self.session.fresh
        start_call(
            lambda: _outcome(
                token, lambda: _settings(workflow, make, {**(wishes if fresh else {}), **given})
            ),
            on_result=self._on_settings,
            on_error=self._raise,
        )

    def _on_settings(self, came: tuple[object, Any]) -> None:
        token, got = came
        if token is not self._token:
            return
        if self.chain is not None:
            self.chain.setParent(None)
            self.chain.deleteLater()
            self.chain = None
        if isinstance(got, Exception):
            self.refused.tell(str(got))
            return
        base, value, banner = got
        self.refused.tell()
        self.about.tell(banner)
        self.chain = ChainForm(self._made_for[0], base, value)
        self.chain.changed.connect(lambda assignments: self.session.configure(assignments=assignments))
        self.stages.addWidget(self.chain)
        self.session.configure(assignments=self.chain.assignments)

    def _take_classifier(self) -> None:
        name = self.classifier.currentData()
        if name:
            self.session.configure(classifier=str(name))

    def _ask_for_model(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Classifier", "", "Models (*.skops)")
        if path:
            self.session.configure(classifier=path)

    def _take_options(self, options: BatchOptions) -> None:
        self.session.configure(
            pictures=options.pictures, workers=options.workers, scheduler=options.scheduler
        )

    def _raise(self, error: Exception) -> None:
        raise error  # every failure comes as an outcome


def _settings(workflow: str, make: Any, assignments: dict[str, Any]) -> tuple[Any, Any, str]:
    base, banner = make()
    try:
        return base, with_assignments(workflow, base, assignments), banner
    except BadInput as error:  # of a version with other settings, or of the other workflow
        return base, base, f"Settings are the usual ones: {error}"


def _outcome(token: object, read: Any) -> tuple[object, Any]:
    try:
        return token, read()
    except Exception as error:  # every failure is the person's to know
        return token, error
