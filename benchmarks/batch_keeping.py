"""What a run spends on keeping results, apart from the work on the studies, and what going on costs.

    python benchmarks/batch_keeping.py --films 500 2000 5000

Films have 512 x 512 pixels of 8 bits, and a job that computes nothing writes for each what ``chest run``
does: three files of 50 kB and 113 features. Printed per number of films: processor time a film of the first
run, that of a second run which finds everything finished, and the memory of the process after 50 films and
after all.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image

from napari_tbcad.batch.rows import Row
from napari_tbcad.batch.runs import run, under_way
from napari_tbcad.batch.runs.events import StudyEvent
from napari_tbcad.batch.runs.inputs import Study, chest_inputs
from napari_tbcad.batch.runs.job import Table
from napari_tbcad.chest.exports import RESULT_COLUMNS
from napari_tbcad.chest.feature_sets import feature_names

FOLDERS, BYTES, SIDE = ("masks", "overlays", "records"), 50_000, 512


@dataclass(frozen=True)
class NoWork:
    """Writes what a film leaves, without computing it."""

    out: Path
    kind: ClassVar[str] = "chest"
    tables: ClassVar = (Table("results", RESULT_COLUMNS), Table("features", ("file",), grows=True))

    def absolute(self) -> NoWork:
        """Return the job."""
        return self

    def require(self, studies: Sequence[Study]) -> None:
        """Make the folders."""
        for folder in FOLDERS:
            (self.out / folder).mkdir(parents=True, exist_ok=True)

    def load(self, *, try_out: bool = False) -> None:
        """Load nothing."""

    def settings(self) -> dict[str, str]:
        """Return what results depend on."""
        return {}

    def given(self, name: str) -> list[Path]:
        """Return no masks."""
        return []

    def work(self, study: Study) -> tuple[Row, list[Path]]:
        """Write a film's files and return its rows."""
        files = [self.out / folder / f"{study.name}.dat" for folder in FOLDERS]
        for path in files:
            path.write_bytes(study.name.encode() * (BYTES // len(study.name)))
        file = study.path.as_posix()
        features = {name: n / 7 for n, name in enumerate(feature_names("chandra113"))}
        result = {"file": file, "status": "ok", "message": "", "decision": "not_suspect", "probability": 0.1}
        return Row(result, {"features": [{"file": file, **features}]}), files


def resident() -> float:
    """Return the memory of this process in MB; not a number where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return float("nan")
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def films(folder: Path, number: int) -> list[Study]:
    """Write films that differ, as large as an 8-bit film of 512 pixels is."""
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
    for place in range(number):
        noise[0, :3] = place // 65536, place // 256 % 256, place % 256
        Image.fromarray(noise).save(folder / f"{place:06d}.bmp")
    return chest_inputs(folder)


def measure(home: Path, number: int) -> None:
    studies, job = films(home / "films", number), NoWork(home / "out")
    memory: list[float] = []

    def look(event: StudyEvent) -> None:
        if event.state == "done" and event.number in (49, number - 1):
            memory.append(resident())

    began = time.process_time()
    assert run.run_studies(studies, job, progress=look).done == number
    first = time.process_time() - began
    began, wall = time.process_time(), time.perf_counter()
    assert run.run_studies(studies, job).kept == number
    again, waited = time.process_time() - began, time.perf_counter() - wall
    print(
        f"{number:6d} films: first run {1e3 * first / number:.2f} ms CPU a film; going on {again:.2f} s CPU, "
        f"{waited:.2f} s in all; memory {memory[0]:.0f} MB after 50, {memory[-1]:.0f} MB after all "
        f"({100 * (memory[-1] / memory[0] - 1):+.1f} %)",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--films", type=int, nargs="+", default=[500, 2000])
    parser.add_argument("--folder", type=Path, help="Where to work [a temporary folder].")
    given = parser.parse_args()
    under_way.FEW = max(given.films)  # in this process: its memory and time are what is asked
    for number in given.films:
        with tempfile.TemporaryDirectory(dir=given.folder) as home:
            measure(Path(home), number)


if __name__ == "__main__":
    main()
