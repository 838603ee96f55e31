"""A bone scan's hotspots, regions and index as DICOM: segmentations of each view and a structured report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from napari_tbcad.bone.dicom_report import report_of
from napari_tbcad.imaging.bonescan import BoneScan
from napari_tbcad.io.clinic import codes
from napari_tbcad.io.clinic.accounts import Account
from napari_tbcad.io.clinic.export import Exported, Place, Sources, folder_of
from napari_tbcad.io.clinic.makers import Made, Maker
from napari_tbcad.io.clinic.report_writing import write_report
from napari_tbcad.io.clinic.segmentation import (
    JUDGED,
    Segment,
    WrittenSegmentation,
    write_segmentation,
)
from napari_tbcad.io.clinic.source import SourceImage
from napari_tbcad.schemes import HOTSPOT_COLOURS, REGION_IDS

_SERIES = {
    "anterior_hotspots": 903,
    "posterior_hotspots": 904,
    "anterior_regions": 905,
    "posterior_regions": 906,
}


@dataclass(frozen=True, eq=False)
class BoneFindings:
    """What there is to say of a bone scan.

    Parameters
    ----------
    name : str
        NAME of the files.
    scan : BoneScan
        Its views.
    halves : bool
        Whether both views were cut out of one picture.
    hotspots, regions : mapping of str to (H, W) array
        Label images by view, on the grid of the view's file.
    made : mapping of int to str
        Who made each hotspot, by id.
    makers : mapping of str to Maker
        Who made ``"anterior_hotspots"``, ``"posterior_regions"`` and so on, and with what.
    rows, region_rows : sequence of mapping
        As hotspots.csv and regions.csv have them.
    result : mapping
        As results.csv has it.
    account : Account
        What its record says in words.
    fresh : bool
        Whether the image was read from its file just now, so that it need not be read again.
    """

    name: str
    scan: BoneScan
    halves: bool
    hotspots: Mapping[str, NDArray[Any]]
    regions: Mapping[str, NDArray[Any]]
    made: Mapping[int, Made]
    makers: Mapping[str, Maker]
    rows: Sequence[Mapping[str, Any]]
    region_rows: Sequence[Mapping[str, Any]]
    result: Mapping[str, Any]
    account: Account
    fresh: bool = False


@dataclass(frozen=True, eq=False)
class _Written:
    """The segmentations of a scan by what they are called, and the image of each view."""

    sources: Mapping[str, SourceImage]
    segmentations: dict[str, WrittenSegmentation] = field(default_factory=dict)


def export_dicom(folder: str | Path, findings: BoneFindings, sources: Sources) -> Exported:
    """Write a scan's findings as DICOM.

    Parameters
    ----------
    folder : str or Path
        Receives ``NAME_{view}_hotspots.dcm`` and ``NAME_{view}_regions.dcm`` (segmentations),
        ``NAME_report.dcm`` (structured report) and, where a view is no frame of a DICOM file or is to be
        de-identified, ``NAME_source.dcm`` or ``NAME_{view}_source.dcm``. A view without hotspots has no
        segmentation of them.
    findings : BoneFindings
    sources : Sources
        Where images come from: as they are, or de-identified.

    Returns
    -------
    Exported
        The files, and what is to be noted.

    Raises
    ------
    BadInput
        If the folder cannot be written, or a label image is on another grid than its view.
    """
    account = findings.account
    with folder_of(folder, findings.name) as place:
        images = sources.views(
            findings.scan, findings.name, place, account.when, findings.halves, fresh=findings.fresh
        )
        written = _Written(images)
        for view in images:
            _write(place, findings, written, view, "hotspots", list(_hotspots(findings, view)))
            _write(place, findings, written, view, "regions", list(_regions(findings, view)))
        report = report_of(findings, images, written.segmentations)
        write_report(
            place.path("report"),
            report,
            list(images.values()),
            list(written.segmentations.values()),
            when=account.when,
            verified=account.finished,
        )
        return place.exported(tuple(note for image in images.values() for note in image.notes))


def _write(
    place: Place, findings: BoneFindings, written: _Written, view: str, kind: str, segments: list[Segment]
) -> None:
    if not segments:
        return
    what = f"{view}_{kind}"
    account = findings.account
    written.segmentations[what] = write_segmentation(
        place.path(what),
        written.sources[view],
        segments,
        name=f"{view[:4]}_{kind}".upper(),
        description=f"{kind.capitalize()}, {view} view",
        series=_SERIES[what],
        when=account.when,
        reader=account.reader_of(segment.made for segment in segments),
    )


def _hotspots(findings: BoneFindings, view: str) -> Iterator[Segment]:
    labels = findings.hotspots.get(view)
    if labels is None:
        return
    finder = findings.makers[f"{view}_hotspots"].finder
    for row in findings.rows:
        number, label = int(row["id"]), str(row["label"])
        mask = labels == number
        if row["view"] == view and mask.any():
            category, kind = codes.HOTSPOTS[label]
            yield Segment(
                mask=mask,
                label=f"hotspot {number}, {label.replace('_', '-')}",
                category=category,
                kind=kind,
                made=findings.made[number],
                algorithm=finder.name,
                family=finder.family,
                version=finder.version,
                track=f"hotspot {number}",
                colour=HOTSPOT_COLOURS[label],
                description=JUDGED if str(row.get("judged")) == "True" else "",
            )


def _regions(findings: BoneFindings, view: str) -> Iterator[Segment]:
    labels = findings.regions.get(view)
    if labels is None:
        return
    maker = findings.makers[f"{view}_regions"]
    for name, number in REGION_IDS.items():
        if (mask := labels == number).any():
            yield Segment(
                mask=mask,
                label=name,
                category=codes.ANATOMY,
                kind=codes.REGIONS[name],
                made=maker.made,
                algorithm=maker.finder.name,
                family=maker.finder.family,
                version=maker.finder.version,
                track=f"{name}, {view}",
            )
