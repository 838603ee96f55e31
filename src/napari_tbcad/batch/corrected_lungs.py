"""Lung masks that a person edited or accepted, in cases and in folders of chest runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    where_now,
)
from napari_tbcad.batch.made_from import Made, journaled, require_same_image
from napari_tbcad.case import Case
from napari_tbcad.errors import BadInput
from napari_tbcad.io.clinic.makers import standing_edits
from napari_tbcad.record import Record, Step

if TYPE_CHECKING:
    from napari_tbcad.imaging.radiograph import Radiograph
    from napari_tbcad.reading import Reading

KIND = "insensitive"
"""The anatomical mask, consolidation included: what a lung network learns."""

_REVIEWED = ("accepted", "changed")


def looked_for(place: Path, *, unfinished: bool = False) -> Iterator[Loader]:
    """Yield what reads each film; see :func:`~napari_tbcad.batch.corrected.corrected_in`."""
    if is_bone_run(place):
        raise NotCorrected(f"{place.name}: results of bone scans; --what hotspots or regions takes them")
    if place.is_dir():
        return _of_run(place)
    return iter([partial(_of_case, place, unfinished)])


# -- cases --------------------------------------------------------------------------------------------


def _of_case(path: Path, unfinished: bool) -> Looked:
    from napari_tbcad.chest.case_film import file_of, film_for
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
    lies = file_of(film)
    file = lies or Path(case.image.name)
    one = Corrected(
        name=Path(case.image.name).stem or path.stem,
        key=case.image.content_key,
        pixels=upright.pixels,
        labels=_lungs(labels, path),
        files=(file,),
        identifier=identifier_in(lies) if lies else "",
        study=file.stem,
        reader=last.reader,
        when=last.when,
        how="edited" if _by_person(last) else "accepted",
        dice_automatic=_dice(labels, automatic),
        found_in=path,
        facts={"film": file.name},
    )
    return Looked((one,), said=said)


def _counts(one: Reading) -> bool:
    return _by_person(one) or one.verdict in _REVIEWED


def _by_person(one: Reading) -> bool:
    """Tell whether the mask is a person's, not one that was given and says that a program made it."""
    edits = standing_edits(one.record, KIND)
    return KIND in one.labels and not (edits and edits[-1].by_program)


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


def _lungs(labels: NDArray[Any], path: Path) -> NDArray[np.uint8]:
    if not labels.any() or labels.max() > 2:
        raise BadInput(path, "its mask is empty" if not labels.any() else "its mask has labels beyond 2")
    return labels.astype(np.uint8)


def _dice(labels: NDArray[Any], automatic: NDArray[Any] | None) -> float | None:
    from napari_tbcad.edits import labels_dice

    if automatic is None or automatic.shape != labels.shape:
        return None
    return labels_dice(labels, automatic)


# -- folders of runs ----------------------------------------------------------------------------------


def _of_run(folder: Path) -> Iterator[Loader]:
    rows, made = results_rows(folder, "chest run"), journaled(folder)
    for name, row in named_rows(folder, rows, lambda row, name: fits_name(Path(row["file"]), name), "film"):
        yield partial(_of_film, folder, name, row, made)


def _of_film(folder: Path, name: str, row: Row | BadInput, made: Mapping[str, Made]) -> Looked:
    from napari_tbcad.chest.case_film import film_key
    from napari_tbcad.chest.polarity import invert
    from napari_tbcad.io.masks import find_mask, read_mask
    from napari_tbcad.io.read import read_film

    if isinstance(row, BadInput):
        raise row
    record = Record.load(folder / "records" / f"{name}.json")
    edits = edits_of(record, KIND)
    if not edits:
        raise NotCorrected(f"{folder.name}/{name}: its anatomical lung mask is the automatic one")
    mask = find_mask(folder / "masks", name, KIND)
    if mask is None:
        raise BadInput(folder / "masks" / f"{name}_{KIND}.png", "the mask is gone")
    path = where_now(row["file"], folder, "film")
    require_same_image(made, name, [path], "gather it")
    film = read_film(path)
    labels = read_mask(mask, film.shape)
    steps = [entry for entry in record if isinstance(entry, Step) and entry.name == "polarity"]
    turned = bool(steps and steps[-1].facts.get("turned"))
    one = Corrected(
        name=path.stem,
        key=film_key(film),
        pixels=(invert(film) if turned else film).pixels,
        labels=labels,
        files=(path,),
        identifier=identifier_in(path),
        study=path.stem,
        reader=edits[-1].reader,
        when=edits[-1].when,
        how="edited",
        dice_automatic=edits[-1].dice_after,
        found_in=folder,
        facts={"film": path.name},
    )
    return Looked((one,))
