"""Step 1: which view is which, and what its counts are good for."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from napari_tbcad.chain import State
from napari_tbcad.imaging.bonescan import VIEWS, ViewName
from napari_tbcad.widgets.bone.bench import BoneBench
from napari_tbcad.widgets.bone.counts_chip import COUNTS_TIP, counts_html
from napari_tbcad.widgets.bone.step import BoneStep
from napari_tbcad.widgets.workflow.step import left_aligned

RULES = {
    "view_code": "the view code of its header",
    "view_position": "the view position in its header",
    "image_id": "the image's name in its header",
    "series_description": "the series' description",
    "private_name": "a private field of its header",
    "start_angle": "the camera's angle",
    "file_name": "its file's name",
    "content": "the image itself",
    "partner": "the other view, which is known",
    "person": "you",
}
"""What named a view, in words."""

_SEEN = {
    "anterior": "The patient seen from the front: face, sternum and bladder are bright.",
    "posterior": "The patient seen from behind: spine, sacrum and kidneys are bright.",
}


class ViewsStep(BoneStep):
    """Which view is which.

    Attributes
    ----------
    answers : dict of view to QPushButton
        The answers to the question which view the first image is.
    flip_buttons : dict of view to QPushButton
        Turn an image left to right.
    swap_button : QPushButton
        Exchanges the views.
    """

    name, number, heading = "views", 1, "Views"
    purpose = "Tells anterior from posterior, by which rule and how surely, and looks at the counts."

    def __init__(self, bench: BoneBench, *, open_: bool = False) -> None:
        super().__init__(bench, open_=open_)
        self.answers = {view: QPushButton(view.capitalize()) for view in VIEWS}
        self.question = self._make_question()
        self.body.addWidget(self.question)
        self.facts = left_aligned("")
        self.facts.setTextFormat(Qt.TextFormat.RichText)
        self.body.addWidget(self.facts)
        self.swap_button = _button(
            "Swap views", "Exchange anterior and posterior; hotspots and regions stay on their images."
        )
        self.swap_button.clicked.connect(lambda: self._swap())
        self.flip_buttons = {
            view: _button(
                f"Flip {view}",
                f"Turn the {view} image left to right: some exports are mirrored. Then the letters R and L "
                "stand at the patient's sides.",
            )
            for view in VIEWS
        }
        self.controls = QHBoxLayout()
        self.controls.setSpacing(3)
        self.controls.addWidget(self.swap_button)
        for view, button in self.flip_buttons.items():
            button.clicked.connect(partial(self._flip, view))
            self.controls.addWidget(button)
        self.body.addLayout(self.controls)
        self.counts = left_aligned("")
        self.counts.setTextFormat(Qt.TextFormat.RichText)
        self.counts.setToolTip(COUNTS_TIP)
        self.body.addWidget(self.counts)

    def refresh(self) -> None:
        """Show rules, counts, or the question."""
        super().refresh()
        session = self.session
        scan = session.value("scan") if session is not None else None
        undecided = session is not None and session.undecided
        self.question.setVisible(undecided)
        if undecided:
            # A question, no failure: it is answered just below.
            self.set_state(State.STALE)
            self.dot.setToolTip("Waits for your answer")
            self.set_open(True)
            self.summarise("which view is this?")
        shown = scan is not None and not undecided
        for widget in (self.facts, self.counts, self.swap_button):
            widget.setVisible(shown)
        views = {name for name, _ in scan} if shown and scan is not None else set()
        for view, button in self.flip_buttons.items():
            button.setVisible(view in views)
        if session is None or scan is None or undecided:
            return
        self.swap_button.setText("Swap views" if len(views) > 1 else f"It is the {_other(views)} view")
        lines = [
            f"<b>{name.capitalize()}</b>: told by {RULES.get(view.rule, view.rule)}, "
            f"{100 * view.confidence:.0f}&nbsp;%&nbsp;sure"
            + (", turned left to right" if view.mirrored else "")
            for name, view in scan
        ]
        self.facts.setText("<br>".join(lines))
        quality = session.quality
        self.counts.setText("" if quality is None else counts_html(quality, scan))
        rules = sorted({"you" if view.rule == "person" else view.rule.replace("_", " ") for _, view in scan})
        self.summarise(f"by {' and '.join(rules)}")

    def _make_question(self) -> QFrame:
        question = QFrame()
        question.setFrameShape(QFrame.Shape.StyledPanel)
        column = QVBoxLayout(question)
        asked = QLabel("Nothing tells which view this is. The image on the left is:")
        asked.setWordWrap(True)
        column.addWidget(asked)
        row = QHBoxLayout()
        for view, button in self.answers.items():
            button.setToolTip(_SEEN[view])
            button.clicked.connect(partial(self._say, view))
            row.addWidget(button)
        column.addLayout(row)
        question.hide()
        return question

    def _say(self, view: str, checked: bool = False) -> None:
        if self.session is not None:
            self.session.say_first(view)

    def _swap(self) -> None:
        if self.session is not None:
            self.session.hands.swap_views()

    def _flip(self, view: ViewName, checked: bool = False) -> None:
        if self.session is not None:
            self.session.hands.flip_view(view)


def _other(views: set[ViewName]) -> str:
    return "posterior" if views == {"anterior"} else "anterior"


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    button.setStyleSheet("padding: 4px 6px;")
    button.hide()
    return button
