"""Reading DICOM segmentations that are not what they say, or not of the image they are given for."""

from __future__ import annotations

import struct
from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless

from napari_tbcad.errors import BadInput
from napari_tbcad.io.clinic import codes
from napari_tbcad.io.clinic.capture import captured_source, write_source
from napari_tbcad.io.clinic.segmentation import Segment, write_segmentation
from napari_tbcad.io.clinic.segmentation_labels import lungs_of, regions_of
from napari_tbcad.io.clinic.segmentation_subject import subject_notes

SHAPE = (40, 31)
LABELS = np.zeros(SHAPE, np.uint8)
LABELS[5:30, 3:11], LABELS[7:28, 17:28] = 1, 2
SOURCE = captured_source(np.arange(LABELS.size).reshape(SHAPE), name="one", when=datetime(2026, 11, 23))


def segmentation(folder: Path, parts=None) -> Path:
    """Write a segmentation of the parts (mask, kind, label), of two lungs by default."""
    given = parts or [(side == LABELS, codes.LUNGS[side], f"lung {side}") for side in (1, 2)]
    family = codes.FAMILIES["network"]
    segments = [
        Segment(mask, label, codes.ANATOMY, kind, made="AUTOMATIC", algorithm="a", family=family, track=label)
        for mask, kind, label in given
    ]
    when = datetime(2026, 11, 23)
    facts = {"name": "TEST", "description": "A test", "series": 900, "when": when, "reader": ""}
    return write_segmentation(folder / "a.dcm", SOURCE, segments, **facts).path


def test_a_stream_that_is_larger_than_the_header_says_is_not_unpacked(tmp_path, monkeypatch):
    path = segmentation(tmp_path)
    data = pydicom.dcmread(path)
    large = b"\xff\x4f\xff\x51" + struct.pack(">HH4I", 47, 0, 12_000, 12_000, 0, 0) + bytes(16) + b"\0\1"
    data.file_meta.TransferSyntaxUID = JPEG2000Lossless
    data.PixelData = encapsulate([bytes(8), large])
    data["PixelData"].is_undefined_length = True
    data.save_as(path)
    monkeypatch.setattr("napari_tbcad.io.clinic.segmentation_reading.decoded", pytest.fail)
    with pytest.raises(BadInput, match="in its compressed pixels"):
        lungs_of(path)


def test_a_segmentation_of_another_image_is_told_and_one_that_lies_the_other_way_refused(tmp_path):
    path, image = segmentation(tmp_path), write_source(tmp_path / "film.dcm", SOURCE)
    assert subject_notes(path, image) == subject_notes(path, tmp_path / "none.dcm") == ()
    data = pydicom.dcmread(image)
    data.SOPInstanceUID = "1.2.3"
    data.save_as(image)
    (note,) = subject_notes(path, image)
    assert note.startswith("a.dcm says that it is of another image")
    for way in (["R", "F"], ["L", "H"]):
        data.PatientOrientation = way
        data.save_as(image)
        with pytest.raises(BadInput, match="it lies the other way round"):
            subject_notes(path, image)
    data.PatientOrientation, data.SOPInstanceUID = "", SOURCE.uid
    data.save_as(image)
    assert subject_notes(path, image) == ()
    (tmp_path / "film.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert subject_notes(path, tmp_path / "film.png") == subject_notes(tmp_path / "film.png", image) == ()


@pytest.mark.parametrize(("most", "half"), [(100, 50), (255, 128), (1, 1)])
def test_a_fractional_pixel_counts_from_just_half_of_the_full_scale(most, half, tmp_path):
    path = segmentation(tmp_path)
    data = pydicom.dcmread(path)
    values = np.stack([np.where(side == LABELS, half, half - 1) for side in (1, 2)]).astype(np.uint8)
    data.SegmentationType, data.MaximumFractionalValue = "FRACTIONAL", most
    data.BitsAllocated = data.BitsStored = 8
    data.HighBit, data.PixelData = 7, values.tobytes()
    data.save_as(path)
    np.testing.assert_array_equal(lungs_of(path), LABELS)


def test_skeleton_regions_that_overlap_are_refused_and_pieces_of_one_are_joined(tmp_path):
    large, corner = np.zeros((2, *SHAPE), bool)
    large[:10, :10], corner[0, :2] = True, True
    rib, sternum = codes.REGIONS["rib"], codes.REGIONS["sternum"]
    path = segmentation(tmp_path, [(corner, rib, "rib"), (large, sternum, "sternum")])
    with pytest.raises(BadInput, match="sternum and rib overlap in 2 pixels"):
        regions_of(path)
    path = segmentation(tmp_path, [(corner, rib, "first rib"), (large, rib, "other ribs")])
    assert np.unique(regions_of(path)).size == 2
    assert np.count_nonzero(regions_of(path)) == 100
