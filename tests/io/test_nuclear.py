"""Whole-body NM files, written and read back; and those that are none."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import RLELossless

from napari_tbcad.errors import BadInput
from napari_tbcad.io.nuclear import is_scan_dicom
from napari_tbcad.io.nuclear_writing import write_nuclear
from napari_tbcad.io.read import read_film
from napari_tbcad.io.scans import find_scans, read_study

RANDOM = np.random.default_rng(1)
ANT, POST = RANDOM.poisson(4, (2, 96, 32))


def changed(path: Path, **attributes: object) -> Path:
    """Write a two-frame file with some header values changed; None leaves one out."""
    return write_nuclear(path, [ANT, POST], attributes=attributes)


def test_what_is_written_is_read_back(tmp_path):
    path = write_nuclear(tmp_path / "a.dcm", [ANT, POST], spacing_mm=(2.2, 2.5), date="2026-01-31")
    study = read_study(path)
    assert [np.array_equal(f.pixels, s) for f, s in zip(study.frames, (ANT, POST), strict=True)] == [
        True,
        True,
    ]
    assert study.spacing_mm == (2.2, 2.5)
    assert (study.unit, study.date, study.warnings) == ("counts", "2026-01-31", ())
    assert [f.facts.code_view for f in study.frames] == ["anterior", "posterior"]
    assert study.frames[0].facts.counts_accumulated == ANT.sum() + POST.sum()


def test_the_same_input_gives_the_same_bytes(tmp_path):
    paths = [write_nuclear(tmp_path / name, [ANT, POST], name="S1") for name in ("a.dcm", "b.dcm")]
    assert len({hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}) == 1
    other = write_nuclear(tmp_path / "c.dcm", [ANT, POST], name="S2")
    assert pydicom.dcmread(other).SOPInstanceUID != pydicom.dcmread(paths[0]).SOPInstanceUID


def test_nothing_about_the_person_is_kept(tmp_path):
    path = changed(
        tmp_path / "a.dcm",
        PatientName="Doe^Jane",
        PatientID="ID-4711",
        StudyDate="20260131",
        AcquisitionDate=None,
    )
    study = read_study(path)
    assert study.date == "2026-01-31"
    written = study.record.to_json() + " ".join(study.warnings) + repr(study.frames[0].facts)
    for secret in ("Doe", "4711", "20260131", "2026-01-31", str(pydicom.dcmread(path).StudyInstanceUID)):
        assert secret not in written


def test_a_scan_is_known_by_its_modality_not_by_its_class(tmp_path):
    captured = changed(tmp_path / "sc.dcm", SOPClassUID="1.2.840.10008.5.1.4.1.1.7")
    assert len(read_study(captured).frames) == 2
    assert is_scan_dicom(captured)
    without = pydicom.dcmread(captured)
    del without.SOPClassUID
    without.save_as(tmp_path / "none.dcm", enforce_file_format=False)
    assert len(read_study(tmp_path / "none.dcm").frames) == 2
    film = changed(tmp_path / "cr.dcm", Modality="CR")
    assert not is_scan_dicom(film)
    with pytest.raises(BadInput, match="modality CR"):
        read_study(film)
    with pytest.raises(BadInput, match="bone scan workflow"):
        read_film(captured)


def test_is_scan_dicom_never_fails(tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    assert not is_scan_dicom(tmp_path / "a.txt")
    assert not is_scan_dicom(tmp_path / "missing.dcm")


def test_run_length_encoding_is_read(tmp_path):
    dataset = pydicom.dcmread(write_nuclear(tmp_path / "a.dcm", [ANT, POST]))
    dataset.compress(RLELossless)
    dataset.save_as(tmp_path / "rle.dcm")
    assert np.array_equal(read_study(tmp_path / "rle.dcm").frames[1].pixels, POST)


def test_the_detector_vector_says_which_detector_a_frame_came_from(tmp_path):
    swapped = read_study(changed(tmp_path / "a.dcm", DetectorVector=[2, 1]))
    assert [f.facts.code_view for f in swapped.frames] == ["posterior", "anterior"]
    without = read_study(changed(tmp_path / "b.dcm", DetectorVector=None))
    assert [f.facts.code_view for f in without.frames] == ["anterior", "posterior"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("STATIC", "spot view"),
        ("DYNAMIC", "dynamic"),
        ("GATED", "gated"),
        ("TOMO", "SPECT acquisition"),
        ("RECON TOMO", "reconstructed SPECT"),
    ],
)
def test_other_types_are_refused_by_name(tmp_path, kind, words):
    square = np.ones((64, 64))
    path = write_nuclear(
        tmp_path / "a.dcm",
        [square, square],
        attributes={"ImageType": ["ORIGINAL", "PRIMARY", kind, "EMISSION"]},
    )
    with pytest.raises(BadInput, match=words):
        read_study(path)


def test_without_a_type_vectors_and_shape_tell(tmp_path):
    sliced = changed(tmp_path / "a.dcm", ImageType=None, SliceVector=[1, 2])
    with pytest.raises(BadInput, match="reconstructed SPECT"):
        read_study(sliced)
    square = write_nuclear(tmp_path / "b.dcm", [np.ones((64, 64))], attributes={"ImageType": None})
    with pytest.raises(BadInput, match="spot view"):
        read_study(square)
    assert len(read_study(changed(tmp_path / "c.dcm", ImageType=None)).frames) == 2


def test_a_static_image_shaped_like_a_body_is_read_with_a_warning(tmp_path):
    study = read_study(changed(tmp_path / "a.dcm", ImageType=["ORIGINAL", "PRIMARY", "STATIC", "EMISSION"]))
    assert "static" in study.warnings[0]


def test_pixels_that_are_missing_or_broken_are_told(tmp_path):
    with pytest.raises(BadInput, match="no pixel data"):
        read_study(changed(tmp_path / "none.dcm", PixelData=None))
    with pytest.raises(BadInput, match="cannot be decoded"):
        read_study(changed(tmp_path / "short.dcm", PixelData=ANT.astype("<u2").tobytes()[:-100]))
    with pytest.raises(BadInput, match="cannot be decoded"):
        read_study(changed(tmp_path / "frames.dcm", NumberOfFrames=5))
    whole = write_nuclear(tmp_path / "whole.dcm", [ANT, POST]).read_bytes()
    (tmp_path / "cut.dcm").write_bytes(whole[:700])
    with pytest.raises(BadInput, match=r"truncated|no pixel data|names no modality"):
        read_study(tmp_path / "cut.dcm")
    (tmp_path / "empty.dcm").write_bytes(b"")
    with pytest.raises(BadInput, match="empty"):
        read_study(tmp_path / "empty.dcm")
    with pytest.raises(BadInput, match="no such file"):
        read_study(tmp_path / "gone.dcm")


@pytest.mark.parametrize("attributes", [{"Rows": 65535, "Columns": 40000}, {"NumberOfFrames": 2**30}])
@pytest.mark.parametrize("compressed", [False, True])
def test_a_header_that_claims_any_size_is_refused_before_decoding(tmp_path, attributes, compressed):
    dataset = pydicom.dcmread(write_nuclear(tmp_path / "a.dcm", [ANT, POST]))
    if compressed:
        dataset.compress(RLELossless)
    for name, value in attributes.items():
        setattr(dataset, name, value)
    dataset.save_as(tmp_path / "b.dcm")
    with pytest.raises(BadInput, match="more than a whole-body scan has"):
        read_study(tmp_path / "b.dcm")


def test_damaged_headers_are_told_without_quoting_them_and_stop_no_listing(tmp_path):
    whole = write_nuclear(tmp_path / "a.dcm", [ANT, POST], name="SECRET^NAME").read_bytes()
    damaged = {
        "representation.dcm": whole.replace(b"\x10\x00\x10\x00PN", b"\x10\x00\x10\x00P?"),
        "length.dcm": whole.replace(b"\x08\x00\x60\x00CS\x02\x00", b"\x08\x00\x60\x00CS\xff\x00"),
        "syntax.dcm": whole.replace(b"1.2.840.10008.1.2.1", b"1.2.840.10008.1.2?1"),
    }
    for name, content in damaged.items():
        assert content != whole
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadInput) as error:
            read_study(tmp_path / name)
        assert "SECRET" not in str(error.value)
    assert len(find_scans(tmp_path)) == 4
    for name in damaged:
        with pytest.raises(BadInput) as error:
            read_film(tmp_path / name)
        assert "SECRET" not in str(error.value)


def test_a_cut_image_says_how_much_of_it_is_there(tmp_path):
    half = np.stack([ANT, POST]).astype("<u2").tobytes()[:-1000]
    with pytest.raises(BadInput, match="11288 of its 12288 bytes are there"):
        read_study(changed(tmp_path / "a.dcm", PixelData=half))


def test_two_frames_in_a_file_that_states_one_are_both_read_and_named(tmp_path):
    study = read_study(changed(tmp_path / "a.dcm", NumberOfFrames=1, ImageID="WHOLE BODY"))
    assert [f.facts.code_view for f in study.frames] == ["anterior", "posterior"]
    assert "states 1 frame, the file holds 2" in study.warnings[0]


def test_a_body_dark_on_light_is_turned_round_whatever_the_header_says(tmp_path):
    study = read_study(write_nuclear(tmp_path / "a.dcm", [60000 - ANT, 60000 - POST]))
    assert study.unit == "grey"
    assert int(study.frames[0].pixels.argmax()) == int(ANT.argmax())
    assert "turned round" in study.warnings[0]
    plain = read_study(changed(tmp_path / "b.dcm", PhotometricInterpretation="MONOCHROME1"))
    assert (plain.unit, plain.warnings) == ("counts", ())


def test_an_export_windowed_to_eight_bits_holds_no_counts(tmp_path):
    bits = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
    for highest, unit in ((255, "grey"), (200, "counts")):
        pixels = np.stack([ANT, POST]).astype(np.uint8)
        pixels[0, 5, 5] = highest
        study = read_study(changed(tmp_path / f"{unit}.dcm", PixelData=pixels.tobytes(), **bits))
        assert study.unit == unit
        assert any("windowed" in warning for warning in study.warnings) == (unit == "grey")


def test_a_rescale_slope_is_applied_and_told(tmp_path):
    study = read_study(changed(tmp_path / "a.dcm", RescaleSlope="0.5", RescaleIntercept="1"))
    assert np.array_equal(study.frames[0].pixels, ANT * 0.5 + 1)
    assert "rescaled" in study.warnings[0]
    assert read_study(changed(tmp_path / "b.dcm", RescaleSlope="1", RescaleIntercept="0")).warnings == ()
    strange = read_study(changed(tmp_path / "c.dcm", RescaleSlope="0"))
    assert np.array_equal(strange.frames[0].pixels, ANT)
    assert "ignored" in strange.warnings[0]


def windows(*limits: tuple[float, float]) -> list[pydicom.Dataset]:
    """EnergyWindowInformationSequence with one item for each pair of keV."""
    items = []
    for low, high in limits:
        window, item = pydicom.Dataset(), pydicom.Dataset()
        item.EnergyWindowLowerLimit, item.EnergyWindowUpperLimit = low, high
        window.EnergyWindowRangeSequence = [item]
        items.append(window)
    return items


def test_one_view_in_two_energy_windows_is_one_view(tmp_path):
    path = write_nuclear(tmp_path / "a.dcm", [ANT, POST], views=["anterior", "anterior"])
    dataset = pydicom.dcmread(path)
    dataset.EnergyWindowInformationSequence = windows((126, 154), (92, 125))
    dataset.EnergyWindowVector, dataset.DetectorVector = [1, 2], [1, 1]
    dataset.save_as(path)
    study = read_study(path)
    assert len(study.frames) == 1
    assert np.array_equal(study.frames[0].pixels, ANT)
    dataset.DetectorVector = [1, 2]
    dataset.save_as(path)
    assert len(read_study(path).frames) == 2, "each detector may have a window of its own"


@pytest.mark.parametrize("name", ["Rows", "Columns"])
def test_a_header_without_size_is_told(tmp_path, name):
    with pytest.raises(BadInput, match="no size"):
        read_study(changed(tmp_path / "a.dcm", **{name: 0}))


def test_views_without_counts(tmp_path):
    with pytest.raises(BadInput, match="no counts"):
        read_study(write_nuclear(tmp_path / "a.dcm", [0 * ANT, 0 * POST]))
    study = read_study(write_nuclear(tmp_path / "b.dcm", [ANT, 0 * POST]))
    assert [f.facts.code_view for f in study.frames] == ["anterior"]
    assert "no counts" in study.warnings[0]


def test_negative_values_become_zero_with_a_warning(tmp_path):
    stored = ANT.astype("<i2") - 1
    path = write_nuclear(
        tmp_path / "a.dcm", [ANT], attributes={"PixelRepresentation": 1, "PixelData": stored.tobytes()}
    )
    study = read_study(path)
    assert np.array_equal(study.frames[0].pixels, np.maximum(stored, 0))
    assert "negative" in study.warnings[0]


def test_of_two_energy_windows_the_photopeak_is_read(tmp_path):
    path = write_nuclear(tmp_path / "a.dcm", [ANT, POST, ANT + 1, POST + 1], views=None)
    dataset = pydicom.dcmread(path)
    dataset.EnergyWindowInformationSequence = windows((92, 125), (126, 154))
    dataset.EnergyWindowVector, dataset.DetectorVector = [1, 1, 2, 2], [1, 2, 1, 2]
    dataset.save_as(path)
    study = read_study(path)
    assert np.array_equal(study.frames[0].pixels, ANT + 1)
    assert "140 keV" in study.warnings[0]
    with pytest.raises(BadInput, match="4 frames"):
        read_study(write_nuclear(tmp_path / "b.dcm", [ANT, POST, ANT, POST], views=None))


@pytest.mark.parametrize("value", [["0", "0"], ["-2", "2"], ["2.2"]])
def test_an_unreadable_pixel_size_is_ignored_with_a_warning(tmp_path, value):
    study = read_study(changed(tmp_path / "a.dcm", PixelSpacing=value))
    assert study.spacing_mm is None
    assert "PixelSpacing" in study.warnings[0]


def test_header_values_that_are_no_numbers_do_not_stop_the_reading(tmp_path):
    path = write_nuclear(tmp_path / "a.dcm", [ANT], spacing_mm=(2.5, 2.5), start_angles=[180])
    raw = path.read_bytes().replace(b"2.5\\2.5 ", b"abc\\x.y ")
    path.write_bytes(raw)
    assert read_study(path).spacing_mm is None


def test_two_files_of_one_study_are_one_scan(tmp_path):
    a = write_nuclear(tmp_path / "a.dcm", [ANT], views=["anterior"])
    b = write_nuclear(tmp_path / "b.dcm", [POST], views=["posterior"])
    assert len(read_study([a, b]).frames) == 2
    strange = write_nuclear(tmp_path / "c.dcm", [POST], views=["posterior"], name="OTHER")
    with pytest.raises(BadInput, match="another patient"):
        read_study([a, strange])
    later = write_nuclear(tmp_path / "d.dcm", [POST], views=["posterior"], study="later")
    with pytest.raises(BadInput, match="another study"):
        read_study([a, later])
    small = write_nuclear(tmp_path / "e.dcm", [POST[:64]], views=["posterior"])
    with pytest.raises(BadInput, match="differ in size"):
        read_study([a, small])
    coarse = write_nuclear(tmp_path / "f.dcm", [POST], views=["posterior"], spacing_mm=(3, 3))
    study = read_study([a, coarse])
    assert study.spacing_mm is None
    assert "different pixel sizes" in study.warnings[0]


def test_a_folder_with_one_scan_is_read_and_one_with_two_refused(tmp_path):
    write_nuclear(tmp_path / "a.dcm", [ANT, POST])
    assert len(read_study(tmp_path).frames) == 2
    write_nuclear(tmp_path / "b.dcm", [ANT, POST], name="B")
    with pytest.raises(BadInput, match="2 scans"):
        read_study(tmp_path)


def test_frames_that_cannot_be_stored_are_refused(tmp_path):
    for bad in ([-ANT - 1], [ANT, POST[:10]], [ANT + 1e6], []):
        with pytest.raises(ValueError, match=r"frames|counts"):
            write_nuclear(tmp_path / "a.dcm", bad)
    assert not list(tmp_path.iterdir())
