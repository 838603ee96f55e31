"""Building a lung atlas from folders of films and masks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chest.lungs.atlas_library import Atlas, build_atlas, save_atlas
from napari_tbcad.chest.lungs.fields import LEFT, RIGHT
from napari_tbcad.chest.polarity import correct_polarity
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.io.masks import read_mask
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
        Folder with a mask of each film's name (``NAME.png`` or ``NAME_mask.png``; labels 1 right and
        2 left lung, or one binary mask of both), or with two folders, one with "left" and one with "right"
        in its name, that hold a binary mask per lung.
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
    sides = {side: _side_folder(masks, side) for side in ("right", "left")}
    if sides["right"] and sides["left"]:
        both = np.zeros(shape, dtype=np.uint8)
        for side, label in (("right", RIGHT), ("left", LEFT)):
            # A file of one lung: whatever is not background is that lung.
            both[read_mask(_file(sides[side], stem), shape) > 0] = label
        return both
    return read_mask(_file(masks, stem), shape)


def _side_folder(masks: Path, side: str) -> Path | None:
    return next((f for f in sorted(masks.iterdir()) if f.is_dir() and side in f.name.lower()), None)


def _file(folder: Path | None, stem: str) -> Path:
    for name in (stem, f"{stem}_mask"):
        found = next(iter(sorted(folder.glob(f"{name}.*"))), None) if folder else None
        if found:
            return found
    raise BadInput(stem, f"no mask of this name in {folder}")
