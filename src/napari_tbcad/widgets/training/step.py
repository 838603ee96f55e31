"""What every step of the training panel is: a row that follows the session of its viewer."""

from __future__ import annotations

from napari_tbcad.widgets.child_panel import ChildStep
from napari_tbcad.widgets.training.session import TrainingSession


class TrainingStep(ChildStep):
    """A step that shows a training session."""

    session: TrainingSession
