"""Dice of the skeleton regions, by region and view.

``python benchmarks/bone_regions.py --set simulated`` (held-out simulated persons with lesions and noise) or
``--set silver`` (the real pairs; their reference is another program's output, not a physician's). The two
say different things and are never put in one table. ``--segmenter network`` asks a network instead of the
atlas; the packaged one learned from the real pairs (out of fold: benchmarks/bone_network_regions.py).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import imageio.v3 as iio
import numpy as np
from numpy.typing import NDArray

from napari_tbcad.bone.region_segmenters import REGION_SEGMENTERS
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.bone.skeleton import (
    RegionParameters,
    SkeletonAtlas,
    find_regions,
    load_skeleton_atlas,
    packaged_skeleton_atlas,
)
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan, ScanView
from napari_tbcad.record import Parameters
from napari_tbcad.schemes import REGION_NAMES
from napari_tbcad.simulate.bone_scan import simulate_scan

PAIRS = Path(__file__).resolve().parents[2] / "shared" / "data" / "bone" / "pairs"
FIRST_SEED = 920_000
LEAST = 50  # pixels: a region smaller than that in the reference is not scored

Pair = tuple[BoneScan, SkeletonRegions]


def simulated(number: int) -> Iterator[Pair]:
    """Simulated persons that are not in the atlas."""
    for seed in range(FIRST_SEED, FIRST_SEED + number):
        one = simulate_scan(seed=seed)
        yield one.scan, SkeletonRegions(one.regions["anterior"], one.regions["posterior"])


def silver(number: int) -> Iterator[Pair]:
    """The real pairs with regions made by a network."""
    names = sorted(path.name[: -len("_ant.png")] for path in (PAIRS / "png").glob("*_ant.png"))
    for name in (
        names[i] for i in np.linspace(0, len(names) - 1, min(number, len(names))).round().astype(int)
    ):
        views = [ScanView(iio.imread(PAIRS / "png" / f"{name}_{end}.png")) for end in ("ant", "post")]
        drawn = [iio.imread(PAIRS / "region12_silver" / f"{name}_{end}.png") for end in ("ant", "post")]
        yield BoneScan(*views, unit="grey", source=name), SkeletonRegions(*drawn)


SETS = {"simulated": simulated, "silver": silver}


def region_dice(found: NDArray[np.uint8], reference: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Dice (12,) of each region; NaN where the reference has at most 50 pixels."""
    result = np.full(len(REGION_NAMES), np.nan)
    for number in range(1, len(REGION_NAMES) + 1):
        own, drawn = found == number, reference == number
        if drawn.sum() > LEAST:
            result[number - 1] = 2 * (own & drawn).sum() / (own.sum() + drawn.sum())
    return result


def measure(pairs: Iterator[Pair], atlas: SkeletonAtlas, parameters: Parameters) -> list[dict]:
    rows = []
    for scan, reference in pairs:
        wall, processor = time.perf_counter(), time.process_time()
        found = find_regions(scan, atlas, parameters)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        scores = [region_dice(found.labels(view), reference.labels(view)) for view in VIEWS]  # type: ignore[arg-type]
        rows.append(
            {
                "scan": scan.source,
                "dice": np.array(scores),
                "scores": [found.scores[view] for view in VIEWS],
                "seconds": (wall, processor),
                "warnings": found.warnings,
            }
        )
    return rows


def report(rows: list[dict], worst: int) -> None:
    dice = np.array([row["dice"] for row in rows])  # scan, view, region
    print(f"{'region':10} {'anterior':>15} {'posterior':>15}   mean, median")
    for k, name in enumerate(REGION_NAMES):
        cells = []
        for v in range(2):
            column = dice[:, v, k]
            column = column[np.isfinite(column)]
            cells.append(f"{column.mean():7.3f} {np.median(column):7.3f}" if len(column) else f"{'':15}")
        print(f"{name:10} {cells[0]} {cells[1]}")
    by_view = [dice[:, v][np.isfinite(dice[:, v])] for v in range(2)]
    print(f"{'mean':10} " + " ".join(f"{v.mean():7.3f} {np.median(v):7.3f}" for v in by_view))
    scored = dice[np.isfinite(dice)]
    print(
        f"all: mean {scored.mean():.4f}, median {np.median(scored):.4f} of {len(scored)}; {len(rows)} scans"
    )
    wall, processor = np.median([row["seconds"] for row in rows], axis=0)
    print(f"both views: {wall:.2f} s, {processor:.2f} s of processor (medians)")
    print(f"score, lowest and median: {np.quantile([row['scores'] for row in rows], [0, 0.5]).round(3)}")
    print(f"scans with a warning: {sum(bool(row['warnings']) for row in rows)}")
    for row in sorted(rows, key=lambda row: np.nanmean(row["dice"]))[:worst]:
        views = "  ".join(
            f"{np.nanmean(d):.3f} (score {s:.2f})" for d, s in zip(row["dice"], row["scores"], strict=True)
        )
        print(f"  {row['scan']}: {views}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", choices=sorted(SETS), default="simulated")
    parser.add_argument("--number", type=int, default=48, help="scans")
    parser.add_argument("--atlas", type=Path, help="another atlas than the packaged one")
    parser.add_argument("--persons", type=int, default=RegionParameters().atlas.persons)
    parser.add_argument("--segmenter", choices=sorted(REGION_SEGMENTERS), default="atlas")
    parser.add_argument("--model", default=RegionParameters().network.model, help="name or file of a network")
    parser.add_argument("--worst", type=int, default=5, help="scans listed from the worst end")
    arguments = parser.parse_args()
    atlas = load_skeleton_atlas(arguments.atlas) if arguments.atlas else packaged_skeleton_atlas()
    parameters = RegionParameters(
        segmenter=arguments.segmenter,
        atlas={"persons": arguments.persons},
        network={"model": arguments.model},
    )
    by = f"{arguments.persons} of {len(atlas)} persons vote"
    if arguments.segmenter == "network":
        by = f"network {arguments.model}"
    print(f"12-region Dice, {arguments.set} scans; {by}")
    report(measure(SETS[arguments.set](arguments.number), atlas, parameters), arguments.worst)


if __name__ == "__main__":
    main()
