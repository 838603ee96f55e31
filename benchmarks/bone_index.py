"""The Bone Scan Index on simulated patients, whose true index is known.

python benchmarks/bone_index.py --data DIR            from true hotspots and regions, every rule and table
python benchmarks/bone_index.py --data DIR --chain    also with atlas regions, and fully automatic

DIR is a folder of ``napari-tbcad bone simulate --number 200 --seed 11 --out DIR``; it is made so where it is
missing. The true index is the volume share of the abnormal lesions in each region's bone, weighed by the
same table. Slope and intercept are of the estimate regressed on the truth by least squares; MAE is the mean
absolute error, bias the mean error, all in % of the skeleton's mass. The regions and hotspots of the truth
are those a perfect reader would draw on the pictures: a lesion that no view shows is no hotspot.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import get_args

import numpy as np
from scipy.stats import linregress

from napari_tbcad.batch.pool import each
from napari_tbcad.bone.bsi import IndexParameters, bone_scan_index
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.region_areas import Rule
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan
from napari_tbcad.io.labels import read_labels
from napari_tbcad.skeletal_mass import DEFAULT_WEIGHTS, WEIGHT_TABLES

NUMBER, SEED = 200, 11
DEFAULT_RULE: Rule = "mean"


@dataclass(frozen=True)
class Truth:
    """A simulated scan as read back from disk, with its truth."""

    name: str
    scan: BoneScan
    hotspots: Hotspots
    regions: SkeletonRegions
    index: dict[str, float]


def patients(folder: Path) -> list[Path]:
    """Return the truth files of a set; the set is made where it is missing."""
    if not (folder / "truth").is_dir():
        from napari_tbcad.simulate.bone_samples import write_simulated_scans

        print(f"simulating {NUMBER} patients, seed {SEED}, in {folder}")
        write_simulated_scans(folder, NUMBER, SEED)
    return sorted((folder / "truth").glob("*.json"))


def read_truth(path: Path) -> Truth:
    """Read a scan through the reader of ``bone run``, and its truth."""
    from napari_tbcad.bone.views import name_views
    from napari_tbcad.io.scans import read_study

    facts = json.loads(path.read_text(encoding="utf-8"))
    scan = name_views(read_study(path.parents[1] / "scans" / f"{path.stem}.dcm"))
    images = {
        kind: {view: read_labels(path.with_name(f"{path.stem}_{view}_{kind}.png")) for view in VIEWS}
        for kind in ("hotspots", "regions")
    }
    marks = [
        Mark(lesion["ids"][view], view, lesion["label"])
        for lesion in facts["lesions"]
        for view in VIEWS
        if lesion["ids"][view] is not None
    ]
    hotspots = Hotspots(**images["hotspots"], marks=tuple(marks))
    return Truth(path.stem, scan, hotspots, SkeletonRegions(**images["regions"]), facts["true_bsi"])


def measure(path: Path, *, chain: bool) -> dict[str, float]:
    """Return the indices of one patient by ``source/table/rule``, and the truth by ``true/table``."""
    truth = read_truth(path)
    row = {f"true/{table}": value for table, value in truth.index.items()}
    row |= _indices("truth", truth.scan, truth.hotspots, truth.regions)
    if chain:
        from bone_candidates import atlas_regions
        from napari_tbcad.bone.candidates_classical import classical

        regions = atlas_regions(truth.scan)
        row |= _indices("atlas", truth.scan, truth.hotspots, regions)
        row |= _indices("automatic", truth.scan, classical(truth.scan, regions), regions)
    return row


def _indices(source: str, scan: BoneScan, hotspots: Hotspots, regions: SkeletonRegions) -> dict[str, float]:
    return {
        f"{source}/{table}/{rule}": bone_scan_index(
            hotspots, regions, scan, IndexParameters(weights=table, combine=rule)
        ).value
        for table in WEIGHT_TABLES
        for rule in get_args(Rule)
    }


def line(name: str, estimate: np.ndarray, true: np.ndarray) -> str:
    """Return one line of the table."""
    fit = linregress(true, estimate)
    error = estimate - true
    return (
        f"{name:<34} r {fit.rvalue:.3f}  slope {fit.slope:.3f}  intercept {fit.intercept:+.3f}  "
        f"MAE {np.abs(error).mean():.3f}  bias {error.mean():+.3f}"
    )


def report(rows: list[dict[str, float]], *, chain: bool, say: Callable[[str], None] = print) -> None:
    """Print the tables."""

    def column(key: str) -> np.ndarray:
        return np.array([row[key] for row in rows])

    true = column(f"true/{DEFAULT_WEIGHTS}")
    with_lesions = true > 0
    say(
        f"{len(rows)} simulated patients, {np.count_nonzero(with_lesions)} with metastases; true index "
        f"({DEFAULT_WEIGHTS}) of those: median {np.median(true[with_lesions]):.2f} %, "
        f"90th percentile {np.quantile(true[with_lesions], 0.9):.2f} %, greatest {true.max():.2f} %"
    )
    say(f"\nfrom true hotspots and true regions, weights {DEFAULT_WEIGHTS}")
    for rule in get_args(Rule):
        say(line(rule, column(f"truth/{DEFAULT_WEIGHTS}/{rule}"), true))
    say(f"\nfrom true hotspots and true regions, rule {DEFAULT_RULE}, other tables")
    for table in WEIGHT_TABLES:
        if table != DEFAULT_WEIGHTS:
            say(line(table, column(f"truth/{table}/{DEFAULT_RULE}"), column(f"true/{table}")))
    if not chain:
        return
    for source, title in (
        ("atlas", "from true hotspots and atlas regions"),
        ("automatic", "fully automatic: candidates of the classical detector, atlas regions"),
    ):
        say(f"\n{title}, weights {DEFAULT_WEIGHTS}")
        for rule in get_args(Rule):
            say(line(rule, column(f"{source}/{DEFAULT_WEIGHTS}/{rule}"), true))
    clean = column(f"automatic/{DEFAULT_WEIGHTS}/{DEFAULT_RULE}")[~with_lesions]
    say(f"fully automatic on the {clean.size} patients without metastases: mean index {clean.mean():.3f} %")


def run(paths: Iterable[Path], *, chain: bool, workers: int) -> list[dict[str, float]]:
    """Measure all patients."""
    return list(each(partial(measure, chain=chain), list(paths), workers=workers))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--number", type=int, default=NUMBER, help="how many patients of the set")
    parser.add_argument("--chain", action="store_true", help="also with atlas regions, and fully automatic")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--rows", type=Path, help="JSON file that keeps every patient's numbers")
    options = parser.parse_args()
    began = time.perf_counter()
    rows = run(patients(options.data)[: options.number], chain=options.chain, workers=options.workers)
    if options.rows:
        options.rows.write_text(json.dumps(rows))
    report(rows, chain=options.chain)
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
