"""Hotspots and skeleton regions that a person corrected, in cases and in folders of bone runs.

A folder is what ``bone run`` with ``--masks`` or the panel's export wrote: the record tells whether hotspots
or regions are a person's, ``hotspots.csv`` which hotspots were judged. Of a case the last finished reading
counts. Neither tells in which view an edit was made:

- Hotspots of a view count when one of them was judged, or when none is left in it. Where all are as the
  program proposed them, nobody said that they are right. A hotspot that was not judged, or is of class
  ignore, makes no statement.
- Regions count in both views; of a case also when a second reader accepted those of the program.

What ``bone run --masks`` read from files and what is as the program itself proposes it, makes no statement:
masks of a whole run may have been given to edit a few of its scans.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.batch.corrected import (
    Corrected,
    Loader,
    Looked,
    NotCorrected,
    Row,
    edits_of,
    fits_name,
    identifier_in,
    is_bone_run,
    named_rows,
    results_rows,
    table_rows,
    where_now,
)
from napari_tbcad.batch.made_from import Made, journaled, require_same_image
from napari_tbcad.bone.edits import JUDGING
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.label_files import LabelFiles, find_label_files, read_regions
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.case import Case
from napari_tbcad.content import content_key, digest
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import BoneScan, ViewName
from napari_tbcad.io.clinic.makers import is_file
from napari_tbcad.reading import Reading
from napari_tbcad.record import Edit, Record, Step
from napari_tbcad.run_names import files_of
from napari_tbcad.schemes import ANTERIOR_ONLY, FOUR_CLASS, IGNORE, REGION_IDS, REGIONS

Corrections = Literal["hotspots", "regions"]

TASKS = {"hotspots": FOUR_CLASS.name, "regions": REGIONS.name}
"""Label scheme of each."""


def looked_for(place: Path, what: Corrections, *, unfinished: bool = False) -> Iterator[Loader]:
    """Yield what reads each scan; see :func:`~napari_tbcad.batch.corrected.corrected_in`."""
    if not place.is_dir():
        return iter([partial(_of_case, place, what, unfinished)])
    if not is_bone_run(place):
        raise NotCorrected(f"{place.name}: no results of bone scans")
    return _of_run(place, what)


# -- cases --------------------------------------------------------------------------------------------


def _of_case(path: Path, what: Corrections, unfinished: bool) -> Looked:
    from napari_tbcad.bone.case_scan import files_of as files_holding
    from napari_tbcad.bone.cases import WORKFLOW, run_from, study_for

    case = Case.load(path)
    if case.workflow != WORKFLOW:
        raise NotCorrected(f"{path.name}: a case of the {case.workflow} workflow")
    counting = [n for n, one in enumerate(case.readings) if _counts(one, what)]
    taken = [n for n in counting if case.readings[n].finished or unfinished]
    if not taken:
        why = f"no person corrected or accepted its {what}"
        if counting:
            why = "its reading is still in progress (--unfinished takes it even so)"
        raise NotCorrected(f"{path.name}: {why}")
    one = case.readings[taken[-1]]
    study = study_for(case, path)
    run = run_from(case, study, reader=taken[-1])
    scan, regions, hotspots = (run.get(name) for name in ("scan", "regions", "hotspots"))
    if scan is None or (regions if what == "regions" else hotspots) is None:
        raise BadInput(path, f"the reading has no {what}")
    views, passed_over = (
        (_region_labels(scan, regions), [])
        if what == "regions"
        else _hotspot_labels(scan, hotspots, regions, path.name)
    )
    if not views:
        raise NotCorrected("; ".join(passed_over))
    edits = edits_of(one.record, what)
    common = _common(scan, files_holding(study) or (path,), edits, path)
    common |= {"reader": one.reader, "when": one.when}
    said = [] if len(taken) == 1 else [f"{path.name}: {len(taken)} readings; the last is taken"]
    return Looked(_both(scan, views, path.stem, what, common), tuple(passed_over), tuple(said))


def _counts(one: Reading, what: Corrections) -> bool:
    """Tell whether a reading says something: its own labels, or regions of the program it accepted."""
    edits = edits_of(one.record, what)
    own = what in one.values.get("given", {}) and bool(edits) and not _only_given_back(edits)
    return own or (what == "regions" and one.verdict in ("accepted", "changed"))


# -- folders of runs ----------------------------------------------------------------------------------


def _of_run(folder: Path, what: Corrections) -> Iterator[Loader]:
    rows, made = results_rows(folder, "bone run"), journaled(folder)
    for name, row in named_rows(folder, rows, _is_called, "scan"):
        yield partial(_of_scan, folder, name, row, what, made)


def _is_called(row: Row, name: str) -> bool:
    """Tell whether a scan's outputs may carry this name (:func:`~napari_tbcad.io.scan_files.find_scans`)."""
    from napari_tbcad.io.scan_files import find_scans

    paths = [Path(file) for file in files_of(row)]
    if fits_name(paths[0], name):
        return True
    if len(paths) == 1:
        return False
    # Two views are named by what their paths have in common.
    common = find_scans(paths)[0].name
    return fits_name(Path(os.path.commonpath(paths)) / f"{common}{paths[0].suffix}", name)


def _of_scan(
    folder: Path, name: str, row: Row | BadInput, what: Corrections, made: Mapping[str, Made]
) -> Looked:
    if isinstance(row, BadInput):
        raise row
    record = Record.load(folder / "records" / f"{name}.json")
    edits = edits_of(record, what)
    if not edits:
        raise NotCorrected(f"{folder.name}/{name}: its {what} are the automatic ones")
    if _only_given_back(edits):
        raise NotCorrected(f"{folder.name}/{name}: its {what} came from files that are as the automatic ones")
    files = tuple(where_now(file, folder, "scan") for file in files_of(row))
    require_same_image(made, name, files, "gather it")
    scan = _scan(files, record, row)
    found = find_label_files(folder / "masks", name)
    missing = [view for view, _ in scan for kind in (found.hotspots, found.regions) if view not in kind]
    if missing:
        raise BadInput(folder / "masks" / f"{name}_{missing[0]}_{what}.png", "the label image is gone")
    regions = read_regions(found, scan)
    assert regions is not None  # its files are there
    passed_over: list[str] = []
    if what == "regions":
        views = _region_labels(scan, regions)
    else:
        hotspots = _hotspots(folder, row["file"], found, scan)
        views, passed_over = _hotspot_labels(scan, hotspots, regions, f"{folder.name}/{name}")
    if not views:
        raise NotCorrected("; ".join(passed_over))
    common = _common(scan, files, edits, folder)
    return Looked(_both(scan, views, name.split("__")[-1], what, common), tuple(passed_over))


def _both(
    scan: BoneScan, views: Views, name: str, what: Corrections, common: dict[str, Any]
) -> tuple[Corrected, ...]:
    counts = {view: image.counts for view, image in scan}
    scan_name = common["files"][0].name
    return tuple(
        Corrected(
            name=f"{name}_{view}",
            key=content_key(counts[view]),
            pixels=counts[view],
            labels=labels,
            facts={"view": view, "scan": scan_name, "task": TASKS[what], "left_out": left_out},
            **common,
        )
        for view, labels, left_out in views
    )


def _only_given_back(edits: Sequence[Edit]) -> bool:
    """Tell whether all edits are files that say what the program says: no pixel is of another class."""
    return all(is_file(edit) and edit.pixels == 0 and edit.dice_after == 1 for edit in edits)


def _common(scan: BoneScan, files: tuple[Path, ...], edits: Sequence[Edit], folder: Path) -> dict[str, Any]:
    """Return what both views have in common, the patient above all."""
    counts = (content_key(view.counts) for _, view in scan)
    return {
        "files": files,
        "identifier": identifier_in(files[0]),
        "study": f"scan-{digest(*counts)[:12]}",
        "reader": edits[-1].reader if edits else "",
        "when": edits[-1].when if edits else "",
        "how": _how(edits),
        "dice_automatic": edits[-1].dice_after if edits else None,
        "found_in": folder,
    }


def _how(edits: Sequence[Edit]) -> str:
    if not edits:
        return "accepted"
    return "judged" if {edit.tool for edit in edits} <= JUDGING else "edited"


def _scan(files: Sequence[Path], record: Record, row: Row) -> BoneScan:
    """Read the views as they were named and turned when the folder was written."""
    from napari_tbcad.bone.views import ViewParameters, name_views
    from napari_tbcad.io.scans import read_study

    steps = [entry for entry in record if isinstance(entry, Step) and entry.name == "views"]
    try:
        parameters = ViewParameters.model_validate(steps[-1].parameters if steps else {})
    except ValueError as error:
        raise BadInput(files[0], f"the settings of its views cannot be used ({error})") from error
    scan = name_views(read_study(list(files)), parameters)
    for view, image in scan:
        was = row.get(f"counts_{view}") or ""
        if was and abs(float(was) - image.total) > 1:
            raise BadInput(files[0], "this is another image than the one these results were made of")
    return scan


# -- labels ------------------------------------------------------------------------------------------

Views = list[tuple[ViewName, NDArray[np.uint8], int]]
"""Views with their labels, and how many hotspots make no statement."""


def _region_labels(scan: BoneScan, regions: SkeletonRegions) -> Views:
    found: Views = []
    for view, _ in scan:
        labels = np.asarray(regions.labels(view))
        if not labels.any():
            raise BadInput(scan.source, f"there is no region in its {view} view")
        if view == "posterior":
            # What a posterior view shows of it lies behind the spine.
            labels = np.where(labels == REGION_IDS[ANTERIOR_ONLY], IGNORE, labels).astype(np.uint8)
        found.append((view, labels, 0))
    return found


# -- hotspots -----------------------------------------------------------------------------------------


def _hotspots(folder: Path, file: str, files: LabelFiles, scan: BoneScan) -> Hotspots:
    """Return the hotspots of a scan with the classes in the table."""
    from napari_tbcad.io.labels import read_labels

    table = folder / "hotspots.csv"
    rows = [row for row in table_rows(table) if row.get("file") == file]
    arrays = {
        view: image.stored(read_labels(files.hotspots[view], scan.shape)).astype(np.uint16)
        for view, image in scan
    }
    try:
        marks = tuple(
            Mark(int(row["id"]), row["view"], row["label"], "file", row["judged"] == "True")  # type: ignore[arg-type]
            for row in rows
        )
        return Hotspots(arrays.get("anterior"), arrays.get("posterior"), marks)
    except (BadInput, KeyError, TypeError, ValueError) as error:
        raise BadInput(table, f"it does not fit the label images of {Path(file).name} ({error})") from error


def _hotspot_labels(
    scan: BoneScan, hotspots: Hotspots, regions: SkeletonRegions, name: str
) -> tuple[Views, list[str]]:
    """Return the class images of the views that a person judged, and which views are none."""
    from napari_tbcad.bone.classes import SchemeParameters, class_images

    images = class_images(hotspots, regions, scan, SchemeParameters(scheme="4"))
    found: Views = []
    passed_over: list[str] = []
    for view, _ in scan:
        marks = [mark for mark in hotspots.marks if mark.view == view]
        if marks and not any(mark.judged for mark in marks):
            passed_over.append(f"{name}: no hotspot of its {view} view was judged ({len(marks)} proposed)")
            continue
        unsaid = [mark.id for mark in marks if mark.label == "ignore" or not mark.judged]
        drawn, instances = np.asarray(images.labels(view)), np.asarray(hotspots.labels(view))
        labels = np.where(np.isin(instances, unsaid), IGNORE, drawn).astype(np.uint8)
        found.append((view, labels, len(unsaid)))
    return found, passed_over
