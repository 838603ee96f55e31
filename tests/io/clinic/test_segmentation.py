"""DICOM segmentations: what is written is read back to the pixel, and other programs' are read as well."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from napari_tbcad.errors import BadInput
from napari_tbcad.io.clinic import codes
from napari_tbcad.io.clinic.capture import captured_source, write_source
from napari_tbcad.io.clinic.orientation import assumed, view_assumed
from napari_tbcad.io.clinic.segmentation import Segment, write_segmentation
from napari_tbcad.io.clinic.segmentation_labels import hotspots_of, lungs_of, regions_of
from napari_tbcad.io.clinic.segmentation_reading import is_segmentation, read_segments
from napari_tbcad.io.clinic.source import DETECTOR, REFUSED, dicom_source
from napari_tbcad.io.masks import find_mask, read_mask
from napari_tbcad.io.nuclear_writing import write_nuclear
from napari_tbcad.io.read import read_film
from napari_tbcad.schemes import REGION_NAMES
from napari_tbcad.simulate.samples import sample_path

WHEN = datetime(2026, 11, 23, 12, 30)
SHAPE = (40, 31)


@pytest.fixture
def labels() -> np.ndarray:
    labels = np.zeros(SHAPE, np.uint8)
    labels[5:30, 3:11], labels[7:28, 17:28] = 1, 2
    return labels


def source():
    pixels = np.arange(SHAPE[0] * SHAPE[1]).reshape(SHAPE)
    return captured_source(pixels, name="one", spacing_mm=(0.5, 0.4), when=WHEN)


def segment(mask, concepts, track, made="AUTOMATIC"):
    finder = codes.FAMILIES["network"]
    return Segment(
        mask, track, *concepts, made=made, algorithm="network lungs 0123", family=finder, track=track
    )


def written(path, parts, of=None):
    return write_segmentation(
        path, of or source(), parts, name="TEST", description="A test", series=900, when=WHEN, reader="Ém Ö"
    )


def lungs(labels, made="AUTOMATIC"):
    return [
        segment(labels == side, (codes.ANATOMY, codes.LUNGS[side]), f"lung {side}", made) for side in (1, 2)
    ]


def test_lungs_come_back_to_the_pixel_and_the_files_are_the_same_twice(labels, tmp_path):
    one = written(tmp_path / "a_sensitive.dcm", lungs(labels))
    written(tmp_path / "b.dcm", lungs(labels))
    assert (tmp_path / "a_sensitive.dcm").read_bytes() == (tmp_path / "b.dcm").read_bytes()
    np.testing.assert_array_equal(lungs_of(one.path, SHAPE), labels)
    np.testing.assert_array_equal(read_mask(find_mask(tmp_path, "a", "sensitive"), SHAPE), labels)
    assert is_segmentation(one.path)
    assert one.frames == {"lung 1": 1, "lung 2": 2}


def test_who_made_a_segment_and_who_corrected_it_is_said(labels, tmp_path):
    parts = [lungs(labels, "SEMIAUTOMATIC")[0], lungs(labels, "MANUAL")[1]]
    path = written(tmp_path / "a.dcm", parts).path
    found = pydicom.dcmread(path)
    assert [one.made for one in read_segments(path)] == ["SEMIAUTOMATIC", "MANUAL"]
    assert [item.get("SegmentAlgorithmName") for item in found.SegmentSequence] == [
        "network lungs 0123",
        None,
    ]
    assert found.ContentCreatorName == "Ém Ö"
    assert found.Modality == "SEG"


def test_a_frame_of_a_scan_is_named_where_it_may_be(labels, tmp_path):
    scan = write_nuclear(tmp_path / "scan.dcm", [labels, labels[:, ::-1]], name="pat")
    back = dicom_source(scan, frame=1, view="posterior")
    found = pydicom.dcmread(written(tmp_path / "seg.dcm", lungs(labels), back).path)
    original = pydicom.dcmread(scan)
    (pointer,) = found.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0].SourceImageSequence
    assert pointer.ReferencedSOPClassUID == original.SOPClassUID
    assert pointer.ReferencedSOPInstanceUID == original.SOPInstanceUID
    assert pointer.ReferencedFrameNumber == 2
    (listed,) = found.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    assert listed.ReferencedSOPClassUID == original.SOPClassUID
    assert "ReferencedFrameNumber" not in listed
    assert found.PatientID == "pat"
    assert found.StudyInstanceUID == original.StudyInstanceUID
    assert found.PatientOrientation == ["R", "F"]


def test_an_orientation_or_a_view_that_no_header_states_is_said_to_be_assumed(labels, tmp_path):
    scan = pydicom.dcmread(write_nuclear(tmp_path / "scan.dcm", [labels]))
    assert "PatientOrientation" not in scan
    (note,) = dicom_source(scan, view="posterior", spacing_mm=(2.26, 2.26)).notes
    assert "does not state how the patient lies" in note
    assert "a view from behind, rows running to the patient's right" in note
    assert "turned over left to right, rows running to the patient's left" in assumed("posterior", True)
    scan.PatientOrientation = ["R", "F"]
    stated = dicom_source(scan, spacing_mm=(2.26, 2.26))
    assert (stated.notes, stated.header.PatientOrientation) == ((), ["R", "F"])
    assert "from the front" in source().notes[1]
    assert source().file.ImageComments == source().notes[1]
    for rule, word in (
        ("content", "0.75"),
        ("file_name", "name says"),
        ("partner", "other"),
        ("person", "said"),
    ):
        assert word in view_assumed("anterior", rule, 0.75)
    assert view_assumed("anterior", "view_code", 0.99) == ""


def test_a_file_without_what_a_reference_needs_gets_it_from_its_pixels(labels, tmp_path):
    scan = pydicom.dcmread(write_nuclear(tmp_path / "scan.dcm", [labels]))
    del scan.SOPInstanceUID, scan.StudyInstanceUID, scan.SOPClassUID
    scan.file_meta.MediaStorageSOPClassUID = scan.file_meta.MediaStorageSOPInstanceUID = ""
    scan.PatientBirthDate = ""
    scan.add_new("StudyDate", "DA", "00000101")
    made, again = (dicom_source(scan, spacing_mm=(2.26, 2.26)) for _ in range(2))
    assert made.uid == again.uid
    assert made.sop_class == "1.2.840.10008.5.1.4.1.1.20"
    assert "SOPInstanceUID, StudyInstanceUID, SOPClassUID" in made.notes[1]
    assert made.notes[0].startswith("StudyDate")


def test_hotspots_keep_their_numbers_and_classes(tmp_path):
    image = np.zeros(SHAPE, np.uint16)
    classes = {7: "abnormal", 9: "normal", 12: "non_bone", 300: "ignore"}
    for place, number in enumerate(classes):
        image[4 * place : 4 * place + 3, 5:9] = number
    parts = [segment(image == n, codes.HOTSPOTS[label], f"hotspot {n}") for n, label in classes.items()]
    path = written(tmp_path / "a.dcm", parts).path
    found, named = hotspots_of(path, SHAPE)
    np.testing.assert_array_equal(found, image)
    assert named == classes


def test_regions_come_back_by_their_codes(tmp_path):
    image = np.zeros(SHAPE, np.uint8)
    for number in range(1, 13):
        image[3 * number, 4:9] = number
    names = dict(enumerate(REGION_NAMES, 1))
    parts = [segment(image == n, (codes.ANATOMY, codes.REGIONS[names[n]]), names[n]) for n in range(1, 13)]
    np.testing.assert_array_equal(regions_of(written(tmp_path / "a.dcm", parts[::-1]).path), image)


def test_a_picture_that_was_no_dicom_is_read_as_the_film_it_was(tmp_path):
    path = write_source(tmp_path / "film.dcm", source())
    film = read_film(path)
    np.testing.assert_array_equal(film.pixels, np.arange(SHAPE[0] * SHAPE[1]).reshape(SHAPE))
    assert film.spacing_mm == (0.5, 0.4)


# -- segmentations of other programs -----------------------------------------------------------------------


def changed(path, **changes):
    """Write a segmentation with changed attributes beside itself, and return where."""
    data = pydicom.dcmread(path)
    for keyword, value in changes.items():
        setattr(data, keyword, value)
    other = path.with_name("other.dcm")
    data.save_as(other)
    return other


def code(value, scheme, meaning="x"):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def recoded(path, kinds):
    data = pydicom.dcmread(path)
    for item, (kind, side) in zip(data.SegmentSequence, kinds, strict=True):
        item.SegmentLabel = "whatever"
        item.SegmentedPropertyTypeCodeSequence = [code(*kind)]
        if side is not None:
            item.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence = [
                code(*side)
            ]
    other = path.with_name("other.dcm")
    data.save_as(other)
    return other


@pytest.mark.parametrize(
    "kinds",
    [
        [(("39607008", "SCT"), ("24028007", "SCT")), (("39607008", "SCT"), ("7771000", "SCT"))],
        [(("T-28000", "SRT"), ("G-A100", "SRT")), (("T-28000", "SRT"), ("G-A101", "SRT"))],
        [(("T-28100", "SRT"), None), (("T-28500", "SRT"), None)],
    ],
)
def test_lungs_of_other_programs_are_known_by_their_codes(kinds, labels, tmp_path):
    path = written(tmp_path / "a.dcm", lungs(labels)).path
    np.testing.assert_array_equal(lungs_of(recoded(path, kinds)), labels)


def test_lungs_without_codes_are_known_by_their_names(labels, tmp_path):
    path = written(tmp_path / "a.dcm", lungs(labels)).path
    data = pydicom.dcmread(path)
    for item, name in zip(data.SegmentSequence, ("Lung_Right", "left lung"), strict=True):
        item.SegmentLabel = name
        item.SegmentedPropertyTypeCodeSequence = [code("1", "99X")]
    data.save_as(path)
    np.testing.assert_array_equal(lungs_of(path), labels)


def test_a_fractional_one_counts_from_half(labels, tmp_path):
    path = written(tmp_path / "a.dcm", lungs(labels)).path
    data = pydicom.dcmread(path)
    frames = np.stack([np.where(labels == 1, 200, 60), np.where(labels == 2, 128, 127)]).astype(np.uint8)
    data.SegmentationType, data.MaximumFractionalValue = "FRACTIONAL", 255
    data.BitsAllocated = data.BitsStored = 8
    data.HighBit, data.PixelData = 7, frames.tobytes()
    data.save_as(path)
    np.testing.assert_array_equal(lungs_of(path), labels)


def test_a_label_map_is_read(labels, tmp_path):
    path = written(tmp_path / "a.dcm", lungs(labels)).path
    data = pydicom.dcmread(path)
    data.SegmentationType, data.NumberOfFrames = "LABELMAP", 1
    data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.66.7"
    data.BitsAllocated = data.BitsStored = 8
    data.HighBit, data.PixelData = 7, labels.tobytes()
    data.save_as(path)
    np.testing.assert_array_equal(lungs_of(path), labels)


# -- what is refused -----------------------------------------------------------------------------------------


def test_what_cannot_be_used_is_refused_with_its_cause(labels, tmp_path):
    path = written(tmp_path / "a.dcm", lungs(labels)).path
    for refused, cause in (
        (lambda: read_mask(path, (3, 4)), "40 × 31 pixels"),
        (lambda: lungs_of(tmp_path / "none.dcm"), "no such"),
        (lambda: regions_of(path), "skeleton region"),
        (lambda: lungs_of(changed(path, Rows=60_000, Columns=60_000)), "more than the 100 million"),
        (lambda: lungs_of(changed(path, NumberOfFrames=10**9)), "refused"),
        (lambda: lungs_of(changed(path, NumberOfFrames=3)), "decoded|describes"),
        (lambda: lungs_of(changed(path, SOPClassUID="1.2.840.10008.5.1.4.1.1.1")), "not a DICOM seg"),
        (lambda: lungs_of(changed(path, PixelData=b"\0\0")), "decoded"),
        (lambda: lungs_of(recoded(path, [(("1", "SCT"), None), (("2", "SCT"), None)])), "no segment in it"),
    ):
        with pytest.raises(BadInput, match=cause):
            refused()


def test_nothing_is_written_of_nothing_or_of_another_grid(labels, tmp_path):
    with pytest.raises(BadInput, match="nothing to segment"):
        written(tmp_path / "a.dcm", lungs(np.zeros_like(labels)))
    with pytest.raises(BadInput, match="its image has"):
        written(tmp_path / "a.dcm", lungs(labels[1:]))
    assert list(tmp_path.iterdir()) == []


def test_a_view_stored_turned_over_lies_the_other_way(tmp_path):
    path = write_nuclear(tmp_path / "scan.dcm", np.ones((2, *SHAPE)))
    for view, mirrored, lies in (
        ("anterior", False, ["L", "F"]),
        ("anterior", True, ["R", "F"]),
        ("posterior", False, ["R", "F"]),
        ("posterior", True, ["L", "F"]),
    ):
        read = dicom_source(path, frame=1, view=view, mirrored=mirrored)
        made = captured_source(np.ones(SHAPE), name="one", view=view, mirrored=mirrored)
        assert list(read.header.PatientOrientation) == list(made.header.PatientOrientation) == lies


def test_an_orientation_stated_for_both_views_of_a_scan_turns_neither_over(tmp_path):
    scan = pydicom.dcmread(write_nuclear(tmp_path / "scan.dcm", np.ones((2, *SHAPE))))
    scan.PatientOrientation = ["L", "F"]
    how = {"spacing_mm": (2.26, 2.26)}
    front = dicom_source(scan, **how)
    assert (front.header.PatientOrientation, front.notes) == (["L", "F"], ())
    back = dicom_source(scan, frame=1, view="posterior", **how)
    assert back.header.PatientOrientation == ["R", "F"]
    (note,) = back.notes
    assert "contradicts" in note
    assert "rows running to the patient's right" in note
    turned = dicom_source(scan, frame=1, view="posterior", mirrored=True, **how)
    assert (turned.header.PatientOrientation, turned.notes) == (["L", "F"], ())
    scan.NumberOfFrames = 1
    assert dicom_source(scan, view="posterior", **how).header.PatientOrientation == ["L", "F"]


def test_the_spacing_of_a_detector_is_said_to_be_one():
    film = pydicom.dcmread(sample_path("normal_cr"))
    for keyword in ("PixelSpacing", "ImagerPixelSpacing"):
        if keyword in film:
            del film[keyword]
    film.ImagerPixelSpacing = [0.2, 0.2]
    assert DETECTOR in dicom_source(film, spacing_mm=(0.2, 0.2)).notes
    film.PixelSpacing = [0.1, 0.1]
    source = dicom_source(film, spacing_mm=(0.1, 0.1))
    assert DETECTOR not in source.notes
    assert list(source.header.PixelSpacing) == [0.1, 0.1]


def test_a_spacing_that_was_refused_on_reading_is_not_written(tmp_path):
    film = pydicom.dcmread(sample_path("normal_cr"))
    film.PixelSpacing, film.ImagerPixelSpacing = [100, 100], [0.2, 0.2]
    film.save_as(tmp_path / "a.dcm")
    read = read_film(tmp_path / "a.dcm")
    source = dicom_source(film, spacing_mm=read.spacing_mm)
    assert list(source.header.PixelSpacing) == [0.2, 0.2]
    assert DETECTOR in source.notes
    refused = dicom_source(film)
    assert REFUSED in refused.notes
    assert "PixelSpacing" not in refused.header


def test_an_organ_that_another_program_segmented_is_no_lesion(tmp_path):
    masks = np.zeros((3, *SHAPE), bool)
    for n in range(3):
        masks[n, 10 * n : 10 * n + 5] = True
    kinds = [
        (codes.ANATOMY, codes.Concept("64033007", "SCT", "Kidney")),
        (codes.ABNORMAL, codes.Concept("108369006", "SCT", "Neoplasm")),
        codes.HOTSPOTS["normal"],
    ]
    path = tmp_path / "s.dcm"
    written(path, [segment(m, k, f"thing {n}") for n, (m, k) in enumerate(zip(masks, kinds, strict=True))])
    assert hotspots_of(path)[1] == {1: "ignore", 2: "abnormal", 3: "normal"}
