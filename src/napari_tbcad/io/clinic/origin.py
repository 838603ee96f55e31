"""Whether the file that an image came from still holds it: another patient's may lie there by now."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import BoneScan
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.io.dicom_file import looks_like_dicom
from napari_tbcad.io.nuclear import read_nuclear
from napari_tbcad.io.read import read_film
from napari_tbcad.record import Record, Step

NO_DICOM = "The image was no DICOM file"
GONE = "The DICOM file that the image was read from is not where it was"
OTHER = "The DICOM file that the image is said to be from holds other pixels"
HALVES = "Both views were cut out of one picture"


def film_apart(film: Radiograph, *, fresh: bool = False) -> str:
    """Return why a film is not what lies at its source; empty where it is, to the pixel.

    Parameters
    ----------
    film : Radiograph
        Its source is where it was read; of one that lay in a case, where it was before.
    fresh : bool, optional
        Whether it was read there just now: then the file is not read again.
    """
    if not is_dicom(film.source):
        return GONE if _was_dicom(film.record) else NO_DICOM
    # One step of reading and none after it: these are the pixels, and the grid, of the file.
    if len(film.record) != 1:
        return OTHER
    return "" if fresh or _is_film_in(film.source, film.pixels) else OTHER


def views_apart(scan: BoneScan, *, fresh: bool = False) -> str:
    """Return why the views of a scan are not what lies at their sources; empty where all are, to the pixel.

    Parameters
    ----------
    scan : BoneScan
        Of frames that were not parted.
    fresh : bool, optional
        As for :func:`film_apart`.
    """
    sources = {image.source for _, image in scan}
    if not all(map(is_dicom, sources)):
        return GONE if _was_dicom(scan.record) else NO_DICOM
    if fresh:
        return ""
    files = {source: _frames_in(source) for source in sources}
    same = (
        np.array_equal(files[image.source].get(image.frame, ()), image.stored(image.counts))
        for _, image in scan
    )
    return "" if all(same) else OTHER


def is_dicom(path: str) -> bool:
    """Tell whether there is a DICOM file at a path."""
    try:
        with open(path, "rb") as file:
            return looks_like_dicom(file.read(132))
    except OSError:
        return False


def _was_dicom(record: Record) -> bool:
    return any(isinstance(step, Step) and "transfer_syntax" in step.facts for step in record)


def _is_film_in(path: str, pixels: NDArray[np.float32]) -> bool:
    try:
        return np.array_equal(read_film(path).pixels, pixels)
    except BadInput:
        return False


def _frames_in(path: str) -> Mapping[int, NDArray[np.float32]]:
    try:
        file = read_nuclear(Path(path), [])
    except (BadInput, OSError):
        return {}
    return {facts.frame: pixels for facts, pixels in zip(file.facts, file.pixels, strict=True)}
