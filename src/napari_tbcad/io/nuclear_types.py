"""Which nuclear medicine images are whole-body scans, and what the others are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_tbcad.errors import BadInput
from napari_tbcad.io.dicom_file import first_number, values_of

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
_TC99M_KEV = 140.5
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
    named = [str(v).strip().upper() for v in values_of(dataset.get("ImageType"))]
    kind = named[2] if len(named) > 2 else ""
    rows, columns = (int(first_number(dataset.get(name)) or 0) for name in ("Rows", "Columns"))
    frames = int(first_number(dataset.get("NumberOfFrames")) or 1)
    if rows <= 0 or columns <= 0:
        raise BadInput(path, "the header states no size (Rows, Columns); is the file damaged?")
    tall = rows >= TALL * columns or (frames == 1 and rows >= columns)
    size = f"{columns} × {rows} pixels, {frames} frame{'s' if frames > 1 else ''}"
    if (first_number(dataset.get("SamplesPerPixel")) or 1) > 1:
        raise BadInput(path, "a colour picture of a scan (secondary capture): export the camera's own images")
    if kind in _TYPES and not (kind == "STATIC" and rows >= TALL * columns):
        raise BadInput(path, f"{_TYPES[kind]} ({size}), not a whole-body scan")
    for name, what in _VECTORS.items():
        if kind != "WHOLE BODY" and len({str(v) for v in values_of(dataset.get(name))}) > 1:
            raise BadInput(path, f"{what} ({size}), not a whole-body scan")
    if kind == "STATIC":
        warnings.append("The header calls this a static image; its shape is that of a whole-body view.")
    if kind != "WHOLE BODY" and not (rows >= TALL * columns):
        raise BadInput(path, f"{size}: not a whole-body scan (a spot view?)")
    if not tall:
        raise BadInput(path, f"{size}: wider than a whole-body view, although the header calls it one")


def photopeak_frames(dataset: Dataset, number: int) -> list[int] | None:
    """Return the frames of the energy window around 140 keV; None when the file does not name several.

    Parameters
    ----------
    dataset : Dataset
        The parsed file. A list with no frame means that no window, or more than one, holds 140 keV.
    number : int
        How many frames it has.
    """
    vector = [first_number(v) for v in values_of(dataset.get("EnergyWindowVector"))]
    if len(set(vector)) < 2 or len(vector) != number:
        return None
    right = []
    for number, window in enumerate(dataset.get("EnergyWindowInformationSequence") or [], start=1):
        for limits in window.get("EnergyWindowRangeSequence") or []:
            low, high = (first_number(limits.get(f"EnergyWindow{end}Limit")) for end in ("Lower", "Upper"))
            if low is not None and high is not None and low <= _TC99M_KEV <= high:
                right.append(number)
    return [i for i, number in enumerate(vector) if number == right[0]] if len(right) == 1 else []
