"""What the child does for a session: estimate, train or judge, one at a time, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from qtpy.QtCore import QObject

from napari_tbcad.widgets.child_work import ChildWork
from napari_tbcad.widgets.child_work import Phase as Phase
from napari_tbcad.widgets.training.process import TrainingProcess


class Child(ChildWork):
    """The process that trains, as phases; it can wait.

    Parameters
    ----------
    parent : QObject, optional
        Qt parent.
    """

    process: TrainingProcess
    phases: ClassVar[Mapping[str, Phase]] = {
        "survey": Phase.TRAINING,
        "estimate": Phase.ESTIMATING,
        "train": Phase.TRAINING,
        "judge": Phase.JUDGING,
    }

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(TrainingProcess(), parent)

    def pause(self) -> None:
        """Let a training wait after its step."""
        if self.phase is Phase.TRAINING:
            self.process.pause()
            self._set(Phase.PAUSING)

    def go_on(self) -> None:
        """Let a training that waits go on."""
        if self.phase in (Phase.PAUSED, Phase.PAUSING):
            self.process.go_on()
            self._set(Phase.TRAINING)

    # -- inside ---------------------------------------------------------------------------------------

    def _take_progress(self, kind: str, event: Mapping[str, Any]) -> None:
        if kind == "paused" and self.phase is Phase.PAUSING:
            self._set(Phase.PAUSED)
        elif kind == "decoding":
            self.share, self.text = event["done"] / max(1, event["of"]), "reading the images"
        elif kind == "step":
            self.share, self.text = event["step"] / max(1, event["steps"]), ""
        else:
            super()._take_progress(kind, event)
