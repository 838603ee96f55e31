"""Taking many films through the chest chain and writing what the command line promises."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.batch.rows import Row, guarded, run_rows
from napari_tbcad.chest import exports
from napari_tbcad.chest.exports import RESULT_COLUMNS as RESULT_COLUMNS
from napari_tbcad.chest.exports import features_row, results_row, write_overlay
from napari_tbcad.errors import BadInput
from napari_tbcad.files import require_writable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_tbcad.chest.classify.model import ChestModel
    from napari_tbcad.chest.lungs.atlas import Atlas
    from napari_tbcad.chest.lungs.fields import MaskKind
    from napari_tbcad.chest.workflow import ChestAnalysis
    from napari_tbcad.io.read import FilmPath


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


@lru_cache(maxsize=2)
def _model(classifier: str) -> ChestModel | None:
    from napari_tbcad.chest.classify.packaged import find_model

    return None if classifier == "none" else find_model(classifier)


@lru_cache(maxsize=1)
def _atlas(path: str) -> Atlas:
    from napari_tbcad.chest.lungs.atlas import load_atlas

    return load_atlas(path)


def chest_film(item: FilmPath, job: ChestJob) -> Row:
    """Take one film through the chain and write its files; an error becomes an error row."""

    def work() -> Row:
        analysis, settings = _analyse(item, job)
        _write(item, job, analysis)
        file = item.path.as_posix()
        row = results_row(analysis, settings, file=file, classifier=job.classifier)
        return Row(row, {"features": [features_row(analysis, file=file)]})

    return guarded(item.path, work)


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
    progress: Callable[[int, int, Row], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Row]:
    """Take many films through the chain and write the folder that ARCHITECTURE describes.

    Parameters
    ----------
    films : sequence of FilmPath
        From :func:`napari_tbcad.io.read.find_films`.
    job : ChestJob
        What to do.
    workers, scheduler, cancelled
        See :func:`napari_tbcad.batch.pool.each`.
    progress : callable, optional
        Called with the number done, the number of all, and the row.

    Returns
    -------
    list of Row
        One row a film, in order; see :func:`napari_tbcad.batch.rows.run_rows`.

    Raises
    ------
    BadInput
        If the output folder cannot be written, or the features need opacities, which are switched off.
    ModelRefused
        If the model, the atlas or a named network cannot be used: said once, before the first film.
    """
    from napari_tbcad.chest.lungs.network import require_named
    from napari_tbcad.chest.opacities import require_opacities
    from napari_tbcad.chest.workflow import refuse_unless_fits, settings_for

    require_writable(job.out)
    _require_masks(films, job)
    settings = settings_for(job.model(), job.assignments)
    refuse_unless_fits(job.model(), settings)
    require_named(settings.lungs)
    require_opacities(settings)
    job.library()
    return run_rows(
        films,
        partial(chest_film, job=job),
        partial(write_tables, job.out),
        workers=workers,
        scheduler=scheduler,
        progress=progress,
        cancelled=cancelled,
    )


def _require_masks(films: Sequence[FilmPath], job: ChestJob) -> None:
    from napari_tbcad.io.masks import find_mask

    kinds = ("sensitive", "insensitive")
    if job.masks and not any(find_mask(job.masks, film.name, kind) for film in films for kind in kinds):
        wanted = f"{films[0].name}_sensitive.png" if films else "NAME_sensitive.png"
        raise BadInput(job.masks, f"no mask there belongs to any of the films; names are like {wanted}")


def write_tables(out: Path, rows: Sequence[Row]) -> None:
    """Write results.csv and features.csv with all rows so far."""
    exports.write_tables(
        out, [row.result for row in rows], [line for row in rows for line in row.more.get("features", ())]
    )
