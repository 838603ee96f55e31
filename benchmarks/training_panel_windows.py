"""Two windows, a dock that is closed and opened, layers that come and go, while a network is trained.

    OMP_NUM_THREADS=1 xvfb-run -a .venv/bin/python benchmarks/training_panel_windows.py [--times 3]

One window trains (24 drawn images of 64 × 64 pixels, a network of a second), another looks on. The dock of
the first is closed and opened so often, with layers drawn on, undone and removed meanwhile; a second process
on the same folder is tried; then the window is closed, and the other one goes on with the training. Printed
is what the panels and the shelf said, and how long the closing took.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from training_window import Person, alive, drawn, jobs_in, own_folders, rest, small_network, until


def shelf_of(person: Person) -> str:
    """Return what the shelf says about the newest training."""
    shelf = person.panel.trainings.shelf
    listed: list[Any] = []
    shelf.listed.connect(lambda: listed.append(1))
    shelf.refresh()
    until(lambda: bool(listed), 10)
    return " ".join(shelf.rows.item(0).text().split()) if len(shelf) else "nothing"


def draw(viewer: Any) -> None:
    """Add layers, paint, undo, remove."""
    labels = viewer.add_labels(np.zeros((64, 64), int))
    image = viewer.add_image(np.random.default_rng(0).random((64, 64)))
    labels.paint((20, 20), 1)
    labels.undo()
    viewer.layers.remove(image)
    viewer.layers.selection.active = labels
    viewer.layers.clear()


def trying_twice(folder: Path) -> str:
    """Return what a second process on the folder says."""
    from napari_tbcad.batch.trainings.state import job_command

    done = subprocess.run([*job_command(folder), "--alone"], capture_output=True, text=True)
    last = json.loads(done.stdout.splitlines()[-1])
    return f"exit {done.returncode}, {last.get('event')}: {last.get('cause')}"


def main() -> None:
    """Go through it once."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=3)
    chosen = parser.parse_args()
    place = own_folders(Path(tempfile.mkdtemp(prefix="windows-")))
    small = small_network(place / "small")
    one, other = Person(), Person()
    one.drop(drawn(place / "drawn"))
    one.begin_with(str(small))
    one.name("shared")
    one.press("Look at the data")
    one.press("Train")
    until(lambda: len(one.session.history.epochs) > 0, 600)
    folder = one.session.folder
    print(f"the other window: {shelf_of(other)}")
    shelf = other.panel.trainings.shelf
    shelf.rows.setCurrentRow(0)
    can = {b.text(): b.isEnabled() for b in (shelf.resume_button, shelf.delete_button)}
    print(f"    it may: {can}; a second process: {trying_twice(folder)}", flush=True)
    for _ in range(chosen.times):
        before, pid = one.session.history.last.get("step", 0), one.child()
        one.undock()
        draw(one.viewer)
        rest(1.0)
        one.dock()
        draw(one.viewer)
        until(lambda before=before: one.session.history.last.get("step", 0) > before, 60)
        print(
            f"dock closed and opened: step {before} → {one.session.history.last.get('step')}, "
            f"the same process: {one.child() == pid}, button “{one.button}”, {one.told() or 'no trouble'}",
            flush=True,
        )
    step, pid, began = one.session.history.last.get("step", 0), one.child(), time.monotonic()
    one.close()
    seconds = time.monotonic() - began
    until(lambda: not alive(pid), 90)
    print(
        f"window closed at step {step}: {seconds:.1f} s; the child ended after "
        f"{time.monotonic() - began:.1f} s; the other window: {shelf_of(other)}",
        flush=True,
    )
    said: list[dict[str, Any]] = []
    other.session.said.connect(said.append)
    shelf.rows.setCurrentRow(0)
    shelf.resume_button.click()
    until(lambda: any(event["event"] == "begun" for event in said), 600)
    begun = next((event for event in said if event["event"] == "begun"), {})
    again = (step - begun.get("step", 0)) / max(1, begun.get("steps", 1) // max(1, begun.get("epochs", 1)))
    print(f"gone on with from step {begun.get('step')}: {again:.2f} epochs done again", flush=True)
    other.press("Pause", 120)
    until(lambda: other.button == "Go on", 60)
    print(f"paused: {other.told()}")
    other.close()
    rest(1.0)
    print(f"left over: {jobs_in(place) or 'nothing'}")


if __name__ == "__main__":
    main()
