"""Simulated lesions: whether they measure like drawn ones, and whether the chain sees them.

python benchmarks/simulated_lesions.py --measure     the constants of simulate/lesions.py
python benchmarks/simulated_lesions.py               both tables

The first table compares area and contrast of simulated consolidations with those of pneumonia_lesions, each
measured by the same function. The second puts lesions into half of the normal films of one source at a
time, trains on one source and tests on the other, for several factors of the contrast, inside and outside
the lungs. Lesion films and controls take the same way through the chain: the same grid, rounding, masks
(made on the film before insertion) and features.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import NamedTuple

import imageio.v3 as iio
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from napari_tbcad.chest.enhance import EnhanceParameters, enhance
from napari_tbcad.chest.features import FeatureParameters, chest_features
from napari_tbcad.chest.lungs.atlas import atlas
from napari_tbcad.chest.lungs.fields import LungMasks
from napari_tbcad.chest.lungs.masks import insensitive_mask
from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.controls import outside_lungs
from napari_tbcad.imaging.grid import resize_labels, to_grid
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.simulate.lesion_statistics import LesionMeasure, measure_lesions
from napari_tbcad.simulate.lesions import QUANTILES, LesionParameters, insert_lesions

CHEST = Path(__file__).resolve().parents[2] / "shared" / "data" / "chest"
GRID = 256
FACTORS = (0.25, 0.5, 1.0, 2.0)


class Normal(NamedTuple):
    """A normal film on the working grid, the lungs to insert into, and automatic ones to measure in."""

    film: Radiograph
    lungs: NDArray[np.uint8]
    automatic: LungMasks


def grey(path: Path) -> NDArray[np.float32]:
    pixels = iio.imread(path)
    return (pixels if pixels.ndim == 2 else pixels[..., :3].mean(axis=-1)).astype(np.float32)


def measured_films() -> list[LesionMeasure]:
    folder, measures = CHEST / "pneumonia_lesions", []
    for name in pd.read_csv(folder / "labels.csv").file:
        lungs = iio.imread(folder / "lungs" / name)
        # There 1 is the left lung; here 1 is the right one.
        lungs = np.select([lungs == 1, lungs == 2], [2, 1], 0).astype(np.uint8)
        try:
            lesions = iio.imread(folder / "lesions" / name) > 0
            measures.append(measure_lesions(grey(folder / "images" / name), lungs, lesions))
        except BadInput as error:
            print(f"# left out: {name}: {error.cause}")
    return measures


def on_grid(path: Path) -> Radiograph:
    film = to_grid(Radiograph(grey(path), source=path.name), GRID)
    return Radiograph(np.rint(film.pixels), source=path.name)


def jsrt(limit: int, *, segment: bool) -> list[Normal]:
    folder, films = CHEST / "jsrt", []
    table = pd.read_csv(folder / "labels.csv")
    for name in table[(table.nodule == 0) & (table.usable == 1)].file[:limit]:
        film = on_grid(folder / "images" / name)
        right, left = (iio.imread(folder / f"masks_{side}" / name) > 0 for side in ("right", "left"))
        lungs = resize_labels(np.where(right, 1, np.where(left, 2, 0)).astype(np.uint8), film.shape)
        automatic = insensitive_mask(atlas(film), film) if segment else LungMasks(lungs, "insensitive")
        films.append(Normal(film, lungs, automatic))
    return films


def rsna(limit: int) -> list[Normal]:
    folder, films = CHEST / "tb_multisource", []
    table = pd.read_csv(folder / "labels.csv")
    for name in table[table.source == "normal_rsna"].file[:limit]:
        film = on_grid(folder / "images" / name)
        try:
            automatic = insensitive_mask(atlas(film), film)
            films.append(Normal(film, automatic.labels, automatic))
        except BadInput as error:
            print(f"# left out: {name}: {error.cause}")
    return films


def texture(film: Radiograph, masks: LungMasks, image: str) -> NDArray[np.float64]:
    shown = enhance(film, EnhanceParameters()) if image == "enhanced" else film
    found = chest_features(shown, masks, masks, FeatureParameters(grid=GRID, image=image))
    keep = [g in ("firstorder", "glcm") for g in found.groups]
    return np.asarray(found.values)[keep]


class Source(NamedTuple):
    """Features of every film of a source without and with a lesion: [inside, outside], each (n, features)."""

    without: list[NDArray]
    lesion: list[NDArray]


def source_of(normals: list[Normal], wanted: LesionParameters, image: str, *, seed: int) -> Source:
    rows: list[list[list[NDArray]]] = [[[], []], [[], []]]
    for i, normal in enumerate(normals):
        outer = outside_lungs(normal.automatic, margin=0.05)
        try:
            sick = insert_lesions(normal.film, normal.lungs, wanted, seed=seed + i).film
            new = [[texture(f, m, image) for m in (normal.automatic, outer)] for f in (normal.film, sick)]
        except BadInput as error:
            print(f"# left out: {normal.film.source}: {error.cause}")
            continue
        for state in (0, 1):
            for where in (0, 1):
                rows[state][where].append(new[state][where])
    return Source(*([np.array(part) for part in state] for state in rows))


def half_sick(source: Source, where: int, generator: np.random.Generator) -> tuple[NDArray, NDArray]:
    """Return features and labels with a random half of the films sick; no film is in both states."""
    label = generator.permutation(len(source.without[where])) % 2
    return np.where(label[:, None] == 1, source.lesion[where], source.without[where]), label


def across(train: tuple[NDArray, NDArray], test: tuple[NDArray, NDArray]) -> NDArray:
    """Return the scores of an SVM trained on one source for the films of the other."""
    # Each source is scaled by its own films, without labels: the two differ in grey scale.
    model = make_pipeline(StandardScaler(), SVC(C=1.0, gamma="scale", class_weight="balanced"))
    model.fit(StandardScaler().fit_transform(train[0]), train[1])
    return model.decision_function(StandardScaler().fit_transform(test[0]))


def likeness(normals: list[Normal], repeats: int) -> None:
    real, made = measured_films(), []
    for repeat in range(repeats):
        for i, normal in enumerate(normals):
            result = insert_lesions(
                normal.film, normal.lungs, LesionParameters(kind="consolidation"), seed=repeat * 10_000 + i
            )
            made.append(measure_lesions(result.film.pixels, normal.lungs, result.labels > 0))
    print(f"\nmeasured on {len(real)} drawn films and {len(made)} simulated ones")
    print("quantity      statistic   drawn  simulated  difference")
    for name in ("area", "contrast"):
        a, b = (np.array([getattr(m, name) for m in group]) for group in (real, made))
        for statistic, f in (
            ("median", np.median),
            ("IQR", lambda v: np.subtract(*np.percentile(v, [75, 25]))),
        ):
            print(f"{name:12s}  {statistic:9s}  {f(a):6.3f}  {f(b):9.3f}  {100 * (f(b) / f(a) - 1):+9.1f} %")
    p, q = (np.mean([m.position for m in group], axis=0) for group in (real, made))
    print(f"position: overlap of the 6 × 3 histograms {np.minimum(p, q).sum():.3f} (1 = the same)")
    print("rows apex to base, drawn    ", np.round(p.sum(axis=1), 3))
    print("rows apex to base, simulated", np.round(q.sum(axis=1), 3))


def curve(sources: dict[str, list[Normal]], image: str, wanted: LesionParameters, draws: int) -> None:
    asked = f"contrast {wanted.contrast}" if wanted.contrast else "contrast drawn as measured"
    sizes = [len(films) for films in sources.values()]
    print(f"\nAUC across sources, {wanted.kind}, {asked}, {image} image, {GRID} px, films {sizes}:")
    print(f"mean over {draws} draws of the sick halves (2.5–97.5 % of the draws)")
    print("factor  trained → tested    inside the lungs         outside the lungs")
    for factor in FACTORS:
        lesion = wanted.model_copy(update={"contrast_factor": factor})
        sets = {n: source_of(f, lesion, image, seed=1000 * k) for k, (n, f) in enumerate(sources.items())}
        for train, test in (tuple(sources), tuple(sources)[::-1]):
            line = f"{factor:5.2f}   {train:>6s} → {test:<6s}"
            for where in (0, 1):
                generator, aucs = np.random.default_rng(5), []
                for _ in range(draws):
                    learn, judge = (half_sick(sets[n], where, generator) for n in (train, test))
                    aucs.append(roc_auc_score(judge[1], across(learn, judge)))
                low, high = np.percentile(aucs, [2.5, 97.5])
                line += f"     {np.mean(aucs):.3f} ({low:.3f}–{high:.3f})"
            print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--measure", action="store_true", help="print the constants and stop")
    parser.add_argument("--films", type=int, default=60, help="films a source for the AUC")
    parser.add_argument("--draws", type=int, default=40, help="draws of the sick halves")
    parser.add_argument("--image", choices=["enhanced", "raw"], default="enhanced")
    parser.add_argument("--kind", default="consolidation", help="kind of lesion for the AUC")
    parser.add_argument("--contrast", type=float, default=0.0, help="one contrast for all; 0 as measured")
    parser.add_argument("--curve-only", action="store_true")
    parser.add_argument("--likeness-only", action="store_true")
    asked, start = parser.parse_args(), time.perf_counter()
    if asked.measure:
        real = measured_films()
        for name in ("area", "contrast"):
            values = np.quantile([getattr(m, name) for m in real], QUANTILES)
            print(name, tuple(float(v) for v in np.round(values, 3)), f"n = {len(real)}")
        print(np.round(np.mean([m.position for m in real], axis=0), 3).tolist())
        return
    if not asked.curve_only:
        likeness(jsrt(200, segment=False), repeats=5)
    if not asked.likeness_only:
        sources = {"jsrt": jsrt(asked.films, segment=True), "rsna": rsna(asked.films)}
        curve(sources, asked.image, LesionParameters(kind=asked.kind, contrast=asked.contrast), asked.draws)
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
