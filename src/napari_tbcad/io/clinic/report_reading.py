"""Reading a DICOM structured report of the template TID 1500 back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from napari_tbcad.errors import BadInput
from napari_tbcad.io.clinic.codes import Concept
from napari_tbcad.io.clinic.report import Answer, Group, Measured, Report, SegmentReference, Statement
from napari_tbcad.io.clinic.segmentation_reading import concept_of
from napari_tbcad.io.clinic.whole import is_whole
from napari_tbcad.io.dicom_file import damage_told, parse_dicom
from napari_tbcad.io.opening import opening_told
from napari_tbcad.limits import MAX_REPORT_ITEMS

_MEASUREMENTS, _GROUP = "126010", "125007"
_QUALITATIVE = "C0034375"
_TRACK, _TRACK_UID = "112039", "112040"
_FINDING, _SITE, _SIDE = "121071", "363698007", "272741003"
_SEGMENT, _SEGMENT_SOURCE, _SOURCE = "121214", "121233", "121112"
_PROCEDURE, _PERSON, _DEVICE_MODEL = "121058", "121008", "121015"


def read_report(path: str | Path) -> Report:
    """Read a measurement report.

    Parameters
    ----------
    path : str or Path
        A DICOM structured report whose root is a measurement report (TID 1500), of this program or another.

    Returns
    -------
    Report
        Of one of ours, every number, code and reference of the report that was written. Texts lack blanks at
        their end, which DICOM takes for padding; readers are called as
        :func:`~napari_tbcad.io.clinic.references.person_name` writes them (``Anne^B`` is ``Anne B``), and one
        of whose name nothing is left is missing. Of another's, what has a place in it.

    Raises
    ------
    BadInput
        If the file is no such report or is damaged.
    """
    path = Path(path)
    with opening_told(path), damage_told(path):
        dataset = parse_dicom(path)
        templates = [
            str(one.get("TemplateIdentifier", "")) for one in dataset.get("ContentTemplateSequence") or ()
        ]
        if templates != ["1500"]:
            raise BadInput(path, "no measurement report (DICOM SR, TID 1500)")
        if not is_whole(path, dataset):
            raise BadInput(path, "truncated DICOM file: the report is not complete")
        if sum(1 for _ in _all(dataset)) > MAX_REPORT_ITEMS:
            raise BadInput(path, f"it has more than {MAX_REPORT_ITEMS} content items: refused")
        return _report(dataset)


def _all(item: Any, depth: int = 0) -> Iterator[Any]:
    for child in item.get("ContentSequence") or ():
        yield child
        if depth < 50:
            yield from _all(child, depth + 1)


def _report(root: Any) -> Report:
    groups: list[Group] = []
    answers: list[Answer] = []
    statements: list[Statement] = []
    for child in root.ContentSequence:
        code = _name(child).value
        if code == _MEASUREMENTS:
            groups += [
                _group(one) for one in child.get("ContentSequence") or () if _name(one).value == _GROUP
            ]
        elif code == _QUALITATIVE:
            for one in child.get("ContentSequence") or ():
                if one.ValueType == "CODE":
                    answers.append(Answer(_name(one), _code(one)))
                elif one.ValueType == "TEXT":
                    statements.append(Statement(_name(one), str(one.TextValue)))
    return Report(
        procedure=next((_code(one) for one in _named(root, _PROCEDURE)), Concept("", "", "")),
        groups=tuple(groups),
        answers=tuple(answers),
        statements=tuple(statements),
        readers=tuple(str(one.PersonName) for one in _named(root, _PERSON)),
        program=next((str(one.TextValue) for one in _named(root, _DEVICE_MODEL)), ""),
    )


def _group(item: Any) -> Group:
    finding = next((_code(one) for one in _named(item, _FINDING) if one.ValueType == "CODE"), None)
    numbers = [one for one in item.ContentSequence if one.ValueType == "NUM"]
    known = {_TRACK, _TRACK_UID, _FINDING, _SITE}
    coded = [one for one in item.ContentSequence if one.ValueType == "CODE" and _name(one).value not in known]
    return Group(
        id=next((str(one.TextValue) for one in _named(item, _TRACK)), ""),
        uid=next((str(one.UID) for one in _named(item, _TRACK_UID)), ""),
        finding=finding,
        site=next((_code(one) for one in _named(item, _SITE)), None),
        measurements=tuple(_measured(one) for one in numbers if one.get("MeasuredValueSequence")),
        answers=tuple(Answer(_name(one), _code(one)) for one in coded),
        segment=_segment(item),
        images=tuple(_reference(one).ReferencedSOPInstanceUID for one in _named(item, _SOURCE)),
    )


def _measured(item: Any) -> Measured:
    value = item.MeasuredValueSequence[0]
    number = value.FloatingPointValue if "FloatingPointValue" in value else value.NumericValue
    name = _name(item)
    site = next(iter(_named(item, _SITE)), None)
    side = None if site is None else next((_code(one) for one in _named(site, _SIDE)), None)
    return Measured(
        id=next((str(one.TextValue) for one in _named(item, _TRACK)), name.meaning),
        name=name,
        value=float(number),
        unit=concept_of(value.MeasurementUnitsCodeSequence[0]),
        site=None if site is None else _code(site),
        side=side,
    )


def _segment(item: Any) -> SegmentReference | None:
    for one in _named(item, _SEGMENT):
        found = _reference(one)
        source = next((_reference(of) for of in _named(item, _SEGMENT_SOURCE)), None)
        return SegmentReference(
            instance=str(found.ReferencedSOPInstanceUID),
            frame=_first(found.get("ReferencedFrameNumber")),
            source="" if source is None else str(source.ReferencedSOPInstanceUID),
        )
    return None


def _first(value: Any) -> int:
    if value is None:
        return 1
    return int(value if isinstance(value, int | str) else value[0])


def _reference(item: Any) -> Any:
    return item.ReferencedSOPSequence[0]


def _named(item: Any, code: str) -> Iterator[Any]:
    for one in item.get("ContentSequence") or ():
        if _name(one).value == code:
            yield one


def _name(item: Any) -> Concept:
    return concept_of((item.get("ConceptNameCodeSequence") or [None])[0])


def _code(item: Any) -> Concept:
    return concept_of((item.get("ConceptCodeSequence") or [None])[0])
