"""How fast ``chest run`` is over many films, and whether its memory stays flat.

python benchmarks/batch.py [--what start workers dask memory idle] [--films 100] [--rounds 3]

start    until the first film is done: memory and processor time of the run's own process and of its workers
workers  a plain loop over the films, then runs with 1 and 2 local processes, one thread each
dask     2 local processes against a Dask cluster of 2 processes on this machine (500 films)
memory   2000 films with 2 processes: memory of the parent and its workers, speed and overhead as it grows,
         then the same run again with nothing left to do
idle     what the pool itself costs: items that do nothing, and items that sleep

The films are the real ones of ../shared/data/chest with 512 pixels and simulated ones, each under a name of
its own and with one pixel changed, so that no two are the same. Every run is a fresh process; those that are
compared take turns. Processor time beside the wall clock: on a busy machine only the former says much.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice, pairwise
from pathlib import Path
from typing import Any

from napari_tbcad.batch.workers import ONE_THREAD

CHEST = Path(__file__).resolve().parents[2] / "shared" / "data" / "chest"
SOURCES = ("jsrt", "nih_sample", "pneumonia_lesions", "shenzhen_sample")
SIMULATED = 16
STARTED = 12
"""Films of a run whose start is measured: so many that they are not done in the run's own process."""
MARKS = (50, 100, 500, 1000, 2000)
SETTINGS = {"lungs.segmenter": "network"}


def make_films(folder: Path, number: int) -> None:
    """Write `number` films, no two of which are the same."""
    import numpy as np
    from PIL import Image

    simulated = folder.parent / "simulated"
    program = [sys.executable, "-c", "from napari_tbcad.cli import main; main()"]
    command = [*program, "chest", "simulate", "--number", str(SIMULATED), "--out", str(simulated)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    real = [path for source in SOURCES for path in sorted((CHEST / source / "images").glob("*.png"))]
    films = _mixed(
        [path for path in real if max(Image.open(path).size) == 512],
        sorted((simulated / "films").glob("*.png")),
    )
    folder.mkdir()
    for number_, path in enumerate(islice(cycle(films), number)):
        pixels = np.array(Image.open(path).convert("L"))
        pixels.flat[number_] ^= 1
        Image.fromarray(pixels).save(folder / f"{number_:05d}_{path.stem}.png", compress_level=1)


def _mixed(real: Sequence[Path], simulated: Sequence[Path]) -> list[Path]:
    """Spread the simulated films among the real ones."""
    step = len(real) // len(simulated)
    return [film for i, one in enumerate(simulated) for film in (*real[i * step : (i + 1) * step], one)]


class Usage:
    """Memory and processor time of this process and all below it, sampled after each film."""

    def __init__(self) -> None:
        import psutil

        self._me = psutil.Process()
        self._known: dict[int, Any] = {}
        self._used: dict[int, float] = {}
        self.began = time.perf_counter()
        self.marks: list[dict[str, float]] = []
        self._parent = self._workers = 0.0
        self.done = 0

    def tick(self) -> None:
        """Take a sample; remember a mark where one is due."""
        self.done += 1
        parent, workers = self._sample()
        self._parent, self._workers = max(self._parent, parent), max(self._workers, workers)
        if self.done in MARKS or self.done == 1:
            self.mark()

    def mark(self) -> None:
        """Remember the greatest memory since the last mark."""
        self._sample()
        used = self._me.cpu_times()
        self.marks.append(
            {
                "films": self.done,
                "seconds": time.perf_counter() - self.began,
                "parent_mb": self._parent,
                "workers_mb": self._workers,
                "parent_cpu": used.user + used.system,
                "cpu": used.user + used.system + sum(self._used.values()),
            }
        )
        said = {name: round(value, 1) for name, value in self.marks[-1].items()}
        print(f"  {said}", file=sys.stderr, flush=True)
        self._parent = self._workers = 0.0

    def _sample(self) -> tuple[float, float]:
        import psutil

        workers = 0.0
        for process in self._me.children(recursive=True):
            process = self._known.setdefault(process.pid, process)
            try:
                with process.oneshot():
                    workers += process.memory_info().rss / 1e6
                    times = process.cpu_times()
                    self._used[process.pid] = times.user + times.system
            except psutil.Error:
                continue
        return self._me.memory_info().rss / 1e6, workers


def run_one(way: str, films: Path, out: Path, number: int, scheduler: str | None) -> dict[str, Any]:
    """Take the films through the chain in one way; called in a fresh process."""
    from napari_tbcad.batch.films import ChestJob
    from napari_tbcad.batch.runs.inputs import chest_inputs
    from napari_tbcad.batch.runs.run import run_studies

    studies = chest_inputs(sorted(films.iterdir())[:number])
    job = ChestJob(out, "demonstration", SETTINGS)
    usage = Usage()
    failed = 0
    if way == "plain":
        for study in studies:
            job.work(study)
            usage.tick()
    else:
        summary = run_studies(
            studies,
            job,
            workers=0 if scheduler else int(way),
            scheduler=scheduler,
            progress=lambda event: usage.tick() if event.state in ("done", "failed") else None,
        )
        failed = summary.failed
    usage.mark()
    return {"marks": usage.marks, "failed": failed}


def fresh(way: str, films: Path, out: Path, number: int, scheduler: str = "") -> dict[str, Any]:
    """Return what :func:`run_one` says in a process of its own with one thread."""
    command = [sys.executable, __file__, "--one", way, str(films), str(out), str(number), scheduler]
    said = subprocess.run(
        command, env={**os.environ, **ONE_THREAD}, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    result: dict[str, Any] = json.loads(said.splitlines()[-1])
    if result["failed"]:
        print(f"  {result['failed']} films failed")
    return result


def compare(films: Path, ways: dict[str, tuple[str, str]], number: int, rounds: int) -> None:
    """Print wall and processor time of several ways that take turns."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, (way, scheduler) in ways.items():
            with tempfile.TemporaryDirectory() as out:
                first, *_between, last = fresh(way, films, Path(out), number, scheduler)["marks"]
            rate = (number - 1) / (last["seconds"] - first["seconds"])
            runs[name].append({"rate": rate, "seconds": last["seconds"], "cpu": last["cpu"] / number})
    print(f"{number} films, {rounds} rounds, medians; {_load()}")
    print("way                  whole run   first film to last   processor time a film")
    for name, some in runs.items():
        wall, rate, used = (statistics.median(run[key] for run in some) for key in ("seconds", "rate", "cpu"))
        print(f"{name:20} {wall:7.1f} s {rate:13.2f} films/s {used:19.3f} s")
    base, *others = runs
    for other in others:
        whole = _ratio([(b["seconds"], a["seconds"]) for a, b in _pairs(runs, other, base)])
        steady = _ratio([(a["rate"], b["rate"]) for a, b in _pairs(runs, other, base)])
        print(f"{other} against {base}: whole run {whole}; first film to last {steady}")


def _pairs(
    runs: dict[str, list[dict[str, float]]], one: str, base: str
) -> Iterator[tuple[dict[str, float], dict[str, float]]]:
    yield from zip(runs[one], runs[base], strict=True)


def _ratio(pairs: Sequence[tuple[float, float]]) -> str:
    ratios = [a / b for a, b in pairs]
    return f"{statistics.median(ratios):.2f} × as fast ({min(ratios):.2f} to {max(ratios):.2f})"


def _load() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"


def show_memory(films: Path, number: int) -> None:
    """Print memory and speed as the number of films grows, and what a second run costs."""
    with tempfile.TemporaryDirectory() as out:
        marks = fresh("2", films, Path(out), number)["marks"]
        print(f"{number} films, 2 processes; {_load()}. Greatest memory since the line before")
        print(" films   seconds   films/s   parent MB   workers MB   all MB   parent's ms of CPU a film")
        for before, mark in pairwise(marks):
            more, spent = mark["films"] - before["films"], mark["seconds"] - before["seconds"]
            if not more:
                continue
            used, whole = mark["parent_cpu"] - before["parent_cpu"], mark["parent_mb"] + mark["workers_mb"]
            print(
                f"{mark['films']:6.0f} {mark['seconds']:9.1f} {more / spent:9.2f} {mark['parent_mb']:11.0f} "
                f"{mark['workers_mb']:12.0f} {whole:8.0f} {1e3 * used / more:12.1f}"
            )
        began = time.perf_counter()
        fresh("2", films, Path(out), number)
        print(f"the same again, nothing left to do: {time.perf_counter() - began:.1f} s")


def show_start(films: Path, rounds: int) -> None:
    """Print what it takes until the first of some films is done."""
    print(f"until the first of {STARTED} films, {rounds} rounds, medians; {_load()}")
    print("processes   seconds   parent MB   parent's CPU   workers MB   workers' CPU")
    for way in ("1", "2"):
        firsts = []
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as out:
                firsts.append(fresh(way, films, Path(out), STARTED)["marks"][0])
        wall, parent, own, workers, cpu = (
            statistics.median(first[key] for first in firsts)
            for key in ("seconds", "parent_mb", "parent_cpu", "workers_mb", "cpu")
        )
        print(f"{way:9} {wall:7.1f} s {parent:11.0f} {own:12.1f} s {workers:12.0f} {cpu - own:12.1f} s")


def show_idle(scheduler: str) -> None:
    """Print what an item costs that takes no time, and what is lost of items that sleep."""
    from napari_tbcad.batch.pool import each_as_done

    ways: dict[str, dict[str, Any]] = {"2 processes": {"workers": 2}, "Dask": {"scheduler": scheduler}}
    for name, options in ways.items():
        for nap, number in ((0.0, 2000), (0.2, 200)):
            outcomes = each_as_done(time.sleep, [nap] * number, **options)
            next(outcomes)
            began = time.perf_counter()
            counted = sum(1 for _ in outcomes)
            took = 1e3 * (time.perf_counter() - began) / counted
            print(
                f"{name:12} items of {1e3 * nap:3.0f} ms: {took:6.2f} ms an item, {500 * nap:.0f} ms at best"
            )


@contextmanager
def cluster() -> Iterator[str]:
    """Hold a Dask cluster of two processes with one thread each; yield its scheduler's address."""
    from distributed import LocalCluster

    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": "127.0.0.1:0"}
    with LocalCluster(protocol="tcp", host="127.0.0.1", **options) as one:
        yield one.scheduler_address


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--what", nargs="+", default=["start", "workers", "dask", "memory", "idle"])
    parser.add_argument("--films", type=int, default=100, help="of the comparison of workers [100]")
    parser.add_argument("--dask-films", type=int, default=500)
    parser.add_argument("--memory-films", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    needed = {
        "start": STARTED,
        "workers": given.films,
        "dask": given.dask_films,
        "memory": given.memory_films,
    }
    with tempfile.TemporaryDirectory() as folder:
        films = Path(folder) / "films"
        if most := max((needed.get(what, 0) for what in given.what), default=0):
            make_films(films, most)
        if "start" in given.what:
            show_start(films, given.rounds)
        if "workers" in given.what:
            ways = {"1 process": ("1", ""), "2 processes": ("2", ""), "plain loop": ("plain", "")}
            compare(films, ways, given.films, given.rounds)
        if "dask" in given.what or "idle" in given.what:
            with cluster() as address:
                if "dask" in given.what:
                    ways = {"2 processes": ("2", ""), "Dask, 2 processes": ("dask", address)}
                    compare(films, ways, given.dask_films, given.rounds)
                if "idle" in given.what:
                    show_idle(address)
        if "memory" in given.what:
            show_memory(films, given.memory_films)
        shutil.rmtree(films, ignore_errors=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        way, films, out, number, scheduler = sys.argv[2:]
        print(json.dumps(run_one(way, Path(films), Path(out), int(number), scheduler or None)))
    else:
        main()
