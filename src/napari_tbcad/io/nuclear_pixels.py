"""The frames of a nuclear medicine file, decoded to counts."""

from __future__ import annotations

import os
import threading
import warnings as python_warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.io.dicom_file import first_line, first_number
from napari_tbcad.io.nuclear_types import photopeak_frames
from napari_tbcad.io.scan_layout import looks_inverted

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"
_STDERR = threading.Lock()
_LOSSY = {"1.2.840.10008.1.2.4.50", _JPEG_EXTENDED, "1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.91"}


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
    """
    syntax = str(getattr(dataset.file_meta, "TransferSyntaxUID", ""))
    stored = _decoded(path, dataset, syntax)
    stored = stored[None] if stored.ndim == 2 else stored
    if stored.ndim != 3:
        raise BadInput(path, f"not grey frames: the array has the shape {stored.shape}")
    kept = _kept(path, dataset, len(stored), warnings)
    frames = stored[kept].astype(np.float32)
    if not np.isfinite(frames).all():
        raise BadInput(path, "the image has NaN or infinite pixels")
    inverted = dataset.get("PhotometricInterpretation") == "MONOCHROME1" and all(map(looks_inverted, frames))
    if inverted:
        frames = frames.max() - frames
        warnings.append(
            "The body was dark on a light ground; the scale was turned round, counts are unknown."
        )
    if (negative := int((frames < 0).sum())) > 0:
        cause = "lossy compression" if syntax in _LOSSY else "the file"
        warnings.append(f"{negative} pixels are negative ({cause}); they were set to 0.")
        frames = np.maximum(frames, 0)
    full = [i for i, frame in enumerate(frames) if frame.any()]
    if not full:
        raise BadInput(path, "the image holds no counts (all pixels are 0)")
    if len(full) < len(kept):
        warnings.append("One frame holds no counts (all pixels are 0); only the other was read.")
    if syntax in _LOSSY:
        warnings.append("The image was compressed with loss; its counts are not exactly those measured.")
    facts = {"modality": "NM", "transfer_syntax": syntax, "inverted": inverted}
    return [kept[i] for i in full], tuple(frames[i] for i in full), facts


def _kept(path: Path, dataset: Dataset, number: int, warnings: list[str]) -> list[int]:
    """Return which frames are the two views."""
    if number <= 2:
        return list(range(number))
    peak = photopeak_frames(dataset)
    if peak is not None and 1 <= len(peak) <= 2:
        warnings.append(f"Of {number} frames those of the energy window around 140 keV were read.")
        return peak
    raise BadInput(path, f"{number} frames; a whole-body scan has an anterior and a posterior one")


def _decoded(path: Path, dataset: Dataset, syntax: str) -> NDArray[Any]:
    from pydicom.pixels.utils import pixel_array

    try:
        if syntax == _JPEG_EXTENDED and int(first_number(dataset.get("BitsAllocated")) or 8) > 8:
            return _decoded_elsewhere(path)
        with python_warnings.catch_warnings():
            python_warnings.simplefilter("ignore")
            return pixel_array(dataset)
    except Exception as error:
        # The decoders raise RuntimeError, ValueError, EOFError, struct.error and more for a damaged stream.
        raise BadInput(
            path, f"the image in the DICOM file cannot be decoded ({first_line(error)})"
        ) from error


def _decoded_elsewhere(path: Path) -> NDArray[Any]:
    """Decode with SimpleITK, which knows 12-bit JPEG."""
    import SimpleITK

    with _quiet():
        return np.asarray(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path))))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what a C library writes to standard error off the terminal, one thread at a time."""
    with _STDERR:
        try:
            kept = os.dup(2)
        except OSError:  # no standard error, as in a windowed program
            yield
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)
