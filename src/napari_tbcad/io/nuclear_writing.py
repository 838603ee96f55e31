"""Writing whole-body scans as DICOM NM files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_tbcad.files import written_whole
from napari_tbcad.imaging.bonescan import VIEWS, ViewName

NM_IMAGE = "1.2.840.10008.5.1.4.1.1.20"
"""SOP class of nuclear medicine images."""

_NOMINAL_MS = 900_000
"""Nominal duration of a written scan: the standard wants one, and a simulated scan has counts but no time."""

_EMPTY_SEQUENCES = (
    *("PatientOrientationCodeSequence", "PatientGantryRelationshipCodeSequence"),
    *("RadiopharmaceuticalInformationSequence", "EnergyWindowInformationSequence"),
)

Codes = Literal["snomed", "srt", "private", "none"]

_CODES: dict[str, dict[ViewName, tuple[str, str, str]]] = {
    "snomed": {
        "anterior": ("399321004", "SCT", "Anterior projection"),
        "posterior": ("399001007", "SCT", "Posterior projection"),
    },
    "srt": {"anterior": ("G-5215", "SRT", "Anterior"), "posterior": ("G-5216", "SRT", "Posterior")},
    "private": {"anterior": ("AN", "99LOCAL", "Anterior"), "posterior": ("PO", "99LOCAL", "Posterior")},
}


def write_nuclear(
    path: str | Path,
    frames: Sequence[ArrayLike],
    *,
    spacing_mm: tuple[float, float] | None = (2.26, 2.26),
    views: Sequence[ViewName] | None = VIEWS,
    codes: Codes = "snomed",
    start_angles: Sequence[float] | None = None,
    private_names: Sequence[str] | None = None,
    name: str = "ANON",
    study: str = "",
    date: str = "",
    attributes: Mapping[str, Any] | None = None,
) -> Path:
    """Write one or two whole-body views as a DICOM NM file.

    The same input gives the same bytes: UIDs are digests of the pixels, the name and the study.

    Parameters
    ----------
    path : str or Path
        The file.
    frames : sequence of (H, W) array
        Counts, 0 to 65535, rounded; of one shape.
    spacing_mm : (float, float) or None, optional
        Row and column spacing.
    views : sequence of {"anterior", "posterior"} or None, optional
        What each frame is; the first of it are used. None names none.
    codes : {"snomed", "srt", "private", "none"}, optional
        How ViewCodeSequence in DetectorInformationSequence says so.
    start_angles : sequence of float, optional
        StartAngle of each frame in degrees; GE is then named as maker.
    private_names : sequence of str, optional
        GE's name of each frame's data set, such as ``"WHOLE BODY_E"``, at (0011,1012) and (0011,1030).
    name : str, optional
        PatientID and PatientName; no real one.
    study : str, optional
        Files with the same name and study are one study.
    date : str, optional
        Date of the scan, ``YYYY-MM-DD``; none by default.
    attributes : mapping, optional
        Further DICOM attributes by keyword, such as ``{"ImageID": "ANT"}``; None leaves one out.

    Returns
    -------
    Path
        The file written.

    References
    ----------
    DICOM PS3.3, A.5 (NM image IOD), C.8.4.
    """
    stored = _stored(frames)
    dataset = _dataset(stored, spacing_mm, name, study, date)
    named = None if views is None else list(views)[: len(stored)]
    _add_detectors(dataset, len(stored), named, codes, start_angles)
    if start_angles is not None or private_names is not None:
        dataset.Manufacturer = "GE"
    if private_names is not None:
        block = dataset.private_block(0x0011, "GEMS_GENIE_1", create=True)
        for element in (0x12, 0x30):
            block.add_new(element, "LO", list(private_names))
    fill_modules(dataset)
    for keyword, value in (attributes or {}).items():
        if value is None:
            if keyword in dataset:
                del dataset[keyword]
        else:
            setattr(dataset, keyword, value)
    with written_whole(path) as temporary:
        dataset.save_as(temporary, enforce_file_format=True)
    return Path(path)


def _stored(frames: Sequence[ArrayLike]) -> NDArray[np.uint16]:
    arrays = [np.asarray(frame, dtype=np.float64) for frame in frames]
    if not arrays or arrays[0].ndim != 2 or any(array.shape != arrays[0].shape for array in arrays):
        raise ValueError("frames must be 2-D and of one shape")
    stack = np.stack(arrays)
    if not np.isfinite(stack).all() or stack.min() < 0 or stack.max() > 65535:
        raise ValueError("counts must be between 0 and 65535")
    return np.rint(stack).astype("<u2")


def _dataset(
    stored: NDArray[np.uint16], spacing_mm: tuple[float, float] | None, name: str, study: str, date: str
) -> Any:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian

    pixels = hashlib.blake2b(stored.tobytes(), digest_size=16).hexdigest()
    instance, image_class = UID(_uid("instance", name, study, date, pixels)), UID(NM_IMAGE)
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = image_class
    dataset.file_meta.MediaStorageSOPInstanceUID = instance
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = image_class, instance
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "WHOLE BODY", "EMISSION"]
    dataset.Modality = "NM"
    dataset.StudyDate = dataset.AcquisitionDate = date.replace("-", "")
    dataset.StudyTime = dataset.AccessionNumber = dataset.ReferringPhysicianName = ""
    dataset.Manufacturer = ""
    dataset.PatientName = dataset.PatientID = name
    dataset.PatientBirthDate = dataset.PatientSex = ""
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = "no real person"
    dataset.StudyInstanceUID = _uid("study", name, study)
    dataset.SeriesInstanceUID = _uid("series", name, study)
    dataset.FrameOfReferenceUID = _uid("frame of reference", name, study)
    dataset.PositionReferenceIndicator = ""
    dataset.StudyID, dataset.SeriesNumber, dataset.InstanceNumber = "", 1, 1
    dataset.BodyPartExamined = "WHOLEBODY"
    dataset.CountsAccumulated = int(stored.sum())
    dataset.ActualFrameDuration = _NOMINAL_MS
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = stored.shape
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 0
    if spacing_mm is not None:
        dataset.PixelSpacing = [f"{value:.6g}" for value in spacing_mm]
    dataset.PixelData = stored.tobytes()
    return dataset


def _add_detectors(
    dataset: Any,
    frames: int,
    views: list[ViewName] | None,
    codes: Codes,
    start_angles: Sequence[float] | None,
) -> None:
    from pydicom.dataset import Dataset
    from pydicom.tag import Tag

    dataset.FrameIncrementPointer = [Tag("EnergyWindowVector"), Tag("DetectorVector")]
    dataset.EnergyWindowVector = [1] * frames
    dataset.NumberOfEnergyWindows = 1
    dataset.EnergyWindowInformationSequence = [_energy_window()]
    dataset.DetectorVector = list(range(1, frames + 1))
    dataset.NumberOfDetectors = frames
    detectors = []
    for i in range(frames):
        detector = Dataset()
        detector.CollimatorType = "PARA"
        if start_angles is not None:
            detector.StartAngle = start_angles[i]
        if views is not None and codes != "none":
            detector.ViewCodeSequence = [_code(*_CODES[codes][views[i]])]
        detectors.append(detector)
    dataset.DetectorInformationSequence = detectors


def fill_modules(dataset: Any) -> None:
    """Add what the NM image IOD wants present, if only empty, and what can be said of any whole-body scan.

    Parameters
    ----------
    dataset : Dataset
        A whole-body scan; changed in place, nothing that is there is.

    References
    ----------
    DICOM PS3.3, C.8.4 (NM image), C.8.4.6 (patient orientation).
    """
    whole_body = list(dataset.get("ImageType") or [])[2:3] == ["WHOLE BODY"]
    empty: dict[str, Any] = {
        **dict.fromkeys(("PositionReferenceIndicator", "CountsAccumulated"), ""),
        **(dict.fromkeys(("ScanVelocity", "ScanLength"), "") if whole_body else {}),
        **{keyword: [] for keyword in _EMPTY_SEQUENCES},
    }
    for keyword, value in empty.items():
        if keyword not in dataset:
            setattr(dataset, keyword, value)
    for detector in dataset.get("DetectorInformationSequence") or ():
        for keyword in ("CollimatorType", "ImageOrientationPatient", "ImagePositionPatient"):
            if keyword not in detector:
                setattr(detector, keyword, "")


def view_code(view: ViewName) -> Any:
    """Return the item of ViewCodeSequence, SNOMED CT, for a view."""
    return _code(*_CODES["snomed"][view])


def _energy_window() -> Any:
    from pydicom.dataset import Dataset

    limits, window = Dataset(), Dataset()
    limits.EnergyWindowLowerLimit, limits.EnergyWindowUpperLimit = 126, 154
    window.EnergyWindowName = "Tc99m"
    window.EnergyWindowRangeSequence = [limits]
    return window


def _code(value: str, scheme: str, meaning: str) -> Any:
    from pydicom.dataset import Dataset

    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return code


def _uid(*parts: str) -> str:
    """Return a UID made from a digest (root 2.25, ISO/IEC 9834-8)."""
    hashed = hashlib.blake2b("\0".join(parts).encode(), digest_size=16).digest()
    return f"2.25.{int.from_bytes(hashed, 'big')}"
