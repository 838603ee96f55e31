"""Lung masks that a person edited or accepted, found in cases and in folders of runs."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.case import SUFFIX, Case
from napari_tbcad.errors import BadInput, TbcadError
from napari_tbcad.io.walk import Entry
from napari_tbcad.record import Edit, Record, Step

if TYPE_CHECKING:
    from napari_tbcad.imaging.radiograph import Radiograph
    from napari_tbcad.reading import Reading

KIND = "insensitive"
"""The anatomical mask, consolidation included: what a lung network learns."""

_BACK = "back to automatic"
_REVIEWED = ("accepted", "changed")


class NotCorrected(TbcadError):
    """No person edited or accepted this mask; nothing is wrong with it."""


@dataclass(frozen=True, eq=False)
class Corrected:
    """A film with a person's lung mask.

    Parameters
    ----------
    name : str
        What to call it.
    key : str
        Key of the film's pixels, the same for the same film anywhere.
    pixels : (H, W) array of float32
        The film, air dark.
    labels : (H, W) array of uint8
        0, 1 right lung, 2 left lung.
    film : Path
        File of the film; empty where it has none.
    patient : str
        Digest of the patient identifier in the file; empty without one.
    reader, when, how : str
        Who, when (UTC, ISO 8601), and "edited" or "accepted".
    dice_automatic : float or None
        Overlap with the automatic mask.
    found_in : Path
        Case or folder.
    said : tuple of str
        What to tell the person.
    """

    name: str
    key: str
    pixels: NDArray[np.float32]
    labels: NDArray[np.uint8]
    film: Path
    patient: str
    reader: str
    when: str
    how: str
    dice_automatic: float | None
    found_in: Path
    said: tuple[str, ...] = ()


Loader = Callable[[], Corrected]


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
            raise BadInput(path, f"no case ({SUFFIX}) and no results of chest run in it")
        found += inside
    return list(dict.fromkeys(path.absolute() for path in found))


def corrected_in(place: Path, *, unfinished: bool = False) -> Iterator[Loader]:
    """Yield what reads each film of a case or of a folder of a run.

    The loaders raise :class:`NotCorrected` for a film whose mask no person edited or accepted, and
    :class:`BadInput` for one that cannot be used.
    """
    if place.is_dir():
        return _of_run(place)
    return iter([partial(_of_case, place, unfinished)])


# -- cases --------------------------------------------------------------------------------------------


def _of_case(path: Path, unfinished: bool) -> Corrected:
    from napari_tbcad.chest.case_film import film_for
    from napari_tbcad.chest.cases import WORKFLOW

    case = Case.load(path)
    if case.workflow != WORKFLOW:
        raise NotCorrected(f"{path.name}: a case of the {case.workflow} workflow")
    readings = [one for one in case.readings if _counts(one) and (one.finished or unfinished)]
    if not readings:
        raise NotCorrected(f"{path.name}: {_why_not(case, unfinished)}")
    last = readings[-1]
    automatic = last.automatic.get(KIND, case.labels.get(KIND))
    labels = last.labels.get(KIND, automatic)
    if labels is None:
        raise BadInput(path, "the accepted reading has no lung mask")
    film = film_for(case, path)
    if labels.shape != film.shape:
        raise BadInput(path, f"its mask has the shape {labels.shape}, its film {film.shape}")
    said: tuple[str, ...] = ()
    if len(readings) > 1:
        said = (f"{path.name}: {len(readings)} readings; the last is taken, {_named(last)}",)
    upright = _turned(film, last.settings.get("polarity", {}), path)
    source = Path(film.source)
    return Corrected(
        name=Path(case.image.name).stem or path.stem,
        key=case.image.content_key,
        pixels=upright.pixels,
        labels=_lungs(labels, path),
        film=source if source.is_file() else Path(case.image.name),
        patient=_patient(source),
        reader=last.reader,
        when=last.when,
        how="edited" if KIND in last.labels else "accepted",
        dice_automatic=_dice(labels, automatic),
        found_in=path,
        said=said,
    )


def _counts(one: Reading) -> bool:
    return KIND in one.labels or one.verdict in _REVIEWED


def _why_not(case: Case, unfinished: bool) -> str:
    if not unfinished and any(_counts(one) for one in case.readings):
        return "its reading is still in progress (--unfinished takes it even so)"
    return "no person edited or accepted its anatomical lung mask"


def _named(one: Reading) -> str:
    return f"that of {one.reader or 'a reader without name'} of {one.when[:16].replace('T', ' ')}"


def _turned(film: Radiograph, settings: Any, path: Path) -> Radiograph:
    """Return the film as the segmenter saw it, air dark."""
    from napari_tbcad.chest.polarity import PolarityParameters, correct_polarity

    try:
        return correct_polarity(film, PolarityParameters.model_validate(settings))
    except ValueError as error:
        raise BadInput(path, f"its polarity settings cannot be used ({error})") from error


# -- folders of runs ----------------------------------------------------------------------------------


def _of_run(folder: Path) -> Iterator[Loader]:
    rows = _rows(folder / "results.csv")
    files = {row["file"]: row for row in rows if row.get("status") == "ok"}
    names = sorted((path.stem for path in (folder / "records").glob("*.json")), key=len, reverse=True)
    taken: set[str] = set()
    for name in names:
        fitting = [file for file in files if file not in taken and _is_called(file, name)]
        # Without its row, or with two, it is not known whose mask this is.
        if len(fitting) != 1:
            yield partial(_unknown, folder, name, len(fitting))
            continue
        taken.add(fitting[0])
        yield partial(_of_film, folder, name, fitting[0])


def _unknown(folder: Path, name: str, number: int) -> Corrected:
    cause = "no film of results.csv has this name" if not number else f"{number} films have this name"
    raise BadInput(folder / "records" / f"{name}.json", cause)


def _is_called(file: str, name: str) -> bool:
    """Tell whether a film's outputs may carry this name; see :func:`~napari_tbcad.io.walk.unique_names`."""
    path = Path(file)
    entry = Entry(path, Path(*(part for part in path.parts if part != path.anchor)), path.parent)
    name = name.split("~")[0]
    whole = (entry.name(suffix=False), entry.name(suffix=True))
    return any(one == name or one.endswith(f"__{name}") for one in whole)


def _of_film(folder: Path, name: str, file: str) -> Corrected:
    from napari_tbcad.chest.case_film import film_key
    from napari_tbcad.chest.polarity import invert
    from napari_tbcad.io.masks import find_mask, read_mask
    from napari_tbcad.io.read import read_film

    record = Record.load(folder / "records" / f"{name}.json")
    edits = [entry for entry in record if isinstance(entry, Edit) and entry.target == KIND]
    if not edits or edits[-1].tool == _BACK:
        raise NotCorrected(f"{folder.name}/{name}: its anatomical lung mask is the automatic one")
    mask = find_mask(folder / "masks", name, KIND)
    if mask is None:
        raise BadInput(folder / "masks" / f"{name}_{KIND}.png", "the mask is gone")
    path = next((p for p in (Path(file), folder / file, folder.parent / file) if p.is_file()), None)
    if path is None:
        raise BadInput(file, f"this film of {folder.name} is gone")
    film = read_film(path)
    labels = read_mask(mask, film.shape)
    steps = [entry for entry in record if isinstance(entry, Step) and entry.name == "polarity"]
    turned = bool(steps and steps[-1].facts.get("turned"))
    return Corrected(
        name=path.stem,
        key=film_key(film),
        pixels=(invert(film) if turned else film).pixels,
        labels=labels,
        film=path,
        patient=_patient(path),
        reader=edits[-1].reader,
        when=edits[-1].when,
        how="edited",
        dice_automatic=edits[-1].dice_after,
        found_in=folder,
    )


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(path, f"cannot be read as a table ({error})") from error
    if rows and not {"file", "status"} <= set(rows[0]):
        raise BadInput(path, "not the results of chest run (the columns file and status are missing)")
    return rows


# -- both ---------------------------------------------------------------------------------------------


def _lungs(labels: NDArray[Any], path: Path) -> NDArray[np.uint8]:
    if not labels.any() or labels.max() > 2:
        raise BadInput(path, "its mask is empty" if not labels.any() else "its mask has labels beyond 2")
    return labels.astype(np.uint8)


def _dice(labels: NDArray[Any], automatic: NDArray[Any] | None) -> float | None:
    from napari_tbcad.edits import labels_dice

    if automatic is None or automatic.shape != labels.shape:
        return None
    return labels_dice(labels, automatic)


def _patient(path: Path) -> str:
    """Return a digest of the patient identifier of a DICOM file; "" for other files and without one."""
    from napari_tbcad.io.dicom_file import looks_like_dicom

    try:
        with path.open("rb") as file:
            if not looks_like_dicom(file.read(132)):
                return ""
        import pydicom

        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["PatientID"], force=True)
        identifier = str(header.get("PatientID") or "").strip()
    except Exception:  # a header that cannot be read has no identifier either
        return ""
    return hashlib.sha256(identifier.encode()).hexdigest()[:12] if identifier else ""
