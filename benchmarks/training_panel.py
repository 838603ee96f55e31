"""The training panel from a folder of films to the new network in use: how long the window is held up.

    xvfb-run -a .venv/bin/python benchmarks/training_panel.py ../shared/data/chest/jsrt
        [--films 20] [--start packaged|none|FILE] [--minutes 2] [--pictures DIR]

A person opens the chest panel with a film and the training panel, drops a folder of films with lung masks,
looks at them, trains, compares, uses the new network and runs the film with it. Every entry of this project's
code on the GUI thread is timed (slots.py), by the clock and by the processor time that the thread got, which
is less where other programs run; and every gap in which the event loop took nothing, beside those of the same
window with nothing to do. The profiler itself makes both longer.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from panel_training import some_films
from slots import Slots
from training_window import Gaps, Person, own_folders, rest, until

LIMIT_MS = 50.0


class Both:
    """Slots by the clock and by processor time, a part of the work at a time."""

    def __init__(self) -> None:
        self.gaps = Gaps()
        self.taken: dict[str, tuple[Slots, Slots, float]] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Watch a part of the work."""
        clock, processor = Slots(), Slots(clock=time.thread_time)

        def profile(frame: FrameType, event: str, value: Any) -> None:
            clock(frame, event, value)
            processor(frame, event, value)

        began = time.perf_counter()
        with self.gaps.watch(name):
            sys.setprofile(profile)
            try:
                yield
            finally:
                sys.setprofile(None)
        self.taken[name] = clock, processor, time.perf_counter() - began
        self.show(name)

    def show(self, name: str) -> None:
        """Print what a part took."""
        clock, processor, seconds = self.taken[name]
        slot, longest = _longest(clock)
        _, busiest = _longest(processor)
        gap = 1000 * self.gaps.longest.get(name, 0.0)
        print(
            f"{name:28s} {seconds:8.1f} s   longest slot {longest:7.1f} ms (processor {busiest:6.1f}) "
            f"{slot:36s} longest gap {gap:7.1f} ms",
            flush=True,
        )
        for entry, taken in processor.entries.items():
            if (most := 1000 * max(own for _, own in taken)) > LIMIT_MS:
                print(f"    {entry}: {most:.0f} ms of processor time, {len(taken)} times", flush=True)


def _longest(slots: Slots) -> tuple[str, float]:
    """Return the entry that held the thread up longest with our own code, and how long (ms)."""
    found = [(1000 * max(own for _, own in taken), name) for name, taken in slots.entries.items()]
    most, name = max(found, default=(0.0, ""))
    return name, most


def main() -> None:
    """Go through the panel once."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--films", type=int, default=20)
    parser.add_argument("--start", default="packaged")
    parser.add_argument("--minutes", type=int, default=2)
    parser.add_argument("--pictures", type=Path)
    chosen = parser.parse_args()
    place = own_folders(Path(tempfile.mkdtemp(prefix="panel-")))
    films = some_films(chosen.data.absolute(), place / "films", chosen.films)
    import napari

    print(f"{chosen.films} films, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", flush=True)
    viewer, both = napari.Viewer(), Both()
    _, chest = viewer.window.add_plugin_dock_widget("napari-tbcad", "Chest X-ray")
    viewer.open(next((films / "images").iterdir()), plugin="napari")
    until(lambda: chest.session is not None and chest.session.settled, 120)
    rest(1)

    def shot(name: str) -> None:
        if chosen.pictures:
            viewer.screenshot(str(chosen.pictures / f"{name}.png"), canvas_only=False, flash=False)

    with both.part("nothing to do"):
        rest(10)
    with both.part("opening the panel"):
        person = Person(viewer)
    session, panel = person.session, person.panel
    with both.part("naming the folder"):
        person.drop(films)
        person.begin_with(chosen.start)
    with both.part("finding and surveying"):
        person.press("Look at the data")
        until(lambda: session.plan.look is None, 600)
        rest(0.5)
    shot("found")
    with both.part("estimating"):
        person.settle(1800)
    panel.train.settings.minutes.setValue(chosen.minutes)
    rest(0.5)
    print(f"    {panel.train.estimate.text()}", flush=True)
    with both.part("training"):
        person.press("Train")
        if until(lambda: len(session.history.epochs) > 0, 900):
            shot("training")
        until(lambda: session.phase.name != "TRAINING", 3600)
    with both.part("judging"):
        person.settle(1800)
    shot("judged")
    print(f"    {person.told()}", flush=True)
    with both.part("using"):
        until(panel.compare.use.use_button.isEnabled, 60)
        panel.compare.use.use_button.click()
        until(lambda: panel.compare.use.use_button.text() == "In use", 120)
        rest(1)
    shot("used")
    with both.part("the film with it"):
        chest.run_all()
        rest(0.5)
        until(lambda: chest.session.settled, 300)
        rest(1)
    shot("film")
    print(f"    lungs by {chest.session.run.settings.lungs.network.model}", flush=True)
    with both.part("nothing to do, afterwards"):
        rest(10)
    person.close()


if __name__ == "__main__":
    main()
