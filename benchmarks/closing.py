"""How long a film with its masks takes to close, with and without napari's search for garbage at each layer.

    xvfb-run -a -s "-screen 0 1280x1024x24" .venv/bin/python benchmarks/closing.py [--films 10]

A window with both large panels. Sample films are opened, run and closed, first as this project does
(widgets/collecting.py), then with each search that napari asks for. Processor time of the window's
thread, ms: median, and the longest, which without searching is every fifth one.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext
from itertools import cycle, islice
from typing import Any


def until(there: Callable[[], Any], seconds: float = 120.0) -> None:
    """Let the window live until something is there."""
    from qtpy.QtWidgets import QApplication

    end = time.monotonic() + seconds
    while not there():
        if time.monotonic() > end:
            raise SystemExit(f"not there after {seconds:.0f} s")
        QApplication.processEvents()
        time.sleep(0.01)


def measure(films: int) -> dict[str, list[float]]:
    """Return the times (ms) of closing by what was done about searches."""
    import napari

    from napari_tbcad.simulate.samples import sample_names, sample_path
    from napari_tbcad.widgets.chest import bench as module

    viewer = napari.Viewer()
    for name in ("Chest X-ray", "Bone scan"):
        viewer.window.add_plugin_dock_widget("napari-tbcad", name)
    bench, without = module.bench_of(viewer), module.without_searching
    times: dict[str, list[float]] = {"left for later": [], "at each layer": []}
    for what in times:
        module.without_searching = without if what == "left for later" else nullcontext
        for name in islice(cycle(sample_names()), films):
            bench.open_film(sample_path(name))
            until(lambda: bench.session is not None and bench.session.run is not None)
            bench.session.run_all()
            until(lambda: bench.session.value("result") is not None and not bench.session.masks.waiting)
            began = time.thread_time()
            bench.close_film()
            times[what].append((time.thread_time() - began) * 1e3)
    return times


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=10)
    times = measure(parser.parse_args().films)
    print("| searches | median | longest |\n|---|---|---|")
    for what, found in times.items():
        print(f"| {what} | {statistics.median(found):.0f} ms | {max(found):.0f} ms |")
    os._exit(0)  # software OpenGL may crash on the way out


if __name__ == "__main__":
    main()
