"""Dice of the lung segmenters against drawn lungs.

``python benchmarks/lungs.py --segmenter otsu --set jsrt``
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path, PurePath

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chest.lungs.atlas import Atlas, atlas, build_atlas
from napari_tbcad.chest.lungs.fields import LEFT, RIGHT, SoftLungs
from napari_tbcad.chest.lungs.masks import InsensitiveParameters, insensitive_mask
from napari_tbcad.chest.lungs.otsu import otsu
from napari_tbcad.imaging.radiograph import Radiograph

CHEST = Path(__file__).resolve().parents[2] / "shared" / "data" / "chest"
Segment = Callable[[Radiograph], SoftLungs]


@dataclass(frozen=True)
class Truth:
    """One film with its drawn lungs: labels (H, W) uint8, 1 the patient's right, 2 left."""

    name: str
    film: Radiograph
    labels: NDArray[np.uint8]
    lesions: NDArray[np.uint8] | None = None


def read_grey(path: Path) -> NDArray[np.float32]:
    import imageio.v3 as iio

    image = np.asarray(iio.imread(path))
    return (image if image.ndim == 2 else image[..., :3].mean(axis=2)).astype(np.float32)


def rows(folder: Path) -> list[dict[str, str]]:
    with open(folder / "labels.csv", encoding="utf-8-sig", newline="") as file:
        return sorted(csv.DictReader(file), key=lambda row: row["file"])


def jsrt(limit: int | None = None, *, usable: bool = True) -> Iterator[Truth]:
    """JSRT films that are usable (or, with ``usable=False``, the washed-out ones)."""
    folder = CHEST / "jsrt"
    wanted = [row for row in rows(folder) if (row["usable"] == "1") == usable]
    for row in thinned(wanted, limit):
        name = row["file"]
        labels = np.where(read_grey(folder / "masks_right" / name) > 0, RIGHT, 0).astype(np.uint8)
        labels[read_grey(folder / "masks_left" / name) > 0] = LEFT
        yield Truth(name, Radiograph(read_grey(folder / "images" / name), source=name), labels)


def pneumonia(limit: int | None = None) -> Iterator[Truth]:
    """The films of pneumonia_lesions; its ids (1 left, 2 right) are turned into ours."""
    folder = CHEST / "pneumonia_lesions"
    for row in thinned(rows(folder), limit):
        name = row["file"]
        drawn = read_grey(folder / "lungs" / name)
        labels = np.select([drawn == 2, drawn == 1], [RIGHT, LEFT], 0).astype(np.uint8)
        lesions = read_grey(folder / "lesions" / name).astype(np.uint8)
        yield Truth(name, Radiograph(read_grey(folder / "images" / name), source=name), labels, lesions)


def thinned(wanted: list, limit: int | None) -> list:
    """Take `limit` of them, evenly spread."""
    if limit is None or limit >= len(wanted):
        return wanted
    return [wanted[i] for i in np.linspace(0, len(wanted) - 1, limit).round().astype(int)]


SETS: dict[str, Callable[[int | None], Iterator[Truth]]] = {
    "jsrt": jsrt,
    "jsrt-washed-out": lambda limit=None: jsrt(limit, usable=False),
    "pneumonia": pneumonia,
}


def dice(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    total = int(a.sum()) + int(b.sum())
    return 2 * int((a & b).sum()) / total if total else 1.0


def otsu_segment(_: Truth) -> Segment:
    return otsu


@cache
def jsrt_atlas() -> Atlas:
    """Build an atlas from all usable JSRT films."""
    films = list(jsrt())
    return build_atlas([truth.film for truth in films], [truth.labels for truth in films])


def atlas_segment(truth: Truth) -> Segment:
    """Atlas of the JSRT films, the film itself left out."""
    return partial(atlas, library=jsrt_atlas(), exclude=PurePath(truth.name).stem)


def packaged_segment(_: Truth) -> Segment:
    return atlas


# Name -> (film with truth) -> segmenter of that film; the truth tells an atlas which film to leave out.
SEGMENTS: dict[str, Callable[[Truth], Segment]] = {
    "otsu": otsu_segment,
    "atlas": atlas_segment,
    "atlas-packaged": packaged_segment,
}


def measure(truth: Truth, segment: Segment, threshold: float) -> dict[str, object]:
    started = time.perf_counter()
    soft = segment(truth.film)
    masks = insensitive_mask(soft, truth.film, InsensitiveParameters(threshold=threshold))
    seconds = time.perf_counter() - started
    found, drawn = masks.labels, truth.labels
    return {
        "file": truth.name,
        "union": dice(found > 0, drawn > 0),
        "right": dice(found == RIGHT, drawn == RIGHT),
        "left": dice(found == LEFT, drawn == LEFT),
        "seconds": seconds,
        "warnings": " ".join(soft.warnings),
    }


def report(results: list[dict], *, worst: int) -> None:
    for key in ("union", "right", "left", "seconds"):
        values = np.array([row[key] for row in results], float)
        low, middle, high = np.percentile(values, (0, 50, 100))
        print(f"{key:8} mean {values.mean():.4f}  median {middle:.4f}  min {low:.3f}  max {high:.3f}")
    union = np.array([row["union"] for row in results], float)
    warned = sum(bool(row["warnings"]) for row in results)
    print(f"films {len(results)}, union below 0.80: {(union < 0.8).sum()}, with a warning: {warned}")
    for row in sorted(results, key=lambda r: r["union"])[:worst]:
        scores = "  ".join(f"{key} {row[key]:.3f}" for key in ("union", "right", "left"))
        print(f"  {row['file']}  {scores}  {row['warnings']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--segmenter", choices=sorted(SEGMENTS), default="otsu")
    parser.add_argument("--set", choices=sorted(SETS), default="jsrt")
    parser.add_argument("--limit", type=int, help="films, evenly spread over the set")
    parser.add_argument("--threshold", type=float, default=InsensitiveParameters().threshold)
    parser.add_argument("--worst", type=int, default=8, help="films listed from the worst end")
    parser.add_argument("--out", type=Path, help="CSV of all films")
    arguments = parser.parse_args()
    choose = SEGMENTS[arguments.segmenter]
    results = [
        measure(truth, choose(truth), arguments.threshold) for truth in SETS[arguments.set](arguments.limit)
    ]
    about = f"insensitive mask at {arguments.threshold}, the film's own grid"
    print(f"{arguments.segmenter} on {arguments.set}, {about}")
    report(results, worst=arguments.worst)
    if arguments.out:
        with open(arguments.out, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(results[0]))
            writer.writeheader()
            writer.writerows(results)


if __name__ == "__main__":
    main()
