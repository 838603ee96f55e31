"""The image a segmentation or a report is about, as DICOM: the file itself, or one written for it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tbcad.errors import BadInput
from napari_tbcad.io.clinic.orientation import lying
from napari_tbcad.io.dicom_file import damage_told, first_number, modality_of, parse_dicom, values_of
from napari_tbcad.io.opening import opening_told

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
CLASSES = {
    "NM": "1.2.840.10008.5.1.4.1.1.20",
    "CR": "1.2.840.10008.5.1.4.1.1.1",
    "DX": "1.2.840.10008.5.1.4.1.1.1.1",
}
"""Storage class of a file that states its modality but no class."""

EMPTY = (
    *("PatientID", "PatientName", "PatientBirthDate", "PatientSex"),
    *("StudyDate", "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName"),
)
"""What the standard wants present of patient and study, if only empty."""

DETECTOR = (
    "The pixel spacing is that of the detector (ImagerPixelSpacing), which sees the patient magnified: "
    "lengths and areas in mm are larger than in the patient."
)
"""Said where the header has no calibrated spacing (PS3.3, 10.7.1.3)."""

REFUSED = "The pixel spacing that the image states cannot be that of a patient: none was written."
"""Said where the header has a spacing that was not read."""

_SPACINGS = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")
_LOSSY = ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod")
_KEPT_GROUPS = (0x0008, 0x0010, 0x0012, 0x0020)


@dataclass(frozen=True, eq=False)
class SourceImage:
    """An image of one frame that segmentations and reports can point at.

    Parameters
    ----------
    header : Dataset
        Patient, study and size, as a plain image of one frame: what is written about the image inherits
        from it. Holds no pixels.
    sop_class : str
        Storage class of the true image.
    frame : int or None
        Which frame of the true image, from 1; None where it has one only.
    file : Dataset or None
        The image itself where none existed and one has to be written.
    notes : tuple of str
        What had to be made up or left out, one sentence each.
    """

    header: Dataset
    sop_class: str
    frame: int | None = None
    file: Dataset | None = None
    notes: tuple[str, ...] = ()

    @property
    def uid(self) -> str:
        """SOP instance UID of the image."""
        return str(self.header.SOPInstanceUID)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return int(self.header.Rows), int(self.header.Columns)


def uid_of(*parts: str) -> str:
    """Return a UID made from a digest (root 2.25, PS3.5 B.2): the same parts give the same UID."""
    hashed = hashlib.blake2b("\0".join(parts).encode(), digest_size=16).digest()
    return f"2.25.{int.from_bytes(hashed, 'big')}"


def dicom_source(
    dataset: Dataset | str | Path,
    *,
    frame: int = 0,
    view: str = "anterior",
    mirrored: bool = False,
    spacing_mm: Sequence[float] | None = None,
) -> SourceImage:
    """Return an image in a DICOM file as a source.

    Parameters
    ----------
    dataset : Dataset or path
        The file, or its parsed content (of a file that was de-identified, say).
    frame : int, optional
        Which frame, from 0.
    view : {"anterior", "posterior"}, optional
        From where the patient is seen; used where the file does not say how the picture lies, or says it
        once for frames that are seen from both sides (NM).
    mirrored : bool, optional
        Whether the file holds the view turned over left to right.
    spacing_mm : (float, float), optional
        Row and column spacing as it was read: the file can state one that its reader refused.

    Returns
    -------
    SourceImage
        What a file lacks that a reference needs is made from a digest of its pixels, and said in the notes.

    Raises
    ------
    BadInput
        If the file is no DICOM image.
    """
    path = dataset if isinstance(dataset, str | Path) else getattr(dataset, "filename", None) or "image"
    with opening_told(Path(path)), damage_told(Path(path)):
        if isinstance(dataset, str | Path):
            dataset = parse_dicom(Path(dataset))
        if not dataset.get("Rows") or not dataset.get("Columns"):
            raise BadInput(path, "the DICOM file holds no image (no size)")
        notes: list[str] = []
        header = _inherited(dataset, notes)
        _space(header, dataset, spacing_mm, notes)
        frames = int(first_number(dataset.get("NumberOfFrames")) or 1)
        sop_class = _identified(header, dataset, notes)
        header.PatientOrientation = lying(dataset, frames, view, mirrored, notes)
        return SourceImage(header, sop_class, frame + 1 if frames > 1 else None, notes=tuple(notes))


def _inherited(dataset: Dataset, notes: list[str]) -> Dataset:
    """Return patient and study of an image without what is wrong in them."""
    from pydicom.dataset import Dataset

    dataset = deepcopy(_without_pixels(dataset))
    dataset.decode()
    header = Dataset()
    for element in dataset:
        if element.tag.group not in _KEPT_GROUPS or element.VR == "SQ":
            continue
        if not _valid(element):
            if element.keyword in EMPTY:
                notes.append(f"{element.keyword} of the image is no valid value and was left empty.")
            continue
        header.add(element)
    for keyword in EMPTY:
        if keyword not in header:
            setattr(header, keyword, "")
    header.Rows, header.Columns = int(dataset.Rows), int(dataset.Columns)
    header.SpecificCharacterSet = "ISO_IR 192"
    if dataset.get("LossyImageCompression") == "01":
        for keyword in _LOSSY:
            if keyword in dataset:
                setattr(header, keyword, dataset[keyword].value)
    for keyword in ("FrameOfReferenceUID", "SynchronizationFrameOfReferenceUID", "ImageType"):
        if keyword in header:
            del header[keyword]
    return header


def _space(header: Dataset, dataset: Dataset, spacing_mm: Sequence[float] | None, notes: list[str]) -> None:
    """Give the header the spacing that was read, and say where it is the detector's, or was refused."""
    stated = {name: _pair(dataset.get(name)) for name in _SPACINGS}
    if spacing_mm is None:
        if any(stated.values()):
            notes.append(REFUSED)
        return
    header.PixelSpacing = [f"{value:.10g}" for value in spacing_mm]
    used = [name for name, pair in stated.items() if np.allclose(pair or (0, 0), spacing_mm, rtol=1e-6)]
    if used[:1] == ["ImagerPixelSpacing"]:
        notes.append(DETECTOR)


def _pair(value: Any) -> tuple[float, ...]:
    numbers = tuple(number for part in values_of(value) if (number := first_number(part)) is not None)
    return numbers if len(numbers) == 2 else ()


def _valid(element: Any) -> bool:
    """Tell whether all values of an element are what its representation allows."""
    from pydicom.config import RAISE
    from pydicom.valuerep import DA, DT, TM, validate_value

    times = {"DA": DA, "DT": DT, "TM": TM}
    try:
        for value in element.value if element.VM > 1 else [element.value]:
            if isinstance(value, str) or element.VR in ("UI", "PN", *times):
                validate_value(element.VR, value, RAISE)
            if element.VR in times and value:
                times[element.VR](value)  # "00000101" looks like a date and is none
    except (ValueError, TypeError):
        return False
    return True


def _without_pixels(dataset: Dataset) -> Dataset:
    return dataset[0x00080000:0x7FE00000]  # type: ignore[misc]


def _identified(header: Dataset, dataset: Dataset, notes: list[str]) -> str:
    """Give the header its UIDs and return the storage class."""
    meta = getattr(dataset, "file_meta", None)
    pixels = hashlib.blake2b(bytes(dataset.get("PixelData") or b""), digest_size=16).hexdigest()
    made = []
    for keyword, in_meta in (
        ("SOPInstanceUID", "MediaStorageSOPInstanceUID"),
        ("StudyInstanceUID", ""),
        ("SeriesInstanceUID", ""),
    ):
        if not header.get(keyword):
            known = str(meta.get(in_meta, "") or "") if meta is not None and in_meta else ""
            setattr(header, keyword, known or uid_of(keyword, pixels))
            made += [] if known else [keyword]
    sop_class = str(dataset.get("SOPClassUID") or "") or str(
        (meta.get("MediaStorageSOPClassUID", "") if meta is not None else "") or ""
    )
    if not sop_class:
        sop_class = CLASSES.get(modality_of(dataset) or "", SECONDARY_CAPTURE)
        made.append("SOPClassUID")
    if made:
        notes.append(f"The image file lacks {', '.join(made)}: made from its pixels, for references only.")
    # highdicom takes any NM image for one of the enhanced multi-frame kind; a plain image it understands.
    header.SOPClassUID = SECONDARY_CAPTURE
    return sop_class
