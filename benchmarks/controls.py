"""What the controls themselves know: outside the lungs, on the border, with the lungs painted over.

    python benchmarks/controls.py FOLDER --cache FILE.csv [--limit N] [--pooled]

FOLDER is a data set. On simulated lesions written with ``benchmarks/control_sets.py --both`` every film
stands there with and without lesions in its lungs, so that nothing outside them can know the answer: a
control that scores above 0.5 there sees the lungs after all, and is no control. On real films across
sources the same table says how much of a score can be had without lungs. All controls are judged by the
single-stage SVM with its default options: across sources where two collections hold tuberculosis, else in
five folds by patient.

The features of every film are kept in FILE.csv and used again; ``--limit`` takes that many films of each
source, evenly spread; ``--pooled`` takes five folds by patient in any case.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd

from napari_tbcad.chain import Run
from napari_tbcad.chest.lungs.fields import LungMasks
from napari_tbcad.chest.opacities import Opacities, opacities
from napari_tbcad.chest.opacity_zones import zone_features
from napari_tbcad.chest.workflow import settings_from, start
from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.controls import control_rows
from napari_tbcad.evaluate.elsewhere import (
    MARGIN,
    grey_features_of,
    image_border,
    lung_box,
    outside_lungs,
    painted_over,
)
from napari_tbcad.evaluate.folds import cross_source_folds, stratified_folds
from napari_tbcad.io.datasets import load_dataset
from napari_tbcad.io.read import read_film

SETTINGS = {"features.grid": 256, "lungs.segmenter": "network"}
MARGINS = (MARGIN, 0.05, 0.08, 0.12)


def measure(path: Path) -> dict[str, float]:
    """Return ``place|feature`` → value of one film."""
    run = start(read_film(path), settings_from(SETTINGS))
    image, sensitive, lungs, found = run.compute("enhanced", "sensitive", "insensitive", "opacities")
    if not isinstance(found, Opacities):
        raise SystemExit(found.cause)
    places = {"inside": lungs, f"mask + {MARGIN}": outside_lungs(lungs, hull=False)}
    places |= {f"hull + {margin}": outside_lungs(lungs, margin=margin) for margin in MARGINS}
    places |= {f"border {width}": image_border(image.shape, width=width) for width in (0.05, 0.1)}
    row: dict[str, float] = {}
    for name, where in places.items():
        try:
            grey = grey_features_of(image, sensitive, where, run.settings.features)
        except BadInput:
            grey = {}
        row |= {f"{name}: grey|{key}": value for key, value in grey.items() if "correlation_2" not in key}
        row |= _opacities(f"{name}: opacities", found, where)
    return row | _painted(run)


def _painted(run: Run) -> dict[str, float]:
    """Measure the opacities of the film whose lungs were painted over: as outlined, and their box."""
    lungs, film = run.get("insensitive"), run.get("upright")
    row: dict[str, float] = {}
    hulls = LungMasks((outside_lungs(lungs).labels == 0).astype(np.uint8), "insensitive")
    for name, painted, read in (("hulls", hulls, lungs), ("box", lung_box(lungs), lung_box(lungs))):
        try:
            found = opacities(painted_over(film, painted), run.settings.opacities)
        except BadInput:
            continue
        if isinstance(found, Opacities):
            row |= _opacities(f"{name} painted over: opacities", found, read)
    return row


def _opacities(name: str, found: Opacities, where: object) -> dict[str, float]:
    values = zone_features(found.zones(where))
    return {f"{name}|{key}": value for key, value in values.items() if "logodds" in key}


def measured(folder: Path, cache: Path, limit: int | None, without: set[str]) -> pd.DataFrame:
    """Return one row a film with file, label, source and patient first; from the cache when it is there."""
    if cache.exists():
        return pd.read_csv(cache, dtype={"patient": str})
    rows, begun = [], time.perf_counter()
    films = [row for row in load_dataset(folder).rows if row.label is not None]
    for source in sorted({row.source or folder.name for row in films} - without):
        mine = [row for row in films if (row.source or folder.name) == source]
        step = max(1.0, len(mine) / (limit or len(mine)))
        for row in (mine[int(i * step)] for i in range(int(len(mine) / step))):
            try:
                values = measure(row.path)
            except BadInput as error:
                print(f"# left out: {error}")
                continue
            patient = row.patient or row.path.as_posix()
            rows.append(
                {"file": row.path.name, "label": row.label, "source": source, "patient": patient} | values
            )
            if len(rows) % 50 == 0:
                print(f"# {len(rows)} films, {time.perf_counter() - begun:.0f} s", flush=True)
    table = pd.DataFrame(rows)
    cache.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(cache, index=False)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--limit", type=int, help="films of each source")
    parser.add_argument("--without", default="viral_pneumonia", help="sources left out, separated by commas")
    parser.add_argument("--pooled", action="store_true", help="five folds by patient, whatever the sources")
    asked = parser.parse_args()
    table = measured(asked.folder, asked.cache, asked.limit, set(asked.without.split(",")))
    y, patients = table.label.to_numpy(int), table.patient.to_numpy(str)
    across = len(set(table.source[y == 1])) > 1 and not asked.pooled
    if across and (table.groupby("source").label.nunique() > 1).all():
        across = False  # every collection holds both classes: nothing is to be gained by telling them apart
    folds = (
        cross_source_folds(y, table.source, groups=patients)
        if across
        else stratified_folds(y, 5, groups=patients)
    )
    print(f"{asked.folder.name}: {table.groupby(['source', 'label']).size().to_dict()}")
    names = list(dict.fromkeys(column.split("|")[0] for column in table if "|" in column))
    for name in names:
        part = table[[column for column in table if column.split("|")[0] == name]]
        rows = control_rows({name: part}, y, folds, groups=patients)
        lost = int(part.isna().any(axis=1).sum())
        for row in rows.to_dict("records")[: None if across else 1]:
            told = row["control"].removeprefix(name).strip(", ")
            figure = f"{row['auc']:.3f} ({row['low']:.3f}–{row['high']:.3f})"
            line = f"{'' if told else name:44s} {told:24s} {figure}"
            print(line + (f"   without {lost} films" if lost and not told else ""), flush=True)


if __name__ == "__main__":
    main()
