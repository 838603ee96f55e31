"""How long an evaluation will take on this machine, from its first films."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_tbcad.batch.evaluating.config import EvaluationConfig
from napari_tbcad.batch.evaluating.designs import default_folds, design_kind, facts_of
from napari_tbcad.batch.evaluating.film import FilmJob, FilmTask, atlas_digest
from napari_tbcad.batch.evaluating.found import Found, FoundFilm
from napari_tbcad.batch.evaluating.plans import Plan, plans_for
from napari_tbcad.batch.evaluating.store import HASHES, MEASURED, WORK, MeasuredStore, kept_hashes

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
    earlier: Path | None = None,
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
    earlier : Path, optional
        Folder of an evaluation whose measurements will be used: films known there take no time.

    Returns
    -------
    float
        Seconds; 0 without films. Films that cannot be measured take part in it: they take time, too.
    """
    if not found.films:
        return 0.0
    config = config.with_settings(assignments or {})
    plans = plans_for(config.variants, assignments or {}, atlas=atlas_digest(atlas))
    wanted = found.films if earlier is None else _not_measured(found.films, plans, earlier)
    measuring = 0.0
    if wanted:
        measuring = len(wanted) * _seconds_a_film(_spread(wanted, TRIED + 1), plans, atlas)
    return (measuring + _fit_seconds(config, found.films)) / max(1, workers) + WRITE_SECONDS


def _not_measured(films: Sequence[FoundFilm], plans: Sequence[Plan], earlier: Path) -> list[FoundFilm]:
    """Return the films that an earlier evaluation does not know; to hash them all would take too long."""
    hashes = kept_hashes([film.path for film in films], earlier / WORK / HASHES)
    store = MeasuredStore(earlier / MEASURED)
    return [
        film
        for film in films
        if film.path not in hashes or any(store.find(hashes[film.path], plan) is None for plan in plans)
    ]


def _spread(films: Sequence[FoundFilm], number: int) -> list[FoundFilm]:
    """Return films from all over a list: the sizes of one collection's differ from another's."""
    step = max(1, len(films) // number)
    return list(films[::step])[:number]


def _seconds_a_film(films: Sequence[FoundFilm], plans: tuple[Plan, ...], atlas: str | None) -> float:
    job = FilmJob(atlas)
    job(FilmTask(films[0].path, "", plans))  # networks and atlases are read once
    tried = films[1:] or films
    began = time.perf_counter()
    for film in tried:
        job(FilmTask(film.path, "", plans))
    return (time.perf_counter() - began) / len(tried)


def _fit_seconds(config: EvaluationConfig, films: Sequence[FoundFilm]) -> float:
    """Return the processor time of all fits."""
    growth = (len(films) / FIT_FILMS) ** 2
    kind, folds, repeats = _divisions(config, films)
    first = FIT_SECONDS[config.methods[0]]
    of_methods = sum(FIT_SECONDS[name] for name in config.methods)
    controls = 3 * FIT_SECONDS["single_svm"] + config.shuffles * first
    variants = len(config.variants)
    curve = 13 * min(5, folds) * 0.5 * (first + FIT_SECONDS["single_svm"]) if config.learning_curve else 0.0
    beside = 0.0
    if config.also_holdout and kind not in ("holdout", "test"):  # those are one hold-out themselves
        beside = variants * (of_methods + controls)
    return growth * (variants * folds * repeats * (of_methods + controls) + curve + beside)


def _divisions(config: EvaluationConfig, films: Sequence[FoundFilm]) -> tuple[str, int, int]:
    """Return the kind of design, its folds and its repeats, as `designed` will have them."""
    if any(film.role == "test" for film in films):
        return "test", 1, 1
    labels, patients, sources = facts_of(films)
    kind = design_kind(config, labels, sources)
    if kind == "holdout":
        return kind, 1, 1
    if kind == "cross-source":
        return kind, len(set(sources[labels == 1])), 1
    return kind, config.folds or default_folds(labels, patients), config.repeats
