"""What stands beside the scores: sources, learning curve, stability, correction, explanation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tbcad.batch.evaluating.config import EvaluationConfig
from napari_tbcad.batch.evaluating.designs import Designed, default_folds, facts_of
from napari_tbcad.batch.evaluating.found import FoundFilm
from napari_tbcad.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

    from napari_tbcad.batch.evaluating.film_tables import VariantTables
    from napari_tbcad.batch.evaluating.measured import MeasuredFilms
    from napari_tbcad.evaluate.evaluation import Evaluation
    from napari_tbcad.evaluate.fitting import Fits
    from napari_tbcad.evaluate.folds import Fold

FEW_FOLDS = 5
"""Folds of the learning curve and of the correction: a point of either takes one fit a fold and draw."""
FEWEST_STABLE = 3
"""Films with a reader's masks that features can be compared on."""
FEWEST_CORRECTED = 10
"""Patients of each class with a reader's masks that a classifier can be judged on."""


@dataclass(frozen=True, eq=False)
class Beside:
    """What the extras work on.

    Parameters
    ----------
    measured : MeasuredFilms
    design : Designed
        Outer splits of the evaluation.
    config : EvaluationConfig
    fits : callable
        Carries fits out.
    """

    measured: MeasuredFilms
    design: Designed
    config: EvaluationConfig
    fits: Fits

    @property
    def main(self) -> VariantTables:
        """Tables of the main variant."""
        return next(iter(self.measured.tables.values()))


def with_extras(
    evaluation: Evaluation, beside: Beside, tell: Callable[[float, str], None]
) -> tuple[Evaluation, list[str]]:
    """Add the tables of what was asked for beside the scores.

    Returns
    -------
    evaluation : Evaluation
    notes : list of str
        What could not be had, and why; and what the collections say of the classes.
    """
    from napari_tbcad.evaluate.sources import source_notes, source_rows

    labels, _, sources = facts_of(beside.measured.films)
    notes = list(source_notes(labels, sources))
    found: dict[str, Any] = {}
    if evaluation.sources.empty and len(set(sources)) > 0:
        main = evaluation.of_main(evaluation.predictions)
        config = beside.config
        found["sources"] = source_rows(main, n_bootstrap=config.bootstrap, seed=config.seed)
    parts: dict[str, tuple[str, Callable[[Beside], pd.DataFrame | None]]] = {
        "learning_curve": ("learning curve", _learning),
        "stability": ("stability of the features", _stability),
        "correction": ("correction of masks", _correction),
    }
    for number, (name, (words, compute)) in enumerate(parts.items()):
        tell(number / len(parts), words)
        try:
            table = compute(beside)
        except BadInput as error:  # too few films for it: the scores stand without
            notes.append(f"no {words}: {error}")
            continue
        if table is not None and len(table):
            found[name] = table
    return replace(evaluation, **found), notes


def _learning(beside: Beside) -> pd.DataFrame | None:
    """Judge the first method on more and more films."""
    from napari_tbcad.evaluate.learning import learning_curve

    if not beside.config.learning_curve:
        return None
    labels, patients, _ = facts_of(beside.measured.films)
    return learning_curve(
        beside.main.inside,
        labels,
        _few_folds(beside, beside.measured.films),
        method=beside.config.methods[0],
        control=beside.main.controls.get("outside_lungs"),
        groups=patients,
        seed=beside.config.seed,
        fits=beside.fits,
    )


def _stability(beside: Beside) -> pd.DataFrame | None:
    """Compare features inside automatic masks with those inside a reader's."""
    from napari_tbcad.evaluate.stability import stability

    reference = beside.measured.reference
    if reference is None or len(reference) < FEWEST_STABLE:
        return None
    return stability(beside.main.inside.loc[reference.index], reference)


def _correction(beside: Beside) -> pd.DataFrame | None:
    """Judge the first method with more and more masks corrected."""
    from napari_tbcad.evaluate.correction import correction

    measured = beside.measured
    if measured.reference is None or measured.dice is None:
        return None
    known = set(measured.reference.index)
    films = [film for film in measured.films if film.file in known]
    labels, patients, _ = facts_of(films)
    if min(len(set(patients[labels == value])) for value in (0, 1)) < FEWEST_CORRECTED:
        return None
    names = [film.file for film in films]
    doubt = None if measured.doubt is None else measured.doubt.loc[names].to_numpy()
    return correction(
        beside.main.inside.loc[names],
        measured.reference.loc[names],
        labels,
        _few_folds(beside, films),
        method=beside.config.methods[0],
        groups=patients,
        dice=measured.dice.loc[names].to_numpy(),
        doubt=doubt if doubt is not None and np.isfinite(doubt).all() else None,
        seed=beside.config.seed,
        fits=beside.fits,
    )


def _few_folds(beside: Beside, films: Sequence[FoundFilm]) -> list[Fold]:
    """Return one repetition of the design, or of at most five folds where it has more, for some films."""
    from napari_tbcad.evaluate.folds import stratified_folds

    first: list[Any] = [fold for fold in beside.design.folds if fold.repeat == 1]
    if len(films) == len(beside.measured.films) and len(first) <= FEW_FOLDS:
        return first
    labels, patients, _ = facts_of(films)
    number = min(FEW_FOLDS, default_folds(labels, patients))
    return stratified_folds(labels, number, groups=patients, random_state=beside.config.seed)
