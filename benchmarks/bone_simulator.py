"""Is the simulator like real scans? Ratios, counts, noise, share of hotspot pixels, time.

``python benchmarks/bone_simulator.py [--number 60] [--seed 0]`` measures simulated scans against the listed
values. ``--real FOLDER`` (pairs with silver region masks, png/ and region12_silver/) measures real ones the
same way first, to check the way of measuring; the two are printed apart.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import imageio.v3 as iio
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.imaging.bonescan import VIEWS, ViewName
from napari_tbcad.schemes import FOUR_CLASS, REGION_IDS, REGION_NAMES
from napari_tbcad.simulate.bone_scan import SimulatedScan, simulate_scan

TARGETS: dict[str, tuple[float, float]] = {
    "skull": (7.1, 5.9),
    "cervical": (15.0, 9.0),
    "thoracic": (9.3, 14.9),
    "rib": (5.0, 4.8),
    "sternum": (15.9, float("nan")),
    "clavicle": (7.6, 5.5),
    "scapula": (4.9, 6.2),
    "humerus": (3.2, 2.7),
    "lumbar": (8.9, 14.7),
    "sacrum": (8.2, 13.4),
    "pelvis": (7.9, 6.6),
    "femur": (4.3, 3.3),
}
"""Median over 68 real pairs of the region's median over the mean of the thigh's soft tissue; anterior,
posterior."""

PERCENTILES = {50: (2.0, 5.0), 90: (9.0, 19.0), 99: (21.0, 39.0)}
VARIANCE_TO_MEAN = (1.0, 1.1)
ABNORMAL_SHARE, NORMAL_SHARE = (0.05, 0.09), (0.11, 0.19)
"""% of all pixels."""

FEWEST = 50
"""Pixels that a region must have to be measured."""


def thigh_soft_tissue(counts: NDArray[np.float32], regions: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the soft tissue of the thighs: beside the femora, away from bone and skin.

    Rows from 40 to 85 % of the femora's height; at most 25 px beyond them; at least 6 px from any region
    and 4 px inside the outline, which is where the counts blurred by 3 px exceed an eighth of the femora's.
    """
    femur = regions == REGION_IDS["femur"]
    found = np.zeros(regions.shape, bool)
    rows = np.flatnonzero(femur.any(axis=1))
    if rows.size < 20:
        return found
    top, end = (int(rows[0] + share * (rows[-1] - rows[0])) for share in (0.40, 0.85))
    blurred = ndimage.gaussian_filter(counts.astype(float), 3)
    body = ndimage.binary_fill_holes(blurred > 0.125 * np.median(counts[femur]))
    columns = np.flatnonzero(femur[top:end].any(axis=0))
    if columns.size == 0:
        return found
    found[top:end, max(columns[0] - 25, 0) : columns[-1] + 25] = True
    far = ~ndimage.binary_dilation(regions > 0, iterations=6)
    return np.asarray(found & ndimage.binary_erosion(body, iterations=4) & far)


def region_ratios(counts: NDArray[np.float32], regions: NDArray[np.uint8]) -> list[float]:
    """Return each region's median over the mean of the thighs' soft tissue; NaN where it is not there."""
    soft = thigh_soft_tissue(counts, regions)
    if soft.sum() < 500:
        return [float("nan")] * len(REGION_NAMES)
    level = float(counts[soft].mean())
    values = []
    for number in REGION_IDS.values():
        inside = regions == number
        values.append(float(np.median(counts[inside])) / level if inside.sum() > FEWEST else float("nan"))
    return values


def body_percentiles(counts: NDArray[np.float32], regions: NDArray[np.uint8]) -> list[float]:
    """Return the 50th, 90th and 99th percentile inside the body's outline."""
    soft = thigh_soft_tissue(counts, regions)
    level = float(counts[soft].mean()) if soft.any() else 1.0
    body = ndimage.gaussian_filter(counts.astype(float), 3) > 0.2 * level
    return [float(np.percentile(counts[body], p)) for p in PERCENTILES]


def variance_to_mean(made: SimulatedScan, view: ViewName) -> float:
    """Return the mean of (counts − expected)² over the mean expected, where more than one is expected."""
    counts, expected = made.scan.view(view).counts, made.expected[view]  # type: ignore[union-attr]
    body = expected > 1
    return float(((counts[body] - expected[body]) ** 2).mean() / expected[body].mean())


def real_pairs(folder: Path) -> Iterator[dict[ViewName, tuple[NDArray[np.float32], NDArray[np.uint8]]]]:
    """Yield pixels and silver regions of real pairs."""
    for path in sorted((folder / "png").glob("*_ant.png")):
        name = path.name.removesuffix("_ant.png")
        pair: dict[ViewName, tuple[NDArray[np.float32], NDArray[np.uint8]]] = {}
        for view, short in zip(VIEWS, ("ant", "post"), strict=True):
            mask = folder / "region12_silver" / f"{name}_{short}.png"
            pixels = iio.imread(folder / "png" / f"{name}_{short}.png").astype(np.float32)
            pair[view] = pixels, iio.imread(mask)
        yield pair


def print_ratios(title: str, ratios: dict[ViewName, list[list[float]]]) -> int:
    """Print measured ratios beside the targets; return how many lie within 15 %."""
    within = 0
    heading = "".join(f"{view:>11s} {'target':>7s} {'':>5s}" for view in VIEWS)
    print(f"\n{title}\n{'region':10s}{heading}")
    for k, region in enumerate(REGION_NAMES):
        cells = []
        for j, view in enumerate(VIEWS):
            target, values = TARGETS[region][j], np.array(ratios[view])[:, k]
            if np.isnan(target) or np.isnan(values).all():
                cells.append(f"{'–':>11s} {'–':>7s} {'':>5s}")
                continue
            value = float(np.nanmedian(values))
            within += (near := abs(value / target - 1) <= 0.15)
            cells.append(f"{value:11.2f} {target:7.1f} {'' if near else 'off':>5s}")
        print(f"{region:10s}" + "".join(cells))
    print(f"within 15 %: {within} of 23")
    return within


def inside(value: float, span: tuple[float, float]) -> str:
    """Return whether a value lies in its range, as text."""
    return (
        f"{value:.3g} (listed {span[0]:g} to {span[1]:g}: {'in' if span[0] <= value <= span[1] else 'OUT'})"
    )


def measure(number: int, seed: int) -> int:
    """Measure simulated scans; return the number of ratios within 15 %."""
    ratios: dict[ViewName, list[list[float]]] = {view: [] for view in VIEWS}
    percentiles, noise, shares, seconds, lesions, index = [], [], [], [], [], []
    for i in range(number):
        start = time.perf_counter()
        made = simulate_scan(seed=int(np.random.default_rng([seed, i]).integers(2**31)))
        seconds.append(time.perf_counter() - start)
        for view, item in made.scan:
            ratios[view].append(region_ratios(item.counts, made.regions[view]))
            percentiles.append(body_percentiles(item.counts, made.regions[view]))
            noise.append(variance_to_mean(made, view))
            classes = made.classes[view]
            shares.append([100 * np.mean(classes == FOUR_CLASS.ids[c]) for c in ("abnormal", "normal")])
        lesions.append(sum(le.label == "abnormal" for le in made.lesions))
        index.append(made.true_bsi["spiers1968"])
    within = print_ratios(f"SIMULATED, {number} pairs, seed {seed}", ratios)
    middle = np.median(percentiles, axis=0)
    for (percent, span), value in zip(PERCENTILES.items(), middle, strict=True):
        print(f"percentile {percent} of the counts in the body, median of views: {inside(value, span)}")
    print(f"variance/mean: {inside(float(np.mean(noise)), VARIANCE_TO_MEAN)}")
    abnormal, normal = np.mean(shares, axis=0)
    print(f"abnormal pixels, %: {inside(abnormal, ABNORMAL_SHARE)}")
    print(f"normal pixels, %:   {inside(normal, NORMAL_SHARE)}")
    quartiles = np.round(np.percentile(index, [25, 50, 75, 100]), 2).tolist()
    print(f"metastases a patient {np.mean(lesions):.1f}; true index quartiles and maximum {quartiles}")
    print(f"seconds a pair: median {np.median(seconds):.2f}, worst {max(seconds):.2f}")
    return within


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--real", type=Path)
    given = parser.parse_args()
    if given.real:
        ratios: dict[ViewName, list[list[float]]] = {view: [] for view in VIEWS}
        for pair in real_pairs(given.real):
            for view, (pixels, regions) in pair.items():
                ratios[view].append(region_ratios(pixels, regions))
        print_ratios(f"REAL, {len(ratios['anterior'])} pairs with silver regions", ratios)
    return 0 if measure(given.number, given.seed) >= 21 else 1


if __name__ == "__main__":
    sys.exit(main())
