"""Whole-body scans in DICOM files of the modality NM."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import Unit, ViewName
from napari_tbcad.io.dicom_file import (
    damage_told,
    first_number,
    has_pixels,
    modality_of,
    parse_dicom,
    values_of,
)
from napari_tbcad.io.nuclear_pixels import frames_of
from napari_tbcad.io.nuclear_types import refuse_other_types
from napari_tbcad.io.view_names import coded_view, named_view, names_another

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_PRIVATE_NAMES = (0x00111012, 0x00111030)
_HEADER: tuple[str | int, ...] = (
    *("Modality", "PatientID", "PatientName", "PatientBirthDate"),
    *("StudyInstanceUID", "SeriesInstanceUID", "AcquisitionDate", "AcquisitionTime"),
    *("Manufacturer", "SeriesDescription", "ViewPosition", "ImageID", "ViewCodeSequence"),
    *("Rows", "Columns", "NumberOfFrames", "DetectorVector", "DetectorInformationSequence"),
    *(0x00110010, *_PRIVATE_NAMES),
)


@dataclass(frozen=True)
class FrameFacts:
    """What a file says about one frame; kept in memory only, none of the texts is ever written.

    Parameters
    ----------
    source : str
        Path of the file.
    frame : int
        Which frame of the file, from 0.
    file_name : str
        File name without its suffix.
    view_code : str
        Code and meaning of the view, as ``"CODE meaning"``; empty when there is none.
    view_position, image_id, series_description, private_name : str
        Those header values that can be meant for this frame.
    start_angle : float or None
        Where the detector stood, in degrees, 0 at the patient's back.
    ge : bool
        Whether the maker is GE.
    code_view : ViewName or None
        The view that `view_code` names.
    other_view : bool
        Whether the header names another view, such as a lateral one.
    counts_accumulated : int or None
        What the header says the sum of the pixels is.
    half : str
        ``"left"`` or ``"right"`` of an image that held both views side by side.
    """

    source: str = ""
    frame: int = 0
    file_name: str = ""
    view_code: str = ""
    view_position: str = ""
    image_id: str = ""
    series_description: str = ""
    private_name: str = ""
    start_angle: float | None = None
    ge: bool = False
    code_view: ViewName | None = None
    other_view: bool = False
    counts_accumulated: int | None = None
    half: str = ""

    def header_views(self) -> tuple[tuple[str, ViewName], ...]:
        """Return (rule, view) for every text of the header that names a view, the strongest rule first."""
        texts = (
            ("view_position", self.view_position),
            ("image_id", self.image_id),
            ("series_description", self.series_description),
            ("private_name", self.private_name),
        )
        said = [("view_code", self.code_view), *((rule, named_view(text)) for rule, text in texts)]
        return tuple((rule, view) for rule, view in said if view is not None)


@dataclass(frozen=True)
class NuclearHeader:
    """What is needed to tell which files belong together.

    Parameters
    ----------
    patient, study : str
        Digests, in memory only; empty when the file does not say.
    series : str
        Digest of series and acquisition time.
    shape : (int, int)
        Rows and columns.
    frames : int
        How many the header states.
    view : ViewName or None
        View that the header of a single frame names.
    """

    patient: str
    study: str
    series: str
    shape: tuple[int, int]
    frames: int
    view: ViewName | None


@dataclass(frozen=True)
class NuclearFile:
    """One NM file, decoded.

    Parameters
    ----------
    pixels : tuple of (H, W) arrays of float32
        The frames.
    facts : tuple of FrameFacts
        What the file says about each.
    spacing_mm : (float, float) or None
        Row and column spacing.
    unit : {"counts", "grey"}
        ``"grey"`` when the grey scale had to be turned round, or was windowed to 8 bits.
    date : str or None
        Date of the scan, ISO 8601.
    header : NuclearHeader
        What tells which files belong together.
    step_facts : dict
        For the record; no identifiers.
    """

    pixels: tuple[NDArray[np.float32], ...]
    facts: tuple[FrameFacts, ...]
    spacing_mm: tuple[float, float] | None
    unit: Unit
    date: str | None
    header: NuclearHeader
    step_facts: dict[str, Any]


def is_scan_dicom(path: str | Path) -> bool:
    """Tell cheaply, from the header alone, whether a file is nuclear medicine in DICOM.

    Parameters
    ----------
    path : str or Path
        Any file; it need not be DICOM nor exist.
    """
    try:
        with damage_told(Path(path)):
            return modality_of(parse_dicom(Path(path), only=["Modality"])) == "NM"
    except (BadInput, OSError):
        return False


def read_header(path: Path) -> NuclearHeader | None:
    """Read what groups NM files; None for a file that is not NM, or damaged.

    Parameters
    ----------
    path : Path
        Any file.
    """
    try:
        with damage_told(path):
            dataset = parse_dicom(path, only=_HEADER)
            return _header(path, dataset) if modality_of(dataset) == "NM" else None
    except (BadInput, OSError):
        return None


def read_nuclear(path: Path, warnings: list[str]) -> NuclearFile:
    """Read a whole-body NM file.

    Parameters
    ----------
    path : Path
        A DICOM file; the content decides, not the suffix.
    warnings : list of str
        Complaints are appended here.

    Raises
    ------
    BadInput
        If it is no DICOM file, of another modality or of another type of nuclear medicine image, or if
        its pixels are missing, truncated or in colour.

    References
    ----------
    DICOM PS3.3, C.8.4 (nuclear medicine modules).
    """
    dataset = parse_dicom(path)
    with damage_told(path):
        _refuse_other_modalities(path, dataset)
        refuse_other_types(path, dataset, warnings)
        kept, pixels, facts = frames_of(path, dataset, warnings)
        spacing = _spacing(dataset, warnings)
        return NuclearFile(
            pixels=pixels,
            facts=tuple(_frame_facts(path, dataset, i) for i in kept),
            spacing_mm=spacing,
            unit="grey" if facts["inverted"] or facts["windowed"] else "counts",
            date=_date(dataset),
            header=_header(path, dataset),
            step_facts={**facts, "spacing_from": "unknown" if spacing is None else "PixelSpacing"},
        )


def _refuse_other_modalities(path: Path, dataset: Dataset) -> None:
    modality = modality_of(dataset)
    if modality != "NM":
        named = f"modality {modality}" if modality else "a DICOM file that names no modality"
        raise BadInput(path, f"{named}: not a bone scan (NM is needed; export the camera's own images)")
    if not has_pixels(dataset):
        raise BadInput(path, "the DICOM file holds no image (no pixel data)")


def _header(path: Path, dataset: Dataset) -> NuclearHeader:
    frames = max(int(first_number(dataset.get("NumberOfFrames")) or 1), 1)
    # Reading what the header says of a frame is slow, and of several frames it is of no use for grouping.
    views = _frame_facts(path, dataset, 0).header_views() if frames == 1 else ()
    rows, columns = (int(first_number(dataset.get(name)) or 0) for name in ("Rows", "Columns"))
    return NuclearHeader(
        patient=_digest(dataset, "PatientID", "PatientName", "PatientBirthDate"),
        study=_digest(dataset, "StudyInstanceUID"),
        series=_digest(dataset, "SeriesInstanceUID", "AcquisitionDate", "AcquisitionTime"),
        shape=(rows, columns),
        frames=frames,
        view=views[0][1] if views else None,
    )


def _digest(dataset: Dataset, *names: str) -> str:
    values = [str(dataset.get(name) or "").strip() for name in names]
    return hashlib.blake2b("\0".join(values).encode(), digest_size=16).hexdigest() if any(values) else ""


def _frame_facts(path: Path, dataset: Dataset, frame: int) -> FrameFacts:
    detector = _detector(dataset, frame)
    code, code_view, other = _view_code(dataset, detector, frame)
    position = _of_frame(dataset, dataset.get("ViewPosition"), frame)
    accumulated = first_number(dataset.get("CountsAccumulated"))
    return FrameFacts(
        source=str(path),
        frame=frame,
        file_name=path.stem,
        view_code=code,
        view_position=position,
        image_id=_of_frame(dataset, dataset.get("ImageID"), frame),
        series_description=_of_frame(dataset, dataset.get("SeriesDescription"), frame),
        private_name=_private_name(dataset, frame),
        start_angle=None if detector is None else first_number(detector.get("StartAngle")),
        ge=str(dataset.get("Manufacturer") or "").strip().upper().startswith("GE"),
        code_view=code_view,
        other_view=other or names_another(position),
        counts_accumulated=None if accumulated is None else int(accumulated),
    )


def _detector(dataset: Dataset, frame: int) -> Dataset | None:
    """Return the item of DetectorInformationSequence for a frame, by DetectorVector or by its place."""
    items: Sequence[Dataset] = dataset.get("DetectorInformationSequence") or []
    vector = values_of(dataset.get("DetectorVector"))
    frames = int(first_number(dataset.get("NumberOfFrames")) or 1)
    if len(vector) == frames:
        number = first_number(vector[frame])
        return items[int(number) - 1] if number is not None and 1 <= number <= len(items) else None
    return items[frame] if len(items) == frames else None


def _view_code(dataset: Dataset, detector: Dataset | None, frame: int) -> tuple[str, ViewName | None, bool]:
    """Return the coded view of a frame: as text, as a view, and whether it is another view."""
    top = dataset.get("ViewCodeSequence") or []
    frames = int(first_number(dataset.get("NumberOfFrames")) or 1)
    items = [] if detector is None else list(detector.get("ViewCodeSequence") or [])
    if not items and len(top) == frames:
        items = [top[frame]]
    for item in items:
        code, meaning = (str(item.get(name) or "") for name in ("CodeValue", "CodeMeaning"))
        view = coded_view(code, meaning)
        if view is not None or names_another(meaning):
            return f"{code} {meaning}".strip(), view, view is None
    return "", None, False


def _of_frame(dataset: Dataset, value: Any, frame: int) -> str:
    """Return the text meant for a frame: one value of as many as there are frames."""
    values = values_of(value)
    frames = int(first_number(dataset.get("NumberOfFrames")) or 1)
    return str(values[frame]).strip() if len(values) == frames else ""


def _private_name(dataset: Dataset, frame: int) -> str:
    texts = [_of_frame(dataset, dataset[tag].value, frame) for tag in _PRIVATE_NAMES if tag in dataset]
    return next((text for text in texts if named_view(text) is not None), "")


def _date(dataset: Dataset) -> str | None:
    for name in ("AcquisitionDate", "SeriesDate", "StudyDate"):
        text = str(dataset.get(name) or "").strip().replace(".", "")
        if len(text) == 8 and text.isdigit() and "1950" < text[:4] < "2200":
            return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    return None


def _spacing(dataset: Dataset, warnings: list[str]) -> tuple[float, float] | None:
    """Return (row, column) spacing in mm where it can be true."""
    value = values_of(dataset.get("PixelSpacing"))
    if not value:
        return None
    numbers = [first_number(v) for v in value]
    if len(numbers) != 2 or any(n is None or n <= 0 for n in numbers):
        warnings.append("PixelSpacing cannot be read; it was ignored, areas are in pixels.")
        return None
    return (numbers[0], numbers[1])  # type: ignore[return-value]
