"""Seconds from file to result for one pair of views, by stage, warm; and for simulating one.

``python benchmarks/bone_speed.py [SCANS ...] [--repeats 7]``: the packaged samples where nothing is given.
Medians over repeats after one warm-up, everything read and written as ``bone run`` does, in this process.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from napari_tbcad.batch.scans import BoneJob, bone_scan_row
from napari_tbcad.bone.workflow import CHAIN, BoneSettings, start
from napari_tbcad.io.scan_files import ScanFiles, find_scans
from napari_tbcad.io.scans import read_study
from napari_tbcad.simulate.bone_samples import sample_scan_names, sample_scan_path
from napari_tbcad.simulate.bone_scan import simulate_scan


def by_stage(item: ScanFiles) -> dict[str, float]:
    """Return the seconds of reading and of every stage of the chain."""
    began = time.perf_counter()
    study = read_study(item)
    seconds = {"read": time.perf_counter() - began}
    run = start(study, BoneSettings())
    for stage in CHAIN.stages:
        began = time.perf_counter()
        run.compute(stage.writes)
        seconds[stage.name] = time.perf_counter() - began
    return seconds


def main() -> None:
    """Time the scans, then the simulator."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scans", nargs="*", type=Path)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    scans = find_scans(options.scans or [sample_scan_path(name) for name in sample_scan_names()])
    with tempfile.TemporaryDirectory() as folder:
        job = BoneJob(Path(folder))
        for item in scans:
            bone_scan_row(item, job)
            whole = []
            for _ in range(options.repeats):
                began = time.perf_counter()
                row = bone_scan_row(item, job)
                whole.append(time.perf_counter() - began)
                assert row.ok, row.result["message"]
            print(f"{item.name}: median {statistics.median(whole):.2f} s, slowest {max(whole):.2f} s")
            stages = [by_stage(item) for _ in range(options.repeats)]
            parts = {name: statistics.median(times[name] for times in stages) for name in stages[0]}
            print("   " + ", ".join(f"{name} {seconds:.3f}" for name, seconds in parts.items()))
    times = []
    for seed in range(options.repeats + 1):
        began = time.perf_counter()
        simulate_scan(seed=seed)
        times.append(time.perf_counter() - began)
    print(f"one pair simulated: median {statistics.median(times[1:]):.2f} s, slowest {max(times[1:]):.2f} s")


if __name__ == "__main__":
    main()
