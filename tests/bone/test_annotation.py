"""Annotations as files that give the same index back, and the agreement of two readers."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from napari_tbcad.bone.annotation import HOTSPOT_COLUMNS, SCAN_COLUMNS, export_annotation, work_in
from napari_tbcad.bone.annotation_agreement import agreement, cohens_kappa, common_hotspots, pooled
from napari_tbcad.bone.bsi import bone_scan_index
from napari_tbcad.bone.classes import class_images
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.label_files import find_label_files, read_hotspots, read_regions
from napari_tbcad.bone.measure import measure_hotspots
from napari_tbcad.bone.quality import check_scan
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.bone.workflow import BoneAnalysis
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.io.labels import read_labels
from napari_tbcad.io.voc import read_voc
from napari_tbcad.notice import NOTICE
from napari_tbcad.record import Edit, Record

TIMES = ("2026-11-20T10:00:00.000+00:00", "2026-11-20T10:01:00.000+00:00", "2026-11-20T11:00:00.000+00:00")
EDITS = tuple(Edit("hotspots", 9, when=when, reader=who) for when, who in zip(TIMES, "AAB", strict=True))


@pytest.fixture(scope="module")
def analysis(simulated_scan) -> BoneAnalysis:
    """The truth of a simulated scan as two readers' work; the posterior view lies mirrored in its file."""
    made, marks = simulated_scan, []
    for view in VIEWS:
        marks += [Mark(int(n), view, made.label_of(int(n))) for n in np.unique(made.hotspots[view]) if n]
    first_normal = next(mark.id for mark in marks if mark.label == "normal")
    marks = [replace(m, judged=True, label="ignore" if m.id == first_normal else m.label) for m in marks]
    hotspots, regions = Hotspots(**made.hotspots, marks=tuple(marks)), SkeletonRegions(**made.regions)
    scan = replace(made.scan, source="in/x.dcm", posterior=replace(made.scan.posterior, mirrored=True))
    return BoneAnalysis(
        scan=scan,
        quality=check_scan(scan),
        regions=regions,
        hotspots=hotspots,
        table=measure_hotspots(hotspots, scan, regions),
        classes=class_images(hotspots, regions, scan),
        index=bone_scan_index(hotspots, regions, scan),
        given=("regions", "hotspots"),
        warnings=(),
        record=Record(EDITS),
        seconds=0.1,
    )


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_each_scheme_gives_the_same_index_back(analysis, tmp_path):
    written = export_annotation(tmp_path, "x", analysis)
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == set(written)
    for scheme in ("4", "3"):
        files = find_label_files(tmp_path / f"scheme{scheme}", "x")
        hotspots = read_hotspots(files, analysis.scan, scheme=scheme)
        regions = read_regions(files, analysis.scan)
        index = bone_scan_index(hotspots, regions, analysis.scan)
        assert index.value == analysis.index.value > 0
        assert index.judged_value == analysis.index.judged_value
        assert [row.contribution for row in index.regions] == [
            row.contribution for row in analysis.index.regions
        ]
        for view in VIEWS:
            assert (hotspots.labels(view) == analysis.hotspots.labels(view)).all()
            assert read_labels(files.classes[view]).max() == {"4": 3, "3": 2}[scheme]
    boxes = [box for view in VIEWS for box in read_voc(tmp_path / "boxes" / f"x_{view}_boxes.xml").boxes]
    assert len(boxes) == sum(mark.label != "ignore" for mark in analysis.hotspots.marks)


def test_the_tables_tell_who_judged_what_and_when_and_what_it_is_for(analysis, tmp_path):
    candidate = replace(analysis.hotspots.marks[0], judged=False)
    hotspots = replace(analysis.hotspots, marks=(candidate, *analysis.hotspots.marks[1:]))
    unjudged = replace(
        analysis,
        hotspots=hotspots,
        table=measure_hotspots(hotspots, analysis.scan, analysis.regions),
        index=bone_scan_index(hotspots, analysis.regions, analysis.scan),
    )
    export_annotation(tmp_path, "x", unjudged)
    (scan,) = rows(tmp_path / "scans.csv")
    assert tuple(scan) == SCAN_COLUMNS
    assert (scan["reader"], scan["begun"], scan["ended"]) == ("A | B", TIMES[0], TIMES[2])
    assert (scan["edits"], float(scan["active_s"])) == ("3", 60.0)
    n = len(hotspots.marks)
    assert (int(scan["n_hotspots"]), int(scan["n_judged"]), int(scan["n_ignore"])) == (n, n - 1, 1)
    assert float(scan["bsi"]) == pytest.approx(unjudged.index.value)
    spots = rows(tmp_path / "hotspots.csv")
    assert tuple(spots[0]) == HOTSPOT_COLUMNS
    assert [row["judged"] for row in spots].count("False") == 1
    assert {(row["name"], row["reader"], row["use"]) for row in spots} == {("x", "A | B", NOTICE)}
    assert NOTICE in (tmp_path / "README.txt").read_text(encoding="utf-8")
    assert work_in(()) == work_in((Edit("sensitive", 1),))


def test_another_scan_is_added_and_the_same_one_replaced(analysis, tmp_path):
    export_annotation(tmp_path, "x", analysis)
    other = replace(analysis, scan=replace(analysis.scan, source="in/y.dcm"))
    export_annotation(tmp_path, "y", other)
    export_annotation(tmp_path, "x", analysis, schemes=("3",), voc=False)
    assert [row["name"] for row in rows(tmp_path / "scans.csv")] == ["x", "y"]
    assert not list(tmp_path.glob("scheme4/x_*"))
    assert not list(tmp_path.glob("boxes/x_*"))
    assert len(list(tmp_path.glob("scheme4/y_*"))) == 6
    with pytest.raises(BadInput, match="another scan named y"):
        export_annotation(tmp_path, "y", replace(analysis, scan=replace(analysis.scan, source="in/z.dcm")))
    with pytest.raises(BadInput, match="another scan named y"):
        export_annotation(tmp_path, "y", analysis)  # which the folder has as x
    with pytest.raises(BadInput, match="one of 4, 3"):
        export_annotation(tmp_path, "x", analysis, schemes=("5",))
    with pytest.raises(BadInput, match="is gone"):
        export_annotation(tmp_path / "gone" / "there", "x", analysis)


# -- two readers --------------------------------------------------------------------------------------


def drawn(*spots, judged=True):
    """Hotspots of a small view; a spot is (columns, class)."""
    labels, marks = np.zeros((4, 40), np.uint16), []
    for number, (columns, label) in enumerate(spots, start=1):
        labels[1:3, columns] = number
        marks.append(Mark(number, "anterior", label, judged=judged))
    return Hotspots(labels, None, tuple(marks))


def test_agreement_of_two_readers_by_hand():
    first = drawn((slice(0, 4), "abnormal"), (slice(10, 14), "normal"), (slice(20, 22), "abnormal"))
    second = drawn((slice(2, 6), "abnormal"), (slice(10, 14), "abnormal"), (slice(30, 31), "non_bone"))
    found = agreement(first, second, bsi=(1.0, 1.5))
    # Abnormal: 8 + 4 pixels and 8 + 8, of which 4 are common.
    assert found.dice("abnormal") == pytest.approx(2 * 4 / 28)
    assert found.dice("normal") == 0
    assert found.dice("non_bone") == 0
    assert found.pairs == (("abnormal", "abnormal"), ("normal", "abnormal"))
    assert (found.first_only, found.second_only) == (1, 1)
    assert found.kappa == 0
    assert found.bsi_difference == 0.5
    same = agreement(first, first)
    assert (same.dice("abnormal"), same.dice("non_bone"), same.kappa, same.bsi_difference) == (
        1,
        None,
        1,
        None,
    )


def test_what_nobody_judged_is_no_agreement_and_other_grids_are_refused():
    spots = ((slice(0, 4), "abnormal"), (slice(10, 14), "normal"))
    found = agreement(drawn(*spots, judged=False), drawn(*spots))
    assert (found.pairs, found.first_only, found.second_only) == ((), 0, 2)
    with pytest.raises(BadInput, match="anterior"):
        agreement(drawn(*spots), Hotspots(np.zeros((4, 41), np.uint16), None))


def test_hotspots_are_paired_one_to_one_where_they_overlap_best():
    one, other = np.zeros((2, 12), np.uint16), np.zeros((2, 12), np.uint16)
    one[0, :10], other[0, :3], other[0, 3:10], other[1, 11] = 5, 2, 7, 9
    assert common_hotspots(one, other) == [(5, 7)]
    assert common_hotspots(one, np.zeros_like(one)) == []


def test_kappa_is_that_of_scikit_learn_and_unknown_where_chance_explains_all():
    generator = np.random.default_rng(0)
    classes = ("abnormal", "normal", "non_bone", "ignore")
    for _ in range(20):
        pairs = [tuple(generator.choice(classes, 2)) for _ in range(15)]
        assert cohens_kappa(pairs) == pytest.approx(cohen_kappa_score(*zip(*pairs, strict=True)))
    assert cohens_kappa([("normal", "normal")] * 3) is None
    assert cohens_kappa([]) is None


def test_a_project_pools_pixels_and_hotspots():
    first = drawn((slice(0, 4), "abnormal"), (slice(10, 14), "normal"))
    second = drawn((slice(0, 4), "abnormal"), (slice(10, 14), "abnormal"))
    readings = [agreement(first, first, bsi=(1.0, 1.0)), agreement(first, second, bsi=(1.0, 1.4))]
    found = pooled(readings)
    assert found.dice["abnormal"] == pytest.approx(2 * 16 / 40)
    assert (found.scans, found.common, found.first_only, found.second_only) == (2, 4, 0, 0)
    assert found.kappa == pytest.approx(0.5)
    mean, low, high = found.bsi
    assert (mean, high - mean) == pytest.approx((0.2, 1.96 * 0.4 / np.sqrt(2)))
    assert low == pytest.approx(2 * mean - high)
    said = " ".join(found.lines())
    assert "2 scans" in said
    assert "kappa of classes 0.50" in said
    assert "No scan" in pooled([]).lines()[0]
