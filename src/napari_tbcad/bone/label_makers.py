"""Who made hotspots and regions that were given as files, as DICOM segmentations say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from napari_tbcad.bone.hotspots import Mark, Origin
from napari_tbcad.imaging.bonescan import BoneScan
from napari_tbcad.io.clinic.makers import Made, Maker, facts_of

if TYPE_CHECKING:
    from napari_tbcad.bone.label_files import LabelFiles
    from napari_tbcad.io.clinic.segmentation_reading import SegmentFacts

ORIGINS: Mapping[Made, Origin] = MappingProxyType(
    {"AUTOMATIC": "program", "SEMIAUTOMATIC": "edited", "MANUAL": "file"}
)
"""Origin of a hotspot by who made its segment."""


def facts_in(files: LabelFiles, view: str) -> dict[int, SegmentFacts]:
    """Return what the file of a view says of each hotspot, by its number there; nothing of a picture.

    A class image beside it is a person's word on the classes.
    """
    path = files.hotspots.get(view)
    if path is None or path.suffix != ".dcm":
        return {}
    from napari_tbcad.io.clinic.segmentation_labels import hotspot_facts

    found = hotspot_facts(path)
    if view in files.classes:
        found = {number: replace(one, judged=True) for number, one in found.items()}
    return found


def by_file(mark: Mark, said: SegmentFacts | None) -> Mark:
    """Return a mark with the origin that its segment names; what a program made is not judged for that."""
    if said is None:
        return mark
    return replace(mark, origin=ORIGINS[said.made], judged=said.judged or said.made != "AUTOMATIC")


def facts_of_hotspots(files: LabelFiles, scan: BoneScan) -> dict[str, Any]:
    """Return what an edit that gives hotspots keeps of who made them.

    A program's work alone they are where every view's file says so and no class was judged.
    """
    from napari_tbcad.io.clinic.segmentation_labels import maker_of_file

    there = [view for view, _ in scan]
    makers: dict[str, Maker] = {}
    alone = True
    for view in there:
        if path := files.hotspots.get(view):
            maker = maker_of_file(path, "hotspots")
            if maker is not None:
                makers[view] = maker
            unjudged = not any(one.judged for one in facts_in(files, view).values())
            alone &= maker is not None and maker.made == "AUTOMATIC" and unjudged
        elif view in files.classes or view in files.boxes:
            alone = False
    return facts_of(makers, program=alone)


def facts_of_regions(files: LabelFiles, scan: BoneScan) -> dict[str, Any]:
    """Return what an edit that gives regions keeps of who made them."""
    from napari_tbcad.io.clinic.segmentation_labels import maker_of_file

    given = {view: files.regions[view] for view, _ in scan if view in files.regions}
    said = {view: maker_of_file(path, "regions") for view, path in given.items()}
    makers: dict[str, Maker] = {view: maker for view, maker in said.items() if maker is not None}
    alone = len(makers) == len(given) and all(one.made == "AUTOMATIC" for one in makers.values())
    return facts_of(makers, program=alone)
