"""Measure everything docs/results.md reports: one command, an hour on two cores.

    python benchmarks/reach.py ../shared/data/chest --logs LOGS

Each part is a script of this folder and can be run alone; what it prints goes to the screen and to
LOGS/PART.txt. ``--only`` picks parts.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent


def parts(data: Path, logs: Path) -> dict[str, list[str]]:
    """Return name → command of every part."""
    cache, framed = str(logs / "tables"), str(logs / "framed")
    return {
        "verify": ["-m", "napari_tbcad.cli", "verify"],
        "import": [str(HERE / "import_time.py")],
        "features": [str(HERE / "features.py")],
        "lungs_otsu": [str(HERE / "lungs.py"), "--segmenter", "otsu", "--set", "jsrt"],
        "atlas_jsrt": [str(HERE / "atlas.py"), "--atlas", "jsrt", "--set", "jsrt"],
        "atlas_washed_out": [str(HERE / "atlas.py"), "--atlas", "jsrt", "--set", "jsrt-washed-out"],
        "atlas_packaged": [str(HERE / "atlas.py"), "--atlas", "packaged", "--set", "jsrt"],
        "atlas_pneumonia": [str(HERE / "atlas.py"), "--atlas", "jsrt", "--set", "pneumonia"],
        "lesion_coverage": [str(HERE / "lesion_coverage.py"), "--segmenter", "atlas"],
        "polarity": [str(HERE / "polarity.py"), str(data), "--every", "5"],
        "quality": [str(HERE / "quality.py"), str(data), "--every", "5"],
        "shape_stage": [str(HERE / "shape_stage.py"), str(data / "lung_outlines")],
        "reframe": [str(HERE / "reframe.py"), str(data), "--out", framed],
        "tb_sources": [str(HERE / "tb_sources.py"), str(data), "--framed", framed, "--cache", cache],
        "demonstration": [str(HERE / "demonstration.py"), str(data), "--framed", framed, "--cache", cache],
        "simulated_lesions": [str(HERE / "simulated_lesions.py")],
        "simulated_clear": [str(HERE / "simulated_lesions.py"), "--curve-only", "--contrast", "0.37"],
    }


def run_parts(commands: dict[str, list[str]], logs: Path, only: list[str] | None) -> None:
    """Run the parts one after the other, print and keep what they print; exit 1 when one failed."""
    logs.mkdir(parents=True, exist_ok=True)
    failed = []
    for name, command in commands.items():
        if only and name not in only:
            continue
        print(f"\n== {name}: python {' '.join(command)}", flush=True)
        began = time.monotonic()
        with (logs / f"{name}.txt").open("w", encoding="utf-8") as log:
            process = subprocess.Popen(
                [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            for line in process.stdout or ():
                print(line, end="", flush=True)
                log.write(line)
        if process.wait():
            failed.append(name)
        print(f"-- {name}: {time.monotonic() - began:.0f} s")
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


def main() -> None:
    """Run the parts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, nargs="?", default=Path("../shared/data/chest"))
    parser.add_argument("--logs", type=Path, default=Path("reach_logs"))
    parser.add_argument("--only", nargs="*", help="names of parts")
    options = parser.parse_args()
    run_parts(parts(options.data, options.logs), options.logs, options.only)


if __name__ == "__main__":
    main()
