from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_tbcad.bone.boxed import boxes_of, hotspots_from_boxes, write_box_files
from napari_tbcad.bone.classes import SchemeParameters, class_images
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.label_files import (
    find_label_files,
    read_hotspots,
    read_regions,
    write_label_files,
)
from napari_tbcad.bone.partner import link_partners
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import BoneScan, ScanView
from napari_tbcad.io.labels import write_labels
from napari_tbcad.io.voc import LabelledBox, read_voc, write_voc

SHAPE = (40, 24)


@pytest.fixture
def scan() -> BoneScan:
    counts = np.zeros(SHAPE, np.float32)
    counts[2:38, 4:20] = 5
    counts[10:13, 8:11] = 30
    return BoneScan(ScanView(counts), ScanView(counts[:, ::-1]))


@pytest.fixture
def spots() -> Hotspots:
    anterior, posterior = np.zeros((2, *SHAPE), np.uint16)
    anterior[10:13, 8:11] = 1
    anterior[20:23, 8:11] = 300
    posterior[30:33, 8:11] = 2
    marks = (Mark(1, "anterior"), Mark(2, "posterior", "normal"), Mark(300, "anterior", "normal"))
    return Hotspots(anterior, posterior, marks)


def labels(**places: int) -> np.ndarray:
    image = np.zeros(SHAPE, np.uint16)
    for place, value in places.items():
        row = int(place[1:])
        image[row : row + 3, 8:11] = value
    return image


def test_what_is_written_is_read(tmp_path, scan, spots):
    regions = SkeletonRegions(labels(r5=4), labels(r5=9))
    classes = class_images(spots, regions, scan)
    written = write_label_files(tmp_path, "x", hotspots=spots, classes=classes, regions=regions)
    assert len(written) == 6
    files = find_label_files(tmp_path, "x")
    again = read_hotspots(files, scan)
    assert [(m.id, m.view, m.label, m.origin, m.judged) for m in again.marks] == [
        (1, "anterior", "abnormal", "file", True),
        (2, "posterior", "normal", "file", True),
        (300, "anterior", "normal", "file", True),
    ]
    for view in ("anterior", "posterior"):
        assert (again.labels(view) == spots.labels(view)).all()
        assert (read_regions(files, scan).labels(view) == regions.labels(view)).all()
    assert again.warnings == ()


def test_nothing_given(tmp_path, scan):
    files = find_label_files(tmp_path, "x")
    assert not files.has_hotspots
    assert read_hotspots(files, scan) is None
    assert read_regions(files, scan) is None


def test_hotspots_alone_are_abnormal_and_ids_of_the_views_are_parted(tmp_path, scan):
    write_labels(tmp_path / "x_anterior_hotspots.tif", labels(r10=1, r20=2))
    write_labels(tmp_path / "x_posterior_hotspots.png", labels(r10=2, r20=7))
    found = read_hotspots(find_label_files(tmp_path, "x"), scan)
    assert [(m.id, m.view) for m in found.marks] == [
        (1, "anterior"),
        (2, "anterior"),
        (7, "posterior"),
        (8, "posterior"),
    ]
    assert {m.label for m in found.marks} == {"abnormal"}
    assert found.posterior[10, 8] == 8


@pytest.mark.parametrize("value", [1, 255, 65535])
def test_a_binary_image_gives_its_pieces(tmp_path, scan, value):
    write_labels(tmp_path / "x_anterior_hotspots.png", labels(r10=value, r20=value))
    found = read_hotspots(find_label_files(tmp_path, "x"), scan)
    assert [m.id for m in found.marks] == [1, 2]
    assert any("2 pieces" in warning for warning in found.warnings)


def test_classes_alone_give_pieces_with_classes(tmp_path, scan):
    image = labels(r10=2, r20=3, r30=1)
    image[13:16, 11:14] = 2  # touches the first by a corner
    write_labels(tmp_path / "x_anterior_classes.png", image)
    found = read_hotspots(find_label_files(tmp_path, "x"), scan)
    assert [(m.id, m.label) for m in found.marks] == [(1, "abnormal"), (2, "normal")]
    assert not found.posterior.any()


def test_a_hotspot_on_bone_of_the_class_image_is_ignored(tmp_path, scan):
    write_labels(tmp_path / "x_anterior_classes.png", labels(r10=2, r20=1))
    write_labels(tmp_path / "x_anterior_hotspots.png", labels(r10=1, r20=2))
    found = read_hotspots(find_label_files(tmp_path, "x"), scan)
    assert [m.label for m in found.marks] == ["abnormal", "ignore"]
    assert any("hotspot 2 of x_anterior_hotspots.png: taken as ignored" in text for text in found.warnings)


def test_links_are_proposed_anew(tmp_path, simulated_scan):
    made = simulated_scan
    for view in ("anterior", "posterior"):
        write_labels(tmp_path / f"x_{view}_hotspots.png", made.hotspots[view])
    found = read_hotspots(find_label_files(tmp_path, "x"), made.scan)
    unlinked = replace(found, marks=tuple(replace(mark, linked=None) for mark in found.marks))
    assert [m.linked for m in found.marks] == [m.linked for m in link_partners(made.scan, unlinked).marks]
    assert any(mark.linked for mark in found.marks)


def test_a_hotspot_as_the_program_found_it_keeps_what_files_cannot_say(tmp_path, scan, spots):
    first, second, third = spots.marks
    marks = (
        replace(first, probability=0.7, uncertainty=0.4),
        replace(second, label="non_bone"),
        replace(third, label="normal"),
    )
    automatic = replace(spots, marks=marks)
    write_label_files(tmp_path, "x", hotspots=automatic)
    files = find_label_files(tmp_path, "x")
    alone = read_hotspots(files, scan, automatic)
    assert [(m.label, m.probability, m.uncertainty, m.judged) for m in alone.marks] == [
        ("abnormal", 0.7, 0.4, False),
        ("non_bone", None, None, False),
        ("normal", None, None, False),
    ]
    write_label_files(tmp_path, "x", classes=class_images(automatic, None, scan))
    whole = read_hotspots(find_label_files(tmp_path, "x"), scan, automatic)
    assert [(m.label, m.judged) for m in whole.marks] == [(m.label, True) for m in automatic.marks]
    smaller = automatic.anterior.copy()
    smaller[20, 8] = 0
    write_label_files(tmp_path, "x", hotspots=replace(automatic, anterior=smaller))
    changed = read_hotspots(files, scan, automatic)
    assert [(m.label, m.judged) for m in changed.marks] == [
        ("abnormal", False),
        ("non_bone", False),
        ("abnormal", True),
    ]


def test_three_classes_given_back_leave_normal_hotspots_normal(tmp_path, scan, spots):
    classes = class_images(spots, None, scan, SchemeParameters(scheme="3"))
    write_label_files(tmp_path, "x", hotspots=spots, classes=classes)
    again = read_hotspots(find_label_files(tmp_path, "x"), scan, scheme="3")
    assert [m.label for m in again.marks] == [m.label for m in spots.marks]


def test_hotspots_without_classes_and_classes_without_hotspots_are_said(tmp_path, scan):
    write_labels(tmp_path / "x_anterior_hotspots.png", labels(r10=1, r20=2))
    assert "without classes" in read_hotspots(find_label_files(tmp_path, "x"), scan).warnings[0]
    write_labels(tmp_path / "x_anterior_classes.png", labels(r10=2, r20=3, r30=2))
    found = read_hotspots(find_label_files(tmp_path, "x"), scan)
    assert [m.label for m in found.marks] == ["abnormal", "normal"]
    assert found.warnings[0].startswith("x_anterior_classes.png: 9 abnormal pixels")


@pytest.mark.parametrize(("kind", "read"), [("hotspots", read_hotspots), ("regions", read_regions)])
def test_a_file_for_a_view_that_the_scan_lacks_is_not_silent(tmp_path, scan, kind, read):
    alone = replace(scan, posterior=None)
    write_labels(tmp_path / f"x_posterior_{kind}.png", labels(r10=1))
    with pytest.raises(BadInput, match=f"x_posterior_{kind}.png: the scan has no posterior view"):
        read(find_label_files(tmp_path, "x"), alone)
    write_labels(tmp_path / f"x_anterior_{kind}.png", labels(r10=1))
    said = read(find_label_files(tmp_path, "x"), alone).warnings
    assert f"x_posterior_{kind}.png was not used: the scan has no posterior view." in said


def test_one_hotspot_of_id_255_keeps_its_id(tmp_path, scan):
    write_labels(tmp_path / "x_anterior_hotspots.png", labels(r10=255))
    assert [m.id for m in read_hotspots(find_label_files(tmp_path, "x"), scan).marks] == [255]


def test_the_other_view_keeps_what_was_automatic(tmp_path, scan, spots):
    write_labels(tmp_path / "x_anterior_hotspots.png", labels(r10=2))
    found = read_hotspots(find_label_files(tmp_path, "x"), scan, spots)
    assert [(m.id, m.view, m.origin) for m in found.marks] == [
        (2, "anterior", "file"),
        (3, "posterior", "candidate"),
    ]
    assert found.mark(3).label == "normal"
    write_labels(tmp_path / "x_posterior_regions.png", labels(r5=9))
    regions = read_regions(find_label_files(tmp_path, "x"), scan)
    assert not regions.anterior.any()
    assert "anterior" in regions.warnings[0]


def test_outside_the_body_is_a_warning_that_names_the_file(tmp_path, scan):
    image = labels(r10=1)
    image[:2, 20:] = 2
    write_labels(tmp_path / "x_anterior_hotspots.png", image)
    found = read_hotspots(find_label_files(tmp_path, "x"), scan)
    assert "x_anterior_hotspots.png: hotspot 2 lies outside the body." in found.warnings


@pytest.mark.parametrize(
    ("kind", "image", "cause"),
    [
        ("classes", labels(r10=4), "classes are 0"),
        ("regions", labels(r10=13), "0 to 12"),
        ("hotspots", np.zeros((4, 4), np.uint8), "4 × 4"),
    ],
)
def test_errors_name_the_file(tmp_path, scan, kind, image, cause):
    write_labels(tmp_path / f"x_posterior_{kind}.png", image)
    files = find_label_files(tmp_path, "x")
    with pytest.raises(BadInput, match=f"x_posterior_{kind}.png: .*{cause}"):
        (read_regions if kind == "regions" else read_hotspots)(files, scan)


def test_boxes(tmp_path, scan):
    boxes = [LabelledBox("Abnormal", 8, 6, 15, 13), LabelledBox("Normal", 25, 6, 30, 10)]
    found = hotspots_from_boxes(scan, {"anterior": boxes})
    assert [(m.id, m.label, m.origin, m.judged) for m in found.marks] == [(1, "abnormal", "box", False)]
    assert found.anterior[11, 9] == 1
    assert "no hotspot" in found.warnings[0]
    write_voc(tmp_path / "x_anterior_boxes.xml", boxes, SHAPE)
    read = read_hotspots(find_label_files(tmp_path, "x"), scan)
    assert (read.anterior == found.anterior).all()
    write_voc(tmp_path / "x_anterior_boxes.xml", [LabelledBox("knee", 8, 6, 15, 13)], SHAPE)
    with pytest.raises(BadInput, match=r"x_anterior_boxes\.xml: .*knee"):
        read_hotspots(find_label_files(tmp_path, "x"), scan)


def test_boxes_of_hotspots_are_read_as_they_were_written(tmp_path, scan, spots):
    marks = (*spots.marks[:2], replace(spots.marks[2], label="ignore"))
    write_box_files(tmp_path, "x", replace(spots, marks=marks))
    assert read_voc(tmp_path / "x_anterior_boxes.xml", SHAPE).boxes == (
        LabelledBox("Abnormal", 10, 8, 13, 11),
    )
    assert boxes_of(spots, "posterior") == (LabelledBox("Normal", 30, 8, 33, 11),)
    write_voc(tmp_path / "x_anterior_boxes.xml", [LabelledBox("Abnormal", 9, 7, 14, 12)] * 2, SHAPE)
    again = read_hotspots(find_label_files(tmp_path, "x"), scan)
    assert [(m.view, m.label) for m in again.marks] == [("anterior", "abnormal")]
    assert sum("holds no hotspot" in text for text in again.warnings) == 2


@pytest.mark.realdata
def test_silver_regions_and_boxes_of_a_pair(shared_data: Path, tmp_path):
    from napari_tbcad.io.labels import read_labels

    pairs = shared_data / "bone" / "pairs"
    views = {"anterior": "ant", "posterior": "post"}
    scan = BoneScan(*(ScanView(read_labels(pairs / "png" / f"102_{v}.png")) for v in views.values()))
    for view, short in views.items():
        boxes = (pairs / "boxes_yolo" / f"102_{short}.xml").read_bytes()
        (tmp_path / f"102_{view}_boxes.xml").write_bytes(boxes)
        silver = read_labels(pairs / "region12_silver" / f"102_{short}.png")
        write_labels(tmp_path / f"102_{view}_regions.png", silver)
    files = find_label_files(tmp_path, "102")
    assert len(read_hotspots(files, scan).marks) >= 3
    assert read_regions(files, scan).anterior.max() == 12
