"""Taking many bone scans through the chain and writing what the command line promises."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.batch.rows import Row, guarded, run_rows
from napari_tbcad.errors import BadInput
from napari_tbcad.files import require_writable

if TYPE_CHECKING:
    from napari_tbcad.bone.compare import ComparisonResult
    from napari_tbcad.bone.skeleton_atlas import SkeletonAtlas
    from napari_tbcad.bone.workflow import BoneAnalysis
    from napari_tbcad.io.scan_files import ScanFiles


@dataclass(frozen=True)
class BoneJob:
    """What is done to every scan of a batch; small enough to be sent to other processes.

    Parameters
    ----------
    out : Path
        Folder for results.
    assignments : mapping, optional
        Settings that differ from the defaults, as in :func:`~napari_tbcad.bone.workflow.settings_from`.
    atlas : str, optional
        Path of a skeleton atlas; the packaged one when not given.
    masks : Path, optional
        Folder with a person's label files, ``NAME_anterior_hotspots.png`` and so on.
    pictures : bool, optional
        Write overlays.
    """

    out: Path
    assignments: Mapping[str, Any] = dataclass_field(default_factory=dict)
    atlas: str | None = None
    masks: Path | None = None
    pictures: bool = True

    def library(self) -> SkeletonAtlas | None:
        """Return the atlas, read once a process."""
        return _atlas(self.atlas) if self.atlas else None


@lru_cache(maxsize=1)
def _atlas(path: str) -> SkeletonAtlas:
    from napari_tbcad.bone.skeleton_atlas import load_skeleton_atlas

    return load_skeleton_atlas(path)


def bone_scan_row(item: ScanFiles, job: BoneJob) -> Row:
    """Take one scan through the chain and write its files; an error becomes an error row."""
    return guarded(item.path, lambda: _row(item, job)[0])


def _row(item: ScanFiles, job: BoneJob) -> tuple[Row, BoneAnalysis]:
    from napari_tbcad.bone import exports

    files = [path.as_posix() for path in item.paths]
    analysis, settings = _analyse(item, job)
    exports.write_files(job.out, item.name, analysis, picture=job.pictures)
    more = {
        "regions": exports.region_rows(analysis, file=files[0]),
        "hotspots": exports.hotspot_rows(analysis, file=files[0]),
    }
    return Row(exports.results_row(analysis, settings, file=files[0], files=files), more), analysis


def _analyse(item: ScanFiles, job: BoneJob) -> tuple[BoneAnalysis, Any]:
    from napari_tbcad.bone.label_files import find_label_files
    from napari_tbcad.bone.views import UndecidedViews
    from napari_tbcad.bone.workflow import analyse, settings_from
    from napari_tbcad.io.scans import read_study

    settings = settings_from(job.assignments)
    masks = find_label_files(job.masks, item.name) if job.masks else None
    try:
        return analyse(read_study(item), settings=settings, atlas=job.library(), masks=masks), settings
    except UndecidedViews as error:
        raise BadInput(
            error.source, f"{error.cause}: --set views.first_view=anterior (or posterior)"
        ) from error


def bone_batch(
    scans: Sequence[ScanFiles],
    job: BoneJob,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    progress: Callable[[int, int, Row], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Row]:
    """Take many scans through the chain and write the folder that ARCHITECTURE describes.

    Parameters
    ----------
    scans : sequence of ScanFiles
        From :func:`napari_tbcad.io.scan_files.find_scans`.
    job : BoneJob
        What to do.
    workers, scheduler, cancelled
        See :func:`napari_tbcad.batch.pool.each`.
    progress : callable, optional
        Called with the number done, the number of all, and the row.

    Returns
    -------
    list of Row
        One row a scan, in order; see :func:`napari_tbcad.batch.rows.run_rows`.

    Raises
    ------
    BadInput
        If the output folder cannot be written, a setting does not exist, or no given mask belongs to a scan.
    ModelRefused
        If the atlas, or a network that was named, cannot be used: said once, before the first scan.
    """
    from napari_tbcad.bone import candidates_network, skeleton_network
    from napari_tbcad.bone.workflow import settings_from

    settings = settings_from(job.assignments)
    skeleton_network.require_named(settings.regions)
    candidates_network.require_named(settings.hotspots)
    require_writable(job.out)
    _require_masks(scans, job)
    job.library()
    return run_rows(
        scans,
        partial(bone_scan_row, job=job),
        partial(write_tables, job.out),
        workers=workers,
        scheduler=scheduler,
        progress=progress,
        cancelled=cancelled,
    )


@dataclass(frozen=True)
class GivenMasks:
    """Which of a person's label files belong to which scans.

    Parameters
    ----------
    scans : int
        Scans that have at least one label file.
    strangers : tuple of Path
        Label files that belong to none of the scans, such as one with a slip in its name.
    """

    scans: int
    strangers: tuple[Path, ...]


def match_masks(scans: Sequence[ScanFiles], folder: Path) -> GivenMasks:
    """Hold the label files of a folder against the scans."""
    from napari_tbcad.bone.label_files import find_label_files

    found = [find_label_files(folder, scan.name) for scan in scans]
    used = {
        path
        for files in found
        for kind in (files.hotspots, files.classes, files.regions, files.boxes)
        for path in kind.values()
    }
    kinds = ("*_hotspots.*", "*_classes.*", "*_regions.*", "*_boxes.xml")
    there = {path for kind in kinds for path in folder.glob(kind) if not path.name.startswith(".")}
    given = sum(files.has_hotspots or bool(files.regions) for files in found)
    return GivenMasks(given, tuple(sorted(there - used)))


def _require_masks(scans: Sequence[ScanFiles], job: BoneJob) -> None:
    if job.masks is not None and not match_masks(scans, job.masks).scans:
        wanted = f"{scans[0].name if scans else 'NAME'}_anterior_hotspots.png"
        raise BadInput(job.masks, f"no mask there belongs to any of the scans; names are like {wanted}")


def write_tables(out: Path, rows: Sequence[Row]) -> None:
    """Write results.csv, regions.csv and hotspots.csv with all rows so far."""
    from napari_tbcad.bone import exports

    more = {
        table: [line for row in rows for line in row.more.get(table, ())] for table in ("regions", "hotspots")
    }
    exports.write_tables(out, [row.result for row in rows], more["regions"], more["hotspots"])


def compare_cases(cases: Sequence[Path], out: Path) -> ComparisonResult:
    """Compare two saved cases of one patient as they stand, judged hotspots and corrections included.

    Parameters
    ----------
    cases : sequence of Path
        Two, the earlier first.
    out : Path
        Gets comparison.csv and comparison.json.

    Raises
    ------
    BadInput
        If there are not two cases, one cannot be used, or the two cannot be compared.
    """
    from napari_tbcad.bone.cases import analysis_of
    from napari_tbcad.bone.compare import compare_scans
    from napari_tbcad.bone.exports import write_comparison
    from napari_tbcad.case import SUFFIX

    if len(cases) != 2 or any(path.suffix.lower() != SUFFIX for path in cases):
        said = ", ".join(path.name for path in cases[:5])
        raise BadInput("comparison", f"it needs two cases, or two scans, the earlier first; given: {said}")
    require_writable(out)
    result = compare_scans(*(analysis_of(path) for path in cases))
    write_comparison(out, result)
    return result


def compare_batch(
    scans: Sequence[ScanFiles], job: BoneJob, *, progress: Callable[[int, int, Row], None] | None = None
) -> ComparisonResult:
    """Take two scans of one patient through the chain, compare them, and write all of it.

    Parameters
    ----------
    scans : sequence of ScanFiles
        Two, the earlier first.
    job : BoneJob
        What to do with each; its folder gets what :func:`bone_batch` writes, comparison.csv and
        comparison.json.
    progress : callable, optional
        As for :func:`bone_batch`.

    Raises
    ------
    BadInput
        If there are not two scans, one cannot be used, or the two cannot be compared.
    """
    from napari_tbcad.bone.compare import compare_scans
    from napari_tbcad.bone.exports import write_comparison
    from napari_tbcad.io.nuclear import read_header

    if len(scans) != 2:
        names = ", ".join(scan.name for scan in scans[:5])
        raise BadInput(
            "comparison", f"it needs two scans, the earlier first; these are {len(scans)}: {names}"
        )
    require_writable(job.out)
    _require_masks(scans, job)
    rows, analyses = [], []
    for number, scan in enumerate(scans, start=1):
        began = time.perf_counter()
        row, analysis = _row(scan, job)
        row = Row({**row.result, "seconds": round(time.perf_counter() - began, 3)}, row.more)
        rows.append(row)
        analyses.append(analysis)
        if progress is not None:
            progress(number, len(scans), row)
    write_tables(job.out, rows)
    result = compare_scans(analyses[0], analyses[1])
    patients = [header.patient for scan in scans if (header := read_header(scan.path)) is not None]
    if len(patients) == 2 and patients[0] != patients[1]:
        said = "The files name different patients: the comparison means nothing then."
        result = replace(result, warnings=(said, *result.warnings))
    write_comparison(job.out, result)
    return result
