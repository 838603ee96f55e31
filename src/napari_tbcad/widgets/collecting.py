"""While workers run, Python collects its garbage on the GUI thread alone.

The collector runs in whichever thread happens to allocate, and frees what it finds there: of layers that were
removed, napari's drawings and Qt objects, while the GUI thread may just be drawing. That ended the program (a
segmentation fault in OpenGL, most times a scan of one view was closed and opened again).
"""

from __future__ import annotations

import gc
import time
from typing import Any, ClassVar

from qtpy.QtCore import QObject, QTimer

_EVERY_MS = 50
_FULL_EVERY_S = 60.0


class _Hold(QObject):
    """Keeps the collector on the GUI thread while one worker runs; only that thread makes and ends it."""

    _holds: ClassVar[set[_Hold]] = set()
    _was_on: ClassVar[bool] = False
    _timer: ClassVar[QTimer | None] = None
    looked_at_all: ClassVar[float] = 0.0

    def __init__(self, worker: Any) -> None:
        super().__init__()
        # Kept: Qt drops what a worker has sent but not delivered when the worker is freed first.
        self._worker = worker
        if not self._holds:
            _Hold._was_on = gc.isenabled()
            gc.disable()
            _Hold.looked_at_all = time.monotonic()
            _Hold._timer = QTimer()
            _Hold._timer.timeout.connect(collect_if_due)
            _Hold._timer.start(_EVERY_MS)
        self._holds.add(self)
        worker.finished.connect(self.end)

    def end(self) -> None:
        """Leave it to Python again, with the last of the workers."""
        self._holds.discard(self)
        if not self._holds and _Hold._timer is not None:
            _Hold._timer.stop()
            _Hold._timer = None
            if _Hold._was_on:
                # What piled up since is collected here: else the worker's thread, which still has a few steps
                # to its end, would be the first to allocate and so the one that collects.
                gc.collect(1)
                gc.enable()


def collect_here_while(worker: Any) -> None:
    """Collect garbage on the calling (the GUI) thread alone until a worker is done.

    Parameters
    ----------
    worker : superqt worker
        Not started yet.
    """
    _Hold(worker)


def collect_if_due() -> None:
    """Collect what Python would have collected by itself by now, by its own thresholds."""
    counts, thresholds = gc.get_count(), gc.get_threshold()
    due = [age for age in range(3) if thresholds[0] and counts[age] > thresholds[age]]
    if not due or gc.isenabled():
        return
    # All of napari's objects take a sixth of a second to look at: seldom, and only while work goes on long.
    full = 2 in due and time.monotonic() - _Hold.looked_at_all > _FULL_EVERY_S
    gc.collect(2 if full else min(max(due), 1))
    if full:
        _Hold.looked_at_all = time.monotonic()
