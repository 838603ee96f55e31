"""Measuring every film of an evaluation, and the tables that come of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_tbcad.batch.evaluating.copies import grouped
from napari_tbcad.batch.evaluating.film import FilmJob, FilmTask
from napari_tbcad.batch.evaluating.film_tables import (
    VariantTables,
    doubt_series,
    grey_table,
    reference_tables,
    variant_tables,
)
from napari_tbcad.batch.evaluating.found import Duplicate, Found, FoundFilm, LeftOut
from napari_tbcad.batch.evaluating.plans import Plan, plan_of
from napari_tbcad.batch.evaluating.progress import Progress, time_left
from napari_tbcad.batch.evaluating.reader import ReaderFolder
from napari_tbcad.batch.evaluating.store import MeasuredStore
from napari_tbcad.batch.pool import each
from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.variants import Variant

if TYPE_CHECKING:
    import pandas as pd

_TELLING = 5
"""Films after which the time left is told: the first of each process holds the loading of the networks."""


@dataclass(frozen=True, eq=False)
class MeasuredFilms:
    """All films that could be measured for every variant.

    Parameters
    ----------
    films : tuple of FoundFilm
        In the order of all tables; copies by their pixels are grouped, too.
    tables : mapping of Variant to VariantTables
    grey : DataFrame
        Shares of grey levels in the lungs, main variant.
    reference : DataFrame or None
        Features of the main variant with a reader's masks, for the films that have them.
    dice : Series or None
        Overlap of the automatic and the reader's insensitive mask, the same films.
    doubt : Series or None
        How undecided the main variant's segmenter is about the lungs of each film.
    left_out : tuple of LeftOut
        Films that could not be measured, or contradict a copy.
    duplicates : tuple of Duplicate
        Copies by their pixels.
    """

    films: tuple[FoundFilm, ...]
    tables: Mapping[Variant, VariantTables]
    grey: pd.DataFrame
    reference: pd.DataFrame | None
    dice: pd.Series | None
    doubt: pd.Series | None
    left_out: tuple[LeftOut, ...]
    duplicates: tuple[Duplicate, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the films."""
        return tuple(film.file for film in self.films)


def measure_found(
    found: Found,
    plans: Sequence[Plan],
    variants: Sequence[Variant],
    store: MeasuredStore,
    *,
    atlas: str | None = None,
    reader: Path | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> MeasuredFilms:
    """Measure what the store does not hold yet and return the tables of all variants.

    Parameters
    ----------
    found : Found
        Films with the hashes of their files.
    plans, variants
        What to measure (:func:`~napari_tbcad.batch.evaluating.plans.plans_for`) for which variants.
    store : MeasuredStore
        Where measurements are kept.
    atlas : str, optional
        Path of an atlas file.
    reader : Path, optional
        Folder of a reader's masks.
    workers, scheduler, cancelled
        See :func:`napari_tbcad.batch.pool.each`.
    progress : callable, optional
        Called with the share done and a text.

    Raises
    ------
    BadInput
        If no film could be measured.
    """
    given = ReaderFolder(reader, found)
    tasks = [_task(film, plans, given) for film in found.films]
    _measure(found, tasks, store, atlas, workers, scheduler, progress, cancelled)
    good, left = [], []
    for film, task in zip(found.films, tasks, strict=True):
        error = _error(task, store)
        if error:
            left.append(LeftOut(film.file, error, "measuring", film.role))
        else:
            good.append(film)
    if not good:
        first = left[0].reason if left else "there is none"
        raise BadInput(found.sets[0].path, f"no film could be measured; the first: {first}")
    main = plan_of(plans, variants[0])
    pixels = {film.file: store.find(film.content, main).pixels for film in good}  # type: ignore[union-attr]
    # Two copies of one file are known already: the same pixels are no news.
    by_content: dict[str, str] = {}
    news = {f.file: pixels[f.file] for f in good if by_content.setdefault(f.content, f.file) == f.file}
    films, copies, more = grouped(good, "pixels", news)
    by_file = {film.file: task for film, task in zip(found.films, tasks, strict=True)}
    tables = {variant: variant_tables(variant, films, plans, store) for variant in variants}
    reference, dice = reference_tables(films, by_file, plans, store)
    return MeasuredFilms(
        tuple(films),
        tables,
        grey_table(films, main, store),
        reference,
        dice,
        doubt_series(films, main, store),
        tuple(left + more),
        tuple(copies),
    )


def _task(film: FoundFilm, plans: Sequence[Plan], reader: ReaderFolder) -> FilmTask:
    masks = reader.masks(film) if any(plan.masks == "reference" for plan in plans) else None
    mine = tuple(plan for plan in plans if plan.masks == "automatic" or masks is not None)
    return FilmTask(film.path, film.content, mine, masks)


def _measure(
    found: Found,
    tasks: Sequence[FilmTask],
    store: MeasuredStore,
    atlas: str | None,
    workers: int,
    scheduler: str | None,
    progress: Progress | None,
    cancelled: Callable[[], bool] | None,
) -> None:
    wanted = []
    for film, task in zip(found.films, tasks, strict=True):
        lacking = tuple(plan for plan in task.plans if store.find(task.key(plan), plan) is None)
        if lacking:
            wanted.append((film, replace(task, plans=lacking)))
    began, total = time.monotonic(), len(tasks)
    done = total - len(wanted)
    if progress is not None and done:
        progress(done / total, f"{done} of {total} films were measured before")
    outcomes = each(
        FilmJob(atlas),
        [task for _, task in wanted],
        workers=workers,
        scheduler=scheduler,
        cancelled=cancelled,
    )
    for number, ((film, _), values) in enumerate(zip(wanted, outcomes, strict=True), start=1):
        for one in values:
            store.add(one, film.file)
        if progress is not None:
            spent = time.monotonic() - began
            left = f", {time_left(spent / number * (len(wanted) - number))}" if number >= _TELLING else ""
            error = next((one.error.splitlines()[0] for one in values if one.error), "")
            said = f"left out: {error}" if error else film.path.name
            progress((done + number) / total, f"film {done + number} of {total}{left}: {said}")


def _error(task: FilmTask, store: MeasuredStore) -> str:
    """Return why a film cannot take part: it takes part in every variant or in none, so that they pair."""
    for plan in task.plans:
        kept = store.find(task.key(plan), plan)
        if plan.masks == "automatic" and (kept is None or kept.error):
            return kept.error if kept is not None else "was not measured"
    return ""
