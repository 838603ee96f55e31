"""What the structured report of a bone scan says: hotspots, regions, the index and what it depends on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tbcad import __version__
from napari_tbcad.io.clinic import codes
from napari_tbcad.io.clinic.report import Answer, Group, Measured, Report, SegmentReference, Statement
from napari_tbcad.io.clinic.segmentation import WrittenSegmentation, tracking_uid
from napari_tbcad.io.clinic.source import SourceImage, uid_of
from napari_tbcad.notice import NOTICE

if TYPE_CHECKING:
    from napari_tbcad.bone.dicom_export import BoneFindings

_HOTSPOT_NUMBERS = {
    "area_px": codes.PIXELS,
    "area_mm2": codes.SQUARE_MM,
    "row": codes.PIXELS,
    "column": codes.PIXELS,
    "eccentricity": codes.NO_UNITS,
    "solidity": codes.NO_UNITS,
    "peak": codes.COUNTS,
    "mean": codes.COUNTS,
    "total": codes.COUNTS,
    "ratio_contralateral": codes.NO_UNITS,
    "ratio_reference": codes.NO_UNITS,
    "ratio_region": codes.NO_UNITS,
    "probability": codes.NO_UNITS,
    "uncertainty": codes.NO_UNITS,
    "linked": codes.NO_UNITS,
}
_REGION_NUMBERS = {
    "fraction_anterior": codes.NO_UNITS,
    "fraction_posterior": codes.NO_UNITS,
    "weight": codes.PERCENT,
    "contribution": codes.PERCENT,
    "contribution_judged": codes.PERCENT,
}
_RESULT_NUMBERS = {
    "bsi": codes.PERCENT,
    "bsi_judged": codes.PERCENT,
    **dict.fromkeys(
        ("n_abnormal", "n_judged", "n_lesions", "n_outside", "n_normal", "n_non_bone", "n_ignore"),
        codes.NO_UNITS,
    ),
    "counts_anterior": codes.COUNTS,
    "counts_posterior": codes.COUNTS,
}
_SETTINGS = ("weights", "combine", "scheme", "unit", "anterior_rule", "posterior_rule")
_AREAS = ("area_px", "area_mm2")


def report_of(
    findings: BoneFindings,
    sources: Mapping[str, SourceImage],
    segmentations: Mapping[str, WrittenSegmentation],
) -> Report:
    """Return what the structured report of a scan says, with references to its segmentations."""
    images = tuple(dict.fromkeys(source.uid for source in sources.values()))
    first = next(iter(sources.values()))
    account = findings.account
    groups = [
        *_hotspot_groups(findings, sources, segmentations),
        *_region_groups(findings, first, images, segmentations),
        Group(
            "result",
            uid_of("result", first.uid),
            site=codes.SKELETON,
            measurements=_numbers(findings.result, _RESULT_NUMBERS),
            images=images,
        ),
    ]
    notes = dict.fromkeys(note for source in sources.values() for note in source.notes)
    settings = ((name, findings.result.get(name)) for name in _SETTINGS)
    return Report(
        procedure=codes.SCAN_READ,
        groups=tuple(groups),
        statements=(
            Statement(codes.NOTICE, NOTICE),
            *(Statement(codes.MODEL, text) for text in account.models),
            *(Statement(codes.SETTING, f"{name}: {value}") for name, value in settings if value),
            *(Statement(codes.CORRECTED, text) for text in account.corrections),
            *(Statement(codes.WARNING, text) for text in account.warnings),
            *(Statement(codes.MADE_UP, text) for text in notes),
        ),
        readers=account.readers,
        program=__version__,
    )


def _hotspot_groups(
    findings: BoneFindings,
    sources: Mapping[str, SourceImage],
    segmentations: Mapping[str, WrittenSegmentation],
) -> Iterator[Group]:
    for row in findings.rows:
        written = segmentations.get(f"{row['view']}_hotspots")
        track = f"hotspot {int(row['id'])}"
        if written is None or track not in written.frames:
            continue
        source, label = sources[str(row["view"])], str(row["label"])
        judged = str(row.get("judged")) == "True"
        yield Group(
            id=track,
            uid=tracking_uid(source, track),
            finding=codes.HOTSPOTS[label][1],
            site=codes.REGIONS.get(str(row.get("region") or "")),
            measurements=_numbers(row, _units(findings)),
            answers=(
                Answer(codes.HOTSPOT_CLASS, codes.own(label)),
                Answer(codes.JUDGED, codes.YES if judged else codes.NO),
                Answer(codes.MADE, codes.own(findings.made[int(row["id"])].lower())),
            ),
            segment=SegmentReference(written.uid, written.frames[track], source.uid),
        )


def _units(findings: BoneFindings) -> dict[str, codes.Concept]:
    """Return the unit of each number of a hotspot: an image export has grey levels, not counts."""
    grey = findings.scan.unit == "grey"
    return {
        name: codes.GREY if grey and unit is codes.COUNTS else unit for name, unit in _HOTSPOT_NUMBERS.items()
    }


def _region_groups(
    findings: BoneFindings,
    first: SourceImage,
    images: tuple[str, ...],
    segmentations: Mapping[str, WrittenSegmentation],
) -> Iterator[Group]:
    masks = tuple(written.uid for name, written in segmentations.items() if name.endswith("_regions"))
    for row in findings.region_rows:
        name = str(row["region"])
        yield Group(
            id=f"region {name}",
            uid=uid_of("region", name, first.uid),
            site=codes.REGIONS[name],
            measurements=_numbers(row, _REGION_NUMBERS),
            images=(*images, *masks),
        )


def _numbers(row: Mapping[str, Any], units: Mapping[str, codes.Concept]) -> tuple[Measured, ...]:
    """Return the numbers of a table's row that are there."""
    found = []
    for name, unit in units.items():
        value = row.get(name)
        if value is not None and value != "" and np.isfinite(number := float(value)):
            code = codes.AREA if name in _AREAS else codes.own(name)
            found.append(Measured(name, codes.BONE_SCAN_INDEX if name == "bsi" else code, number, unit))
    return tuple(found)
