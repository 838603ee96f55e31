"""What the process of a training, evaluation or batch tells the window that began it, and hears from it."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from napari_tbcad.networks.listeners import Listeners
from napari_tbcad.threads import wait_asleep

PAUSE, GO_ON, STOP = "pause", "go on", "stop"
GRACE = 15.0
"""Seconds after the window's end after which the process ends also in the middle of a step."""
_NICE = 5
_LOOKS_EVERY = 2.0
_LONGEST_LOG = 2**20


class Channel:
    """Events out, wishes in.

    Parameters
    ----------
    out : int
        File descriptor that events are written to.
    """

    def __init__(self, out: int) -> None:
        self._out, self._lock = out, threading.Lock()
        self._stop, self._pause, self._gone = threading.Event(), threading.Event(), threading.Event()

    @property
    def gone(self) -> bool:
        """Whether nobody is there any more who began this."""
        return self._gone.is_set()

    def stopped(self) -> bool:
        """Tell whether the work is to end."""
        return self._stop.is_set()

    def paused(self) -> bool:
        """Tell whether the work is to wait."""
        return self._pause.is_set() and not self._stop.is_set()

    def held(self) -> bool:
        """Wait while a pause lasts, then tell whether the work is to end: for work that knows no pauses."""
        if self.paused():
            self.tell({"event": "paused"})
            while self.paused():
                time.sleep(0.1)
            if not self.stopped():
                self.tell({"event": "going_on"})
        return self.stopped()

    def listeners(self) -> Listeners:
        """Return what a training is given."""
        return Listeners(self.say, None, self.stopped, self.tell, self.paused)

    def say(self, text: str) -> None:
        """Tell a line."""
        self.tell({"event": "say", "text": text})

    def tell(self, event: Mapping[str, Any]) -> None:
        """Write an event as one line; where nobody listens any more, the work ends."""
        line = memoryview((json.dumps(event, ensure_ascii=False) + "\n").encode("utf-8", "replace"))
        with self._lock:
            try:
                while line:
                    line = line[os.write(self._out, line) :]
            except OSError:
                self.leave()

    def leave(self) -> None:
        """Take it that nobody is there any more: end after the step, and surely soon."""
        if not self._gone.is_set():
            self._gone.set()
            self._stop.set()
            threading.Thread(target=_end_after, args=(GRACE,), daemon=True).start()

    def hear(self, line: str) -> None:
        """Take a wish; what is not known is passed over."""
        wish = line.strip().lower()
        if wish == PAUSE:
            self._pause.set()
        elif wish == GO_ON:
            self._pause.clear()
        elif wish == STOP:
            self._stop.set()

    def listen(self, source: int) -> None:
        """Hear what comes in, on a thread, and watch over whoever began this."""
        threading.Thread(target=self._read, args=(source,), daemon=True).start()
        if hasattr(os, "getppid"):
            threading.Thread(target=self._watch, args=(os.getppid(),), daemon=True).start()

    def _read(self, source: int) -> None:
        # Not through sys.stdin: a thread that waits in it keeps the interpreter from ending.
        rest = b""
        while True:
            try:
                read = os.read(source, 4096)
            except OSError:
                read = b""
            if not read:
                return self.leave()
            *lines, rest = (rest + read).split(b"\n")
            for line in lines:
                self.hear(line.decode("utf-8", "replace"))

    def _watch(self, parent: int) -> None:
        # Another child of the same window may hold the other end of the pipe open.
        while os.getppid() == parent:
            time.sleep(_LOOKS_EVERY)
        self.leave()


def _end_after(seconds: float) -> None:
    time.sleep(seconds)
    os._exit(3)


@contextlib.contextmanager
def opened(log: Path, *, alone: bool) -> Iterator[Channel]:
    """Yield the channel of this process; all else that it would print goes to a file.

    Parameters
    ----------
    log : Path
        Where libraries write to; begun anew when it has become long.
    alone : bool
        Nobody is at the other end of standard input.
    """
    channel = Channel(os.dup(1))
    long = log.is_file() and log.stat().st_size > _LONGEST_LOG
    with log.open("w" if long else "a", encoding="utf-8", errors="replace") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace", line_buffering=True)  # type: ignore[union-attr]
    faulthandler.enable(file=2)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: channel.hear(STOP))
    if not alone:
        channel.listen(0)
    yield channel


def step_back() -> None:
    """Let everything else on the machine go first, the window above all; call it before torch is imported.

    All processors are used: what has precedence takes what it needs. But threads that wait for each other
    must sleep, not spin (:func:`~napari_tbcad.threads.wait_asleep`): four steps with two threads took more
    than 120 s instead of 66 s (two processors, load 12, 2026-11-22).
    """
    wait_asleep()
    if sys.platform == "win32":
        import ctypes

        below_normal = 0x4000
        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), below_normal)
        return
    with contextlib.suppress(OSError):
        os.nice(_NICE)
