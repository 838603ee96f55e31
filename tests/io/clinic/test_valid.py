"""A public checker, dciodvfy of dicom3tools, finds no error in the DICOM files of this program."""

from __future__ import annotations

import numpy as np
import pytest

from napari_tbcad.bone.dicom_export import BoneFindings
from napari_tbcad.bone.dicom_export import export_dicom as export_scan
from napari_tbcad.bone.views import name_views
from napari_tbcad.chest.dicom_export import ChestFindings, MaskFound
from napari_tbcad.chest.dicom_export import export_dicom as export_film
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.io.clinic import codes
from napari_tbcad.io.clinic.accounts import Account
from napari_tbcad.io.clinic.deidentify import Deidentification
from napari_tbcad.io.clinic.export import Sources
from napari_tbcad.io.clinic.makers import Finder, Maker
from napari_tbcad.io.clinic.provenance import moment
from napari_tbcad.io.nuclear_writing import write_nuclear
from napari_tbcad.io.read import read_film
from napari_tbcad.io.scans import read_study
from napari_tbcad.simulate.bone_samples import sample_scan_names, sample_scan_path
from napari_tbcad.simulate.samples import sample_path

WHEN = moment("2026-11-23T10:00:00+00:00")
FINDER = Finder("network lungs 0123", codes.FAMILIES["network"])


def film_findings(path, name):
    film = read_film(path)
    labels = np.zeros(film.shape, np.uint8)
    labels[20:200, 20:200], labels[20:200, 260:400] = 1, 2
    return ChestFindings(
        name=name,
        film=film,
        masks={
            "sensitive": MaskFound(labels, Maker("SEMIAUTOMATIC", FINDER)),
            "insensitive": MaskFound(labels, Maker("MANUAL", FINDER)),
        },
        account=Account(
            WHEN,
            models=("network lungs 0123",),
            corrections=("sensitive: brush, 12 pixels changed, by A",),
            readers=("A^B=C",),
        ),
        features={"height_left": 3.5, "glcm_contrast_45": 1 / 7, "firstorder_mean": 120.0},
        groups={"height_left": "shape", "glcm_contrast_45": "glcm", "firstorder_mean": "firstorder"},
        measured={"definition": "ibsi", "shape_unit": "pixel"},
        result={"decision": "tb_suspect", "probability": 0.75, "deciding_stage": 2},
    )


def scan_findings(path):
    scan = name_views(read_study(path))
    spots, regions = np.zeros(scan.shape, np.uint16), np.zeros(scan.shape, np.uint8)
    spots[40:50, 20:30], regions[30:60, 10:60] = 3, 5
    row = {
        "id": 3,
        "view": "posterior",
        "label": "abnormal",
        "region": "sternum",
        "judged": True,
        "area_px": 100,
    }
    return BoneFindings(
        name="scan",
        scan=scan,
        halves=False,
        hotspots={"posterior": spots},
        regions={"anterior": regions, "posterior": regions},
        made={3: "SEMIAUTOMATIC"},
        makers={
            f"{view}_{name}": Maker("AUTOMATIC", FINDER) for view in VIEWS for name in ("hotspots", "regions")
        },
        rows=[row],
        region_rows=[{"region": "sternum", "fraction_anterior": 0.1, "weight": 2.9, "contribution": ""}],
        result={"bsi": 1.5, "n_abnormal": 1, "weights": "spiers1968"},
        account=Account(WHEN),
    )


@pytest.mark.parametrize("deidentify", [False, True])
@pytest.mark.parametrize("sample", ["normal_cr", "effusion"])
def test_segmentations_and_report_of_a_film(sample, deidentify, dicom_errors, tmp_path):
    sources = Sources(Deidentification() if deidentify else None)
    exported = export_film(tmp_path, film_findings(sample_path(sample), "film"), sources)
    assert len(exported.paths) == 3 + (deidentify or sample == "effusion")
    for path in exported.paths:
        assert dicom_errors(path) == [], path.name


@pytest.mark.parametrize("deidentify", [False, True])
def test_segmentations_and_report_of_a_scan(deidentify, dicom_errors, tmp_path):
    rng = np.random.default_rng(0)
    path = write_nuclear(
        tmp_path / "in" / "a.dcm", rng.poisson(3, (2, 128, 64)), name="SMITH^A", date="2026-01-01"
    )
    sources = Sources(Deidentification(dates="shift") if deidentify else None)
    exported = export_scan(tmp_path / "out", scan_findings(path), sources)
    names = [
        "scan_anterior_regions.dcm",
        "scan_posterior_hotspots.dcm",
        "scan_posterior_regions.dcm",
        "scan_report.dcm",
    ]
    assert [path.name for path in exported.paths] == (["scan_source.dcm"] if deidentify else []) + names
    for path in exported.paths:
        assert dicom_errors(path) == [], path.name
        assert deidentify != (b"SMITH" in path.read_bytes())


def test_the_samples_themselves(dicom_errors):
    for path in (sample_path("normal_cr"), *map(sample_scan_path, sample_scan_names())):
        assert dicom_errors(path) == [], path.name


@pytest.mark.realdata
def test_segmentations_of_real_films_and_scans(shared_data, dicom_errors, tmp_path):
    films = [shared_data / "chest" / "dicom_cr" / "RG1_J2KR.dcm"]
    scans = [shared_data / "bone" / "pairs" / "dicom" / "109.dcm"]
    for deidentification in (None, Deidentification()):
        out = tmp_path / str(deidentification is None)
        written = [
            export_film(out, film_findings(path, path.stem), Sources(deidentification)) for path in films
        ]
        written += [export_scan(out, scan_findings(path), Sources(deidentification)) for path in scans]
        for exported in written:
            for path in exported.paths:
                if not path.name.endswith("source.dcm"):  # what was wrong in the image stays wrong
                    assert dicom_errors(path) == [], path.name
