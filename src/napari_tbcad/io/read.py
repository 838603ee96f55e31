"""One door to films: which files are films, what they are called, and reading one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.io.dicom import read_dicom
from napari_tbcad.io.dicom_file import looks_like_dicom
from napari_tbcad.io.opening import first_bytes, opening_told
from napari_tbcad.io.raster import looks_like_raster, read_raster
from napari_tbcad.io.walk import entries_below, images_in, unique_names
from napari_tbcad.record import Step

JSRT_SHAPE, JSRT_SPACING_MM, JSRT_MAX = (2048, 2048), (0.175, 0.175), 4095
_JSRT_BYTES = 2 * JSRT_SHAPE[0] * JSRT_SHAPE[1]


@dataclass(frozen=True)
class FilmPath:
    """A film to read and the name its outputs carry.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        Path relative to the given folder, ``/`` written as ``__``, without extension; unique in its list.
    """

    path: Path
    name: str


@dataclass(frozen=True)
class Found:
    """Films below some paths, and what was passed over.

    Parameters
    ----------
    films : tuple of FilmPath
        In the order of the given paths, sorted within each folder.
    skipped : tuple of Path
        Files and folders that were not taken for films.
    """

    films: tuple[FilmPath, ...]
    skipped: tuple[Path, ...]


def read_film(path: str | Path) -> Radiograph:
    """Read a chest film, whatever its format; the content decides, not the suffix.

    Parameters
    ----------
    path : str or Path
        DICOM (CR, DX, RF, SC), PNG, JPEG, TIFF, BMP, or a raw film of the JSRT database (``.IMG``).

    Returns
    -------
    Radiograph
        The film in the file's own units, with its history begun.

    Raises
    ------
    BadInput
        If the file is missing, unreadable, empty, damaged, not an image, or an image of another kind.
    """
    path = Path(path)
    with opening_told(path):
        if path.is_dir():
            raise BadInput(
                path, "a folder, not a film" if images_in(path, []) else "a folder in which no film was found"
            )
        head = first_bytes(path)
        if not head:
            raise BadInput(path, "the file is empty")
        # DICOM first: its 128 free bytes may hold a TIFF header, so that one file serves as both.
        if looks_like_dicom(head):
            return read_dicom(path)
        if looks_like_raster(head):
            return read_raster(path)
        if _is_jsrt_raw(path):
            return read_jsrt_raw(path)
    raise BadInput(path, "not an image this program reads (DICOM, PNG, JPEG, TIFF, BMP)")


def read_jsrt_raw(path: str | Path) -> Radiograph:
    """Read a raw film of the JSRT database: 2048², 12 bit in big-endian 16, 0.175 mm, no header.

    The stored values are high where the film is dark, hence they are turned round.

    Raises
    ------
    BadInput
        If the file has not exactly 8 388 608 bytes.

    References
    ----------
    J. Shiraishi et al., AJR 174:71-74, 2000.
    """
    path = Path(path)
    if path.stat().st_size != _JSRT_BYTES:
        raise BadInput(path, f"a raw JSRT film has {_JSRT_BYTES} bytes, this has {path.stat().st_size}")
    stored = np.fromfile(path, dtype=">u2").reshape(JSRT_SHAPE).astype(np.float32)
    film = Radiograph(
        pixels=JSRT_MAX - np.minimum(stored, JSRT_MAX),
        spacing_mm=JSRT_SPACING_MM,
        source=str(path),
        inverted=True,
        view="PA",
    )
    return film.after(Step("read jsrt raw", facts={"inverted_about": JSRT_MAX / 2}))


def find_films(paths: str | Path | Iterable[str | Path]) -> list[FilmPath]:
    """List the films among files and folders, each with a unique name.

    Parameters
    ----------
    paths : path or iterable of paths
        Files are always listed (a bad one fails when read, with its own row). Folders are searched
        through; stray files, hidden ones, mask folders and outputs of earlier runs are passed over
        (:func:`find_in` says which).

    Returns
    -------
    list of FilmPath
        Sorted within each folder. Names that would be equal get their suffix, then the given folder's
        name, then a number.

    Raises
    ------
    BadInput
        If there is no film at all.
    """
    return list(find_in(paths).films)


def find_in(paths: str | Path | Iterable[str | Path]) -> Found:
    """Do the work of :func:`find_films` and tell what was passed over as well."""
    given = [Path(p) for p in ([paths] if isinstance(paths, (str, Path)) else paths)]
    if not given:
        raise BadInput("input", "no film was given")
    skipped: list[Path] = []
    unique = entries_below(given, skipped=skipped)
    if all(entry.path.is_dir() for entry in unique):
        where = ", ".join(str(p) for p in given)
        raise BadInput(given[0], f"no film found in {where} (wanted: DICOM, PNG, JPEG, TIFF, BMP)")
    names = unique_names(unique)
    films = tuple(FilmPath(entry.path, name) for entry, name in zip(unique, names, strict=True))
    return Found(films, tuple(skipped))


def _is_jsrt_raw(path: Path) -> bool:
    return path.suffix.lower() == ".img" and path.stat().st_size == _JSRT_BYTES
