"""Segmentations that a run is given are compared with the images they are given for."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pydicom
import pytest

from napari_tbcad.batch.films import ChestJob
from napari_tbcad.batch.runs.inputs import chest_inputs
from napari_tbcad.batch.runs.run import run_studies
from napari_tbcad.bone.label_files import find_label_files, read_hotspots, read_regions
from napari_tbcad.bone.views import name_views
from napari_tbcad.errors import BadInput
from napari_tbcad.io.clinic import codes
from napari_tbcad.io.clinic.runs import rows_of
from napari_tbcad.io.clinic.segmentation import Segment, write_segmentation
from napari_tbcad.io.clinic.source import dicom_source
from napari_tbcad.io.nuclear_writing import write_nuclear
from napari_tbcad.io.scans import read_study
from napari_tbcad.simulate.samples import sample_path

QUICK = {"features.grid": 64, "opacities.enabled": False}


def write(path, image, parts):
    """Write a segmentation of an image: masks by what they are of."""
    segments = [
        Segment(mask, f"part {n}", codes.ANATOMY, kind, "MANUAL", "", codes.FAMILIES["otsu"], f"hotspot {n}")
        for n, (kind, mask) in enumerate(parts.items(), 1)
    ]
    when = datetime(2026, 11, 23)
    source = dicom_source(image)
    write_segmentation(path, source, segments, name="T", description="a test", series=900, when=when)


@pytest.fixture
def films(tmp_path):
    """Two films of one header, each with masks of its two lungs."""
    data = pydicom.dcmread(sample_path("normal_cr"))
    pixels = np.ascontiguousarray(np.frombuffer(data.PixelData, "<u2").reshape(data.Rows, -1)[::16, ::16])
    data.Rows, data.Columns = pixels.shape
    data.PixelData = pixels.tobytes()
    rows, columns = np.mgrid[: data.Rows, : data.Columns] / max(pixels.shape)
    lungs = {
        codes.LUNGS[side]: np.hypot((rows - 0.5) / 2, columns - place) < 0.15
        for side, place in ((1, 0.3), (2, 0.7))
    }
    (tmp_path / "in").mkdir()
    (tmp_path / "masks").mkdir()
    for name in ("a", "b"):
        data.save_as(tmp_path / "in" / f"{name}.dcm")
        for kind in ("sensitive", "insensitive"):
            write(tmp_path / "masks" / f"{name}_{kind}.dcm", tmp_path / "in" / f"{name}.dcm", lungs)
    return tmp_path


def run(films) -> list[dict[str, str]]:
    out = films / "out"
    run_studies(chest_inputs(films / "in"), ChestJob(out, "none", QUICK, masks=films / "masks"))
    return rows_of(out / "results.csv", "status", "message", "warnings")


def test_a_run_tells_of_masks_of_another_film_and_takes_none_that_lie_the_other_way(films):
    data = pydicom.dcmread(films / "in" / "b.dcm")
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    data.save_as(films / "in" / "b.dcm")
    own, other = run(films)
    assert (own["status"], other["status"]) == ("ok", "ok")
    assert "another image" not in own["warnings"]
    assert "b_sensitive.dcm says that it is of another image" in other["warnings"]
    data.PatientOrientation = ["R", "F"]
    data.save_as(films / "in" / "b.dcm")
    own, other = run(films)
    assert (own["status"], other["status"]) == ("ok", "error")
    assert "lies the other way round" in other["message"]


def test_a_scan_tells_of_hotspots_and_regions_of_another(tmp_path):
    frames = np.random.default_rng(0).poisson(3, (2, 128, 64))
    image = write_nuclear(tmp_path / "x.dcm", frames, views=("anterior", "posterior"))
    mask = np.zeros((128, 64), bool)
    mask[60:64, 30:34] = True
    write(tmp_path / "x_anterior_hotspots.dcm", image, {codes.HOTSPOTS["abnormal"][1]: mask})
    write(tmp_path / "x_anterior_regions.dcm", image, {codes.REGIONS["rib"]: mask})
    files, scan = find_label_files(tmp_path, "x"), name_views(read_study(image))
    read = (read_hotspots, read_regions)
    assert not [text for one in read for text in one(files, scan).warnings if "another image" in text]
    data = pydicom.dcmread(image)
    data.SOPInstanceUID = "1.2.3"
    data.save_as(image)
    assert [sum("another image" in text for text in one(files, scan).warnings) for one in read] == [1, 1]
    data.PatientOrientation = ["R", "F"]
    data.save_as(image)
    for one in read:
        with pytest.raises(BadInput, match="lies the other way round"):
            one(files, scan)
