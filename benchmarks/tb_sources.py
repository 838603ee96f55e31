"""Real tuberculosis across sources: which features and classifiers hold on the other collection.

    python benchmarks/reframe.py ../shared/data/chest --out FRAMED
    python benchmarks/tb_sources.py ../shared/data/chest --framed FRAMED --cache DIR [--workers 2]

Trains on one tuberculosis collection and half of the normal films, tests on the other collection and the
other half, both ways; the same features outside the lungs stand beside every row. Each design has its
row: normal films as they are ("as framed"), and normal films framed like the tuberculosis films of their
side ("framed alike", benchmarks/reframe.py), in which where the lungs lie in the frame tells nothing.
Feature tables are kept in the cache folder and used again.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_tbcad.batch.measuring import MeasureJob
from napari_tbcad.batch.training import LabelledTables, measure_dataset
from napari_tbcad.chest.features import redundant_names
from napari_tbcad.evaluate.evaluation import Evaluation, evaluate_table
from napari_tbcad.evaluate.folds import Fold, cross_source_folds
from napari_tbcad.evaluate.methods import make_estimator
from napari_tbcad.io.datasets import load_dataset
from reframe import FRAME

SETTINGS = {
    "features.grid": 256,
    "features.feature_set": "extended_bands",
    "features.shape_unit": "relative",
    "lungs.segmenter": "network",
}
"""Sizes are relative: lungs fill more of the frame in both tuberculosis collections than in normal_rsna."""
NO_TRAINING = ("viral_pneumonia",)
FEATURE_SET, FEATURES = "extended_opacity", "modes + texture + opacity"
CHOSEN = {"C": 10.0, "stage1_threshold": "specificity=0.98"}
"""Of the packaged model, on :data:`FEATURES`; it has the lower control of those compared."""
BANDS = "modes + texture + opacity + bands"
WITH_BANDS = {"C": 0.3, "stage1_threshold": "specificity=0.98"}
SHARPER = {"C": 3.0, "stage1_threshold": "specificity=0.98"}
"""Of the model that was not packaged, on :data:`BANDS`, and the same at a higher cost."""


def measured(
    folder: Path, cache: Path, name: str, *, workers: int, settings: dict | None = None
) -> LabelledTables:
    """Return the feature tables of a data set, from the cache when it has them."""
    from napari_tbcad.batch.measuring import Tables

    files = {part: cache / f"{name}_{part}.csv" for part in ("inside", "outside", "known", "grey")}
    if not all(file.exists() for part, file in files.items() if part != "grey"):
        job = MeasureJob({**SETTINGS, **(settings or {})})
        data = measure_dataset(load_dataset(folder), job, workers=workers, say=print)
        known = data.demographics.assign(label=data.labels, patient=data.patients, source=data.sources)
        cache.mkdir(parents=True, exist_ok=True)
        for part, table in (
            ("inside", data.tables.inside),
            ("outside", data.tables.outside),
            ("known", known),
            ("grey", data.tables.grey),
        ):
            table.to_csv(files[part])
    inside, outside, known = (pd.read_csv(files[p], index_col=0) for p in ("inside", "outside", "known"))
    grey = pd.read_csv(files["grey"], index_col=0) if files["grey"].exists() else None
    return LabelledTables(
        Tables(inside, outside, {}, grey),
        known["label"].to_numpy(np.int64),
        known["patient"].to_numpy(str),
        known["source"].to_numpy(str),
        known[["age", "sex"]],
    )


def columns_of(names: Sequence[str]) -> dict[str, list[str]]:
    """Return the feature choices compared: name → columns."""
    from napari_tbcad.chest.features import feature_names

    redundant = set(redundant_names("extended"))
    grey = [n for n in names if n.startswith(("firstorder_", "glcm_")) and n not in redundant]
    modes = [n for n in names if n.startswith("mode_")]
    seventeen = list(feature_names("chandra113", only="shape"))
    opacity = [n for n in names if n.startswith("opacity_logodds_")]
    bands = [n for n in names if n.startswith("band_")]
    return {
        "texture": grey,
        "17 + texture": [*seventeen, *grey],
        "modes": modes,
        "modes + texture": [*modes, *grey],
        "17 + modes + texture": [*seventeen, *modes, *grey],
        "opacity": opacity,
        "modes + opacity": [*modes, *opacity],
        "bands": bands,
        "modes + opacity + bands": [*modes, *opacity, *bands],
        FEATURES: [*modes, *grey, *opacity],
        BANDS: [*modes, *grey, *opacity, *bands],
    }


def chosen_films(data: LabelledTables, keep: NDArray[np.bool_]) -> LabelledTables:
    """Return some of the films."""
    from napari_tbcad.batch.measuring import Tables

    grey = None if data.tables.grey is None else data.tables.grey[keep]
    return LabelledTables(
        Tables(data.tables.inside[keep], data.tables.outside[keep], {}, grey),
        data.labels[keep],
        data.patients[keep],
        data.sources[keep],
        data.demographics[keep],
    )


def chosen_columns(data: LabelledTables, names: list[str]) -> LabelledTables:
    """Return the films with some of the features inside the lungs."""
    tables = dataclasses.replace(data.tables, inside=data.tables.inside[names])
    return dataclasses.replace(data, tables=tables)


def design(data: LabelledTables) -> tuple[LabelledTables, list[Fold]]:
    """Return the films that train and test, and the two directions."""
    chosen = chosen_films(data, ~np.isin(data.sources, NO_TRAINING))
    return chosen, cross_source_folds(chosen.labels, chosen.sources)


def with_framed(
    films: LabelledTables, folds: list[Fold], framed: LabelledTables
) -> tuple[LabelledTables, dict[str, list[Fold]]]:
    """Add the normal films framed anew to the training films.

    Returns
    -------
    LabelledTables
        The films, then those framed anew; a film and its copy are one patient.
    dict of str to list of Fold
        ``"as framed"``, ``"framed alike"``: trained on both kinds, tested on normal films of either.
        ``"plain, as framed"``, ``"plain, framed alike"``: trained on films as they are.
    """
    from napari_tbcad.batch.measuring import Tables

    n = len(films.labels)
    copy_of = {stem: n + i for i, stem in enumerate(framed.patients)}
    copies = np.array([copy_of.get(stem, -1) for stem in films.patients])

    def anew(part: NDArray[np.intp]) -> NDArray[np.intp]:
        found = copies[part]
        return found[found >= 0]

    def sick(part: NDArray[np.intp]) -> NDArray[np.intp]:
        return part[films.labels[part] == 1]

    designs: dict[str, list[Fold]] = {}
    for before, train in (("", lambda p: np.r_[p, anew(p)]), ("plain, ", lambda p: p)):
        designs[f"{before}as framed"] = [Fold(f.name, train(f.train), f.test) for f in folds]
        designs[f"{before}framed alike"] = [
            Fold(f.name, train(f.train), np.r_[sick(f.test), anew(f.test)]) for f in folds
        ]
    both = (films, framed)
    tables = Tables(
        pd.concat([part.tables.inside for part in both]),
        pd.concat([part.tables.outside for part in both]),
        {},
    )
    joined = LabelledTables(
        tables,
        np.concatenate([part.labels for part in both]),
        np.concatenate([part.patients for part in both]),
        np.concatenate([part.sources for part in both]),
        pd.concat([part.demographics for part in both]),
    )
    return joined, designs


def control_options(columns: Sequence[str], outside: Sequence[str], options: dict) -> dict:
    """Return the control's options: the same cost, and a kernel as wide for each column as the model's."""
    own = [column for column in columns if column in outside]
    return {"C": options.get("C", 1.0), "sharpness": len(own) / len(columns)}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="folder of the chest data sets")
    parser.add_argument("--framed", type=Path, required=True, help="folder that benchmarks/reframe.py wrote")
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    grid = SETTINGS["features.grid"]
    print(f"tb_multisource, {datetime.date.today()}, packaged lung and opacity networks, grid {grid}")
    films, folds = design(
        measured(asked.data / "tb_multisource", asked.cache, "tb_multisource", workers=asked.workers)
    )
    framed = measured(asked.framed / "films.csv", asked.cache, "reframed", workers=asked.workers)
    data, designs = with_framed(films, folds, framed)
    choices = columns_of(list(data.tables.inside.columns))
    print("\nWhere the lungs lie in the frame, as films are framed (single SVM):")
    frames = pd.read_csv(asked.framed / "frames.csv").set_index("file")
    place = films.tables.inside.index.map(lambda file: Path(file).name)
    for columns in (["area"], ["height"], ["width"], list(FRAME)):
        table = frames.reindex(place)[columns].set_index(films.tables.inside.index)
        kept = table.notna().all(axis=1).to_numpy()
        parts = [Fold(f.name, f.train[kept[f.train]], f.test[kept[f.test]]) for f in folds]
        done = evaluate_table(
            table.fillna(0.0),
            films.labels,
            splits=parts,
            methods={"single_svm": make_estimator("single_svm", columns)},
            n_bootstrap=100,
        )
        print(f"  {', '.join(columns):55s} {said(done)}")
    print(f"\nThe packaged model, {FEATURES}: {CHOSEN}")
    for name in designs:
        row(name, data, choices[FEATURES], designs[name], **CHOSEN)
    print(f"\nWith bands, not packaged, {BANDS}: {WITH_BANDS}")
    for name in designs:
        row(name, data, choices[BANDS], designs[name], **WITH_BANDS)
    print(f"\nWith bands at a higher cost, not packaged: {SHARPER}")
    for name in ("as framed", "framed alike"):
        row(name, data, choices[BANDS], designs[name], **SHARPER)
    print("\nFamilies, trained on both kinds, tested framed alike (cost 3):")
    for label in ("texture", "opacity", "bands", "modes", "modes + opacity + bands"):
        row(label, data, choices[label], designs["framed alike"], method="single_svm", C=3.0)


def said(done: Evaluation) -> str:
    """Return AUC and recall of each direction."""
    return "  ".join(
        f"{r['fold']}: AUC {r['auc']:.3f} ({r['auc_low']:.3f}–{r['auc_high']:.3f}) "
        f"recall@70 {r['recall_at_specificity_70']:.3f}"
        for r in done.by_fold.to_dict("records")
    )


def row(
    label: str,
    data: LabelledTables,
    columns: list[str],
    folds: list[Fold],
    *,
    method: str = "hierarchical_svm",
    **options,
) -> None:
    """Print AUC and recall at 70 % specificity per direction, and the same features outside the lungs."""
    elsewhere = [c for c in columns if c in data.tables.outside.columns]
    done = evaluate_table(
        data.tables.inside,
        data.labels,
        columns,
        splits=folds,
        methods={method: make_estimator(method, columns, **options)},
        groups=data.patients,
        controls={"outside_lungs": data.tables.outside[elsewhere]} if elsewhere else None,
        control_options=control_options(columns, elsewhere, options),
        n_bootstrap=200,
    )
    print(f"{label:24s} {said(done)}", flush=True)
    for control in done.controls.to_dict("records"):
        if ", fold" in control["control"]:
            interval = f"({control['low']:.3f}–{control['high']:.3f})"
            print(f"{'':24s}   {control['control']:40s} AUC {control['auc']:.3f} {interval}", flush=True)


if __name__ == "__main__":
    main()
