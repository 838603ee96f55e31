"""Pixels and look-up tables of a de-identified image: decoded, cut to size, spare bits cleared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_tbcad.io.clinic.source import SECONDARY_CAPTURE
from napari_tbcad.io.decoding import decoded
from napari_tbcad.io.dicom_file import modality_of, refuse_large_images

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

DRAWN = "text drawn into the picture stays: look at it"
"""Said of pictures, whose header says nothing."""

_OFTEN_DRAWN_INTO = ("SC", "OT", "RF")


def cut_tables(clean: Dataset) -> None:
    """Cut look-up tables to what their descriptor says; drop one without a descriptor."""
    pairs = {
        "LUTData": "LUTDescriptor",
        **{
            f"{c}PaletteColorLookupTableData": f"{c}PaletteColorLookupTableDescriptor"
            for c in ("Red", "Green", "Blue")
        },
    }
    for data, descriptor in pairs.items():
        if data not in clean:
            continue
        said = clean.get(descriptor)
        if said is None or len(said) != 3:
            del clean[data]
            continue
        entries = int(said[0]) or 65536
        value = clean[data].value
        size = entries * (2 if int(said[2]) > 8 else 1) if isinstance(value, bytes) else entries
        clean[data].value = value[: size + size % 2] if isinstance(value, bytes) else value[:size]


def put_pixels(clean: Dataset, dataset: Dataset) -> None:
    """Give the copy the pixels, decoded: compressed streams, and what follows them, have room for text.

    Raises
    ------
    BadInput
        If they cannot be decoded, or all frames together are larger than is read.
    """
    path = Path(str(getattr(dataset, "filename", "") or "image"))
    refuse_large_images(path, dataset)
    array = decoded(path, dataset)
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if int(clean.SamplesPerPixel) > 1:  # decoding turns other colour spaces into this one
        clean.PhotometricInterpretation = "RGB"
    if int(clean.SamplesPerPixel) > 1:
        clean.PlanarConfiguration = 0
    if "CountsAccumulated" in clean:
        # Of all frames, counted anew: the header's number can be any.
        clean.CountsAccumulated = int(array.sum(dtype=np.int64)) if (array >= 0).all() else ""
    clean.BitsAllocated = array.dtype.itemsize * 8
    data = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    clean.add_new(0x7FE00010, "OW" if clean.BitsAllocated > 8 else "OB", data + b"\0" * (len(data) % 2))


def drawn_into(dataset: Dataset) -> str:
    """Say whether to look for text drawn into the pixels, by the header: nobody looks at the pixels.

    Parameters
    ----------
    dataset : Dataset
        A parsed file, as it is before identity is removed.

    Returns
    -------
    str
        Empty where the header says that there is none, and where it says nothing (BurnedInAnnotation can be
        left out) of an image as a detector made it: CR, DX or NM that was not captured from a screen.
    """
    said = str(dataset.get("BurnedInAnnotation") or "").strip().upper()
    if said == "YES":
        return "the header says that text is drawn into the picture: look at it, blank what names the patient"
    if said != "NO" and (modality_of(dataset) in _OFTEN_DRAWN_INTO or _is_captured(dataset)):
        return "text may be drawn into the picture (a captured image): look at it"
    return ""


def _is_captured(dataset: Dataset) -> bool:
    """Tell whether an image is stored as a secondary capture, whatever its modality, or says how it was."""
    meta = getattr(dataset, "file_meta", None) or {}
    said = str(dataset.get("SOPClassUID") or meta.get("MediaStorageSOPClassUID", "") or "")
    return f"{said}.".startswith(f"{SECONDARY_CAPTURE}.") or bool(dataset.get("ConversionType"))
