"""Processes are killed at any moment: what was finished is there, every file can be read, the rest is done.

The short form of benchmarks/kill.py, which does so two hundred times with real films, panels and trainings.
"""

from __future__ import annotations

import csv
import importlib
import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from napari_tbcad.batch.rows import Row
from napari_tbcad.batch.runs.inputs import Study
from napari_tbcad.batch.runs.job import Table
from napari_tbcad.batch.runs.run import run_studies
from napari_tbcad.case import Case, ImageReference, Reading
from napari_tbcad.files import written_whole
from napari_tbcad.journal import read_journal

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked, to be quick")
STUDIES, KILLS = 8, 5


@dataclass(frozen=True)
class SlowJob:
    """Writes a file for each study, slowly enough to be killed meanwhile."""

    out: Path

    kind: ClassVar[str] = "slow"
    tables: ClassVar = (Table("results", ("file", "status", "message", "value", "seconds")),)

    def absolute(self) -> SlowJob:
        return self

    def require(self, studies: Sequence[Study]) -> None:
        pass

    def load(self, *, try_out: bool = False) -> None:
        pass

    def settings(self) -> dict[str, Any]:
        return {}

    def given(self, name: str) -> list[Path]:
        return []

    def work(self, study: Study) -> tuple[Row, list[Path]]:
        path = self.out / "masks" / f"{study.name}.txt"
        with written_whole(path) as temporary, temporary.open("w") as file:
            for part in range(4):
                file.write(f"{study.name} {part}\n")
                file.flush()
                time.sleep(0.005)
        value = sum(study.path.read_bytes())
        return Row({"file": str(study.path), "status": "ok", "message": "", "value": value}), [path]


def killed(work: Callable[[], None], after: float) -> bool:
    """Do something in a process of its own and kill it; False when it had ended before."""
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join(after)
    process.kill()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def results(out: Path) -> list[dict[str, str]]:
    with (out / "results.csv").open(encoding="utf-8-sig", newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def told(path: Path) -> list[str]:
    """Return the studies a process said were done; half a line of one that was killed is left out."""
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def test_a_batch_that_is_killed_again_and_again_ends_as_one_that_was_not(tmp_path):
    studies = []
    for number in range(STUDIES):
        path = tmp_path / f"f{number}.png"
        path.write_bytes(bytes([number] * 9))
        studies.append(Study(path.stem, (path,)))
    began = time.perf_counter()
    run_studies(studies, SlowJob(tmp_path / "alone"))
    a_run = time.perf_counter() - began
    out, said, rng, kills = tmp_path / "out", tmp_path / "said", np.random.default_rng(0), 0

    def work() -> None:
        with said.open("a") as file:

            def tell(event: Any) -> None:
                if event.state == "done":
                    file.write(json.dumps(event.name) + "\n")
                    file.flush()

            run_studies(studies, SlowJob(out), progress=tell)

    for _ in range(KILLS):
        kills += killed(work, float(rng.uniform(0.1, 0.6)) * a_run)
        done = {line["name"]: line for line in read_journal(out / "run" / "journal.jsonl")}
        for name in told(said):
            assert name in done, "what was told as done is in the journal"
            for path, size, *_ in done[name]["files"]:
                assert (out / path).stat().st_size == size
        for table in out.glob("*.csv"):
            table.read_text(encoding="utf-8-sig")
    assert kills, "too slow a kill shows nothing"
    before = set(told(said))
    summary = run_studies(studies, SlowJob(out))
    assert (summary.kept + summary.done, summary.left) == (STUDIES, 0)
    assert summary.kept >= len(before)
    assert results(out) == results(tmp_path / "alone")
    for path in (tmp_path / "alone" / "masks").glob("f*"):
        assert (out / "masks" / path.name).read_bytes() == path.read_bytes()


def test_a_case_that_is_killed_while_it_is_saved_is_the_one_before_or_the_new_one(tmp_path):
    place = tmp_path / "one.tbcad"

    def case(number: int) -> Case:
        labels = {"sensitive": np.random.default_rng(number).integers(0, 3, (300, 300)).astype(np.uint8)}
        reading = Reading("A", "2026-11-22T02:00:00.000+00:00", "in progress", labels=labels)
        image = ImageReference("film.png", str(tmp_path / "film.png"), sha256="00", content_key="11")
        return Case("chest", {"film": image}, (reading,), values={"number": number})

    began = time.perf_counter()
    case(0).save(place)
    a_save = time.perf_counter() - began
    last, kills, rng = 0, 0, np.random.default_rng(1)

    def work() -> None:
        for number in range(last + 1, last + 1000):
            case(number).save(place)

    for _ in range(KILLS):
        kills += killed(work, float(rng.uniform(1, 9)) * a_save)
        now = Case.load(place)
        number = now.values["number"]
        assert number >= last
        np.testing.assert_array_equal(now.last.labels["sensitive"], case(number).last.labels["sensitive"])
        last = number
    assert kills == KILLS


def test_the_benchmark_kills_at_its_moment_and_not_at_the_next_line(monkeypatch):
    folder = Path(__file__).resolve().parents[1] / "benchmarks"
    if not folder.is_dir():
        pytest.skip("benchmarks/ is not beside the tests")
    monkeypatch.syspath_prepend(str(folder))
    pytest.importorskip("psutil", reason="the benchmark ends a family of processes by psutil")
    watched_of = importlib.import_module("kill_batch").Watched
    program = "import time; print('one', flush=True); time.sleep(60); print('two', flush=True)"
    watched = watched_of(subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True))
    try:
        assert watched.until(time.monotonic() + 30, first=re.compile("one"))
        began = time.monotonic()
        assert watched.until(began + 0.1)
        assert 0.1 <= time.monotonic() - began < 10
    finally:
        watched.process.kill()
    assert not watched.until(time.monotonic() + 30)
    assert watched.said == ["one"]
    assert watched.process.wait() == -signal.SIGKILL
