"""Why the slope of the index is what it is: area share over volume share of single metastases, by size.

``python benchmarks/bone_index_sizes.py --data DIR``: DIR as for benchmarks/bone_index.py. For every simulated
metastasis the share of its region that its true hotspots take (mean over the views that show the region, 0
where it is not seen) is divided by the share of its region's bone volume that it holds. 1 would make an index
from areas equal the index from volumes.
"""

from __future__ import annotations

import argparse
import json
from itertools import pairwise
from pathlib import Path

import numpy as np

from bone_index import patients
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.io.labels import read_labels
from napari_tbcad.schemes import REGION_IDS

RADII_MM = (8.0, 9.0, 11.0, 14.0, 30.0)


def lesions_of(path: Path) -> list[tuple[float, float, float, int]]:
    """Return (mean half axis in mm, area share, volume share, views that show it) of each metastasis."""
    facts = json.loads(path.read_text(encoding="utf-8"))
    found = [lesion for lesion in facts["lesions"] if lesion["label"] == "abnormal" and lesion["region"]]
    if not found:
        return []
    spots, regions = (
        {view: read_labels(path.with_name(f"{path.stem}_{view}_{kind}.png")) for view in VIEWS}
        for kind in ("hotspots", "regions")
    )
    rows = []
    for lesion in found:
        number = REGION_IDS[lesion["region"]]
        shares = []
        for view in VIEWS:
            region = regions[view] == number
            if region.any():
                mark = lesion["ids"][view]
                shares.append(0.0 if mark is None else (region & (spots[view] == mark)).sum() / region.sum())
        seen = sum(lesion["ids"][view] is not None for view in VIEWS)
        volume = lesion["shares"].get(lesion["region"], 0.0)
        if shares and volume > 0:
            rows.append((float(np.mean(lesion["radius_mm"])), float(np.mean(shares)), volume, seen))
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--number", type=int, default=200, help="how many patients of the set")
    options = parser.parse_args()
    rows = np.array([row for path in patients(options.data)[: options.number] for row in lesions_of(path)])
    print(f"{len(rows)} simulated metastases; sums of area shares over sums of volume shares")
    for low, high in pairwise(RADII_MM):
        part = rows[(rows[:, 0] >= low) & (rows[:, 0] < high)]
        if len(part):
            ratio = part[:, 1].sum() / part[:, 2].sum()
            print(
                f"half axis {low:4.0f}–{high:.0f} mm: {len(part):4d}, area/volume {ratio:.2f}, "
                f"seen in no view {np.mean(part[:, 3] == 0):.0%}, in both {np.mean(part[:, 3] == 2):.0%}"
            )
    print(f"all: area/volume {rows[:, 1].sum() / rows[:, 2].sum():.2f}")


if __name__ == "__main__":
    main()
