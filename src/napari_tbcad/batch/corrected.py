"""What a person corrected, found in cases and in folders of runs: what is common to both workflows."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.case import SUFFIX, Case
from napari_tbcad.errors import BadInput, TbcadError
from napari_tbcad.files import read_rows
from napari_tbcad.io.clinic.makers import standing_edits
from napari_tbcad.io.walk import Entry
from napari_tbcad.record import Edit, Record
from napari_tbcad.run_folder import started_in

What = Literal["lungs", "hotspots", "regions"]
"""What a network learns of corrections: masks of films, or hotspots or skeleton regions of bone scans."""


class NotCorrected(TbcadError):
    """No person edited or accepted this; nothing is wrong with it."""


@dataclass(frozen=True, eq=False)
class Corrected:
    """An image with a person's labels.

    Parameters
    ----------
    name : str
        What to call it.
    key : str
        Key of the image's pixels, the same for the same image anywhere.
    pixels : (H, W) array of float32
        The image as a network is given it: a film with air dark, a view's counts as the camera saw it.
    labels : (H, W) array of uint8
        Values of the task; 255 makes no statement.
    files : tuple of Path
        Files of the film or scan.
    identifier : str
        The patient identifier in the file, never to be written as it is; empty without one.
    study : str
        What the patient is called when nothing tells who it is.
    reader, when, how : str
        Who, when (UTC, ISO 8601), and "edited", "judged" or "accepted".
    dice_automatic : float or None
        Overlap with the automatic labels; of a scan that of both views.
    found_in : Path
        Case or folder.
    facts : mapping of str to value
        Further columns of the table.
    """

    name: str
    key: str
    pixels: NDArray[np.float32]
    labels: NDArray[np.uint8]
    files: tuple[Path, ...]
    identifier: str = field(repr=False)
    study: str
    reader: str
    when: str
    how: str
    dice_automatic: float | None
    found_in: Path
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Looked:
    """What was found in one film or scan.

    Parameters
    ----------
    taken : tuple of Corrected
        One a film, one a view of a scan.
    passed_over : tuple of str
        What no person corrected.
    said : tuple of str
        What else to tell the person.
    """

    taken: tuple[Corrected, ...]
    passed_over: tuple[str, ...] = ()
    said: tuple[str, ...] = ()


Loader = Callable[[], Looked]


def places_in(paths: Sequence[Path]) -> list[Path]:
    """List the cases and the folders of runs among files and folders, and below the folders.

    Raises
    ------
    BadInput
        If a path is neither and has neither below it.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_file() and path.suffix == SUFFIX:
            found.append(path)
            continue
        if not path.is_dir():
            raise BadInput(
                path, f"neither a case ({SUFFIX}) nor a folder" if path.exists() else "is not there"
            )
        runs = [table.parent for table in path.rglob("results.csv") if (table.parent / "records").is_dir()]
        inside = sorted([*(p for p in path.rglob(f"*{SUFFIX}") if p.is_file()), *runs])
        if not inside:
            raise BadInput(path, f"no case ({SUFFIX}) and no results of chest run or bone run in it")
        found += inside
    return list(dict.fromkeys(path.absolute() for path in found))


def is_bone_run(place: Path) -> bool:
    """Tell whether a place is a folder that ``bone run`` or its panel wrote."""
    if not place.is_dir():
        return False
    try:
        with (place / "results.csv").open(encoding="utf-8-sig", newline="") as file:
            return "bsi" in next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError, csv.Error):
        return False


def is_of_bone(place: Path) -> bool:
    """Tell whether a place is a bone run's folder or the case of a bone scan."""
    if place.is_dir():
        return is_bone_run(place)
    try:
        return Case.peek(place).workflow == "bone"
    except BadInput:
        return False


def corrected_in(place: Path, what: What, *, unfinished: bool = False) -> Iterator[Loader]:
    """Yield what reads each film or scan of a case or of a folder of a run.

    The loaders raise :class:`NotCorrected` for one that no person corrected, and :class:`BadInput` for one
    that cannot be used; so does this for the place itself.
    """
    from napari_tbcad.batch import corrected_bone, corrected_lungs

    if what == "lungs":
        return corrected_lungs.looked_for(place, unfinished=unfinished)
    return corrected_bone.looked_for(place, what, unfinished=unfinished)


# -- folders of runs ----------------------------------------------------------------------------------


def results_rows(folder: Path, command: str) -> list[dict[str, str]]:
    """Return the rows of a run's results.csv that are not of errors.

    Raises
    ------
    BadInput
        If it cannot be read or has other columns.
    """
    path = folder / "results.csv"
    rows = table_rows(path)
    if rows and not {"file", "status"} <= set(rows[0]):
        raise BadInput(path, f"not the results of {command} (the columns file and status are missing)")
    return [row for row in rows if row["status"] == "ok"]


def table_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file by column."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(read_rows(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(path, f"cannot be read as a table ({error})") from error


Row = dict[str, str]


def named_rows(
    folder: Path, rows: Sequence[Row], is_called: Callable[[Row, str], bool], thing: str
) -> Iterator[tuple[str, Row | BadInput]]:
    """Yield the name of each record of a run with its row, or with why it is not known whose it is.

    Parameters
    ----------
    folder : Path
        Of the run.
    rows : sequence of mapping
        Of its results.csv.
    is_called : callable
        Tells whether the outputs of a row may carry a name.
    thing : str
        What a row is, such as ``"film"``.
    """
    left = list(rows)
    # The longest names first: a shorter one may fit their rows, too.
    for path in sorted((folder / "records").glob("*.json"), key=lambda path: (-len(path.stem), path.stem)):
        fitting = [row for row in left if is_called(row, path.stem)]
        if len(fitting) == 1:
            left.remove(fitting[0])
            yield path.stem, fitting[0]
        elif fitting:
            yield path.stem, BadInput(path, f"{len(fitting)} {thing}s have this name")
        else:
            yield path.stem, BadInput(path, f"no {thing} of results.csv has this name")


def fits_name(path: Path, name: str) -> bool:
    """Tell whether a file's outputs may carry this name; see :func:`~napari_tbcad.io.walk.unique_names`."""
    entry = Entry(path, Path(*(part for part in path.parts if part != path.anchor)), path.parent)
    name = name.split("~")[0]
    whole = (entry.name(suffix=False), entry.name(suffix=True))
    return any(one == name or one.endswith(f"__{name}") for one in whole)


def where_now(file: str, folder: Path, thing: str) -> Path:
    """Return a file that a table of a run names; raises BadInput when it is gone."""
    for path in (started_in(folder) / file, Path(file), folder / file, folder.parent / file):
        if path.is_file():
            return path
    raise BadInput(file, f"this {thing} of {folder.name} is gone")


def edits_of(record: Record, target: str) -> list[Edit]:
    """Return a person's edits of one thing; none where the automatic version stands, or a program's file."""
    edits: list[Edit] = []
    for edit in standing_edits(record, target):
        edits = [] if edit.by_program else [*edits, edit]
    return edits


def identifier_in(path: Path) -> str:
    """Return the patient identifier of a DICOM file; "" for other files and without one."""
    from napari_tbcad.io.dicom_file import looks_like_dicom

    try:
        with path.open("rb") as file:
            if not looks_like_dicom(file.read(132)):
                return ""
        import pydicom

        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["PatientID"], force=True)
        return str(header.get("PatientID") or "").strip()
    except Exception:  # a header that cannot be read has no identifier either
        return ""
