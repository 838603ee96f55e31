"""The frames of a nuclear medicine file, decoded to counts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.io.decoding import JPEG_EXTENDED, decoded
from napari_tbcad.io.dicom_file import first_number, refuse_large_streams, values_of
from napari_tbcad.io.nuclear_types import photopeak_frames
from napari_tbcad.io.scan_layout import looks_inverted
from napari_tbcad.limits import MAX_SCAN_PIXELS

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_UNCOMPRESSED = {f"1.2.840.10008.1.2{end}" for end in ("", ".1", ".2", ".1.99")}
_LOSSY = {"1.2.840.10008.1.2.4.50", JPEG_EXTENDED, "1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.91"}


def frames_of(
    path: Path, dataset: Dataset, warnings: list[str]
) -> tuple[list[int], tuple[NDArray[np.float32], ...], dict[str, Any]]:
    """Decode the frames of a whole-body file.

    Parameters
    ----------
    path : Path
        The file.
    dataset : Dataset
        What was parsed from it.
    warnings : list of str
        Complaints are appended here.

    Returns
    -------
    kept : list of int
        Which frames of the file they are.
    frames : tuple of (H, W) arrays of float32
        Not negative.
    facts : dict
        For the record.

    Raises
    ------
    BadInput
        If they cannot be decoded, are more than two, or hold no counts.

    References
    ----------
    DICOM PS3.3, C.11.1 (rescale slope and intercept).
    """
    syntax = str(getattr(dataset.file_meta, "TransferSyntaxUID", ""))
    _refuse_impossible_sizes(path, dataset)
    stored = decoded(path, dataset)
    stored = stored[None] if stored.ndim == 2 else stored
    if stored.ndim != 3:
        raise BadInput(path, f"not grey frames: the array has the shape {stored.shape}")
    _correct_number(dataset, len(stored), warnings)
    kept = _kept(path, dataset, len(stored), warnings)
    frames = _rescaled(dataset, stored[kept].astype(np.float32), warnings)
    if not np.isfinite(frames).all():
        raise BadInput(path, "the image has NaN or infinite pixels")
    frames, inverted = _on_dark_ground(frames, warnings)
    windowed = stored.dtype == np.uint8 and int(stored[kept].max()) == np.iinfo(np.uint8).max
    if windowed:
        warnings.append("The image has 8 bits and reaches their end: a windowed export, not counts.")
    frames = _without_negatives(frames, "lossy compression" if syntax in _LOSSY else "the file", warnings)
    full = [i for i, frame in enumerate(frames) if frame.any()]
    if not full:
        raise BadInput(path, "the image holds no counts (all pixels are 0)")
    if len(full) < len(kept):
        warnings.append("One frame holds no counts (all pixels are 0); only the other was read.")
    if syntax in _LOSSY:
        warnings.append("The image was compressed with loss; its counts are not exactly those measured.")
    facts = {"modality": "NM", "transfer_syntax": syntax, "inverted": inverted, "windowed": windowed}
    return [kept[i] for i in full], tuple(frames[i] for i in full), facts


def _refuse_impossible_sizes(path: Path, dataset: Dataset) -> None:
    """Raise BadInput for sizes that would fill the memory, and for pixels that are not all there."""
    names = ("NumberOfFrames", "Rows", "Columns", "SamplesPerPixel")
    frames, rows, columns, samples = (int(first_number(dataset.get(name)) or 1) for name in names)
    pixels = frames * rows * columns * samples
    if pixels > MAX_SCAN_PIXELS:
        many = f"{frames} × {columns} × {rows} pixels"
        raise BadInput(
            path, f"the header claims {many}, more than a whole-body scan has; is the file damaged?"
        )
    refuse_large_streams(path, dataset, MAX_SCAN_PIXELS)
    stored = dataset.get("PixelData")
    if stored is None or str(dataset.file_meta.TransferSyntaxUID) not in _UNCOMPRESSED:
        return
    needed = (pixels * int(first_number(dataset.get("BitsAllocated")) or 1) + 7) // 8
    if len(stored) < needed:
        raise BadInput(
            path,
            f"the image cannot be decoded: {len(stored)} of its {needed} bytes are there "
            "(a broken copy, or a wrong number of frames); copy or export it again",
        )


def _correct_number(dataset: Dataset, number: int, warnings: list[str]) -> None:
    """Make the header's number of frames that of the frames there are, which all else is read by."""
    stated = int(first_number(dataset.get("NumberOfFrames")) or 1)
    if stated != number:
        warnings.append(
            f"The header states {stated} frame{'s' if stated > 1 else ''}, the file holds {number}."
        )
        dataset.NumberOfFrames = number


def _rescaled(dataset: Dataset, frames: NDArray[np.float32], warnings: list[str]) -> NDArray[np.float32]:
    """Turn stored values into counts where the header says how; scanners' own files seldom do."""
    slope, intercept = (first_number(dataset.get(name)) for name in ("RescaleSlope", "RescaleIntercept"))
    slope, intercept = 1.0 if slope is None else slope, intercept or 0.0
    if (slope, intercept) == (1, 0):
        return frames
    if slope <= 0:
        warnings.append(f"The header's rescale slope of {slope:g} cannot be; it was ignored.")
        return frames
    warnings.append(f"Values were rescaled as the header says: {slope:g} × stored value {intercept:+g}.")
    return frames * np.float32(slope) + np.float32(intercept)


def _on_dark_ground(frames: NDArray[np.float32], warnings: list[str]) -> tuple[NDArray[np.float32], bool]:
    """Return the frames with the body bright, and whether they had to be turned round for that."""
    # No scan's counts look so, whatever PhotometricInterpretation says of the screen.
    if not all(map(looks_inverted, frames)):
        return frames, False
    warnings.append("The body was dark on a light ground; the scale was turned round, counts are unknown.")
    return frames.max() - frames, True


def _without_negatives(frames: NDArray[np.float32], cause: str, warnings: list[str]) -> NDArray[np.float32]:
    if (negative := int((frames < 0).sum())) > 0:
        warnings.append(f"{negative} pixels are negative ({cause}); they were set to 0.")
    return np.maximum(frames, 0)


def _kept(path: Path, dataset: Dataset, number: int, warnings: list[str]) -> list[int]:
    """Return which frames are the two views."""
    peak = photopeak_frames(dataset, number)
    one_window = peak is not None and 1 <= len(peak) <= 2
    if number <= 2:
        # Two frames are one view in two windows only when they come from one detector.
        detectors = [str(detector) for detector in values_of(dataset.get("DetectorVector"))]
        one_window = one_window and len(detectors) == 2 and len(set(detectors)) == 1
    if peak is not None and one_window:
        warnings.append(f"Of {number} frames those of the energy window around 140 keV were read.")
        return peak
    if number <= 2:
        return list(range(number))
    raise BadInput(path, f"{number} frames; export the anterior and the posterior one alone")
