"""Films as DICOM, and copies without identity: what comes back is what was there, and nothing else."""

from __future__ import annotations

import os
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from napari_tbcad.batch.clinic import FreeNames, export_subject
from napari_tbcad.batch.corrected import NotCorrected, corrected_in
from napari_tbcad.batch.deidentified import deidentify_files
from napari_tbcad.batch.deidentified_key import Key
from napari_tbcad.batch.films import ChestJob
from napari_tbcad.batch.given import by_programs
from napari_tbcad.batch.runs.inputs import chest_inputs
from napari_tbcad.batch.runs.run import run_studies
from napari_tbcad.case import Case
from napari_tbcad.chest import cases as chest_cases
from napari_tbcad.chest.workflow import finish, give_mask, settings_from, start
from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.io.clinic import codes
from napari_tbcad.io.clinic.deidentify import Deidentification
from napari_tbcad.io.clinic.makers import Finder, Maker
from napari_tbcad.io.clinic.report_reading import read_report
from napari_tbcad.io.clinic.runs import rows_of
from napari_tbcad.io.clinic.segmentation_labels import lungs_of
from napari_tbcad.io.clinic.segmentation_reading import read_segments
from napari_tbcad.io.masks import find_mask, read_mask
from napari_tbcad.io.nuclear_writing import write_nuclear
from napari_tbcad.io.read import read_film
from napari_tbcad.record import Edit, Record
from napari_tbcad.simulate.samples import sample_path

QUICK = {"lungs.segmenter": "otsu", "features.grid": 128, "opacities.enabled": False}
TRACES = ("ROE", "Roe", "roe", "Quill", "19340817", "hospital", "2026-", "20260102")
"""Who the patient, the reader and the place are, and when: what no copy may hold."""


@pytest.fixture(scope="module")
def film_path(tmp_path_factory) -> Path:
    """A small film in DICOM whose header, name and folder say who it is of."""
    data = pydicom.dcmread(sample_path("normal_cr"))
    pixels = np.frombuffer(data.PixelData, "<u2").reshape(data.Rows, data.Columns)[::4, ::4]
    data.Rows, data.Columns = pixels.shape
    data.PixelData = np.ascontiguousarray(pixels).tobytes()
    data.PatientName, data.PatientID, data.StudyDate = "ROE^RICHARD", "19340817", "20260102"
    data.InstitutionName = "hospital of Roe"
    path = tmp_path_factory.mktemp("hospital") / "roe_richard.dcm"
    data.save_as(path)
    return path


@pytest.fixture(scope="module")
def scan_path(tmp_path_factory) -> Path:
    counts = np.random.default_rng(0).poisson(3, (2, 128, 64))
    return write_nuclear(
        tmp_path_factory.mktemp("hospital") / "roe.dcm", counts, name="ROE^R", date="2026-01-02"
    )


@pytest.fixture(scope="module")
def film_run(film_path):
    """A run with one mask corrected by a reader, the other as it was found."""
    run = start(read_film(film_path), settings_from(QUICK))
    run.compute("sensitive", "insensitive")
    labels = run.get("insensitive").labels.copy()
    labels[5:11, 60:66] = 1
    give_mask(run, labels, "insensitive", reader="Dr. Quill", tool="brush")
    finish(run)
    return run


@pytest.fixture
def film_case(film_run, tmp_path) -> Path:
    path = tmp_path / "cases" / "roe_richard.tbcad"
    path.parent.mkdir()
    said = (
        "roe_richard.dcm: looks pale.",
        "roe_richard_sensitive.png is older",
        "masks/roe_richard/a.png: old",
    )
    chest_cases.case_of(film_run, reader="Dr. Quill", warnings=said).save(path)
    return path


def only(done):
    (one,) = list(done)
    assert one.fault == ""
    return one.exported


def test_a_films_case_as_dicom_says_what_the_case_says(
    film_case, film_run, film_path, tmp_path, dicom_errors
):
    exported = only(export_subject(film_case, tmp_path / "out"))
    assert [path.name for path in exported.paths] == [
        f"roe_richard_{what}.dcm" for what in ("sensitive", "insensitive", "report")
    ]
    for path in exported.paths:
        assert dicom_errors(path) == []
        assert pydicom.dcmread(path).PatientID == "19340817"
    for kind, made in (("sensitive", "AUTOMATIC"), ("insensitive", "SEMIAUTOMATIC")):
        path = tmp_path / "out" / f"roe_richard_{kind}.dcm"
        np.testing.assert_array_equal(lungs_of(path), film_run.get(kind).labels)
        assert {segment.made for segment in read_segments(path)} == {made}
        reference = pydicom.dcmread(path).ReferencedSeriesSequence[0].ReferencedInstanceSequence[0]
        assert reference.ReferencedSOPInstanceUID == pydicom.dcmread(film_path).SOPInstanceUID
    report = read_report(exported.paths[-1])
    values = {one.id: one.value for group in report.groups if group.images for one in group.measurements}
    assert values == film_run.get("features").as_dict()
    assert report.readers == ("Dr. Quill",)
    (correction,) = report.said(codes.CORRECTED)
    assert "insensitive: brush, 36 pixels" in correction
    assert "by Dr. Quill" in correction
    assert report.said(codes.NOTICE) == ("Research use only. Not for diagnosis.",)


def test_what_was_exported_is_read_as_given_masks(film_case, film_run, film_path, tmp_path):
    out = tmp_path / "out"
    only(export_subject(film_case, out))
    run_studies(chest_inputs(film_path), ChestJob(tmp_path / "run", "none", QUICK, masks=out))
    for kind in ("sensitive", "insensitive"):
        again = read_mask(find_mask(tmp_path / "run" / "masks", "roe_richard", kind))
        np.testing.assert_array_equal(again, film_run.get(kind).labels)
    exported = only(export_subject(tmp_path / "run", tmp_path / "again"))
    for path, kind in zip(exported.paths, ("sensitive", "insensitive"), strict=False):
        before, after = (read_segments(place / path.name) for place in (out, path.parent))
        assert [one.maker for one in after] == [one.maker for one in before]
        assert {one.made for one in after} == {"AUTOMATIC" if kind == "sensitive" else "SEMIAUTOMATIC"}
    values = read_report(exported.paths[-1]).as_dict()["groups"]["features shape"]["values"]
    assert values == pytest.approx({k: film_run.get("features").as_dict()[k] for k in values}, rel=1e-8)


def one_row(folder: Path) -> dict[str, str]:
    (row,) = rows_of(folder / "results.csv", "file")
    return row


def test_masks_of_a_program_stay_a_programs_when_they_are_given(film_path, tmp_path, dicom_errors):
    films = chest_inputs(film_path)
    run_studies(films, ChestJob(tmp_path / "run", "none", QUICK))
    before = only(export_subject(tmp_path / "run", tmp_path / "out"))
    job = ChestJob(tmp_path / "given", "none", QUICK, masks=tmp_path / "out")
    assert "masks in" in by_programs(films, job)
    assert "made by a program (napari-tbcad otsu)" in by_programs(films, job)
    run_studies(films, job)
    row = one_row(tmp_path / "given")
    assert row["segmenter"] == "given by a program"
    assert "sensitive mask: made by a program (napari-tbcad otsu)" in row["warnings"]
    record = Record.load(tmp_path / "given" / "records" / "roe_richard.json")
    assert [entry.by_program for entry in record if isinstance(entry, Edit)] == [True, True]
    after = only(export_subject(tmp_path / "given", tmp_path / "again"))
    for one, other in zip(before.paths[:2], after.paths[:2], strict=True):
        assert [s.maker for s in read_segments(other)] == [s.maker for s in read_segments(one)]
        assert {s.made for s in read_segments(other)} == {"AUTOMATIC"}
        assert dicom_errors(other) == []
    report = read_report(after.paths[-1])
    assert {group["answers"].get("made") for group in report.as_dict()["groups"].values()} == {
        "automatic",
        None,
    }
    assert all("by a program (napari-tbcad otsu)" in text for text in report.said(codes.CORRECTED))


def test_a_picture_among_a_programs_masks_is_a_persons(film_path, tmp_path):
    films = chest_inputs(film_path)
    run_studies(films, ChestJob(tmp_path / "run", "none", QUICK))
    only(export_subject(tmp_path / "run", tmp_path / "out"))
    (tmp_path / "out" / "roe_richard_insensitive.dcm").unlink()
    (tmp_path / "run" / "masks" / "roe_richard_insensitive.png").rename(
        tmp_path / "out" / "roe_richard_insensitive.png"
    )
    job = ChestJob(tmp_path / "given", "none", QUICK, masks=tmp_path / "out")
    assert by_programs(films, job).startswith("1 of 2 masks in")
    run_studies(films, job)
    assert one_row(tmp_path / "given")["segmenter"] == "given"
    exported = only(export_subject(tmp_path / "given", tmp_path / "again"))
    made = [{s.made for s in read_segments(path)} for path in exported.paths[:2]]
    assert made == [{"AUTOMATIC"}, {"MANUAL"}]


def test_a_programs_mask_in_a_case_is_a_programs_until_a_person_edits_it(film_path, tmp_path, film_run):
    maker = Maker("AUTOMATIC", Finder("network of Roe", codes.FAMILIES["network"], "2.1"))
    run = start(read_film(film_path), settings_from(QUICK))
    run.compute("insensitive")
    labels = film_run.get("sensitive").labels
    give_mask(run, labels, "sensitive", tool="file", maker=maker)
    finish(run)
    chest_cases.case_of(run).save(tmp_path / "a.tbcad")
    exported = only(export_subject(tmp_path / "a.tbcad", tmp_path / "out"))
    assert {s.maker for s in read_segments(exported.paths[0])} == {maker}
    hidden = only(
        export_subject(tmp_path / "a.tbcad", tmp_path / "hidden", deidentification=Deidentification())
    )
    assert {s.made for s in read_segments(hidden.paths[1])} == {"AUTOMATIC"}
    assert not [path for path in hidden.paths if b"network of Roe" in path.read_bytes()]
    clean = only(deidentify_files([tmp_path / "a.tbcad"], tmp_path / "clean", Deidentification()))
    assert b"network of Roe" not in content(clean.paths[0])
    assert b"network of Roe" in content(tmp_path / "a.tbcad")
    again = chest_cases.run_from(Case.load(tmp_path / "a.tbcad"), read_film(film_path))
    assert again.get("sensitive").origin == "program"
    labels = labels.copy()
    labels[:4, :4] = 1
    give_mask(again, labels, "sensitive", reader="Dr. Quill")
    finish(again)
    chest_cases.case_of(again, reader="Dr. Quill").save(tmp_path / "b.tbcad")
    edited = only(export_subject(tmp_path / "b.tbcad", tmp_path / "edited"))
    assert {s.maker for s in read_segments(edited.paths[0])} == {replace(maker, made="SEMIAUTOMATIC")}


def test_what_is_called_as_a_setting_goes_where_it_is_no_setting(film_path, tmp_path):
    maker = Maker("AUTOMATIC", Finder("otsu", codes.FAMILIES["otsu"], "1"))
    run = start(read_film(film_path), settings_from(QUICK))
    run.compute("sensitive")
    give_mask(run, run.get("sensitive").labels, "sensitive", tool="file", maker=maker)
    (tmp_path / "Guided").mkdir()
    said = (f"{tmp_path}/Guided/otsu.png: looks pale", "Guided was here")
    named = tmp_path / "Guided" / "otsu.tbcad"
    chest_cases.case_of(run, warnings=said).save(named)
    (path,) = only(deidentify_files([named], tmp_path / "out", Deidentification())).paths
    case = Case.load(path)
    assert "guided" not in " ".join(case.last.warnings).lower()
    assert chest_cases.run_from(case, chest_cases.film_for(case, path)).settings == run.settings


def test_what_no_person_made_is_no_correction_to_learn_from(film_path, tmp_path):
    films = chest_inputs(film_path)
    run_studies(films, ChestJob(tmp_path / "run", "none", QUICK))
    only(export_subject(tmp_path / "run", tmp_path / "out"))
    run_studies(films, ChestJob(tmp_path / "given", "none", QUICK, masks=tmp_path / "out"))
    (look,) = corrected_in(tmp_path / "given", "lungs")
    with pytest.raises(NotCorrected):
        look()


def test_a_run_with_a_bad_film_exports_the_others(film_path, tmp_path, monkeypatch):
    picture = tmp_path / "in" / "b.png"
    picture.parent.mkdir()
    pixels = np.asarray(Image.open(sample_path("effusion")))[::4, ::4].copy()
    for path in (picture, picture.with_name("d.png")):
        Image.fromarray(pixels).save(path)
    monkeypatch.chdir(film_path.parent)
    (tmp_path / "in" / "c.dcm").write_bytes(b"no film")
    run_studies(
        chest_inputs([film_path.name, *sorted((tmp_path / "in").iterdir())]),
        ChestJob(tmp_path / "run", "none", QUICK),
    )
    picture.unlink()
    Image.fromarray(pixels[::-1].copy()).save(tmp_path / "in" / "d.png")
    monkeypatch.chdir(tmp_path)  # paths of a run count from where it was started
    done = list(export_subject(tmp_path / "run", tmp_path / "out"))
    assert [one.exported is not None for one in done] == [True, False, False]
    assert "no such file" in done[1].fault
    assert Path(done[2].source).name == "d.png"
    assert "changed since the run" in done[2].fault
    assert not list((tmp_path / "out").glob("d_*"))
    with pytest.raises(BadInput, match="neither a case nor"):
        list(export_subject(tmp_path / "in", tmp_path / "out"))


def test_a_mask_that_was_painted_over_since_the_run_does_not_leave_as_the_programs(film_path, tmp_path):
    films = chest_inputs(film_path)
    run_studies(films, ChestJob(tmp_path / "run", "none", QUICK))
    mask = next((tmp_path / "run" / "masks").glob("*_insensitive.png"))
    labels = np.asarray(Image.open(mask)).copy()
    labels[5:11, 60:66] = 1
    Image.fromarray(labels).save(mask)
    (done,) = export_subject(tmp_path / "run", tmp_path / "out")
    assert done.exported is None
    assert Path(done.source) == mask
    assert "changed since the run" in done.fault
    run_studies(films, ChestJob(tmp_path / "given", "none", QUICK, masks=mask.parent))
    (path,) = (
        one for one in only(export_subject(tmp_path / "given", tmp_path / "out")).paths if "_ins" in one.name
    )
    assert pydicom.dcmread(path).SegmentSequence[0].SegmentAlgorithmType == "MANUAL"


def test_nothing_says_who_it_is_of_once_that_is_removed(film_case, film_run, tmp_path, dicom_errors):
    exported = only(export_subject(film_case, tmp_path / "out", deidentification=Deidentification()))
    assert [path.name for path in exported.paths] == [
        f"film_{what}.dcm" for what in ("source", "sensitive", "insensitive", "report")
    ]
    for path in exported.paths:
        assert dicom_errors(path) == []
        for trace in TRACES:
            assert trace.encode() not in path.read_bytes(), (path.name, trace)
    source = pydicom.dcmread(exported.paths[0])
    pointer = pydicom.dcmread(exported.paths[1]).ReferencedSeriesSequence[0].ReferencedInstanceSequence[0]
    assert pointer.ReferencedSOPInstanceUID == source.SOPInstanceUID
    np.testing.assert_array_equal(lungs_of(exported.paths[2]), film_run.get("insensitive").labels)
    report = read_report(exported.paths[-1])
    assert report.readers == ("reader 1",)
    (warning,) = report.said(codes.WARNING)
    assert warning.endswith("left out with the identity: 3.")


def test_no_export_without_identity_takes_the_place_of_another(film_case, tmp_path):
    names = [
        only(export_subject(film_case, tmp_path / "out", deidentification=Deidentification())).name
        for _ in range(3)
    ]
    assert names == ["film", "film_2", "film_3"]
    assert len(list((tmp_path / "out").iterdir())) == 12


def test_a_folder_of_many_exports_is_read_once(tmp_path, monkeypatch):
    read, iterdir = [], Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda self: read.append(self) or iterdir(self))
    (tmp_path / "film_2_report.dcm").touch()
    (tmp_path / "FILM_4_SOURCE.DCM").touch()
    (tmp_path / "film_6.txt").touch()
    names, given = FreeNames(tmp_path), []
    for _ in range(4):
        given.append(names.next("film"))
        (tmp_path / f"{given[-1]}_report.dcm").touch()
        names.wrote()
    assert given == ["film_3", "film_5", "film_6", "film_7"], "film is the beginning of film_2_report"
    assert read == [tmp_path]
    os.utime(tmp_path, ns=(0, 0))  # another program's files, later than a clock can miss
    (tmp_path / "film_8_report.dcm").touch()
    assert names.next("film") == "film_9"
    assert names.next("scan") == "scan"
    assert FreeNames(tmp_path / "none yet").next("film") == "film"


def test_pictures_of_one_name_are_not_one_study(film_run, tmp_path):
    studies = set()
    for shade in (0, 1):
        picture = tmp_path / str(shade) / "0001.png"
        picture.parent.mkdir()
        pixels = (film_run.get("film").pixels / film_run.get("film").pixels.max() * 250 + shade).astype(
            np.uint8
        )
        Image.fromarray(pixels).save(picture)
        run_studies(chest_inputs(picture), ChestJob(tmp_path / f"run{shade}", "none", QUICK))
        (done,) = export_subject(tmp_path / f"run{shade}", tmp_path / f"out{shade}")
        studies |= {pydicom.dcmread(path).StudyInstanceUID for path in done.exported.paths}
        assert len(studies) == shade + 1


def test_what_a_table_or_a_person_gets_wrong_is_told(film_case, film_path, tmp_path):
    for number in (1, -3):
        with pytest.raises(BadInput, match="none with the number"):
            list(export_subject(film_case, tmp_path / "out", reading=number))
    run = tmp_path / "run"
    run_studies(chest_inputs(film_path), ChestJob(run, "none", QUICK))
    table = run / "features.csv"
    head, row = table.read_text(encoding="utf-8-sig").splitlines()
    file, first, second, *others = row.split(",")
    for value, fault in (("many", "no number where one belongs"), ("nan", "")):
        text = "\n".join((head, ",".join((file, value, second, *others))))
        table.write_text(text, encoding="utf-8-sig")
        (done,) = export_subject(run, tmp_path / value)
        assert (fault in done.fault) if fault else not done.fault
    name = head.split(",")[1]
    (warning,) = [t for t in read_report(done.exported.paths[-1]).said(codes.WARNING) if "finite" in t]
    assert name in warning


def content(path: Path) -> bytes:
    """Return the names and, unpacked, the bytes of all parts of a case."""
    with zipfile.ZipFile(path) as archive:
        return b"".join(name.encode() + archive.read(name) for name in archive.namelist())


def test_a_films_case_without_identity_reopens_as_it_was(film_case, film_run, tmp_path):
    for trace in ("roe_richard", "Quill", "hospital", "2026-"):
        assert trace.encode() in content(film_case)
    exported = only(deidentify_files([film_case], tmp_path / "out", Deidentification()))
    (path,) = exported.paths
    assert path.name == "0001.tbcad"
    for trace in TRACES:
        assert trace.encode() not in content(path), trace
    case = Case.load(path)
    again = chest_cases.run_from(case, chest_cases.film_for(case, path))
    for name in ("sensitive", "insensitive"):
        np.testing.assert_array_equal(again.get(name).labels, film_run.get(name).labels)
    np.testing.assert_array_equal(again.get("film").pixels, film_run.get("film").pixels)
    assert again.get("features").as_dict() == film_run.get("features").as_dict()
    assert again.settings == film_run.settings
    assert [entry.reader for entry in again.journal] == ["reader 1"]
    pale, *given = case.last.warnings
    assert pale == "(removed): looks pale."
    assert given == ["(removed)_sensitive is older", "(removed) old"]
    chest_cases.case_of(again, reader="reader 1").save(tmp_path / "twice.tbcad")
    assert b"roe" not in content(tmp_path / "twice.tbcad")


def test_a_folder_with_a_blank_or_a_short_name_goes_whole(film_run, tmp_path):
    path = tmp_path / "Lie Tan" / "Oey" / "x.tbcad"
    path.parent.mkdir(parents=True)
    said = (f"mask of {path.parent}/mask.png: is older", "OEY, of lie tan: looks pale", "A B\\Oey\\c.png")
    chest_cases.case_of(film_run, warnings=said).save(path)
    exported = only(deidentify_files([path], tmp_path / "out", Deidentification()))
    text = content(exported.paths[0]).lower()
    assert not [word for word in (b"tan", b"oey", b"mask.png") if re.search(rb"\b" + word + rb"\b", text)]
    assert "looks pale" in Case.load(exported.paths[0]).last.warnings[1]


# -- copies of files --------------------------------------------------------------------------------------


def test_files_of_all_kinds_are_copied_and_others_told(film_path, scan_path, tmp_path):
    folder = tmp_path / "roe"
    folder.mkdir()
    (folder / "a.dcm").write_bytes(film_path.read_bytes())
    (folder / "b.dcm").write_bytes(scan_path.read_bytes())
    grey = np.arange(4096, dtype=np.uint16).reshape(64, 64) * 16
    facts = PngInfo()
    facts.add_text("Patient", "Roe, Richard")
    Image.fromarray(grey).save(folder / "c.png", pnginfo=facts)
    (folder / "d.txt").write_text("Roe, Richard")
    key = Key(tmp_path / "key.csv", folder / "out")
    done = list(deidentify_files([folder], folder / "out", Deidentification(), key=key))
    assert [one.exported.name if one.exported else "" for one in done] == [
        "0001.dcm",
        "0002.dcm",
        "0003.png",
        "",
    ]
    assert "neither an image" in done[-1].fault
    assert "look at it" in done[2].exported.notes[0]
    for path in (folder / "out").iterdir():
        assert all(trace.encode() not in path.read_bytes() for trace in TRACES)
    np.testing.assert_array_equal(np.asarray(Image.open(folder / "out" / "0003.png")), grey)
    np.testing.assert_array_equal(read_film(folder / "out" / "0001.dcm").pixels, read_film(film_path).pixels)
    table = key.path.read_text(encoding="utf-8-sig").splitlines()
    assert table[1] == f"{folder / 'a.dcm'},0001.dcm"
    assert len(table) == 4
    with pytest.raises(BadInput, match="empty folder"):
        list(deidentify_files([folder / "a.dcm"], folder / "out", Deidentification()))


def test_it_can_be_stopped(film_path, tmp_path):
    with pytest.raises(Cancelled):
        list(deidentify_files([film_path], tmp_path, Deidentification(), cancelled=lambda: True))
    assert list(tmp_path.iterdir()) == []
