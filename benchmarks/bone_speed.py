"""How long ``bone run`` takes for a pair, warm, in one process.

python benchmarks/bone_speed.py [PATH...]     two-frame DICOM of ../shared/data/bone/pairs when not given

Reading, views, regions, hotspots, index, label images, picture and record of each scan; the first scan warms
up and is not counted. Processor time beside the wall clock: on a busy machine only the former says much.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from napari_tbcad.batch.scans import BoneJob, scan_done
from napari_tbcad.io.scan_files import ScanFiles, find_scans

PAIRS = Path(__file__).resolve().parents[2] / "shared" / "data" / "bone" / "pairs" / "dicom"


def scan_times(scans: Sequence[ScanFiles], job: BoneJob) -> list[tuple[float, float]]:
    """Return the seconds of each scan by the clock and of processor time."""
    times = []
    for scan in scans:
        began, used = time.perf_counter(), time.process_time()
        scan_done(scan, job)
        times.append((time.perf_counter() - began, time.process_time() - used))
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path, default=[PAIRS])
    scans = find_scans(parser.parse_args().paths)
    with tempfile.TemporaryDirectory() as folder:
        wall, processor = zip(*scan_times(scans, BoneJob(Path(folder))), strict=True)
    print(
        f"{len(scans) - 1} pairs: wall clock median {statistics.median(wall[1:]):.2f} s, greatest "
        f"{max(wall[1:]):.2f} s; processor median {statistics.median(processor[1:]):.2f} s; the first took "
        f"{wall[0]:.2f} s"
    )


if __name__ == "__main__":
    main()
