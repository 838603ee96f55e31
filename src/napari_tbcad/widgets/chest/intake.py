"""Reading a layer's film on a worker: its file, its content key, and the case that goes with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from napari.layers import Image

from napari_tbcad.case import Case
from napari_tbcad.chain import content_key
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.widgets.films import film_of, same_picture
from napari_tbcad.widgets.reader import CASE_KEY
from napari_tbcad.widgets.workflow.resumed import Resumed


@dataclass(frozen=True, eq=False)
class Intake(Resumed):
    """What was found in a layer.

    Parameters
    ----------
    film : Radiograph
        The film.
    key : str
        Its content key.
    same : bool
        It shows what the film before it in the layer showed.
    """

    film: Radiograph
    key: str
    same: bool = True


def case_in(layer: Image) -> tuple[Path, str] | None:
    """Return the file of the case a layer was opened from or saved to, and the content key of its film."""
    found: tuple[str, str] | None = layer.metadata.get(CASE_KEY)
    return None if found is None else (Path(found[0]), found[1])


def mark(layer: Image, path: Path, key: str) -> None:
    """Say that the film in a layer goes with a case, for when the layer is taken out and put back."""
    layer.metadata[CASE_KEY] = (str(path.absolute()), key)


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
    from napari_tbcad.widgets.workflow.autosave import find

    film = film_of(layer)
    key = content_key(film)
    if before is not None:
        return Intake(film, key, same=same_picture(before, film))
    own = film_key(film)
    left = find(autosave, film.source, own)
    path, of = case_in(layer) or (None, "")
    # A layer outlives what it came from: another film may be in it, the file may have been moved.
    if path is None or of != own:
        return Intake(film, key, left=left)
    if not path.exists():
        return Intake(film, key, left=left, notes=(f"The case of this film, {path}, is gone.",))
    # As it stands now: what the layer was opened with may have been gone on with since.
    case = Case.load(path)
    newer = left if left is not None and Case.peek(left).saved > case.saved else None
    return replace(take_up(case, path, film, key, model), left=newer)


def take_up(case: Case, path: Path, film: Radiograph, key: str, model: Any) -> Intake:
    """Return the intake of a film with its case."""
    from napari_tbcad.chest.cases import mismatches, run_from

    run = run_from(case, film, model=model)
    return Intake(film, key, case=case, path=path, run=run, notes=mismatches(case, model))
