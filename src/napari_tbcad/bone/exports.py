"""What one analysed scan leaves on disk: rows of the three tables, label images, picture and record."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.bone.measure import HotspotTable
from napari_tbcad.errors import BadInput
from napari_tbcad.files import write_csv, written_whole
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.io.clinic.makers import PROGRAM_GIVEN, standing_edits
from napari_tbcad.record import Step
from napari_tbcad.result_tables import remove, require_place, tables_held, with_rows
from napari_tbcad.run_images import note_exported, require_run_image
from napari_tbcad.run_names import files_of, require_own_name

if TYPE_CHECKING:
    from napari_tbcad.bone.compare import ComparisonResult
    from napari_tbcad.bone.workflow import BoneAnalysis

Rows = list[dict[str, Any]]

RESULT_COLUMNS = (
    "file", "status", "message", "bsi", "n_abnormal", "counts_anterior", "counts_posterior",
    "anterior_rule", "posterior_rule", "weights", "combine", "warnings", "seconds", "bsi_judged", "n_judged",
    "n_lesions", "n_outside", "n_normal", "n_non_bone", "n_ignore", "anterior_confidence",
    "posterior_confidence", "unit", "segmenter", "regions", "scheme", "files",
)  # fmt: skip
"""Columns of results.csv, which scripts rely on: those up to ``seconds`` in this order, then more."""

REGION_COLUMNS = (
    "file", "region", "fraction_anterior", "fraction_posterior", "weight", "contribution", "pooled_with",
    "contribution_judged",
)  # fmt: skip
"""Columns of regions.csv."""

HOTSPOT_COLUMNS = ("file", *HotspotTable.columns())
"""Columns of hotspots.csv."""

NEWER_COLUMNS = ("uncertainty",)
"""Columns that earlier versions did not write."""

COMPARISON_COLUMNS = (
    "state", "view", "region", "label_earlier", "label_later", "ids_earlier", "ids_later", "area_ratio",
    "uptake_ratio", "distance_mm",
)  # fmt: skip
"""Columns of comparison.csv, one row a place."""

KINDS = ("classes", "hotspots", "regions")


def results_row(
    analysis: BoneAnalysis, settings: Any, *, file: str, files: Sequence[str] = ()
) -> dict[str, Any]:
    """Return a scan's row of results.csv, all but ``seconds``.

    Parameters
    ----------
    analysis : BoneAnalysis
        What the chain made of the scan.
    settings : BoneSettings
        With which settings.
    file : str
        Path of the scan as the tables should name it: that of its first file.
    files : sequence of str, optional
        All its files where there are several.
    """
    index, scan = analysis.index, analysis.scan
    row: dict[str, Any] = {
        "file": file,
        "status": "ok",
        "message": "",
        "bsi": index.value,
        "bsi_judged": index.judged_value,
        "n_abnormal": index.n_abnormal,
        "n_judged": index.n_judged,
        "n_lesions": index.n_lesions,
        "n_outside": len(index.outside),
        "weights": index.weights,
        "combine": index.combine,
        "unit": scan.unit,
        "segmenter": _finder(analysis, settings),
        "regions": _given(analysis, "regions") or analysis.regions.segmenter,
        "scheme": analysis.classes.scheme,
        "warnings": " | ".join(analysis.warnings),
        "files": " | ".join(files or (file,)),
    }
    row |= {f"n_{label}": number for label, number in index.excluded.items()}
    for name, view in scan:
        counts = index.counts.get(name)
        row[f"counts_{name}"] = None if counts is None else round(counts)
        row |= {f"{name}_rule": view.rule, f"{name}_confidence": view.confidence}
    return row


def _finder(analysis: BoneAnalysis, settings: Any) -> str:
    """Return which segmenter found the hotspots: not the chosen one where another stood in for it."""
    if given := _given(analysis, "hotspots"):
        return given
    steps = [entry for entry in analysis.hotspots.record if isinstance(entry, Step)]
    return next(
        (s.facts["segmenter"] for s in reversed(steps) if "segmenter" in s.facts), settings.hotspots.segmenter
    )


def _given(analysis: BoneAnalysis, name: str) -> str:
    """Return what tables say of what was given; "" where it was not."""
    edits = standing_edits(analysis.record, name)
    by_program = bool(edits) and edits[-1].by_program
    return (PROGRAM_GIVEN if by_program else "given") if name in analysis.given else ""


def region_rows(analysis: BoneAnalysis, *, file: str) -> Rows:
    """Return a scan's rows of regions.csv, one a region."""
    return [
        {
            "file": file,
            "region": row.region,
            "fraction_anterior": row.fraction_anterior,
            "fraction_posterior": row.fraction_posterior,
            "weight": row.weight,
            "contribution": row.contribution,
            "pooled_with": "+".join(row.pooled_with),
            "contribution_judged": row.judged_contribution,
        }
        for row in analysis.index.regions
    ]


def hotspot_rows(analysis: BoneAnalysis, *, file: str) -> Rows:
    """Return a scan's rows of hotspots.csv, one a hotspot; its place is that in the view's file."""
    rows = []
    for row, values in zip(analysis.table, analysis.table.as_dicts(), strict=True):
        view, place = analysis.scan.view(row.view), {}
        if view is not None and view.mirrored:
            width = view.counts.shape[1]
            place = {"column": width - 1 - row.column, "left": width - row.right, "right": width - row.left}
        rows.append({"file": file, **values, **place})
    return rows


def write_tables(
    out: Path,
    results: Sequence[Mapping[str, Any]],
    regions: Sequence[Mapping[str, Any]],
    hotspots: Sequence[Mapping[str, Any]],
) -> None:
    """Write results.csv, regions.csv and hotspots.csv (UTF-8 with BOM, decimal point)."""
    write_csv(out / "results.csv", RESULT_COLUMNS, results)
    write_csv(out / "regions.csv", REGION_COLUMNS, regions)
    write_csv(out / "hotspots.csv", HOTSPOT_COLUMNS, hotspots)


def write_files(out: Path, name: str, analysis: BoneAnalysis, *, picture: bool = True) -> list[Path]:
    """Write label images, boxes, overlay and record of one scan.

    Parameters
    ----------
    out : Path
        Folder.
    name : str
        NAME in ``masks/NAME_anterior_classes.png``, ``boxes/NAME_anterior_boxes.xml`` and so on.
    analysis : BoneAnalysis
        What the chain made.
    picture : bool, optional
        Write the overlay.

    Returns
    -------
    list of Path
        The files written; the record last.
    """
    from napari_tbcad.bone.boxed import write_box_files
    from napari_tbcad.bone.label_files import write_label_files
    from napari_tbcad.bone.picture import write_overlay

    written = write_label_files(
        out / "masks",
        name,
        hotspots=analysis.hotspots,
        classes=analysis.classes,
        regions=analysis.regions,
        scan=analysis.scan,
    )
    written += write_box_files(out / "boxes", name, analysis.hotspots, analysis.scan)
    overlay, record = out / "overlays" / f"{name}.png", out / "records" / f"{name}.json"
    if picture:
        write_overlay(overlay, analysis)
    analysis.record.save(record)
    return [*written, *([overlay] if picture else []), record]


def export_case(
    folder: str | Path,
    name: str,
    analysis: BoneAnalysis,
    settings: Any,
    *,
    file: str | None = None,
    files: Sequence[str] = (),
    append: bool = True,
    shown: bool = True,
) -> tuple[Path, ...]:
    """Write what ``bone run`` writes for a scan: the three tables, label images, boxes, overlay, record.

    Parameters
    ----------
    folder : str or Path
        Where to. It is made when missing, but not the folders above it, which a person means to be there.
    name : str
        NAME in the files' names, as :func:`~napari_tbcad.io.scan_files.find_scans` gives it.
    analysis : BoneAnalysis
        What the chain made of the scan, such as from :func:`~napari_tbcad.bone.workflow.finish`.
    settings : BoneSettings
        With which settings (``run.settings``).
    file : str, optional
        Path of the scan as the tables should name it; the scan's source when not given.
    files : sequence of str, optional
        See :func:`results_row`.
    append : bool, optional
        Add the scan's rows to the tables that are there already, in place of its earlier ones. False
        begins new tables.
    shown : bool, optional
        Whether the files hold what was analysed (:func:`~napari_tbcad.bone.case_scan.files_of`); else a run's
        folder does not take it.

    Returns
    -------
    tuple of Path
        The files written.

    Raises
    ------
    BadInput
        If the folder is gone, cannot be written or the disk is full; if its tables have other columns; or if
        NAME is another scan's there, or not what :class:`~napari_tbcad.run_names.RunNames` finds for it.
        Nothing is written then, or the tables are as they were.
    """
    folder = Path(folder)
    file = Path(analysis.scan.source or name).as_posix() if file is None else file
    require_place(folder, name)
    row = results_row(analysis, settings, file=file, files=files)
    row["seconds"] = round(analysis.seconds, 3)
    with tables_held(folder):
        return _exported(folder, name, analysis, row, append, shown)


def _exported(
    folder: Path, name: str, analysis: BoneAnalysis, row: Mapping[str, Any], append: bool, shown: bool
) -> tuple[Path, ...]:
    """Write a scan's files and put its rows into the tables, which nobody else changes meanwhile."""
    file = row["file"]
    new: dict[str, tuple[Sequence[str], Sequence[Mapping[str, Any]]]] = {
        "results": (RESULT_COLUMNS, [row]),
        "regions": (REGION_COLUMNS, region_rows(analysis, file=file)),
        "hotspots": (HOTSPOT_COLUMNS, hotspot_rows(analysis, file=file)),
    }
    tables = {
        table: with_rows(
            folder / f"{table}.csv", columns, rows, file=file, append=append, newer=NEWER_COLUMNS
        )
        for table, (columns, rows) in new.items()
    }
    results, known = tables["results"]
    taken = any(path.exists() for path in _own_paths(folder, name))
    paths = list(map(Path, files_of(row)))
    require_run_image(folder, name, paths, shown=shown, thing="scan")
    if append:
        require_own_name(folder, name, row, results, known=known, taken=taken, thing="scan")
    try:
        written = write_files(folder, name, analysis)
        note_exported(folder, name, paths, shown=shown)
        write_tables(folder, *(tables[table][0] for table in new))
        if append:
            remove(path for path in _own_paths(folder, name) if path not in written)
    except OSError as error:
        if append and not taken:
            # Else the next try would take them for another scan's.
            remove(_own_paths(folder, name))
        raise BadInput(folder, f"cannot write there ({error.strerror or error})") from error
    return (*written, *(folder / f"{table}.csv" for table in new))


def _own_paths(folder: Path, name: str) -> list[Path]:
    masks = [folder / "masks" / f"{name}_{view}_{kind}.png" for view in VIEWS for kind in KINDS]
    boxes = [folder / "boxes" / f"{name}_{view}_boxes.xml" for view in VIEWS]
    return [*masks, *boxes, folder / "overlays" / f"{name}.png", folder / "records" / f"{name}.json"]


def write_comparison(out: Path, result: ComparisonResult) -> None:
    """Write comparison.csv (a row a place) and comparison.json (all of it, with the record)."""
    rows = [
        {
            **asdict(pair),
            "ids_earlier": " ".join(map(str, pair.earlier)),
            "ids_later": " ".join(map(str, pair.later)),
        }
        for pair in result.pairings
    ]
    write_csv(out / "comparison.csv", COMPARISON_COLUMNS, rows)
    content = result.as_dict() | {"summary": result.summary(), "record": json.loads(result.record.to_json())}
    with written_whole(out / "comparison.json") as temporary:
        temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")
