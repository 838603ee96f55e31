"""Measure everything docs/results.md reports of bone scans: one command, about half an hour on two cores.

    python benchmarks/bone_reach.py ../shared/data/bone --logs bone_logs

Each part is a script of this folder and can be run alone; what it prints goes to the screen and to
LOGS/PART.txt. ``--only`` picks parts. The simulated patients are made once, in LOGS/patients; parts named
``simulated_…`` see those or others like them. The scripts of regions and candidates always read the real
pairs in ../shared/data/bone.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from reach import HERE, run_parts

PATIENTS, SEED = 200, 11


def parts(data: Path, logs: Path) -> dict[str, list[str]]:
    """Return name → command of every part."""
    patients = logs / "patients"
    simulate = ["-m", "napari_tbcad.cli", "bone", "simulate", "--number", str(PATIENTS), "--seed", str(SEED)]
    bone = {name: str(HERE / f"bone_{name}.py") for name in ("views", "simulator", "index", "regions")}
    bone |= {name: str(HERE / f"bone_{name}.py") for name in ("hotspots", "candidates", "speed")}
    return {
        "views": [bone["views"], str(data)],
        "real_ratios_and_simulated": [bone["simulator"], "--real", str(data / "pairs")],
        "simulated_patients": [*simulate, "--out", str(patients)],
        "simulated_index": [bone["index"], "--data", str(patients), "--chain", "--workers", "2"],
        "simulated_sizes": [str(HERE / "bone_index_sizes.py"), "--data", str(patients)],
        "simulated_regions": [bone["regions"], "--set", "simulated"],
        "real_regions": [bone["regions"], "--set", "silver"],
        "hotspots": [bone["hotspots"], "--shared", str(data.parent), "--patients", "40"],
        "real_candidates": [bone["candidates"], "measure", "--regions", "atlas"],
        "simulated_candidates": [str(HERE / "bone_candidates_simulated.py"), "--data", str(patients)],
        "speed": [bone["speed"], str(data / "pairs" / "dicom")],
    }


def main() -> None:
    """Run the parts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, nargs="?", default=Path("../shared/data/bone"))
    parser.add_argument("--logs", type=Path, default=Path("bone_logs"))
    parser.add_argument("--only", nargs="*", help="names of parts")
    options = parser.parse_args()
    run_parts(parts(options.data, options.logs), options.logs, options.only)


if __name__ == "__main__":
    main()
