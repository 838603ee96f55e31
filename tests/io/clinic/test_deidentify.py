"""Removal of identity: nothing planted in a header is left in the bytes, and the image is the same."""

from __future__ import annotations

import contextlib
import io
import struct
from functools import partial

import numpy as np
import pydicom
import pytest
from pydicom.datadict import DicomDictionary
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit, RLELossless

from napari_tbcad.bone.views import name_views
from napari_tbcad.errors import BadInput
from napari_tbcad.io.clinic.deidentify import MOST_DAYS, Deidentification
from napari_tbcad.io.clinic.deidentify_pixels import drawn_into
from napari_tbcad.io.clinic.source import CLASSES, SECONDARY_CAPTURE, dicom_source
from napari_tbcad.io.dicom_file import parse_dicom
from napari_tbcad.io.nuclear_writing import write_nuclear
from napari_tbcad.io.read import read_film
from napari_tbcad.io.scans import read_study
from napari_tbcad.simulate.samples import sample_path

SECRET, DIGITS, UID = "DOE", "19340817", "1.2.3.19340817.5"
TEXTS = {"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"}
NUMBERS = {"DS", "IS", "DA", "DT"}
"""A name fits these, a birth date those; both are looked for in every byte."""


def everywhere(dataset: Dataset, *, deep: bool = True) -> int:
    """Plant the name or the birth date into every attribute that the standard has, as far as it is free."""
    planted = 0
    for tag, (vr, _, _, _, keyword) in DicomDictionary.items():
        if (
            not keyword
            or tag >> 16 in (0x0000, 0x0002, 0x0004, 0x7FE0)
            or (tag in dataset and dataset[tag].VR in ("US", "SS"))
        ):
            continue
        if keyword in ("NumberOfFrames", "PixelSpacing", "RescaleSlope", "RescaleIntercept"):
            continue
        value = SECRET if vr in TEXTS else DIGITS if vr in NUMBERS else UID if vr == "UI" else None
        if vr == "SQ" and deep:
            item = Dataset()
            item.add_new(0x00100010, "PN", SECRET)
            item.add_new(0x00080104, "LO", SECRET)
            item.add_new(0x00080100, "SH", SECRET)
            item.add_new(0x00080102, "SH", "SCT")
            value = [item]
        elif vr in ("OB", "UN", "OB or OW"):
            value = (SECRET * 2).encode()
            vr = "OB" if vr != "UN" else vr
        if value is not None and keyword not in ("Modality", "PhotometricInterpretation", "SOPClassUID"):
            dataset.add_new(tag, vr, value)
            planted += 1
    return planted


@pytest.fixture
def planted():
    """A film's data set with an identity in every place that there is."""
    data = pydicom.dcmread(sample_path("normal_cr"))
    assert everywhere(data) > 3000
    data.private_block(0x0011, SECRET, create=True).add_new(1, "LO", SECRET)
    data.add_new(0x60003000, "OW", SECRET.encode() * 2)
    data.preamble = SECRET.encode().ljust(128, b"\0")
    data.file_meta.SourceApplicationEntityTitle = SECRET
    data.file_meta.PrivateInformationCreatorUID = UID
    data.file_meta.PrivateInformation = SECRET.encode() * 2
    data.file_meta.MediaStorageSOPInstanceUID = UID
    data.PixelData += SECRET.encode() * 2
    return data


def bytes_of(dataset) -> bytes:
    held = io.BytesIO()
    dataset.save_as(held, enforce_file_format=True)
    return held.getvalue()


@pytest.mark.parametrize("dates", ["remove", "shift"])
def test_nothing_planted_is_left_in_any_byte(planted, dates):
    before, after = bytes_of(planted), bytes_of(Deidentification(dates=dates).dataset(planted))
    for trace in (SECRET, DIGITS, UID):
        assert before.count(trace.encode()) > 80
        assert trace.encode() not in after
        assert trace.encode("utf-16-le") not in after


def test_the_picture_and_what_reading_it_needs_are_the_same(tmp_path):
    path = sample_path("normal_cr")
    clean = Deidentification().dataset(pydicom.dcmread(path))
    clean.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    one, two = read_film(path), read_film(tmp_path / "a.dcm")
    np.testing.assert_array_equal(one.pixels, two.pixels)
    for name in ("spacing_mm", "window", "inverted", "view", "warnings"):
        assert getattr(one, name) == getattr(two, name)
    assert clean.PatientIdentityRemoved == "YES"
    assert clean.DeidentificationMethodCodeSequence[0].CodeValue == "113100"


@pytest.mark.parametrize("codes", ["snomed", "srt", "private"])
def test_the_views_of_a_scan_keep_their_names(codes, tmp_path):
    frames = np.random.default_rng(0).poisson(3, (2, 128, 64))
    path = write_nuclear(tmp_path / "a.dcm", frames[::-1], views=("posterior", "anterior"), codes=codes)
    Deidentification().dataset(pydicom.dcmread(path)).save_as(tmp_path / "b.dcm", enforce_file_format=True)
    scan = name_views(read_study(tmp_path / "b.dcm"))
    assert scan.anterior.rule == "view_code"
    np.testing.assert_array_equal(scan.anterior.counts, frames[0])
    assert read_study(tmp_path / "b.dcm").spacing_mm == (2.26, 2.26)


def scan_of(patient, day, path):
    data = pydicom.dcmread(write_nuclear(path, np.ones((2, 64, 32)), name=patient, study=day, date=day))
    data.PatientBirthDate = "19500101"
    return data


def test_one_patient_stays_one_patient_and_another_another(tmp_path):
    how = Deidentification(dates="shift")
    first, second = (
        how.dataset(scan_of("ANNE", d, tmp_path / "a.dcm")) for d in ("2026-01-01", "2026-03-02")
    )
    other = how.dataset(scan_of("BERT", "2026-01-01", tmp_path / "b.dcm"))
    assert first.PatientID == second.PatientID != other.PatientID
    assert first.StudyInstanceUID != second.StudyInstanceUID
    again = how.dataset(scan_of("ANNE", "2026-01-01", tmp_path / "a.dcm"))
    assert (again.StudyInstanceUID, again.SOPInstanceUID) == (first.StudyInstanceUID, first.SOPInstanceUID)
    elsewhere = Deidentification().dataset(scan_of("ANNE", "2026-01-01", tmp_path / "a.dcm"))
    assert elsewhere.StudyInstanceUID != first.StudyInstanceUID
    days = [np.datetime64(f"{d.StudyDate[:4]}-{d.StudyDate[4:6]}-{d.StudyDate[6:]}") for d in (first, second)]
    assert days[1] - days[0] == np.timedelta64(60, "D")
    assert 1 <= (np.datetime64("2026-01-01") - days[0]).astype(int) <= MOST_DAYS
    assert elsewhere.StudyDate == ""


def patient_of(how, path, **said):
    data = scan_of("", "2026-01-01", path)
    data.PatientName = data.PatientID = data.PatientBirthDate = ""
    for keyword, value in said.items():
        setattr(data, keyword, value)
    clean = how.dataset(data)
    return clean.PatientID, clean.StudyDate


def test_a_patient_written_in_two_ways_is_one_patient(tmp_path):
    of = partial(patient_of, Deidentification(dates="shift"), tmp_path / "a.dcm")
    first = of(PatientID="7", PatientName="DOE^JOHN", PatientBirthDate="19600101")
    assert of(PatientID=" 7", PatientName="Doe^John^^", PatientBirthDate="") == first
    assert of(PatientID="8", PatientName="DOE^JOHN", PatientBirthDate="19600101")[0] != first[0]
    assert of(PatientID="7", IssuerOfPatientID="elsewhere", PatientName="DOE^JOHN")[0] != first[0]
    nameless = of(PatientName="DOE^JOHN", PatientBirthDate="19600101")
    assert of(PatientName="Doe^John^", PatientBirthDate="19600101") == nameless
    assert nameless[0] != first[0]
    assert of(PatientName="Doe^John", PatientBirthDate="19600102")[0] != nameless[0]


def test_files_that_name_nobody_are_not_taken_for_one_patient(tmp_path):
    how, studies = Deidentification(), []
    for day in ("2026-01-01", "2026-01-01", "2026-03-02"):
        nameless = scan_of("", day, tmp_path / "a.dcm")
        nameless.PatientName, nameless.PatientID, nameless.PatientBirthDate = "^^", " ", ""
        studies.append(how.dataset(nameless))
    assert studies[0].PatientID == studies[1].PatientID != studies[2].PatientID


def test_a_file_without_uids_gets_the_same_ones_each_time(tmp_path):
    how, copies = Deidentification(), []
    for level in (1, 1, 2):
        data = pydicom.dcmread(write_nuclear(tmp_path / "a.dcm", np.full((2, 64, 32), level)))
        for keyword in (
            "SOPInstanceUID",
            "StudyInstanceUID",
            "SeriesInstanceUID",
            "PatientName",
            "PatientID",
        ):
            del data[keyword]
        data.file_meta.MediaStorageSOPInstanceUID = ""
        copies.append(how.dataset(data))
    first, same, other = [
        (one.SOPInstanceUID, one.StudyInstanceUID, one.SeriesInstanceUID, one.PatientID) for one in copies
    ]
    assert first == same
    assert len({*first, *other}) == 8
    assert Deidentification().dataset(data).SOPInstanceUID != other[0]


def packed(stream: bytes, syntax: str, **header) -> Dataset:
    """A film of 64 × 64 pixels of 8 bits whose compressed pixels are `stream`, with a changed header."""
    data = pydicom.dcmread(sample_path("normal_cr"))
    data.Rows = data.Columns = 64
    data.BitsAllocated = data.BitsStored = 8
    data.HighBit, data.PhotometricInterpretation = 7, "MONOCHROME2"
    data.file_meta.TransferSyntaxUID = syntax
    data.PixelData = encapsulate([stream])
    for keyword, value in header.items():
        setattr(data, keyword, value)
    return data


def test_a_pointer_to_frames_has_no_room_for_text(tmp_path):
    data = pydicom.dcmread(write_nuclear(tmp_path / "a.dcm", np.ones((2, 64, 32))))
    known = list(data.FrameIncrementPointer)
    for given, left in (
        (known, known),
        ([0x19340817, *known, 0x444F4521], known),
        ([0x19340817], None),
    ):
        data.FrameIncrementPointer = given
        assert Deidentification().dataset(data).get("FrameIncrementPointer") == left
    for text in (SECRET, "12"):
        data.add_new("FrameIncrementPointer", "LO", text)
        assert "FrameIncrementPointer" not in Deidentification().dataset(data)
    data.add_new("FrameIncrementPointer", "AT", known)
    data.add_new("WindowCenter", "AT", 0x444F4521)
    assert "WindowCenter" not in Deidentification().dataset(data)


def test_an_overlay_in_the_spare_bits_goes(tmp_path):
    data = pydicom.dcmread(sample_path("normal_cr"))
    pixels = np.frombuffer(data.PixelData, "<u2")
    drawn = pixels.copy()
    drawn[::7] |= 1 << 13
    data.PixelData = drawn.tobytes()
    data.add_new(0x60000100, "US", 16)
    data.add_new(0x60000102, "US", 13)
    np.testing.assert_array_equal(np.frombuffer(Deidentification().dataset(data).PixelData, "<u2"), pixels)


def test_a_comment_in_a_compressed_stream_goes():
    from PIL import Image

    held = io.BytesIO()
    Image.fromarray(np.tile(np.arange(64, dtype=np.uint8), (64, 1))).save(held, "JPEG", comment=SECRET)
    data = packed(held.getvalue(), JPEGBaseline8Bit)
    assert SECRET.encode() in bytes_of(data)
    clean = Deidentification().dataset(data)
    assert SECRET.encode() not in bytes_of(clean)
    assert len(clean.PixelData) == 64 * 64


LARGE_J2K = b"\xff\x4f\xff\x51" + struct.pack(">HH4I", 47, 0, 12_000, 12_000, 0, 0) + bytes(16) + b"\0\1"
TABLED = {
    "ExtendedOffsetTable": struct.pack("<Q", 0) * 300_000,
    "ExtendedOffsetTableLengths": struct.pack("<Q", 64) * 300_000,
}


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (packed(bytes(64), RLELossless, Rows=12_000, Columns=12_000), "12000 × 12000 pixels"),
        (packed(bytes(64), RLELossless, NumberOfFrames=300_000), "300000 frames of 64 × 64"),
        (packed(bytes(64), RLELossless, **TABLED), "300000 frames of 64 × 64"),
        (packed(LARGE_J2K, JPEG2000Lossless), "12000 × 12000 pixels.*in its compressed"),
        (packed(bytes(9) + LARGE_J2K, JPEG2000Lossless, NumberOfFrames=2), "in its compressed"),
    ],
    ids=("rows", "frames", "table", "stream", "late"),
)
def test_what_no_reader_takes_for_its_size_is_not_unpacked_for_a_copy(data, cause, monkeypatch):
    monkeypatch.setattr("napari_tbcad.io.clinic.deidentify_pixels.decoded", pytest.fail)
    with pytest.raises(BadInput, match=cause):
        Deidentification().dataset(data)


def test_a_damaged_sequence_is_told_as_damage(tmp_path):
    path = write_nuclear(tmp_path / "a.dcm", np.ones((2, 64, 32)))
    whole = path.read_bytes()
    start = whole.index(b"\x54\x00\x22\x00SQ")  # DetectorInformationSequence
    for place in range(start + 8, start + 60):
        path.write_bytes(whole[:place] + b"\x7f" + whole[place + 1 :])
        for use in (lambda: Deidentification().dataset(parse_dicom(path)), lambda: dicom_source(path)):
            with contextlib.suppress(BadInput):
                use()


def test_what_is_no_film_and_no_scan_is_refused():
    data = pydicom.dcmread(sample_path("normal_cr"))
    data.Modality = "CT"
    with pytest.raises(BadInput, match="modality CT"):
        Deidentification().dataset(data)
    data.Modality = "CR"
    del data.PixelData
    with pytest.raises(BadInput, match="only films"):
        Deidentification().dataset(data)


@pytest.mark.parametrize(
    ("modality", "said", "more", "word"),
    [
        ("CR", "", {}, ""),
        ("CR", "YES", {}, "header says"),
        ("OT", "", {}, "captured"),
        ("OT", "NO", {}, ""),
        ("NM", "", {"SOPClassUID": CLASSES["NM"]}, ""),
        ("NM", "", {"SOPClassUID": SECONDARY_CAPTURE}, "captured"),
        ("NM", "NO", {"SOPClassUID": SECONDARY_CAPTURE}, ""),
        ("DX", "", {"SOPClassUID": f"{SECONDARY_CAPTURE}.2"}, "captured"),
        ("CR", "", {"ConversionType": "WSD"}, "captured"),
    ],
)
def test_text_in_the_picture_is_warned_of(modality, said, more, word):
    data = Dataset()
    data.Modality, data.BurnedInAnnotation = modality, said
    for keyword, value in more.items():
        setattr(data, keyword, value)
    assert word in drawn_into(data)
    assert bool(drawn_into(data)) == bool(word)


@pytest.mark.realdata
def test_real_films_and_scans_stay_what_they_are(shared_data, tmp_path):
    how = Deidentification()
    for path in sorted(
        [*(shared_data / "bone" / "nm1").glob("*.dcm"), shared_data / "chest/dicom_cr/RG1_J2KR.dcm"]
    ):
        data = pydicom.dcmread(path)
        name = str(data.PatientName).split("^")[0]
        how.dataset(data).save_as(tmp_path / "a.dcm", enforce_file_format=True)
        assert len(name) > 3
        assert name.encode() in path.read_bytes()
        assert name.encode() not in (tmp_path / "a.dcm").read_bytes()
        if data.Modality == "NM":
            one, two = read_study(path), read_study(tmp_path / "a.dcm")
            np.testing.assert_array_equal(one.frames[0].pixels, two.frames[0].pixels)
            assert name_views(two).anterior.rule == name_views(one).anterior.rule
        else:
            np.testing.assert_array_equal(read_film(path).pixels, read_film(tmp_path / "a.dcm").pixels)
