"""Calling a function for every item of a list, here, in other processes, or on a Dask cluster."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Generic, TypeVar

from napari_tbcad.batch.crew import Crew
from napari_tbcad.batch.crew import Died as Died
from napari_tbcad.errors import Cancelled, TbcadError

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

_POLL_SECONDS = 0.1
_GRACE_SECONDS = 2.0


class WorkerDied(TbcadError):
    """An item took its worker's process with it, alone and twice."""


def each_as_done(
    function: Callable[[Item], Outcome],
    items: Iterable[Item],
    *,
    workers: int = 1,
    scheduler: str | None = None,
    cancelled: Callable[[], bool] | None = None,
    on_start: Callable[[int], None] | None = None,
    isolated: bool = False,
    shared: Path | None = None,
) -> Generator[tuple[int, Outcome | Died], None, None]:
    """Yield the number of an item, counted from 0, and ``function(item)``, as they are done.

    Items are taken only when a worker is free for them, so that a generator of any length needs no memory.
    Closing the generator ends the workers.

    Parameters
    ----------
    function : callable
        Called in another process when `workers` > 1, so it must be importable; it should catch its errors.
    items : iterable
        What it is called with; taken in the calling thread, one by one.
    workers : int, optional
        Local processes, with one thread of numerical libraries each; 1 works in this one.
    scheduler : str, optional
        Address of a Dask scheduler, such as ``tcp://host:8786``, instead of local processes.
    cancelled : callable, optional
        Polled ten times a second; in this process, between items.
    on_start : callable, optional
        Told the number of an item when the work on it begins; again, when it is tried again.
    isolated : bool, optional
        Give even a single worker a process of its own, so that a crash costs no more than one item.
    shared : Path, optional
        With `scheduler`: a folder that the workers must see under the same path, such as that of results.

    Yields
    ------
    number : int
        The item's.
    outcome
        What `function` returned, or :class:`Died` where the worker's process ended twice, the second time
        with nothing else running. In this process nothing can be done about a crash.

    Raises
    ------
    Cancelled
        When `cancelled` turned true; what was done within two seconds was yielded, the rest is dropped.
    BadInput
        If the scheduler cannot be reached or is lost, its workers have another version of napari-tbcad or do
        not see `shared`, or Dask is not installed.
    """
    if scheduler is None and workers <= 1 and not isolated:
        yield from _here(function, items, cancelled, on_start)
        return
    with closing(_crew(function, workers, scheduler, shared)) as crew:
        yield from _Work(crew, items, cancelled, on_start).outcomes()


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
    function, workers, scheduler, cancelled
        See :func:`each_as_done`.
    items : sequence
        What it is called with.

    Raises
    ------
    Cancelled, BadInput
        See :func:`each_as_done`.
    WorkerDied
        If an item took its worker's process with it.
    """
    early: dict[int, Outcome] = {}
    following = 0
    outcomes = each_as_done(function, items, workers=workers, scheduler=scheduler, cancelled=cancelled)
    with closing(outcomes):
        for number, outcome in outcomes:
            if isinstance(outcome, Died):
                raise WorkerDied(f"{items[number]}: {outcome.reason}")
            early[number] = outcome
            while following in early:
                yield early.pop(following)
                following += 1


def _crew(function: Callable[[Any], Any], workers: int, scheduler: str | None, shared: Path | None) -> Crew:
    if scheduler is not None:
        from napari_tbcad.batch.cluster import DaskCrew

        return DaskCrew(function, scheduler, shared=shared)
    from napari_tbcad.batch.workers import LocalCrew

    return LocalCrew(function, max(1, workers))


def _here(
    function: Callable[[Item], Outcome],
    items: Iterable[Item],
    cancelled: Callable[[], bool] | None,
    on_start: Callable[[int], None] | None,
) -> Iterator[tuple[int, Outcome]]:
    for number, item in enumerate(items):
        if cancelled is not None and cancelled():
            raise Cancelled("batch")
        if on_start is not None:
            on_start(number)
        yield number, function(item)


class _Work(Generic[Item]):
    """Items on their way through a crew."""

    def __init__(
        self,
        crew: Crew,
        items: Iterable[Item],
        cancelled: Callable[[], bool] | None,
        on_start: Callable[[int], None] | None,
    ) -> None:
        self._crew = crew
        self._items = enumerate(items)
        self._cancelled = cancelled or (lambda: False)
        self._on_start = on_start or (lambda number: None)
        self._given: dict[int, Item] = {}
        self._begun: set[int] = set()
        # Items whose worker died. Each is tried again with nothing beside it, since the want of memory that
        # kills one process may be another's doing.
        self._aside: deque[tuple[int, Item]] = deque()
        self._alone: int | None = None
        self._all_taken = False

    def outcomes(self) -> Iterator[tuple[int, Any]]:
        self._give()
        while self._given:
            yield from self._done(_POLL_SECONDS)
            if self._cancelled():
                yield from self._last()
                raise Cancelled("batch")
            self._give()

    def _last(self) -> Iterator[tuple[int, Any]]:
        """Yield what is nearly done: a second of patience saves the work of every process."""
        end = time.monotonic() + _GRACE_SECONDS
        waiting = self._given.keys() - self._begun
        self._crew.drop(waiting)
        for number in waiting:
            del self._given[number]
        while self._given and (left := end - time.monotonic()) > 0:
            yield from self._done(min(left, _POLL_SECONDS), feed=False)

    def _done(self, seconds: float, *, feed: bool = True) -> Iterator[tuple[int, Any]]:
        finished = []
        for number, outcome in self._crew.done(seconds):
            item = self._given.pop(number)
            self._begun.discard(number)
            if isinstance(outcome, Died) and number != self._alone:
                self._aside.append((number, item))
                continue
            if number == self._alone:
                self._alone = None
            finished.append((number, outcome))
        if feed and finished and not self._cancelled():
            self._give()  # before the outcomes are looked at: nobody waits for a table to be written
        yield from finished

    def _give(self) -> None:
        if self._aside or self._alone is not None:
            if not self._given and self._alone is None:
                number, item = self._aside.popleft()
                self._alone = number
                self._hand(number, item)
        else:
            while not self._all_taken and len(self._given) < self._crew.room:
                taken = next(self._items, None)
                if taken is None:
                    self._all_taken = True
                else:
                    self._hand(*taken)
        self._tell()

    def _hand(self, number: int, item: Item) -> None:
        self._given[number] = item
        self._crew.give(number, item)

    def _tell(self) -> None:
        """Name the items that are worked on: workers take them in the order they were given."""
        waiting = [number for number in self._given if number not in self._begun]
        for number in waiting[: max(0, self._crew.at_once - len(self._begun))]:
            self._begun.add(number)
            self._on_start(number)
