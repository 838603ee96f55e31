"""Small DICOM segmentations and structured reports, where mutations begin."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np

from fuzzing.seed_images import PLANTED, body_array

_WHEN = datetime(2026, 11, 23, 12, 30)


def segmentations(folder: Path) -> dict[str, bytes]:
    """Return a segmentation of a scan's hotspot, and one of its skeleton region."""
    return {name: path.read_bytes() for name, path in _written(folder).items() if name != "report"}


def reports(folder: Path) -> dict[str, bytes]:
    """Return a structured report about that scan."""
    return {"report": _written(folder)["report"].read_bytes()}


def _written(folder: Path) -> dict[str, Path]:
    from napari_tbcad.io.clinic import codes
    from napari_tbcad.io.clinic.report import Answer, Group, Measured, Report, SegmentReference, Statement
    from napari_tbcad.io.clinic.report_writing import write_report
    from napari_tbcad.io.clinic.segmentation import Segment, tracking_uid, write_segmentation
    from napari_tbcad.io.clinic.source import dicom_source, uid_of
    from napari_tbcad.io.nuclear_writing import write_nuclear

    frames = [body_array((48, 16)), body_array((48, 16))]
    scan = write_nuclear(folder / "scan.dcm", frames, attributes={"PatientName": PLANTED})
    front = dicom_source(scan)
    spot = np.zeros((48, 16), bool)
    spot[10:14, 6:9] = True
    family = codes.FAMILIES["network"]
    segments = {
        "hotspots": Segment(
            spot, "hotspot 1", *codes.HOTSPOTS["abnormal"], "AUTOMATIC", "x", family, "hotspot 1"
        ),
        "other": Segment(~spot, "rest", *codes.HOTSPOTS["abnormal"], "MANUAL", "", None, "hotspot 2"),
    }
    made = {}
    for number, (name, segment) in enumerate(segments.items(), 9):
        path = folder / f"{name}.dcm"
        made[name] = write_segmentation(
            path, front, [segment], name="T", description="t", series=number, when=_WHEN
        )
    seg = made["hotspots"]
    hotspot = Group(
        id="hotspot 1",
        uid=tracking_uid(front, "hotspot 1"),
        finding=codes.LESION,
        site=codes.REGIONS["skull"],
        measurements=(Measured("area_px", codes.AREA, 12.0, codes.PIXELS),),
        answers=(Answer(codes.HOTSPOT_CLASS, codes.own("abnormal")),),
        segment=SegmentReference(seg.uid, seg.frames["hotspot 1"], front.uid),
    )
    whole = Group(
        "result", uid_of("result"), measurements=(Measured("bsi", codes.BONE_SCAN_INDEX, 0.8, codes.PERCENT),)
    )
    report = Report(
        procedure=codes.SCAN_READ,
        groups=(hotspot, whole),
        statements=(Statement(codes.NOTICE, "Research use only."),),
    )
    write_report(folder / "report.dcm", report, [front], [seg], when=_WHEN)
    return {name: folder / f"{name}.dcm" for name in (*segments, "report")}
