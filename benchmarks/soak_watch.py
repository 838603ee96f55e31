"""What is watched while a window is used for hours: who holds it up, what grows, what goes wrong."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

import psutil
from qtpy.QtWidgets import QApplication

BEAT_S = 0.01
"""Seconds between two looks at what the GUI thread does."""
NOTED_MS = 50.0
_LIVES = ("napari_tbcad.widgets.importing", {"live_in", "wait"})
"""Module and functions whose event loop lets the window live while an entry waits."""
_TOLD = ("napari_tbcad.widgets.collecting", {"follow"})
"""Who is told by Python of each search for garbage: the search is that of who asked for it."""


@dataclass
class Slot:
    """One entry of this project's code on the GUI thread (ms).

    Parameters
    ----------
    name : str
        The function that the event loop, napari or the script called.
    during : str
        What the person did.
    held : float
        How long it held the window up by itself: without napari and vispy, without waiting for a processor
        that other programs had.
    processor : float
        Processor time of that.
    wall : float
        The clock.
    where : collections.Counter
        Lines that were at work, and how often they were met.
    """

    name: str
    during: str = ""
    held: float = 0.0
    processor: float = 0.0
    wall: float = 0.0
    where: Counter[str] = field(default_factory=Counter)


class HeldUp:
    """Looks a hundred times a second at the stack of the GUI thread: a profiler would slow every call.

    An interval timer sends a signal, which Python answers on the main thread between two instructions; what
    takes longer in one instruction is seen at its end, with the time it took. Of the time between two looks
    that meet the same entry, what `/proc/self/schedstat` says was spent waiting for a processor is not
    counted. The first look at an entry counts its processor time only. Slots are right to about 10 ms.

    While this project's code is imported beside the window (widgets/importing.py), the window lives in an
    event loop inside the entry that waits: what that loop calls are entries of their own, its rest nobody's.
    """

    def __init__(self, noted_ms: float = NOTED_MS) -> None:
        self.during = ""
        self.slots: list[Slot] = []
        self.looks = 0
        self._noted_ms = noted_ms
        self._owners: dict[CodeType, int] = {}
        self._slot: Slot | None = None
        self._fd = os.open("/proc/self/schedstat", os.O_RDONLY)
        self._last = self._now()

    def _now(self) -> tuple[float, float, float]:
        waited = int(os.pread(self._fd, 64, 0).split()[1]) / 1e9
        return time.perf_counter(), time.thread_time(), waited

    def _owner(self, frame: FrameType) -> int:
        name = str(frame.f_globals.get("__name__", ""))
        module = name.split(".")
        ours = module[:2] == ["napari_tbcad", "widgets"]
        theirs = module[0] in ("napari", "vispy", "app_model", "psygnal")
        lives, told = (name == of and frame.f_code.co_name in those for of, those in (_LIVES, _TOLD))
        if told:
            return self._owners.setdefault(frame.f_code, 0)
        return self._owners.setdefault(frame.f_code, 3 if lives else 1 if ours else 2 if theirs else 0)

    def _look(self, _: int, frame: FrameType | None) -> None:
        now, last = self._now(), self._last
        self._last = now
        self.looks += 1
        entry: FrameType | None = None
        inner, line, walk = 0, "", frame
        while walk is not None:
            owner = self._owners.get(walk.f_code)
            if owner is None:
                owner = self._owner(walk)
            if owner == 3:
                break
            if owner:
                inner = inner or owner
                if owner == 1:
                    line = line or f"{walk.f_code.co_qualname}:{walk.f_lineno}"
                    entry = walk
            walk = walk.f_back
        # A mark in the frame, for keeping the frame itself would keep its painters and widgets alive.
        first = entry is None or entry.f_trace is not self._slot or self._slot is None
        if first:
            self._end()
            if entry is not None:
                self._slot = entry.f_trace = Slot(entry.f_code.co_qualname, self.during)  # type: ignore[assignment]
        if self._slot is None:
            return
        wall, processor, waited = (1000 * (b - a) for a, b in zip(last, now, strict=True))
        if first:
            wall, waited = min(wall, processor), 0.0
        self._slot.wall += wall
        if inner == 1:
            self._slot.held += max(wall - waited, 0.0)
            self._slot.processor += processor
            self._slot.where[line] += 1

    def _end(self) -> None:
        if self._slot is not None and self._slot.held > self._noted_ms:
            self.slots.append(self._slot)
        self._slot = None

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Look while inside."""
        before = signal.signal(signal.SIGALRM, self._look)
        signal.siginterrupt(signal.SIGALRM, False)
        self._last = self._now()
        signal.setitimer(signal.ITIMER_REAL, BEAT_S, BEAT_S)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
            self._end()


@dataclass(frozen=True)
class Vitals:
    """What is there at one moment, with nothing open.

    Parameters
    ----------
    minute : float
        Since the beginning.
    rss_before : float
        Resident set (MB) as it was found: with garbage that is still to be searched for, and what is free.
    rss, heap : float
        Resident set, and what of it is no file (MB), after a whole search and what is free was given back.
    widgets, layers, sessions, objects : int
        Of Qt; layers of napari that live; sessions of this project that live; what Python's collector knows.
    threads, handles, children : int
        Threads, open files, child processes.
    added : int
        Layers added so far.
    panels : int
        Panels that are docked; widgets are compared only where there are none.
    """

    minute: float
    rss_before: float
    rss: float
    heap: float
    widgets: int
    layers: int
    sessions: int
    objects: int
    threads: int
    handles: int
    children: int
    added: int
    panels: int

    @classmethod
    def now(cls, minute: float, added: int, panels: int = 0) -> Vitals:
        """Look."""
        from napari.layers import Layer

        from napari_tbcad.widgets.workflow.session import Session

        process = psutil.Process()
        before = process.memory_info().rss
        gc.collect()
        _give_back()
        memory = process.memory_info()
        things = _everything()
        layers = sum(1 for thing in things if issubclass(type(thing), Layer))
        sessions = sum(1 for thing in things if issubclass(type(thing), Session))
        return cls(
            minute=round(minute, 2),
            rss_before=round(before / 1e6, 1),
            rss=round(memory.rss / 1e6, 1),
            heap=round((memory.rss - memory.shared) / 1e6, 1),
            widgets=len(QApplication.allWidgets()),
            layers=layers,
            sessions=sessions,
            objects=len(things),
            threads=process.num_threads(),
            handles=process.num_fds(),
            children=len(process.children(recursive=True)),
            added=added,
            panels=panels,
        )


def _give_back() -> None:
    """Return free memory to the system: the C library keeps it, which is no leak."""
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):
        return


def kinds() -> Counter[str]:
    """Count what lives, by type."""
    gc.collect()
    return Counter(f"{type(thing).__module__}.{type(thing).__qualname__}" for thing in _everything())


def _everything() -> list[Any]:
    """Return all that Python's collector knows, what is spared from its own searches, too."""
    spared = gc.get_freeze_count() > 0
    gc.unfreeze()
    things = gc.get_objects()
    if spared:
        gc.freeze()
    return things


@contextmanager
def notified(tell: Callable[[str], None]) -> Iterator[None]:
    """Tell what napari shows a person as an error or a warning."""
    from napari.utils.notifications import NotificationSeverity, notification_manager

    def take(note: Any) -> None:
        if NotificationSeverity(note.severity) >= NotificationSeverity.WARNING:
            tell(f"{note.severity}: {note.message}")

    notification_manager.notification_ready.connect(take)
    try:
        yield
    finally:
        notification_manager.notification_ready.disconnect(take)


class ProgramsKept:
    """Has vispy delete programs of OpenGL only while no layer is there.

    Mesa 22.3's software OpenGL ends bare napari 0.9.2, too (a segmentation fault in glDrawArrays), when of
    two images one is removed and the other drawn again; it does not where the program that drew the removed
    one is kept until then. Nobody soaks two hours through that.
    """

    def __init__(self) -> None:
        from vispy.gloo import gl, glir

        waiting: dict[Any, list[int]] = {}
        create = glir.GlirProgram.create
        self._may: set[Any] = set()
        self._waiting = waiting

        def keep(program: Any) -> None:
            waiting.setdefault(program._parser, []).append(program.handle)

        def create_after(program: Any) -> None:
            # The context of this canvas is current only now, when the next thing is drawn in it.
            if program._parser in self._may:
                self._may.discard(program._parser)
                for handle in waiting.pop(program._parser, []):
                    gl.glDeleteProgram(handle)
            create(program)

        glir.GlirProgram.delete = keep
        glir.GlirProgram.create = create_after

    def all_closed(self) -> None:
        """Delete what waits before the next layer is drawn: no layer is there now."""
        self._may.update(self._waiting)
