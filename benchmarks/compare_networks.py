"""The comparison of hotspot networks that docs/comparison.md reports: its data, and the command that runs it.

    napari-tbcad bone simulate --number 450 --seed 6001 --out DATA/simulated_a
    python benchmarks/compare_networks.py sets --data DATA
    napari-tbcad networks compare DATA/compare.yaml --out COMPARED

Real pairs: the 48 of ../shared/data/bone/pairs, whose labels are *another program's output, not physicians'*.
Every other patient of the sorted list is tested, and so are the last 100 of the simulated ones. True regions
of simulated scans and silver regions of real ones carry the index, so that its error is that of hotspots.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bone_candidates import PAIRS, SHORT, patients
from bone_networks import CONFIGS, REAL, real_labels
from napari_tbcad.files import write_csv
from napari_tbcad.io.labels import write_labels

COLUMNS = ("image", "label", "regions", "patient", "view", "fold")
TESTED, REST = 0, 1
SIMULATED = "simulated_a"
N_TESTED = 100


def write_sets(data: Path) -> None:
    """Write label images of the real pairs, the tables of both sets and the configuration."""
    write_csv(data / REAL / "compared.csv", COLUMNS, list(real_rows(data / REAL)))
    write_csv(data / SIMULATED / "compared.csv", COLUMNS, list(simulated_rows(data / SIMULATED)))
    shutil.copy(CONFIGS / "compare.yaml", data / "compare.yaml")


def real_rows(out: Path) -> Iterator[dict[str, Any]]:
    """Yield one row a view of the real pairs; writes its label images."""
    for place, number in enumerate(patients()):
        kinds = {kind: real_labels(number, kind) for kind in ("classes", "regions")}
        for view, short in SHORT.items():
            for kind, labels in kinds.items():
                write_labels(out / kind / f"{number}_{short}.png", labels[view])
            yield {
                "image": str(PAIRS / "png" / f"{number}_{short}.png"),
                "label": f"classes/{number}_{short}.png",
                "regions": f"regions/{number}_{short}.png",
                "patient": number,
                "view": view,
                "fold": TESTED if place % 2 else REST,
            }


def simulated_rows(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield one row a view of a set of ``bone simulate``."""
    names = [path.stem for path in sorted((folder / "truth").glob("*.json"))]
    for number, name in enumerate(names):
        for view, short in SHORT.items():
            yield {
                "image": f"{name}_{short}.png",
                "label": f"truth/{name}_{view}_classes.png",
                "regions": f"truth/{name}_{view}_regions.png",
                "patient": f"simulated/{name}",
                "view": view,
                "fold": TESTED if number >= len(names) - N_TESTED else REST,
            }


def main() -> None:
    """Write the sets."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=("sets",))
    parser.add_argument("--data", type=Path, required=True)
    write_sets(parser.parse_args().data.absolute())


if __name__ == "__main__":
    main()
