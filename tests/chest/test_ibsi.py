from __future__ import annotations

import json

import numpy as np
import pytest

from napari_tbcad.chest import ibsi


@pytest.mark.parametrize("device", [None, "cpu"])
def test_no_published_value_is_missed(device):
    if device:
        pytest.importorskip("torch")
    table = ibsi.check_ibsi(device=device)
    assert len([c for c in table if c.family == "glcm"]) == 25 * 4
    assert len([c for c in table if c.family == "firstorder"]) == 6
    assert [c for c in table if not c.ok] == []


def test_a_miss_is_seen():
    right = ibsi.Comparison("glcm", "contrast", "ACUI", "2D, averaged", 5.284, 5.28, 0.005)
    wrong = ibsi.Comparison("glcm", "contrast", "ACUI", "2D, averaged", 5.286, 5.28, 0.005)
    assert right.ok
    assert not wrong.ok
    assert not ibsi.Comparison("glcm", "contrast", "ACUI", "2D, averaged", np.nan, 5.28, 0.005).ok


def test_the_tolerance_is_half_a_unit_of_the_third_digit():
    tolerance = {c.reference: c.tolerance for c in ibsi.check_ibsi()}
    assert tolerance[5.28] == pytest.approx(0.005)
    assert tolerance[-0.0121] == pytest.approx(0.00005)
    assert tolerance[147.0] == pytest.approx(0.5)


def test_the_phantom_carries_its_licence():
    content = ibsi.phantom()
    assert content["licence"].startswith("CC BY 4.0")
    assert "Zwanenburg" in content["attribution"]
    assert content["image"].shape == content["mask"].shape == (4, 4, 5)
    assert content["mask"].sum() == 74


@pytest.mark.realdata
def test_the_packaged_phantom_is_the_published_one(shared_data):
    nibabel = pytest.importorskip("nibabel")
    folder = shared_data / "ibsi_phantom"
    content = ibsi.phantom()
    for name, file in (("image", "image/phantom"), ("mask", "mask/mask")):
        published = np.asarray(nibabel.load(folder / "nifti" / f"{file}.nii.gz").dataobj).T
        assert (content[name] == published).all()
    rows = json.loads((folder / "reference_values_all_features.json").read_text(encoding="utf-8"))
    published = {
        (row[2], entry[1]): float(entry[2].replace(":math:`-`\\ ", "-"))
        for row in rows
        if row[0].startswith("feat_cm_")
        for entry in row[3]
    }
    for comparison in ibsi.check_ibsi():
        if comparison.family == "glcm":
            assert published[comparison.code, comparison.aggregation] == comparison.reference
