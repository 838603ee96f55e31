"""Training and judging a chest classifier on a data set, from its films to the saved model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.batch.measuring import MeasureJob, Tables, measure_films, require_networks
from napari_tbcad.errors import BadInput
from napari_tbcad.files import require_writable, write_csv, written_whole

if TYPE_CHECKING:
    import pandas as pd

    from napari_tbcad.chest.classify.model import ChestModel
    from napari_tbcad.evaluate.evaluation import Evaluation
    from napari_tbcad.evaluate.folds import Fold
    from napari_tbcad.io.datasets import DataSet

Say = Callable[[str], None]

DEFAULT_FOLDS = 10


@dataclass(frozen=True, eq=False)
class LabelledTables:
    """Feature tables of the films that could be measured, with what is known of each.

    Parameters
    ----------
    tables : Tables
        Features inside and outside the lungs.
    labels : (n,) array of int
        1 for tuberculosis, 0 for none, -1 where unknown.
    patients, sources : (n,) arrays of str
        Patient and collection; the film itself and the data set's name where unknown.
    demographics : DataFrame
        Columns age (years) and sex (1 male, 0 female), NaN where unknown.
    """

    tables: Tables
    labels: NDArray[np.int64]
    patients: NDArray[np.str_]
    sources: NDArray[np.str_]
    demographics: pd.DataFrame

    @property
    def controls(self) -> dict[str, pd.DataFrame]:
        """Feature tables that must not know the answer."""
        controls = {"outside_lungs": self.tables.outside}
        if self.demographics.notna().all(axis=1).mean() > 0.5:
            controls["age_sex"] = self.demographics
        return controls


def measure_dataset(
    dataset: DataSet,
    job: MeasureJob,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    say: Say | None = None,
) -> LabelledTables:
    """Measure every film of a data set; films that fail are told and left out."""
    from napari_tbcad.evaluate.controls import age_sex_table

    say = say or (lambda text: None)
    rows = {row.path.as_posix(): row for row in dataset.rows}
    positive = sum(row.label == 1 for row in dataset.rows)
    say(f"{dataset.name}: {len(rows)} films, {positive} with tuberculosis")
    last = -1

    def progress(share: float, what: str) -> None:
        nonlocal last
        if int(share * 20) > last:
            last = int(share * 20)
            say(f"  measured {share:4.0%}  {what}")

    paths = [row.path for row in dataset.rows]
    tables = measure_films(paths, job, workers=workers, scheduler=scheduler, progress=progress)
    for message in tables.errors.values():
        say(f"  left out: {message}")
    known = [rows[file] for file in tables.inside.index]
    ages, sexes = (np.array([getattr(row, name) for row in known], dtype=object) for name in ("age", "sex"))
    return LabelledTables(
        tables,
        np.array([row.label if row.label is not None else -1 for row in known], dtype=np.int64),
        np.array([row.patient or row.path.as_posix() for row in known]),
        np.array([row.source or dataset.name for row in known]),
        age_sex_table(ages, sexes).set_index(tables.inside.index),
    )


def design_of(
    data: LabelledTables, *, folds: int | None, holdout: float | None, splits: Path | None
) -> tuple[list[Fold], str]:
    """Return the outer splits and how they were made.

    Two or more collections with tuberculosis are tested across collections unless something else was
    asked for: pooled folds would let a classifier win by telling collections apart.
    """
    from napari_tbcad.evaluate import folds as designs

    files = [str(file) for file in data.tables.inside.index]
    if splits is not None:
        return designs.read_folds(splits, files), f"splits of {splits.name}"
    patients = data.patients if len(set(data.patients)) < len(data.patients) else None
    if holdout is not None:
        return designs.holdout(data.labels, holdout, groups=patients), f"hold-out {holdout:g}"
    collections = set(data.sources[data.labels == 1])
    if folds is None and len(collections) > 1:
        return designs.cross_source_folds(data.labels, data.sources, groups=patients), "cross-source"
    # A small set is judged on fewer folds rather than not at all; a wish is met or refused.
    number = folds or max(2, min(DEFAULT_FOLDS, *np.bincount(data.labels, minlength=2)))
    return designs.stratified_folds(data.labels, number, groups=patients), f"{number}-fold"


def card_facts(data: LabelledTables, settings: Any, *, name: str, atlas: str | None = None) -> dict[str, Any]:
    """Return the fields of a model's card that the data set, the settings and the atlas file tell."""
    from napari_tbcad.chest.account import atlas_digest
    from napari_tbcad.chest.classify.card import DataSource
    from napari_tbcad.chest.classify.normals import normal_films
    from napari_tbcad.chest.feature_sets import has_opacities
    from napari_tbcad.chest.lungs.atlas import load_atlas
    from napari_tbcad.chest.lungs.network import network_at_hand

    sources = []
    for source in sorted(set(data.sources)):
        here = data.labels[data.sources == source]
        sources.append(DataSource(name=source, n_tb=int(here.sum()), n_normal=int((here == 0).sum())))
    # Of every measured feature, also of those that the classifier will not read: a person looks at all.
    normal, grey = data.labels == 0, data.tables.grey
    features, lungs = settings.features, settings.lungs
    masks = {
        "lungs": {
            "segmenter": lungs.segmenter,
            # Where a network runs is a matter of the machine.
            lungs.segmenter: getattr(lungs, lungs.segmenter).model_dump(exclude={"device"}),
        },
        "sensitive": settings.sensitive.model_dump(),
        "insensitive": settings.insensitive.model_dump(),
    }
    opaque = has_opacities(features.feature_set)
    if opaque:
        masks["opacities"] = settings.opacities.model_dump(exclude={"device"})
    return {
        "name": name,
        "sources": tuple(sources),
        "n_tb": int(data.labels.sum()),
        "n_normal": int(normal.sum()),
        "normal": normal_films(data.tables.inside[normal], None if grey is None else grey[normal]),
        "feature_set": features.feature_set,
        "definition": features.definition,
        "levels": features.levels,
        "grid": features.grid,
        "image": features.image,
        "features": features.model_dump(mode="json", exclude={"early_exit", "device"}),
        "enhance": settings.enhance.model_dump(mode="json"),
        "segmenter": lungs.segmenter,
        "atlas": atlas_digest(lungs.segmenter, load_atlas(atlas) if atlas else None),
        "network": network_at_hand(lungs.network) if lungs.segmenter == "network" else None,
        "opacity_network": network_at_hand(settings.opacities) if opaque else None,
        "masks": masks,
        "stage1_masks": f"automatic sensitive masks ({lungs.segmenter})",
        "stage2_masks": f"automatic insensitive masks ({lungs.segmenter})",
    }


def train_on(
    path: Path,
    out: Path,
    *,
    method: str = "svm",
    single_stage: bool = False,
    splits: Path | None = None,
    assignments: Mapping[str, Any] | None = None,
    atlas: str | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    say: Say | None = None,
) -> tuple[ChestModel, int]:
    """Train a classifier on a data set, judge it, and save it with its card.

    Parameters
    ----------
    path : Path
        Data set: a known layout or a CSV.
    out : Path
        Model file to write.
    method, single_stage
        See :func:`napari_tbcad.evaluate.training.train_model`.
    splits : Path, optional
        folds.csv for the card's scores; else cross-source where there are two collections, else 10-fold.
    assignments, atlas
        See :class:`~napari_tbcad.batch.measuring.MeasureJob`.
    workers, scheduler
        See :func:`napari_tbcad.batch.pool.each`.
    say : callable, optional
        Told what goes on.

    Returns
    -------
    model : ChestModel
        As read back from the file.
    failed : int
        Number of films that could not be measured and were left out.
    """
    from napari_tbcad.chest.classify.store import load_model, save_model
    from napari_tbcad.chest.feature_sets import has_modes
    from napari_tbcad.chest.workflow import packaged_shape_model, settings_from
    from napari_tbcad.evaluate.training import train_model
    from napari_tbcad.io.datasets import load_dataset

    require_writable(out.parent)
    settings = settings_from(assignments or {})
    require_networks(settings)
    job = MeasureJob(dict(assignments or {}), atlas)
    data = measure_dataset(load_dataset(path).labelled(), job, workers=workers, scheduler=scheduler, say=say)
    chosen, design = design_of(data, folds=None, holdout=None, splits=splits)
    extended = has_modes(settings.features.feature_set)
    model = train_model(
        data.tables.inside,
        data.labels,
        method=method,
        single_stage=single_stage,
        card_info=card_facts(data, settings, name=out.stem, atlas=atlas),
        splits=chosen,
        controls=data.controls,
        groups=data.patients,
        shape_model=packaged_shape_model().to_arrays() if extended else None,
        design=design,
        progress=_percent(say),
    )
    save_model(model, out)
    return load_model(out), len(data.tables.errors)


def evaluate_on(
    path: Path,
    out: Path,
    *,
    test: Path | None = None,
    folds: int | None = None,
    holdout: float | None = None,
    splits: Path | None = None,
    classifier: str | None = None,
    assignments: Mapping[str, Any] | None = None,
    atlas: str | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    say: Say | None = None,
) -> int:
    """Judge the hierarchical classifiers and their single-stage twins on a data set.

    Parameters
    ----------
    path, test : Path
        Data set, and another one to test on.
    out : Path
        Folder for summary.csv, controls.csv, folds.csv, confusion matrices and report.html.
    classifier : str, optional
        Packaged name or file of a model to judge as it is, on all films, instead of training anew.
    folds, holdout, splits
        The design; see :func:`design_of`.
    assignments, atlas, workers, scheduler, say
        See :func:`train_on`.

    Returns
    -------
    int
        Number of films that could not be measured.
    """
    from napari_tbcad.chest.classify.packaged import find_model
    from napari_tbcad.chest.workflow import assignments_of, refuse_unless_fits, settings_from
    from napari_tbcad.evaluate.evaluation import evaluate_table
    from napari_tbcad.evaluate.report import write_evaluation
    from napari_tbcad.io.datasets import load_dataset

    require_writable(out)
    model = find_model(classifier) if classifier else None
    chosen_settings = (assignments_of(model) if model is not None else {}) | dict(assignments or {})
    settings = settings_from(chosen_settings)
    refuse_unless_fits(model, settings)
    require_networks(settings)
    job = MeasureJob(chosen_settings, atlas)
    common: dict[str, Any] = {"workers": workers, "scheduler": scheduler, "say": say}
    data = measure_dataset(load_dataset(path).labelled(), job, **common)
    failed = dict(data.tables.errors)
    if model is not None:
        return _judge_model(model, data, out, title=f"{model.card.name} on {path.name}", say=say)
    if test is None:
        chosen, design = design_of(data, folds=folds, holdout=holdout, splits=splits)
    else:
        other = measure_dataset(load_dataset(test).labelled(), job, **common)
        failed |= other.tables.errors
        data, chosen = _joined(data, other)
        design = f"train {path.name}, test {test.name}"
    evaluation = evaluate_table(
        data.tables.inside,
        data.labels,
        splits=chosen,
        controls=data.controls,
        groups=data.patients,
        progress=_percent(say),
    )
    features = settings.features
    about = {
        "Data": f"{path.name}" + (f", tested on {test.name}" if test else ""),
        "Masks": settings.lungs.segmenter,
        "Features": f"{features.feature_set}, {features.definition}, {features.levels} grey levels, "
        f"{features.image} film",
        "Grid": f"{features.grid} px",
    }
    write_evaluation(evaluation, out, title=design, about=about)
    with written_whole(out / "features.csv") as temporary:
        data.tables.inside.to_csv(temporary, encoding="utf-8-sig")
    write_csv(out / "failed.csv", ("file", "message"), [{"file": f, "message": m} for f, m in failed.items()])
    if say is not None:
        _tell(evaluation, design, out, say)
    return len(failed)


def _judge_model(model: ChestModel, data: LabelledTables, out: Path, *, title: str, say: Say | None) -> int:
    """Ask a model about every film and write the evaluation; controls are trained on folds of the films."""
    from dataclasses import replace

    from sklearn.frozen import FrozenEstimator

    from napari_tbcad.evaluate.controls import control_rows
    from napari_tbcad.evaluate.evaluation import evaluate_table
    from napari_tbcad.evaluate.folds import Fold
    from napari_tbcad.evaluate.report import write_evaluation

    everything = np.arange(len(data.labels))
    evaluation = evaluate_table(
        data.tables.inside,
        data.labels,
        model.card.feature_names,
        splits=[Fold("all", everything[:0], everything)],
        methods={model.card.name: FrozenEstimator(model.estimator)},
    )
    try:
        folds, _ = design_of(data, folds=None, holdout=None, splits=None)
        evaluation = replace(evaluation, controls=control_rows(data.controls, data.labels, folds))
    except BadInput as error:  # too few films to train a control on; the report says that there is none
        if say is not None:
            say(f"no controls: {error}")
    about = {"Model": f"{model.card.name}, SHA-256 {model.sha256[:12]}", "Grid": f"{model.card.grid} px"}
    write_evaluation(evaluation, out, title=title, about=about)
    errors = data.tables.errors
    write_csv(out / "failed.csv", ("file", "message"), [{"file": f, "message": m} for f, m in errors.items()])
    if say is not None:
        _tell(evaluation, title, out, say)
    return len(errors)


def _joined(train: LabelledTables, test: LabelledTables) -> tuple[LabelledTables, list[Fold]]:
    import pandas as pd

    from napari_tbcad.evaluate.folds import Fold

    twice = set(train.tables.inside.index) & set(test.tables.inside.index)
    if twice:
        raise BadInput(sorted(twice)[0], "the film is in the training and in the test data set")

    def both(one: NDArray[Any], two: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate([one, two])

    tables = Tables(
        pd.concat([train.tables.inside, test.tables.inside]),
        pd.concat([train.tables.outside, test.tables.outside]),
        {**train.tables.errors, **test.tables.errors},
    )
    data = LabelledTables(
        tables,
        both(train.labels, test.labels),
        both(train.patients, test.patients),
        both(train.sources, test.sources),
        pd.concat([train.demographics, test.demographics]),
    )
    n, total = len(train.labels), len(data.labels)
    return data, [Fold("test", np.arange(n), np.arange(n, total))]


def _percent(say: Say | None) -> Callable[[float, str], None] | None:
    if say is None:
        return None
    return lambda share, what: say(f"  fitted {share:4.0%}  {what}")


def _tell(evaluation: Evaluation, design: str, out: Path, say: Say) -> None:
    say(f"{design}:")
    for row in evaluation.summary.to_dict("records"):
        say(
            f"  {row['method']:17s} AUC {row['auc']:.3f} ({row['auc_low']:.3f}–{row['auc_high']:.3f})  "
            f"accuracy {row['accuracy']:.3f}  recall {row['recall']:.3f}  precision {row['precision']:.3f}  "
            f"F1 {row['f1']:.3f}  decided by shape {row['share_stage1']:.0%}"
        )
    for row in evaluation.controls.to_dict("records"):
        say(f"  control {row['control']}: AUC {row['auc']:.3f}  {row['warning']}")
    say(f"tables, folds and report.html in {out}")
