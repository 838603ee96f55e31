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
from napari_tbcad.io.clinic.deidentify_pixels import DRAWN, drawn_into
from napari_tbcad.io.clinic.orientation import view_assumed
from napari_tbcad.io.clinic.origin import HALVES, film_apart, views_apart
from napari_tbcad.io.clinic.segmentation import hash_of
from napari_tbcad.io.clinic.source import SourceImage, dicom_source
from napari_tbcad.io.dicom_file import damage_told, parse_dicom
from napari_tbcad.io.opening import opening_told

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

    def film(
        self, film: Radiograph, name: str, place: Place, when: datetime, *, fresh: bool = False
    ) -> SourceImage:
        """Return the source of a film, written into `place` where its file does not hold it.

        Parameters
        ----------
        film : Radiograph
        name : str
        place : Place
        when : datetime
        fresh : bool, optional
            Whether the film was read from its file just now; otherwise the file is read again, since another
            image may lie there by now.
        """
        if why := film_apart(film, fresh=fresh):
            study = _study(name, film.pixels)
            return self._captured(
                film.pixels, study, place, "source", when, spacing_mm=film.spacing_mm, why=why
            )
        file = self._opened(film.source)
        source = file.noted(dicom_source(file.dataset, spacing_mm=film.spacing_mm))
        self._copied(place, "source", source, file)
        return source

    def views(
        self,
        scan: BoneScan,
        name: str,
        place: Place,
        when: datetime,
        halves: bool,
        *,
        fresh: bool = False,
    ) -> dict[str, SourceImage]:
        """Return the source of each view of a scan, by view.

        Parameters
        ----------
        scan : BoneScan
        name : str
        place : Place
        when : datetime
        halves : bool
            Whether both views were cut out of one frame, so that none lies in a file as it is.
        fresh : bool, optional
            As for :meth:`film`.
        """
        why = HALVES if halves else views_apart(scan, fresh=fresh)
        found = (
            self._captured_views(scan, name, place, when, why) if why else self._views_in_files(scan, place)
        )
        for view, image in scan:
            if note := view_assumed(view, image.rule, image.confidence):
                found[view] = replace(found[view], notes=(*found[view].notes, note))
        return found

    def _captured_views(
        self, scan: BoneScan, name: str, place: Place, when: datetime, why: str
    ) -> dict[str, SourceImage]:
        study = _study(name, *(image.counts for _, image in scan))
        return {
            view: self._captured(
                image.stored(image.counts),
                study,
                place,
                f"{view}_source",
                when,
                view=view,
                mirrored=image.mirrored,
                body_part="WHOLEBODY",
                spacing_mm=scan.spacing_mm,
                why=why,
            )
            for view, image in scan
        }

    def _views_in_files(self, scan: BoneScan, place: Place) -> dict[str, SourceImage]:
        files = {path: self._opened(path) for path in dict.fromkeys(image.source for _, image in scan)}
        found: dict[str, SourceImage] = {}
        for view, image in scan:
            file = files[image.source]
            lies: dict[str, Any] = {"frame": image.frame, "view": view, "mirrored": image.mirrored}
            found[view] = file.noted(dicom_source(file.dataset, **lies, spacing_mm=scan.spacing_mm))
        first = {image.source: view for view, image in reversed(list(scan))}
        for path, file in files.items():
            view = first[path]
            self._copied(place, "source" if len(files) == 1 else f"{view}_source", found[view], file)
        return found

    def _opened(self, path: str) -> _File:
        """Read a file, once for all of its frames, and remove identity from what was read."""
        with opening_told(Path(path)):
            dataset = parse_dicom(Path(path))
        if self._deidentifier is None:
            return _File(dataset)
        with damage_told(Path(path)):
            drawn = drawn_into(dataset)
        return _File(self._deidentifier.dataset(dataset), _sentences(drawn))

    def _copied(self, place: Place, what: str, source: SourceImage, file: _File) -> None:
        if self.anonymous:
            write_source(place.path(what), replace(source, file=file.dataset))

    def _captured(
        self, pixels: NDArray[Any], study: str, place: Place, what: str, when: datetime, **facts: Any
    ) -> SourceImage:
        source = captured_source(np.asarray(pixels), name=study, when=when, **facts)
        write_source(place.path(what), source)
        drawn = _sentences(DRAWN if self.anonymous else "")
        return replace(source, notes=(*source.notes, *drawn))


@dataclass(frozen=True, eq=False)
class _File:
    """A file's content, or that of its copy, and what is to be noted of it."""

    dataset: Dataset
    notes: tuple[str, ...] = ()

    def noted(self, source: SourceImage) -> SourceImage:
        return replace(source, notes=(*source.notes, *self.notes))


def _sentences(drawn: str) -> tuple[str, ...]:
    return (f"{drawn[0].upper()}{drawn[1:]}.",) if drawn else ()


def _study(name: str, *images: NDArray[Any]) -> str:
    """Return what tells a study without DICOM from others: names such as ``film`` or ``0001`` occur again."""
    return "|".join((name, *(hash_of(image) for image in images)))
