"""Compare simulated region maps with the region masks of real whole-body scans.

``python benchmarks/skeleton_shapes.py --persons 48`` draws the region maps of that many simulated persons
(seeds from 10000) and sets them beside the 48 pairs of region masks of bone/pairs (output of a network, not
drawn by physicians). Printed for each view and region: the median area of both and their ratio, the spread
of the areas, where the centroid lies (share of the length from the crown to the femur's lower end; the
image's width), Dice of the two mean maps, and the Dice of the simulated mean map with every real mask after
a similarity. ``--volumes`` builds a few bodies and prints each region's share of the bone volume.

The pairs are stretched along the body to fill the field; the scans behind bone/region12_predicted are not:
``--masks ../shared/data/bone/region12_predicted --pixel 2.1 2.1`` compares with those.

Truth here is a network's; the simulated persons follow the mean of the same masks: what is printed says how
well the one was made like the other, nothing about scans.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform
from skimage.io import imread

from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.schemes import REGION_IDS, REGION_NAMES
from napari_tbcad.simulate.skeleton import BodyParameters, region_volumes, simulate_body, simulate_region_maps

BONE = Path("../shared/data/bone")
FEWEST = 50  # pixels of a region worth comparing
Map = NDArray[np.uint8]
ICRP_MALE = {
    "skull": 11.30,
    "cervical": 1.71,
    "thoracic": 6.04,
    "rib": 8.59,
    "sternum": 0.64,
    "clavicle": 0.98,
    "scapula": 4.01,
    "humerus": 5.61,
    "lumbar": 4.74,
    "sacrum": 2.74,
    "pelvis": 10.48,
    "femur": 15.27,
}


def real_maps(view: str, folder: Path) -> list[Map]:
    """Return the real masks of one view, as read."""
    if folder.name == "region12_predicted":
        paths = sorted(folder.glob(f"*_{view.capitalize()}.png"))
    else:
        paths = sorted(folder.glob(f"*_{'ant' if view == 'anterior' else 'post'}.png"))
    masks = [np.asarray(imread(path)) for path in paths]
    return [m if m.ndim == 2 else m[..., 0] for m in masks]


def centroids(mask: Map) -> NDArray[np.float64]:
    """Return (row, column) of each region's centroid, NaN where it is missing."""
    out = np.full((len(REGION_NAMES), 2), np.nan)
    for k in range(len(REGION_NAMES)):
        at = np.argwhere(mask == k + 1)
        if len(at) >= FEWEST:
            out[k] = at.mean(axis=0)
    return out


def aligned(mask: Map, target: NDArray[np.float64]) -> Map:
    """Return the mask brought onto centroids by the similarity that fits best (nearest neighbour)."""
    own = centroids(mask)
    both = np.isfinite(own[:, 0]) & np.isfinite(target[:, 0])
    a, b = own[both], target[both]
    ma, mb = a.mean(axis=0), b.mean(axis=0)
    u, s, vt = np.linalg.svd((b - mb).T @ (a - ma))
    turn = u @ np.diag([1.0, np.sign(np.linalg.det(u @ vt))]) @ vt
    size = s.sum() / ((a - ma) ** 2).sum()
    back = turn.T / size
    return np.asarray(affine_transform(mask, back, ma - back @ mb, order=0))


def frequencies(masks: Sequence[Map]) -> NDArray[np.float32]:
    """Return how often each pixel is of each value, 0 to 12."""
    total = np.zeros((len(REGION_NAMES) + 1, *masks[0].shape), np.float32)
    for mask in masks:
        for k in range(len(total)):
            total[k] += mask == k
    return total / len(masks)


def dice(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Return the Dice coefficient, NaN if both are empty."""
    size = int(a.sum() + b.sum())
    return 2 * int((a & b).sum()) / size if size else float("nan")


def places(masks: Sequence[Map], k: int) -> NDArray[np.float64]:
    """Return per mask: area, row as a share of crown to femur, column as a share of the width."""
    rows = []
    for mask in masks:
        lines = np.flatnonzero((mask > 0).any(axis=1))
        at = np.argwhere(mask == k)
        if len(at) >= FEWEST:
            row, column = at.mean(axis=0)
            rows.append((len(at), (row - lines[0]) / np.ptp(lines), column / mask.shape[1]))
    return np.array(rows).reshape(-1, 3)


def compare(view: str, real: Sequence[Map], simulated: Sequence[Map]) -> None:
    """Print the table of one view."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # no sternum behind
        target = np.nanmedian([centroids(m) for m in real], axis=0)
    real_on = [aligned(m, target) for m in real]
    own = frequencies([aligned(m, target) for m in simulated]).argmax(axis=0)
    mean = frequencies(real_on).argmax(axis=0)
    print(f"\n{view}: {len(real)} real masks, {len(simulated)} simulated")
    head = f"{'region':10s}    real     sim  ratio | cv real  sim | "
    print(head + "row real   sim | col real   sim | Dice mean  each")
    total = []
    for name, k in REGION_IDS.items():
        a, b = places(real, k), places(simulated, k)
        if len(a) == 0 or len(b) == 0:
            continue
        each = [dice(m == k, own == k) for m in real_on if (m == k).sum() > FEWEST]
        total.append(np.mean(each))
        ma, mb = np.median(a, axis=0), np.median(b, axis=0)
        cv = [float(np.std(v[:, 0]) / np.mean(v[:, 0])) for v in (a, b)]
        print(
            f"{name:10s} {ma[0]:7.0f} {mb[0]:7.0f}  {mb[0] / ma[0]:5.2f} | {cv[0]:7.2f} {cv[1]:4.2f} | "
            f"{ma[1]:8.3f} {mb[1]:5.3f} | {ma[2]:8.3f} {mb[2]:5.3f} | "
            f"{dice(mean == k, own == k):9.2f} {total[-1]:5.2f}"
        )
    print(f"mean over regions of the last column: {np.mean(total):.3f}")


def volumes(number: int) -> None:
    """Print each region's share of the skeleton, whole bone volume."""
    shares = []
    for seed in range(number):
        body = simulate_body(seed=seed)
        bones = [p.id for p in body.parts if p.kind == "bone"]
        whole = float(body.fill[np.isin(body.part, bones)].sum()) * float(np.prod(body.spacing_mm))
        shares.append([100 * v / whole for v in region_volumes(body).values()] + [whole / 1000])
    mean = np.mean(shares, axis=0)
    print(f"\nshare of bone volume, mean of {number} bodies, whole skeleton {mean[-1]:.0f} ml")
    print("           simulated  ICRP 110 male (mass)")
    for name, value in zip(REGION_NAMES, mean, strict=False):
        print(f"{name:10s} {value:9.2f} % {ICRP_MALE[name]:6.2f} %")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--persons", type=int, default=48)
    parser.add_argument("--masks", type=Path, default=BONE / "pairs/region12_silver")
    parser.add_argument("--volumes", type=int, default=0, metavar="BODIES")
    parser.add_argument(
        "--pixel", type=float, nargs=2, metavar=("ROW", "COLUMN"), help="mm; else fills the field"
    )
    options = parser.parse_args()
    person = BodyParameters(pixel_mm=tuple(options.pixel) if options.pixel else None)
    drawn = [simulate_region_maps(person, seed=10000 + i) for i in range(options.persons)]
    for view in VIEWS:
        real = real_maps(view, options.masks)
        compare(view, real, [m[view] for m in drawn])
    if options.volumes:
        volumes(options.volumes)


if __name__ == "__main__":
    main()
