"""Two dates of one simulated patient: what was taken away, added or enlarged is found, and no more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from napari_tbcad.bone.bsi import IndexParameters, bone_scan_index
from napari_tbcad.bone.classes import class_images
from napari_tbcad.bone.compare import compare_scans
from napari_tbcad.bone.correspondence import corresponding
from napari_tbcad.bone.editing import set_judged, set_label
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.measure import measure_hotspots
from napari_tbcad.bone.painted import from_labels
from napari_tbcad.bone.quality import check_scan
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.bone.workflow import BoneAnalysis
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.memory import Memory
from napari_tbcad.record import Record, Step

SHIFT = (9, -4)


def analysis(scan, hotspots, regions, parameters=IndexParameters()) -> BoneAnalysis:
    """What the chain would have gathered, the labels being a person's."""
    table = measure_hotspots(hotspots, scan, regions)
    index = bone_scan_index(hotspots, regions, scan, parameters)
    return BoneAnalysis(
        scan=scan,
        quality=check_scan(scan),
        regions=regions,
        hotspots=hotspots,
        table=table,
        classes=None,
        index=index,
        given=("regions", "hotspots"),
        warnings=(),
        record=Record(),
        seconds=0.0,
    )


def moved(image):
    return np.roll(image, SHIFT, axis=(0, 1))


def without(hotspots: Hotspots, number: int) -> Hotspots:
    images = {v: np.where(hotspots.labels(v) == number, 0, hotspots.labels(v)) for v in VIEWS}
    return Hotspots(**images, marks=tuple(m for m in hotspots.marks if m.id != number))


@pytest.fixture(scope="module")
def earlier(simulated_scan) -> BoneAnalysis:
    marks = [
        Mark(int(n), view, simulated_scan.label_of(int(n)))
        for view in VIEWS
        for n in np.unique(simulated_scan.hotspots[view])
        if n
    ]
    hotspots = Hotspots(**simulated_scan.hotspots, marks=tuple(marks))
    return analysis(simulated_scan.scan, hotspots, SkeletonRegions(**simulated_scan.regions))


def later_of(
    earlier: BoneAnalysis, hotspots: Hotspots | None = None, parameters=IndexParameters(), **changes
):
    """The same body lying elsewhere in the field, with other hotspots."""
    scan = earlier.scan
    views = {name: replace(view, counts=moved(view.counts)) for name, view in scan}
    scan = replace(scan, **views, **changes)
    hotspots = hotspots or earlier.hotspots
    other = Hotspots(*(moved(hotspots.labels(v)) for v in VIEWS), marks=hotspots.marks)
    regions = SkeletonRegions(*(moved(earlier.regions.labels(v)) for v in VIEWS))
    return analysis(scan, other, regions, parameters)


def abnormal(analysis: BoneAnalysis) -> list:
    return sorted(
        (row for row in analysis.table if row.label == "abnormal"), key=lambda row: row.area_px, reverse=True
    )


def test_nothing_changes_when_the_patient_only_lies_elsewhere(earlier):
    result = compare_scans(earlier, later_of(earlier))
    assert {pair.state for pair in result.pairings} == {"unchanged"}
    assert all(set(pair.earlier) == set(pair.later) for pair in result.pairings)
    assert max(pair.distance_mm for pair in result.pairings) < 3
    assert (result.change, result.verdict) == (0, "within the detectable change")
    assert not any("fit badly" in text or "differ in length" in text for text in result.warnings)


def test_new_and_gone_are_found_and_the_index_follows(earlier):
    largest = abnormal(earlier)[0]
    fewer = without(earlier.hotspots, largest.id)
    gone = compare_scans(earlier, later_of(earlier, fewer))
    changed = [pair for pair in gone.pairings if pair.state != "unchanged"]
    assert [(pair.state, pair.earlier, pair.later) for pair in changed] == [("gone", (largest.id,), ())]
    assert gone.number("gone") == 1
    assert gone.change < 0
    assert gone.regions[largest.region] < 0
    back = compare_scans(analysis(earlier.scan, fewer, earlier.regions), later_of(earlier))
    assert [p.later for p in back.pairings if p.state == "new"] == [(largest.id,)]
    assert back.change == pytest.approx(-gone.change)


def test_a_hotspot_that_grew_is_changed_by_its_ratio(earlier):
    largest = abnormal(earlier)[0]
    labels = earlier.hotspots.labels(largest.view)
    grown = ndimage.binary_dilation(labels == largest.id, iterations=3) & (labels == 0)
    more = replace(earlier.hotspots, **{largest.view: np.where(grown, largest.id, labels).astype(np.uint16)})
    result = compare_scans(earlier, later_of(earlier, more))
    (pair,) = [pair for pair in result.pairings if pair.state == "changed"]
    size = np.count_nonzero(labels == largest.id)
    assert pair.area_ratio == pytest.approx((size + np.count_nonzero(grown)) / size)
    assert result.change > 0


def test_one_that_parted_is_one_place_with_two_hotspots(earlier):
    largest = abnormal(earlier)[0]
    labels, next_id = earlier.hotspots.labels(largest.view).copy(), earlier.hotspots.next_id
    lower = (labels == largest.id) & (np.arange(labels.shape[0])[:, None] > largest.row)
    labels[lower] = next_id
    marks = (*earlier.hotspots.marks, Mark(next_id, largest.view))
    parted = replace(earlier.hotspots, **{largest.view: labels}, marks=marks)
    result = compare_scans(earlier, later_of(earlier, parted))
    assert ((largest.id,), (largest.id, next_id)) in [(p.earlier, p.later) for p in result.pairings]
    assert result.number("new") == result.number("gone") == 0


def test_a_change_of_class_is_a_change(earlier):
    largest = abnormal(earlier)[0]
    marks = tuple(replace(m, label="normal") if m.id == largest.id else m for m in earlier.hotspots.marks)
    result = compare_scans(earlier, later_of(earlier, replace(earlier.hotspots, marks=marks)))
    (pair,) = [pair for pair in result.pairings if pair.state == "changed"]
    assert (pair.label_earlier, pair.label_later) == ("abnormal", "normal")


def test_judged_parts_are_compared_only_where_all_is_judged(earlier):
    def judged(analysed: BoneAnalysis, numbers) -> BoneAnalysis:
        spots = set_judged(analysed.hotspots, numbers)
        return replace(analysed, index=bone_scan_index(spots, analysed.regions, analysed.scan))

    every = [mark.id for mark in earlier.hotspots.marks]
    later = later_of(earlier)
    whole = compare_scans(judged(earlier, every), judged(later, every))
    assert whole.judged_change == pytest.approx(0)
    # One of many judged is a low number, and no decrease.
    assert compare_scans(judged(earlier, every), judged(later, every[:1])).judged_change is None


def test_what_cannot_be_compared_is_said(earlier):
    other = later_of(
        earlier, parameters=IndexParameters(weights="icrp110-male", combine="max"), spacing_mm=(1.0, 1.0)
    )
    compared = compare_scans(earlier, other)
    assert compared.verdict == "not comparable"
    assert "not comparable" in compared.summary()
    assert "detectable" not in compared.summary()
    texts = " ".join(compared.warnings)
    for words in ("weights differ", "view rules differ", "pixel sizes differ", "differ in length"):
        assert words in texts
    dated = replace(earlier, scan=replace(earlier.scan, date="2026-05-01"))
    result = compare_scans(dated, later_of(earlier, date="2026-03-01"))
    assert result.days == -61
    assert any("earlier date" in text for text in result.warnings)


def test_indices_of_other_views_are_not_compared(earlier):
    def alone(rule):
        parameters = IndexParameters(combine=rule)
        whole = analysis(earlier.scan, earlier.hotspots, earlier.regions, parameters)
        marks = tuple(mark for mark in earlier.hotspots.marks if mark.view == "anterior")
        hotspots = Hotspots(earlier.hotspots.anterior, None, marks)
        regions = replace(earlier.regions, posterior=None)
        one = analysis(replace(earlier.scan, posterior=None), hotspots, regions, parameters)
        return compare_scans(whole, one)

    mean, front = alone("mean"), alone("anterior")
    assert mean.verdict == "not comparable"
    assert any("lacks a view" in text for text in mean.warnings)
    assert (front.change, front.verdict) == (0, "within the detectable change")
    assert not any("lacks a view" in text for text in front.warnings)


def test_a_scan_is_not_its_own_earlier_scan(earlier):
    said = "Both are the same scan"
    assert any(said in text for text in compare_scans(earlier, earlier).warnings)
    assert not any(said in text for text in compare_scans(earlier, later_of(earlier)).warnings)


def test_the_band_is_named(earlier):
    result = compare_scans(earlier, later_of(earlier))
    assert "±0.30" in result.summary()
    assert "unchanged" in result.summary()


def test_scans_without_common_regions_are_refused(earlier):
    empty = SkeletonRegions(*(np.zeros(earlier.scan.shape, np.uint8) for _ in VIEWS))
    with pytest.raises(BadInput, match="few skeleton regions"):
        compare_scans(earlier, replace(earlier, regions=empty))


def test_regions_on_one_line_are_refused():
    spine = np.zeros((200, 60), np.uint8)
    for region, rows in ((1, slice(5, 30)), (2, slice(40, 60)), (3, slice(60, 100)), (9, slice(100, 130))):
        spine[rows, 25:35] = region
    regions = SkeletonRegions(spine, None)
    with pytest.raises(BadInput, match="one line"):
        corresponding(regions, regions, "anterior")


def test_points_are_carried_to_the_other_scan(earlier):
    there = corresponding(earlier.regions, later_of(earlier).regions, "posterior")
    points = np.array([[100.0, 60.0], [300.0, 40.0]])
    np.testing.assert_allclose(there.map(points), points + SHIFT, atol=0.5)
    assert there.residual < 0.5


def test_the_places_of_earlier_hotspots_are_told_in_the_later_scan(earlier):
    memory = Memory()
    result = compare_scans(earlier, later_of(earlier), memory=memory)
    compared = [row for row in earlier.table if row.label in ("abnormal", "normal")]
    assert set(result.places) == {row.id for row in compared}
    for row in compared:
        assert result.places[row.id] == pytest.approx((row.row + SHIFT[0], row.column + SHIFT[1]), abs=2)
    assert compare_scans(earlier, later_of(earlier), memory=memory).places == result.places


def test_an_earlier_scan_is_read_from_a_folder_of_results(simulated_scan, tmp_path):
    from napari_tbcad.bone.compared import compared_from_results, scans_in_results
    from napari_tbcad.bone.exports import export_case
    from napari_tbcad.bone.workflow import BoneSettings

    scan, labels = simulated_scan.scan, simulated_scan.hotspots
    # One view was turned on reading: its files are as its camera's file is.
    views = {name: replace(view, mirrored=name == "posterior") for name, view in scan}
    scan = replace(scan, **views, record=scan.record + Step("views", facts={"posterior": {"mirrored": True}}))
    spots = from_labels(labels["anterior"], labels["posterior"])
    given = analysis(
        scan, set_label(spots, spots.marks[0].id, "normal"), SkeletonRegions(**simulated_scan.regions)
    )
    given = replace(given, classes=class_images(given.hotspots, given.regions, scan), record=scan.record)
    export_case(tmp_path, "A__1", given, BoneSettings(), file="somewhere/A/1.dcm")
    assert scans_in_results(tmp_path) == {"A__1": "somewhere/A/1.dcm"}
    read = compared_from_results(tmp_path)
    for view in VIEWS:
        np.testing.assert_array_equal(read.hotspots.labels(view), given.hotspots.labels(view))
        np.testing.assert_array_equal(read.regions.labels(view), given.regions.labels(view))
    assert read.hotspots.marks == given.hotspots.marks
    assert read.index.value == pytest.approx(given.index.value)
    assert [row.region for row in read.index.regions] == [row.region for row in given.index.regions]
    for one, other in zip(read.table, given.table, strict=True):
        assert (one.region, one.label, one.left) == (other.region, other.label, other.left)
        assert (one.row, one.column) == pytest.approx((other.row, other.column))
    result = compare_scans(read, given)
    assert {pair.state for pair in result.pairings} == {"unchanged"}
    with pytest.raises(BadInput, match="no scan B"):
        compared_from_results(tmp_path, "B")
    with pytest.raises(BadInput, match="no folder that"):
        compared_from_results(tmp_path / "masks")
