"""Pictures of simulated bone scans for the documentation; for ourselves, one beside real scans.

``python benchmarks/bone_pictures.py docs/images`` writes bone_scans.png and bone_truth.png from simulated
scans alone. ``--beside FOLDER --out FILE`` puts simulated scans beside real pairs (png/ID_ant.png); that
picture is for looking, not for the project.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import imageio.v3 as iio
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_tbcad.imaging.bonescan import VIEWS, ViewName
from napari_tbcad.schemes import HOTSPOT_COLOURS, REGION_NAMES
from napari_tbcad.simulate.bone_scan import ScanParameters, SimulatedScan, simulate_scan

BLACK = 4.5
"""Black is this many times the mean of the body: the same window for every scan."""

CASES = (
    (101, ScanParameters(abnormal=0, counts=8e5)),
    (102, ScanParameters(abnormal=3, counts=6e5)),
    (103, ScanParameters(abnormal=12, counts=5e5)),
)


def inverse_grey(counts: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the scan dark on white, (H, W, 3) in [0, 1]; the window follows the mean of the body."""
    values = np.asarray(counts, dtype=float)
    mean = values[values > 0.15 * values[values > 0].mean()].mean()
    grey = 1 - np.clip(values / (BLACK * mean), 0, 1)
    return np.repeat(grey[..., None], 3, axis=2)


def coloured(made: SimulatedScan, view: ViewName) -> NDArray[np.float64]:
    """Return a view with its true hotspots filled and regions outlined."""
    picture = inverse_grey(made.scan.view(view).counts)  # type: ignore[union-attr]
    regions, labels = made.regions[view], made.hotspots[view]
    edge = np.zeros(regions.shape, bool)
    edge[:-1] |= regions[:-1] != regions[1:]
    edge[:, :-1] |= regions[:, :-1] != regions[:, 1:]
    palette = np.array([_hue(k / len(REGION_NAMES)) for k in range(len(REGION_NAMES) + 1)])
    picture[edge] = 0.35 * picture[edge] + 0.65 * palette[regions[edge]]
    for number in np.unique(labels[labels > 0]):
        colour = HOTSPOT_COLOURS[made.label_of(int(number))]
        rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        inside = labels == number
        picture[inside] = 0.4 * picture[inside] + 0.6 * rgb
    return picture


def _hue(turn: float) -> NDArray[np.float64]:
    return np.asarray(0.5 + 0.45 * np.cos(2 * np.pi * (turn + np.array([0, 1 / 3, 2 / 3]))))


def beside(pictures: list[NDArray[np.float64]], gap: int = 6) -> NDArray[np.uint8]:
    """Return pictures of one height side by side, 8 bit."""
    height = max(p.shape[0] for p in pictures)
    strips = []
    for picture in pictures:
        padded = np.ones((height, picture.shape[1] + gap, 3))
        padded[: picture.shape[0], : picture.shape[1]] = picture
        strips.append(padded)
    return np.rint(255 * np.concatenate(strips, axis=1)).astype(np.uint8)


def write_documentation(folder: Path) -> None:
    """Write the pictures of docs/: three scans, and the truth of the last two."""
    made = [simulate_scan(parameters, seed=seed) for seed, parameters in CASES]
    scans = [inverse_grey(item.counts) for scan in made for _, item in scan.scan]
    truth = [coloured(scan, view) for scan in made[1:] for view in VIEWS]
    for name, pictures in (("bone_scans", scans), ("bone_truth", truth)):
        path = folder / f"{name}.png"
        # Noise does not compress: a third fewer pixels and 32 levels a colour keep the files small.
        image = Image.fromarray(beside(pictures))
        small = image.resize((round(image.width * 0.7), round(image.height * 0.7)), Image.Resampling.BOX)
        iio.imwrite(path, np.asarray(small) & 0xF8 | 0x04, extension=".png", plugin="pillow", optimize=True)
        print(path)


def write_beside_real(folder: Path, out: Path, number: int, seed: int) -> None:
    """Write simulated and real pairs side by side, alternating, a simulated one first."""
    names = sorted(p.name.removesuffix("_ant.png") for p in (folder / "png").glob("*_ant.png"))
    chosen = np.random.default_rng(seed).choice(names, number, replace=False)
    rows = []
    for i, name in enumerate(chosen):
        scan = simulate_scan(seed=1000 + seed + i).scan
        real = [iio.imread(folder / "png" / f"{name}_{s}.png").astype(np.float32) for s in ("ant", "post")]
        rows += [inverse_grey(item.counts) for _, item in scan] + [inverse_grey(image) for image in real]
    iio.imwrite(out, beside(rows))
    print(out)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("docs/images"))
    parser.add_argument("--beside", type=Path)
    parser.add_argument("--out", type=Path, default=Path("beside.png"))
    parser.add_argument("--number", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if given.beside:
        write_beside_real(given.beside, given.out, given.number, given.seed)
    else:
        write_documentation(given.folder)


if __name__ == "__main__":
    main()
