"""Calling a function for every item of a list, here, in other processes, or on a Dask cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from napari_tbcad.errors import BadInput, Cancelled

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


def each(
    function: Callable[[Item], Outcome],
    items: Sequence[Item],
    *,
    workers: int = 1,
    scheduler: str | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Iterator[Outcome]:
    """Yield ``function(item)`` for every item, in order, as the outcomes come.

    Parameters
    ----------
    function : callable
        Called in another process when `workers` > 1, so it must be importable; it should catch its errors.
    items : sequence
        What it is called with.
    workers : int, optional
        Local processes; 1 works in this one.
    scheduler : str, optional
        Address of a Dask scheduler, such as ``tcp://host:8786``, instead of local processes.
    cancelled : callable, optional
        Polled between outcomes.

    Raises
    ------
    Cancelled
        When `cancelled` turned true.
    BadInput
        If the scheduler cannot be reached or Dask is not installed.
    """
    if workers <= 1 and scheduler is None:
        for item in items:
            if cancelled is not None and cancelled():
                raise Cancelled("batch")
            yield function(item)
        return
    from joblib import Parallel, delayed, parallel_config

    with contextlib.ExitStack() as stack:
        if scheduler is not None:
            stack.enter_context(_dask_client(scheduler))
            stack.enter_context(parallel_config("dask"))
            pool = Parallel(return_as="generator")
        else:
            # One thread of numerical libraries a process: more would fight for the same cores.
            stack.enter_context(parallel_config("loky", n_jobs=workers, inner_max_num_threads=1))
            pool = Parallel(return_as="generator")
        for outcome in pool(delayed(function)(item) for item in items):
            if cancelled is not None and cancelled():
                raise Cancelled("batch")
            yield outcome


def _dask_client(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise BadInput("--scheduler", "Dask is not installed: pip install 'napari-tbcad[dask]'") from error
    try:
        return Client(address, timeout=10)
    except (OSError, ValueError) as error:
        raise BadInput("--scheduler", f"no Dask scheduler answers at {address} ({error})") from error
