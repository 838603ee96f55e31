"""How long a bone scan takes to be saved as a case and brought back, and whether it comes back as it was.

python benchmarks/bone_cases.py [PATH...]     the packaged simulated scans when not given

Of each scan: the chain is run, one hotspot judged; then the case is gathered, written, read, its scan found
again, and the run brought back. Processor time (median of 9) beside the wall clock: on a busy machine only
the former says much. "same" compares the content keys of every value, journal, record and index.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari_tbcad.bone.cases import case_of, run_from, study_for
from napari_tbcad.bone.editing import set_label
from napari_tbcad.bone.workflow import finish, give_hotspots, history, start
from napari_tbcad.case import Case
from napari_tbcad.content import content_key
from napari_tbcad.io.scan_files import find_scans
from napari_tbcad.io.scans import read_study
from napari_tbcad.simulate.bone_samples import sample_scan_names, sample_scan_path

VALUES = ("scan", "quality", "regions", "hotspots", "table", "classes", "index")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path)
    paths = [path.absolute() for path in parser.parse_args().paths] or [
        sample_scan_path(name) for name in sample_scan_names()
    ]
    with tempfile.TemporaryDirectory() as folder:
        for files in find_scans(paths):
            run = start(read_study(files))
            judge(run)
            measure(files.name, run, Path(folder) / "scan.tbcad")


def judge(run: Any) -> None:
    finish(run)
    hotspots = run.get("hotspots")
    if hotspots.marks:
        give_hotspots(run, set_label(hotspots, [hotspots.marks[0].id], "normal"), tool="class")
    finish(run)


def measure(name: str, run: Any, path: Path) -> None:
    case = case_of(run)
    case.save(path)
    read = Case.load(path)
    study = study_for(read, path)
    print(f"{name}: {len(run.get('hotspots').marks)} hotspots, {path.stat().st_size / 1e6:.2f} MB")
    for what, step in {
        "gather": lambda: case_of(run),
        "write": lambda: case.save(path),
        "look (list)": lambda: Case.peek(path),
        "read": lambda: Case.load(path),
        "find the scan": lambda: study_for(read, path),
        "bring back": lambda: run_from(read, study),
    }.items():
        wall, processor = timed(step)
        print(f"  {what:14} processor {1e3 * processor:5.1f} ms, wall clock {1e3 * wall:5.1f} ms")
    print(f"  same: {facts(run) == facts(run_from(read, study))}")


def timed(step: Callable[[], Any], times: int = 9) -> tuple[float, float]:
    step()
    wall, processor = [], []
    for _ in range(times):
        began, used = time.perf_counter(), time.process_time()
        step()
        wall.append(time.perf_counter() - began)
        processor.append(time.process_time() - used)
    return statistics.median(wall), statistics.median(processor)


def facts(run: Any) -> Any:
    keys = [content_key(run.get(name, automatic=own)) for name in VALUES for own in (True, False)]
    return keys, run.journal, history(run), run.get("index"), run.settings


if __name__ == "__main__":
    main()
