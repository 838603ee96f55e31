"""Which nuclear medicine images are whole-body scans, and what the others are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_tbcad.errors import BadInput
from napari_tbcad.io.dicom_file import first_number

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

TALL = 1.5
"""A whole-body view has at least this many rows a column; a spot view is square."""

_TYPES = {
    "STATIC": "a planar spot view",
    "DYNAMIC": "a dynamic study",
    "GATED": "a gated study",
    "TOMO": "a SPECT acquisition",
    "GATED TOMO": "a gated SPECT acquisition",
    "RECON TOMO": "a reconstructed SPECT volume",
    "RECON GATED TOMO": "a reconstructed gated SPECT volume",
}
_VECTORS = {
    "SliceVector": "a reconstructed SPECT volume",
    "AngularViewVector": "a SPECT acquisition",
    "RotationVector": "a SPECT acquisition",
    "RRIntervalVector": "a gated study",
    "TimeSlotVector": "a gated study",
    "PhaseVector": "a dynamic study",
    "TimeSliceVector": "a dynamic study",
}


def refuse_other_types(path: Path, dataset: Dataset, warnings: list[str]) -> None:
    """Raise BadInput for an NM image that is no whole-body view, naming what it is.

    Parameters
    ----------
    path : Path
        For the message.
    dataset : Dataset
        The parsed file.
    warnings : list of str
        Complaints are appended here.
    """
    named = [str(v).strip().upper() for v in dataset.get("ImageType") or []]
    kind = named[2] if len(named) > 2 else ""
    rows, columns = int(dataset.get("Rows") or 0), int(dataset.get("Columns") or 0)
    frames = int(first_number(dataset.get("NumberOfFrames")) or 1)
    tall = rows >= TALL * columns
    if int(dataset.get("SamplesPerPixel") or 1) > 1:
        raise BadInput(path, "a colour picture of a scan (secondary capture): export the camera's own images")
    for name, what in _VECTORS.items():
        if name in dataset and frames > 2:
            raise BadInput(path, f"{what} of {frames} frames, not a whole-body scan")
    if kind in _TYPES and not (kind == "STATIC" and tall):
        raise BadInput(path, f"{_TYPES[kind]} ({columns} × {rows}), not a whole-body scan")
    if kind == "STATIC":
        warnings.append("The header calls this a static image; its shape is that of a whole-body view.")
    if kind != "WHOLE BODY" and not tall:
        raise BadInput(path, f"an image of {columns} × {rows} pixels, not a whole-body scan (a spot view?)")
