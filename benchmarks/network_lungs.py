"""Lung masks of networks on films they were not trained on: Dice on the film's own grid, the worst first.

    python benchmarks/network_lungs.py --trainings TRAININGS [--part lungs] [--role train] [--overlays DIR]

Every film is segmented by the network of the fold that held it out (benchmarks/chest_networks.py), and the
insensitive mask is compared with the drawn lungs, as benchmarks/lungs.py does for the other segmenters.
"""

from __future__ import annotations

import argparse
import csv
import datetime
from functools import cache
from pathlib import Path

import numpy as np

from lungs import SETS, Truth, measure, report
from napari_tbcad.chest.lungs.masks import InsensitiveParameters
from napari_tbcad.chest.lungs.network import NetworkParameters, network
from napari_tbcad.errors import BadInput
from napari_tbcad.files import written_whole


@cache
def fold_of(trainings: Path, part: str = "lungs_fine", role: str = "test") -> dict[str, Path]:
    """Return the model file that did not see a film (role "train": that did), by the film's name."""
    found: dict[str, Path] = {}
    for folder in sorted((trainings / part).glob("fold*")):
        if not (folder / "model.safetensors").is_file():
            continue
        with (folder / "split.csv").open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                if row["role"] == role:
                    found[Path(row["image"]).name] = folder / "model.safetensors"
    return found


def segmented(truth: Truth, model: Path, threshold: float) -> dict[str, object]:
    """Return the scores of one film."""
    parameters = NetworkParameters(model=str(model), device="cpu")
    return measure(truth, lambda film: network(film, parameters), threshold)


def picture(path: Path, truth: Truth, model: Path, threshold: float, row: dict[str, object]) -> None:
    """Draw drawn (green) and found (magenta) outlines over the film."""
    from PIL import Image, ImageDraw
    from skimage.segmentation import find_boundaries

    from napari_tbcad.chest.lungs.masks import insensitive_mask

    soft = network(truth.film, NetworkParameters(model=str(model), device="cpu"))
    found = insensitive_mask(soft, truth.film, InsensitiveParameters(threshold=threshold)).labels
    low, high = np.percentile(truth.film.pixels, (1, 99))
    grey = np.clip((truth.film.pixels - low) / max(high - low, 1) * 255, 0, 255).astype(np.uint8)
    rgb = np.stack([grey] * 3, -1)
    rgb[find_boundaries(truth.labels, mode="inner")] = (0, 220, 0)
    rgb[find_boundaries(found, mode="inner")] = (255, 0, 220)
    image = Image.fromarray(rgb)
    image.thumbnail((400, 400))
    ImageDraw.Draw(image).text((4, 4), f"{truth.name[:28]} {row['union']:.3f}", fill=(255, 255, 0))
    with written_whole(path) as temporary:
        image.save(temporary)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trainings", type=Path, required=True)
    parser.add_argument("--set", choices=sorted(SETS), nargs="*", default=sorted(SETS))
    parser.add_argument("--part", choices=("lungs", "lungs_fine"), default="lungs_fine")
    parser.add_argument("--role", choices=("test", "train"), default="test", help="train: not held out")
    parser.add_argument("--threshold", type=float, default=InsensitiveParameters().threshold)
    parser.add_argument("--worst", type=int, default=8)
    parser.add_argument("--overlays", type=Path, help="folder for pictures of the 20 worst films of each set")
    parser.add_argument("--out", type=Path, help="CSV of all films")
    chosen = parser.parse_args()
    held = fold_of(chosen.trainings, chosen.part, chosen.role)
    if not held:
        raise BadInput(chosen.trainings, "no fold has been trained there")
    rows_of_all = []
    for name in chosen.set:
        films = [truth for truth in SETS[name](None) if truth.name in held]
        rows = [segmented(truth, held[truth.name], chosen.threshold) for truth in films]
        print(
            f"\n{chosen.part}, {chosen.role} films of {name}, insensitive mask at {chosen.threshold}, "
            f"{datetime.date.today()}"
        )
        report(rows, worst=chosen.worst)
        rows_of_all += [{"set": name, **row} for row in rows]
        if chosen.overlays:
            order = sorted(zip(rows, films, strict=True), key=lambda pair: float(str(pair[0]["union"])))
            for place, (row, truth) in enumerate(order[:20]):
                path = chosen.overlays / f"{name}_{place:02d}.png"
                picture(path, truth, held[truth.name], chosen.threshold, row)
    if chosen.out:
        with chosen.out.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows_of_all[0]))
            writer.writeheader()
            writer.writerows(rows_of_all)


if __name__ == "__main__":
    main()
