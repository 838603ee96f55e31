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
from napari_tbcad.errors import BadInput, TbcadError
from napari_tbcad.files import require_writable, write_csv, written_whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_tbcad.chest.classify.model import ChestModel
    from napari_tbcad.chest.lungs.atlas import Atlas
    from napari_tbcad.chest.lungs.fields import MaskKind
    from napari_tbcad.chest.workflow import ChestAnalysis
    from napari_tbcad.io.read import FilmPath

log = logging.getLogger(__name__)

RESULT_COLUMNS = (
    "file", "status", "message", "decision", "deciding_stage", "probability", "probability_stage1",
    "probability_stage2", "decision_score_1", "decision_score_2", "segmenter", "classifier",
    "operating_point", "warnings", "seconds", "grid", "threshold",
)  # fmt: skip
"""Columns of results.csv, which scripts rely on."""

_REWRITE_SECONDS = 10.0
_OVERLAY_SIDE = 1024


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
        row = _result_row(item, job, analysis, settings)
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


def write_overlay(path: Path, analysis: ChestAnalysis) -> None:
    """Write the film with the insensitive (full) and sensitive (broken line) outlines, at most 1024 px."""
    import imageio.v3 as iio
    import numpy as np

    from napari_tbcad.imaging.grid import resize_labels, to_grid
    from napari_tbcad.imaging.intensity import robust_range, to_unit
    from napari_tbcad.imaging.overlay import draw_outlines

    pixels = to_grid(analysis.film, _OVERLAY_SIDE).pixels
    grey = np.rint(255 * to_unit(pixels, robust_range(pixels))).astype(np.uint8)
    masks = [resize_labels(mask.labels, grey.shape) for mask in (analysis.insensitive, analysis.sensitive)]
    with written_whole(path) as temporary:
        iio.imwrite(temporary, draw_outlines(grey, *masks))


def _result_row(item: FilmPath, job: ChestJob, analysis: ChestAnalysis, settings: Any) -> dict[str, Any]:
    result = analysis.result
    row: dict[str, Any] = {
        "file": item.path.as_posix(),
        "status": "ok",
        "message": "",
        "segmenter": "given" if _given(analysis) else settings.lungs.segmenter,
        "classifier": job.classifier,
        "operating_point": settings.classify.operating_point,
        "grid": settings.features.grid,
        "threshold": analysis.result.threshold if analysis.result is not None else None,
        "warnings": " | ".join(analysis.warnings),
    }
    if result is None:
        return {**row, "decision": "not_decided"}
    return row | {
        "decision": result.decision,
        "deciding_stage": result.deciding_stage,
        "probability": result.probability,
        "probability_stage1": result.probability_stage1,
        "probability_stage2": result.probability_stage2,
        "decision_score_1": result.decision_score_1,
        "decision_score_2": result.decision_score_2,
        "classifier": result.model,
    }


def _given(analysis: ChestAnalysis) -> bool:
    return analysis.sensitive.origin == analysis.insensitive.origin == "person"


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
    """Write results.csv and features.csv (UTF-8 with BOM, decimal point)."""
    write_csv(out / "results.csv", RESULT_COLUMNS, [row.result for row in rows])
    names = list(dict.fromkeys(name for row in rows for name in row.features))
    values = [{"file": row.result["file"], **row.features} for row in rows if row.ok]
    write_csv(out / "features.csv", ("file", *names), values)
