"""Step 2: what is compared, how films are divided, and how long that takes."""

from __future__ import annotations

from typing import get_args

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QCheckBox, QGridLayout, QLabel, QPushButton, QSizePolicy, QWidget

from napari_tbcad.batch.evaluating.config import EvaluationConfig
from napari_tbcad.chain import State
from napari_tbcad.chest.feature_sets import FeatureSet
from napari_tbcad.chest.glcm import Definition
from napari_tbcad.chest.lungs.registry import SEGMENTERS
from napari_tbcad.evaluate.methods import METHODS
from napari_tbcad.widgets.evaluating.session import EvaluationSession, Phase
from napari_tbcad.widgets.evaluating.step import EvaluationStep
from napari_tbcad.widgets.evaluating.words import METHOD_TIPS, estimate_words, method_words, time_words
from napari_tbcad.widgets.parts.form import ParameterForm
from napari_tbcad.widgets.parts.quiet import QuietLabel
from napari_tbcad.widgets.parts.words import count

COMPARED = {
    "segmenters": tuple(SEGMENTERS),
    "feature_sets": tuple(get_args(FeatureSet)),
    "definitions": tuple(get_args(Definition)),
    "methods": tuple(METHODS),
}
"""Fields of the configuration that list what is compared, and all there is of each."""
_LEADS = "The first one chosen leads the tables."


class ChoiceStep(EvaluationStep):
    """Segmenters, feature sets, definitions, methods; design; what else is tested."""

    number, heading = 2, "What to compare"
    purpose = "Every combination of masks and features is measured; every classifier is judged on each."

    def __init__(self, session: EvaluationSession, *, open_: bool = False) -> None:
        super().__init__(session, open_=open_)
        config = session.plan.config
        self.boxes = {name: Boxes(name, names) for name, names in COMPARED.items()}
        self.form = ParameterForm(config, defaults=EvaluationConfig(), hidden=tuple(COMPARED))
        self.estimate = QuietLabel(quiet=False, wrap=True)
        self.quick = QPushButton("Quick look")
        self.quick.setToolTip(
            "Only the first of each, one run, no learning curve and no test of the explanation: minutes "
            "instead of hours. What it measures is used again by the whole evaluation."
        )
        for widget in (self.estimate, self.quick):
            self.body.addWidget(widget)
        for name, boxes in self.boxes.items():
            info = EvaluationConfig.model_fields[name]
            # Above its boxes: beside them a narrow panel has no room for their names.
            label = QLabel(info.title or name)
            label.setToolTip(info.description or "")
            self.body.addWidget(label)
            self.body.addWidget(boxes)
            boxes.changed.connect(self._take_boxes)
        self.body.addWidget(self.form)
        self.form.changed.connect(self._take_form)
        self.quick.clicked.connect(session.quick_look)

    def refresh(self) -> None:
        """Show the choice and how long it takes."""
        session, plan = self.session, self.session.plan
        free = not session.busy
        for name, boxes in self.boxes.items():
            boxes.show_names(getattr(plan.config, name))
            boxes.setEnabled(free)
        if self.form.value != plan.config:
            self.form.set_value(plan.config)
        self.form.setEnabled(free)
        self.estimate.set_text(estimate_words(session))
        self.quick.setEnabled(free and plan.possible)
        if session.phase is Phase.ESTIMATING:
            self.set_state(State.RUNNING)
        else:
            self.set_state(State.DONE if plan.possible else State.NOT_RUN)
        # The time where it is known: a narrow heading has room for no more.
        compared = f"{len(plan.config.variants)} × {count(len(plan.config.methods), 'method')}"
        self.summarise(compared if plan.seconds is None else time_words(plan.seconds))

    def _take_boxes(self, name: str, names: tuple[str, ...]) -> None:
        plan = self.session.plan
        content = plan.config.model_dump() | {name: names}
        self.session.configure(EvaluationConfig.model_validate(content))

    def _take_form(self, config: EvaluationConfig) -> None:
        lists = {name: getattr(self.session.plan.config, name) for name in COMPARED}
        self.session.configure(config.model_copy(update=lists))


class Boxes(QWidget):
    """Check boxes for one list; the one that was first stays first, and the last cannot be taken away.

    Parameters
    ----------
    field : str
        Of the configuration.
    names : tuple of str
        All there are.

    Attributes
    ----------
    changed : Signal(str, object)
        The field and its names now, in the order in which they lead.
    """

    changed = Signal(str, object)

    def __init__(self, field: str, names: tuple[str, ...]) -> None:
        super().__init__()
        self.field = field
        self._chosen: tuple[str, ...] = ()
        self.boxes: dict[str, QCheckBox] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(8, 0, 0, 0)
        grid.setVerticalSpacing(2)
        grid.setHorizontalSpacing(4)
        for column in (0, 1):
            grid.setColumnStretch(column, 1)
        for place, name in enumerate(names):
            box = QCheckBox(method_words(name))
            box.setToolTip(" ".join(filter(None, (METHOD_TIPS.get(name), _LEADS))))
            box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            box.toggled.connect(lambda on, name=name: self._toggle(name, on))
            grid.addWidget(box, place // 2, place % 2)
            self.boxes[name] = box

    def show_names(self, names: tuple[str, ...]) -> None:
        """Tick what is chosen."""
        self._chosen = names
        for name, box in self.boxes.items():
            with QSignalBlocker(box):
                box.setChecked(name in names)

    def _toggle(self, name: str, on: bool) -> None:
        rest = tuple(one for one in self._chosen if one != name)
        if not on and not rest:  # one must stay
            self.show_names(self._chosen)
            return
        self._chosen = (*rest, name) if on else rest
        self.changed.emit(self.field, self._chosen)
