"""Chest films in DICOM files (CR, DX, RF, secondary capture)."""

from __future__ import annotations

import re
import warnings as python_warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.io.decoding import decoded
from napari_tbcad.io.dicom_file import (
    damage_told,
    first_number,
    has_pixels,
    modality_of,
    parse_dicom,
    refuse_large_streams,
)
from napari_tbcad.limits import MAX_PIXELS, too_many_pixels
from napari_tbcad.record import Step

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

FILM_MODALITIES = ("CR", "DX", "DR", "RG", "RF", "SC", "OT")
"""Modalities a chest film comes under; DR and RG are older names, digitised film is SC or OT."""

_LARGEST_FILM_MM = 1500.0
_CAPTURED = ("RF", "SC", "OT")
_MODALITY_NAMES = {
    "CT": "computed tomography",
    "MR": "magnetic resonance",
    "US": "ultrasound",
    "PT": "positron emission tomography",
    "MG": "mammography",
    "XA": "angiography",
    "SR": "structured report",
    "SEG": "segmentation",
    "PR": "presentation state",
}
_CHEST_WORDS = ("CHEST", "THORAX", "THORACIC", "LUNG", "PULMON", "TORAX", "TORAKS", "CXR")
_HEADER = [
    "Modality",
    "SOPClassUID",
    "BodyPartExamined",
    "Rows",
    "Columns",
    "PixelData",
]
_DICOMDIR = "1.2.840.10008.1.3.10"  # storage class of an index of files
_LATERAL_CODES = {"399067008", "399198007", "399173006", "R-10236", "R-10232", "R-10230"}
_PA_CODES = {"399348003", "R-10214"}
_AP_CODES = {"399033003", "R-10206"}


def is_chest_dicom(path: str | Path) -> bool:
    """Tell cheaply, from the header alone, whether a file is a chest film in DICOM.

    Parameters
    ----------
    path : str or Path
        Any file; it need not be DICOM nor exist.

    Returns
    -------
    bool
        True for CR, DX, DR and RG, and for RF, SC and OT whose header names the chest or no body part.
    """
    try:
        with damage_told(Path(path)):
            header = parse_dicom(Path(path), only=_HEADER)
            modality = modality_of(header)
            if modality in _CAPTURED:
                return _body_part(header) is None or _names_chest(header)
            return modality in FILM_MODALITIES
    except (BadInput, OSError):
        return False


def read_dicom(path: str | Path) -> Radiograph:
    """Read a chest film from a DICOM file.

    Rescale (or the modality look-up table) is applied, MONOCHROME1 is turned round so that air is dark,
    and the display window is kept apart from the pixels. No patient identifier, date or UID is kept.

    Parameters
    ----------
    path : str or Path
        A DICOM file: CR, DX, RF or secondary capture; uncompressed, RLE, JPEG, JPEG-LS or JPEG 2000.

    Returns
    -------
    Radiograph
        Pixels in the file's own units after rescale. `spacing_mm` is PixelSpacing, else
        ImagerPixelSpacing (at the detector: the patient, nearer the tube, is shown some per cent
        larger), else None; the record says which.

    Raises
    ------
    BadInput
        If the file is no DICOM file, is truncated, holds no image, or is of another modality.

    References
    ----------
    DICOM PS3.3, C.7.6.3 (image pixel), C.11.1 (modality LUT), C.11.2 (VOI LUT), C.8.11.7 (DX detector).
    """
    with damage_told(Path(path)):
        return _film(Path(path))


def _film(path: Path) -> Radiograph:
    dataset = parse_dicom(path)
    warnings: list[str] = []
    _refuse_other_modalities(path, dataset, warnings)
    pixels = _pixels(path, dataset, warnings)
    spacing, spacing_from = _spacing(dataset, warnings)
    window = _window(dataset, warnings)
    inverted = str(dataset.get("PhotometricInterpretation", "")).strip() == "MONOCHROME1"
    facts: dict[str, Any] = {
        "modality": modality_of(dataset),
        "transfer_syntax": str(getattr(dataset.file_meta, "TransferSyntaxUID", "")),
        "spacing_from": spacing_from,
        "inverted": inverted,
    }
    if inverted:
        pivot = _grey_range_sum(dataset, pixels)
        pixels, facts["inverted_about"] = pivot - pixels, pivot / 2
        window = None if window is None else (pivot - window[1], pivot - window[0])
    _check_header(dataset, warnings)
    return Radiograph(
        pixels=pixels,
        spacing_mm=spacing,
        source=str(path),
        window=window,
        inverted=inverted,
        view=_view(dataset),
        warnings=tuple(warnings),
    ).after(Step("read dicom", facts=facts))


def _body_part(dataset: Dataset) -> str | None:
    return str(dataset.get("BodyPartExamined") or "").strip().upper() or None


def _names_chest(dataset: Dataset) -> bool:
    return any(word in (_body_part(dataset) or "") for word in _CHEST_WORDS)


def _refuse_other_modalities(path: Path, dataset: Dataset, warnings: list[str]) -> None:
    if str(getattr(dataset.file_meta, "MediaStorageSOPClassUID", "")) == _DICOMDIR:
        raise BadInput(path, "a DICOMDIR, an index of files: give the folder it lies in")
    modality = modality_of(dataset)
    if modality == "NM":
        raise BadInput(path, "a nuclear medicine image: use the bone scan workflow")
    if modality is None:
        if "PixelData" not in dataset:
            raise BadInput(path, "a DICOM file that names no modality and holds no image")
        warnings.append("The header names no modality; the image is taken for a chest film.")
    elif modality not in FILM_MODALITIES:
        name = _MODALITY_NAMES.get(modality)
        named = f"{modality} ({name})" if name else modality
        raise BadInput(path, f"modality {named}: not a chest film (CR, DX, RF or SC is needed)")


def _pixels(path: Path, dataset: Dataset, warnings: list[str]) -> NDArray[np.float32]:
    """Return the first frame as (H, W) float32 after the modality transform; colour becomes grey."""
    from pydicom.pixels.processing import apply_color_lut, apply_modality_lut

    from napari_tbcad.io.raster import to_grey

    if not has_pixels(dataset):
        raise BadInput(path, "the DICOM file holds no image (no pixel data)")
    _refuse_impossible_sizes(path, dataset)
    frames = int(dataset.get("NumberOfFrames") or 1)
    if frames > 1:
        warnings.append(f"The file has {frames} frames; only the first was read.")
    array = decoded(path, dataset, frame=0)
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore")
        if dataset.get("PhotometricInterpretation") == "PALETTE COLOR":
            array = apply_color_lut(array, dataset)
        if array.ndim == 3:
            return to_grey(path, array, warnings)
        return np.asarray(apply_modality_lut(array, dataset), dtype=np.float32)


def _refuse_impossible_sizes(path: Path, dataset: Dataset) -> None:
    """Raise BadInput for sizes that would fill the memory, in the header or in the compressed pixels."""
    names = ("Columns", "Rows", "SamplesPerPixel", "BitsAllocated")
    columns, rows, samples, bits = (int(first_number(dataset.get(name)) or 1) for name in names)
    if said := too_many_pixels(columns, rows, samples, bytes_each=max(bits // 8, 1)):
        raise BadInput(path, f"{said}; is the file damaged?")
    refuse_large_streams(path, dataset, MAX_PIXELS, frames=1)


def _grey_range_sum(dataset: Dataset, pixels: NDArray[np.float32]) -> float:
    """Return lowest + highest grey value the file can hold, the number MONOCHROME1 is subtracted from."""
    low, high = float(pixels.min()), float(pixels.max())
    if "PixelData" not in dataset or "ModalityLUTSequence" in dataset:
        return low + high
    bits, signed = int(dataset.get("BitsStored") or 16), int(dataset.get("PixelRepresentation") or 0)
    stored = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    slope, intercept = float(dataset.get("RescaleSlope") or 1), float(dataset.get("RescaleIntercept") or 0)
    ends = [value * slope + intercept for value in stored]
    # Some writers state fewer bits than they use: then the pixels themselves are the better witness.
    return sum(ends) if min(ends) <= low and high <= max(ends) else low + high


def _spacing(dataset: Dataset, warnings: list[str]) -> tuple[tuple[float, float] | None, str]:
    """Return (row, column) spacing in mm and the attribute it came from."""
    for name in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        value = dataset.get(name)
        if value is None or value == "":
            continue
        try:
            rows, columns = (float(v) for v in value)
        except (TypeError, ValueError):
            warnings.append(f"{name} cannot be read; it was ignored.")
            continue
        height, width = rows * int(dataset.get("Rows") or 0), columns * int(dataset.get("Columns") or 0)
        if rows > 0 and columns > 0 and max(height, width) <= _LARGEST_FILM_MM:
            return (rows, columns), name
        warnings.append(f"{name} is {rows:g} × {columns:g} mm, which is impossible; it was ignored.")
    return None, "unknown"


def _window(dataset: Dataset, warnings: list[str]) -> tuple[float, float] | None:
    """Return the first VOI window as (low, high) in units after rescale."""
    if "VOILUTSequence" in dataset:
        warnings.append("The file has a VOI look-up table for display; it is not applied to the pixels.")
    center, width = (first_number(dataset.get(name)) for name in ("WindowCenter", "WindowWidth"))
    if center is None or width is None or width < 1:
        return None
    if str(dataset.get("VOILUTFunction") or "LINEAR").upper() == "LINEAR":
        return center - 0.5 - (width - 1) / 2, center - 0.5 + (width - 1) / 2
    return center - width / 2, center + width / 2


def _view(dataset: Dataset) -> str | None:
    """Return PA, AP or LATERAL from ViewPosition, else from ViewCodeSequence."""
    position = str(dataset.get("ViewPosition") or "").strip().upper()
    if position in {"PA", "AP"}:
        return position
    if position in {"LL", "RL", "LAT", "LATERAL", "LLAT", "RLAT", "LL-LAT"}:
        return "LATERAL"
    codes = {str(item.get("CodeValue", "")) for item in dataset.get("ViewCodeSequence") or []}
    for view, known in (("LATERAL", _LATERAL_CODES), ("PA", _PA_CODES), ("AP", _AP_CODES)):
        if codes & known:
            return view
    return None


def _check_header(dataset: Dataset, warnings: list[str]) -> None:
    """Say what the header has against a frontal chest film in the usual display."""
    if _view(dataset) == "LATERAL":
        warnings.append(
            "The header says this is a lateral view; the workflow is made for frontal (PA or AP) films."
        )
    if _body_part(dataset) is not None and not _names_chest(dataset):
        part = _body_part(dataset) or ""
        # Quoted only where it is a code: in a damaged file the patient's name may have run into it.
        named = f"the body part {part}" if re.fullmatch(r"[A-Z0-9 _-]{1,16}", part) else "another body part"
        warnings.append(f"The header names {named}, not the chest.")
    orientation = dataset.get("PatientOrientation")
    if orientation and str(orientation[0]).upper().startswith("R"):
        warnings.append("The header says the film is shown mirrored (rows run towards the patient's right).")
