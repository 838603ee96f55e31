"""What a header says of a patient is in no byte of results, records and cases (docs/privacy.md)."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pydicom
import pytest

from napari_tbcad.bone.cases import case_of as case_of_scan
from napari_tbcad.bone.workflow import start as start_scan
from napari_tbcad.chest.cases import case_of as case_of_film
from napari_tbcad.chest.workflow import settings_from, start
from napari_tbcad.cli import main
from napari_tbcad.io.nuclear_writing import write_nuclear
from napari_tbcad.io.read import read_film
from napari_tbcad.io.scans import read_study
from napari_tbcad.simulate.samples import sample_path

PLANTED = {
    "PatientName": "Rahasia^Budi",
    "PatientID": "RM-0099817",
    "PatientBirthDate": "19610817",
    "PatientSex": "O",
    "PatientAge": "064Y",
    "PatientAddress": "Jalan Tersembunyi 5",
    "PatientComments": "lives with a brother",
    "AccessionNumber": "ACC-55123",
    "ReferringPhysicianName": "Dokter^Siti",
    "InstitutionName": "Rumah Sakit Rahasia",
    "StationName": "KAMERA-7",
    "OperatorsName": "Operator^Tiga",
    "StudyID": "STUDI-4711",
    "StudyDescription": "follow-up of Budi",
    "SeriesDescription": "series of Budi",
    "StudyInstanceUID": "1.2.826.0.1.3680043.8.498.777",
    "SeriesInstanceUID": "1.2.826.0.1.3680043.8.498.778",
    "SOPInstanceUID": "1.2.826.0.1.3680043.8.498.779",
    "StudyDate": "20260131",
    "AcquisitionDate": "20260131",
    "AcquisitionTime": "112233",
}
SECRETS = [word.encode() for value in PLANTED.values() for word in value.split("^") if len(word) > 4]
SECRETS.append(b"2026-01-31")


def planted(source: Path, path: Path) -> Path:
    data = pydicom.dcmread(source)
    for name, value in PLANTED.items():
        setattr(data, name, value)
    data.add_new(0x00091010, "LO", "Rahasia in a private tag")
    data.save_as(path)
    return path


def told(folder: Path) -> set[tuple[str, bytes]]:
    """Return (file, secret) for every secret in the bytes of the files below a folder, also packed ones."""
    found = set()
    for path in (path for path in folder.rglob("*") if path.is_file()):
        parts = [path.read_bytes()]
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                parts += [archive.read(name) for name in archive.namelist()]
        found |= {(path.name, secret) for secret in SECRETS for part in parts if secret in part}
    return found


@pytest.fixture
def film(tmp_path):
    return planted(sample_path("normal_cr"), tmp_path / "film.dcm")


@pytest.fixture
def scan(tmp_path):
    rows, columns = np.indices((256, 64))
    inside = ((rows - 128) / 120) ** 2 + ((columns - 32) / 22) ** 2 < 1
    counts = [np.random.default_rng(n).poisson(np.where(inside, 60, 1)) for n in range(2)]
    written = write_nuclear(tmp_path / "bare.dcm", counts, spacing_mm=(4.0, 4.0), name="A", study="1")
    return planted(written, tmp_path / "scan.dcm")


def test_a_secret_is_seen(film, scan):
    assert {file for file, _ in told(film.parent)} == {"film.dcm", "scan.dcm"}


def test_results_of_films_and_scans_name_nobody(film, scan, tmp_path):
    quick = ("--set", "features.grid=128", "--segmenter", "otsu", "--classifier", "none")
    assert main(["chest", "run", str(film), "--out", str(tmp_path / "out" / "chest"), *quick]) == 0
    easy = ("--segmenter", "classical", "--set", "regions.persons=1", "--set", "regions.iterations=0")
    assert main(["bone", "run", str(scan), "--out", str(tmp_path / "out" / "bone"), *easy]) == 0
    assert len([path for path in (tmp_path / "out").rglob("*") if path.is_file()]) > 12
    assert told(tmp_path / "out") == set()


def test_cases_name_nobody_also_where_they_hold_the_image(film, scan, tmp_path):
    quick = settings_from({"lungs.segmenter": "otsu", "features.grid": 128, "opacities.enabled": False})
    run = start(read_film(film), quick)
    run.compute("insensitive")
    of_scan = start_scan(read_study(scan))
    of_scan.compute("scan", "quality")
    folder = tmp_path / "cases"
    case_of_film(run).save(folder / "film.tbcad")
    case_of_scan(of_scan).save(folder / "scan.tbcad")
    film.write_bytes(b"replaced since")
    scan.write_bytes(b"replaced since")
    case_of_film(run).save(folder / "film_inside.tbcad")
    case_of_scan(of_scan).save(folder / "scan_inside.tbcad")
    assert (folder / "film_inside.tbcad").stat().st_size > (folder / "film.tbcad").stat().st_size
    assert told(folder) == set()
