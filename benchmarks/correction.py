"""Do corrected masks help, and how far do features depend on the masks? Where true masks are known.

    python benchmarks/control_sets.py ../shared/data/chest --out FOLDER --films 193 --nodules
    python benchmarks/correction.py ../shared/data/chest --simulated FOLDER [--segmenter otsu] [--cache DIR]

Two sets, each measured inside automatic and inside true masks (sensitive and insensitive masks are made
from the drawn lungs by the same stages):

- *simulated*: JSRT films with consolidations put into a random half, lungs as drawn in JSRT. Some films
have a nodule of their own, in either half. - real: pneumonia_lesions (70) against JSRT without nodule (73),
lungs as drawn there. **The two come from different places: the AUC of this set says nothing about
pneumonia.** It is printed for the differences between conditions, and the set is here for the errors of
features and their agreement.

Prints the agreement of features (ICC(A,1), medians of each family) and the table of conditions twice:
corrected where films train and are tested, and where they are tested alone. The packaged lung network
learned from JSRT and from pneumonia_lesions, so its masks here are better than elsewhere; ``--segmenter
otsu`` has learned nothing.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import imageio.v3 as iio
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_tbcad.chest.features import redundant_names
from napari_tbcad.chest.lungs.fields import LEFT, RIGHT, SoftLungs
from napari_tbcad.chest.workflow import settings_from, start
from napari_tbcad.edits import labels_dice
from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.correction import correction, mask_doubt
from napari_tbcad.evaluate.folds import stratified_folds
from napari_tbcad.evaluate.stability import MEDIAN, stability
from napari_tbcad.imaging.grid import resize_labels
from napari_tbcad.io.read import read_film

FEATURES = {
    "features.grid": 256,
    "features.feature_set": "extended_opacity",
    "features.shape_unit": "relative",
}


class Film(NamedTuple):
    """A film, its label, and its lungs as drawn (0, 1 right, 2 left)."""

    path: Path
    label: int
    lungs: NDArray[np.uint8]


def simulated(folder: Path) -> list[Film]:
    """Return the JSRT films of a folder made by control_sets.py."""
    table = pd.read_csv(folder / "labels.csv")
    return [
        Film(folder / "images" / row.file, int(row.label), iio.imread(folder / "lungs" / row.file))
        for row in table[table.origin == "jsrt"].itertuples()
    ]


def real(chest: Path) -> list[Film]:
    """Return pneumonia_lesions (1) and JSRT without nodule (0)."""
    films = []
    for name in pd.read_csv(chest / "pneumonia_lesions" / "labels.csv").file:
        drawn = iio.imread(chest / "pneumonia_lesions" / "lungs" / name)
        # There 1 is the left lung; here 1 is the right one.
        lungs = np.select([drawn == 1, drawn == 2], [LEFT, RIGHT], 0).astype(np.uint8)
        films.append(Film(chest / "pneumonia_lesions" / "images" / name, 1, lungs))
    jsrt = pd.read_csv(chest / "jsrt" / "labels.csv")
    for name in jsrt[(jsrt.nodule == 0) & (jsrt.usable == 1)].file:
        right, left = (iio.imread(chest / "jsrt" / f"masks_{side}" / name) > 0 for side in ("right", "left"))
        lungs = np.where(right, RIGHT, np.where(left, LEFT, 0)).astype(np.uint8)
        films.append(Film(chest / "jsrt" / "images" / name, 0, lungs))
    return films


def measure(film: Film, segmenter: str) -> tuple[dict[str, float], dict[str, float], float, float]:
    """Return features inside automatic and true masks, their overlap, and the doubt of the former."""
    run = start(read_film(film.path), settings_from({**FEATURES, "lungs.segmenter": segmenter}))
    automatic, mask, soft = run.compute("features", "insensitive", "soft")
    shape = run.get("upright").shape
    lungs = resize_labels(film.lungs, shape)
    both = np.stack([lungs == RIGHT, lungs == LEFT]).astype(np.float32)
    run.put("soft", SoftLungs(both, shape, segmenter="reference"))
    true, drawn = run.compute("features", "insensitive")
    dice = float(labels_dice(mask.labels, drawn.labels))
    return automatic.as_dict(), true.as_dict(), dice, mask_doubt(soft.pixels)


def measured(films: list[Film], segmenter: str, cache: Path) -> dict[str, pd.DataFrame]:
    """Return tables automatic, true and known (label, dice, doubt), from the cache when they are there."""
    files = {name: cache / f"{name}.csv" for name in ("automatic", "true", "known")}
    if not all(file.exists() for file in files.values()):
        rows: dict[str, list[dict[str, float]]] = {name: [] for name in files}
        begun = time.perf_counter()
        for number, film in enumerate(films):
            try:
                automatic, true, dice, doubt = measure(film, segmenter)
            except BadInput as error:
                print(f"# left out: {error}")
                continue
            name = {"file": film.path.name}
            rows["automatic"].append(name | automatic)
            rows["true"].append(name | true)
            rows["known"].append(name | {"label": film.label, "dice": dice, "doubt": doubt})
            if number % 50 == 49:
                print(f"# {number + 1} films, {time.perf_counter() - begun:.0f} s", flush=True)
        cache.mkdir(parents=True, exist_ok=True)
        for name, file in files.items():
            pd.DataFrame(rows[name]).to_csv(file, index=False)
    return {name: pd.read_csv(file, index_col="file") for name, file in files.items()}


def report(title: str, tables: dict[str, pd.DataFrame], method: str) -> None:
    """Print agreement and correction of one set."""
    automatic, true, known = tables["automatic"], tables["true"], tables["known"]
    y = known.label.to_numpy(int)
    print(f"\n{title}: {len(y)} films ({int(y.sum())} with), Dice {known.dice.mean():.3f}")
    worst = known.sort_values("doubt", ascending=False)
    tenth = max(1, len(worst) // 10)
    rank = known[["dice", "doubt"]].corr("spearman").iloc[0, 1]
    print(f"the most doubtful tenth: Dice {worst.dice.head(tenth).mean():.3f}; rank correlation {rank:+.2f}")
    found = stability(automatic, true, pair="automatic against drawn")
    print("\nfamily        ICC(A,1): median (quartiles)    median |bias| in spreads    features below 0.75")
    for row in found[found.feature == MEDIAN].itertuples():
        own = found[(found.group == row.group) & (found.feature != MEDIAN)]
        poor = f"{int((own.icc < 0.75).sum())} of {len(own)}"
        agreement = f"{row.icc:.3f} ({row.low:.3f}–{row.high:.3f})"
        print(f"{row.group:12s}  {agreement:30s} {row.bias_sd:.3f}                       {poor}")
    used = [
        c
        for c in automatic
        if c not in redundant_names("extended") and not c.startswith(("opacity_area", "opacity_mean"))
    ]
    for only_tested in (False, True):
        where = "tested alone" if only_tested else "train and are tested"
        print(f"\n{method}, corrected where films {where}:")
        table = correction(
            automatic[used],
            true[used],
            y,
            stratified_folds(y, 5),
            method=method,
            dice=known.dice,
            doubt=known.doubt,
            draws=5,
            only_tested=only_tested,
        )
        print("condition                        AUC (95 %)               feature error   Dice")
        for row in table.itertuples():
            figure = f"{row.auc:.3f} ({row.low:.3f}–{row.high:.3f})"
            print(
                f"{row.condition:32s} {figure:24s} {row.feature_error:.3f}           {row.dice:.3f}",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="folder of the chest data sets")
    parser.add_argument("--simulated", type=Path, help="folder written by control_sets.py")
    parser.add_argument("--segmenter", default="network")
    parser.add_argument("--method", default="hierarchical_svm")
    parser.add_argument("--cache", type=Path, help="keeps the feature tables")
    asked = parser.parse_args()
    cache = asked.cache or Path(tempfile.mkdtemp())
    print(f"masks of {asked.segmenter}; {FEATURES['features.feature_set']} at {FEATURES['features.grid']} px")
    if asked.simulated:
        tables = measured(simulated(asked.simulated), asked.segmenter, cache / f"simulated-{asked.segmenter}")
        report("SIMULATED lesions in JSRT", tables, asked.method)
    tables = measured(real(asked.data), asked.segmenter, cache / f"real-{asked.segmenter}")
    report("pneumonia_lesions against JSRT (confounded: different places)", tables, asked.method)


if __name__ == "__main__":
    main()
