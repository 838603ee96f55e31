"""What every step of the training panel is: a row that follows the session of its viewer."""

from __future__ import annotations

from napari_tbcad.widgets.parts.step import StepRow
from napari_tbcad.widgets.training.session import TrainingSession


class TrainingStep(StepRow):
    """A step that shows a session.

    Parameters
    ----------
    session : TrainingSession
        What the panels of a viewer share.

    Attributes
    ----------
    number, heading, purpose : int and str
        Its place, its title, and what it does in one sentence.
    """

    number = 0
    heading = ""
    purpose = ""
    can_run = True

    def __init__(self, session: TrainingSession, *, open_: bool = False) -> None:
        super().__init__(self.number, self.heading, self.purpose, open_=open_, can_run=self.can_run)
        self.session = session

    def refresh(self) -> None:
        """Show state, summary and values."""
        raise NotImplementedError

    @property
    def made_for(self) -> int:
        """Number of controls made so far."""
        return self.body.count()
