"""How a patient lies in a picture: as its header states it, or as such a view is taken to lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_tbcad.io.dicom_file import modality_of

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

FACING = {"anterior": ("L", "F"), "posterior": ("R", "F")}
"""Where rows and columns of a picture run to, of a patient who is seen from the front or from the back."""

_FROM = {"anterior": "the front", "posterior": "behind"}


def facing(view: str, mirrored: bool) -> list[str]:
    """Return where rows and columns of a stored view run to: turned over, a back lies as a front does."""
    other = {"anterior": "posterior", "posterior": "anterior"}
    return list(FACING[other[view] if mirrored else view])


def lying(dataset: Dataset, frames: int, view: str, mirrored: bool, notes: list[str]) -> list[str]:
    """Return where rows and columns of a frame run to, as the file states it where that can be true.

    Parameters
    ----------
    dataset : Dataset
        The file.
    frames : int
        How many it has.
    view : {"anterior", "posterior"}
        From where the patient is seen in this frame.
    mirrored : bool
        Whether the frame is turned over left to right.
    notes : list of str
        What was assumed is appended here.
    """
    stated, lies = _orientation(dataset), facing(view, mirrored)
    if not stated:
        notes.append(assumed(view, mirrored))
    elif frames > 1 and modality_of(dataset) == "NM" and stated != lies:
        notes.append(_contradicted(view, mirrored))
    else:
        return stated
    return lies


def _orientation(dataset: Dataset) -> list[str]:
    said = dataset.get("PatientOrientation")
    stated = said is not None and not isinstance(said, str) and len(said) == 2 and all(said)
    return [str(part) for part in said] if stated else []


def assumed(view: str, mirrored: bool) -> str:
    """Say how the patient was taken to lie in an image that does not state it."""
    return (
        "The image does not state how the patient lies in it (PatientOrientation). Assumed: "
        f"{_taken(view, mirrored)}."
    )


def _contradicted(view: str, mirrored: bool) -> str:
    return (
        "The image states how the patient lies in it (PatientOrientation) once for all of its frames, which "
        f"contradicts one of them. Taken instead: {_taken(view, mirrored)}."
    )


def _taken(view: str, mirrored: bool) -> str:
    side = {"L": "left", "R": "right"}[facing(view, mirrored)[0]]
    turned = ", turned over left to right" if mirrored else ""
    return f"a view from {_FROM[view]}{turned}, rows running to the patient's {side}, columns to the feet"


def view_assumed(view: str, rule: str, confidence: float) -> str:
    """Say by what a view was named where the image's header does not state it; "" where it does.

    Parameters
    ----------
    view : {"anterior", "posterior"}
    rule : str
        See :class:`~napari_tbcad.imaging.bonescan.ScanView`.
    confidence : float
        In [0, 1].
    """
    by = {
        "file_name": f"the file's name says {view}",
        "content": f"assumed to be {view} by what it shows (confidence {confidence:.2f})",
        "partner": f"assumed to be {view}, as the other view is not",
        "person": f"a person said {view}",
    }.get(rule)
    return f"The image's header does not state from where it sees the patient: {by}." if by else ""
