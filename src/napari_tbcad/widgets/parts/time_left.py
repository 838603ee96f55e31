"""How long a training still takes, and how long it took, from guesses that jump."""

from __future__ import annotations

import time
from collections.abc import Callable

_MEMORY_S = 20.0
"""A guess older than this counts for little: a machine may be busy with something else for a while."""
_SETTLED = 4
"""Guesses before the first one that is told: the first steps of a training are slow."""


class TimeLeft:
    """Smooths guesses of the time left, and counts the time that was spent.

    What is smoothed is the moment of the end: it stands still while all goes as expected, whatever the time
    between two guesses is.

    Parameters
    ----------
    clock : callable, optional
        Returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.clear()

    def clear(self) -> None:
        """Begin anew."""
        self._began: float | None = None
        self._ended: float | None = None
        self._paused: float | None = None
        self._rest = 0.0
        self.begin_stage()

    def begin_stage(self) -> None:
        """Forget guesses; the time spent goes on."""
        self._end: float | None = None
        self._last = 0.0
        self._guesses = 0

    def start(self) -> None:
        """The work begins, or goes on as if it had never ended."""
        if self._began is None:
            self._began = self._clock()
        self._ended = None

    def guess(self, seconds: float) -> None:
        """Take the time left as it looks now."""
        now = self._clock()
        end = now + max(0.0, seconds)
        if self._end is None:
            self._end = end
        else:
            share = min(1.0, (now - self._last) / _MEMORY_S + 0.02)
            self._end += share * (end - self._end)
        self._last = now
        self._guesses += 1

    def pause(self) -> None:
        """The clock stops."""
        if self._paused is None:
            self._paused = self._clock()

    def go_on(self) -> None:
        """The clock goes on."""
        if self._paused is None:
            return
        waited = self._clock() - self._paused
        self._paused = None
        self._rest += waited
        self._last += waited
        if self._end is not None:
            self._end += waited

    def stop(self) -> None:
        """The work is over."""
        self.go_on()
        self._ended = self._clock()

    @property
    def left(self) -> float | None:
        """Seconds left; None while nobody knows."""
        if self._end is None or self._guesses < _SETTLED:
            return None
        return max(0.0, self._end - self._now())

    @property
    def spent(self) -> float:
        """Seconds of work, pauses not counted."""
        return 0.0 if self._began is None else max(0.0, self._now() - self._began - self._rest)

    def _now(self) -> float:
        if self._ended is not None:
            return self._ended
        return self._clock() if self._paused is None else self._paused
