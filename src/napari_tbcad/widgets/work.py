"""Work off the GUI thread: one job at a time for a film, cancelled or overtaken without a trace."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import weakref
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer
from superqt.utils import WorkerBase, create_worker

from napari_tbcad.chain import Run, Superseded
from napari_tbcad.errors import Cancelled
from napari_tbcad.widgets.collecting import collect_here_while
from napari_tbcad.widgets.importing import as_exception


@dataclass
class Job:
    """What a running job says to the GUI and the GUI to it; both sides only read and set plain values.

    Parameters
    ----------
    wanted : tuple of str
        Values of the chain to bring up to date, in order.
    live : bool, optional
        It answers an edit: nobody asked for it by a button, and it should take no longer than a blink.

    Attributes
    ----------
    done : threading.Event
        Set once nothing is computed any more; the GUI is told a moment later.
    given_up : bool
        It worked on what is not shown any more: nothing that it made is for anybody.
    """

    wanted: tuple[str, ...]
    live: bool = False
    share: float = 0.0
    what: str = ""
    error: Exception | None = None
    cancelled: bool = False
    superseded: bool = False
    given_up: bool = False
    stop: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)


_RUNNING: weakref.WeakSet[threading.Event] = weakref.WeakSet()
"""What stops each job that may be under way."""
_LEAVE_MS = 60_000
"""How long the program's end waits for work that cannot be stopped, such as a model being read."""


@atexit.register
def _stop_everything() -> None:
    """Let no thread outlive the Qt objects that it reports to: what it emits then is an error or a crash."""
    for stop in list(_RUNNING):
        stop.set()
    with suppress(RuntimeError):  # it took too long
        WorkerBase.await_workers(_LEAVE_MS)


def start_job(
    run: Run,
    job: Job,
    *,
    on_value: Callable[[str], None],
    on_end: Callable[[], None],
    first: Callable[[], bool] | None = None,
) -> Any:
    """Bring values of a run up to date on a worker thread.

    Parameters
    ----------
    run : Run
        The film's run.
    job : Job
        What is wanted; its fields are updated as the work goes on.
    first : callable, optional
        Done before anything is computed; when it returns False nothing is.
    on_value, on_end : callable
        Bound methods of a QObject, called on the GUI thread after each value and at the end, however
        the work ended. Qt drops them when their object dies.

    Returns
    -------
    superqt worker
        Started.
    """
    _RUNNING.add(job.stop)
    worker = create_worker(_compute, run, job, first, _start_thread=False)
    worker.yielded.connect(on_value)
    worker.finished.connect(on_end)  # type: ignore[arg-type]
    collect_here_while(worker)
    worker.start()
    return worker


def start_call(
    function: Callable[[], Any], *, on_result: Callable[[Any], None], on_error: Callable[[Exception], None]
) -> Any:
    """Call a function on a worker thread; bound methods of one QObject take its result or its error."""
    deliver = _Delivery(on_result, on_error)
    worker = create_worker(_call, function, _start_thread=False)
    worker.yielded.connect(deliver.take)
    worker.finished.connect(deliver.done)  # type: ignore[arg-type]
    # Qt drops what a worker has sent but not delivered when the worker is freed first.
    deliver.worker = worker
    collect_here_while(worker)
    worker.start()
    return worker


class _Delivery(QObject):
    """Hands (result, error) to one of two bound methods, on its own (the GUI) thread, if they still live."""

    _under_way: ClassVar[set[_Delivery]] = set()

    def __init__(self, on_result: Callable[[Any], None], on_error: Callable[[Exception], None]) -> None:
        super().__init__()
        self._on_result, self._on_error = weakref.WeakMethod(on_result), weakref.WeakMethod(on_error)
        self.worker: Any = None
        self._under_way.add(self)

    def take(self, outcome: tuple[Any, Exception | None]) -> None:
        """Deliver."""
        result, error = outcome
        method: Any = self._on_result() if error is None else self._on_error()
        # Python may keep a widget that Qt has deleted: nothing is left of it that could take anything.
        if method is None or (isinstance(method.__self__, QObject) and not isalive(method.__self__)):
            return
        method(result if error is None else error)

    def done(self) -> None:
        """Let the worker go."""
        self._under_way.discard(self)


_THREADED = ("numpy", "scipy.linalg", "torch")
"""Modules that bring threads of their own."""
_OMP = "OMP_NUM_THREADS"


class _Limits:
    """Thread limits of this process and what they were before; only the GUI thread counts the holders."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.holders = 0
        self.free = 0
        self.limited: set[str] = set()
        self.undo: list[Callable[[], Any]] = []

    def apply(self) -> None:
        """Limit the libraries that have come since the last time."""
        with self.lock:
            if self.holders:
                self._apply(max(1, (os.cpu_count() or 2) - 1))

    def _apply(self, cores: int) -> None:
        if _OMP not in os.environ:
            # For what is loaded from here on, before its first threads start.
            os.environ[_OMP] = str(cores)
            self.free = 0 if "torch" in sys.modules else os.cpu_count() or 1
            self.undo.append(partial(os.environ.pop, _OMP, None))
        new = {name for name in _THREADED if name in sys.modules} - self.limited
        if not hasattr(sys.modules.get("torch"), "set_num_threads"):
            new.discard("torch")  # another thread is importing it
        if not new:
            return
        self.limited.update(new)
        from threadpoolctl import threadpool_info, threadpool_limits

        for library in threadpool_info():
            if library["user_api"] == "blas" and library["num_threads"] > cores:
                self.undo.append(threadpool_limits({library["prefix"]: cores}).restore_original_limits)
        if "torch" in new:
            torch = sys.modules["torch"]
            if (before := torch.get_num_threads()) >= cores:
                torch.set_num_threads(cores)
                # Loaded since a panel was opened, it knows of the limit only.
                self.undo.append(partial(torch.set_num_threads, max(before, self.free)))

    def lift(self) -> None:
        """Set all back, the last limit first."""
        with self.lock:
            while self.undo:
                self.undo.pop()()
            self.limited.clear()


_LIMITS = _Limits()


class CoreLeft:
    """One core is kept for the window until :meth:`release`; see :func:`leave_a_core`."""

    def __init__(self) -> None:
        self._held = True
        _LIMITS.holders += 1
        _LIMITS.apply()

    def release(self) -> None:
        """Give the core back; with the last holder the libraries get their threads back, too."""
        if not self._held:
            return
        self._held = False
        _LIMITS.holders -= 1
        if not _LIMITS.holders:
            _LIMITS.lift()


def leave_a_core() -> CoreLeft:
    """Keep one core for the window: limit the libraries that compute to cores - 1 threads.

    Threads that wait for each other by spinning otherwise take the processor from the canvas and wait for
    it: on two cores a matrix product that takes a millisecond took forty while napari drew. The limits are
    the whole process's, other plugins' included: a panel holds them while it is open.

    Returns
    -------
    CoreLeft
        Holds the limits until its ``release()``, also when it is not kept.
    """
    return CoreLeft()


def _call(function: Callable[[], Any]) -> Generator[tuple[Any, Exception | None], None, None]:
    # Not raised: the worker would raise it once more in the GUI, and it swallows every RuntimeError.
    outcome: tuple[Any, Exception | None]
    try:
        outcome = function(), None
    except BaseException as error:  # every failure is the person's to know
        outcome = None, as_exception(error)
    yield outcome


def _compute(run: Run, job: Job, first: Callable[[], bool] | None) -> Generator[str, None, None]:
    try:
        yield from _each_value(run, job, first)
    finally:
        job.done.set()


def _each_value(run: Run, job: Job, first: Callable[[], bool] | None) -> Generator[str, None, None]:
    # Libraries may have come since the panel was opened.
    _LIMITS.apply()
    try:
        if first is not None and not first():
            return
    except BaseException as error:  # every failure is the person's to know
        job.error = as_exception(error)
        return
    for number, name in enumerate(job.wanted):

        def report(share: float, what: str, number: int = number) -> None:
            job.share, job.what = (number + share) / len(job.wanted), what or job.what

        try:
            # Beside a person's version the automatic one is kept up to date, to be compared with.
            run.compute(name, automatic=run.edited(name), progress=report, cancelled=job.stop.is_set)
        except Superseded:
            job.superseded = True
            return
        except Cancelled:
            job.cancelled = True
            return
        except BaseException as error:  # every failure is the person's to know
            job.error = as_exception(error)
            return
        yield name


def timer(parent: QObject, slot: Callable[[], Any]) -> QTimer:
    """Return a timer that fires once each time it is started; a child of `parent`."""
    made = QTimer(parent)
    made.setSingleShot(True)
    made.timeout.connect(slot)
    return made
