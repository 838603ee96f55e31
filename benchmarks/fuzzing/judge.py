"""One file given to its readers in a process that may be lost: what came of it, and what it tried to do."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fuzzing.readers import PROBE
from fuzzing.targets import Target

MAX_CPU_SECONDS = 10
"""A reader that computes longer on a small file hangs."""
MAX_MEMORY = 2 * 2**30
"""More than that on top of what the program has anyway is a finding; half a GiB more cannot be had."""
LONGEST_MESSAGE = 1000

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {
    "os.remove",
    "os.rename",
    "os.mkdir",
    "os.rmdir",
    "os.symlink",
    "os.link",
    "os.truncate",
    "os.chmod",
}
_NEVER = {
    *("pickle.find_class", "socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system"),
    *("os.exec", "os.posix_spawn", "os.startfile", "urllib.Request", "ctypes.dlopen.outside"),
}


@dataclass
class Judged:
    """What came of one file.

    Parameters
    ----------
    kind : str
        ``"read"``, ``"refused"``, or what is wrong.
    what : str
        By what the same finding, or the same refusal, is known again.
    seconds : float
        CPU time of all its readers.
    mebibytes : float
        Largest memory in use above that before.
    detail : str
        Of a finding: where.
    """

    kind: str
    what: str
    seconds: float = 0.0
    mebibytes: float = 0.0
    detail: str = ""


class Watch:
    """Notes what the process does to files, other processes and the network; cannot be taken off again.

    Parameters
    ----------
    allowed : Path
        The folder of the file that is read; what lies in the installed program may be read, too.
    strict : bool, optional
        False for files whose purpose is to name others, which may then be read.
    """

    def __init__(self, allowed: Path, *, strict: bool = True) -> None:
        self.strict = strict
        self.seen: list[str] = []
        self.on = False
        roots = {
            sys.prefix,
            sys.base_prefix,
            str(Path(__file__).resolve().parents[2]),
            "/proc",
            "/sys",
            "/dev",
            "/usr/lib",
        }
        roots |= {"/usr/share", "/etc/ssl", "/etc/localtime", "/etc/mime.types"}
        self._read = (*map(os.path.realpath, roots), str(allowed))
        sys.dont_write_bytecode = True  # a library that a reader imports would be seen as it is kept compiled
        sys.addaudithook(self._event)

    def _event(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event == "open" and isinstance(args[0], str | bytes | os.PathLike):
            path = os.path.realpath(os.fsdecode(args[0]))
            if args[2] & _WRITES and path != os.devnull:
                self.seen.append(f"opened {path} for writing")
            elif self.strict and not path.startswith(self._read):
                self.seen.append(f"read {path}")
        elif event in _NEVER and threading.current_thread() is threading.main_thread():
            # Other threads are those that take results from processes of our own.
            self.seen.append(f"{event} {str(args[:2])[:80]}")
        elif event in _CHANGES:
            self.seen.append(f"{event} {str(args[:1])[:80]}")


def judge(target: Target, path: Path, watch: Watch) -> Judged:
    """Give a file to every reader of its kind."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    before, began = _memory("VmRSS"), time.process_time()
    resource.setrlimit(resource.RLIMIT_CPU, (int(began) + MAX_CPU_SECONDS + 1, resource.RLIM_INFINITY))
    results = []
    for read in target.read:
        watch.seen.clear()
        watch.on = True
        try:
            result = _one(read, path)
        finally:
            watch.on = False
        if watch.seen and result.kind in ("read", "refused"):
            result = Judged(
                "reached outside", f"{_name(read)}: {_plain(watch.seen[0])}", detail="; ".join(watch.seen[:5])
            )
        result.what = f"{_name(read)}: {result.what}"
        results.append(result)
    worst = next((r for r in results if r.kind not in ("read", "refused")), None)
    if worst is None:
        kinds = {r.kind for r in results if not r.detail}
        worst = Judged("read" if "read" in kinds else "refused", " | ".join(r.what for r in results))
    worst.seconds, worst.mebibytes = time.process_time() - began, max(0.0, _memory("VmHWM") - before)
    if worst.kind in ("read", "refused") and worst.mebibytes > MAX_MEMORY / 2**20:
        worst.kind, worst.detail = "memory", f"{worst.mebibytes:.0f} MiB"
    return worst


def _one(read: Any, path: Path) -> Judged:
    from napari_tbcad.errors import BadInput

    try:
        if read(path) == PROBE:
            return Judged("read", "looked at", detail=PROBE)
    except BadInput as error:
        if any(isinstance(one, MemoryError) for one in _chain(error)):
            return Judged("memory", _where(error), detail=_trace(error))
        text = str(error)
        if len(text) > LONGEST_MESSAGE:
            return Judged(
                "long message", f"{len(text) // 1000} thousand letters", detail=_trace(error)[:3000]
            )
        # A table's own line is told to who opens it; what a header says of a patient is not.
        if "Planted" in text and path.suffix == ".dcm":
            return Judged("identifier told", _plain(text), detail=text)
        if not error.source or not error.cause:
            return Judged("no cause", _where(error), detail=_trace(error))
        return Judged("refused", _plain(error.cause))
    except MemoryError as error:
        return Judged("memory", _where(error), detail=_trace(error))
    except AssertionError as error:
        return Judged("wrong result", _plain(str(error)) or _where(error), detail=_trace(error))
    except Exception as error:  # the very thing that is looked for
        return Judged(type(error).__name__, _where(error), detail=_trace(error))
    return Judged("read", "")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "napari_tbcad" in frame.filename]
    last = (ours or frames)[-1]
    return f"{Path(last.filename).name}:{last.name} ({type(error).__name__})"


def _trace(error: BaseException) -> str:
    text = "".join(traceback.format_exception(error))
    return text if len(text) < 6000 else text[:2000] + "\n…\n" + text[-4000:]


def _plain(text: str) -> str:
    """Return a message without what differs from file to file."""
    text = re.sub(r"'[^']*'|\"[^\"]*\"|0x[0-9a-f]+|\d+", "#", text)
    return re.sub(r"/[\w./~-]+", "/…", text)[:120]


def _name(read: Any) -> str:
    return read.__name__.replace("_", " ")


def _memory(field: str) -> float:
    """Return VmRSS or VmHWM in MiB."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith(field))
