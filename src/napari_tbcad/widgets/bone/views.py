"""Step 1: which view is which, and what its counts are good for."""

from __future__ import annotations

from functools import partial
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from napari_tbcad.chain import State
from napari_tbcad.widgets.bone.bench import BoneBench
from napari_tbcad.widgets.bone.step import BoneStep
from napari_tbcad.widgets.parts.form import ParameterForm
from napari_tbcad.widgets.parts.step import AMBER, GREEN, RED
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

_CHIPS = {"good": ("●", GREEN), "amber": ("▲", AMBER), "red": ("✕", RED), "unknown": ("○", "#999999")}


class ViewsStep(BoneStep):
    """Which view is which."""

    name, number, heading = "views", 1, "Views"
    purpose = "Tells anterior from posterior, by which rule and how surely, and looks at the counts."

    def __init__(self, bench: BoneBench, *, open_: bool = False) -> None:
        super().__init__(bench, open_=open_)
        self.question = QFrame()
        self.question.setFrameShape(QFrame.Shape.StyledPanel)
        column = QVBoxLayout(self.question)
        self.asked = QLabel("Nothing tells which view this is. The image on the left is:")
        self.asked.setWordWrap(True)
        column.addWidget(self.asked)
        row = QHBoxLayout()
        self.answers: dict[str, QPushButton] = {}
        for view in ("anterior", "posterior"):
            button = QPushButton(view.capitalize())
            button.setToolTip(
                "The patient seen from the front: face, sternum and bladder are bright."
                if view == "anterior"
                else "The patient seen from behind: spine, sacrum and kidneys are bright."
            )
            button.clicked.connect(partial(self._say, view))
            row.addWidget(button)
            self.answers[view] = button
        column.addLayout(row)
        self.question.hide()
        self.body.addWidget(self.question)
        self.facts = left_aligned("")
        self.facts.setTextFormat(Qt.TextFormat.RichText)
        self.body.addWidget(self.facts)
        self.counts = left_aligned("")
        self.counts.setTextFormat(Qt.TextFormat.RichText)
        self.counts.setToolTip(
            "The fewer the counts, the more noise alone moves the index: below one million a view amber, "
            "below half a million red. Pictures of 8 bits have grey values, not counts."
        )
        self.body.addWidget(self.counts)
        self._form: ParameterForm | None = None

    def build(self, settings: Any) -> None:
        """Make the form."""
        self._form = self.form(self._form, settings.views, "views", live=True, hidden=("first_view",))

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
        self.facts.setVisible(shown)
        self.counts.setVisible(shown)
        if session is None or scan is None or undecided:
            return
        lines = [
            f"<b>{name.capitalize()}</b>: told by {RULES.get(view.rule, view.rule)}, "
            f"{100 * view.confidence:.0f} % sure" + (", turned left to right" if view.mirrored else "")
            for name, view in scan
        ]
        self.facts.setText("<br>".join(lines))
        quality = session.quality
        self.counts.setText("" if quality is None else counts_html(quality, scan))
        rules = sorted({"you" if view.rule == "person" else view.rule.replace("_", " ") for _, view in scan})
        self.summarise(f"by {' and '.join(rules)}")

    def _say(self, view: str, checked: bool = False) -> None:
        if self.session is not None:
            self.session.say_first(view)


def counts_html(quality: Any, scan: Any) -> str:
    """Return the counts of each view with a mark for what they are good for."""
    said = []
    for name, _ in scan:
        mark, colour = _CHIPS[quality.levels[name]]
        number = (
            f"{quality.counts[name] / 1e6:.2f} million counts, {_WORDS[quality.levels[name]]}"
            if quality.levels[name] != "unknown"
            else "grey values, counts unknown"
        )
        said.append(f"<span style='color:{colour}'>{mark}</span> {name}: {number}")
    return "<br>".join(said)


_WORDS = {"good": "enough", "amber": "few", "red": "very few"}
