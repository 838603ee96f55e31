"""What a panel's work leaves behind, round by round, and how long the searches for it hold the window up.

    QT_QPA_PLATFORM=offscreen .venv/bin/python benchmarks/garbage.py [--rounds 41]

In each round something like a table is made (6000 lists, all alive) and a ring that only Python's collector
frees, of 40 MB (the C library gives such a piece back at once). Three ways: "plain", on the main thread
without anything of this project; "young", on a worker (widgets/work.py), where the ring is dead before the
work ends; "late", where table and ring live until the next round. Each in a process of its own. Nobody calls
gc.collect().

memory     resident set (MB) after the first round, in the middle and at the end, and after a gc.collect()
searches   of the main thread: how many, the longest (ms of processor time), and their share of the run
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import threading
import time
from typing import Any

import numpy as np

RING_BYTES, LISTS, WORK_S = 40_000_000, 6000, 0.12


class Ring:
    """Frees what it holds only when it is searched for."""

    def __init__(self) -> None:
        self.self, self.held = self, np.ones(RING_BYTES, np.uint8)


def work(*, late: bool) -> list[Any]:
    """Return a table; a ring is in it, or dead already."""
    ring = Ring()
    table: list[Any] = [[number] for number in range(LISTS)]
    time.sleep(WORK_S)
    return [*table, ring] if late else table


class Searches:
    """How long each search of the main thread takes."""

    def __init__(self) -> None:
        self.taken: list[float] = []
        self._began = 0.0
        gc.callbacks.append(self._note)

    def _note(self, phase: str, info: dict[str, int]) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        if phase == "start":
            self._began = time.thread_time()
        else:
            self.taken.append(1000 * (time.thread_time() - self._began))


def resident() -> float:
    """Return the resident set (MB)."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def one_round(way: str, app: Any) -> list[Any]:
    """Return what the work of a round gives."""
    if way == "plain":
        return work(late=False)
    from qtpy.QtCore import QObject

    from napari_tbcad.widgets.work import start_call

    class Ear(QObject):
        got: list[Any] | None = None

        def take(self, got: list[Any]) -> None:
            self.got = got

        def fail(self, error: Exception) -> None:
            raise error

    ear = Ear()
    start_call(lambda: work(late=way == "late"), on_result=ear.take, on_error=ear.fail)
    while ear.got is None or not gc.isenabled():
        app.processEvents()
        time.sleep(0.002)
    return ear.got


def measured(way: str, rounds: int) -> dict[str, Any]:
    """Return what the rounds measure in this process."""
    from qtpy.QtCore import QCoreApplication

    app, began = QCoreApplication([]), time.monotonic()
    import napari_tbcad.widgets.work  # noqa: F401

    searches, memory = Searches(), []
    for _ in range(rounds):
        kept = one_round(way, app)
        memory.append(resident())
    taken, length = list(searches.taken), time.monotonic() - began
    del kept
    gc.collect()
    return {
        "memory": [memory[0], memory[rounds // 2], memory[-1], resident()],
        "searches": len(taken),
        "longest": max(taken, default=0.0),
        "share": sum(taken) / 1000 / length,
    }


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=41)
    parser.add_argument("--one", choices=("plain", "young", "late"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measured(options.one, options.rounds)), flush=True)
        os._exit(0)
    print("| garbage | memory (MB): first · middle · last · searched | searches · longest (ms) · share |")
    print("|---|---|---|")
    for way in ("plain", "young", "late"):
        command = [sys.executable, __file__, "--one", way, "--rounds", str(options.rounds)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode:
            raise SystemExit(done.stderr)
        found = json.loads(done.stdout.splitlines()[-1])
        memory = " · ".join(f"{one:.0f}" for one in found["memory"])
        times = f"{found['searches']} · {found['longest']:.0f} · {found['share']:.1%}"
        print(f"| {way} | {memory} | {times} |", flush=True)


if __name__ == "__main__":
    main()
