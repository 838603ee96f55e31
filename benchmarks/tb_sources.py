"""Real tuberculosis across sources: which features and classifiers hold on the other collection.

    python benchmarks/tb_sources.py ../shared/data/chest --cache DIR [--workers 2]

Trains on one tuberculosis collection and half of the normal films, tests on the other collection and the
other half, both ways; the same features outside the lungs stand beside every row. The choice of the packaged
demonstration model (benchmarks/build_models.py) was made from this table, not from pooled cross-validation.
Feature tables are kept in the cache folder and used again.
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from napari_tbcad.batch.measuring import MeasureJob
from napari_tbcad.batch.training import LabelledTables, measure_dataset
from napari_tbcad.chest.features import redundant_names
from napari_tbcad.evaluate.evaluation import evaluate_table
from napari_tbcad.evaluate.folds import Fold, cross_source_folds
from napari_tbcad.evaluate.methods import make_estimator
from napari_tbcad.io.datasets import load_dataset

SETTINGS = {
    "features.grid": 256,
    "features.feature_set": "extended_opacity",
    "features.shape_unit": "relative",
    "lungs.segmenter": "network",
}
"""Sizes are relative: lungs fill more of the frame in both tuberculosis collections than in normal_rsna, so
that their size in pixels alone reaches what the control ``size_in_frame`` prints; testing across sources
cannot see such a difference that both collections share."""
NO_TRAINING = ("viral_pneumonia",)
CHOSEN = {"C": 10.0, "stage1_threshold": "specificity=0.98"}
"""Of the packaged model on modes, texture and opacity."""
CONTROL = {"C": 10.0, "sharpness": 0.78}
"""The same cost, and the same width of the kernel in the 92 grey-level features of the model's 118."""
FAMILIES = {"C": 3.0, "balance": True}
"""Modes, texture and opacity weigh the same."""
SIZE = ["area_left", "area_right"]
"""Lung areas are in pixels whatever the unit; they are the control, and no model's feature."""


def measured(
    folder: Path, cache: Path, name: str, *, workers: int, settings: dict | None = None
) -> LabelledTables:
    """Return the feature tables of a data set, from the cache when it has them."""
    from napari_tbcad.batch.measuring import Tables

    files = {part: cache / f"{name}_{part}.csv" for part in ("inside", "outside", "known")}
    if not all(file.exists() for file in files.values()):
        job = MeasureJob({**SETTINGS, **(settings or {})})
        data = measure_dataset(load_dataset(folder), job, workers=workers, say=print)
        known = data.demographics.assign(label=data.labels, patient=data.patients, source=data.sources)
        cache.mkdir(parents=True, exist_ok=True)
        for part, table in (
            ("inside", data.tables.inside),
            ("outside", data.tables.outside),
            ("known", known),
        ):
            table.to_csv(files[part])
    inside, outside, known = (pd.read_csv(files[p], index_col=0) for p in ("inside", "outside", "known"))
    return LabelledTables(
        Tables(inside, outside, {}),
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
    rest = [
        n
        for n in names
        if n not in {*grey, *modes, *seventeen, *SIZE, *redundant} and not n.startswith("opacity_")
    ]
    return {
        "texture": grey,
        "17 + texture": [*seventeen, *grey],
        "modes": modes,
        "modes + texture": [*modes, *grey],
        "17 + modes + texture": [*seventeen, *modes, *grey],
        "all shape + texture": [*seventeen, *rest, *modes, *grey],
        "opacity": opacity,
        "modes + opacity": [*modes, *opacity],
        "modes + texture + opacity": [*modes, *grey, *opacity],
    }


def design(data: LabelledTables) -> tuple[LabelledTables, list[Fold]]:
    """Return the films that train and test, and the two directions."""
    keep = ~np.isin(data.sources, NO_TRAINING)
    from napari_tbcad.batch.measuring import Tables

    chosen = LabelledTables(
        Tables(data.tables.inside[keep], data.tables.outside[keep], {}),
        data.labels[keep],
        data.patients[keep],
        data.sources[keep],
        data.demographics[keep],
    )
    return chosen, cross_source_folds(chosen.labels, chosen.sources)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="folder of the chest data sets")
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--results", type=Path, help="results.csv of `chest run` on the images: which are cut"
    )
    chosen = parser.parse_args()
    grid = SETTINGS["features.grid"]
    print(f"tb_multisource, {datetime.date.today()}, packaged lung and opacity networks, grid {grid}")
    data, folds = design(
        measured(chosen.data / "tb_multisource", chosen.cache, "tb_multisource", workers=chosen.workers)
    )
    choices = columns_of(list(data.tables.inside.columns))
    chosen_columns = choices["modes + texture + opacity"]
    for label, columns in choices.items():
        for method in ("hierarchical_svm", "single_svm", "hierarchical_nb", "single_nb"):
            if not method.startswith("hierarchical") or label not in ("texture", "modes", "opacity"):
                row(label, method, data, columns, folds)
    print("\nCost, kernel, balance and gate of the hierarchical SVM, modes + texture + opacity:")
    for options in (
        {"C": 1.0},
        {"C": 3.0},
        {"C": 3.0, "stage1_threshold": "specificity=0.98"},
        {"C": 3.0, "stage1_threshold": "specificity=0.99"},
        CHOSEN,
        FAMILIES,
        {**FAMILIES, "sharpness": 3.0},
        {**FAMILIES, "sharpness": 6.0},
        {**FAMILIES, "sharpness": 6.0, "stage1_abstains": True},
    ):
        row("modes + texture + opacity", "hierarchical_svm", data, chosen_columns, folds, **options)
    print("The settings of the model that had no opacity network:")
    before = {**FAMILIES, "sharpness": 2.0}
    row("modes + texture", "hierarchical_svm", data, choices["modes + texture"], folds, **before)
    print("\nWith the lungs' size in the frame, which no packaged model reads:")
    row("size + modes + texture", "single_svm", data, [*SIZE, *choices["modes + texture"]], folds)
    row("size + 17 + texture", "single_svm", data, [*SIZE, *choices["17 + texture"]], folds)
    if chosen.results:
        uncut(data, chosen_columns, folds, chosen.results)
    print("\nGrey-level features alone, single SVM: inside the lungs, and the same outside (a control):")
    for options in (CONTROL, {"C": 3.0}, {"C": 3.0, "sharpness": 2.0}, {"C": 3.0, "sharpness": 3.0}):
        row("texture", "single_svm", data, choices["texture"], folds, **options)


def uncut(data: LabelledTables, columns: list[str], folds: list[Fold], results: Path) -> None:
    """Print how many films have lungs cut by the frame, and the model's row without them."""
    table = pd.read_csv(results)
    cut_files = set(
        table.file[table.warnings.fillna("").str.contains("lungs are cut")].map(lambda f: Path(f).name)
    )
    cut = np.array([Path(file).name in cut_files for file in data.tables.inside.index])
    print("\nFilms whose lungs the frame cuts:")
    for source in sorted(set(data.sources)):
        here = data.sources == source
        print(f"  {source:14s} {int(cut[here].sum())} of {int(here.sum())}")
    print("The demonstration model's settings without them, in training and test:")
    kept = [Fold(f.name, f.train[~cut[f.train]], f.test[~cut[f.test]]) for f in folds]
    row("modes + texture + opacity", "hierarchical_svm", data, columns, kept, **CHOSEN)
    row(
        "texture",
        "single_svm",
        data,
        [c for c in columns if not c.startswith(("mode_", "opacity_"))],
        kept,
        C=3.0,
    )


def row(
    label: str, method: str, data: LabelledTables, columns: list[str], folds: list[Fold], **options
) -> None:
    """Print one line: AUC and recall at 70 % specificity per direction, and outside the lungs."""
    estimator = make_estimator(method, columns, **options)
    grey = [c for c in columns if c in data.tables.outside.columns]
    controls = None
    if grey and method == "single_svm":
        controls = {"outside_lungs": data.tables.outside[grey], "size_in_frame": data.tables.inside[SIZE]}
    done = evaluate_table(
        data.tables.inside,
        data.labels,
        columns,
        splits=folds,
        methods={method: estimator},
        controls=controls,
        control_options=options if method.startswith("single") else None,
    )
    by_fold = done.by_fold
    text = "  ".join(
        f"{r['fold']}: AUC {r['auc']:.3f} ({r['auc_low']:.3f}–{r['auc_high']:.3f}) "
        f"recall@70 {r['recall_at_specificity_70']:.3f} stage1 {r['share_stage1']:.0%}"
        for r in by_fold.to_dict("records")
    )
    print(f"{label:22s} {method:17s} {options or ''} {text}", flush=True)
    for control in done.controls.to_dict("records"):
        interval = f"({control['low']:.3f}–{control['high']:.3f})"
        print(f"{'':22s} {control['control']:40s} AUC {control['auc']:.3f} {interval}")


if __name__ == "__main__":
    main()
