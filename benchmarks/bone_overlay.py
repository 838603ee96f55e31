"""How long it takes to draw over a bone scan: cross-hair, letters and ring, on the overlay or as layers.

    xvfb-run -a -s "-screen 0 1280x800x24" .venv/bin/python benchmarks/bone_overlay.py [--moves 60]

A sample is opened in the bone scan panel in a window of 1280 × 800 and analysed; hotspots are grown by clicks
at random places of its bone until there are twenty. Each line is the time from a change to the frame that
shows it, median / p95 in milliseconds, how many such frames a second that makes, and the processor time of
the whole program, drawing included, which other programs on the machine hardly lengthen:

    canvas redrawn        napari's canvas with all layers of the scan, nothing changed
    cross-hair, Vectors   the same lines as a Vectors layer
    cross-hair, overlay   the pointer moved over the canvas, as the panel draws it
    ring, overlay         another hotspot chosen, the panel's table along with it
    letters, Points       letters of the hotspots as text of a Points layer
    letters, overlay      the overlay drawn anew, letters and all
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication

from hand import Hand, spin, wait

SPOTS = 20


def frames(hand: Hand, change: Callable[[int], None], number: int) -> np.ndarray:
    """Return seconds from each change to the next frame, by the clock and of the processor; (n, 2)."""
    wait(0.3)
    taken = []
    for turn in range(number):
        seen, began, busy = len(hand.drawn), time.perf_counter(), time.process_time()
        change(turn)
        if spin(lambda seen=seen: len(hand.drawn) > seen, 1):
            taken.append((time.perf_counter() - began, time.process_time() - busy))
    return np.array(taken)


def tell(name: str, taken: np.ndarray) -> None:
    """Print one line."""
    middle, late = np.percentile(taken[:, 0], [50, 95])
    busy = float(np.median(taken[:, 1]))
    clock = f"{1000 * middle:5.1f} / {1000 * late:5.1f} ms   {1 / middle:4.0f} a second"
    print(f"  {name:22s} {clock}   processor {1000 * busy:5.1f} ms")


def opened(sample: str) -> tuple[Any, Any]:
    """Return a viewer and its panel with an analysed sample."""
    import napari

    from napari_tbcad.widgets.bone.panel import BonePanel

    viewer = napari.Viewer()
    viewer.window.resize(1280, 800)
    panel = BonePanel(viewer)
    viewer.window.add_dock_widget(panel, area="right")
    panel.bench.open_sample(sample)
    if not spin(lambda: panel.session is not None and panel.session.settled, 60):
        raise SystemExit("the sample was not opened")
    panel.session.run_all()
    if not spin(lambda: panel.session.settled and panel.session.value("index") is not None, 300):
        raise SystemExit("the sample was not analysed")
    return viewer, panel


def grow_spots(session: Any) -> None:
    """Grow hotspots by clicks on bone until there are twenty."""
    generator = np.random.default_rng(0)
    for _ in range(400):
        if len(session.value("hotspots").marks) >= SPOTS:
            break
        view = ("anterior", "posterior")[int(generator.integers(2))]
        places = np.argwhere(session.value("regions").labels(view) > 0)
        session.hands.grow(view, tuple(map(float, places[int(generator.integers(len(places)))])))
    spin(lambda: session.settled, 60)


def measure(viewer: Any, panel: Any, number: int) -> None:
    """Print all lines."""
    from napari.layers import Points, Vectors

    session, hand = panel.session, Hand(viewer)
    overlay = panel.bench.viewing.overlay
    image = session.layers.picture("anterior")
    rows, columns = image.data.shape
    marks = session.value("hotspots").marks
    print(f"{len(marks)} hotspots, canvas {hand.canvas.width()} × {hand.canvas.height()}")

    tell("canvas redrawn", frames(hand, lambda _: hand.canvas.update(), number))

    def pointer(turn: int) -> tuple[float, float]:
        share = turn / number
        return rows * (0.1 + 0.8 * share), columns * (0.5 + 0.3 * float(np.sin(20 * share)))

    def lines(turn: int) -> np.ndarray:
        row, column = pointer(turn)
        ends = [[[row, 0], [0, columns]], [[0, column], [rows, 0]], [[0, columns - column], [rows, 0]]]
        return np.array(ends, float)

    crossed = Vectors(lines(0), scale=image.scale, units=image.units, edge_width=1)
    viewer.add_layer(crossed)
    tell("cross-hair, Vectors", frames(hand, lambda turn: setattr(crossed, "data", lines(turn)), number))
    viewer.layers.remove(crossed)

    def move(turn: int) -> None:
        place = hand.place(*pointer(turn), image)
        none = Qt.MouseButton.NoButton
        there = QPointF(hand.canvas.mapToGlobal(place.toPoint()))
        event = QMouseEvent(QEvent.Type.MouseMove, place, there, none, none, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(hand.canvas, event)

    tell("cross-hair, overlay", frames(hand, move, number))
    ids = [mark.id for mark in marks]
    tell("ring, overlay", frames(hand, lambda turn: session.look.choose(ids[turn % len(ids)]), number // 2))

    table = session.value("table")
    places = np.array([[row.row, row.right + 6.0] for row in table])
    words = [f"A{row.id}" for row in table]
    written = Points(places, size=1, scale=image.scale, units=image.units, text={"string": words, "size": 9})
    viewer.add_layer(written)

    def write(turn: int) -> None:
        written.text = {"string": words[turn % 2 :] + words[: turn % 2], "size": 9}

    tell("letters, Points", frames(hand, write, number // 2))
    viewer.layers.remove(written)
    tell("letters, overlay", frames(hand, lambda _: overlay.redraw(), number))


def main() -> None:
    """Open, grow, measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sample", default="many_lesions_low_counts", help="one of the panel's samples")
    parser.add_argument("--moves", type=int, default=60, help="changes a line")
    options = parser.parse_args()
    viewer, panel = opened(options.sample)
    grow_spots(panel.session)
    measure(viewer, panel, options.moves)
    viewer.close()
    wait(0.2)


if __name__ == "__main__":
    main()
