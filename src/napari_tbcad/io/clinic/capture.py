"""Pixels that no DICOM file holds, as a secondary capture image that others can point at."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.files import written_whole
from napari_tbcad.io.clinic.orientation import assumed, facing
from napari_tbcad.io.clinic.origin import NO_DICOM
from napari_tbcad.io.clinic.source import (
    EMPTY,
    SECONDARY_CAPTURE,
    SourceImage,
    dicom_source,
    uid_of,
)
from napari_tbcad.notice import NOTICE


def captured_source(
    pixels: NDArray[Any],
    *,
    name: str,
    view: str = "anterior",
    mirrored: bool = False,
    body_part: str = "CHEST",
    spacing_mm: Sequence[float] | None = None,
    when: datetime | None = None,
    why: str = NO_DICOM,
) -> SourceImage:
    """Return pixels that no DICOM file holds as a secondary capture image to be written.

    Parameters
    ----------
    pixels : (H, W) array
        Finite; whole numbers from 0 to 65535 are stored as they are, others stretched to 16 bits.
    name : str
        What tells the study from others; goes into the UIDs, not into the file.
    view : {"anterior", "posterior"}, optional
        From where the patient is seen.
    mirrored : bool, optional
        Whether the pixels are turned over left to right.
    body_part : str, optional
        Defined term of BodyPartExamined.
    spacing_mm : (float, float), optional
        Row and column spacing.
    when : datetime, optional
        Date of content; now when not given.
    why : str, optional
        Why no DICOM file is referred to, for the notes; a sentence without its full stop.

    References
    ----------
    DICOM PS3.3, A.8.1 (secondary capture image IOD).
    """
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    stored, stretched = _stored(pixels)
    digest = hashlib.blake2b(stored.tobytes(), digest_size=16).hexdigest()
    file = _capture_header(name, digest, view, body_part, when or datetime.now())
    file.PatientOrientation, file.ImageComments = facing(view, mirrored), assumed(view, mirrored)
    file.file_meta = FileMetaDataset()
    file.file_meta.MediaStorageSOPClassUID = SECONDARY_CAPTURE  # type: ignore[assignment]
    file.file_meta.MediaStorageSOPInstanceUID = file.SOPInstanceUID
    file.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    if stretched:
        file.DerivationDescription = "Grey levels were stretched to 16 bits"
    file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
    file.Rows, file.Columns = stored.shape
    file.BitsAllocated = file.BitsStored = 16
    file.HighBit, file.PixelRepresentation = 15, 0
    if spacing_mm is not None:
        file.PixelSpacing = [f"{value:.10g}" for value in spacing_mm]
    file.PixelData = stored.tobytes()
    source = dicom_source(file, view=view, spacing_mm=spacing_mm)
    note = f"{why}: a secondary capture image was written for it, without a patient."
    notes = (note, assumed(view, mirrored))
    return SourceImage(source.header, SECONDARY_CAPTURE, file=file, notes=notes)


def _stored(pixels: NDArray[Any]) -> tuple[NDArray[np.uint16], bool]:
    pixels = np.asarray(pixels, np.float64)
    if pixels.ndim != 2 or pixels.size == 0 or not np.isfinite(pixels).all():
        raise BadInput("image", "its pixels are not a picture of finite numbers")
    low, high = float(pixels.min()), float(pixels.max())
    if low >= 0 and high <= 65535 and (pixels == np.rint(pixels)).all():
        return pixels.astype("<u2"), False
    scale = 65535 / (high - low) if high > low else 0.0
    return np.rint((pixels - low) * scale).astype("<u2"), True


def _capture_header(name: str, digest: str, view: str, body_part: str, when: datetime) -> Any:
    from pydicom.dataset import Dataset

    file = Dataset()
    file.SpecificCharacterSet = "ISO_IR 192"
    file.ImageType = ["DERIVED", "SECONDARY"]
    file.SOPClassUID, file.SOPInstanceUID = SECONDARY_CAPTURE, uid_of("capture", name, view, digest)
    for keyword in EMPTY:
        setattr(file, keyword, "")
    file.StudyInstanceUID, file.SeriesInstanceUID = uid_of("study", name), uid_of("series", name)
    file.Modality, file.ConversionType, file.BodyPartExamined = "OT", "WSD", body_part
    file.SeriesNumber = file.InstanceNumber = 1
    file.ContentDate, file.ContentTime = when.strftime("%Y%m%d"), when.strftime("%H%M%S")
    file.SeriesDescription = NOTICE
    return file


def write_source(path: str | Path, source: SourceImage) -> Path:
    """Write the image of a source that has one of its own."""
    assert source.file is not None
    with written_whole(path) as temporary:
        source.file.save_as(temporary, enforce_file_format=True)
    return Path(path)
