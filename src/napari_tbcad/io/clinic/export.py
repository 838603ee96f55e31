"""What every export into DICOM needs: its folder, its files' names, its source images."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.files import require_writable
from napari_tbcad.imaging.bonescan import BoneScan
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.io.clinic.capture import captured_source, write_source
from napari_tbcad.io.clinic.segmentation import hash_of
from napari_tbcad.io.clinic.source import SourceImage, dicom_source, view_assumed
from napari_tbcad.io.dicom_file import looks_like_dicom, parse_dicom

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

SUFFIX = ".dcm"


@dataclass(frozen=True)
class Exported:
    """What was written for a study.

    Parameters
    ----------
    name : str
        NAME of its files.
    paths : tuple of Path
        The files.
    notes : tuple of str
        What had to be made up or left out, one sentence each.
    """

    name: str
    paths: tuple[Path, ...]
    notes: tuple[str, ...] = ()


class Place:
    """The files of one study in a folder.

    Parameters
    ----------
    folder : Path
    name : str
        NAME, without a part that leads elsewhere.
    """

    def __init__(self, folder: Path, name: str) -> None:
        if not name or Path(name).name != name or name.startswith("."):
            raise BadInput(name or "name", "cannot name files in a folder")
        self.folder, self.name = folder, name
        self._paths: list[Path] = []

    def path(self, what: str) -> Path:
        """Return (and note) the path of a file that is about to be written."""
        path = self.folder / f"{self.name}_{what}{SUFFIX}"
        self._paths.append(path)
        return path

    def exported(self, notes: tuple[str, ...]) -> Exported:
        """Return what was written."""
        return Exported(self.name, tuple(dict.fromkeys(self._paths)), tuple(dict.fromkeys(notes)))


@contextmanager
def folder_of(folder: str | Path, name: str) -> Iterator[Place]:
    """Make the folder of an export; what the system says against it becomes BadInput."""
    folder = Path(folder)
    require_writable(folder)
    try:
        yield Place(folder, name)
    except OSError as error:
        raise BadInput(folder, f"cannot write there ({error.strerror or error})") from error


class Deidentifier(Protocol):
    """What removes identity from a parsed DICOM file."""

    def dataset(self, dataset: Dataset) -> Dataset:
        """Return a copy without identifiers."""


class Sources:
    """Gives the images that are referred to: files as they are, or de-identified copies.

    Parameters
    ----------
    deidentifier : Deidentifier, optional
        Makes copies, which are written beside what refers to them; without one the images stay where they
        are.
    """

    def __init__(self, deidentifier: Deidentifier | None = None) -> None:
        self._deidentifier = deidentifier

    @property
    def anonymous(self) -> bool:
        """Whether copies without identifiers are made."""
        return self._deidentifier is not None

    def film(self, film: Radiograph, name: str, place: Place, when: datetime) -> SourceImage:
        """Return the source of a film, written into `place` where it is not a file as it lies."""
        # One step of reading and none after it: these are the pixels, and the grid, of the file.
        own = len(film.record) == 1 and is_dicom(film.source)
        if own:
            return self._file(film.source, place, "source")
        study = _study(name, film.pixels)
        return self._captured(film.pixels, study, place, "source", when, spacing_mm=film.spacing_mm)

    def views(self, scan: BoneScan, name: str, place: Place, when: datetime, halves: bool) -> dict[str, Any]:
        """Return the source of each view of a scan, by view.

        Parameters
        ----------
        scan : BoneScan
        name : str
        place : Place
        when : datetime
        halves : bool
            Whether both views were cut out of one frame, so that none lies in a file as it is.
        """
        found: dict[str, SourceImage] = {}
        study = _study(name, *(image.counts for _, image in scan))
        one_file = len({image.source for _, image in scan}) == 1
        for view, image in scan:
            if is_dicom(image.source) and not halves:
                copy = "source" if one_file else f"{view}_source"
                found[view] = self._file(
                    image.source, place, copy, frame=image.frame, view=view, mirrored=image.mirrored
                )
            else:
                pixels = image.stored(image.counts)
                found[view] = self._captured(
                    pixels,
                    study,
                    place,
                    f"{view}_source",
                    when,
                    view=view,
                    mirrored=image.mirrored,
                    body_part="WHOLEBODY",
                    spacing_mm=scan.spacing_mm,
                )
            if note := view_assumed(view, image.rule, image.confidence):
                found[view] = replace(found[view], notes=(*found[view].notes, note))
        return found

    def _file(self, path: str, place: Place, what: str, **lies: Any) -> SourceImage:
        if self._deidentifier is None:
            return dicom_source(path, **lies)
        clean = self._deidentifier.dataset(parse_dicom(Path(path)))
        copy = place.path(what)
        source = dicom_source(clean, **lies)
        write_source(copy, SourceImage(source.header, source.sop_class, source.frame, clean, source.notes))
        return source

    def _captured(
        self, pixels: NDArray[Any], study: str, place: Place, what: str, when: datetime, **facts: Any
    ) -> SourceImage:
        source = captured_source(np.asarray(pixels), name=study, when=when, **facts)
        write_source(place.path(what), source)
        return source


def _study(name: str, *images: NDArray[Any]) -> str:
    """Return what tells a study without DICOM from others: names such as ``film`` or ``0001`` occur again."""
    return "|".join((name, *(hash_of(image) for image in images)))


def is_dicom(path: str) -> bool:
    """Tell whether there is a DICOM file at a path."""
    try:
        with open(path, "rb") as file:
            return looks_like_dicom(file.read(132))
    except OSError:
        return False
