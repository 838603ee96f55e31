"""Every variant judged on the same splits, with its controls beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tbcad.batch.evaluating.config import EvaluationConfig
from napari_tbcad.batch.evaluating.designs import facts_of
from napari_tbcad.batch.evaluating.film_tables import VariantTables
from napari_tbcad.batch.evaluating.measured import MeasuredFilms

if TYPE_CHECKING:
    import pandas as pd

    from napari_tbcad.evaluate.evaluation import Evaluation
    from napari_tbcad.evaluate.fitting import Fits
    from napari_tbcad.evaluate.folds import Fold
    from napari_tbcad.evaluate.metrics import Figure
    from napari_tbcad.evaluate.resampling import Draws

KNOWN_SHARE = 0.5
"""Age and sex are a control where more films than this share have both."""


def judge_variants(
    measured: MeasuredFilms,
    folds: Sequence[Fold],
    config: EvaluationConfig,
    *,
    fits: Callable[[VariantTables], Fits],
    methods: Mapping[str, Any] | None = None,
    control_folds: Sequence[Fold] | None = None,
) -> Evaluation:
    """Judge every variant and put the main one first.

    Parameters
    ----------
    measured : MeasuredFilms
    folds : sequence of Fold
        Outer splits, the same for every variant.
    config : EvaluationConfig
    fits : callable
        Returns for a variant what carries its fits out.
    methods : mapping, optional
        Estimators by name instead of those of `config`.
    control_folds : sequence of Fold, optional
        Other folds for the controls, for a model that was not trained here; none: no controls.

    Returns
    -------
    Evaluation
    """
    from napari_tbcad.evaluate.joining import join_variants
    from napari_tbcad.evaluate.resampling import Draws

    _, patients, _ = facts_of(measured.films)
    draws = Draws.of(patients, config.bootstrap, config.seed)
    where = folds if control_folds is None else control_folds
    found = []
    for tables in measured.tables.values():
        carried = fits(tables)
        judged = _judged(measured, tables, folds, config, methods, carried, draws)
        controls = _controls(measured, tables, where, config, carried, draws) if where else None
        found.append((tables.variant, _with_verdict(judged, controls, tables, same=where is folds)))
    return join_variants(found, n_bootstrap=config.bootstrap, seed=config.seed)


def _judged(
    measured: MeasuredFilms,
    tables: VariantTables,
    folds: Sequence[Fold],
    config: EvaluationConfig,
    methods: Mapping[str, Any] | None,
    fits: Fits,
    draws: Draws,
) -> Evaluation:
    from napari_tbcad.evaluate.evaluation import evaluate_table

    labels, patients, sources = facts_of(measured.films)
    return evaluate_table(
        tables.inside,
        labels,
        splits=list(folds),
        methods=config.methods if methods is None else methods,
        groups=patients,
        sources=sources,
        variant=tables.variant.columns,
        fits=fits,
        draws=draws,
    )


def _controls(
    measured: MeasuredFilms,
    tables: VariantTables,
    folds: Sequence[Fold],
    config: EvaluationConfig,
    fits: Fits,
    draws: Draws,
) -> pd.DataFrame:
    """Judge what must not know the answer: elsewhere on the film, age and sex, shuffled labels."""
    from napari_tbcad.evaluate.controls import control_rows, shuffled_predictions

    labels, patients, _ = facts_of(measured.films)
    method = config.methods[0]
    controls = dict(tables.controls)
    demographics = age_sex(measured)
    if demographics is not None:
        controls["age_sex"] = demographics
    shuffled = None
    if config.shuffles:
        shuffled = shuffled_predictions(
            tables.inside,
            labels,
            folds,
            method=method,
            groups=patients,
            shuffles=config.shuffles,
            seed=config.seed,
            fits=fits,
        )
    return control_rows(
        controls,
        labels,
        folds,
        method=method,
        groups=patients,
        shuffled=shuffled,
        figure=partial(_auc, owner=dict(zip(measured.files, patients, strict=True)), draws=draws),
        fits=fits,
    )


def _auc(films: pd.DataFrame, *, owner: Mapping[str, str], draws: Draws) -> Figure:
    from napari_tbcad.evaluate.intervals import auc_figure

    return auc_figure(
        films["label"],
        films["probability"],
        [owner[str(file)] for file in films["file"]],
        draws,
        repeats=films["repeat"],
    )


def age_sex(measured: MeasuredFilms) -> pd.DataFrame | None:
    """Return age and sex of the films as a control's table; None where too few are known."""
    from napari_tbcad.evaluate.controls import age_sex_table

    rows = [film.row for film in measured.films]
    ages = np.array([row.age for row in rows], dtype=object)
    sexes = np.array([row.sex for row in rows], dtype=object)
    table = age_sex_table(ages, sexes)
    table.index = measured.grey.index
    return table if table.notna().all(axis=1).mean() > KNOWN_SHARE else None


def _with_verdict(
    judged: Evaluation,
    controls: pd.DataFrame | None,
    tables: VariantTables,
    *,
    same: bool,
) -> Evaluation:
    """Put the controls beside the scores and what they mean for them."""
    from napari_tbcad.evaluate.metrics import Figure
    from napari_tbcad.evaluate.verdicts import judged_controls, judged_summary

    if controls is None:
        return judged
    by_fold = judged.by_fold if same else None
    first = judged.summary.iloc[0]
    result = Figure(*(float(first[f"auc{end}"]) for end in ("", "_low", "_high")))
    own = None if by_fold is None else by_fold[by_fold["method"] == first["method"]]
    return replace(
        judged,
        controls=judged_controls(controls, result, own).assign(**tables.variant.columns),
        summary=judged_summary(judged.summary, controls, by_fold),
    )
