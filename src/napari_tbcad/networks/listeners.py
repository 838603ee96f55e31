"""Who is told how a training goes, and who may stop it or make it wait; needs neither torch nor Qt."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from napari_tbcad.errors import Cancelled

_LOOKS_EVERY = 0.1
"""Seconds between two questions whether a pause is over."""


@dataclass(frozen=True)
class Listeners:
    """What a training calls meanwhile. None of it changes what is learned.

    Parameters
    ----------
    say : callable, optional
        Given one line an epoch.
    progress : callable, optional
        Given the share done and a text after every step.
    cancelled : callable, optional
        Asked after every step; the training stops where it returns True.
    on_event : callable, optional
        Given events: mappings of plain JSON values with the key ``event``.
    paused : callable, optional
        Asked after every step; while it returns True the training waits and computes nothing.
    """

    say: Callable[[str], None] = print
    progress: Callable[[float, str], None] | None = None
    cancelled: Callable[[], bool] | None = None
    on_event: Callable[[Mapping[str, Any]], None] | None = None
    paused: Callable[[], bool] | None = None

    def tell(self, event: str, **content: Any) -> None:
        """Tell an event; what is not finite becomes None, as JSON has no word for it."""
        if self.on_event is not None:
            self.on_event({"event": event, **{name: _plain(value) for name, value in content.items()}})

    def require_wanted(self, doing: str) -> None:
        """Raise :class:`~napari_tbcad.errors.Cancelled` where the work is not wanted any more."""
        if self.cancelled is not None and self.cancelled():
            raise Cancelled(f"{doing} was stopped")

    def wait(self, doing: str) -> float:
        """Wait while a pause lasts; return the seconds waited.

        Raises
        ------
        Cancelled
            If the work is not wanted any more, also in the middle of a pause.
        """
        self.require_wanted(doing)
        if self.paused is None or not self.paused():
            return 0.0
        began = time.perf_counter()
        self.tell("paused")
        while self.paused():
            self.require_wanted(doing)
            time.sleep(_LOOKS_EVERY)
        self.tell("going_on")
        return time.perf_counter() - began


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
