"""Each panel opened for the first time in a fresh process: does the window stand still meanwhile.

    xvfb-run -a -s "-screen 0 1280x1024x24" .venv/bin/python benchmarks/opening.py
        [--panel "Chest X-ray" …] [--repeats 3] [--rest 4] [--torch]

A window of napari, a panel from its menu, and some seconds' rest, while a model is read. Twice: "at once",
with the panel's code imported in one go, as a class named in the manifest is, and "beside", as the panels of
this project are (widgets/importing.py). All times are in ms, the median of the repeats.

longest entry    of this project's code on the window's thread (soak_watch.HeldUp): processor time, and held
                 (the clock, without waiting for a processor that other programs had)
import           processor time of the window's thread while the code is imported
shown            the panel is docked, napari's part included: processor time of the window's thread, the clock
beats            how often a timer of 10 ms fired while the code was imported, and the longest pause, without
                 waiting for a processor that other programs had
modules          imported on the window's thread until the panel is docked, and in all

--torch prints instead how long a worker that imports torch keeps another thread from running, at the most,
with and without torch's libraries being loaded first (networks/libraries.py).
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

BEAT_MS = 10


def had() -> float:
    """Return seconds of the clock, less those that this thread waited for a processor."""
    waited = Path("/proc/self/schedstat").read_text(encoding="ascii").split()[1]
    return time.perf_counter() - int(waited) / 1e9


class Finders:
    """Who imports what: put first among the finders, it is asked for each module, and finds none."""

    def __init__(self) -> None:
        self.here: list[str] = []
        self.all: list[str] = []

    def find_spec(self, name: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        """Note who asks."""
        self.all.append(name)
        if threading.current_thread() is threading.main_thread():
            self.here.append(name)
        return None


def opened(panel: str, *, at_once: bool, rest: float) -> dict[str, Any]:
    """Open a panel in this process and return what was measured."""
    import napari
    from qtpy.QtCore import QTimer

    from soak_errands import wait
    from soak_watch import HeldUp, Slot

    viewer = napari.Viewer()
    viewer.window.resize(1280, 800)
    wait(1.5)
    importing = Importing(at_once)
    finders, held = Finders(), HeldUp(noted_ms=0.0)
    beats: list[float] = []
    timer = QTimer()
    timer.setInterval(BEAT_MS)
    timer.timeout.connect(lambda: beats.append(had()))
    timer.start()
    wait(0.2)
    sys.meta_path.insert(0, finders)
    with held.watch():
        began, clock = time.thread_time(), time.perf_counter()
        viewer.window.add_plugin_dock_widget("napari-tbcad", panel)
        shown, wall = 1000 * (time.thread_time() - began), 1000 * (time.perf_counter() - clock)
        here, everything = len(finders.here), len(finders.all)
        wait(rest)
    timer.stop()
    first, last, spent = importing.span
    during = [at for at in beats if first < at < last]
    pauses = [b - a for a, b in zip([first, *during], [*during, last], strict=True)]
    slots = held.slots or [Slot("none")]
    longest = max(slots, key=lambda slot: slot.processor)
    stood = max(slots, key=lambda slot: slot.held)
    return {
        "processor": longest.processor,
        "who": longest.name,
        "held": stood.held,
        "who_held": stood.name,
        "import": 1000 * spent,
        "shown": shown,
        "wall": wall,
        "beats": len(during),
        "pause": 1000 * max(pauses),
        "here": here,
        "modules": everything,
    }


class Importing:
    """Notes when a panel's code was imported; `at_once` has it imported in one go."""

    def __init__(self, at_once: bool) -> None:
        from napari_tbcad.widgets import contributed

        self.span = (0.0, 0.0, 0.0)
        self._import, self._at_once = contributed.import_alive, at_once
        contributed.import_alive = self._noted  # type: ignore[assignment]

    def _noted(self, *names: str, **more: Any) -> None:
        began, processor = had(), time.thread_time()
        if self._at_once:
            for name in names[:1]:
                import_module(name)
        else:
            self._import(*names, **more)
        self.span = began, had(), time.thread_time() - processor


def kept_by_torch(*, ahead: bool) -> float:
    """Return the longest time (ms) that this thread did not run while another imported torch."""
    from napari_tbcad.networks.libraries import load_ahead

    over = threading.Event()

    def work() -> None:
        if ahead:
            load_ahead()
        import_module("torch")
        over.set()

    gc.disable()  # as while any worker works (widgets/collecting.py)
    threading.Thread(target=work).start()
    longest = 0.0
    while not over.is_set():
        before = had()
        time.sleep(0.001)
        longest = max(longest, 1000 * (had() - before))
    return longest


def measured(panel: str, *, at_once: bool, rest: float) -> dict[str, Any]:
    """Return what one fresh process measures."""
    command = ["--one", panel, "--rest", str(rest), *(["--at-once"] if at_once else [])]
    return answer(command)


def answer(options: list[str]) -> dict[str, Any]:
    """Return what a fresh process prints."""
    command = [sys.executable, __file__, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        raise SystemExit(done.stderr)
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def panels() -> list[str]:
    """Return the names of this project's panels, one of the five steps of the chest panel among them."""
    from npe2 import PluginManifest

    import napari_tbcad

    manifest = PluginManifest.from_file(Path(napari_tbcad.__file__).parent / "napari.yaml")
    names = [widget.display_name for widget in manifest.contributions.widgets or []]
    return [name for name in names if not name.startswith("Chest ") or name in (names[0], "Chest worklist")]


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--panel", nargs="*", default=[])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--rest", type=float, default=4.0, help="seconds after the panel is shown")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--at-once", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--torch", action="store_true")
    parser.add_argument("--torch-in-one", choices=("at once", "ahead"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.torch_in_one:
        print(json.dumps({"kept": kept_by_torch(ahead=options.torch_in_one == "ahead")}), flush=True)
        return
    if options.torch:
        for how in ("at once", "ahead"):
            runs = [answer(["--torch-in-one", how])["kept"] for _ in range(options.repeats)]
            print(f"import torch, libraries {how}: no other thread ran for {statistics.median(runs):.0f} ms")
        return
    if options.one:
        print(json.dumps(opened(options.one, at_once=options.at_once, rest=options.rest)), flush=True)
        return
    print("| panel | | longest entry: processor · held | import | shown | beats · longest pause | modules |")
    print("|---|---|---|---|---|---|---|")
    for panel in options.panel or panels():
        for at_once in (True, False):
            runs = [measured(panel, at_once=at_once, rest=options.rest) for _ in range(options.repeats)]
            of = {
                name: statistics.median(run[name] for run in runs)
                for name, value in runs[0].items()
                if not isinstance(value, str)
            }
            print(
                f"| {panel} | {'at once' if at_once else 'beside'} "
                f"| {of['processor']:.0f} ({runs[0]['who']}) · {of['held']:.0f} ({runs[0]['who_held']}) "
                f"| {of['import']:.0f} | {of['shown']:.0f} · {of['wall']:.0f} "
                f"| {of['beats']:.0f} · {of['pause']:.0f} "
                f"| {of['here']:.0f} of {of['modules']:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
