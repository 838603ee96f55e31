"""Finding images where it takes a network: in a process of its own, so that the window never imports torch.

Called on a worker thread; there is no Qt in it.
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.batch.trainings.state import job_command, write_job
from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.widgets.training.data import Choice, Given

if TYPE_CHECKING:
    from napari_tbcad.batch.trainings.data import FoundData

_LOOKS_EVERY = 0.1
"""Seconds between looks at whether the person still wants it."""
_NO_WINDOW: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)


def takes_a_network(choice: Choice, given: Given) -> bool:
    """Tell whether a place has to be read by a network first.

    In BS-80K only boxes are drawn; the bone beside them comes from the packaged network of the regions.
    """
    from napari_tbcad.io.bs80k import is_bs80k

    bone = choice.goal.key in ("hotspots", "regions")
    return bone and given.kind == "folder" and any(is_bs80k(path) for path in given.paths)


def find_in_child(
    choice: Choice,
    given: Given,
    folder: Path,
    *,
    progress: Callable[[float, str], None],
    cancelled: Callable[[], bool],
    command: Sequence[str] | None = None,
) -> FoundData:
    """Find images as :func:`~napari_tbcad.batch.trainings.data.find_data` does, in another process.

    Parameters
    ----------
    choice : Choice
        What is to be learned.
    given : Given
        The place.
    folder : Path
        What is written down for it, and the process's own files.
    progress : callable
        Told the share done, and what is done.
    cancelled : callable
        Whether the process is to be ended.
    command : sequence of str, optional
        What is begun; the step ``find`` of :mod:`~napari_tbcad.batch.trainings.job` by default.

    Raises
    ------
    BadInput
        If there is nothing to learn from, or the process ended without a word.
    Cancelled
        If `cancelled` said so.
    """
    from napari_tbcad.batch.trainings.data import FoundData

    goal = choice.goal
    find = {
        "task": goal.key,
        "kind": given.kind,
        "paths": [str(path.expanduser().absolute()) for path in given.paths],
        "view": goal.view,
        "scheme": choice.scheme,
    }
    write_job(folder, None, ["find"], find=find)
    found: dict[str, Any] | None = None
    failed: dict[str, Any] = {"source": goal.key, "cause": "the search ended by itself"}
    with _child(command or job_command(folder), folder, cancelled) as events:
        for event in events:
            if event["event"] == "progress":
                progress(float(event.get("share") or 0.0), str(event.get("text", "")))
            elif event["event"] == "found":
                found = event
            elif event["event"] == "failed":
                failed = event
    if cancelled():
        raise Cancelled("the search for images was stopped")
    if found is None:
        raise BadInput(str(failed["source"]), str(failed["cause"]))
    return FoundData.from_json(found)


@contextmanager
def _child(
    command: Sequence[str], folder: Path, cancelled: Callable[[], bool]
) -> Iterator[Iterator[dict[str, Any]]]:
    """Yield what a process says; it ends with the block, and once nobody wants it."""
    try:
        process = subprocess.Popen(
            [*command],
            # While it is open somebody is there; it ends with the window, however that ends.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            encoding="utf-8",
            errors="replace",
            creationflags=_NO_WINDOW,
        )
    except OSError as error:
        raise BadInput(command[0], f"cannot be begun ({error.strerror or error})") from error
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_LOOKS_EVERY):
            if cancelled():
                process.kill()  # what it has made is looked for anew
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield _events(process)
    finally:
        over.set()
        watcher.join()
        with suppress(OSError):
            process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _events(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    for line in process.stdout:
        with suppress(ValueError):
            said = json.loads(line)
            if isinstance(said, dict) and "event" in said:
                yield said
