"""Two windows, all panels, for hours: does anything grow, fail, or hold a window up.

    xvfb-run -a -s "-screen 0 1280x1024x24" .venv/bin/python benchmarks/soak.py --minutes 120 --log FILE
        [--seed 1] [--errands chest bone …] [--bare] [--read FILE]

Two viewers in one process. A person goes from errand to errand (soak_errands.py), in either window: films are
opened, corrected with the mouse and all buttons, run, undone, explained, saved and reopened; bone scans
likewise with every tool; trainings and evaluations are looked at, begun, paused, stopped; worklists read;
panels closed and opened; layers renamed, moved and deleted while work goes on. Real films and scans of the
shared data beside simulated ones. Every answer is held against an analysis of its own, every undo against
what was there, every reopened case against what was saved. An errand ends with nothing open; about every
minute what is there then is written down: memory, widgets, layers, sessions, threads, open files, children.

Slots are entries of this project's code on the GUI thread (soak_watch.py). "held" leaves out napari and
vispy, and the time that the thread waited for a processor which other programs had.

Every five minutes all panels are closed; what is there then is compared.

At the end, and with --read from a log: growth from the first tenth after the warm-up (a sixth of the run, at
most 20 minutes) to the last tenth; everything above 5 % is named. --bare does the same in two windows
without this plugin: layers come, are painted on and go; what grows there is napari's and OpenGL's own.
Both run with vispy mended against a crash of Mesa's (soak_watch.ProgramsKept).
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

LIMIT_MS, LIMIT_SHARE = 100.0, 0.05
BREAK_MINUTES = 5.0
"""Between two moments at which all panels are closed."""


def warm_up(minutes: float) -> float:
    """Return how much of a run (minutes) does not count."""
    return min(20.0, minutes / 6)


class Log:
    """Lines of JSON in a file, and in words on the screen."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_text("", encoding="utf-8")

    def add(self, kind: str, **what: Any) -> None:
        """Write something down."""
        line = {"kind": kind, **what}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
        print(kind, " ".join(f"{name} {value}" for name, value in what.items()), flush=True)


class Soak:
    """The run: errands until the time is over, and what is written down meanwhile.

    `closed` is called whenever no layer is open in either window.
    """

    def __init__(
        self, log: Log, minutes: float, seed: int, names: list[str], closed: Callable[[], None]
    ) -> None:
        self._closed = closed
        self.log, self.minutes, self.seed, self.names = log, minutes, seed, names
        self.added = 0
        self._began = time.monotonic()
        self._noted = 0.0
        self._break = BREAK_MINUTES

    @property
    def minute(self) -> float:
        """Minutes since the beginning."""
        return (time.monotonic() - self._began) / 60

    def run(self, open_viewer: Callable[[], Any], place: Path) -> None:
        """Go from errand to errand."""
        from person import caught
        from soak_errands import Desk, Errands, wait
        from soak_watch import HeldUp, kinds, notified

        errands, held = Errands(place, self.seed), HeldUp()
        errands.desks = [Desk(open_viewer()) for _ in range(2)]
        for desk in errands.desks:
            desk.viewer.layers.events.inserted.connect(self._count)
        wait(1.0)
        before = None
        with ExitStack() as stack:
            problems, of_napari = stack.enter_context(caught())
            stack.enter_context(
                notified(lambda said: self.log.add("told", during=held.during, said=said[:300]))
            )
            stack.enter_context(held.watch())
            self._began = time.monotonic()
            number = 0
            while self.minute < self.minutes:
                name = self.names[number % len(self.names)] if self.names else errands.choose()
                desk = errands.desks[int(errands.rng.integers(2))]
                number += 1
                held.during = f"{name} {number}"
                self._one(errands, name, desk, held.during)
                for text in problems:
                    self.log.add("exception", during=held.during, text=text[-3000:])
                problems.clear()
                self._tell_slots(held)
                self._closed()
                self._vitals(sum(len(one.docked) for one in errands.desks))
                if self.minute >= self._break:
                    self._close_all(errands)
                if before is None and self.minute > warm_up(self.minutes):
                    before = kinds()
            if before is not None:
                self.log.add("grown", types=dict((kinds() - before).most_common(25)))
            self.log.add("end", errands=dict(errands.done), of_napari=len(of_napari), looks=held.looks)
        for desk in errands.desks:
            desk.viewer.close()
        wait(1.0)

    def _one(self, errands: Any, name: str, desk: Any, during: str) -> None:
        """Run one errand, and write down how it went."""
        began = time.monotonic()
        try:
            errands.one(name, desk)
        except (Exception, SystemExit) as error:
            self.log.add(
                "failed",
                during=during,
                what=f"{type(error).__name__}: {error}",
                log=errands.log,
                trace=traceback.format_exc()[-1500:],
            )
        self.log.add(
            "errand",
            minute=round(self.minute, 1),
            name=during,
            seconds=round(time.monotonic() - began, 1),
            window=errands.desks.index(desk),
        )

    def _close_all(self, errands: Any) -> None:
        """Close every panel, and write down what there is then."""
        self._break = self.minute + BREAK_MINUTES
        for desk in errands.desks:
            for panel in list(desk.docked):
                desk.undock(panel)
        dismiss_notes()
        self._noted = 0.0
        self._vitals()

    def _count(self, event: Any = None) -> None:
        self.added += 1

    def _vitals(self, panels: int = 0) -> None:
        from soak_watch import Vitals

        if self.minute >= self._noted:
            self._noted = self.minute + 0.95
            self.log.add("vitals", **asdict(Vitals.now(self.minute, self.added, panels)))

    def _tell_slots(self, held: Any) -> None:
        for slot in held.slots:
            self.log.add(
                "slot",
                name=slot.name,
                during=slot.during,
                held=round(slot.held, 1),
                processor=round(slot.processor, 1),
                wall=round(slot.wall, 1),
                where=slot.where.most_common(4),
            )
        held.slots.clear()

    def run_bare(self, open_viewer: Callable[[], Any]) -> None:
        """Let layers come and go in two windows without this plugin."""
        from napari_tbcad.io.read import read_film
        from soak_errands import real_films, wait

        viewers, films = [open_viewer(), open_viewer()], [read_film(path).pixels for path in real_films()]
        rng = np.random.default_rng(self.seed)
        for viewer in viewers:
            viewer.layers.events.inserted.connect(self._count)
        self._began = time.monotonic()
        while self.minute < self.minutes:
            viewer, pixels = viewers[int(rng.integers(2))], films[int(rng.integers(len(films)))]
            viewer.add_image(pixels.copy())
            masks = [viewer.add_labels((pixels > np.median(pixels)).astype(np.uint8)) for _ in range(2)]
            for mask in masks:
                for _ in range(4):
                    mask.paint(tuple(int(rng.integers(side)) for side in pixels.shape), 1)
                    wait(0.05)
                mask.undo()
            wait(0.3)
            viewer.layers.clear()
            wait(0.1)
            self._closed()
            self._vitals()
        self.log.add("end", errands={}, of_napari=0, looks=0)
        for viewer in viewers:
            viewer.close()


def dismiss_notes() -> None:
    """Close what napari notified, as a person does: of several it takes away only the last by itself."""
    from qtpy.QtWidgets import QApplication

    for widget in QApplication.allWidgets():
        if type(widget).__name__ == "NapariQtNotification":
            widget.close()
    QApplication.processEvents()


def read(path: Path) -> int:
    """Print what a log says; return how much of it is above the limits."""
    from soak_watch import Vitals

    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    of = {kind: [line for line in lines if line["kind"] == kind] for kind in {line["kind"] for line in lines}}
    vitals = of.get("vitals", [])
    if len(vitals) < 10:
        raise SystemExit(f"{path}: too short")
    length = vitals[-1]["minute"]
    warm = warm_up(length)
    after = [one for one in vitals if one["minute"] > warm]
    closed = [one for one in after if one.get("panels") == 0]
    errands = len(of.get("errand", []))
    print(
        f"{length:.0f} minutes, {errands} errands, {vitals[-1]['added']} layers added; warm-up {warm:.0f} min"
    )
    print(f"{'':10s} {'first tenth':>12s} {'last tenth':>12s} {'growth':>8s} {'a layer':>10s}")
    bad = 0
    for field in fields(Vitals):
        if field.name in ("minute", "added", "panels") or field.name not in vitals[0]:  # of an older log
            continue
        # How many widgets there are, and their memory, hangs on which panels are open.
        told = closed if len(closed) >= 6 else after
        tenth = max(3, len(told) // 10)
        first, last = (
            float(np.median([one[field.name] for one in part])) for part in (told[:tenth], told[-tenth:])
        )
        share = (last - first) / first if first else 0.0 if last == first else float("inf")
        more = vitals[-1]["added"] - after[0]["added"]
        bad += share > LIMIT_SHARE
        note = "  above 5 %" if share > LIMIT_SHARE else ""
        each = (last - first) / more if more else 0.0
        print(f"{field.name:10s} {first:12.1f} {last:12.1f} {share:+8.1%} {each:+10.4f}{note}")
    slots = of.get("slot", [])
    for measure in ("held", "processor"):
        found = [one for one in slots if one[measure] > LIMIT_MS]
        most = max((one[measure] for one in slots), default=0.0)
        print(f"slots above {LIMIT_MS:.0f} ms ({measure}): {len(found)}; the longest {most:.0f} ms")
        bad += len(found) if measure == "held" else 0
    for one in sorted(slots, key=lambda one: -one["held"])[:12]:
        times = " ".join(f"{one[name]:6.0f} {name}" for name in ("held", "processor", "wall"))
        print(f"  {times}  {one['name']} ({one['during']})")
    for kind in ("exception", "failed", "told"):
        print(f"{kind}: {len(of.get(kind, []))}")
        bad += len(of.get(kind, [])) if kind != "told" else 0
    return bad


def main() -> None:
    """Soak, then read the log."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log", type=Path, default=Path("soak.jsonl"))
    parser.add_argument("--errands", nargs="*", default=[], help="only these, in turn")
    parser.add_argument("--bare", action="store_true", help="without this plugin, for comparison")
    parser.add_argument("--read", type=Path, help="only tell what a log says")
    options = parser.parse_args()
    if options.read:
        sys.exit(bool(read(options.read)))
    from training_window import own_folders

    place = own_folders(Path(tempfile.mkdtemp(prefix="soak-")))
    import faulthandler

    import napari

    from soak_watch import ProgramsKept

    faulthandler.enable()
    programs = ProgramsKept()

    def open_viewer() -> Any:
        viewer = napari.Viewer()
        viewer.window.resize(1280, 800)
        return viewer

    log = Log(options.log)
    log.add(
        "begun",
        date=datetime.date.today(),
        minutes=options.minutes,
        seed=options.seed,
        bare=options.bare,
        cores=os.cpu_count(),
    )
    soak = Soak(log, options.minutes, options.seed, options.errands, programs.all_closed)
    if options.bare:
        soak.run_bare(open_viewer)
    else:
        soak.run(open_viewer, place)
    sys.exit(bool(read(options.log)))


if __name__ == "__main__":
    main()
