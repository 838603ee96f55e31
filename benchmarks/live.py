"""The live answer in a real window: from a brush stroke to the new answer, and what holds the window up.

    xvfb-run -a -s "-screen 0 1280x800x24" .venv/bin/python benchmarks/live.py [--strokes 100]

Opens napari (1280 × 800) with a film of 1024 × 1024 (a phantom of this project, and real ones given with
--film), first bare, then with the Chest X-ray panel docked. Random strokes over the lungs' borders are
painted with mouse events sent to the canvas, at the pace of a hand; every time ends when the panel's bar
shows the probability of the mask as it now is. Milliseconds, p50 / p95 / greatest:

* bare: last mouse move → the frame that shows it, napari without the panel (the peer)
* frame: the same with the panel
* answer: mouse release → the panel shows the new answer; and last mouse move → the same
* open: the panel is docked · first result of a sample film, everything loaded once before ("warm")
* slots: in a second pass, all entries from the event loop into this project's code on the GUI thread, under
  Python's profiler (which slows them): inclusive, and without the time inside napari and vispy
"""

from __future__ import annotations

import argparse
import datetime
import os
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import napari
import numpy as np
from numpy.typing import NDArray

from hand import Hand, path_over_border, spin, take_brush, wait
from napari_tbcad.imaging.grid import resize_soft
from napari_tbcad.io.read import read_film
from napari_tbcad.simulate.samples import sample_path
from slots import Slots


@dataclass
class Times:
    """Named lists of milliseconds."""

    lists: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, name: str, seconds: float) -> None:
        """Keep one."""
        self.lists[name].append(1000 * seconds)

    def show(self) -> None:
        """Print p50, p95 and greatest of all."""
        for name, values in self.lists.items():
            p50, p95 = np.percentile(values, (50, 95))
            print(
                f"  {name:44s} {p50:7.1f} / {p95:7.1f} / {max(values):7.1f}   n = {len(values)}", flush=True
            )


def masks_of(viewer: Any) -> dict[str, Any]:
    """Return the panel's mask layers by kind."""
    found = {str(layer.metadata.get("napari-tbcad")): layer for layer in viewer.layers}
    return {kind: found[kind] for kind in ("insensitive", "sensitive")}


def bare(pixels: NDArray[np.float32], number: int, times: Times) -> None:
    """Time strokes in napari without the panel."""
    viewer = napari.Viewer()
    viewer.window.resize(1280, 760)
    viewer.add_image(pixels, name="film")
    y, x = np.mgrid[: pixels.shape[0], : pixels.shape[1]] / max(pixels.shape)
    labels = np.zeros(pixels.shape, np.uint8)
    labels[((x - 0.29) / 0.15) ** 2 + ((y - 0.48) / 0.34) ** 2 < 1] = 1
    labels[((x - 0.71) / 0.14) ** 2 + ((y - 0.47) / 0.33) ** 2 < 1] = 2
    layer = viewer.add_labels(labels, opacity=0.35)
    wait(1.0)
    hand, rng = Hand(viewer), np.random.default_rng(0)
    for _ in range(number):
        label, path = path_over_border(layer.data, rng)
        take_brush(viewer, layer, label)
        wait(0.1)
        time_frame(hand, layer, path, "bare: last move → frame", times)
        wait(0.15)
    viewer.close()
    wait(0.3)


def time_frame(hand: Hand, layer: Any, path: NDArray[np.float64], name: str, times: Times) -> None:
    """Time from a stroke's last mouse move to the first frame after it, which shows it."""
    moved, released = hand.stroke(layer, path)
    if spin(lambda: bool(hand.drawn) and hand.drawn[-1] > released, 1.0):
        times.add(name, next(when for when in hand.drawn if when > released) - moved)


def open_panel(pixels: NDArray[np.float32], segmenter: str, times: Times | None) -> tuple[Any, Any]:
    """Open napari with a film, dock the panel, run everything; return viewer and panel."""
    viewer = napari.Viewer()
    viewer.window.resize(1280, 760)
    layer = viewer.add_image(pixels, name="film")
    wait(1.0)
    began = time.perf_counter()
    _, panel = viewer.window.add_plugin_dock_widget("napari-tbcad", "Chest X-ray")
    docked = time.perf_counter()
    assert spin(lambda: ready_to_run(panel), 60), "the panel did not take the film"
    ready = time.perf_counter()
    session = panel.session
    assert session.layer is layer
    lungs = session.run.settings.lungs
    session.configure("lungs", lungs.model_copy(update={"segmenter": segmenter}))
    wait(0.2)
    asked = time.perf_counter()
    panel.run_all()
    shown = spin(lambda: shows(panel), 120)
    answered = time.perf_counter()
    assert shown, "no result"
    if times is not None:
        times.add("open: the panel is docked", docked - began)
        times.add("open: model loaded, film bound", ready - began)
        times.add(f"run all → first result ({segmenter})", answered - asked)
        times.add(f"open + run → first result ({segmenter})", ready - began + answered - asked)
    spin(lambda: session.settled, 30)
    wait(0.5)
    return viewer, panel


def ready_to_run(panel: Any) -> bool:
    """Tell whether the panel has its model and a film."""
    session = panel.session
    return session is not None and session.run is not None and not session.shelf.loading


def shows(panel: Any) -> bool:
    """Tell whether the panel's bar shows the present answer."""
    session = panel.session
    result = session.value("result") if session is not None else None
    # The cheapest first: this is asked a thousand times a second, on the thread that is timed.
    return (
        result is not None and panel.result.bar.probability == result.probability and session.fresh("result")
    )


def paint(viewer: Any, panel: Any, number: int, times: Times | None, seed: int = 0) -> int:
    """Paint strokes on either mask and wait for the answer to each; return how many had none."""
    hand, rng, missed = Hand(viewer), np.random.default_rng(seed), 0
    session = panel.session
    for kind, layer in masks_of(viewer).items():
        for _, other in masks_of(viewer).items():
            other.visible = other is layer
        for _ in range(number // 2):
            label, path = path_over_border(layer.data, rng)
            take_brush(viewer, layer, label)
            wait(0.1)
            spin(lambda: session.settled and shows(panel))
            before, data = session.value("result"), np.array(layer.data)
            moved, released = hand.stroke(layer, path)

            def answered(kind: str = kind, layer: Any = layer, before: Any = before) -> bool:
                result = session.value("result")
                if result is before or not shows(panel):
                    return False
                return np.array_equal(session.value(kind).labels, layer.data)

            if np.array_equal(data, layer.data):
                continue
            if not spin(answered):
                missed += 1
                continue
            now = time.perf_counter()
            if times is not None:
                times.add("answer: release → answer shown", now - released)
                times.add("answer: last move → answer shown", now - moved)
                times.add(f"answer: release → shown, {kind}", now - released)
            wait(0.1)
    return missed


def frames_with_panel(viewer: Any, panel: Any, number: int, times: Times) -> None:
    """Time the drawing of strokes while the panel answers them."""
    hand, rng = Hand(viewer), np.random.default_rng(5)
    layer = masks_of(viewer)["insensitive"]
    for other in masks_of(viewer).values():
        other.visible = other is layer
    for _ in range(number):
        label, path = path_over_border(layer.data, rng)
        take_brush(viewer, layer, label)
        wait(0.1)
        time_frame(hand, layer, path, "frame: last move → frame, with the panel", times)
        spin(lambda: panel.session.settled and shows(panel))
        wait(0.1)


def switch_films(viewer: Any, panel: Any, other: NDArray[np.float32], number: int, times: Times) -> None:
    """Time going from one finished film to another."""
    first = panel.session.layer
    second = viewer.add_image(other, name="second")
    panel.picker.choose(second)
    spin(lambda: ready_to_run(panel) and panel.session.layer is second)
    lungs = panel.session.run.settings.lungs
    panel.session.configure("lungs", lungs.model_copy(update={"segmenter": "otsu"}))
    panel.run_all()
    spin(lambda: shows(panel) and panel.session.settled, 120)
    wait(0.5)
    for turn in range(number):
        layer = (first, second)[turn % 2]
        began = time.perf_counter()
        panel.picker.choose(layer)
        called = time.perf_counter()
        spin(lambda layer=layer: panel.session.layer is layer and shows(panel))
        times.add("switch: the call", called - began)
        times.add("switch: the other film's answer shown", time.perf_counter() - began)
        wait(0.2)


def square(pixels: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Bring a film's longest side to so many pixels."""
    shape = tuple(round(length * side / max(pixels.shape)) for length in pixels.shape)
    return resize_soft(pixels, (shape[0], shape[1]))


def first_results(pixels: NDArray[np.float32], number: int) -> None:
    """Print how long a sample film takes from opening the panel to its first result, everything loaded."""
    times = Times()
    for segmenter in ("otsu", "atlas"):
        for count in range(number + 1):
            # What is loaded once is loaded by the first.
            viewer, _ = open_panel(pixels, segmenter, times if count else None)
            viewer.close()
            wait(0.5)
    print(f"sample film, {pixels.shape[1]} × {pixels.shape[0]} (ms: p50 / p95 / greatest)", flush=True)
    times.show()


def judge(name: str, pixels: NDArray[np.float32], arguments: argparse.Namespace) -> None:
    """Print all times of one film."""
    print(f"\n{name}, {pixels.shape[1]} × {pixels.shape[0]} (ms: p50 / p95 / greatest)", flush=True)
    print(f"  load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    times = Times()
    bare(pixels, arguments.strokes // 2, times)
    viewer, panel = open_panel(pixels, arguments.segmenter, times)
    missed = paint(viewer, panel, arguments.strokes, times)
    frames_with_panel(viewer, panel, arguments.strokes // 2, times)
    slots = Slots()
    with slots.watch():
        paint(viewer, panel, max(20, arguments.strokes // 4), None, seed=1)
    switch_films(viewer, panel, pixels[:, ::-1].copy(), 10, times)
    switching = Slots()
    with switching.watch():
        switch_films_again(viewer, panel)
    viewer.close()
    wait(0.3)
    times.show()
    peer, ours = (
        np.median(times.lists[key]) for key in ("bare: last move → frame", "answer: last move → answer shown")
    )
    print(
        f"  last move → answer over bare napari's last move → frame: {ours / peer:.2f}; no answer: {missed}"
    )
    print("  slots while painting")
    slots.show()
    print("  slots while switching films")
    switching.show(5)


def switch_films_again(viewer: Any, panel: Any) -> None:
    """Go to and fro between the two films that are open."""
    films = [layer for layer in viewer.layers if isinstance(layer, napari.layers.Image)]
    for turn in range(4):
        panel.picker.choose(films[turn % 2])
        wait(0.3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--strokes", type=int, default=100)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--opens", type=int, default=3)
    parser.add_argument("--segmenter", default="atlas", help="of the film that is painted on")
    parser.add_argument("--film", type=Path, nargs="*", default=[], help="real films beside the phantom")
    parser.add_argument(
        "--own-size", type=Path, nargs="*", default=[], help="films taken as large as they are"
    )
    arguments = parser.parse_args()
    import napari_tbcad

    print(f"{datetime.date.today()}, napari {napari.__version__}, {arguments.strokes} strokes")
    print(
        f"package: {Path(napari_tbcad.__file__).parent.parent.name}/{Path(napari_tbcad.__file__).parent.name}"
    )
    application = napari.qt.get_qapp()
    small = square(read_film(sample_path("normal_man")).pixels, 512)
    first_results(small, arguments.opens)
    judge("phantom", square(read_film(sample_path("upper_lobe_cavity")).pixels, arguments.side), arguments)
    for path in arguments.film:
        judge(path.name, square(read_film(path).pixels, arguments.side), arguments)
    for path in arguments.own_size:
        judge(path.name, read_film(path).pixels, arguments)
    application.closeAllWindows()


if __name__ == "__main__":
    main()
