"""One door to films: which files are films, what they are called, and reading one."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.io.dicom import looks_like_dicom, read_dicom
from napari_tbcad.io.raster import looks_like_raster, read_raster
from napari_tbcad.record import Step

FILM_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".dcm", ".dicom", ".ima", ".img")
"""Files so named count as films even when broken, so that a broken one is reported, not passed over."""

JSRT_SHAPE, JSRT_SPACING_MM, JSRT_MAX = (2048, 2048), (0.175, 0.175), 4095
_JSRT_BYTES = 2 * JSRT_SHAPE[0] * JSRT_SHAPE[1]
_STRAY_FOLDERS = {
    "mask",
    "masks",
    "masks_left",
    "masks_right",
    "manualmask",
    "leftmask",
    "rightmask",
    "__macosx",
}
_OUTPUT_FOLDERS = {"masks", "overlays", "records"}
_STRAY_FILES = {"thumbs.db", "desktop.ini", "dicomdir"}


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
    try:
        if path.is_dir():
            raise BadInput(
                path, "a folder, not a film" if _films_in(path) else "a folder in which no film was found"
            )
        with open(path, "rb") as file:
            head = file.read(132)
        if not head:
            raise BadInput(path, "the file is empty")
        # DICOM first: its 128 free bytes may hold a TIFF header, so that one file serves as both.
        if looks_like_dicom(head):
            return read_dicom(path)
        if looks_like_raster(head):
            return read_raster(path)
        if _is_jsrt_raw(path):
            return read_jsrt_raw(path)
    except FileNotFoundError as error:
        raise BadInput(path, "no such file") from error
    except PermissionError as error:
        raise BadInput(path, "the file may not be read (no permission)") from error
    except OSError as error:
        raise BadInput(path, f"the file cannot be read ({error.strerror or error})") from error
    except MemoryError as error:
        raise BadInput(path, "the film does not fit into memory") from error
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
    entries: list[_Entry] = []
    skipped: list[Path] = []
    for path in given:
        if not path.is_dir():
            entries.append(_Entry(path, Path(path.name), path.absolute().parent))
            continue
        inside = _films_in(path, skipped)
        entries += [_Entry(f, f.relative_to(path), path.absolute()) for f in inside]
        if not inside and len(given) > 1:
            # It gets a row of its own, which says that there was nothing in it.
            entries.append(_Entry(path, Path(path.absolute().name), path.absolute().parent))
    unique = list({entry.path.absolute(): entry for entry in reversed(entries)}.values())[::-1]
    if all(entry.path.is_dir() for entry in unique):
        where = ", ".join(str(p) for p in given)
        raise BadInput(given[0], f"no film found in {where} (wanted: DICOM, PNG, JPEG, TIFF, BMP)")
    names = _unique_names(unique)
    films = tuple(FilmPath(entry.path, name) for entry, name in zip(unique, names, strict=True))
    return Found(films, tuple(skipped))


@dataclass(frozen=True)
class _Entry:
    """A film, its path relative to the given folder, and that folder."""

    path: Path
    relative: Path
    folder: Path

    def name(self, *, suffix: bool) -> str:
        parts = [*self.relative.parts]
        if not suffix:
            # "1.2.840" has no extension although pathlib finds one.
            parts[-1] = re.sub(r"(?<=.)\.[A-Za-z][A-Za-z0-9]{0,5}$", "", parts[-1])
        return "__".join(parts)


def _films_in(folder: Path, skipped: list[Path] | None = None) -> list[Path]:
    """List the films below a folder; what was passed over is added to `skipped`."""
    passed_over: list[Path] = [] if skipped is None else skipped
    films: list[Path] = []
    for file in _walk(folder, passed_over):
        (films if _is_film(file) else passed_over).append(file)
    return films


def _walk(folder: Path, skipped: list[Path]) -> list[Path]:
    """List the files below a folder, sorted by path, without hidden ones, masks and our own outputs."""
    files: list[Path] = []
    for root, folders, names in os.walk(folder, onerror=lambda error: skipped.append(Path(error.filename))):
        here = Path(root)
        stray = [f for f in folders if _is_stray_folder(here / f)]
        skipped.extend(here / f for f in stray)
        folders[:] = sorted(set(folders) - set(stray))
        files += [here / name for name in names]
    return sorted(files)


def _is_stray_folder(folder: Path) -> bool:
    if folder.name.startswith(".") or folder.name.lower() in _STRAY_FOLDERS or folder.is_symlink():
        return True
    # Results may lie among the films: then the folder is no stray one, but what was written into it is.
    return _has_results(folder) or (folder.name in _OUTPUT_FOLDERS and _has_results(folder.parent))


def _has_results(folder: Path) -> bool:
    return (folder / "results.csv").exists() and (folder / "records").is_dir()


def _is_film(path: Path) -> bool:
    """Tell whether a file found in a folder is meant as a film."""
    name = path.name.lower()
    if name.startswith(".") or name in _STRAY_FILES:
        return False
    if path.suffix.lower() in FILM_SUFFIXES:
        return True
    try:
        with open(path, "rb") as file:
            head = file.read(132)
    except OSError:
        return False
    return looks_like_dicom(head) or looks_like_raster(head)


def _unique_names(entries: Sequence[_Entry]) -> list[str]:
    """Name the films; where names collide (also by case alone) say more, in the same way on every run."""
    says: tuple[Callable[[_Entry], str], ...] = (
        lambda entry: entry.name(suffix=False),
        lambda entry: entry.name(suffix=True),
        lambda entry: f"{entry.folder.name}__{entry.name(suffix=True)}",
    )
    names = [says[0](entry) for entry in entries]
    for say in says[1:]:
        count = Counter(name.casefold() for name in names)
        names = [
            say(entry) if count[name.casefold()] > 1 else name
            for entry, name in zip(entries, names, strict=True)
        ]
    taken: set[str] = set()
    order = sorted(range(len(entries)), key=lambda i: str(entries[i].path.absolute()))
    for i in order:
        name, number = names[i], 1
        while names[i].casefold() in taken:
            number += 1
            names[i] = f"{name}~{number}"
        taken.add(names[i].casefold())
    return names


def _is_jsrt_raw(path: Path) -> bool:
    return path.suffix.lower() == ".img" and path.stat().st_size == _JSRT_BYTES
