"""One door to bone scans: reading the one or two files of a study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import Unit
from napari_tbcad.io.dicom_file import looks_like_dicom
from napari_tbcad.io.nuclear import FrameFacts, NuclearHeader, read_nuclear
from napari_tbcad.io.opening import first_bytes, opening_told
from napari_tbcad.io.raster import looks_like_raster
from napari_tbcad.io.scan_files import ScanFiles, find_scans
from napari_tbcad.io.scan_images import part_views, read_scan_image
from napari_tbcad.record import Record, Step

__all__ = ["Frame", "FrameFacts", "ScanFiles", "Study", "find_scans", "read_study"]


@dataclass(frozen=True, eq=False)
class Frame:
    """One planar view that is not named yet.

    Parameters
    ----------
    pixels : (H, W) array of float32
        Finite, not negative; head up.
    facts : FrameFacts
        What its file says about it.
    """

    pixels: NDArray[np.float32]
    facts: FrameFacts


@dataclass(frozen=True, eq=False)
class Study:
    """The views of one bone scan as read, not yet named.

    Parameters
    ----------
    frames : tuple of Frame
        One or two.
    spacing_mm : (float, float) or None
        Row and column spacing in mm; None when unknown.
    unit : {"counts", "grey"}
        Whether pixels are counts or an image export's grey values.
    date : str or None
        Date of the scan, ISO 8601; in memory only, never in a record.
    source : str
        The file, or the first of two.
    warnings : tuple of str
        Complaints for the person, one sentence each.
    record : Record
        Every step so far.
    """

    frames: tuple[Frame, ...]
    spacing_mm: tuple[float, float] | None = None
    unit: Unit = "counts"
    date: str | None = None
    source: str = ""
    warnings: tuple[str, ...] = ()
    record: Record = Record()

    def __post_init__(self) -> None:
        name = self.source or "scan"
        if not 1 <= len(self.frames) <= 2:
            raise BadInput(name, f"{len(self.frames)} views; a bone scan has an anterior and a posterior one")
        if len({frame.pixels.shape for frame in self.frames}) > 1:
            sizes = " and ".join(_size(frame) for frame in self.frames)
            raise BadInput(name, f"the two views differ in size ({sizes}); export both with one matrix")


def _size(frame: Frame) -> str:
    rows, columns = frame.pixels.shape
    return f"{Path(frame.facts.source).name} {columns} × {rows}".strip()


@dataclass(frozen=True)
class _Part:
    """What one file gives."""

    frames: tuple[Frame, ...]
    spacing_mm: tuple[float, float] | None
    unit: Unit
    date: str | None
    header: NuclearHeader | None
    facts: dict[str, Any]


def read_study(files: ScanFiles | str | Path | Sequence[str | Path]) -> Study:
    """Read the one or two files of a bone scan, whatever their format.

    Parameters
    ----------
    files : ScanFiles, path, or sequence of paths
        From :func:`find_scans`, one file (or a folder that holds one scan), or the files of the two views.

    Returns
    -------
    Study
        The frames with what their files say about them; :func:`napari_tbcad.bone.views.name_views` tells
        which is which.

    Raises
    ------
    BadInput
        If a file is missing, unreadable, no whole-body scan, or if the files belong to different patients
        or studies or differ in size.
    """
    paths = _paths(files)
    warnings = list(files.warnings) if isinstance(files, ScanFiles) else []
    parts = [_read(path, warnings) for path in paths]
    _refuse_strangers(paths, parts)
    units = {part.unit for part in parts}
    if len(units) > 1:
        raise BadInput(paths[1], "one view is DICOM, the other an image file; their pixels do not compare")
    steps = Record()
    for part in parts:
        steps += Step("read bone scan", facts=part.facts)
    return Study(
        frames=tuple(frame for part in parts for frame in part.frames),
        spacing_mm=_common_spacing([part.spacing_mm for part in parts], warnings),
        unit=units.pop(),
        date=next((part.date for part in parts if part.date), None),
        source=str(paths[0]),
        warnings=tuple(dict.fromkeys(warnings)),
        record=steps,
    )


def _paths(files: ScanFiles | str | Path | Sequence[str | Path]) -> tuple[Path, ...]:
    if isinstance(files, ScanFiles):
        return files.paths
    if isinstance(files, (str, Path)):
        path = Path(files)
        if not path.is_dir():
            return (path,)
        scans = find_scans(path)
        if len(scans) > 1:
            raise BadInput(path, f"a folder with {len(scans)} scans, not one")
        return scans[0].paths
    paths = tuple(Path(path) for path in files)
    if not 1 <= len(paths) <= 2:
        raise BadInput("scan", f"a bone scan has one or two files, not {len(paths)}")
    return paths


def _read(path: Path, warnings: list[str]) -> _Part:
    with opening_told(path):
        if path.is_dir():
            raise BadInput(path, "a folder in which no bone scan was found")
        head = first_bytes(path)
        if not head:
            raise BadInput(path, "the file is empty")
        if looks_like_dicom(head):
            return _read_nuclear(path, warnings)
        if looks_like_raster(head):
            return _read_image(path, warnings)
    raise BadInput(path, "not an image this program reads (DICOM NM, PNG, JPEG, TIFF, BMP)")


def _read_nuclear(path: Path, warnings: list[str]) -> _Part:
    file = read_nuclear(path, warnings)
    frames = tuple(Frame(pixels, facts) for pixels, facts in zip(file.pixels, file.facts, strict=True))
    if len(frames) == 1 and len(views := part_views(path, frames[0].pixels)) == 2:
        warnings.append("Two bodies lie side by side; the frame was parted between them.")
        # What the header says of the frame can be meant for one half only.
        frames = _halved(views, FrameFacts(source=str(path), file_name=path.stem))
    return _Part(frames, file.spacing_mm, file.unit, file.date, file.header, file.step_facts)


def _read_image(path: Path, warnings: list[str]) -> _Part:
    images, facts = read_scan_image(path, warnings)
    source = FrameFacts(source=str(path), file_name=path.stem)
    if facts["parted"]:
        frames = _halved(images, source)
    else:
        frames = tuple(Frame(pixels, replace(source, frame=i)) for i, pixels in enumerate(images))
    return _Part(frames, None, "grey", None, None, facts)


def _halved(images: Sequence[NDArray[np.float32]], facts: FrameFacts) -> tuple[Frame, ...]:
    halves = zip(images, ("left", "right"), strict=True)
    return tuple(Frame(pixels, replace(facts, half=half)) for pixels, half in halves)


def _refuse_strangers(paths: Sequence[Path], parts: Sequence[_Part]) -> None:
    """Raise BadInput when two files are of different patients or studies; compared in memory only."""
    headers = [part.header for part in parts if part.header is not None]
    if len(headers) < 2:
        return
    first, second = headers
    if first.patient != second.patient:
        raise BadInput(paths[1], f"of another patient than {paths[0].name}; the two were not put together")
    if first.study != second.study:
        raise BadInput(paths[1], f"of another study than {paths[0].name}; the two were not put together")


def _common_spacing(
    spacings: Sequence[tuple[float, float] | None], warnings: list[str]
) -> tuple[float, float] | None:
    known = [spacing for spacing in spacings if spacing is not None]
    if len(known) == 2 and not np.allclose(known[0], known[1], rtol=0.01):
        warnings.append("The two files state different pixel sizes; both were ignored, areas are in pixels.")
        return None
    return known[0] if known else None
