"""Building a lung atlas from folders of films and masks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chest.lungs.atlas_library import Atlas, build_atlas, save_atlas
from napari_tbcad.chest.polarity import correct_polarity
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.io.datasets import LungFiles
from napari_tbcad.io.read import find_films, read_film

Say = Callable[[str], None]


def build_from_folders(
    images: Path,
    masks: Path,
    out: Path | None,
    *,
    say: Say | None = None,
    leave_out: frozenset[str] = frozenset(),
) -> tuple[Atlas, list[str]]:
    """Build an atlas of the films that have a usable mask, and save it.

    Parameters
    ----------
    images : Path
        Folder of films.
    masks : Path
        Folder with a mask of each film's name (``NAME.png`` or ``NAME_mask.png``; one id a lung, or one
        binary mask of both, the sides told by place), or with two folders, one with "left" and one
        with "right" in its name, that hold a binary mask per lung.
    out : Path or None
        Atlas file to write; None writes nothing.
    say : callable, optional
        Told what is left out and why.
    leave_out : frozenset of str, optional
        Names of films not to use.

    Returns
    -------
    atlas : Atlas
        What was built.
    skipped : list of str
        Films that had no usable mask, with the cause.

    Raises
    ------
    BadInput
        If no film has a usable mask.
    """
    films: list[Radiograph] = []
    labels: list[NDArray[np.uint8]] = []
    skipped: list[str] = []
    for item in find_films([images]):
        if item.path.stem in leave_out:
            continue
        try:
            film = correct_polarity(read_film(item.path))
            labels.append(_mask_of(masks, item.path.stem, film.shape))
            films.append(film)
        except BadInput as error:
            skipped.append(str(error))
            if say is not None:
                say(f"left out: {error}")
    if not films:
        raise BadInput(images, f"no film has a usable mask in {masks}")
    atlas = build_atlas(films, labels)
    if out is not None:
        save_atlas(out, atlas)
    return atlas, skipped


def _mask_of(masks: Path, stem: str, shape: tuple[int, int]) -> NDArray[np.uint8]:
    right, left = _side_folder(masks, "right"), _side_folder(masks, "left")
    if right and left:
        return LungFiles(right=_file(right, stem), left=_file(left, stem)).read(shape)
    return LungFiles(both=_file(masks, stem)).read(shape)


def _side_folder(masks: Path, side: str) -> Path | None:
    return next((f for f in sorted(masks.iterdir()) if f.is_dir() and side in f.name.lower()), None)


def _file(folder: Path, stem: str) -> Path:
    for name in (stem, f"{stem}_mask"):
        found = next(iter(sorted(folder.glob(f"{name}.*"))), None)
        if found:
            return found
    raise BadInput(stem, f"no mask of this name in {folder}")
