"""What a person annotated in a scan, as files that other programs and this one read.

In a folder::

    README.txt                               what is here, and what it may be used for
    scans.csv                                a row a scan: who, when, how many judged, the index
    hotspots.csv                             a row a hotspot: place, class, judged, by whom, when
    scheme4/NAME_{view}_classes.png          0 background, 1 bone, 2 abnormal, 3 normal hotspot
    scheme3/NAME_{view}_classes.png          0 background, 1 bone (normal hotspots are bone), 2 abnormal
    scheme{4,3}/NAME_{view}_hotspots.png     instances, 16 bits: the id of hotspots.csv
    scheme{4,3}/NAME_{view}_regions.png      skeleton regions 1 to 12
    boxes/NAME_{view}_boxes.xml              Pascal VOC, names Abnormal and Normal
    records/NAME.json                        every step and edit

Hotspots that nobody judged are in the label images as the program proposed them; the column ``judged`` of
hotspots.csv tells which. Each folder of a scheme gives the same index back: ``bone run SCANS --masks
FOLDER/scheme4``, and with ``--scheme 3`` from the other one; all hotspots are then taken for judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.bone.classes import SchemeParameters, class_images
from napari_tbcad.bone.exports import NEWER_COLUMNS, hotspot_rows
from napari_tbcad.bone.measure import HotspotTable
from napari_tbcad.errors import BadInput
from napari_tbcad.files import write_csv, written_whole
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.notice import NOTICE
from napari_tbcad.record import Edit
from napari_tbcad.result_tables import remove, require_place, with_rows
from napari_tbcad.schemes import BONE_SCHEMES, HOTSPOT_CLASSES

if TYPE_CHECKING:
    from napari_tbcad.bone.workflow import BoneAnalysis

SCHEMES = tuple(BONE_SCHEMES)
"""Names of the label schemes that can be written, the fuller one first."""

WHO = ("file", "name", "reader", "begun", "ended")

SCAN_COLUMNS = (
    *WHO, "active_s", "edits", "n_hotspots", "n_judged", *(f"n_{label}" for label in HOTSPOT_CLASSES), "bsi",
    "bsi_judged", "weights", "combine", "regions", "files", "use",
)  # fmt: skip
"""Columns of scans.csv: ``active_s`` as :class:`Work` says; ``regions`` is given or the segmenter's name."""

HOTSPOT_COLUMNS = (*WHO, *HotspotTable.columns(), "use")
"""Columns of hotspots.csv; who and when are those of the scan's reading."""

_BREAK_S = 120.0
_KINDS = ("hotspots", "classes", "regions")


@dataclass(frozen=True)
class Work:
    """Who annotated, and when.

    Parameters
    ----------
    readers : tuple of str
        Who edited, each once, in the order in which they came; nobody who gave no name.
    begun, ended : str
        UTC times of the first and the last edit, ISO 8601; empty without edits.
    active_s : float
        Time between an edit and the next, in s, summed; a break of more than two minutes does not count.
    edits : int
        How many edits there are of hotspots and regions.
    """

    readers: tuple[str, ...] = ()
    begun: str = ""
    ended: str = ""
    active_s: float = 0.0
    edits: int = 0


def work_in(entries: Iterable[Any]) -> Work:
    """Return who annotated, and when, by the edits of a record or journal."""
    targets = ("hotspots", "regions")
    edits = [one for one in entries if isinstance(one, Edit) and one.target in targets and not one.by_program]
    if not edits:
        return Work()
    times = sorted(datetime.fromisoformat(edit.when) for edit in edits)
    gaps = ((later - earlier).total_seconds() for earlier, later in pairwise(times))
    return Work(
        tuple(dict.fromkeys(edit.reader for edit in edits if edit.reader)),
        min(edit.when for edit in edits),
        max(edit.when for edit in edits),
        round(sum(gap for gap in gaps if gap <= _BREAK_S), 1),
        len(edits),
    )


def export_annotation(
    folder: str | Path,
    name: str,
    analysis: BoneAnalysis,
    *,
    schemes: Sequence[str] = SCHEMES,
    voc: bool = True,
    reader: str = "",
    file: str | None = None,
    files: Sequence[str] = (),
) -> tuple[Path, ...]:
    """Write what a person annotated in a scan; see the module's text for the files.

    Hotspots are written as they stand: of those that nobody judged the column ``judged`` says so.

    Parameters
    ----------
    folder : str or Path
        Where to. Made when missing, but not the folders above it. Rows and files of other scans stay, those
        of an earlier export of this one are replaced.
    name : str
        NAME in the files' names, as :func:`~napari_tbcad.io.scan_files.find_scans` gives it.
    analysis : BoneAnalysis
        Such as from :func:`~napari_tbcad.bone.workflow.finish`.
    schemes : sequence of {"4", "3"}, optional
        Label schemes to write; both by default.
    voc : bool, optional
        Write boxes as well.
    reader : str, optional
        Who annotated, where the record does not tell.
    file : str, optional
        Path of the scan as the tables should name it; the scan's source when not given.
    files : sequence of str, optional
        All its files where there are several.

    Returns
    -------
    tuple of Path
        The files written, the tables last.

    Raises
    ------
    BadInput
        If a scheme is unknown, the folder is gone, cannot be written or the disk is full, if its tables have
        other columns, or NAME is another scan's there.
    """
    folder = Path(folder)
    for scheme in schemes:
        if scheme not in SCHEMES:
            raise BadInput("scheme", f"it is one of {', '.join(SCHEMES)}, not {scheme!r}")
    file = Path(analysis.scan.source or name).as_posix() if file is None else file
    require_place(folder, name)
    who = _who(analysis, name, file, reader)
    new = {
        "scans.csv": (SCAN_COLUMNS, [_scan_row(analysis, who, files or (file,))]),
        "hotspots.csv": (HOTSPOT_COLUMNS, _hotspot_rows(analysis, who)),
    }
    tables = {
        table: with_rows(folder / table, columns, rows, file=file, newer=NEWER_COLUMNS)
        for table, (columns, rows) in new.items()
    }
    scans, known = tables["scans.csv"]
    others = {row["name"] for row in scans if row["file"] != file}
    if name in others or (not known and any(path.exists() for path in _own_paths(folder, name))):
        raise BadInput(folder, f"it has files of another scan named {name}; choose another folder")
    try:
        written = _write(folder, name, analysis, schemes, voc)
        for table, (columns, _) in new.items():
            write_csv(folder / table, columns, tables[table][0])
    except OSError as error:
        if not known:
            # Else the next try would take them for another scan's.
            remove(_own_paths(folder, name))
        raise BadInput(folder, f"cannot write there ({error.strerror or error})") from error
    remove(path for path in _own_paths(folder, name) if path not in written)
    return (*written, *(folder / table for table in new))


def _who(analysis: BoneAnalysis, name: str, file: str, reader: str) -> dict[str, Any]:
    work = work_in(analysis.record)
    return {
        "file": file,
        "name": name,
        "reader": " | ".join(work.readers) or reader,
        "begun": work.begun,
        "ended": work.ended,
        "use": NOTICE,
    }


def _scan_row(analysis: BoneAnalysis, who: dict[str, Any], files: Sequence[str]) -> dict[str, Any]:
    marks, index, work = analysis.hotspots.marks, analysis.index, work_in(analysis.record)
    return {
        **who,
        "active_s": work.active_s,
        "edits": work.edits,
        "n_hotspots": len(marks),
        "n_judged": index.n_judged,
        **{f"n_{label}": sum(mark.label == label for mark in marks) for label in HOTSPOT_CLASSES},
        "bsi": index.value,
        "bsi_judged": index.judged_value,
        "weights": index.weights,
        "combine": index.combine,
        "regions": "given" if "regions" in analysis.given else analysis.regions.segmenter,
        "files": " | ".join(files),
    }


def _hotspot_rows(analysis: BoneAnalysis, who: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**row, **who} for row in hotspot_rows(analysis, file=who["file"])]


def _write(
    folder: Path, name: str, analysis: BoneAnalysis, schemes: Sequence[str], voc: bool
) -> tuple[Path, ...]:
    from napari_tbcad.bone.boxed import write_box_files
    from napari_tbcad.bone.label_files import write_label_files

    hotspots, regions, scan = analysis.hotspots, analysis.regions, analysis.scan
    written = [_write_readme(folder)]
    for scheme in schemes:
        images = analysis.classes
        if images.scheme != scheme:
            images = class_images(
                hotspots, regions, scan, SchemeParameters.model_validate({"scheme": scheme})
            )
        written += write_label_files(
            folder / f"scheme{scheme}", name, hotspots=hotspots, classes=images, regions=regions, scan=scan
        )
    if voc:
        written += write_box_files(folder / "boxes", name, hotspots, scan)
    record = folder / "records" / f"{name}.json"
    analysis.record.save(record)
    return (*written, record)


def _write_readme(folder: Path) -> Path:
    path = folder / "README.txt"
    text = f"{NOTICE}\n\nHotspots of bone scans as people annotated them, written by napari-tbcad.\n\n"
    with written_whole(path) as temporary:
        temporary.write_text(text + _layout(), encoding="utf-8")
    return path


def _layout() -> str:
    """Return what the module's text says of the files."""
    return (__doc__ or "").partition("::\n")[2].strip("\n").replace("``", "") + "\n"


def _own_paths(folder: Path, name: str) -> list[Path]:
    labels = [
        folder / f"scheme{scheme}" / f"{name}_{view}_{kind}.png"
        for scheme in SCHEMES
        for view in VIEWS
        for kind in _KINDS
    ]
    boxes = [folder / "boxes" / f"{name}_{view}_boxes.xml" for view in VIEWS]
    return [*labels, *boxes, folder / "records" / f"{name}.json"]
