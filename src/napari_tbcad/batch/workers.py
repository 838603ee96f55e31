"""Processes of this machine, one item each: one that dies takes nothing with it but its own item."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

# joblib's own copy: it and the package of that name replace each other's ways to start a process when both
# are imported, and scikit-learn always imports the former.
from joblib.externals.loky import ProcessPoolExecutor

from napari_tbcad.batch.crew import Crew, Died

# One thread of numerical libraries a process: more would fight for the same cores.
_LIBRARIES = ("OMP", "OPENBLAS", "MKL", "BLIS", "VECLIB_MAXIMUM", "NUMBA", "NUMEXPR")
ONE_THREAD = {
    **{f"{name}_NUM_THREADS": "1" for name in _LIBRARIES},
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1",
}


# Processes that have nothing to do wait so long for the next crew: a program that calls the pool again and
# again need not import everything each time.
_IDLE_SECONDS = 20.0
_idle: list[ProcessPoolExecutor] = []
_hiring = threading.Lock()
_not_ours: list[object] = []


class LocalCrew(Crew):
    """Worker processes, started when the first items come; when idle they wait some seconds and then end.

    Each is an executor of its own, so that it is known whose item a dead process had.

    Parameters
    ----------
    function : callable
        Called with each item in a worker's process.
    workers : int
        Processes.
    """

    def __init__(self, function: Callable[[Any], Any], workers: int) -> None:
        self._function = function
        # All of them, and those that wait: one that is neither waiting nor known to be at something, since
        # Ctrl+C came while it was given an item, is ended with the others.
        self._crew = [_hire() for _ in range(workers)]
        self._free = list(self._crew)
        self._at: dict[Future[Any], tuple[int, ProcessPoolExecutor]] = {}
        self._workers = workers

    @property
    def at_once(self) -> int:
        """Return the number of processes."""
        return self._workers

    def give(self, number: int, item: Any) -> None:
        """Let a free worker have an item."""
        worker = self._free.pop()
        try:
            future = worker.submit(self._function, item)
        except BrokenProcessPool:  # its process was killed while it waited
            worker = self._instead_of(worker, _hire(new=True))
            future = worker.submit(self._function, item)
        self._at[future] = number, worker

    def drop(self, numbers: Collection[int]) -> None:
        """Nothing: an item is given to a free worker only, so it is begun."""

    def done(self, seconds: float) -> Sequence[tuple[int, Any]]:
        """Return what is done; an exception of the function is raised here."""
        outcomes = []
        for future in wait(self._at, timeout=seconds, return_when=FIRST_COMPLETED).done:
            number, worker = self._at.pop(future)
            error = future.exception()
            if isinstance(error, BrokenProcessPool):
                worker.shutdown(wait=False, kill_workers=True)
                self._free.append(self._instead_of(worker, _hire()))
                outcomes.append((number, Died(_ending(error))))
                continue
            self._free.append(worker)
            outcomes.append((number, future.result()))
        return outcomes

    def close(self) -> None:
        """End the processes that are at something."""
        for worker in self._crew:
            if worker not in self._free:
                worker.shutdown(wait=False, kill_workers=True)
        with _hiring:
            _idle.extend(self._free)

    def _instead_of(self, old: ProcessPoolExecutor, new: ProcessPoolExecutor) -> ProcessPoolExecutor:
        self._crew[self._crew.index(old)] = new
        return new


@cache
def _alive() -> tuple[Connection, Connection]:
    """Return both ends of a pipe that breaks when this process ends."""
    return Pipe(duplex=False)


def _begin_anew() -> None:
    """Leave the workers to the process that this one was forked from.

    Its executors have semaphores that both would share: one taken here and never given back, since this
    process was killed, stops the other for good. And as long as this process held the pipe's end, too, the
    other's workers would not notice its end.
    """
    global _hiring
    _hiring = threading.Lock()
    _not_ours.extend(_idle)  # never freed: what frees an executor tells its processes to end
    _idle.clear()
    if _alive.cache_info().currsize:
        reading, writing = _alive()
        writing.close()
        _not_ours.append(reading)
        _alive.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)


def _hire(*, new: bool = False) -> ProcessPoolExecutor:
    with _hiring:
        if _idle and not new:
            return _idle.pop()
    return ProcessPoolExecutor(
        max_workers=1,
        timeout=_IDLE_SECONDS,
        initializer=_begin,
        initargs=(_alive()[0],),
        env=dict(ONE_THREAD),
    )


def _begin(alive: Connection) -> None:
    """Prepare a worker's process."""
    # Ctrl+C reaches every process of a terminal; it is the parent's to end the work in order.
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(alive,), daemon=True).start()


def _end_with_parent(alive: Connection) -> None:
    """End this process when the parent's end of the pipe is gone, in whatever way the parent ended."""
    with contextlib.suppress(EOFError, OSError):
        alive.recv()
    os._exit(1)


def _ending(error: BaseException) -> str:
    """Return how a worker's process ended, in words."""
    found = re.search(r"\{(.*)\}", str(error))
    code = found.group(1) if found else ""
    if "SIGKILL" in code:
        return "its process was killed, most likely for want of memory"
    return f"its process crashed ({code})" if code else "its process crashed"
