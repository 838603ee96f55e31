"""Taking many films through the chest chain and writing what the command line promises."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.batch.pool import each
from napari_tbcad.chest import exports
from napari_tbcad.chest.exports import RESULT_COLUMNS as RESULT_COLUMNS
from napari_tbcad.chest.exports import results_row, write_overlay
from napari_tbcad.errors import BadInput, TbcadError
from napari_tbcad.files import require_writable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_tbcad.chest.classify.model import ChestModel
    from napari_tbcad.chest.lungs.atlas import Atlas
    from napari_tbcad.chest.lungs.fields import MaskKind
    from napari_tbcad.chest.workflow import ChestAnalysis
    from napari_tbcad.io.read import FilmPath

log = logging.getLogger(__name__)

_REWRITE_SECONDS = 10.0


@dataclass(frozen=True)
class ChestJob:
    """What is done to every film of a batch; small enough to be sent to other processes.

    Parameters
    ----------
    out : Path
        Folder for results.
    classifier : str
        Name of a packaged model or path of a model file; ``"none"`` ends the chain with the features.
    assignments : mapping, optional
        Settings that differ from the model's, as in :func:`~napari_tbcad.chest.workflow.settings_from`.
    atlas : str, optional
        Path of an atlas; the packaged one when not given.
    masks : Path, optional
        Folder with a person's masks, ``NAME_sensitive.png`` and ``NAME_insensitive.png``.
    pictures : bool, optional
        Write overlays.
    """

    out: Path
    classifier: str
    assignments: Mapping[str, Any] = dataclass_field(default_factory=dict)
    atlas: str | None = None
    masks: Path | None = None
    pictures: bool = True

    def model(self) -> ChestModel | None:
        """Return the classifier, read once a process."""
        return _model(self.classifier)

    def library(self) -> Atlas | None:
        """Return the atlas, read once a process."""
        return _atlas(self.atlas) if self.atlas else None


@dataclass(frozen=True)
class ChestRow:
    """One film's line in results.csv and in features.csv."""

    result: Mapping[str, Any]
    features: Mapping[str, float]

    @property
    def ok(self) -> bool:
        """Return True when the film was processed."""
        return bool(self.result["status"] == "ok")


@lru_cache(maxsize=2)
def _model(classifier: str) -> ChestModel | None:
    from napari_tbcad.chest.classify.packaged import find_model

    return None if classifier == "none" else find_model(classifier)


@lru_cache(maxsize=1)
def _atlas(path: str) -> Atlas:
    from napari_tbcad.chest.lungs.atlas import load_atlas

    return load_atlas(path)


def chest_film(item: FilmPath, job: ChestJob) -> ChestRow:
    """Take one film through the chain and write its files; an error becomes an error row."""
    began = time.perf_counter()
    try:
        analysis, settings = _analyse(item, job)
        _write(item, job, analysis)
        row = results_row(analysis, settings, file=item.path.as_posix(), classifier=job.classifier)
        return ChestRow(
            {**row, "seconds": round(time.perf_counter() - began, 3)}, analysis.features.as_dict()
        )
    except (TbcadError, OSError, MemoryError) as error:
        message = error.cause if isinstance(error, BadInput) else f"{type(error).__name__}: {error}"
        message = f"{item.path.name}: {message}"
    except Exception as error:  # one film's defect of ours must not end the batch
        log.error("%s\n%s", item.path, traceback.format_exc())
        message = f"{item.path.name}: unexpected {type(error).__name__}: {error} (please report it)"
    row = {"file": item.path.as_posix(), "status": "error", "message": message}
    return ChestRow({**row, "seconds": round(time.perf_counter() - began, 3)}, {})


def _analyse(item: FilmPath, job: ChestJob) -> tuple[ChestAnalysis, Any]:
    from napari_tbcad.chest.workflow import analyse, settings_for
    from napari_tbcad.io.masks import find_mask, read_mask
    from napari_tbcad.io.read import read_film

    film = read_film(item.path)
    masks: dict[MaskKind, NDArray[np.uint8]] = {}
    kinds: tuple[MaskKind, ...] = ("sensitive", "insensitive")
    for kind in kinds:
        path = find_mask(job.masks, item.name, kind) if job.masks else None
        if path is not None:
            masks[kind] = read_mask(path, film.shape)
    model = job.model()
    settings = settings_for(model, job.assignments)
    return analyse(film, settings=settings, model=model, library=job.library(), masks=masks), settings


def _write(item: FilmPath, job: ChestJob, analysis: ChestAnalysis) -> None:
    from napari_tbcad.io.masks import write_mask

    for mask in (analysis.sensitive, analysis.insensitive):
        write_mask(job.out / "masks" / f"{item.name}_{mask.kind}.png", mask.labels)
    if job.pictures:
        write_overlay(job.out / "overlays" / f"{item.name}.png", analysis)
    analysis.record.save(job.out / "records" / f"{item.name}.json")


def chest_batch(
    films: Sequence[FilmPath],
    job: ChestJob,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    progress: Callable[[int, int, ChestRow], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[ChestRow]:
    """Take many films through the chain and write the folder that ARCHITECTURE describes.

    Parameters
    ----------
    films : sequence of FilmPath
        From :func:`napari_tbcad.io.read.find_films`.
    job : ChestJob
        What to do.
    workers, scheduler, cancelled
        See :func:`each`.
    progress : callable, optional
        Called with the number done, the number of all, and the row.

    Returns
    -------
    list of ChestRow
        One row a film, in order. Both tables are rewritten every few seconds and when the work ends in
        whatever way, so that what is done is never lost.

    Raises
    ------
    BadInput
        If the output folder cannot be written.
    ModelRefused
        If the model or the atlas cannot be used: said once, before the first film.
    """
    from napari_tbcad.chest.workflow import refuse_unless_fits, settings_for

    require_writable(job.out)
    _require_masks(films, job)
    refuse_unless_fits(job.model(), settings_for(job.model(), job.assignments))
    job.library()
    rows: list[ChestRow] = []
    written = time.monotonic()
    outcomes = each(_Bound(job), list(films), workers=workers, scheduler=scheduler, cancelled=cancelled)
    try:
        for row in outcomes:
            rows.append(row)
            if progress is not None:
                progress(len(rows), len(films), row)
            if time.monotonic() - written > _REWRITE_SECONDS:
                write_tables(job.out, rows)
                written = time.monotonic()
    finally:
        write_tables(job.out, rows)
    return rows


def _require_masks(films: Sequence[FilmPath], job: ChestJob) -> None:
    from napari_tbcad.io.masks import find_mask

    kinds = ("sensitive", "insensitive")
    if job.masks and not any(find_mask(job.masks, film.name, kind) for film in films for kind in kinds):
        wanted = f"{films[0].name}_sensitive.png" if films else "NAME_sensitive.png"
        raise BadInput(job.masks, f"no mask there belongs to any of the films; names are like {wanted}")


@dataclass(frozen=True)
class _Bound:
    job: ChestJob

    def __call__(self, item: FilmPath) -> ChestRow:
        return chest_film(item, self.job)


def write_tables(out: Path, rows: Sequence[ChestRow]) -> None:
    """Write results.csv and features.csv with all rows so far."""
    features = [{"file": row.result["file"], **row.features} for row in rows if row.ok]
    exports.write_tables(out, [row.result for row in rows], features)
