"""Structured reports: what is written is read back equal, number by number."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from datetime import datetime

import numpy as np
import pydicom
import pytest

from napari_tbcad.errors import BadInput
from napari_tbcad.io.clinic import codes
from napari_tbcad.io.clinic.provenance import moment
from napari_tbcad.io.clinic.report import Answer, Group, Measured, Report, SegmentReference, Statement
from napari_tbcad.io.clinic.report_reading import read_report
from napari_tbcad.io.clinic.report_writing import write_report
from napari_tbcad.io.clinic.segmentation import Segment, tracking_uid, write_segmentation
from napari_tbcad.io.clinic.source import dicom_source, uid_of
from napari_tbcad.io.nuclear_writing import write_nuclear

WHEN = datetime(2026, 11, 23, 12, 30)


@pytest.fixture
def scan(tmp_path):
    """The two views of a scan, a segmentation of one of them, and a report about both."""
    pixels = np.zeros((48, 16))
    pixels[4:9, 4:9] = 7
    path = write_nuclear(tmp_path / "scan.dcm", [pixels, pixels])
    front, back = dicom_source(path), dicom_source(path, frame=1, view="posterior")
    spot = Segment(
        pixels > 0,
        "hotspot 3",
        *codes.HOTSPOTS["abnormal"],
        "AUTOMATIC",
        "x",
        codes.FAMILIES["network"],
        "hotspot 3",
    )
    seg = write_segmentation(
        tmp_path / "seg.dcm", back, [spot], name="T", description="t", series=9, when=WHEN
    )
    hotspot = Group(
        id="hotspot 3",
        uid=tracking_uid(back, "hotspot 3"),
        finding=codes.LESION,
        site=codes.REGIONS["skull"],
        measurements=(
            Measured("area_px", codes.AREA, 25.0, codes.PIXELS),
            Measured("third", codes.own("third"), 1 / 3, codes.NO_UNITS),
            Measured("tiny", codes.own("a_name_longer_than_sixteen_letters"), 1e-300, codes.NO_UNITS),
            Measured("side", codes.own("side"), -math.pi * 1e9, codes.DEGREES, codes.LUNG, codes.SIDES[2]),
        ),
        answers=(Answer(codes.HOTSPOT_CLASS, codes.own("abnormal")), Answer(codes.JUDGED, codes.YES)),
        segment=SegmentReference(seg.uid, seg.frames["hotspot 3"], back.uid),
    )
    whole = Group(
        "result",
        uid_of("result"),
        measurements=(Measured("bsi", codes.BONE_SCAN_INDEX, 0.8295, codes.PERCENT),),
        images=(front.uid, seg.uid),
    )
    report = Report(
        procedure=codes.SCAN_READ,
        groups=(hotspot, whole),
        answers=(Answer(codes.DECISION, codes.DECISIONS["tb_suspect"]),),
        statements=(
            Statement(codes.NOTICE, "Research use only."),
            Statement(codes.CORRECTED, "brush, Dice 0.9 → 1, oleh Ény"),
            Statement(codes.WARNING, "two\nlines"),
        ),
        readers=("Ény", "B. C"),
        program="0.1",
    )
    return [front, back], [seg], report


def test_a_report_is_read_back_equal(scan, tmp_path):
    sources, segs, report = scan
    path = write_report(tmp_path / "sr.dcm", report, sources, segs, when=WHEN)
    assert read_report(path) == report
    assert read_report(path).said(codes.CORRECTED) == ("brush, Dice 0.9 → 1, oleh Ény",)
    said = read_report(path).as_dict()
    assert said["groups"]["hotspot 3"]["values"]["third"] == 1 / 3
    assert said["groups"]["hotspot 3"]["answers"] == {"hotspot_class": "abnormal", "judged": "Yes"}
    assert said["answers"] == {"decision": "tb_suspect"}
    assert said["readers"] == ["Ény", "B. C"]


def test_the_same_report_gives_the_same_bytes(scan, tmp_path):
    sources, segs, report = scan
    one, two = (
        write_report(tmp_path / name, report, sources, segs, when=WHEN).read_bytes()
        for name in ("a.dcm", "b.dcm")
    )
    assert one == two
    other = replace(report, readers=())
    assert write_report(tmp_path / "c.dcm", other, sources, segs, when=WHEN).read_bytes() != one


def test_nobody_is_named_who_gave_no_name(scan, tmp_path):
    sources, segs, report = scan
    path = write_report(tmp_path / "sr.dcm", replace(report, readers=()), sources, segs, when=WHEN)
    assert not [e for e in pydicom.dcmread(path).iterall() if e.keyword == "PersonName"]


def test_it_is_never_marked_as_verified(scan, tmp_path):
    sources, segs, report = scan
    path = write_report(tmp_path / "sr.dcm", report, sources, segs, when=WHEN, verified=True)
    found = pydicom.dcmread(path)
    assert (found.CompletionFlag, found.VerificationFlag) == ("COMPLETE", "UNVERIFIED")


def test_true_images_are_referred_to(scan, tmp_path):
    sources, segs, report = scan
    path = write_report(tmp_path / "sr.dcm", report, sources, segs, when=WHEN)
    classes = {
        str(item.ReferencedSOPClassUID)
        for element in pydicom.dcmread(path).iterall()
        if element.keyword == "ReferencedSOPSequence"
        for item in element.value
    }
    assert classes == {"1.2.840.10008.5.1.4.1.1.20", "1.2.840.10008.5.1.4.1.1.66.4"}


def test_what_is_no_measurement_report_is_refused(scan, tmp_path):
    sources, segs, report = scan
    path = write_report(tmp_path / "sr.dcm", report, sources, segs, when=WHEN)
    data = pydicom.dcmread(path)
    data.ContentTemplateSequence[0].TemplateIdentifier = "2000"
    data.save_as(tmp_path / "other.dcm")
    for name, cause in (
        ("other", "no measurement report"),
        ("none", "no such"),
        ("seg", "no measurement report"),
    ):
        with pytest.raises(BadInput, match=cause):
            read_report(tmp_path / f"{name}.dcm")


def test_a_report_that_was_cut_short_is_no_shorter_report(scan, tmp_path):
    sources, segs, report = scan
    whole = write_report(tmp_path / "sr.dcm", report, sources, segs, when=WHEN).read_bytes()
    cut = tmp_path / "cut.dcm"
    for length in (*range(200, len(whole), 997), len(whole) - 1):
        cut.write_bytes(whole[:length])
        with pytest.raises(BadInput):
            read_report(cut)


def test_a_number_is_tracked_as_one_of_its_own_thing_and_a_finished_report_is_another(scan, tmp_path):
    sources, segs, report = scan
    twice = replace(report.groups[1], id="again", uid=uid_of("another patient"))
    paths = [
        write_report(
            tmp_path / f"{done}.dcm",
            replace(report, groups=(*report.groups, twice)),
            sources,
            segs,
            when=WHEN,
            verified=done,
        )
        for done in (False, True)
    ]
    tracked = [
        str(one.ContentSequence[1].UID)
        for group in pydicom.dcmread(paths[0]).ContentSequence[-2].ContentSequence
        for one in group.ContentSequence
        if one.ValueType == "NUM"
    ]
    assert len(set(tracked)) == len(tracked) == 6
    assert len({pydicom.dcmread(path).SOPInstanceUID for path in paths}) == 2


def test_a_name_of_nothing_but_separators_names_nobody(scan, tmp_path):
    sources, segs, report = scan
    path = write_report(
        tmp_path / "sr.dcm", replace(report, readers=("^^", "B. C")), sources, segs, when=WHEN
    )
    assert read_report(path).readers == ("B. C",)


def test_what_dicom_has_no_place_for_is_all_that_a_report_loses(scan, tmp_path):
    sources, segs, report = scan
    texts = ("ends in blanks  ", " begins so", "back\\slash", "tab\tin it", "x" * 5000, "")
    given = replace(
        report,
        statements=tuple(Statement(codes.NOTICE, text) for text in texts),
        readers=("Anne^B", "C\\D=E"),
    )
    again = read_report(write_report(tmp_path / "sr.dcm", given, sources, segs, when=WHEN))
    kept = tuple(Statement(codes.NOTICE, text.rstrip(" ")) for text in texts)
    assert again == replace(given, statements=kept, readers=("Anne B", "C D E"))


def test_times_are_those_of_this_machines_clock(monkeypatch):
    monkeypatch.setenv("TZ", "WIB-7")
    time.tzset()
    try:
        assert moment("2026-11-23T20:00:05.7+00:00") == datetime(2026, 11, 24, 3, 0, 5)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert moment("no time") == datetime(1970, 1, 1)
