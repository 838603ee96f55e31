"""What every step of the batch panel is: a row that follows the session of its viewer."""

from __future__ import annotations

from napari_tbcad.widgets.batch.session import BatchSession
from napari_tbcad.widgets.child_panel import ChildStep


class BatchStep(ChildStep):
    """A step that shows a batch session."""

    session: BatchSession
    can_run = False
