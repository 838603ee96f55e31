"""Which files below some folders are meant as input, and what each is called."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_tbcad.errors import BadInput
from napari_tbcad.files import is_file, is_folder
from napari_tbcad.io.dicom_file import looks_like_dicom
from napari_tbcad.io.opening import first_bytes
from napari_tbcad.io.raster import looks_like_raster
from napari_tbcad.limits import MAX_FILES_BELOW
from napari_tbcad.run_folder import ABOUT, BEFORE, RUN

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".dcm", ".dicom", ".ima", ".img")
"""Files so named count as images even when broken, so that a broken one is reported, not passed over."""

MASK_FOLDERS = frozenset(
    {"mask", "masks", "masks_left", "masks_right", "manualmask", "leftmask", "rightmask", "__macosx"}
)
_OUTPUT_FOLDERS = {"masks", "overlays", "records", BEFORE}
_STRAY_FILES = {"thumbs.db", "desktop.ini", "dicomdir"}


@dataclass(frozen=True)
class Entry:
    """A file, the path that names it, relative to the given folder, and that folder.

    Parameters
    ----------
    path : Path
        The file.
    relative : Path
        What its name is made from.
    folder : Path
        The given folder, absolute.
    """

    path: Path
    relative: Path
    folder: Path

    def name(self, *, suffix: bool) -> str:
        """Return the relative path with ``__`` between its parts."""
        parts = [*self.relative.parts] or ["folder"]  # the root of all folders has no name
        if not suffix:
            # "1.2.840" has no extension although pathlib finds one.
            parts[-1] = re.sub(r"(?<=.)\.[A-Za-z][A-Za-z0-9]{0,5}$", "", parts[-1])
        return "__".join(parts)


def entries_below(
    paths: Iterable[Path],
    *,
    skipped: list[Path],
    is_stray: Callable[[Path], bool] = lambda folder: folder.name.lower() in MASK_FOLDERS,
    is_image: Callable[[Path], bool] | None = None,
) -> list[Entry]:
    """List the images among files and folders.

    Parameters
    ----------
    paths : iterable of Path
        Files are always listed. Folders are searched through, without hidden files and folders, links to
        folders, and outputs of earlier runs. One of several folders that holds nothing is listed itself.
    skipped : list of Path
        What was passed over is added here.
    is_stray : callable
        Tells which folders to pass over as well; by default those of masks.
    is_image : callable, optional
        Tells which files found in a folder to take; :func:`is_image_file` by default.

    Returns
    -------
    list of Entry
        Each file once, in the order of the paths, sorted within each folder.

    Raises
    ------
    BadInput
        If there are more files below a folder than any data set has.
    """
    given = list(paths)
    entries: list[Entry] = []
    for path in given:
        if not is_folder(path):
            entries.append(Entry(path, Path(path.name), path.absolute().parent))
            continue
        inside = images_in(path, skipped, is_stray=is_stray, is_image=is_image)
        entries += [Entry(f, f.relative_to(path), path.absolute()) for f in inside]
        if not inside and len(given) > 1:
            # It gets a row of its own, which says that there was nothing in it.
            entries.append(Entry(path, Path(path.absolute().name), path.absolute().parent))
    return once(entries)


def once(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries in order, each file once, whichever way its folder was named."""
    parents = {parent: parent.resolve() for parent in {entry.path.parent for entry in entries}}
    kept: dict[Path, Entry] = {}
    for entry in entries:
        kept.setdefault(parents[entry.path.parent] / entry.path.name, entry)
    return list(kept.values())


def images_in(
    folder: Path,
    skipped: list[Path],
    *,
    is_stray: Callable[[Path], bool] = lambda folder: folder.name.lower() in MASK_FOLDERS,
    is_image: Callable[[Path], bool] | None = None,
) -> list[Path]:
    """List the images below one folder; see :func:`entries_below`."""
    images: list[Path] = []
    for file in _walk(folder, skipped, is_stray):
        (images if (is_image or is_image_file)(file) else skipped).append(file)
    return images


def is_image_file(path: Path) -> bool:
    """Tell whether a file found in a folder is meant as an image: by its suffix, else by its first bytes."""
    name = path.name.lower()
    if name.startswith(".") or name in _STRAY_FILES:
        return False
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return True
    try:
        head = first_bytes(path)
    except OSError:
        return False
    return looks_like_dicom(head) or looks_like_raster(head)


def unique_names(entries: Sequence[Entry]) -> list[str]:
    """Name the entries; where names collide (also by case alone) say more, in the same way on every run."""
    says: tuple[Callable[[Entry], str], ...] = (
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


def _walk(folder: Path, skipped: list[Path], is_stray: Callable[[Path], bool]) -> list[Path]:
    """List the files below a folder, sorted by path."""
    files: list[Path] = []
    for root, folders, names in os.walk(folder, onerror=lambda error: skipped.append(Path(error.filename))):
        here = Path(root)
        stray = [f for f in folders if _passed_over(here / f) or is_stray(here / f)]
        skipped.extend(here / f for f in stray)
        folders[:] = sorted(set(folders) - set(stray))
        files += [here / name for name in names]
        if len(files) > MAX_FILES_BELOW:
            raise BadInput(folder, f"holds more than {MAX_FILES_BELOW} files; give the folder of the images")
    return sorted(files)


def _passed_over(folder: Path) -> bool:
    if folder.name.startswith(".") or folder.is_symlink():
        return True
    # Results may lie among the films: then the folder is no stray one, but what was written into it is.
    return _has_results(folder) or (folder.name in _OUTPUT_FOLDERS and _has_results(folder.parent))


def _has_results(folder: Path) -> bool:
    # A run that was killed early has no record yet.
    records = is_folder(folder / "records") or is_file(folder / RUN / ABOUT)
    return records and is_file(folder / "results.csv")
