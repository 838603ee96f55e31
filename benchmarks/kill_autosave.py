"""A program that is killed while a person works in a panel: what is found again; part of kill.py.

    xvfb-run -a .venv/bin/python benchmarks/kill_autosave.py [--times 10] [--seed 1] [--kind chest bone]

A program of its own opens a study (a film of 256 pixels, a bone scan of 512 × 128), takes the offer to go on
where one is made, runs everything, and does random actions as in person.py and bone_person.py, one about
every 0.4 s; at a random moment of the 19 s that follow, in an action or between two, it is killed (SIGKILL).
The next one opens the same study: what it goes on with must be what was there after one of the actions of
the one before, or in the midst of one when the panel handed the case over to be kept. Printed is how many
actions, and seconds of work until the kill, are missing: a case is kept on the side once the hand rests for
2 s, and every 20 s while it does not. After each kill every case on the side is read.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import bone_person
import person
from bone_person import Mismatch, coarse_scan
from hand import spin, wait
from kill_batch import PATIENCE, Broken, Tally, Watched

LONGEST_S = 25.0
"""More seconds of work than this must never be missing: 20 s, and the time that saving takes."""
_CHEST = ("paint", "fill", "erase", "undo", "redo", "tools", "back", "buttons", "flip")
_CHAIN = 6
"""Kills of one study, until another begins with nothing on the side."""
_DID = re.compile(r'\["did"')


@dataclass(frozen=True)
class Work:
    """What a program did until it was killed.

    Parameters
    ----------
    states : list
        ``"did"`` or ``"kept"``, time and digest of each state that was told, the first before any action.
    killed : float
        Time of the kill.
    """

    states: list[list[Any]]
    killed: float

    @property
    def actions(self) -> int:
        """How many actions were ended."""
        return sum(what == "did" for what, _, _ in self.states) - 1


def digest(kind: str, session: Any) -> str:
    """Return a digest of what a person did to a study."""
    run = session.run
    made = hashlib.blake2b()
    if kind == "bone":
        shot = bone_person.Shot.of(session)
        made.update(repr((shot.views, shot.marks)).encode())
        arrays = list(shot.images.values())
    else:
        arrays = [run.get(name).labels if run.edited(name) else None for name in person.KINDS]
        made.update(repr(run.settings.polarity).encode())
    for array in arrays:
        made.update(b"-" if array is None else np.ascontiguousarray(array).tobytes())
    return made.hexdigest()


def opened(kind: str, path: Path, folder: Path) -> Any:
    """Open a study in its panel."""
    import napari

    from napari_tbcad.widgets import preferences
    from napari_tbcad.widgets.bone.panel import BonePanel
    from napari_tbcad.widgets.chest.panel import ChestPanel

    preferences.default_folder = lambda: folder
    if kind == "chest":
        person.use_otsu()
    viewer = napari.Viewer(show=False)
    panel = (ChestPanel if kind == "chest" else BonePanel)(viewer)
    viewer.window.add_dock_widget(panel, name=kind)
    panel.open_film(path)
    if not spin(lambda: panel.session is not None and panel.session.settled, 120):
        raise Mismatch("the study does not open")
    panel.viewer_kept = viewer
    return panel


def settle(panel: Any) -> None:
    """Wait until nothing is under way."""
    wait(0.02)
    if not spin(lambda: panel.session.settled, 120):
        raise Mismatch("never settles")


def hand_of(kind: str, panel: Any, seed: int) -> Callable[[], str]:
    """Return what does one random thing."""
    if kind == "bone":
        hand = bone_person.Person(panel, wait, lambda: settle(panel), seed)
        names = [name for name in bone_person.ACTIONS if name != "hasty stroke"]

        def act() -> str:
            name = str(hand.rng.choice(names))
            bone_person.ACTIONS[name][1](hand)
            return name
    else:
        scripted = person.Person(seed, lambda: None, [], Path())
        seat = person.Seat(panel.viewer_kept, panel, bench=panel.bench)
        scripted.seats.append(seat)

        def act() -> str:
            name = str(scripted.rng.choice(_CHEST))
            scripted.log.append(name)
            person.ACTIONS[name][1](scripted, seat)
            return name

    return act


def at_work(kind: str, path: Path, folder: Path, seed: int) -> None:
    """Go on where one left off, and work until somebody kills the program; a line for each action."""
    panel = opened(kind, path, folder)
    offered = panel.session.desk.left is not None
    if offered:
        # The panel shows it in the next turn of the event loop.
        if not spin(lambda: not panel.leftover.isHidden(), 60):
            raise Mismatch("what is on the side is not offered")
        panel.leftover.go_on.click()
        if not spin(panel.leftover.isHidden, 60):
            raise Mismatch("the offer cannot be taken")
        settle(panel)
        wait(0.2)
        settle(panel)
        if panel.session.edits.problems or panel.session.desk.notes:
            raise Mismatch(f"told: {panel.session.edits.problems} {panel.session.desk.notes}")
    print(json.dumps(["found", offered, digest(kind, panel.session)]), flush=True)
    panel.run_bar.run_button.click()
    settle(panel)
    act, rng = hand_of(kind, panel, seed), np.random.default_rng(seed)
    tell_what_is_handed_over(kind, panel.session)
    while True:
        print(json.dumps(["did", time.time(), digest(kind, panel.session)]), flush=True)
        wait(float(rng.choice((0.1, 0.3, 3.0), p=(0.4, 0.5, 0.1))))
        act()
        settle(panel)


def tell_what_is_handed_over(kind: str, session: Any) -> None:
    """Print each state that is handed over to be kept: an action may hand over several."""
    from napari_tbcad.widgets.workflow.autosave import CaseKeeper

    put = CaseKeeper.put

    def told(*given: Any, **more: Any) -> None:
        print(json.dumps(["kept", time.time(), digest(kind, session)]), flush=True)
        put(*given, **more)

    CaseKeeper.put = told  # type: ignore[method-assign]


def one_time(run: list[str], seconds: float) -> tuple[list[Any], Work]:
    """Let a program work and kill it so many seconds after its first action; return what it found and did."""
    watched = Watched(subprocess.Popen(run, stdout=subprocess.PIPE, text=True))
    if watched.until(time.monotonic() + PATIENCE, first=_DID):
        watched.until(time.monotonic() + seconds)
    watched.process.send_signal(signal.SIGKILL)
    killed = time.time()
    watched.until(time.monotonic() + PATIENCE)
    code = watched.process.wait()
    lines = [json.loads(text) for text in watched.said if text[:1] == "[" and text[-1:] == "]"]
    if code != -signal.SIGKILL or len(lines) < 2:
        raise Broken(f"the program ended by itself ({code}) after {len(lines)} lines")
    return lines[0], Work(lines[1:], killed)


def missing(work: Work, found: list[Any]) -> tuple[int, float]:
    """Return how many actions, and seconds of work, the next program lacks.

    Raises
    ------
    Broken
        If what it found was never there, or too much is missing.
    """
    same = [number for number, (_, _, one) in enumerate(work.states) if one == found[2]]
    if not same:
        raise Broken(f"what was found was never there in {work.actions} actions (offered: {found[1]})")
    after = work.states[same[-1] + 1 :]
    lacks = sum(what == "did" for what, _, _ in after)
    seconds = work.killed - after[0][1] if after else 0.0
    if seconds > LONGEST_S:
        raise Broken(f"{lacks} actions, {seconds:.1f} s of work, are missing")
    return lacks, seconds


def cases_in(folder: Path) -> int:
    """Read every case on the side; return how many."""
    from napari_tbcad.case import Case
    from napari_tbcad.errors import BadInput

    paths = [path for path in folder.glob("*.tbcad") if not path.name.startswith(".")]
    for path in paths:
        try:
            Case.load(path)
        except BadInput as error:
            raise Broken(str(error)) from error
    return len(paths)


def autosave(place: Path, times: int, seed: int, kinds: tuple[str, ...] = ("chest", "bone")) -> list[Tally]:
    """Kill programs at work on each kind of study, equally often."""
    tallies = []
    for kind in kinds:
        tally = Tally(f"{kind} panel at work", "s of work done again")
        studies = {"chest": film, "bone": coarse_scan}[kind](place)
        rng, number = np.random.default_rng([seed, len(kind)]), 0
        done: Work | None = None
        while tally.kills < times // len(kinds):
            if done is None:
                aside, number = place / f"{kind}{number}", number + 1
            run = [sys.executable, __file__, "--part", "work", "--kind", kind, "--scan", str(studies)]
            run += ["--folder", str(aside), "--seed", str(seed + tally.kills)]
            try:
                found, now = one_time(run, float(rng.uniform(1, 20)))
                lost = "nothing was there to be lost"
                if done is not None:
                    lacks, seconds = missing(done, found)
                    tally.ends += 1
                    tally.finished += done.actions - lacks
                    tally.cost = max(tally.cost, seconds)
                    lost = f"{lacks} of {done.actions} actions and {seconds:.1f} s of work were missing"
                lost += f"; now killed {now.killed - now.states[-1][1]:.2f} s after its last word"
                tally.kills += 1
                tally.files += cases_in(aside)
                done = now if tally.kills % _CHAIN else None
            except Broken as error:
                tally.faults.append(f"{tally.part}, kill {tally.kills}: {error}")
                print(tally.faults[-1], flush=True)
                tally.kills += 1
                done, lost = None, "a fault"
            print(f"{tally.part}: {tally.kills}, {lost}", flush=True)
        tallies.append(tally)
    return tallies


def film(place: Path) -> Path:
    """Write a film of 256 pixels, a real one where there is one."""
    import imageio.v3 as iio

    pixels = person.films_to_open()[-1]
    low, high = float(pixels.min()), float(pixels.max())
    path = place / "patient.png"
    iio.imwrite(path, ((pixels - low) / (high - low) * 255).astype(np.uint8))
    return path


def main() -> None:
    """Kill panels at work."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", nargs="*", default=["chest", "bone"])
    for name in ("--part", "--scan", "--folder"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        at_work(options.kind[0], Path(options.scan), Path(options.folder), options.seed)
        return
    with tempfile.TemporaryDirectory() as folder:
        for tally in autosave(Path(folder), options.times, options.seed, tuple(options.kind)):
            print(tally.row(), *tally.faults, sep="\n")


if __name__ == "__main__":
    main()
