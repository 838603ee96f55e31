"""A chest film's masks, features and result as DICOM: two segmentations and a structured report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad import __version__
from napari_tbcad.chest.feature_codes import feature_code, feature_place, feature_unit
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.io.clinic import codes
from napari_tbcad.io.clinic.accounts import Account
from napari_tbcad.io.clinic.export import Exported, Sources, folder_of
from napari_tbcad.io.clinic.makers import Maker
from napari_tbcad.io.clinic.report import Answer, Group, Measured, Report, SegmentReference, Statement
from napari_tbcad.io.clinic.report_writing import write_report
from napari_tbcad.io.clinic.segmentation import (
    Segment,
    WrittenSegmentation,
    tracking_uid,
    write_segmentation,
)
from napari_tbcad.io.clinic.source import SourceImage, uid_of
from napari_tbcad.notice import NOTICE
from napari_tbcad.schemes import LUNG_COLOURS, LUNG_NAMES

KINDS = ("sensitive", "insensitive")

_SERIES = {"sensitive": 901, "insensitive": 902}
_TITLES = {
    "sensitive": "Lungs, sensitive mask: air cavity",
    "insensitive": "Lungs, insensitive mask: lung field",
}
_NUMBERS = (
    *("probability", "probability_stage1", "probability_stage2", "decision_score_1", "decision_score_2"),
    *("threshold", "gate", "deciding_stage"),
)
_SHAPE = ("shape", "modes")


@dataclass(frozen=True, eq=False)
class MaskFound:
    """A mask and who made it.

    Parameters
    ----------
    labels : (H, W) array of uint8
        On the film's own grid: 1 right lung, 2 left lung.
    maker : Maker
        Who made it, and what found it, or what the person corrected.
    """

    labels: NDArray[np.uint8]
    maker: Maker


@dataclass(frozen=True, eq=False)
class ChestFindings:
    """What there is to say of a film.

    Parameters
    ----------
    name : str
        NAME of the files.
    film : Radiograph
        As read.
    masks : mapping of str to MaskFound
        By kind.
    features : mapping of str to float
    groups : mapping of str to str
        Group of each feature.
    measured : mapping
        ``definition`` and ``shape_unit`` of the features' parameters, and what else is to be noted.
    result : mapping
        As results.csv names its values; empty where there is none.
    account : Account
        What its record says in words.
    fresh : bool
        Whether the image was read from its file just now, so that it need not be read again.
    """

    name: str
    film: Radiograph
    masks: Mapping[str, MaskFound]
    account: Account
    features: Mapping[str, float] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    measured: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    fresh: bool = False


def export_dicom(folder: str | Path, findings: ChestFindings, sources: Sources) -> Exported:
    """Write a film's findings as DICOM.

    Parameters
    ----------
    folder : str or Path
        Receives ``NAME_sensitive.dcm`` and ``NAME_insensitive.dcm`` (segmentations), ``NAME_report.dcm``
        (structured report) and, where the film is no DICOM file or is to be de-identified,
        ``NAME_source.dcm``.
    findings : ChestFindings
    sources : Sources
        Where images come from: as they are, or de-identified.

    Returns
    -------
    Exported
        The files, and what is to be noted.

    Raises
    ------
    BadInput
        If there is no mask, or the folder cannot be written.
    """
    account = findings.account
    with folder_of(folder, findings.name) as place:
        source = sources.film(findings.film, findings.name, place, account.when, fresh=findings.fresh)
        written = {
            kind: write_segmentation(
                place.path(kind),
                source,
                list(_segments(mask, kind)),
                name=f"LUNGS_{kind.upper()}",
                description=_TITLES[kind],
                series=_SERIES[kind],
                when=account.when,
                reader=account.reader_of([mask.maker.made]),
            )
            for kind, mask in findings.masks.items()
            if mask.labels.any()
        }
        report = report_of(findings, source, written)
        write_report(
            place.path("report"),
            report,
            [source],
            list(written.values()),
            when=account.when,
            verified=account.finished,
        )
        return place.exported(source.notes)


def _segments(mask: MaskFound, kind: str) -> Iterator[Segment]:
    for side, name in LUNG_NAMES.items():
        yield Segment(
            mask=mask.labels == side,
            label=f"{name}, {kind}",
            category=codes.ANATOMY,
            kind=codes.LUNGS[side],
            made=mask.maker.made,
            algorithm=mask.maker.finder.name,
            family=mask.maker.finder.family,
            version=mask.maker.finder.version,
            track=f"{name}, {kind}",
            colour=LUNG_COLOURS[side],
        )


def report_of(
    findings: ChestFindings, source: SourceImage, segmentations: Mapping[str, WrittenSegmentation]
) -> Report:
    """Return what the structured report of a film says, with references to its segmentations."""
    groups = [*_lungs(findings, source, segmentations), *_features(findings, source, segmentations)]
    result, account = findings.result, findings.account
    numbers = tuple(
        Measured(name, codes.own(name), float(result[name]), codes.NO_UNITS)
        for name in _NUMBERS
        if result.get(name) is not None and isfinite(float(result[name]))
    )
    if numbers:
        groups.append(
            Group("result", uid_of("result", source.uid), measurements=numbers, images=(source.uid,))
        )
    answers: tuple[Answer, ...] = ()
    if (decision := str(result.get("decision", ""))) in codes.DECISIONS:
        answers = (Answer(codes.DECISION, codes.DECISIONS[decision]),)
    notices = dict.fromkeys(text for text in (NOTICE, str(result.get("notice") or "")) if text)
    return Report(
        procedure=codes.FILM_READ,
        groups=tuple(groups),
        answers=answers,
        statements=(
            *(Statement(codes.NOTICE, text) for text in notices),
            *(Statement(codes.MODEL, text) for text in account.models),
            *(Statement(codes.SETTING, f"{name}: {value}") for name, value in findings.measured.items()),
            *(Statement(codes.CORRECTED, text) for text in account.corrections),
            *(Statement(codes.WARNING, text) for text in (*account.warnings, *_left_out(findings))),
            *(Statement(codes.MADE_UP, text) for text in source.notes),
        ),
        readers=account.readers,
        program=__version__,
    )


def _lungs(
    findings: ChestFindings, source: SourceImage, segmentations: Mapping[str, WrittenSegmentation]
) -> Iterator[Group]:
    """Yield a group for each lung of each mask: its size, and who made it."""
    for kind, mask in findings.masks.items():
        for side, name in LUNG_NAMES.items():
            track = f"{name}, {kind}"
            if kind not in segmentations or track not in segmentations[kind].frames:
                continue
            area = int(np.count_nonzero(mask.labels == side))
            sizes = [Measured("area_px", codes.AREA, area, codes.PIXELS)]
            if (spacing := findings.film.spacing_mm) is not None:
                size = area * spacing[0] * spacing[1]
                sizes.append(Measured("area_mm2", codes.AREA, size, codes.SQUARE_MM))
            written = segmentations[kind]
            yield Group(
                id=track,
                uid=tracking_uid(source, track),
                finding=codes.LUNGS[side],
                measurements=tuple(sizes),
                answers=(Answer(codes.MADE, codes.own(mask.maker.made.lower())),),
                segment=SegmentReference(written.uid, written.frames[track], source.uid),
            )


def _left_out(findings: ChestFindings) -> Iterator[str]:
    """Say which features are no numbers: DICOM has no place for such."""
    if names := [name for name, value in findings.features.items() if not isfinite(value)]:
        yield f"Features without a finite value were left out: {', '.join(names)}."


def _features(
    findings: ChestFindings, source: SourceImage, segmentations: Mapping[str, WrittenSegmentation]
) -> Iterator[Group]:
    definition = str(findings.measured.get("definition", "ibsi"))
    unit = str(findings.measured.get("shape_unit", "pixel"))
    for group in dict.fromkeys(findings.groups.values()):
        values = []
        for name, value in findings.features.items():
            if findings.groups[name] == group and isfinite(value):
                site, side = feature_place(name)
                code, in_unit = feature_code(name, definition), feature_unit(name, unit)
                values.append(Measured(name, code, float(value), in_unit, site, side))
        read = "sensitive" if group in _SHAPE else "insensitive"
        images = (source.uid, *((segmentations[read].uid,) if read in segmentations else ()))
        yield Group(
            id=f"features {group}",
            uid=uid_of("features", group, source.uid),
            site=codes.LUNG,
            measurements=tuple(values),
            images=images,
        )
