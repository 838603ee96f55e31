"""What segmentations and reports have in common: true references, codes, names and times."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime
from typing import TYPE_CHECKING, Any

from napari_tbcad.io.clinic.codes import Concept
from napari_tbcad.io.clinic.source import SECONDARY_CAPTURE, SourceImage, uid_of

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def coded(concept: Concept) -> Any:
    """Return a concept as highdicom takes it."""
    import highdicom as hd

    return hd.sr.CodedConcept(concept.value, concept.scheme, concept.meaning)


def person_name(reader: str) -> str:
    r"""Return a reader's name as a person name: a single group, without ``\ ^ =`` and control characters."""
    return " ".join("".join(c if c.isprintable() and c not in "\\^=" else " " for c in reader).split())[:64]


def point_at(dataset: Dataset, source: SourceImage) -> None:
    """Have references to the stand-in name the true image: its storage class and frame."""
    if "ReferencedSeriesSequence" in dataset:
        # highdicom lists one and the same item here and among the sources; here a frame is not allowed.
        dataset.ReferencedSeriesSequence = deepcopy(dataset.ReferencedSeriesSequence)
    for item, inside in items_below(dataset):
        if str(item.get("ReferencedSOPInstanceUID", "")) != source.uid:
            continue
        if str(item.get("ReferencedSOPClassUID", "")) == SECONDARY_CAPTURE:
            item.ReferencedSOPClassUID = source.sop_class
        if source.frame is not None and inside == "SourceImageSequence":
            item.ReferencedFrameNumber = source.frame


def items_below(dataset: Dataset) -> Iterator[tuple[Dataset, str]]:
    """Yield every item below a data set with the keyword of the sequence that it is in."""
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                yield item, element.keyword
                yield from items_below(item)


def date_as(dataset: Dataset, when: datetime) -> None:
    """Set the times of writing to that of the content: the same study gives the same bytes."""
    for item, inside in items_below(dataset):
        if inside == "ContributingEquipmentSequence":
            item.ContributionDateTime = when.strftime("%Y%m%d%H%M%S")
        if "DimensionOrganizationUID" in item:
            item.DimensionOrganizationUID = uid_of("dimensions", str(dataset.SOPInstanceUID))
    for keyword in ("ContentDate", "InstanceCreationDate", "SeriesDate"):
        if keyword in dataset:
            setattr(dataset, keyword, when.strftime("%Y%m%d"))
    for keyword in ("ContentTime", "InstanceCreationTime", "SeriesTime"):
        if keyword in dataset:
            setattr(dataset, keyword, when.strftime("%H%M%S"))
