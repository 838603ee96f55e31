"""What every step of the chest chain shows."""

from __future__ import annotations

from napari_tbcad.widgets.chest.bench import ChestBench
from napari_tbcad.widgets.chest.session import ChestSession
from napari_tbcad.widgets.workflow.step import SessionStep


class ChestStep(SessionStep):
    """A step that shows a film's session."""

    bench: ChestBench

    @property
    def session(self) -> ChestSession | None:
        """The session shown."""
        return self.bench.session
