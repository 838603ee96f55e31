"""Whose image the files of an export name: that of the masks, whatever lies at its path by now."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pydicom
import pytest

from napari_tbcad.batch.clinic import export_subject
from napari_tbcad.bone import case_scan
from napari_tbcad.bone.views import ViewParameters, name_views
from napari_tbcad.case import Case
from napari_tbcad.chest.cases import case_of, film_for
from napari_tbcad.chest.workflow import ChestSettings, give_mask, start
from napari_tbcad.io.clinic import origin
from napari_tbcad.io.clinic.deidentify import Deidentification
from napari_tbcad.io.clinic.export import Sources, folder_of
from napari_tbcad.io.clinic.source import REFUSED
from napari_tbcad.io.nuclear_writing import write_nuclear
from napari_tbcad.io.read import read_film
from napari_tbcad.io.scans import read_study
from napari_tbcad.simulate.samples import sample_path

WHEN = datetime(2026, 11, 23)
SIDE = 64


def film_of(path, patient, step=4):
    """Write a small film of a patient."""
    data = pydicom.dcmread(sample_path("normal_cr"))
    pixels = np.frombuffer(data.PixelData, "<u2").reshape(data.Rows, data.Columns)[::step, ::8][:SIDE, :SIDE]
    data.Rows, data.Columns, data.PixelData = *pixels.shape, np.ascontiguousarray(pixels).tobytes()
    data.PatientName = data.PatientID = patient
    data.StudyInstanceUID = f"1.2.{sum(map(ord, patient))}"
    data.save_as(path)
    return path


def frames_of(seed):
    return np.random.default_rng(seed).poisson(3, (2, 128, SIDE))


def scan_in(path):
    return name_views(read_study([path]), ViewParameters())


def film_source(film, folder, sources=None, **how):
    with folder_of(folder, "a") as place:
        return (sources or Sources()).film(film, "a", place, WHEN, **how)


def view_sources(scan, folder, sources=None, **how):
    with folder_of(folder, "a") as place:
        return (sources or Sources()).views(scan, "a", place, WHEN, False, **how)


def test_a_film_is_not_exported_as_that_of_the_patient_whose_file_has_its_path_now(tmp_path):
    path = film_of(tmp_path / "IMG0001.dcm", "ALICE")
    run = start(read_film(path), ChestSettings())
    labels = np.zeros(run.get("film").shape, np.uint8)
    labels[8:40, 4:20], labels[8:40, 40:60] = 1, 2
    for kind in ("sensitive", "insensitive"):
        give_mask(run, labels, kind)
    path.unlink()
    case = tmp_path / "a.tbcad"
    case_of(run).save(case)
    film_of(path, "BERT", step=3)
    (done,) = export_subject(case, tmp_path / "out")
    assert done.fault == ""
    assert done.exported.notes[0].startswith(origin.OTHER)
    assert {one.name for one in done.exported.paths} >= {"a_source.dcm", "a_sensitive.dcm", "a_report.dcm"}
    for one in done.exported.paths:
        written = pydicom.dcmread(one)
        assert (written.PatientName, written.PatientID) == ("", "")
        assert b"BERT" not in one.read_bytes()
        assert written.StudyInstanceUID != pydicom.dcmread(path).StudyInstanceUID
    # The film goes on to know what it was called and where it was: a case saved again says it, too.
    again = film_for(Case.load(case), case)
    assert again.source == str(path)
    np.testing.assert_array_equal(again.pixels, run.get("film").pixels)


def test_a_film_is_that_of_its_file_only_where_the_file_holds_its_pixels(tmp_path, monkeypatch):
    path = film_of(tmp_path / "a.dcm", "ALICE")
    film = read_film(path)
    own = film_source(film, tmp_path / "out")
    assert own.header.PatientID == "ALICE"
    assert not list((tmp_path / "out").iterdir())
    film_of(path, "BERT", step=3)
    assert origin.film_apart(film) == origin.OTHER
    path.write_bytes(path.read_bytes()[:2000])
    assert origin.film_apart(film) == origin.OTHER
    path.unlink()
    assert origin.film_apart(film) == origin.GONE
    film_of(path, "ALICE")
    monkeypatch.setattr(origin, "read_film", lambda path: pytest.fail("read twice"))
    assert film_source(film, tmp_path / "out", fresh=True).header.PatientID == "ALICE"


def test_views_are_those_of_their_file_only_where_it_holds_all_of_them(tmp_path, monkeypatch):
    path = write_nuclear(tmp_path / "a.dcm", frames_of(0), name="ALICE")
    scan = scan_in(path)
    assert {one.header.PatientID for one in view_sources(scan, tmp_path / "out").values()} == {"ALICE"}
    changed = frames_of(0)
    changed[1] = changed[1][::-1]
    write_nuclear(path, changed, name="BERT")
    found = view_sources(scan, tmp_path / "out")
    for view, image in scan:
        assert found[view].header.PatientID == ""
        assert found[view].notes[0].startswith(origin.OTHER)
        written = pydicom.dcmread(tmp_path / "out" / f"a_{view}_source.dcm")
        np.testing.assert_array_equal(written.pixel_array, image.counts)
    assert len({one.header.StudyInstanceUID for one in found.values()}) == 1
    write_nuclear(path, frames_of(0), name="ALICE")
    monkeypatch.setattr(origin, "read_nuclear", lambda *given: pytest.fail("read twice"))
    assert view_sources(scan, tmp_path / "out", fresh=True)["anterior"].header.PatientID == "ALICE"


def test_a_scan_in_a_case_knows_its_place_and_is_not_taken_for_what_lies_there(tmp_path):
    path = write_nuclear(tmp_path / "a.dcm", frames_of(0), name="ALICE")
    scan = scan_in(path)
    images, _ = case_scan.embedded_reference(read_study([path]), place=str(path))
    assert images[case_scan.SCAN].facts["frames"][1]["source"] == str(path)
    path.unlink()
    assert origin.views_apart(scan) == origin.GONE
    write_nuclear(path, frames_of(1), name="BERT")
    assert origin.views_apart(scan) == origin.OTHER


@pytest.mark.parametrize("deidentification", [None, Deidentification()])
def test_the_spacing_of_an_export_is_the_one_that_was_read(deidentification, tmp_path):
    path = film_of(tmp_path / "a.dcm", "ALICE")
    data = pydicom.dcmread(path)
    data.PixelSpacing, data.ImagerPixelSpacing = [100, 100], [0.2, 0.2]
    data.save_as(path)
    source = film_source(read_film(path), tmp_path / "out", Sources(deidentification))
    assert list(source.header.PixelSpacing) == [0.2, 0.2]
    scan = replace(scan_in(write_nuclear(tmp_path / "b.dcm", frames_of(0))), spacing_mm=None)
    for one in view_sources(scan, tmp_path / "scan", Sources(deidentification)).values():
        assert "PixelSpacing" not in one.header
        assert REFUSED in one.notes


@pytest.mark.parametrize(
    ("modality", "annotated", "note"),
    [("CR", "YES", "The header says"), ("OT", "", "Text may be drawn"), ("CR", "", "")],
)
def test_a_copy_without_identity_is_told_to_be_looked_at_where_text_may_be_in_it(
    modality, annotated, note, tmp_path
):
    path = film_of(tmp_path / "a.dcm", "ALICE")
    data = pydicom.dcmread(path)
    data.Modality, data.BurnedInAnnotation = modality, annotated
    data.save_as(path)
    film = read_film(path)
    notes = film_source(film, tmp_path / "out", Sources(Deidentification())).notes
    assert [one for one in notes if "look at it" in one] == [one for one in notes if note and note in one]
    assert any("look at it" in one for one in notes) == bool(note)
    path.unlink()
    captured = film_source(film, tmp_path / "out", Sources(Deidentification()))
    assert captured.notes[-1] == "Text drawn into the picture stays: look at it."
    assert not [one for one in film_source(film, tmp_path / "b").notes if "look at it" in one]


def test_both_views_refer_to_the_one_copy_that_is_written_of_their_file(tmp_path):
    path = write_nuclear(tmp_path / "a.dcm", frames_of(0), name="ALICE")
    data = pydicom.dcmread(path)
    del data.SOPInstanceUID, data.StudyInstanceUID, data.SeriesInstanceUID
    data.file_meta.MediaStorageSOPInstanceUID = ""
    data.save_as(path, enforce_file_format=False)
    found = view_sources(scan_in(path), tmp_path / "out", Sources(Deidentification()))
    (copy,) = (tmp_path / "out").iterdir()
    written = pydicom.dcmread(copy)
    for frame, source in enumerate(found.values(), 1):
        assert (source.uid, source.frame) == (written.SOPInstanceUID, frame)
        assert source.header.StudyInstanceUID == written.StudyInstanceUID
