"""How long a run will take yet."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

_LAST = 50
"""Studies whose pace counts: films of another size may come later."""
_FEWEST = 2


class Pace:
    """Estimates the time left from the pace of the last studies.

    Parameters
    ----------
    total : int
        Studies to do.
    clock : callable, optional
        Seconds; for tests.
    """

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._left, self._clock = total, clock
        self._times: deque[float] = deque([clock()], maxlen=_LAST + 1)

    def tick(self) -> None:
        """Count one study as done."""
        self._left -= 1
        self._times.append(self._clock())

    def left(self) -> float | None:
        """Return the seconds left; None before there is a pace, 0 when all is done."""
        if self._left <= 0:
            return 0.0
        if len(self._times) <= _FEWEST:
            return None
        return self._left * (self._times[-1] - self._times[0]) / (len(self._times) - 1)
