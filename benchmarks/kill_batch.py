"""Batch runs of the command line that are killed (SIGKILL) again and again; part of kill.py.

A folder of films (256 × 256) and one of bone scans (512 × 128, simulated) are run without harm twice: the
two must be the same, but for times. Then runs are killed: some while the program starts, most at a random
moment of the work; half of them with two workers, where the parent alone is killed. The next process of the
same command goes on in the same folder. After each kill: every file is read; every study whose line was
printed is in the journal with its files; no process of the run is left. A run that comes to its end is
compared with the one that was left alone: all masks, pictures and records byte for byte, all tables.
"""

from __future__ import annotations

import csv
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import psutil

from napari_tbcad.io.nuclear_writing import write_nuclear
from napari_tbcad.journal import read_journal
from napari_tbcad.simulate.bone_scan import ScanParameters, simulate_scan
from napari_tbcad.simulate.samples import write_simulated_set
from napari_tbcad.simulate.skeleton import BodyParameters

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
FILMS, SCANS = 6, 3
_TIMES = ("seconds",)
_LINE = re.compile(r"^\[\d+/\d+\] (.+?): ")
PATIENCE = 600.0
"""Seconds after which nothing more is waited for."""


class Broken(AssertionError):
    """Something is lost, unreadable or not as it would have been."""


@dataclass
class Tally:
    """What came of the kills.

    Parameters
    ----------
    part : str
        What was killed.
    kills, ends : int
        Kills; runs that then came to their end and were the same as the one left alone.
    files : int
        Files that were read after kills.
    finished : int
        Things that were finished before a kill, and found finished after it.
    cost : float
        The worst of what a kill cost, in `unit`.
    """

    part: str
    unit: str
    kills: int = 0
    ends: int = 0
    files: int = 0
    finished: int = 0
    cost: float = 0.0
    faults: list[str] = field(default_factory=list)

    def row(self) -> str:
        """Return a row of the table."""
        cells = (self.part, self.kills, self.files, self.finished, self.ends)
        return " | ".join(
            map(str, ("", *cells, f"{self.cost:.1f} {self.unit}", len(self.faults), ""))
        ).strip()


def films(place: Path) -> Path:
    """Make a folder of films, real ones where they are; one of them cannot be read."""
    folder = place / "films"
    real = sorted((SHARED / "chest" / "tb_multisource" / "images").glob("*.png"))
    if real:
        folder.mkdir(parents=True)
        for path in real[:: len(real) // FILMS][:FILMS]:
            shutil.copy(path, folder / path.name)
    else:
        write_simulated_set(folder, FILMS, seed=4, size=256)
    first = min(folder.rglob("*.png"))
    (first.parent / "cut short.png").write_bytes(first.read_bytes()[:2000])
    return folder


def scans(place: Path) -> Path:
    """Make a folder of simulated bone scans."""
    folder = place / "scans"
    folder.mkdir(parents=True)
    coarse = BodyParameters(shape=(512, 128), slab_mm=10.0)
    for seed in range(SCANS):
        made = simulate_scan(ScanParameters(abnormal=3 + seed, counts=8e5), seed=seed, person=coarse)
        frames = [view.counts for _, view in made.scan]
        spacing = made.scan.spacing_mm
        write_nuclear(folder / f"scan{seed}.dcm", frames, spacing_mm=spacing, name=str(seed), study=str(seed))
    return folder


@dataclass(frozen=True)
class Command:
    """A run of the command line."""

    kind: str
    data: Path
    options: tuple[str, ...]
    workers: int = 1

    def started(self, out: Path) -> subprocess.Popen[str]:
        """Begin, or go on."""
        run = [sys.executable, "-c", "from napari_tbcad.cli import main; main()", self.kind, "run"]
        run += [str(self.data), "--out", str(out)]
        run += [*self.options, "--workers", str(self.workers)]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}
        return subprocess.Popen(
            run, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )


class Watched:
    """A process under way, and the lines it printed: read beside, so that a moment is not waited past."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: queue.Queue[str | None] = queue.Queue()
        self.said: list[str] = []
        self._over = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def until(self, end: float, *, first: re.Pattern[str] | None = None) -> bool:
        """Take lines until a moment, or the first that begins so; False when the process ended before."""
        while not self._over:
            try:
                line = self.lines.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                return True
            if line is None:
                self._over = True
                break
            self.said.append(line.rstrip())
            if first and first.match(line):
                return True
        return False

    def kill(self) -> float:
        """Kill the parent; return after how many seconds the last of its children was gone."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGKILL)
        began = time.monotonic()
        _, left = psutil.wait_procs(family, timeout=60)
        gone = time.monotonic() - began
        self.until(time.monotonic() + 5)
        self.process.wait()
        for one in left:
            one.kill()
        if left:
            raise Broken(f"{len(left)} processes lived on for a minute")
        return gone

    @property
    def finished(self) -> list[str]:
        """Names of files whose line was printed, errors left out."""
        found = [(_LINE.match(line), line) for line in self.said]
        return [match[1] for match, line in found if match and ": ERROR " not in line]


def read_all(out: Path) -> int:
    """Read every file of a run; return how many there are.

    Raises
    ------
    Broken
        For one that cannot be read.
    """
    number = 0
    for path in (path for path in out.rglob("*") if path.is_file()):
        if path.name.startswith(".") or path.name == "lock":
            continue  # in the writing when the run was killed; nobody takes it for a result
        number += 1
        try:
            if path.suffix == ".png":
                iio.imread(path)
            elif path.suffix == ".json":
                json.loads(path.read_text(encoding="utf-8"))
            elif path.suffix == ".csv":
                with path.open(encoding="utf-8-sig", newline="") as file:
                    rows = list(csv.reader(file))
                short = [n for n, row in enumerate(rows[:-1]) if len(row) != len(rows[0])]
                if short:
                    raise Broken(f"{path}: row {short[0]} of {len(rows)} has another length than the head")
            elif path.suffix == ".jsonl":
                list(read_journal(path))
        except (OSError, ValueError, csv.Error) as error:
            raise Broken(f"{path} cannot be read: {error}") from error
    return number


def kept(out: Path, finished: list[str]) -> int:
    """Check that studies whose line was printed are finished; return how many are."""
    lines = {line["name"]: line for line in read_journal(out / "run" / "journal.jsonl")}
    done = {Path(line["row"]["file"]).name: line for line in lines.values() if line["row"]["status"] == "ok"}
    for name in finished:
        if name not in done:
            raise Broken(f"{name} was finished, and is not in the journal")
        for path, size, *_ in done[name]["files"]:
            if not (out / path).is_file() or (out / path).stat().st_size != size:
                raise Broken(f"{name} was finished, and {path} is not there as it was")
    return len(done)


def same(one: Path, other: Path) -> None:
    """Compare two folders of results, but for times and the folder `run`.

    Raises
    ------
    Broken
        Where they differ.
    """
    names = [
        sorted(
            str(path.relative_to(out))
            for path in out.rglob("*")
            if path.is_file() and not path.name.startswith(".") and path.relative_to(out).parts[0] != "run"
        )
        for out in (one, other)
    ]
    if names[0] != names[1]:
        raise Broken(f"files of one only: {sorted(set(names[0]) ^ set(names[1]))[:5]}")
    for name in names[0]:
        a, b = one / name, other / name
        if a.suffix == ".csv":
            equal = _table(a) == _table(b)
        elif a.suffix == ".json":
            equal = _timeless(json.loads(a.read_text())) == _timeless(json.loads(b.read_text()))
        else:
            equal = a.read_bytes() == b.read_bytes()
        if not equal:
            raise Broken(f"{name} is not what it is without harm")


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [{k: v for k, v in row.items() if k not in _TIMES} for row in csv.DictReader(file)]


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _timeless(v) for k, v in value.items() if k not in ("when", "seconds", "time")}
    return [_timeless(one) for one in value] if isinstance(value, list) else value


def ended(command: Command, out: Path, tally: Tally, alone: Path) -> None:
    """Let a run go on to its end and compare it."""
    watched = Watched(command.started(out))
    watched.until(time.monotonic() + PATIENCE)
    code = watched.process.wait()
    # One of the films cannot be read: that is told by 1.
    if code not in (0, 1):
        raise Broken(f"it does not go on: {code}, {watched.said[-3:]}")
    read_all(out)
    same(alone, out)
    tally.ends += 1


def measured(command: Command, place: Path, tally: Tally) -> tuple[float, float]:
    """Run twice without harm, and compare; return the seconds to the first line and of the work."""
    began = time.monotonic()
    watched = Watched(command.started(place / "alone"))
    if not watched.until(began + PATIENCE, first=_LINE):
        raise SystemExit("\n".join(watched.said[-5:]))
    first = time.monotonic() - began
    watched.until(began + PATIENCE)
    work = time.monotonic() - began - first
    read_all(place / "alone")
    ended(command, place / "control", tally, place / "alone")
    tally.ends = 0
    return first, work


def kill_runs(
    command: Command, place: Path, times: int, generator: np.random.Generator, tally: Tally
) -> None:
    """Kill runs so often; each that ends is compared, and another folder begun."""
    first, work = measured(command, place, tally)
    print(f"{tally.part}: {first:.1f} s to the first line, {work:.1f} s of work", flush=True)
    round_, out = 0, place / "killed0"
    while tally.kills < times:
        command = Command(command.kind, command.data, command.options, 1 + tally.kills % 2)
        watched = Watched(command.started(out))
        try:
            if generator.random() < 0.2:
                alive = watched.until(time.monotonic() + float(generator.uniform(0, first)))
            else:
                alive = watched.until(time.monotonic() + PATIENCE, first=_LINE)
                alive = alive and watched.until(time.monotonic() + float(generator.uniform(0, 0.7 * work)))
            if alive and watched.process.poll() is None:
                gone = watched.kill()
                tally.kills += 1
                tally.cost = max(tally.cost, gone)
                tally.files += read_all(out) if out.is_dir() else 0
                tally.finished += kept(out, watched.finished)
                continue
            ended(command, out, tally, place / "alone")
        except Broken as error:
            tally.faults.append(f"{tally.part}, kill {tally.kills}, {command.workers} workers: {error}")
            print(tally.faults[-1], flush=True)
        shutil.rmtree(out, ignore_errors=True)
        round_ += 1
        out = place / f"killed{round_}"
    try:
        ended(command, out, tally, place / "alone")
    except Broken as error:
        tally.faults.append(f"{tally.part}, at the end: {error}")


def batch(place: Path, times: int, seed: int) -> list[Tally]:
    """Kill runs of both kinds: films five eighths of the times."""
    generator = np.random.default_rng(seed)
    of_films = times - 3 * times // 8
    done = []
    for kind, data, options, number in (
        ("chest", films(place), ("--segmenter", "otsu"), of_films),
        ("bone", scans(place), (), times - of_films),
    ):
        tally = Tally(f"`{kind} run`", "s until its workers were gone")
        if number:
            kill_runs(Command(kind, data, options), place / kind, number, generator, tally)
        done.append(tally)
    return done
