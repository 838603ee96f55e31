"""How long `napari-tbcad chest evaluate` takes on a set of Shenzhen's layout and size.

    python benchmarks/evaluate_time.py make ../shared/data/chest/tb_multisource FOLDER [--films 662]
    python benchmarks/evaluate_time.py run FOLDER OUT [--workers 2] [more options of chest evaluate]

The first makes ChinaSet_AllFiles/CXR_png/CHNCXR_####_[01].png and the clinical readings beside them: films
of tb_multisource brought to 2000 to 3000 pixels with grain, so that the files are as large as real ones. They
are for timing alone; their scores mean nothing for Shenzhen. The second runs the command in a process of its
own and prints wall time, processor time and memory of it and its workers, and the machine's load.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from napari_tbcad.io.datasets import load_dataset

TB_SHARE = 336 / 662
PLACE = Path("ChinaSet_AllFiles")


def make(source: Path, folder: Path, films: int) -> None:
    """Write the made set; films that are there already stay, so that it can be gone on with."""
    rows = load_dataset(source).labelled().rows
    generator = np.random.default_rng(0)
    sick = [row for row in rows if row.label == 1]
    normal = [row for row in rows if row.label == 0 and row.source == "normal_rsna"]
    n_tb = round(films * TB_SHARE)
    chosen = [
        (label, pool[int(i)])
        for label, pool, number in ((0, normal, films - n_tb), (1, sick, n_tb))
        for i in generator.permutation(len(pool))[:number]
    ]
    images, readings = folder / PLACE / "CXR_png", folder / PLACE / "ClinicalReadings"
    images.mkdir(parents=True, exist_ok=True)
    readings.mkdir(exist_ok=True)
    for number, (label, row) in enumerate(chosen, start=1):
        name = f"CHNCXR_{number:04d}_{label}"
        age, sex = int(generator.integers(18, 80)), ("male", "female")[int(generator.integers(2))]
        finding = "PTB in the right upper field" if label else "normal"
        (readings / f"{name}.txt").write_text(f"{sex} {age}yrs\n{finding}\n", encoding="utf-8")
        width, height = (int(v) for v in generator.integers(2000, 3001, 2))
        if not (images / f"{name}.png").is_file():
            write_film(row.path, images / f"{name}.png", (width, height), number)


def write_film(source: Path, path: Path, size: tuple[int, int], seed: int) -> None:
    """Enlarge a film and add grain, without which a PNG would be far smaller than a real one."""
    with Image.open(source) as image:
        large = np.asarray(image.convert("L").resize(size, Image.Resampling.BICUBIC), dtype=np.float32)
    grain = np.random.default_rng(seed).standard_normal(large.shape, dtype=np.float32) * 2.5
    pixels = np.clip(large + grain, 0, 255).astype(np.uint8)
    temporary = path.with_suffix(".part")
    Image.fromarray(pixels).save(temporary, format="PNG", compress_level=3)
    temporary.replace(path)


def run(folder: Path, out: Path, more: list[str]) -> None:
    """Run the command and print what it took."""
    command = [sys.executable, "-m", "napari_tbcad.cli", "chest", "evaluate", str(folder), "--out", str(out)]
    loads, began = [os.getloadavg()[0]], time.monotonic()
    child = subprocess.Popen([*command, *more])
    seconds: dict[int, float] = {}
    memory = 0.0
    while child.poll() is None:
        time.sleep(2)
        loads.append(os.getloadavg()[0])
        now = used_by(child.pid)
        seconds |= {pid: spent for pid, (spent, _) in now.items()}
        memory = max(memory, sum(held for _, held in now.values()))
    print(
        f"exit code {child.returncode}; wall {(time.monotonic() - began) / 60:.1f} min; processor, all "
        f"processes, {sum(seconds.values()) / 60:.1f} min; memory, all processes, at most "
        f"{memory / 2**30:.2f} GiB; load of the machine {np.mean(loads):.1f} on {os.cpu_count()} cores "
        f"(from {min(loads):.1f} to {max(loads):.1f})"
    )


def used_by(pid: int) -> dict[int, tuple[float, float]]:
    """Return processor seconds and resident bytes of a process and its descendants, by process."""
    found: dict[int, tuple[float, float]] = {}
    try:
        parent = psutil.Process(pid)
        processes = [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return found
    for process in processes:
        try:
            times = process.cpu_times()
            found[process.pid] = (times.user + times.system, float(process.memory_info().rss))
        except psutil.NoSuchProcess:
            continue
    return found


def main() -> None:
    """Make or run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = parser.add_subparsers(dest="what", required=True)
    making = parts.add_parser("make")
    making.add_argument("source", type=Path)
    making.add_argument("folder", type=Path)
    making.add_argument("--films", type=int, default=662)
    running = parts.add_parser("run")
    running.add_argument("folder", type=Path)
    running.add_argument("out", type=Path)
    chosen, more = parser.parse_known_args()
    if chosen.what == "make":
        make(chosen.source, chosen.folder, chosen.films)
    else:
        run(chosen.folder, chosen.out, more)


if __name__ == "__main__":
    main()
