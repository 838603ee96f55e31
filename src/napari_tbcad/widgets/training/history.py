"""What a training has said so far, for whoever comes to look later."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.errors import BadInput

if TYPE_CHECKING:
    from napari_tbcad.batch.trainings.state import TrainingState

_MOST_STEPS = 4_000
"""More points than a curve in a narrow dock has pixels for."""


@dataclass
class History:
    """Steps, epochs and the judgement of one training.

    Attributes
    ----------
    steps : list of (int, float)
        Number of the step and its loss; of a long training every second, fourth … step.
    epochs : list of dict
        Rows of log.csv.
    last : dict
        The last event of a step; empty before the first.
    judged : dict or None
        The event that compares the networks.
    """

    steps: list[tuple[int, float]] = field(default_factory=list)
    epochs: list[dict[str, Any]] = field(default_factory=list)
    last: dict[str, Any] = field(default_factory=dict)
    judged: dict[str, Any] | None = None
    _every: int = 1

    def take(self, event: Mapping[str, Any]) -> None:
        """Note an event."""
        kind = event.get("event")
        if kind == "step":
            self.last = dict(event)
            if int(event["step"]) % self._every == 0:
                self.steps.append((int(event["step"]), float(event["loss"])))
            if len(self.steps) > _MOST_STEPS:
                self._every *= 2
                self.steps = [point for point in self.steps if point[0] % self._every == 0]
        elif kind == "epoch":
            self.epochs.append({name: value for name, value in event.items() if name != "event"})
        elif kind == "judged":
            self.judged = dict(event)


def read_history(folder: Path) -> History:
    """Return the epochs that the log of a training tells, none where there is no sound log."""
    history = History()
    try:
        with (folder / "log.csv").open(encoding="utf-8-sig", newline="") as file:
            history.epochs = [dict(row) for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error):
        pass
    return history


def read_state(folder: Path | None) -> TrainingState | None:
    """Return how far a training is, from its files; None where there is none."""
    from napari_tbcad.batch.trainings.state import state_of

    try:
        return None if folder is None else state_of(folder)
    except BadInput:
        return None
