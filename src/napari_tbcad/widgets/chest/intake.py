"""Reading a layer's film on a worker: its file, its content key, and the case that goes with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari.layers import Image

from napari_tbcad.case import Case
from napari_tbcad.chain import Run, content_key
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.widgets.films import film_of, same_picture
from napari_tbcad.widgets.reader import CASE_KEY


@dataclass(frozen=True, eq=False)
class Intake:
    """What was found in a layer.

    Parameters
    ----------
    film : Radiograph
        The film.
    key : str
        Its content key.
    same : bool
        It shows what the film before it in the layer showed.
    case : Case or None
        The saved case the layer came from, if it was opened from one.
    path : Path or None
        Its file.
    run : Run or None
        The run of that case, as it was saved.
    notes : tuple of str
        What is not at hand of what the case was made with.
    left : Path or None
        A case of this film that was saved while a person worked, and not taken up again since.
    """

    film: Radiograph
    key: str
    same: bool = True
    case: Case | None = None
    path: Path | None = None
    run: Run | None = None
    notes: tuple[str, ...] = ()
    left: Path | None = None


def case_in(layer: Image) -> tuple[Case, Path] | None:
    """Return the case a layer was opened from, and its file."""
    found: tuple[Case, Path] | None = layer.metadata.get(CASE_KEY)
    return found


def intake(layer: Image, *, before: Radiograph | None, model: Any, autosave: Path | None) -> Intake:
    """Read the film in a layer, and its case.

    Parameters
    ----------
    layer : napari.layers.Image
        The film's layer.
    before : Radiograph or None
        The film that was in it before; None for a layer that is new.
    model : ChestModel or None
        The model at hand.
    autosave : Path or None
        Where cases are saved while a person works.

    Raises
    ------
    BadInput
        If the layer is no film, or its case cannot be used.
    """
    from napari_tbcad.chest.cases import film_key
    from napari_tbcad.widgets.chest.autosave import find

    film = film_of(layer)
    key = content_key(film)
    if before is not None:
        return Intake(film, key, same=same_picture(before, film))
    if (found := case_in(layer)) is not None:
        case, path = found
        return take_up(case, path, film, key, model)
    return Intake(film, key, left=find(autosave, film.source, film_key(film)))


def take_up(case: Case, path: Path, film: Radiograph, key: str, model: Any) -> Intake:
    """Return the intake of a film with its case."""
    from napari_tbcad.chest.cases import mismatches, run_from

    run = run_from(case, film, model=model)
    return Intake(film, key, case=case, path=path, run=run, notes=mismatches(case, model))
