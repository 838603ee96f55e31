"""A data set whose evaluation must not warn: lesions put into half of the normal films of each source.

    python benchmarks/control_sets.py ../shared/data/chest --out FOLDER [--films 200] [--contrast 0.8]
    napari-tbcad chest evaluate FOLDER --out RESULT --segmenter network

Everything written is *simulated*: its scores must never stand beside real ones. Normal films of JSRT
(without nodule) and of normal_rsna are brought to 256 pixels and 8 bits; a random half of those of each
source gets a consolidation, through the same rounding and writing as the other half. Nothing outside the
lungs can know which film has one, so a control that scores above chance here is at fault, not the data.
Lesions go into the lungs as drawn (JSRT) or as the packaged network finds them (normal_rsna).

FOLDER gets ``images/``, ``labels.csv`` (file, label, patient, origin), ``lesions/`` (truth, 0 or 1) and,
for JSRT, ``lungs/`` (0, 1 right, 2 left). With ``--both`` every film is written with and without lesions
(two rows of one patient), for paired questions.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_tbcad.chest.workflow import settings_from, start
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.grid import resize_labels, to_grid
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.simulate.lesions import LesionParameters, insert_lesions

GRID = 256
SEED = 20261122


def grey(path: Path) -> Radiograph:
    """Return a film at 256 pixels and 8 bits, as both halves are written."""
    pixels = iio.imread(path)
    pixels = (pixels if pixels.ndim == 2 else pixels[..., :3].mean(axis=-1)).astype(np.float32)
    film = to_grid(Radiograph(pixels, source=path.name), GRID)
    return Radiograph(np.clip(np.rint(film.pixels), 0, 255), source=path.name)


def drawn_lungs(folder: Path, name: str, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the lungs of a JSRT film as drawn."""
    right, left = (iio.imread(folder / f"masks_{side}" / name) > 0 for side in ("right", "left"))
    return resize_labels(np.where(right, 1, np.where(left, 2, 0)).astype(np.uint8), shape)


def network_lungs(film: Radiograph) -> NDArray[np.uint8]:
    """Return the lungs as the packaged network finds them."""
    (masks,) = start(film, settings_from({"lungs.segmenter": "network"})).compute("insensitive")
    return masks.labels


def candidates(
    chest: Path, limit: int, generator: np.random.Generator, *, nodules: bool = False
) -> list[tuple[str, Path]]:
    """Return (source, path) of films: all of JSRT, with those with a nodule or without, then normal_rsna."""
    jsrt = pd.read_csv(chest / "jsrt" / "labels.csv")
    wanted = jsrt[(jsrt.usable == 1) & (nodules | (jsrt.nodule == 0))]
    films = [("jsrt", chest / "jsrt" / "images" / name) for name in wanted.file]
    table = pd.read_csv(chest / "tb_multisource" / "labels.csv")
    names = generator.permutation(sorted(table[table.source == "normal_rsna"].file))
    films += [("normal_rsna", chest / "tb_multisource" / "images" / name) for name in names]
    return films[:limit]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="folder of the chest data sets")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--films", type=int, default=200)
    parser.add_argument("--contrast", type=float, default=0.8, help="in steps from lung to soft tissue")
    parser.add_argument("--kind", default="consolidation")
    parser.add_argument("--area", type=float, default=0.0, help="lesion over lung area; 0 draws it")
    parser.add_argument("--nodules", action="store_true", help="take JSRT's films with a nodule, too")
    parser.add_argument("--both", action="store_true", help="write every film with and without lesions")
    asked = parser.parse_args()
    generator = np.random.default_rng(SEED)
    wanted = LesionParameters(kind=asked.kind, contrast=asked.contrast, area=asked.area)
    for part in ("images", "lesions", "lungs"):
        (asked.out / part).mkdir(parents=True, exist_ok=True)
    rows: list[tuple[str, int, str, str, str]] = []
    films = candidates(asked.data, asked.films, generator, nodules=asked.nodules)
    sick = {source: iter(generator.permutation(len(films)) % 2) for source, _ in films}
    for number, (source, path) in enumerate(films):
        film = grey(path)
        drawn = source == "jsrt"
        lungs = drawn_lungs(asked.data / "jsrt", path.name, film.shape) if drawn else network_lungs(film)
        try:
            made = insert_lesions(film, lungs, wanted, seed=SEED + number)
        except BadInput as error:
            print(f"# left out: {path.name}: {error.cause}")
            continue
        label = int(next(sick[source]))
        for value in (0, 1) if asked.both else (label,):
            stem = path.stem if path.stem.startswith(source) else f"{source}_{path.stem}"
            name = f"{stem}{f'_{value}' if asked.both else ''}.png"
            pixels = made.film.pixels if value else film.pixels
            iio.imwrite(asked.out / "images" / name, pixels.astype(np.uint8))
            truth = made.labels > 0 if value else np.zeros(film.shape, bool)
            iio.imwrite(asked.out / "lesions" / name, truth.astype(np.uint8))
            if drawn:
                iio.imwrite(asked.out / "lungs" / name, lungs)
            rows.append((name, value, path.stem, "simulated", source))
    # One source for all: the films are judged as one collection, and called what they are.
    table = pd.DataFrame(rows, columns=["file", "label", "patient", "source", "origin"])
    table.to_csv(asked.out / "labels.csv", index=False)
    print(f"simulated: {table.groupby(['origin', 'label']).size().to_dict()} in {asked.out}")


if __name__ == "__main__":
    main()
