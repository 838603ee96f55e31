"""A training that is killed while a person watches it in the panel: how much is lost, and what is told.

    OMP_NUM_THREADS=1 xvfb-run -a .venv/bin/python benchmarks/training_panel_kill.py [--times 4] [--seed 1]

A window of its own begins a training through the panel (24 drawn images of 64 × 64 pixels, a network of a
second). At random moments its child is killed (SIGKILL), and the person presses "Go on"; or the window is
killed, and another window goes on from its shelf of trainings. Printed for every kill: the epochs that were
done again, what the panel and the shelf said, how long a process without a window lived on, and the seconds
until it learned again. At the end the training is stopped, and nothing may be left running.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from training_window import Person, alive, drawn, jobs_in, own_folders, rest, small_network, tell, until

PATIENCE = 600.0


def at_work(place: Path, resume: bool) -> None:
    """Train in a window until somebody kills it; go on whenever its child is killed."""
    own_folders(place)
    person = Person()
    session = person.session
    session.said.connect(lambda event: tell(**event))
    if resume:
        trainings = person.panel.trainings
        trainings.button.setChecked(True)
        shelf = trainings.shelf
        for _ in range(90):  # the process of the window that was killed ends after its step
            shelf.refresh()
            rest(1.0)
            if _is_free(shelf):
                break
        tell(event="shelf", text=" ".join(shelf.rows.item(0).text().split()))
        shelf.rows.setCurrentRow(0)
        shelf.resume_button.click()
    else:
        person.drop(place / "drawn")
        person.begin_with(str(small_network(place / "small")))
        person.name("killed")
        person.press("Look at the data")
        person.press("Train", PATIENCE)
    while True:
        until(lambda: session.settled, PATIENCE)
        rest(0.3)
        if person.button != "Go on":
            tell(event="end", told=person.told(), button=person.button)
            break
        tell(event="told", text=person.told())
        person.press("Go on")
    person.close()


def _is_free(shelf: Any) -> bool:
    return len(shelf) > 0 and "running" not in shelf.rows.item(0).text()


class Window:
    """A process with a window at work, and what it says."""

    def __init__(self, place: Path, *, resume: bool) -> None:
        self.place = place
        run = [sys.executable, __file__, "--at", str(place), *(["--resume"] if resume else [])]
        self.process = subprocess.Popen(run, stdout=subprocess.PIPE, text=True)
        self.events: queue.Queue[dict[str, Any]] = queue.Queue()
        self.done, self.an_epoch, self.child = 0, 1, 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{"):
                self.events.put(json.loads(line))
        self.events.put({"event": "gone"})

    def until(self, *kinds: str) -> dict[str, Any]:
        """Take events until one of a kind."""
        while True:
            event = self.events.get(timeout=PATIENCE)
            self.note(event)
            if event["event"] in kinds:
                return event
            if event["event"] in ("gone", "end"):
                raise SystemExit(f"the window ended before {kinds}: {event}")

    def for_(self, seconds: float) -> None:
        """Take what comes for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                self.note(self.events.get(timeout=left))
            except queue.Empty:
                return

    def rest(self) -> None:
        """Take what was said before the end."""
        while (event := self.events.get(timeout=PATIENCE))["event"] != "gone":
            self.note(event)

    def note(self, event: dict[str, Any]) -> None:
        """Keep what counts."""
        if event["event"] == "working":
            self.child = int(event["pid"])
        elif event["event"] == "step":
            self.done = int(event["step"])
        elif event["event"] == "begun":
            self.an_epoch = event["steps"] // event["epochs"]


def main() -> None:
    """Kill child and window in turn."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, default=6.0, help="Seconds of training before a kill.")
    parser.add_argument("--at", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--resume", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.at:
        at_work(chosen.at, chosen.resume)
        return
    place = own_folders(Path(tempfile.mkdtemp(prefix="kill-")))
    drawn(place / "drawn")
    small_network(place / "small")
    generator = np.random.default_rng(chosen.seed)
    window = Window(place, resume=False)
    window.until("begun")
    lost = []
    for number in range(chosen.times):
        window.until("step")
        window.for_(float(generator.uniform(0, chosen.longest)))
        done, said, lived = window.done, "", 0.0
        if number % 2 == 0:
            os.kill(window.child, signal.SIGKILL)
            began = time.monotonic()
            said = f"panel: {window.until('told')['text']}"
        else:
            child = window.child
            window.process.kill()
            began = time.monotonic()
            window.rest()
            done = window.done
            while alive(child) and time.monotonic() < began + 120:
                time.sleep(0.05)
            lived = time.monotonic() - began
            left = jobs_in(place)
            began = time.monotonic()
            window = Window(place, resume=True)
            said = f"shelf: {window.until('shelf')['text']}; left over: {left or 'nothing'}"
        done = max(done, window.done)
        event = window.until("begun")
        # A window that was killed did not tell of the last steps.
        again = max(0.0, (done - event["step"]) / window.an_epoch)
        lost.append(again)
        what = "child " if number % 2 == 0 else f"window (its child lived {lived:.1f} s on)"
        print(
            f"{what} killed after step {done}: {again:.2f} epochs done again, "
            f"{time.monotonic() - began:.0f} s until it learned again\n    {said}",
            flush=True,
        )
    os.kill(window.child, signal.SIGTERM)  # as a person who stops
    time.sleep(3)
    window.process.kill()
    time.sleep(3)
    print(
        f"at most {max(lost):.2f} epochs lost in {len(lost)} kills; left over: {jobs_in(place) or 'nothing'}"
    )


if __name__ == "__main__":
    main()
