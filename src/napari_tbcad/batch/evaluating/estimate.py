"""How long an evaluation will take on this machine, from its first films."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from napari_tbcad.batch.evaluating.config import EvaluationConfig
from napari_tbcad.batch.evaluating.film import FilmJob, FilmTask
from napari_tbcad.batch.evaluating.found import Found, FoundFilm
from napari_tbcad.batch.evaluating.plans import plans_for

TRIED = 2
"""Films that are measured for the estimate, after one that only warms up."""

FIT_SECONDS = {"hierarchical_svm": 0.5, "hierarchical_nb": 0.25, "single_svm": 0.12, "single_nb": 0.05}
"""Of one fit on `FIT_FILMS` films with the 113 features, processor time; an SVM's grows with n squared."""
FIT_FILMS = 600
WRITE_SECONDS = 20.0
"""Reading what is needed, intervals, tables and report of a few hundred films."""


def estimate(
    found: Found,
    config: EvaluationConfig,
    assignments: Mapping[str, Any] | None = None,
    *,
    atlas: str | None = None,
    workers: int = 1,
) -> float:
    """Return about how many seconds an evaluation takes, measuring a few films to know.

    Parameters
    ----------
    found : Found
        What :func:`~napari_tbcad.batch.evaluating.survey.survey` found.
    config : EvaluationConfig
    assignments : mapping, optional
        Settings of the chain.
    atlas : str, optional
        Path of an atlas file.
    workers : int
        Local processes.

    Returns
    -------
    float
        Seconds; 0 without films. Films that cannot be measured take part in it: they take time, too.
    """
    if not found.films:
        return 0.0
    config = config.with_settings(assignments or {})
    plans = plans_for(config.variants, assignments or {}, reference=False)
    films = len(found.films)
    seconds = _seconds_a_film(_spread(found.films, TRIED + 1), plans, atlas)
    return (films * seconds + _fit_seconds(config, found)) / max(1, workers) + WRITE_SECONDS


def _spread(films: Sequence[FoundFilm], number: int) -> list[FoundFilm]:
    """Return films from all over a list: the sizes of one collection's differ from another's."""
    step = max(1, len(films) // number)
    return list(films[::step])[:number]


def _seconds_a_film(films: Sequence[FoundFilm], plans: Any, atlas: str | None) -> float:
    job = FilmJob(atlas)
    job(FilmTask(films[0].path, "", plans))  # networks and atlases are read once
    tried = films[1:] or films
    began = time.perf_counter()
    for film in tried:
        job(FilmTask(film.path, "", plans))
    return (time.perf_counter() - began) / len(tried)


def _fit_seconds(config: EvaluationConfig, found: Found) -> float:
    """Return the processor time of all fits."""
    growth = (len(found.films) / FIT_FILMS) ** 2
    crossed = len({film.source for film in found.films if film.row.label == 1}) > 1
    tested = any(film.role == "test" for film in found.films)
    if tested or config.design == "holdout":
        folds, repeats = 1, 1
    elif config.design == "cross-source" or (config.design == "auto" and crossed and config.folds is None):
        folds, repeats = 2, 1
    else:
        folds, repeats = config.folds or 10, config.repeats
    first = FIT_SECONDS[config.methods[0]]
    of_methods = sum(FIT_SECONDS[name] for name in config.methods)
    controls = 3 * FIT_SECONDS["single_svm"] + config.shuffles * first
    variants = len(config.variants)
    curve = 13 * min(5, folds) * 0.5 * (first + FIT_SECONDS["single_svm"]) if config.learning_curve else 0.0
    beside = variants * (of_methods + controls) if config.also_holdout else 0.0
    return growth * (variants * folds * repeats * (of_methods + controls) + curve + beside)
