"""Earlier evaluations: how far each is, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from napari_tbcad.batch.evaluating.jobs import EvaluationState, list_evaluations, remove_evaluation
from napari_tbcad.widgets.evaluating.home import evaluations_folder
from napari_tbcad.widgets.evaluating.score_bars import SIGNS
from napari_tbcad.widgets.evaluating.session import EvaluationSession
from napari_tbcad.widgets.evaluating.words import figure
from napari_tbcad.widgets.parts import shelf


class Shelf(shelf.Shelf):
    """A button that says how many evaluations there are, and the list below it.

    Parameters
    ----------
    session : EvaluationSession
        What the panels of a viewer share; held weakly.
    """

    thing, things = "evaluation", "evaluations"
    tips = {  # noqa: RUF012
        "open": "Show its results.",
        "resume": "Go on where it ended; no film is measured twice.",
        "delete": "Delete its folder; the films stay.",
        "results": "Show the folder of any evaluation, of the command line too.",
    }

    def __init__(self, session: EvaluationSession) -> None:
        super().__init__(session)
        session.evaluations_changed.connect(self.read_again)

    @staticmethod
    def states() -> Sequence[EvaluationState]:
        """Return the evaluations but what somebody has only looked at: that is that panel's."""
        return [state for state in list_evaluations(evaluations_folder()) if state.phase != "planned"]

    def line_of(self, state: EvaluationState) -> str:
        """Return an evaluation in two lines."""
        return line_of(state)

    @staticmethod
    def remove(folder: Path) -> None:
        """Delete an evaluation."""
        remove_evaluation(folder)

    def question_of(self, state: EvaluationState) -> str:
        """Return what is asked before one is deleted."""
        return f"Delete “{state.name}”? Tables, models and report are gone then; the films stay."


def line_of(state: EvaluationState) -> str:
    """Return an evaluation in two lines: name and design, then when and how good or how far."""
    when = ""
    if state.when:
        when = datetime.fromisoformat(state.when).astimezone().strftime("%d %b %Y, %H:%M")
    far: str = state.phase
    if state.phase == "finished" and state.auc is not None:
        far = f"{SIGNS.get(state.level, '')} AUC {figure(*state.auc)}".strip()
    return f"{' · '.join(filter(None, (state.name, state.design)))}\n{when} · {far}"
