"""What every step of the evaluation panel is: a row that follows the session of its viewer."""

from __future__ import annotations

from napari_tbcad.widgets.child_panel import ChildStep
from napari_tbcad.widgets.evaluating.session import EvaluationSession


class EvaluationStep(ChildStep):
    """A step that shows an evaluation session."""

    session: EvaluationSession
    can_run = False
