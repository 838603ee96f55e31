"""Writing a report as a DICOM structured report of the template TID 1500."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.files import written_whole
from napari_tbcad.io.clinic.codes import SCHEME
from napari_tbcad.io.clinic.references import coded, date_as, items_below, person_name, point_at
from napari_tbcad.io.clinic.report import Group, Measured, Report
from napari_tbcad.io.clinic.segmentation import MAKER, WrittenSegmentation
from napari_tbcad.io.clinic.source import SourceImage, uid_of

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

QUALITATIVE = ("C0034375", "UMLS", "Qualitative Evaluations")
"""Container of what is no measurement (PS3.16, TID 1500, row 12)."""

SERIES = 910

_SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"


def write_report(
    path: str | Path,
    report: Report,
    sources: Sequence[SourceImage],
    segmentations: Sequence[WrittenSegmentation] = (),
    *,
    when: datetime,
    verified: bool = False,
) -> Path:
    """Write a report as Comprehensive SR, template TID 1500 (Measurement Report).

    Parameters
    ----------
    path : str or Path
        The file.
    report : Report
        What is said. Its references are to `sources` and `segmentations`.
    sources : sequence of SourceImage
        The images; patient and study are those of the first.
    segmentations : sequence of WrittenSegmentation, optional
    when : datetime
        Date of content.
    verified : bool, optional
        Whether the reading is finished (complete), not whether anybody answers for it: it is always
        marked unverified.

    Returns
    -------
    Path
        The file written. The same input gives the same UIDs.

    References
    ----------
    DICOM PS3.3, A.35.3 (Comprehensive SR IOD); PS3.16, TID 1500, 1410, 1501, 300.
    """
    import highdicom as hd

    headers = [*_distinct(sources), *(one.header for one in segmentations)]
    digest = (sources[0].uid, repr(report), str(when), str(verified))
    with python_warnings.catch_warnings():
        # highdicom warns of header values, a patient's name among them.
        python_warnings.simplefilter("ignore")
        dataset: Any = hd.sr.ComprehensiveSR(
            evidence=headers,
            content=_content(report, sources)[0],
            series_instance_uid=uid_of("report series", *digest),
            series_number=SERIES,
            sop_instance_uid=uid_of("report", *digest),
            instance_number=1,
            manufacturer=MAKER,
            series_description="Measurements of napari-tbcad, research use only"[:64],
            is_complete=verified,
        )
    dataset.ManufacturerModelName, dataset.SoftwareVersions = MAKER, report.program
    dataset.CodingSchemeIdentificationSequence = [_own_scheme()]
    for source in sources:
        point_at(dataset, source)
    for item, _ in items_below(dataset):
        # PS3.3, C.17.3: not beside a frame number. highdicom writes both.
        if "ReferencedFrameNumber" in item and "ReferencedSegmentNumber" in item:
            del item.ReferencedSegmentNumber
    date_as(dataset, when)
    with written_whole(path) as temporary:
        dataset.save_as(temporary, enforce_file_format=True)
    return Path(path)


def _distinct(sources: Sequence[SourceImage]) -> list[Dataset]:
    """Return the header of every image once: both views of a scan may lie in one file."""
    return list({source.uid: source.header for source in sources}.values())


def _own_scheme() -> Dataset:
    from pydicom.dataset import Dataset

    scheme = Dataset()
    scheme.CodingSchemeDesignator, scheme.CodingSchemeName = SCHEME, "napari-tbcad, private codes"
    scheme.CodingSchemeResponsibleOrganization = MAKER
    return scheme


def _content(report: Report, sources: Sequence[SourceImage]) -> Any:
    import highdicom as hd

    known = {source.uid: source for source in sources}
    content = hd.sr.MeasurementReport(
        observation_context=_observers(report),
        procedure_reported=coded(report.procedure),
        imaging_measurements=[_group(group, known) for group in report.groups],
        referenced_images=None,
    )
    if report.answers or report.statements:
        content[0].ContentSequence.append(_qualitative(report))
    return content


def _observers(report: Report) -> Any:
    import highdicom as hd
    from pydicom.sr.codedict import codes

    device = hd.sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=hd.sr.DeviceObserverIdentifyingAttributes(
            uid=uid_of("program", report.program),
            name=MAKER,
            manufacturer_name=MAKER,
            model_name=report.program or MAKER,
        ),
    )
    persons = [
        hd.sr.ObserverContext(
            observer_type=codes.DCM.Person,
            observer_identifying_attributes=hd.sr.PersonObserverIdentifyingAttributes(name=person_name(name)),
        )
        for name in report.readers
        if person_name(name)  # of a name that is all separators nothing is left
    ]
    context = hd.sr.ObservationContext(observer_device_context=device)
    for person in persons:
        context.extend(person)
    return context


def _group(group: Group, sources: dict[str, SourceImage]) -> Any:
    import highdicom as hd

    common: dict[str, Any] = {
        "tracking_identifier": hd.sr.TrackingIdentifier(uid=group.uid, identifier=group.id),
        "finding_type": None if group.finding is None else coded(group.finding),
        "finding_sites": None if group.site is None else [hd.sr.FindingSite(coded(group.site))],
        "measurements": [_measurement(one, group.uid) for one in group.measurements],
        "qualitative_evaluations": [
            hd.sr.QualitativeEvaluation(name=coded(one.name), value=coded(one.value)) for one in group.answers
        ],
    }
    if group.segment is None:
        images = [_image(uid, sources.get(uid)) for uid in group.images]
        return hd.sr.MeasurementsAndQualitativeEvaluations(**common, source_images=images)
    source = sources[group.segment.source]
    return hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        **common,
        referenced_segment=hd.sr.ReferencedSegmentationFrame(
            sop_class_uid=_SEGMENTATION,
            sop_instance_uid=group.segment.instance,
            frame_number=group.segment.frame,
            segment_number=1,  # taken out again: a frame says which segment it is
            source_image=hd.sr.SourceImageForSegmentation(
                source.header.SOPClassUID,
                source.uid,
                None if source.frame is None else [source.frame],
            ),
        ),
    )


def _image(uid: str, source: SourceImage | None) -> Any:
    """Return the reference to an image that was measured: a source, else a segmentation."""
    import highdicom as hd

    if source is None:
        return hd.sr.SourceImageForMeasurementGroup(_SEGMENTATION, uid)
    frame = None if source.frame is None else [source.frame]
    return hd.sr.SourceImageForMeasurementGroup(source.header.SOPClassUID, uid, frame)


def _measurement(one: Measured, group: str) -> Any:
    import highdicom as hd

    sites = None
    if one.site is not None:
        side = None if one.side is None else coded(one.side)
        sites = [hd.sr.FindingSite(coded(one.site), laterality=side)]
    return hd.sr.Measurement(
        name=coded(one.name),
        value=float(one.value),
        unit=coded(one.unit),
        # The program's own name: a coded one may be shared, by directions of texture for instance. The UID is
        # of this thing in this image: one shared by patients would say that it is the same finding.
        tracking_identifier=hd.sr.TrackingIdentifier(
            uid=uid_of("measurement", group, one.id), identifier=one.id
        ),
        finding_sites=sites,
    )


def _qualitative(report: Report) -> Any:
    import highdicom as hd
    from highdicom.sr import RelationshipTypeValues

    inside = RelationshipTypeValues.CONTAINS
    container = hd.sr.ContainerContentItem(
        name=hd.sr.CodedConcept(*QUALITATIVE),
        relationship_type=inside,
    )
    container.ContentSequence = hd.sr.ContentSequence(
        [
            *(
                hd.sr.CodeContentItem(coded(one.name), coded(one.value), relationship_type=inside)
                for one in report.answers
            ),
            *(
                hd.sr.TextContentItem(coded(one.name), one.text, relationship_type=inside)
                for one in report.statements
            ),
        ]
    )
    return container
