"""What the curves of a training show: the loss of every step, and a row an epoch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

IOU = "iou_"
"""Columns of log.csv with the IoU of a class in the images that are watched begin so."""
DECIDES = "validation_dice"
"""Column of log.csv whose largest value makes an epoch the best."""
_HIDDEN = ("background",)
"""Nearly 1 from the first epoch on: it says nothing and hides what does."""


@dataclass
class CurveData:
    """Points of the curves; epochs and steps count from 1.

    Parameters
    ----------
    epochs : int
        Wanted epochs; 0 while unknown.
    steps : int
        Steps of the whole training; 0 while unknown.
    """

    epochs: int = 0
    steps: int = 0
    rows: dict[int, dict[str, float]] = field(default_factory=dict)
    _points: NDArray[np.float64] = field(default_factory=lambda: np.empty((1024, 2)))
    _n: int = 0

    def add_step(self, step: int, loss: float | None) -> None:
        """Note the loss of a step; one that is not finite is left out."""
        value = number(loss)
        if value is None:
            return
        if self._n == len(self._points):
            self._points = np.concatenate([self._points, np.empty_like(self._points)])
        self._points[self._n] = step, value
        self._n += 1

    def add_epoch(self, row: Mapping[str, Any]) -> bool:
        """Note a row of log.csv, texts as they are read; returns False for one without an epoch."""
        epoch = number(row.get("epoch"))
        if epoch is None:
            return False
        values = {name: value for name, text in row.items() if (value := number(text)) is not None}
        self.rows[int(epoch)] = values
        return True

    @property
    def losses(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Epochs passed at each step (n,), and its loss (n,); none while the number of steps is unknown."""
        known = self._n if self.steps and self.epochs else 0
        steps, losses = self._points[:known].T
        return steps * (self.epochs / max(1, self.steps)), losses

    @property
    def n_steps(self) -> int:
        """Number of steps noted."""
        return self._n

    def column(self, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return epochs and values of a column, where it has one."""
        pairs = [(epoch, row[name]) for epoch, row in sorted(self.rows.items()) if name in row]
        found = np.array(pairs, np.float64).reshape(-1, 2)
        return found[:, 0], found[:, 1]

    def classes(self, order: Iterable[str] = ()) -> list[str]:
        """Return the classes of which there is an IoU, those of `order` first."""
        seen = dict.fromkeys(
            name.removeprefix(IOU) for row in self.rows.values() for name in row if IOU in name
        )
        known = [name for name in order if name in seen]
        return [name for name in (*known, *(n for n in seen if n not in known)) if name not in _HIDDEN]

    @property
    def best(self) -> int | None:
        """Epoch with the largest mean Dice of the watched images, the first of equals; None without any."""
        epochs, values = self.column(DECIDES)
        return int(epochs[int(np.argmax(values))]) if len(values) else None

    @property
    def last(self) -> int:
        """The last epoch that was finished, 0 before the first."""
        return max(self.rows, default=0)

    @property
    def end(self) -> int:
        """The last epoch there will be, as far as is known; at least 1."""
        return max(self.epochs, self.last, 1)


def number(value: Any) -> float | None:
    """Return a finite number, also of its text; None for anything else."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None
