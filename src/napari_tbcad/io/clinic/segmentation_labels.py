"""Lungs, hotspots and skeleton regions in DICOM segmentations, as label images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.io.clinic.codes import ANATOMIES, HOTSPOTS, REGIONS
from napari_tbcad.io.clinic.makers import Maker, together
from napari_tbcad.io.clinic.segmentation_reading import (
    ReadSegment,
    SegmentFacts,
    read_segments,
    segment_facts,
)
from napari_tbcad.io.masks import DICOM_SUFFIXES
from napari_tbcad.schemes import REGION_IDS, REGION_NAMES


def lungs_of(path: str | Path, shape: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """Read the lungs of a DICOM segmentation.

    Returns
    -------
    (H, W) array of uint8
        0 background, 1 right lung, 2 left lung. Several segments of one side, such as lobes, are joined;
        segments of other things are passed over.

    Raises
    ------
    BadInput
        As :func:`read_segments` does, and if there is no lung in it or the two overlap.
    """
    segments = read_segments(path, shape)
    labels = np.zeros(segments[0].mask.shape, np.uint8)
    for segment in segments:
        if segment.side:
            shared = int(np.count_nonzero(segment.mask & (labels > 0) & (labels != segment.side)))
            if shared:
                raise BadInput(path, f"the lungs overlap in {shared} pixels")
            labels[segment.mask] = segment.side
    if not labels.any():
        names = ", ".join(f"“{segment.label}”" for segment in segments[:3])
        raise BadInput(path, f"no segment in it is a lung ({names}): name them right lung and left lung")
    return labels


def hotspots_of(
    path: str | Path, shape: tuple[int, int] | None = None
) -> tuple[NDArray[np.uint16], dict[int, str]]:
    """Read the hotspots of a DICOM segmentation.

    Returns
    -------
    labels : (H, W) array of uint16
        A number of its own for each segment: the one in its tracking identifier (``"hotspot 3"``), else
        that of the segment. What was taken already by a lower segment stays its own.
    classes : dict of int to str
        Class by number: as coded; of other programs, what they call an anatomical structure is ``"ignore"``,
        all else abnormal.

    Raises
    ------
    BadInput
        As :func:`read_segments` does.
    """
    segments = read_segments(path, shape)
    labels = np.zeros(segments[0].mask.shape, np.uint16)
    classes: dict[int, str] = {}
    for number, segment in zip(_numbers(segments), segments, strict=True):
        own = segment.mask & (labels == 0)
        if own.any():
            labels[own] = number
            classes[number] = _class(segment)
    return labels, classes


def _class(segment: ReadSegment) -> str:
    """Return the class of a hotspot; another program's kidney or bladder is no lesion and does not count."""
    for name, (_, kind) in HOTSPOTS.items():
        if kind.same(segment.kind):
            return name
    return "ignore" if segment.category.value in ANATOMIES else "abnormal"


def hotspot_facts(path: str | Path) -> dict[int, SegmentFacts]:
    """Return what a segmentation says of each hotspot, by the number that :func:`hotspots_of` gives it.

    Raises
    ------
    BadInput
        As :func:`~napari_tbcad.io.clinic.segmentation_reading.segment_facts` does.
    """
    segments = segment_facts(path)
    return dict(zip(_numbers(segments), segments, strict=True))


def _numbers(segments: Sequence[SegmentFacts]) -> list[int]:
    tracked = [number for segment in segments if (number := _number(segment.track)) is not None]
    unique = len(set(tracked)) == len(segments)
    return tracked if unique else list(range(1, len(segments) + 1))


def _number(track: str) -> int | None:
    word, _, number = track.rpartition(" ")
    return int(number) if word == "hotspot" and number.isdecimal() and 0 < int(number) <= 65535 else None


def regions_of(path: str | Path, shape: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """Read the skeleton regions of a DICOM segmentation.

    Returns
    -------
    (H, W) array of uint8
        0 outside, 1 to 12 as in :data:`~napari_tbcad.schemes.REGION_NAMES`. Several segments of one region
        are joined; segments of other things are passed over.

    Raises
    ------
    BadInput
        As :func:`read_segments` does, and if no segment is a skeleton region or two regions overlap: which of
        them a pixel counts in would be chance.
    """
    segments = read_segments(path, shape)
    labels = np.zeros(segments[0].mask.shape, np.uint8)
    for segment in segments:
        for name, concept in REGIONS.items():
            if concept.same(segment.kind):
                number = REGION_IDS[name]
                shared = np.bincount(labels[segment.mask], minlength=number + 1)[1:]
                shared[number - 1] = 0
                if shared.any():
                    other = REGION_NAMES[int(shared.argmax())]
                    raise BadInput(path, f"{name} and {other} overlap in {int(shared.max())} pixels")
                labels[segment.mask] = number
    if not labels.any():
        raise BadInput(path, "no segment in it is a skeleton region")
    return labels


def maker_of_file(path: str | Path, kind: str) -> Maker | None:
    """Return who made what a mask file holds, as it says itself, from its header alone.

    Parameters
    ----------
    path : str or Path
        Any mask file.
    kind : {"lungs", "hotspots", "regions"}
        What is read of it; what its other segments say does not matter.

    Returns
    -------
    Maker or None
        None where the file does not say it: only a DICOM segmentation can.

    Raises
    ------
    BadInput
        If it is called a DICOM file and is no segmentation, or is damaged.
    """
    if Path(path).suffix.lower() not in DICOM_SUFFIXES:
        return None
    known = {concept[:2] for concept in REGIONS.values()}
    taken = [
        segment.maker
        for segment in segment_facts(path)
        if kind == "hotspots" or (segment.side > 0 if kind == "lungs" else segment.kind[:2] in known)
    ]
    return together(taken) if taken else None
