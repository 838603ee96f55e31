"""Bone scans as a worklist: which they are, and what a row tells of an annotation project."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.io.dicom_file import looks_like_dicom
from napari_tbcad.io.nuclear import is_scan_dicom
from napari_tbcad.io.scan_files import ScanFiles, find_scans
from napari_tbcad.worklist_sources import Found, Joined, Kind

if TYPE_CHECKING:
    from napari_tbcad.reading import Reading
    from napari_tbcad.worklist_item import Item, Sighting

NOBODY = "no name given"


def scans_in(folder: Path) -> tuple[list[Found], list[Path]]:
    """Return the bone scans of a folder, and what was passed over: DICOM of other modalities among it.

    Raises
    ------
    BadInput
        If there is no image at all.
    """
    passed_over: list[Path] = []
    scans: list[Found] = []
    for scan in find_scans(folder, passed_over=passed_over):
        if _of_other_modality(scan):
            passed_over += scan.paths
        else:
            scans.append(Found(scan.paths, scan.name))
    return scans, passed_over


def _of_other_modality(scan: ScanFiles) -> bool:
    """Tell whether a file is DICOM but not nuclear medicine; two files are one scan because both are."""
    return len(scan.paths) == 1 and _is_dicom(scan.path) and not is_scan_dicom(scan.path)


def _is_dicom(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return looks_like_dicom(file.read(132))
    except OSError:
        return False


def join_scans(paths: Sequence[Path]) -> list[Joined]:
    """Put the files of a table together that are the two views of one scan."""
    files = [path for path in paths if not path.is_dir()]
    scans = find_scans(files) if files else []
    joined = [Joined(scan.paths, _called(scan)) for scan in scans]
    place = {path: number for number, path in enumerate(paths)}
    joined += [Joined((path,), path) for path in paths if path.is_dir()]
    return sorted(joined, key=lambda one: min(place.get(path, 0) for path in one.paths))


def _called(scan: ScanFiles) -> Path:
    """Return the path that a scan is named after: of two files what their paths have in common."""
    if len(scan.paths) == 1:
        return scan.path
    # By itself, since in a long list a name may say more to be unique.
    (alone,) = find_scans(scan.paths)
    folder = Path(os.path.commonpath([path.parent for path in scan.paths]))
    return folder / f"{alone.name}{scan.path.suffix}"


def progress_in(reading: Reading) -> dict[str, Any]:
    """Return how far the annotation of a reading is.

    Parameters
    ----------
    reading : Reading
        Of a bone case; its label images and its record are not needed.

    Returns
    -------
    dict
        ``hotspots`` and ``judged``, numbers, where hotspots were found or drawn; ``bsi`` and ``bsi_judged``,
        in %, where the index was up to date.
    """
    values, result = reading.values, reading.result
    said: dict[str, Any] = {}
    for source in ("given", "automatic"):
        marks = _at(values, source, "hotspots", "marks")
        if isinstance(marks, Sequence):
            judged = sum(bool(_at(mark, "judged")) for mark in marks)
            said |= {"hotspots": len(marks), "judged": judged}
            break
    if result is not None and "index" in (_at(values, "up_to_date") or ()):
        said |= {"bsi": result.get("value"), "bsi_judged": result.get("judged_value")}
    return {name: value for name, value in said.items() if value is not None}


def _at(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


# -- what a row tells ---------------------------------------------------------------------------------


def readers_of(item: Item) -> tuple[str, ...]:
    """Return who read a scan, each once, in the order in which they came."""
    return tuple(dict.fromkeys(one.reader or NOBODY for one in item.readings))


def row_of(item: Item) -> tuple[str, str]:
    """Return "6 of 14 judged · A, then B" and "BSI 1.23 %"; of an index that is not all judged "so far"."""
    if not item.readings:
        return item.facts, ""
    said = item.readings[-1].said
    parts = (_judged(said), ", then ".join(readers_of(item)))
    return " · ".join(part for part in parts if part), _index(said)


def _judged(said: Mapping[str, Any]) -> str:
    if "hotspots" not in said:
        return "no hotspots yet"
    return f"{said['judged']} of {said['hotspots']} judged" if said["hotspots"] else "no hotspots"


def _complete(said: Mapping[str, Any]) -> bool:
    return "hotspots" in said and said["judged"] == said["hotspots"]


def _index(said: Mapping[str, Any]) -> str:
    if "bsi" in said and _complete(said):
        return f"BSI {said['bsi']:.2f} %"
    return f"{said['bsi_judged']:.2f} % so far" if "bsi_judged" in said else ""


def tip_of(item: Item) -> list[str]:
    """Return what there is to say of each reading, a line each."""
    return [_said_of(one) for one in item.readings if one.said]


def _said_of(one: Sighting) -> str:
    said = one.said
    text = f"{one.reader or NOBODY}: {_judged(said)}"
    if "bsi" in said and _complete(said):
        return f"{text}, BSI {said['bsi']:.2f} %"
    if "bsi" in said:
        text += f", BSI {said['bsi']:.2f} % with what nobody judged"
    return f"{text}, {said['bsi_judged']:.2f} % without" if "bsi_judged" in said else text


def summary_of(items: Sequence[Item]) -> str:
    """Return "41 of 96 hotspots judged · by A 4, B 2 · 2 read twice"."""
    last = [item.readings[-1].said for item in items if item.readings]
    known = [said for said in last if "hotspots" in said]
    finished = [{one.reader or NOBODY for one in item.readings if one.finished} for item in items]
    by = Counter(reader for readers in finished for reader in sorted(readers))
    parts = []
    if known:
        judged, number = (sum(said[name] for said in known) for name in ("judged", "hotspots"))
        parts.append(f"{judged} of {number} hotspots judged")
    if by:
        parts.append("by " + ", ".join(f"{reader} {n}" for reader, n in sorted(by.items())))
    if twice := sum(len(readers) > 1 for readers in finished):
        parts.append(f"{twice} read twice")
    return " · ".join(parts)


SCANS = Kind(
    workflow="bone",
    thing="scan",
    in_folder=scans_in,
    join=join_scans,
    digest=progress_in,
    hint="The two files of a scan whose views lie apart are one row. Folders of masks are passed over.",
    row=row_of,
    widest="00.00 % so far",
    tip=tip_of,
    summary=summary_of,
)
"""Whole-body bone scans, of one file or two."""
