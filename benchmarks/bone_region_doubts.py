"""Clean-up of a skeleton network's regions, and how sure it is on scans and on what is none.

    python benchmarks/bone_region_doubts.py --trainings DIR [--every N] [--cache DIR]

Real pairs (their masks are another program's output, not physicians'), every one read by the network of the
fold that held it out: mean Dice by the share of a region's largest piece below which a piece is taken away.
Then, apart, how sure the network is (``bone.skeleton_network.certainty``) on real views, on simulated ones
(``bone simulate --number 200 --seed 11``), and on images that are no whole-body scan or one in a wrong place.
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from scipy import ndimage

from bone_candidates import SHORT, patients, read_grey, read_pair, silver_regions
from bone_network_scores import SIMULATED, model_of, probabilities
from bone_regions import region_dice
from napari_tbcad.bone.skeleton_network import _DOUBTFUL, certainty, labels_on, tidied
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS, ViewName

PART = "regions"
PIECES = (0.0, 0.02, 0.1, 0.3)
FILMS, BONE = (Path(__file__).resolve().parents[2] / "shared" / "data" / n for n in ("chest/jsrt", "bone"))

View = tuple[str, ViewName, NDArray[np.float32], Path]
"""Name, view, counts and the network that reads them."""


def real_views(trainings: Path, every: int) -> Iterator[View]:
    """Yield the views of the real pairs whose fold is trained."""
    for number in patients()[::every]:
        try:
            model = model_of(trainings, PART, "", number)
        except BadInput:
            continue
        for view, image in read_pair(number):
            yield f"real_{number}", view, image.counts, model


def simulated_views(trainings: Path, every: int) -> Iterator[View]:
    """Yield simulated views that no network has seen."""
    model = model_of(trainings, PART)
    for path in sorted((SIMULATED / "truth").glob("*.json"))[: max(2, 40 // every)]:
        for view in VIEWS:
            image = read_grey(SIMULATED / "png" / f"{path.stem}_{SHORT[view]}.png")
            yield path.stem, view, image.astype(np.float32), model


def other_views(trainings: Path) -> Iterator[View]:
    """Yield real views of other files: JPEG originals of the same collection, one of another camera."""
    model = model_of(trainings, PART)
    for folder, view in (("wholeBodyANT", VIEWS[0]), ("wholeBodyPOST", VIEWS[1])):
        for path in sorted((BONE / "original_jpeg" / folder).rglob("*.jp*g"))[:4]:
            yield f"jpeg_{path.stem}", view, read_grey(path).astype(np.float32), model
    counts = pydicom.dcmread(BONE / "nm1" / "NM1_UNC.dcm").pixel_array
    yield "nm1", VIEWS[0], counts.reshape(-1, *counts.shape[-2:])[0].astype(np.float32), model


def wrong_views(real: list[View], trainings: Path) -> dict[str, list[View]]:
    """Return what is no whole-body scan, or one in a wrong position, by kind."""
    some = real[::5]
    model = model_of(trainings, PART)
    random = np.random.default_rng(0)
    noise = [random.poisson(level, (512, 128)).astype(np.float32) for level in (0.5, 3, 20)]
    films = [read_grey(path).astype(np.float32) for path in sorted(FILMS.rglob("*.png"))[:4]]
    kinds = {
        "upside down": [(n, v, np.ascontiguousarray(c[::-1]), m) for n, v, c, m in some],
        "lying": [(n, v, np.rot90(c).copy(), m) for n, v, c, m in some],
        "no head and shoulders": [(n, v, c[len(c) // 4 :], m) for n, v, c, m in some],
        "legs alone": [(n, v, c[len(c) // 2 :], m) for n, v, c, m in some],
        "head and chest alone": [(n, v, c[: len(c) // 3], m) for n, v, c, m in some],
        "noise": [(f"noise{i}", view, c, model) for i, c in enumerate(noise) for view in VIEWS],
        "chest film": [(f"film{i}", view, c, model) for i, c in enumerate(films) for view in VIEWS],
        "blank": [("ones", view, np.ones((256, 64), np.float32), model) for view in VIEWS],
    }
    other: dict[ViewName, ViewName] = {"anterior": "posterior", "posterior": "anterior"}
    kinds["the other view"] = [(n, other[v], c, m) for n, v, c, m in some]
    return kinds


def without_pieces(probabilities: NDArray[np.float32], piece: float) -> NDArray[np.float32]:
    """Give connected pieces smaller than a share of the largest of their region to the next probable one."""
    kept = probabilities.copy()
    labels = kept.argmax(0)
    for value, window in enumerate(ndimage.find_objects(labels), start=1):
        if window is not None:
            pieces, _ = ndimage.label(labels[window] == value, np.ones((3, 3)))
            sizes = np.bincount(pieces.ravel())[1:]
            small = np.flatnonzero(sizes < piece * sizes.max()) + 1
            kept[value][window][np.isin(pieces, small)] = 0
    return kept


def print_pieces(views: list[View], kept: Path | None) -> None:
    """Print Dice against silver masks by the share of the largest piece."""
    truth = {number: silver_regions(read_pair(number)) for number in {int(v[0].split("_")[1]) for v in views}}
    print(f"\nreal views (silver masks), {len(views)}, out of fold: mean Dice, lowest view")
    for piece in PIECES:
        dice = []
        for name, view, counts, model in views:
            soft = tidied(probabilities(model, name, view, counts, kept=kept), view)
            soft = without_pieces(soft, piece)
            reference = truth[int(name.split("_")[1])].labels(view)
            dice.append(region_dice(labels_on(soft, counts.shape), reference))
        scored = np.array(dice)
        print(f"  {piece:.2f}: {np.nanmean(scored):.4f}  {np.nanmean(scored, axis=1).min():.3f}", flush=True)


def print_certainty(title: str, views: list[View], kept: Path | None, lowest: int = 3) -> None:
    """Print how sure the network is."""
    found = []
    for name, view, counts, model in views:
        soft = tidied(probabilities(model, name, view, counts, kept=kept), view)
        found.append((certainty(soft), f"{name} {view}"))
    sure = np.array([one[0] for one in found])
    ends = "  ".join(f"{q} %: {np.percentile(sure, q):.3f}" for q in (0, 5, 50, 95, 100))
    doubted = np.count_nonzero(sure < _DOUBTFUL)
    print(f"  {title}, {len(views)}: {ends}; doubted {doubted}", flush=True)
    if lowest:
        print("    lowest: " + ", ".join(f"{name} {value:.3f}" for value, name in sorted(found)[:lowest]))


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trainings", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1, help="only every n-th patient")
    parser.add_argument(
        "--cache", type=Path, help="folder that keeps probabilities of real and simulated views"
    )
    parser.add_argument("--sure-only", action="store_true", help="leave the clean-up out")
    chosen = parser.parse_args()
    print(f"{datetime.date.today()}, {chosen.trainings.name}, every {chosen.every}")
    real = list(real_views(chosen.trainings, chosen.every))
    if not chosen.sure_only:
        print_pieces(real, chosen.cache)
    print("\ncertainty of the network on real views")
    print_certainty("real", real, chosen.cache)
    print_certainty(
        "real, of other files (no mask; nm1 is of another camera)", list(other_views(chosen.trainings)), None
    )
    print("\ncertainty of the network on simulated views")
    print_certainty("simulated", list(simulated_views(chosen.trainings, chosen.every)), chosen.cache)
    print("\ncertainty of the network where there is no whole-body scan, or a wrong one", flush=True)
    for kind, views in wrong_views(real, chosen.trainings).items():
        print_certainty(kind, views, None, lowest=0)


if __name__ == "__main__":
    main()
