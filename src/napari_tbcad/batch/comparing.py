"""Comparing two bone scans of one patient: saved cases, or scans that are taken through the chain first."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_tbcad.batch.rows import Row
from napari_tbcad.batch.scans import BoneJob, require_masks, scan_done
from napari_tbcad.errors import BadInput
from napari_tbcad.files import require_writable

if TYPE_CHECKING:
    from napari_tbcad.bone.compare import ComparisonResult
    from napari_tbcad.io.scan_files import ScanFiles


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
        What to do with each; its folder gets what ``bone run`` writes, comparison.csv and comparison.json.
    progress : callable, optional
        Called with the number done, the number of all, and the row.

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
    require_masks(scans, job.masks)
    rows, analyses = [], []
    for number, scan in enumerate(scans, start=1):
        began = time.perf_counter()
        row, analysis, _ = scan_done(scan, job)
        row = Row({**row.result, "seconds": round(time.perf_counter() - began, 3)}, row.more)
        rows.append(row)
        analyses.append(analysis)
        if progress is not None:
            progress(number, len(scans), row)
    _write_tables(job.out, rows)
    result = compare_scans(analyses[0], analyses[1])
    patients = [header.patient for scan in scans if (header := read_header(scan.path)) is not None]
    if len(patients) == 2 and patients[0] != patients[1]:
        said = "The files name different patients: the comparison means nothing then."
        result = replace(result, warnings=(said, *result.warnings))
    write_comparison(job.out, result)
    return result


def _write_tables(out: Path, rows: Sequence[Row]) -> None:
    """Write results.csv, regions.csv and hotspots.csv."""
    from napari_tbcad.bone import exports

    more = {
        table: [line for row in rows for line in row.more.get(table, ())] for table in ("regions", "hotspots")
    }
    exports.write_tables(out, [row.result for row in rows], more["regions"], more["hotspots"])
