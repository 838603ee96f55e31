"""How long this project's code holds the GUI thread, entry by entry."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

import numpy as np


class Slots:
    """Time of this project's code on the GUI thread, entry by entry, by ``sys.setprofile``.

    Parameters
    ----------
    clock : callable, optional
        Returns seconds; ``time.thread_time`` leaves out what other threads and programs took.
    """

    def __init__(self, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self.entries: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self._owners: dict[CodeType, int] = {}
        self._stack: list[tuple[FrameType, int, float, float]] = []

    def _owner(self, code: CodeType, frame: FrameType) -> int:
        module = str(frame.f_globals.get("__name__", ""))
        ours = module.split(".")[:2] == ["napari_tbcad", "widgets"]
        theirs = module.split(".")[0] in ("napari", "vispy", "app_model", "psygnal")
        return self._owners.setdefault(code, 1 if ours else 2 if theirs else 0)

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        """Take one event of the profiler."""
        if event == "call":
            code = frame.f_code
            owner = self._owners.get(code)
            if owner is None:
                owner = self._owner(code, frame)
            stack = self._stack
            if owner and (stack[-1][1] != owner if stack else owner == 1):
                stack.append((frame, owner, self._clock(), 0.0))
        elif event == "return" and self._stack and self._stack[-1][0] is frame:
            _, owner, began, foreign = self._stack.pop()
            spent = self._clock() - began
            if not self._stack:
                self.entries[frame.f_code.co_qualname].append((spent, spent - foreign))
                return
            # What napari calls of ours again is ours; the rest of its time is not.
            above, whose, since, theirs = self._stack[-1]
            more = spent - foreign if owner == 2 else -(spent - foreign) if whose == 2 else 0.0
            self._stack[-1] = (above, whose, since, theirs + (more if owner == 2 else spent - foreign))

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Profile while inside."""
        sys.setprofile(self)
        try:
            yield
        finally:
            sys.setprofile(None)
            self._stack.clear()

    def show(self, most: int = 12) -> None:
        """Print the entries that held the window up longest."""
        print(f"  {'entry from the event loop':44s} {'n':>5s} {'greatest':>9s} {'own':>7s} {'p95':>7s} (ms)")
        for name, taken in sorted(self.entries.items(), key=lambda item: -max(t for t, _ in item[1]))[:most]:
            whole, own = (np.array(values) * 1000 for values in zip(*taken, strict=True))
            print(
                f"  {name:44s} {len(whole):5d} {whole.max():9.1f} {own.max():7.1f} "
                f"{np.percentile(whole, 95):7.1f}"
            )
