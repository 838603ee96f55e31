"""A program that is killed while a person works on a bone scan: how much of the work is found again.

    xvfb-run -a .venv/bin/python benchmarks/bone_crash.py [--times 5] [--seed 1]

Each time a program of its own opens a simulated scan (512 × 128), finds regions and hotspots, and random
actions are done as in bone_person.py, one about every 0.4 s; after some seconds it is killed (SIGKILL).
Another program opens the same scan and takes the offer to go on. What it has then must be what the first one
had after one of its actions; printed is how many actions, and seconds of work, are missing at the end. A case
is kept on the side once the hand rests for 2 s, and every 20 s while it does not.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from bone_person import ACTIONS, Mismatch, Person, Shot, coarse_scan
from hand import spin, wait


def digest(session: Any) -> str:
    """Return a digest of hotspots, regions and views."""
    shot = Shot.of(session)
    made = hashlib.blake2b(repr((shot.views, shot.marks)).encode())
    for image in shot.images.values():
        made.update(b"-" if image is None else np.ascontiguousarray(image).tobytes())
    return made.hexdigest()


def opened(path: Path, folder: Path) -> Any:
    """Open a scan in a panel."""
    import napari

    from napari_tbcad.widgets import preferences
    from napari_tbcad.widgets.bone.panel import BonePanel

    preferences.default_folder = lambda: folder
    viewer = napari.Viewer(show=False)
    panel = BonePanel(viewer)
    viewer.window.add_dock_widget(panel, name="Bone scan")
    panel.open_film(path)
    if not spin(lambda: panel.session is not None and panel.session.settled, 60):
        raise Mismatch("the scan does not open")
    panel.viewer_kept = viewer
    return panel


def settle(panel: Any) -> None:
    """Wait until nothing is under way."""
    wait(0.02)
    if not spin(lambda: panel.session.settled, 60):
        raise Mismatch("never settles")


def at_work(path: Path, folder: Path, seed: int) -> None:
    """Work until somebody kills the program; a line for each action."""
    panel = opened(path, folder)
    panel.run_bar.run_button.click()
    settle(panel)
    person = Person(panel, wait, lambda: settle(panel), seed)
    names = [name for name in ACTIONS if name != "hasty stroke"]
    while True:
        print(json.dumps([time.time(), digest(panel.session)]), flush=True)
        ACTIONS[str(person.rng.choice(names))][1](person)
        settle(panel)
        wait(float(person.rng.choice((0.1, 0.3, 0.3, 3.0), p=(0.4, 0.3, 0.25, 0.05))))


def gone_on(path: Path, folder: Path) -> None:
    """Open the scan again, take the offer, and say what is there."""
    panel = opened(path, folder)
    if panel.leftover.isHidden():
        raise Mismatch("nothing is offered")
    panel.leftover.go_on.click()
    if not spin(lambda: panel.leftover.isHidden(), 30):
        raise Mismatch("the offer cannot be taken")
    settle(panel)
    wait(0.2)
    settle(panel)
    if panel.session.edits.problems or panel.session.desk.notes:
        raise Mismatch(f"told: {panel.session.edits.problems} {panel.session.desk.notes}")
    print(json.dumps([time.time(), digest(panel.session)]), flush=True)
    panel.viewer_kept.close()
    wait(0.2)


def one_time(path: Path, folder: Path, seed: int, seconds: float) -> str:
    """Let a program be killed and look what another finds; return a sentence."""
    run = [sys.executable, __file__, "--scan", str(path), "--folder", str(folder), "--seed", str(seed)]
    worker = subprocess.Popen([*run, "--part", "work"], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    lines = [worker.stdout.readline()]
    end = time.monotonic() + seconds
    while time.monotonic() < end and lines[-1]:
        lines.append(worker.stdout.readline())
    worker.send_signal(signal.SIGKILL)
    rest, _ = worker.communicate()
    done = [
        json.loads(line) for line in (*lines, *rest.splitlines()) if line.endswith("]\n") or line[-1:] == "]"
    ]
    if not done or (worker.returncode != -signal.SIGKILL):
        raise Mismatch(f"the worker ended by itself ({worker.returncode})")
    found = subprocess.run([*run, "--part", "go on"], stdout=subprocess.PIPE, text=True, timeout=180)
    if found.returncode:
        raise Mismatch(f"it could not go on ({found.returncode})")
    _, there = json.loads(found.stdout.splitlines()[-1])
    same = [number for number, (_, one) in enumerate(done) if one == there]
    if not same:
        raise Mismatch("what was found is not what was there after any action")
    missing, last = len(done) - 1 - same[-1], done[-1][0]
    # Until the first action that is missing, all is there.
    since = last - done[same[-1] + 1][0] if missing else 0.0
    return f"{len(done) - 1} actions, killed; {missing} of them and {since:.1f} s of work are missing"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    for name in ("--part", "--scan", "--folder"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part == "work":
        at_work(Path(options.scan), Path(options.folder), options.seed)
    elif options.part:
        gone_on(Path(options.scan), Path(options.folder))
    else:
        rng = np.random.default_rng(options.seed)
        with tempfile.TemporaryDirectory() as folder:
            path = coarse_scan(Path(folder))
            for number in range(options.times):
                aside = Path(folder) / f"aside{number}"
                seconds = float(rng.uniform(8, 35))
                print(one_time(path, aside, options.seed + number, seconds), flush=True)


if __name__ == "__main__":
    main()
