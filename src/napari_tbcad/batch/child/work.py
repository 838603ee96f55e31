"""A process that does what its folder says, and ends with one last word, whatever happens."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, Protocol

from napari_tbcad.batch.child.channel import Channel, opened, step_back
from napari_tbcad.batch.child.files import ENDED, LIBRARIES, now, write_json
from napari_tbcad.batch.child.lock import claimed
from napari_tbcad.errors import BadInput, Cancelled

DONE, FAILED, STOPPED = 0, 1, 3
"""Exit status."""


class Work(Protocol):
    """What is done in the process."""

    @property
    def doing(self) -> str:
        """The step that is being done."""

    @property
    def job(self) -> Mapping[str, Any]:
        """What the folder says; its ``do`` lists the steps."""

    def run(self) -> Mapping[str, Any]:
        """Do it; return what is told beside ``done``."""


def folder_of(arguments: Sequence[str] | None, *, program: str) -> tuple[Path, bool]:
    """Return the folder that a command line names, and whether nobody is at standard input."""
    parser = argparse.ArgumentParser(prog=program, description="Does what FOLDER/job.json says.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--alone", action="store_true", help="Go on when standard input ends.")
    given = parser.parse_args(arguments)
    folder = given.folder.absolute()
    if not folder.is_dir():
        parser.error(f"there is no folder {folder}")
    return folder, given.alone


def in_child(arguments: Sequence[str] | None, work: Callable[[Path, Channel], int], *, program: str) -> int:
    """Work in the folder that a command line names, at low priority and with a channel to the window.

    Returns
    -------
    int
        Exit status: 0 done, 1 failed, 3 stopped; 2 where there is no such folder.
    """
    folder, alone = folder_of(arguments, program=program)
    step_back()
    with opened(folder / LIBRARIES, alone=alone) as channel:
        return work(folder, channel)


def carry_out(
    folder: Path,
    channel: Channel,
    make: Callable[[], Work],
    *,
    what: str,
    read: Callable[[Path], object],
    no_space: str,
) -> int:
    """Do what a folder says, with the folder to oneself; a second process changes nothing in it.

    Parameters
    ----------
    folder : Path
    channel : Channel
        Told what happens; says when to stop.
    make : callable
        Returns the work.
    what : str
        What the folder holds, such as ``"training"``.
    read : callable
        Raises BadInput where the folder holds nothing of the kind: then nothing in it is changed.
    no_space : str
        Said when memory ran out.

    Returns
    -------
    int
        Exit status.
    """
    try:
        read(folder)
        with claimed(folder, what=what):
            (folder / ENDED).unlink(missing_ok=True)
            return _done(folder, channel, make(), what, no_space)
    except (BadInput, OSError) as error:
        channel.tell(failure(error, "", about=what, no_space=no_space))
        return FAILED


def leave(status: int) -> NoReturn:
    """End the process at once: taking torch down in order takes seconds, for which a window would wait."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(status)


def failure(error: BaseException, step: str, *, about: str, no_space: str) -> dict[str, Any]:
    """Return what is told of an error: which file or thing, what is wrong with it, in which step."""
    source, cause = about, str(error) or type(error).__name__
    if isinstance(error, BadInput):
        source, cause = error.source, error.cause
    elif isinstance(error, MemoryError) or "out of memory" in cause.lower():
        cause = no_space
    elif isinstance(error, OSError):
        source, cause = str(error.filename or about), error.strerror or cause
    else:
        cause = f"{cause.splitlines()[0]} (more in {LIBRARIES})"
    return {"event": "failed", "source": source, "cause": cause, "kind": type(error).__name__, "what": step}


def _done(folder: Path, channel: Channel, work: Work, about: str, no_space: str) -> int:
    try:
        channel.tell({"event": "working", "pid": os.getpid(), "do": work.job["do"]})
        more = work.run()
    except Cancelled:
        if not channel.gone:  # who is gone stopped nothing: it was interrupted
            _end(folder, {"how": "stopped", "what": work.doing})
        channel.tell({"event": "stopped", "what": work.doing})
        return STOPPED
    except Exception as error:
        # Whatever it is, the window must hear of it; the whole story is in job.log.
        with contextlib.suppress(OSError):  # on a full disk the log has no room either
            traceback.print_exc()
        failed = failure(error, work.doing, about=about, no_space=no_space)
        _end(folder, {"how": "failed", **{k: v for k, v in failed.items() if k != "event"}})
        channel.tell(failed)
        return FAILED
    _end(folder, {"how": "done", "what": work.doing})
    channel.tell({"event": "done", **more})
    return DONE


def _end(folder: Path, ended: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # a full disk: then it counts as interrupted
        write_json(folder / ENDED, ended | {"when": now()})
