"""Reading DICOM segmentations, our own and those of other programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.io.clinic.codes import (
    LUNG,
    LUNGS,
    OLD_LUNG,
    OLD_LUNGS,
    OLD_SIDES,
    SIDES,
    Concept,
)
from napari_tbcad.io.clinic.makers import Made, Maker, maker_from
from napari_tbcad.io.clinic.segmentation import JUDGED
from napari_tbcad.io.decoding import decoded
from napari_tbcad.io.dicom_file import damage_told, modality_of, parse_dicom, refuse_large_images
from napari_tbcad.io.opening import opening_told
from napari_tbcad.limits import MAX_IMAGE_BYTES, MAX_SEGMENTS
from napari_tbcad.schemes import LEFT, RIGHT

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_CLASSES = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")


@dataclass(frozen=True)
class SegmentFacts:
    """What a file says of a segment.

    Parameters
    ----------
    label, track : str
        What it is called, and its tracking identifier; empty when there is none.
    category, kind : Concept
        What is segmented, in general and in particular.
    side : int
        Label of the lung (1 right, 2 left) that it is, 0 for none.
    maker : Maker
        Who made it: a person, where the file does not say it.
    judged : bool
        Whether it says that a person judged the class.
    """

    label: str
    track: str
    category: Concept
    kind: Concept
    side: int
    maker: Maker
    judged: bool

    @property
    def made(self) -> Made:
        """``"AUTOMATIC"``, ``"SEMIAUTOMATIC"`` or ``"MANUAL"``."""
        return self.maker.made


@dataclass(frozen=True, eq=False)
class ReadSegment(SegmentFacts):
    """One segment of a file, with its pixels.

    Parameters
    ----------
    mask : (H, W) array of bool
    """

    mask: NDArray[np.bool_]


def is_segmentation(path: str | Path) -> bool:
    """Tell cheaply, from the header alone, whether a file is a DICOM segmentation; it need not exist."""
    try:
        with damage_told(Path(path)):
            return modality_of(parse_dicom(Path(path), only=["Modality"])) == "SEG"
    except (BadInput, OSError):
        return False


def spacing_of(path: str | Path) -> tuple[float, float] | None:
    """Return row and column spacing in mm that a segmentation states for all frames; None where it does not.

    Raises
    ------
    BadInput
        If the file is no DICOM file or is damaged.
    """
    with opening_told(Path(path)), damage_told(Path(path)):
        header = parse_dicom(Path(path), only=["SharedFunctionalGroupsSequence"])
        for shared in header.get("SharedFunctionalGroupsSequence") or ():
            for measures in shared.get("PixelMeasuresSequence") or ():
                rows, columns = (float(value) for value in measures.PixelSpacing)
                if rows > 0 and columns > 0:
                    return rows, columns
    return None


def read_segments(path: str | Path, shape: tuple[int, int] | None = None) -> tuple[ReadSegment, ...]:
    """Read the segments of a DICOM segmentation of one plane.

    Parameters
    ----------
    path : str or Path
        Binary, fractional (a pixel counts from half of the full scale) or a label map.
    shape : (int, int), optional
        Rows and columns of the image that it is for.

    Returns
    -------
    tuple of ReadSegment
        In order of their numbers; several frames of one segment are joined.

    Raises
    ------
    BadInput
        If it is no such file, is damaged, of another size, or of a volume.

    References
    ----------
    DICOM PS3.3, C.8.20 (segmentation), C.8.20.4.2 (segment description).
    """
    path = Path(path)
    with opening_told(path), damage_told(path):
        dataset = parse_dicom(path)
        if str(dataset.get("SOPClassUID", "")) not in _CLASSES:
            raise BadInput(path, "not a DICOM segmentation")
        _refuse_other_sizes(path, dataset, shape)
        described = {int(item.SegmentNumber): item for item in dataset.SegmentSequence}
        masks = {number: np.zeros((dataset.Rows, dataset.Columns), bool) for number in described}
        for number, frame in _frames(path, dataset):
            if number not in masks:
                raise BadInput(path, f"a frame is of segment {number}, which the file does not describe")
            masks[number] |= frame
        return tuple(
            ReadSegment(mask=masks[number], **_facts(described[number])) for number in sorted(described)
        )


def _refuse_other_sizes(path: Path, dataset: Dataset, shape: tuple[int, int] | None) -> None:
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    segments = len(dataset.get("SegmentSequence") or ())
    refuse_large_images(path, dataset)
    if segments > MAX_SEGMENTS or rows * columns * segments > MAX_IMAGE_BYTES:
        raise BadInput(path, f"{segments} segments of {rows} × {columns} pixels: refused")
    if not segments:
        raise BadInput(path, "a segmentation without segments")
    if shape is not None and (rows, columns) != tuple(shape):
        raise BadInput(
            path,
            f"the segmentation has {rows} × {columns} pixels (rows × columns) but its image has "
            f"{shape[0]} × {shape[1]}; save it on the image's own grid",
        )
    positions = {
        tuple(map(float, item.PlanePositionSequence[0].ImagePositionPatient))
        for item in dataset.get("PerFrameFunctionalGroupsSequence") or ()
        if "PlanePositionSequence" in item and "ImagePositionPatient" in item.PlanePositionSequence[0]
    }
    if len(positions) > 1:
        raise BadInput(path, f"a segmentation of a volume ({len(positions)} planes), not of a film")


def _frames(path: Path, dataset: Dataset) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Yield the number of a segment and a frame of it."""
    kind = str(dataset.get("SegmentationType", "BINARY"))
    stored = decoded(path, dataset)
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    if stored.shape[-2:] != (rows, columns):
        raise BadInput(path, f"its frames cannot be decoded: they are of the shape {stored.shape}")
    frames = stored.reshape(-1, rows, columns)
    if kind == "LABELMAP":
        for frame in frames:
            for number in np.unique(frame):
                if number:
                    yield int(number), frame == number
        return
    # Half of an odd scale lies between two values; half of an even one is a value, and counts.
    half = (int(dataset.get("MaximumFractionalValue") or 255) + 1) // 2 if kind == "FRACTIONAL" else 1
    shared = dataset.get("SharedFunctionalGroupsSequence") or [{}]
    groups: Sequence[Any] = dataset.get("PerFrameFunctionalGroupsSequence") or [{}] * len(frames)
    if len(groups) != len(frames):
        raise BadInput(path, f"it has {len(frames)} frames but describes {len(groups)}")
    for frame, group in zip(frames, groups, strict=True):
        named = group.get("SegmentIdentificationSequence") or shared[0].get("SegmentIdentificationSequence")
        if not named:
            raise BadInput(path, "a frame does not say which segment it is")
        yield int(named[0].ReferencedSegmentNumber), frame >= half


def _facts(item: Dataset) -> dict[str, Any]:
    label = str(item.get("SegmentLabel", ""))
    coded = (item.get("SegmentedPropertyTypeCodeSequence") or [None])[0]
    return {
        "label": label,
        "track": str(item.get("TrackingID", "")),
        "category": concept_of((item.get("SegmentedPropertyCategoryCodeSequence") or [None])[0]),
        "kind": concept_of(coded),
        "side": _side(coded, item, label),
        "maker": _maker(item),
        "judged": str(item.get("SegmentDescription") or "") == JUDGED,
    }


def _maker(item: Dataset) -> Maker:
    """Return who made a segment; nothing but its word for it makes it a program's."""
    made = str(item.get("SegmentAlgorithmType") or "")
    if made not in ("AUTOMATIC", "SEMIAUTOMATIC"):
        return Maker("MANUAL")
    described = (item.get("SegmentationAlgorithmIdentificationSequence") or [{}])[0]
    name = item.get("SegmentAlgorithmName") or described.get("AlgorithmName")
    family = concept_of((described.get("AlgorithmFamilyCodeSequence") or [None])[0])
    said = {"made": made, "name": name, "version": described.get("AlgorithmVersion"), "family": list(family)}
    return maker_from(said)


def segment_facts(path: str | Path) -> tuple[SegmentFacts, ...]:
    """Read what a DICOM segmentation says of its segments, from the header alone.

    Returns
    -------
    tuple of SegmentFacts
        In order of their numbers, as :func:`read_segments` gives them.

    Raises
    ------
    BadInput
        If it is no such file, or is damaged.
    """
    path = Path(path)
    with opening_told(path), damage_told(path):
        dataset = parse_dicom(path, only=["SOPClassUID", "SegmentSequence"])
        if str(dataset.get("SOPClassUID", "")) not in _CLASSES:
            raise BadInput(path, "not a DICOM segmentation")
        items = sorted(dataset.get("SegmentSequence") or (), key=lambda item: int(item.SegmentNumber))
        return tuple(SegmentFacts(**_facts(item)) for item in items[:MAX_SEGMENTS])


def concept_of(item: Any) -> Concept:
    """Return the concept that an item of a code sequence is."""
    if item is None:
        return Concept("", "", "")
    value = item.get("CodeValue") or item.get("LongCodeValue") or item.get("URNCodeValue") or ""
    return Concept(str(value), str(item.get("CodingSchemeDesignator", "")), str(item.get("CodeMeaning", "")))


def _side(coded: Any, item: Dataset, label: str) -> int:
    """Return which lung a segment is, by its codes, else by the words of its label."""
    kind = concept_of(coded).value
    for side, concept in LUNGS.items():
        if kind == concept.value:
            return side
    if kind in OLD_LUNGS:
        return OLD_LUNGS[kind]
    if kind in (LUNG.value, OLD_LUNG):
        modifiers = [
            concept_of(part).value
            for holder in (coded, item)
            for part in holder.get("SegmentedPropertyTypeModifierCodeSequence") or ()
        ]
        for modifier in modifiers:
            if modifier in OLD_SIDES:
                return OLD_SIDES[modifier]
            for side, concept in SIDES.items():
                if modifier == concept.value:
                    return side
    words = set(label.lower().replace("_", " ").replace("-", " ").split())
    if not words & {"lung", "lungs"} or {"right", "left"} <= words:
        return 0
    return RIGHT if "right" in words else LEFT if "left" in words else 0
