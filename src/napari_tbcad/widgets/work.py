"""Work off the GUI thread: one job at a time for a film, cancelled or overtaken without a trace."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

from superqt.utils import create_worker

from napari_tbcad.chain import Run, Superseded
from napari_tbcad.errors import Cancelled


@dataclass
class Job:
    """What a running job says to the GUI and the GUI to it; both sides only read and set plain values.

    Parameters
    ----------
    wanted : tuple of str
        Values of the chain to bring up to date, in order.
    """

    wanted: tuple[str, ...]
    share: float = 0.0
    what: str = ""
    error: Exception | None = None
    cancelled: bool = False
    superseded: bool = False
    stop: threading.Event = field(default_factory=threading.Event)


def start_job(run: Run, job: Job, *, on_value: Callable[[str], None], on_end: Callable[[], None]) -> Any:
    """Bring values of a run up to date on a worker thread.

    Parameters
    ----------
    run : Run
        The film's run.
    job : Job
        What is wanted; its fields are updated as the work goes on.
    on_value, on_end : callable
        Bound methods of a QObject, called on the GUI thread after each value and at the end, however
        the work ended. Qt drops them when their object dies.

    Returns
    -------
    superqt worker
        Started.
    """
    worker = create_worker(_compute, run, job, _start_thread=False)
    worker.yielded.connect(on_value)
    worker.finished.connect(on_end)
    worker.start()
    return worker


def start_call(
    function: Callable[[], Any], *, on_result: Callable[[Any], None], on_error: Callable[[Exception], None]
) -> Any:
    """Call a function on a worker thread; bound methods of a QObject take its result or its error."""
    worker = create_worker(_call, function, _start_thread=False)
    worker.yielded.connect(on_result)
    worker.errored.connect(on_error)
    worker.start()
    return worker


def leave_a_core() -> None:
    """Keep one core for the window: limit torch, if it is loaded or will be, to cores - 1 threads."""
    import sys

    cores = max(1, (os.cpu_count() or 2) - 1)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(min(cores, sys.modules["torch"].get_num_threads()))
    else:
        os.environ.setdefault("OMP_NUM_THREADS", str(cores))


def _call(function: Callable[[], Any]) -> Generator[Any, None, None]:
    # A RuntimeError is swallowed by the worker, which takes it for a deleted widget.
    try:
        result = function()
    except RuntimeError as error:
        raise ValueError(str(error)) from error
    yield result


def _compute(run: Run, job: Job) -> Generator[str, None, None]:
    leave_a_core()
    for number, name in enumerate(job.wanted):

        def report(share: float, what: str, number: int = number) -> None:
            job.share, job.what = (number + share) / len(job.wanted), what or job.what

        try:
            run.compute(name, progress=report, cancelled=job.stop.is_set)
        except Superseded:
            job.superseded = True
            return
        except Cancelled:
            job.cancelled = True
            return
        except Exception as error:  # every failure is the person's to know
            job.error = error
            return
        yield name
