"""Rows of the table of times: jobs taken in turn, medians by the clock and by processor time."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

Job = Callable[[], object]
Times = tuple[float, float]
"""Milliseconds by the clock, and of this process's processor time."""

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Parameters
    ----------
    stage, size, device : str
        What was timed, on what, and with what.
    wall, processor : float
        Medians in milliseconds; of a row of memory its peak, and what there was before, in `unit`.
    of : str
        The stage that `ratio` compares it with, "" for those that are compared with nothing.
    ratio : float
        Processor time over that of the stage `of`; above 1 where that one is quicker.
    most : float
        What was asked for at most, 0 where nothing was.
    by : str
        Which of the two figures what was asked is about.
    note : str
        What else should be known.
    unit : str
        Of the figures.
    """

    stage: str
    size: str
    device: str
    wall: float
    processor: float
    of: str = ""
    ratio: float = 0.0
    most: float = 0.0
    by: str = "wall"
    note: str = ""
    unit: str = "ms"

    @property
    def reached(self) -> str:
        """Return yes or no, "" where nothing was asked for."""
        return "" if not self.most else "yes" if getattr(self, self.by) <= self.most else "no"

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def in_turn(jobs: Mapping[str, Job], repeats: int, *, seconds: float = 60.0) -> dict[str, Times]:
    """Run jobs one after the other, again and again, so that a busy machine slows all of them alike.

    Parameters
    ----------
    jobs : mapping
        Each is run once before the clock starts.
    repeats : int
        How often at most.
    seconds : float, optional
        After which no further round begins, from the third on.

    Returns
    -------
    dict of str to (float, float)
        Medians in milliseconds.
    """
    for job in jobs.values():
        job()
    taken: dict[str, list[Times]] = {name: [] for name in jobs}
    began = time.perf_counter()
    for number in range(repeats):
        if number > 2 and time.perf_counter() - began > seconds:
            break
        for name, job in jobs.items():
            taken[name].append(timed(job))
    return {name: middle(times) for name, times in taken.items()}


def timed(job: Job) -> Times:
    """Run a job and return its times in milliseconds."""
    wall, processor = time.perf_counter(), time.process_time()
    job()
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - processor)


def middle(times: list[Times]) -> Times:
    """Return the median of each clock."""
    return statistics.median(t[0] for t in times), statistics.median(t[1] for t in times)


def compared(
    found: Mapping[str, Times], ours: str, *, size: str, device: str, most: float = 0.0, by: str = "processor"
) -> list[Row]:
    """Return a row for ours, and one for each of the others with its ratio to ours."""
    rows = [Row(ours, size, device, *found[ours], most=most, by=by)]
    for name, times in found.items():
        if name != ours:
            rows.append(Row(name, size, device, *times, of=ours, ratio=times[1] / found[ours][1]))
    return rows


def cores(number: int) -> str:
    """Name a number of threads as a device."""
    return f"{number} core" if number == 1 else f"{number} cores"


def machine() -> str:
    """Return one line that says on what the times were taken."""
    name = next(
        (
            line.partition(":")[2].strip()
            for line in _lines(Path("/proc/cpuinfo"))
            if line.startswith("model name")
        ),
        platform.processor() or platform.machine(),
    )
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{name}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}{load}"


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []


def as_table(rows: list[Row]) -> str:
    """Return rows, all of one unit, as Markdown."""
    unit = rows[0].unit
    columns = ("clock", "processor") if unit == "ms" else ("peak", "before the film")
    lines = [
        f"| stage | size | device | {columns[0]}, {unit} | {columns[1]}, {unit} | beside | asked | reached |",
        "|---|---|---|---:|---:|---|---|---|",
    ]
    for row in rows:
        beside = f"{row.ratio:.2g} × {row.of}" if row.of else ""
        asked = f"≤ {row.most:.4g} {unit}, {columns[row.by != 'wall']}" if row.most else ""
        note = f" ({row.note})" if row.note else ""
        lines.append(
            f"| {row.stage}{note} | {row.size} | {row.device} | {_figure(row.wall)} | "
            f"{_figure(row.processor)} | {beside} | {asked} | {row.reached} |"
        )
    return "\n".join(lines)


def _figure(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"
