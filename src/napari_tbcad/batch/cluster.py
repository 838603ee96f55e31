"""The workers of a Dask cluster that runs already, by its scheduler's address."""

from __future__ import annotations

import contextlib
import os
import pkgutil
import queue
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import napari_tbcad
from napari_tbcad.batch.crew import Crew, Died
from napari_tbcad.errors import BadInput

# Items on their way at the same time: enough that no worker waits and that an adaptive cluster sees a reason
# to grow, few enough that neither the scheduler nor this process holds more for a longer run.
_LEAST_UNDERWAY = 64
_UNDERWAY_PER_THREAD = 4
_LOOK_SECONDS = 5.0
_CONNECT_SECONDS = 10
_PATIENCE_SECONDS = 120.0

SOURCE = "--scheduler"


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
        If Dask is not installed, the scheduler does not answer, a worker's napari-tbcad is another version,
        or `shared` is not seen by a worker.
    """

    retries: ClassVar[bool] = True

    def __init__(
        self,
        function: Callable[[Any], Any],
        address: str,
        *,
        shared: Path | None = None,
        patience: float = _PATIENCE_SECONDS,
    ) -> None:
        self._function, self._address, self._shared, self._patience = function, address, shared, patience
        self._client = _connected(address)
        self._at: dict[Any, int] = {}
        self._finished: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._known: set[str] = set()
        self._threads = 0
        self._looked = self._manned = time.monotonic()
        try:
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
            future = self._client.submit(self._function, item, pure=False)
            self._at[future] = number
            future.add_done_callback(self._finished.put)

    def done(self, seconds: float) -> Sequence[tuple[int, Any]]:
        """Return what is done; an exception of the function is raised here."""
        if time.monotonic() - self._looked > _LOOK_SECONDS:
            self._look()
        finished: list[Any] = []
        with contextlib.suppress(queue.Empty):
            finished.append(self._finished.get(timeout=seconds))
            while True:
                finished.append(self._finished.get_nowait())
        return [(self._at.pop(future), self._outcome(future)) for future in finished]

    def close(self) -> None:
        """Take back what no worker has begun and leave the cluster as it was."""
        with contextlib.suppress(Exception):  # whatever is wrong with the cluster, we are leaving
            if self._at and self._client.status == "running":
                self._client.cancel(list(self._at), force=True)
        self._at.clear()
        with contextlib.suppress(Exception):
            self._client.close(timeout=_CONNECT_SECONDS)

    def _outcome(self, future: Any) -> Any:
        from distributed import KilledWorker

        with self._lost():
            try:
                return future.result()
            except KilledWorker as error:
                times = error.allowed_failures + 1
                return Died(f"the worker that had it was lost {times} times; the last was {_name(error)}")
            except (ImportError, AttributeError) as error:
                self._look()  # says so where a worker that came later has another version or none
                raise error

    @contextlib.contextmanager
    def _lost(self) -> Any:
        from distributed import CancelledError
        from distributed.comm.core import CommClosedError

        try:
            yield
        except (CancelledError, CommClosedError, TimeoutError) as error:
            raise self._gone() from error
        except RuntimeError as error:
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
        """See which workers there are; new ones are asked for their version and for the shared folder."""
        with self._lost():
            threads: dict[str, int] = self._client.nthreads()
            new = sorted(set(threads) - self._known)
            if new:
                _require_version(self._client, new)
                if self._shared is not None:
                    _require_shared(self._client, new, self._shared)
        self._known = set(threads)
        self._threads = sum(threads.values())
        self._looked = time.monotonic()
        if threads:
            self._manned = self._looked
        elif self._looked - self._manned > self._patience:
            raise BadInput(
                SOURCE,
                f"the Dask scheduler at {self._address} has had no worker for {self._patience:.0f} s; "
                "what is done is kept: start workers and repeat the command to go on",
            )


def _connected(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise BadInput(SOURCE, "Dask is not installed: pip install 'napari-tbcad[dask]'") from error
    try:
        return Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise BadInput(SOURCE, f"no Dask scheduler answers at {address} ({error})") from error


def _require_version(client: Any, workers: Sequence[str]) -> None:
    ours = napari_tbcad.__version__
    # A function of the standard library, so that a worker without the package can run it too.
    told = client.run(pkgutil.resolve_name, "napari_tbcad:__version__", workers=workers, on_error="return")
    other = {worker: version for worker, version in told.items() if version != ours}
    if not other:
        return
    worker, version = next(iter(other.items()))
    has = f"has {version}" if isinstance(version, str) else f"cannot import it ({version})"
    raise BadInput(
        SOURCE,
        f"{len(other)} of {len(told)} workers lack the napari-tbcad {ours} of this machine: "
        f"{worker} {has}; install the same version everywhere",
    )


def _require_shared(client: Any, workers: Sequence[str], folder: Path) -> None:
    probe = folder / f".seen-by-workers-{uuid.uuid4().hex}"
    probe.touch()
    try:
        told = client.run(os.path.exists, str(probe.absolute()), workers=workers, on_error="return")
    finally:
        probe.unlink(missing_ok=True)
    blind = [worker for worker, seen in told.items() if seen is not True]
    if blind:
        raise BadInput(
            SOURCE,
            f"{len(blind)} of {len(told)} workers do not see {folder.absolute()}, such as {_first(blind)}: "
            "inputs and results must lie in a folder that has the same path on every machine",
        )


def _first(names: Iterable[str]) -> str:
    return next(iter(names))


def _name(error: Any) -> str:
    worker = error.last_worker
    return str(getattr(worker, "address", worker))
