"""Whether a DICOM segmentation is of the image that it is given for, by what both headers say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from napari_tbcad.errors import BadInput
from napari_tbcad.io.dicom_file import damage_told, looks_like_dicom, parse_dicom
from napari_tbcad.io.masks import DICOM_SUFFIXES
from napari_tbcad.io.opening import first_bytes, opening_told

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_OPPOSITE = {"L": "R", "R": "L", "H": "F", "F": "H", "A": "P", "P": "A"}


def subject_notes(path: str | Path, image: str | Path) -> tuple[str, ...]:
    """Compare what a mask file and its image say of which image it is, from their headers alone.

    Parameters
    ----------
    path : str or Path
        Any mask file.
    image : str or Path
        The image that it is given for; any file, it need not exist.

    Returns
    -------
    tuple of str
        A sentence where the mask names other images than this one. It is no error: a copy without identity
        and one that was exported anew have other UIDs than the image that was segmented.

    Raises
    ------
    BadInput
        If both state how the patient lies in them, and it is the other way round. What only one of them
        states, or an image that is no DICOM file, cannot be compared.

    References
    ----------
    DICOM PS3.3, C.7.6.1.1.1 (patient orientation), C.8.20 (segmentation).
    """
    path, image = Path(path), Path(image)
    if path.suffix.lower() not in DICOM_SUFFIXES or not image.is_file():
        return ()
    with opening_told(image), damage_told(image):
        if not looks_like_dicom(first_bytes(image)):
            return ()
        header = parse_dicom(image, only=["SOPInstanceUID", "PatientOrientation"])
        uid, lies = str(header.get("SOPInstanceUID") or ""), _orientation(header)
    with opening_told(path), damage_told(path):
        said = parse_dicom(path, only=["ReferencedSeriesSequence", "PatientOrientation"])
        named, given = set(_instances(said)), _orientation(said)
    if any(_OPPOSITE.get(one) == other for one, other in zip(lies, given, strict=True)):
        way, own = ("\\".join(parts) for parts in (given, lies))
        cause = f"it lies the other way round than its image (PatientOrientation {way}, the image's is {own})"
        raise BadInput(path, f"{cause}; save it on the image's own grid")
    if uid and named and uid not in named:
        return (
            f"{path.name} says that it is of another image, or of another copy of this one: compare them.",
        )
    return ()


def _orientation(header: Dataset) -> tuple[str, str]:
    """Return to which side rows and columns run, a letter each; empty where the header does not say it."""
    said = header.get("PatientOrientation")
    if said is None or isinstance(said, str) or len(said) != 2:
        return "", ""
    return str(said[0])[:1].upper(), str(said[1])[:1].upper()


def _instances(header: Dataset) -> Iterator[str]:
    for series in header.get("ReferencedSeriesSequence") or ():
        for item in series.get("ReferencedInstanceSequence") or ():
            yield str(item.get("ReferencedSOPInstanceUID") or "")
