"""The report of a bone scan's case: index, hotspots before and after, and nothing that names a patient."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_tbcad.bone.cases import case_of
from napari_tbcad.bone.editing import set_label
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.bone.workflow import finish, give_hotspots, start
from napari_tbcad.case import Case
from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.reports.case_report import case_html
from napari_tbcad.io.nuclear_writing import write_nuclear
from napari_tbcad.io.scans import read_study
from napari_tbcad.schemes import REGION_IDS

SHAPE = (256, 64)


def body(seed):
    rows, columns = np.indices(SHAPE)
    inside = ((rows - 128) / 120) ** 2 + ((columns - 32) / 22) ** 2 < 1
    counts = np.random.default_rng(seed).poisson(np.where(inside, 60, 1))
    return counts.astype(np.float32)


def regions():
    labels = np.zeros(SHAPE, np.uint8)
    labels[60:90, 20:44] = REGION_IDS["rib"]
    labels[130:160, 20:44] = REGION_IDS["pelvis"]
    labels[170:230, 22:30] = REGION_IDS["femur"]
    return labels


@pytest.fixture(scope="module")
def case_path(tmp_path_factory):
    """A case of a made-up scan with three hotspots, of which a person judged all."""
    folder = tmp_path_factory.mktemp("bone") / "Budi Rahasia"
    folder.mkdir()
    path = write_nuclear(folder / "scan.dcm", [body(0), body(1)], spacing_mm=(4.0, 4.0), name="A", study="1")
    run = start(read_study(path))
    run.compute("scan", "quality")
    spots = np.zeros(SHAPE, np.uint16)
    spots[64:70, 24:30], spots[140:150, 30:36] = 1, 2
    behind = np.zeros(SHAPE, np.uint16)
    behind[180:186, 23:28] = 3
    marks = tuple(
        Mark(n, v, probability=0.75) for n, v in ((1, "anterior"), (2, "anterior"), (3, "posterior"))
    )
    run.restore("regions", SkeletonRegions(regions(), regions()))
    run.restore("hotspots", Hotspots(spots, behind, marks))
    judged = set_label(run.get("hotspots"), [1, 3], "abnormal")
    give_hotspots(run, set_label(judged, [2], "normal"), tool="class", reader="Reader B")
    finish(run)
    case_of(run, reader="Reader B").save(folder / "scan.tbcad")
    return folder / "scan.tbcad"


@pytest.fixture(scope="module")
def pages(case_path):
    return case_html(case_path, languages=("en", "id"), earlier=case_path)


def test_a_report_says_index_hotspots_and_corrections(pages, case_path):
    index = Case.load(case_path).last.result
    page = pages["en"]
    for said in (
        f"Bone Scan Index {index['value']:.2f} %",
        "spiers1968",
        "1 changed class",
        "Anterior, corrected",
        "Posterior, automatic",
        "N normal",
        "pelvis",
        "Compared with an earlier scan",
        "Both are the same scan",
        "Reader B",
    ):
        assert said in page, said
    assert page.count("<img") == 6


def test_an_indonesian_report_writes_decimal_commas(pages, case_path, decimal_points):
    index = Case.load(case_path).last.result
    assert decimal_points(pages["id"]) == []
    assert decimal_points(pages["en"])
    value = f"{index['value']:.2f}".replace(".", ",")
    for said in (
        f"Bone Scan Index {value} %",
        f"BSI {value} % → {value} %",
        "Perubahan +0,00 %",
        "<td>0,75</td>",
    ):
        assert said in pages["id"], said
    assert "<td>0.75</td>" in pages["en"]


def test_a_report_of_a_scan_names_no_folder_and_loads_nothing(pages):
    for page in pages.values():
        assert "Rahasia" not in page
        assert "http://" not in page
        assert "<script" not in page
    assert "iga" in pages["id"]
    assert "Sidik tulang" in pages["id"]


def test_no_text_of_a_case_becomes_part_of_the_page(case_path, tmp_path, plant, harmless):
    assert plant(case_path, tmp_path / "scan.tbcad") > 80
    for page in case_html(tmp_path / "scan.tbcad", languages=("en", "id")).values():
        harmless(page, often=20)


def test_a_blinded_report_has_no_index_and_no_probability(case_path):
    page = case_html(case_path, blind=True)["en"]
    assert "Bone Scan Index 0" not in page
    assert "0.75" not in page
    assert "What each region adds" not in page


def test_without_the_scan_regions_and_hotspots_are_shown(case_path, tmp_path):
    case = Case.load(case_path)
    images = {"scan": replace(case.image, path="/gone/scan.dcm", relative="")}
    replace(case, images=images).save(tmp_path / "alone.tbcad")
    page = case_html(tmp_path / "alone.tbcad")["en"]
    assert "The image is not at hand" in page
    assert "drawn on an empty field" in page
    assert "N normal" in page


def test_a_film_is_compared_with_no_earlier_scan(case_path):
    with pytest.raises(BadInput, match="chest film"):
        case_html(replace(Case.load(case_path), workflow="chest"), earlier=case_path)
