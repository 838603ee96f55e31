"""When Python collects its garbage, and where.

While workers run, on the GUI thread alone. The collector runs in whichever thread happens to allocate, and
frees what it finds there: of layers that were removed, napari's drawings and Qt objects, while the GUI thread
may just be drawing. That ended the program (a segmentation fault in OpenGL, most times a scan of one view was
closed and opened again).

What came with the imports, most of a million objects, is spared from searches that Python begins by itself:
each held the window up for a sixth of a second or more, in the midst of whatever was being done. Who asks
for a search (`gc.collect()`, as napari does for each layer removed) has everything searched, as ever.

What comes without an import is not spared, or what dies of it would stay until somebody asks. It is a small
part, and is searched about as often as Python would: the young whenever work ends, the old at every eleventh
time or so.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from qtpy.QtCore import QObject, QTimer

_EVERY_MS = 50
_FULL_EVERY_S = 60.0
_IMPORTED = 10
"""So many new modules are an import: what it brings stays, and looking through all of it would hold the
window up for a tenth of a second."""
_SHARE = 0.01
"""Of the time, searches for old garbage at the end of work take at most that much."""
_MOST_OWED = 4
"""So many studies may be closed before what is left of them is searched for."""


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
            _SPARING.begin_if_imported()
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
                # What piled up since is collected here, or spared where an import brought it: else the
                # worker's thread, which still has a few steps to its end, would be the first to allocate and
                # so the one that collects.
                if not _SPARING.begin_if_imported():
                    _SPARING.collect(2 if _SPARING.old_is_due() else 1)
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
    if not due or gc.isenabled() or _SPARING.begin_if_imported():
        return
    full = 2 in due and time.monotonic() - _Hold.looked_at_all > _FULL_EVERY_S
    _SPARING.collect(2 if full else min(max(due), 1))
    if full:
        _Hold.looked_at_all = time.monotonic()


class _Sparing:
    """Keeps what is there out of Python's own searches, and brings it into those that somebody asks for."""

    def __init__(self) -> None:
        self._modules = 0
        self._asked_here = False
        self._next = 0.0
        self._closing = False
        self._owed = 0
        self._everything = False

    def begin(self) -> None:
        """Spare what is there now."""
        self._modules = len(sys.modules)
        if self.follow not in gc.callbacks:
            gc.callbacks.append(self.follow)
        gc.freeze()

    def begin_if_imported(self) -> bool:
        """Spare what is there if modules came since that was done last; return whether they did."""
        came = len(sys.modules) - self._modules >= _IMPORTED
        if came:
            self.begin()
        return came

    def old_is_due(self) -> bool:
        """Whether Python would look at what is old, too, by now, and it has not just been done."""
        return gc.get_count()[2] >= gc.get_threshold()[2] > 0 and time.monotonic() > self._next

    def collect(self, generation: int) -> None:
        """Search the way Python does by itself."""
        self._asked_here = True
        began = time.thread_time()
        try:
            gc.collect(generation)
        finally:
            self._asked_here = False
            if generation == 2:
                self._next = time.monotonic() + (time.thread_time() - began) / _SHARE

    @contextmanager
    def closing(self) -> Iterator[None]:
        """Let searches that are asked for inside spare it, too, unless that was done several times."""
        before, self._closing = self._closing, True
        try:
            yield
        finally:
            self._closing = before
            self._owed += 1

    def follow(self, phase: str, info: dict[str, int]) -> None:
        """Be told by Python that a search begins or has ended."""
        if info["generation"] != 2:
            return
        if phase == "start":
            self._everything = self._is_for_everything()
            if self._everything:
                self._owed = 0
                gc.unfreeze()
        elif self._everything:
            # What is left is alive.
            self._everything = False
            gc.freeze()

    def _is_for_everything(self) -> bool:
        if self._asked_here or (self._closing and self._owed < _MOST_OWED):
            return False
        # Python's own begins when enough was allocated.
        return not gc.isenabled() or gc.get_count()[0] <= gc.get_threshold()[0]


_SPARING = _Sparing()


def spare_what_is_there() -> None:
    """Keep everything that there is out of the searches for garbage that Python begins by itself."""
    _SPARING.begin()


@contextmanager
def without_searching() -> Iterator[None]:
    """Spare what there is from every search inside: napari makes a whole one for each layer removed.

    Each holds the window up for half a second. What dies inside is found when somebody asks for a search
    later, or inside the fifth such block.
    """
    spare_what_is_there()
    with _SPARING.closing():
        yield
