"""Which files are bone scans, which belong together, and what they are called."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_tbcad.errors import BadInput
from napari_tbcad.io.nuclear_writing import write_nuclear
from napari_tbcad.io.scan_files import find_scans
from napari_tbcad.io.scans import read_study

COUNTS = np.random.default_rng(1).poisson(4, (96, 32))


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(COUNTS.astype(np.uint8)).save(path)
    return path


def found(*paths: Path) -> dict[str, list[str]]:
    return {scan.name: [p.name for p in scan.paths] for scan in find_scans(paths)}


def test_pairs_by_file_name(tmp_path):
    for name in (
        "102_ant.png",
        "102_post.png",
        "7 anterior.jpg",
        "7 posterior.jpg",
        "x_E.png",
        "x_F.png",
        "solo.png",
    ):
        picture(tmp_path / name)
    assert found(tmp_path) == {
        "102": ["102_ant.png", "102_post.png"],
        "7": ["7 anterior.jpg", "7 posterior.jpg"],
        "solo": ["solo.png"],
        "x": ["x_E.png", "x_F.png"],
    }


def test_pairs_by_folder_name_as_in_bs80k(tmp_path):
    for folder in ("wholeBodyPOST", "wholeBodyANT"):
        for name in ("2.jpg", "3.jpg"):
            picture(tmp_path / folder / name)
            (tmp_path / folder / "2.txt").write_text("0 1 2 3 4")
    scans = find_scans(tmp_path)
    assert [scan.name for scan in scans] == ["2", "3"]
    assert [p.parent.name for p in scans[0].paths] == ["wholeBodyANT", "wholeBodyPOST"]


def test_pairs_below_a_folder_keep_its_name(tmp_path):
    picture(tmp_path / "ward" / "9_ant.png")
    picture(tmp_path / "ward" / "9_post.png")
    picture(tmp_path / "case" / "ant.png")
    picture(tmp_path / "case" / "post.png")
    assert found(tmp_path) == {"case__case": ["ant.png", "post.png"], "ward__9": ["9_ant.png", "9_post.png"]}


def test_pairs_are_found_among_files_given_one_by_one(tmp_path):
    paths = [picture(tmp_path / name) for name in ("5_post.png", "5_ant.png")]
    assert found(*paths) == {"5": ["5_ant.png", "5_post.png"]}


def test_every_image_is_in_one_scan_and_names_are_unique(tmp_path):
    names = (
        "1_ant.png",
        "1_post.png",
        "1_ant.jpg",
        "1_anterior.png",
        "1.png",
        "sub/1_ant.png",
        "2_F.png",
        "A.png",
        "a.jpg",
    )
    paths = {picture(tmp_path / name) for name in names}
    scans = find_scans(tmp_path)
    assert sorted(p for scan in scans for p in scan.paths) == sorted(paths)
    assert len({scan.name.casefold() for scan in scans}) == len(scans)
    assert [s.name for s in find_scans(tmp_path)] == [s.name for s in scans]


def test_a_file_given_by_several_paths_is_one_scan(tmp_path):
    one = picture(tmp_path / "in" / "a.png")
    (tmp_path / "linked").symlink_to(tmp_path / "in")
    other = tmp_path / "in" / ".." / "in" / "a.png"
    assert len(find_scans([one, other, tmp_path / "in", tmp_path / "linked" / "a.png"])) == 1


def test_masks_labels_and_results_are_passed_over(tmp_path):
    picture(tmp_path / "1_ant.png")
    for stray in (
        "masks/1_ant.png",
        "region12_silver/1_ant.png",
        "1_anterior_hotspots.png",
        "labels/1.png",
        "seg_mask.png",
    ):
        picture(tmp_path / stray)
    (tmp_path / "1_ant.xml").write_text("<annotation/>")
    picture(tmp_path / "out" / "overlays" / "1.png")
    (tmp_path / "out" / "records").mkdir()
    (tmp_path / "out" / "results.csv").write_text("file")
    assert found(tmp_path) == {"1_ant": ["1_ant.png"]}
    told: list[Path] = []
    find_scans(tmp_path, passed_over=told)
    names = {"masks", "region12_silver", "labels", "out", "1_anterior_hotspots.png", "seg_mask.png"}
    assert {path.name for path in told} == names


def test_two_files_of_one_study_are_put_together_by_their_headers(tmp_path):
    write_nuclear(tmp_path / "im1.dcm", [COUNTS], views=["posterior"], name="A")
    write_nuclear(tmp_path / "im2.dcm", [COUNTS + 1], views=["anterior"], name="A")
    write_nuclear(tmp_path / "im3.dcm", [COUNTS, COUNTS], name="B")
    assert found(tmp_path) == {"im2": ["im2.dcm", "im1.dcm"], "im3": ["im3.dcm"]}


def test_files_of_different_patients_or_studies_stay_apart(tmp_path):
    write_nuclear(tmp_path / "x_ant.dcm", [COUNTS], views=["anterior"], name="A")
    write_nuclear(tmp_path / "x_post.dcm", [COUNTS], views=["posterior"], name="B")
    write_nuclear(tmp_path / "y_ant.dcm", [COUNTS], views=["anterior"], name="C", study="1")
    write_nuclear(tmp_path / "y_post.dcm", [COUNTS], views=["posterior"], name="C", study="2")
    assert sorted(found(tmp_path)) == ["x_ant", "x_post", "y_ant", "y_post"]
    said = {scan.name: scan.warnings for scan in find_scans(tmp_path)}
    assert said["x_ant"] == ("x_post.dcm is of another patient; the two were not put together.",)
    assert said["y_post"] == ("y_ant.dcm is of another study; the two were not put together.",)
    assert said["x_ant"][0] in read_study(find_scans(tmp_path)[0]).warnings


def test_views_of_one_name_or_other_size_stay_apart(tmp_path):
    write_nuclear(tmp_path / "a.dcm", [COUNTS], views=["anterior"])
    write_nuclear(tmp_path / "b.dcm", [COUNTS + 1], views=["anterior"])
    write_nuclear(tmp_path / "c.dcm", [COUNTS[:64]], views=["posterior"])
    assert all(len(files) == 1 for files in found(tmp_path).values())


def test_dicom_files_that_their_headers_do_not_name_pair_by_their_names(tmp_path):
    for view in ("ant", "post"):
        write_nuclear(tmp_path / f"z_{view}.dcm", [COUNTS], views=None)
    assert found(tmp_path) == {"z": ["z_ant.dcm", "z_post.dcm"]}


def test_nothing_to_find_is_told(tmp_path):
    with pytest.raises(BadInput, match="no bone scan found"):
        find_scans(tmp_path)
    with pytest.raises(BadInput, match="no bone scan was given"):
        find_scans([])
    assert found(tmp_path / "gone.dcm") == {"gone": ["gone.dcm"]}


@pytest.mark.realdata
def test_real_folders_make_the_scans_they_hold(shared_data):
    bone = shared_data / "bone"
    assert len(find_scans(bone / "pairs" / "png")) == 48
    assert len(find_scans(bone / "pairs")) == 48 + 12
    assert [s.name for s in find_scans(bone / "original_jpeg")] == ["2", "3"]
    assert [len(s.paths) for s in find_scans(bone / "nm1")] == [1, 1, 1, 1]
