"""Time of all 113 features on one core, beside nyxus, mahotas and scikit-image.

    OMP_NUM_THREADS=1 python benchmarks/features.py [--film PATH --mask PATH]

Without a film: smooth noise at 1024 × 1024 with two lung-shaped fields. Medians over repeats, interleaved so
that a busy machine slows all alike; CPU time is printed beside wall time for the same reason, and gives the
ratios. The libraries are given the same 32 levels and mask, and nyxus those of our features that it has
too: values that both define alike are compared first.
"""

from __future__ import annotations

import argparse
import datetime
import os
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
from speed_rows import Job, in_turn

LEVELS = 32
OURS = "napari-tbcad, all 113"
PARTS = ("  shape (17)", "  first order (8)", "  co-occurrence (22 × 4)")
NYXUS_GREY = ("MEAN", "VARIANCE", "STANDARD_DEVIATION", "SKEWNESS", "KURTOSIS", "ENTROPY", "UNIFORMITY")
NYXUS_SHAPE = ("BBOX_HEIGHT", "PERIMETER", "ECCENTRICITY")
NYXUS_GLCM = {
    "GLCM_ACOR": "autocorrelation",
    "GLCM_ASM": "energy",
    "GLCM_CLUPROM": "cluster_prominence",
    "GLCM_CLUSHADE": "cluster_shade",
    "GLCM_CONTRAST": "contrast",
    "GLCM_CORRELATION": "correlation_1",
    "GLCM_DIFENTRO": "difference_entropy",
    "GLCM_DIFVAR": "difference_variance",
    "GLCM_DIS": "dissimilarity",
    "GLCM_ID": "homogeneity_1",
    "GLCM_IDM": "homogeneity_2",
    "GLCM_IDMN": "inverse_difference_moment_normalised",
    "GLCM_IDN": "inverse_difference_normalised",
    "GLCM_INFOMEAS1": "information_correlation_1",
    "GLCM_INFOMEAS2": "information_correlation_2",
    "GLCM_JE": "entropy",
    "GLCM_JMAX": "maximum_probability",
    "GLCM_JVAR": "sum_of_squares",
    "GLCM_SUMAVERAGE": "sum_average",
    "GLCM_SUMENTROPY": "sum_entropy",
    "GLCM_SUMVARIANCE": "sum_variance",
}
"""nyxus's name → ours."""


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


def binned(grey: NDArray[np.uint8], labels: NDArray[np.uint8], levels: int = LEVELS) -> NDArray[np.uint8]:
    """Return the levels that the co-occurrence of every library is made of."""
    inside = grey[labels > 0]
    return bin_edges_table(int(inside.min()), int(inside.max()), levels)[grey]


def ours(grey: NDArray[np.uint8], labels: NDArray[np.uint8], levels: int = LEVELS) -> Job:
    """Return the job that measures all 113."""
    film = Radiograph(grey.astype(np.float32))
    masks = LungMasks(labels, "sensitive"), LungMasks(labels, "insensitive")
    parameters = FeatureParameters(grid=max(grey.shape), levels=levels)
    return lambda: chest_features(film, *masks, parameters)


def parts(grey: NDArray[np.uint8], labels: NDArray[np.uint8]) -> dict[str, Job]:
    """Return the jobs of which all 113 are made."""
    inside, levels = labels > 0, binned(grey, labels)
    jobs: tuple[Job, ...] = (
        lambda: shape_features(labels),
        lambda: first_order(grey_histogram(grey, inside)),
        lambda: glcm_features(cooccurrence(levels, inside, LEVELS)),
    )
    return dict(zip(PARTS, jobs, strict=True))


def rivals(grey: NDArray[np.uint8], labels: NDArray[np.uint8]) -> dict[str, Job]:
    """Return the other libraries' jobs, for those that are installed."""
    marked = np.where(labels > 0, binned(grey, labels) + 1, 0).astype(np.uint8)
    jobs: dict[str, Job] = {"scikit-image (6 × 4)": lambda: of_scikit_image(marked)}
    try:
        import mahotas

        jobs["mahotas (13 × 4)"] = lambda: mahotas.features.haralick(marked, ignore_zeros=True)
    except ImportError:
        print("mahotas is not installed")
    try:
        jobs |= of_nyxus(grey, labels)
    except ImportError:
        print("nyxus is not installed")
    return jobs


def of_scikit_image(marked: NDArray[np.uint8]) -> list[NDArray[np.float64]]:
    """Measure the six features that scikit-image has, in four directions, pairs with 0 left out."""
    from skimage.feature import graycomatrix, graycoprops

    angles = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
    counts = graycomatrix(marked, [1], angles, levels=LEVELS + 1, symmetric=True)[1:, 1:]
    names = ("contrast", "dissimilarity", "homogeneity", "energy", "correlation", "ASM")
    return [graycoprops(counts, name) for name in names]


def of_nyxus(grey: NDArray[np.uint8], labels: NDArray[np.uint8]) -> dict[str, Job]:
    """Return nyxus's jobs: the co-occurrence features that both have, and all that both have."""
    import nyxus

    def engine(names: tuple[str, ...]) -> nyxus.Nyxus:
        made = nyxus.Nyxus(list(names), coarse_gray_depth=LEVELS, n_feature_calc_threads=1, ibsi=False)
        made.set_metaparam("glcm/offset=1")
        made.set_metaparam(f"glcm/greydepth={LEVELS}")
        return made

    glcm = tuple(NYXUS_GLCM)
    texture, both, shape = engine(glcm), engine((*glcm, *NYXUS_GREY)), engine(NYXUS_SHAPE)
    pixels, region, lungs = (array.astype(np.uint32) for array in (grey, labels > 0, labels))
    return {
        "nyxus (co-occurrence, 21 × 4)": lambda: texture.featurize(pixels, region),
        "nyxus (the same features)": lambda: (both.featurize(pixels, region), shape.featurize(pixels, lungs)),
    }


def agreement(grey: NDArray[np.uint8], labels: NDArray[np.uint8]) -> str:
    """Say which of the features that nyxus has too come out alike, in the mean of four directions.

    nyxus is given the levels themselves, since its own bins lie elsewhere; its names stand for what they say
    in their manual, which is not always what IBSI says.
    """
    import nyxus

    levels = binned(grey, labels)
    engine = nyxus.Nyxus(list(NYXUS_GLCM), coarse_gray_depth=LEVELS, n_feature_calc_threads=1, ibsi=True)
    engine.set_metaparam("glcm/offset=1")
    region = (labels > 0).astype(np.uint32)
    row = engine.featurize(((levels + 1) * region).astype(np.uint32), region).iloc[0]
    own = glcm_features(cooccurrence(levels, labels > 0, LEVELS))
    other = []
    for theirs, name in NYXUS_GLCM.items():
        means = [float(np.mean([row[f"{theirs}_{angle}"] for angle in (0, 45, 90, 135)])), own[name].mean()]
        if not np.isclose(means[0], means[1], rtol=1e-3):
            other.append(f"{name} {means[0]:.4g} for {means[1]:.4g}")
    alike = len(NYXUS_GLCM) - len(other)
    return f"{alike} of {len(NYXUS_GLCM)} features of nyxus within 0.1 % of ours" + (
        f"; otherwise: {'; '.join(other)}" if other else ""
    )


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
    jobs = {OURS: ours(grey, labels)} | parts(grey, labels) | rivals(grey, labels)
    print(
        f"{datetime.date.today()}  film {grey.shape[0]} × {grey.shape[1]}, {int((labels > 0).sum())} lung "
        f"pixels, {LEVELS} levels, OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS')}, median of "
        f"{arguments.repeats}"
    )
    if any("nyxus" in name for name in jobs):
        print(agreement(grey, labels))
    found = in_turn(jobs, arguments.repeats)
    for name, (wall, processor) in found.items():
        ratio = "" if name in (OURS, *PARTS) else f"   {processor / found[OURS][1]:.2f} × ours"
        print(f"{name:30s} wall {wall:7.1f} ms   CPU {processor:7.1f} ms{ratio}")


if __name__ == "__main__":
    main()
