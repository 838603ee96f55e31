"""The workers of a Dask cluster that runs already, by its scheduler's address."""

from __future__ import annotations

import contextlib
import pickle
import platform
import queue
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cloudpickle

import napari_tbcad
from napari_tbcad.batch.cluster_client import CONNECT_SECONDS, SOURCE, connected
from napari_tbcad.batch.crew import Crew, Died
from napari_tbcad.errors import BadInput

# Items on their way at the same time: enough that no worker waits and that an adaptive cluster sees a reason
# to grow, few enough that neither the scheduler nor this process holds more for a longer run.
_LEAST_UNDERWAY = 64
_UNDERWAY_PER_THREAD = 4
_LOOK_SECONDS = 5.0
_PATIENCE_SECONDS = 120.0
_SIGHT_SECONDS = 15.0


class DaskCrew(Crew):
    """Workers of a cluster; those that are lost are replaced by the cluster, not by us.

    Parameters
    ----------
    function : callable
        Called with each item on a worker; sent by its name, so the workers need the same napari-tbcad.
    address : str
        The scheduler's, such as ``tcp://host:8786`` or ``tls://host:8786``.
    shared : Path, optional
        A folder that must be the same one on this machine and on the workers.
    patience : float, optional
        Seconds that a cluster may be without any worker.

    Raises
    ------
    BadInput
        If Dask is not installed or the scheduler does not answer; later also if it is lost, a worker's
        napari-tbcad is another version, or a worker does not see `shared`.
    """

    def __init__(
        self,
        function: Callable[[Any], Any],
        address: str,
        *,
        shared: Path | None = None,
        patience: float = _PATIENCE_SECONDS,
    ) -> None:
        self._address, self._patience = address, patience
        self._client = connected(address)
        self._sign = shared and shared.absolute() / f".seen-by-workers-{uuid.uuid4().hex}"
        self._function = _Checked(function, napari_tbcad.__version__, self._sign)
        self._at: dict[Any, int] = {}
        self._finished: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._threads = 0
        self._looked = self._manned = time.monotonic()
        try:
            if self._sign is not None:
                self._sign.touch()
            self._look()
        except BaseException:
            self.close()
            raise

    @property
    def at_once(self) -> int:
        """Return the number of threads of all workers."""
        return self._threads

    @property
    def room(self) -> int:
        """Return how many items may be on their way."""
        return max(_LEAST_UNDERWAY, _UNDERWAY_PER_THREAD * self._threads)

    def give(self, number: int, item: Any) -> None:
        """Send an item to the scheduler."""
        with self._lost():
            errand = cloudpickle.dumps(_Errand(self._function, item))
            future = self._client.submit(pickle.loads, errand, pure=False)
            self._at[future] = number
            future.add_done_callback(self._finished.put)

    def drop(self, numbers: Collection[int]) -> None:
        """Take back items that no worker has begun."""
        futures = [future for future, number in self._at.items() if number in numbers]
        for future in futures:
            del self._at[future]
        with self._lost():
            self._client.cancel(futures, force=True)

    def done(self, seconds: float) -> Sequence[tuple[int, Any]]:
        """Return what is done; an exception of the function is raised here."""
        if time.monotonic() - self._looked > _LOOK_SECONDS:
            self._look()
        finished: list[Any] = []
        with contextlib.suppress(queue.Empty):
            finished.append(self._finished.get(timeout=seconds))
            while True:
                finished.append(self._finished.get_nowait())
        return [(self._at.pop(future), self._outcome(future)) for future in finished if future in self._at]

    def close(self) -> None:
        """Take back what no worker has begun and leave the cluster as it was."""
        with contextlib.suppress(Exception):  # whatever is wrong with the cluster, we are leaving
            if self._at and self._client.status == "running":
                self._client.cancel(list(self._at), force=True)
        self._at.clear()
        with contextlib.suppress(Exception):
            self._client.close(timeout=CONNECT_SECONDS)
        if self._sign is not None:
            with contextlib.suppress(OSError):
                self._sign.unlink()

    def _outcome(self, future: Any) -> Any:
        from distributed import KilledWorker

        with self._lost():
            try:
                return future.result()
            except KilledWorker as error:
                times, worker = error.allowed_failures + 1, error.last_worker
                last = getattr(worker, "address", worker)
                return Died(f"the worker that had it was lost {times} times; the last was {last}")
            except (ImportError, AttributeError) as error:
                raise BadInput(
                    SOURCE,
                    f"a worker lacks something ({error}): install napari-tbcad {napari_tbcad.__version__} "
                    "and the same Python packages on all machines",
                ) from error

    @contextlib.contextmanager
    def _lost(self) -> Iterator[None]:
        """Say in one way that the scheduler is gone, of which Dask has many."""
        from distributed import CancelledError
        from distributed.comm.core import CommClosedError

        try:
            yield
        except BadInput:
            raise
        except (CancelledError, CommClosedError) as error:
            raise self._gone() from error
        except Exception as error:
            if self._client.status == "running":
                raise
            raise self._gone() from error

    def _gone(self) -> BadInput:
        return BadInput(
            SOURCE,
            f"the Dask scheduler at {self._address} stopped answering; what is done is kept: "
            "start the scheduler again and repeat the command to go on",
        )

    def _look(self) -> None:
        """See how many workers there are."""
        with self._lost():
            self._threads = sum(self._client.nthreads().values())
        self._looked = time.monotonic()
        if self._threads:
            self._manned = self._looked
        elif self._looked - self._manned > self._patience:
            raise BadInput(
                SOURCE,
                f"the Dask scheduler at {self._address} has had no worker for {self._patience:.0f} s; "
                "what is done is kept: start workers and repeat the command to go on",
            )


@dataclass(frozen=True)
class _Errand:
    """A call that is made when it is unpickled, and then has its outcome's place.

    A worker of Dask that cannot unpickle a task, since it lacks the package, closes down for good; with this
    it is the task that fails.
    """

    function: Callable[[Any], Any]
    item: Any

    def __reduce__(self) -> tuple[Callable[[Any], Any], tuple[Any]]:
        return self.function, (self.item,)


@dataclass(frozen=True)
class _Checked:
    """A function that works only where the program and the files are those of the machine that sent it.

    Workers come and go in a run, so each is asked at its first item, not all of them at the start.
    """

    function: Callable[[Any], Any]
    version: str
    sign: Path | None

    def __call__(self, item: Any) -> Any:
        if napari_tbcad.__version__ != self.version:
            raise BadInput(
                SOURCE,
                f"the worker on {platform.node()} has napari-tbcad {napari_tbcad.__version__}, this machine "
                f"{self.version}: install the same version everywhere",
            )
        if self.sign is not None:
            _require_seen(self.sign)
        return self.function(item)


@lru_cache(maxsize=8)
def _require_seen(sign: Path) -> None:
    """Raise BadInput unless a file of the shared folder comes into sight soon: network folders are late."""
    end = time.monotonic() + _SIGHT_SECONDS
    while not sign.exists():
        if time.monotonic() > end:
            raise BadInput(
                SOURCE,
                f"the worker on {platform.node()} does not see {sign.parent} of this machine: inputs and "
                "results must lie in a folder that all machines share under the same path",
            )
        time.sleep(0.2)
