"""Time of all 113 features on one core, beside nyxus (co-occurrence only) and mahotas (13 Haralick features).

    OMP_NUM_THREADS=1 python benchmarks/features.py [--film PATH --mask PATH]

Without a film: smooth noise at 1024 × 1024 with two lung-shaped fields. Medians over repeats, interleaved so
that a busy machine slows all three alike; CPU time is printed beside wall time for the same reason, and gives
the ratios. The two libraries are compared on the same 32 levels and mask.
"""

from __future__ import annotations

import argparse
import datetime
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.chest.features import FeatureParameters, chest_features
from napari_tbcad.chest.firstorder import first_order, grey_histogram
from napari_tbcad.chest.glcm import bin_edges_table, cooccurrence, glcm_features
from napari_tbcad.chest.lungs.fields import LungMasks
from napari_tbcad.chest.shape import shape_features
from napari_tbcad.imaging.radiograph import Radiograph

LEVELS = 32


def synthetic(side: int = 1024) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return grey levels (side, side) and lung labels of realistic proportions (a quarter of the film)."""
    rows, columns = np.mgrid[:side, :side] / side
    labels = np.zeros((side, side), dtype=np.uint8)
    labels[((columns - 0.29) / 0.15) ** 2 + ((rows - 0.48) / 0.34) ** 2 < 1] = 1
    labels[((columns - 0.71) / 0.14) ** 2 + ((rows - 0.47) / 0.33) ** 2 < 1] = 2
    labels[((columns - 0.55) / 0.15) ** 2 + ((rows - 0.68) / 0.16) ** 2 < 1] = 0
    noise = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(side, side)), 3)
    grey = np.rint(255 * (noise - noise.min()) / np.ptp(noise)).astype(np.uint8)
    return grey, labels


def medians(jobs: dict[str, Callable[[], object]], repeats: int) -> dict[str, tuple[float, float]]:
    """Run the jobs in turn and return the median wall and CPU milliseconds of each."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in jobs}
    for job in jobs.values():
        job()
    for _ in range(repeats):
        for name, job in jobs.items():
            wall, processor = time.perf_counter(), time.process_time()
            job()
            times[name].append((time.perf_counter() - wall, time.process_time() - processor))
    return {
        name: (1000 * statistics.median(w for w, _ in taken), 1000 * statistics.median(c for _, c in taken))
        for name, taken in times.items()
    }


def rivals(grey: NDArray[np.uint8], labels: NDArray[np.uint8]) -> dict[str, Callable[[], object]]:
    """Return the other libraries' jobs, for those that are installed."""
    inside = labels > 0
    levels = bin_edges_table(int(grey[inside].min()), int(grey[inside].max()), LEVELS)[grey]
    jobs: dict[str, Callable[[], object]] = {}
    try:
        import mahotas

        marked = np.where(inside, levels + 1, 0).astype(np.uint8)
        jobs["mahotas haralick (13 × 4)"] = lambda: mahotas.features.haralick(marked, ignore_zeros=True)
    except ImportError:
        print("mahotas is not installed")
    try:
        import nyxus

        engine = nyxus.Nyxus(["*ALL_GLCM*"], coarse_gray_depth=LEVELS, n_feature_calc_threads=1, ibsi=False)
        engine.set_metaparam("glcm/offset=1")
        engine.set_metaparam(f"glcm/greydepth={LEVELS}")
        pixels, region = grey.astype(np.uint32), inside.astype(np.uint32)
        jobs["nyxus (co-occurrence)"] = lambda: engine.featurize(pixels, region)
    except ImportError:
        print("nyxus is not installed")
    return jobs


def read(arguments: argparse.Namespace) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    if arguments.film is None:
        return synthetic()
    import imageio.v3 as iio

    grey, labels = iio.imread(arguments.film), iio.imread(arguments.mask)
    return np.asarray(grey, dtype=np.uint8), np.asarray(labels, dtype=np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--film", type=Path, help="8-bit grey film")
    parser.add_argument("--mask", type=Path, help="labels 1 right, 2 left, same shape")
    parser.add_argument("--repeats", type=int, default=15)
    arguments = parser.parse_args()
    grey, labels = read(arguments)
    film = Radiograph(grey.astype(np.float32))
    masks = LungMasks(labels, "sensitive"), LungMasks(labels, "insensitive")
    parameters = FeatureParameters(grid=max(grey.shape), levels=LEVELS)
    inside = labels > 0
    levels = bin_edges_table(int(grey[inside].min()), int(grey[inside].max()), LEVELS)[grey]
    ours = "napari-tbcad, all 113"
    jobs: dict[str, Callable[[], object]] = {
        ours: lambda: chest_features(film, *masks, parameters),
        "  shape (17)": lambda: shape_features(labels),
        "  first order (8)": lambda: first_order(grey_histogram(grey, inside)),
        "  co-occurrence (22 × 4)": lambda: glcm_features(cooccurrence(levels, inside, LEVELS)),
    }
    jobs |= rivals(grey, labels)
    print(
        f"{datetime.date.today()}  film {grey.shape[0]} × {grey.shape[1]}, {int(inside.sum())} lung pixels, "
        f"{LEVELS} levels, OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS')}, median of {arguments.repeats}"
    )
    found = medians(jobs, arguments.repeats)
    for name, (wall, processor) in found.items():
        ratio = "" if name.startswith(("  ", ours)) else f"   {processor / found[ours][1]:.2f} × ours"
        print(f"{name:28s} wall {wall:7.1f} ms   CPU {processor:7.1f} ms{ratio}")


if __name__ == "__main__":
    main()
