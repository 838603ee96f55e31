from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.measure import regionprops

from napari_tbcad.bone import spot_measures
from napari_tbcad.bone.axis import Axis, find_axis, pair_views
from napari_tbcad.bone.editing import set_label
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.measure import HotspotTable, measure_hotspots
from napari_tbcad.bone.painted import from_labels
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import BoneScan, ScanView
from napari_tbcad.memory import Memory
from napari_tbcad.schemes import REGION_IDS


@pytest.fixture
def case() -> tuple[Hotspots, BoneScan, SkeletonRegions]:
    """A body of 2 counts, columns 10 to 29, axis at 19.5; spine, femur, a hotspot left of the spine."""
    counts = np.zeros((80, 40), np.float32)
    counts[:, 10:30] = 2
    regions = np.zeros((80, 40), np.uint8)
    regions[10:40, 18:22] = REGION_IDS["thoracic"]
    regions[50:70, 12:16] = REGION_IDS["femur"]
    counts[50:70, 12:16] = 4
    counts[10:40, 18:22] = 6
    labels = np.zeros((80, 40), np.uint16)
    labels[20:22, 12:16] = 5
    counts[20:22, 12:16] = [[8, 8, 8, 8], [8, 8, 8, 24]]
    labels[30:33, 18:21] = 7
    labels[3, 3] = 9
    first = Mark(5, "anterior", probability=0.25, uncertainty=0.5)
    marks = (first, Mark(7, "anterior", "normal"), Mark(9, "anterior"))
    scan = BoneScan(ScanView(counts), None, spacing_mm=(2.0, 3.0))
    return Hotspots(labels, None, marks), scan, SkeletonRegions(regions, None)


def test_table_worked_by_hand(case):
    table = measure_hotspots(*case)
    row = table.row(5)
    assert (row.region, row.nearest_region) == ("outside", "thoracic")
    assert (row.row, row.column) == (20.5, 13.5)
    assert (row.top, row.left, row.bottom, row.right) == (20, 12, 22, 16)
    assert (row.area_px, row.area_mm2) == (8, 48.0)
    assert (row.peak, row.mean, row.total) == (24, 10, 80)
    assert row.solidity == 1
    # Second moments 5/4 along the columns and 1/4 along the rows.
    assert row.eccentricity == pytest.approx(np.sqrt(1 - (1 / 4) / (5 / 4)))
    assert row.ratio_contralateral == pytest.approx(10 / 2)
    assert row.ratio_reference == pytest.approx(10 / 4)
    assert row.ratio_region is None
    assert (row.probability, row.uncertainty) == (0.25, 0.5)


def test_region_midline_and_nothing_counted(case):
    table = measure_hotspots(*case)
    row = table.row(7)
    assert row.region == row.nearest_region == "thoracic"
    assert row.ratio_contralateral is None
    assert row.ratio_region == pytest.approx(1)
    assert table.row(9).peak == 0
    assert table.warnings == ("Hotspot 9 lies where nothing was counted.",)


def test_several_regions_together_hold_a_hotspot(case):
    hotspots, scan, regions = case
    drawn = np.zeros_like(regions.anterior)
    drawn[20, 12:15] = REGION_IDS["rib"]
    drawn[21, 12:14] = REGION_IDS["thoracic"]
    assert measure_hotspots(hotspots, scan, SkeletonRegions(drawn, None)).row(5).region == "rib"
    drawn[20, 12:14] = 0
    assert measure_hotspots(hotspots, scan, SkeletonRegions(drawn, None)).row(5).region == "outside"


def test_no_hotspot_lies_in_the_sternum_of_a_posterior_view(case):
    hotspots, scan, regions = case
    drawn = np.where(regions.anterior == REGION_IDS["thoracic"], REGION_IDS["sternum"], 0)
    behind = Hotspots(None, hotspots.anterior, [replace(m, view="posterior") for m in hotspots.marks])
    turned = BoneScan(None, scan.anterior)
    assert measure_hotspots(hotspots, scan, SkeletonRegions(drawn, None)).row(7).region == "sternum"
    assert measure_hotspots(behind, turned, SkeletonRegions(None, drawn)).row(7).region == "outside"


def test_unknown_spacing_and_no_regions(case):
    hotspots, scan, _ = case
    row = measure_hotspots(hotspots, BoneScan(scan.anterior, None)).row(5)
    assert row.area_mm2 is None
    assert row.region is None
    assert row.ratio_reference is None
    assert row.ratio_contralateral == pytest.approx(5)


def test_other_grids_are_refused(case):
    hotspots, scan, regions = case
    with pytest.raises(BadInput, match="hotspots"):
        measure_hotspots(Hotspots(hotspots.anterior[1:], None, hotspots.marks), scan)
    with pytest.raises(BadInput, match="regions"):
        measure_hotspots(hotspots, scan, SkeletonRegions(regions.anterior[1:], None))


def test_columns_and_rows_agree(case):
    table = measure_hotspots(*case)
    assert tuple(table.as_dicts()[0]) == HotspotTable.columns()
    assert [row.id for row in table] == [5, 7, 9]
    with pytest.raises(KeyError):
        table.row(6)


@given(st.integers(0, 10**6))
def test_shape_as_scikit_image_gives_it(seed):
    rng = np.random.default_rng(seed)
    labels = np.zeros((30, 20), np.uint16)
    for number in range(1, 4):
        top, left = rng.integers(0, 22), rng.integers(0, 12)
        labels[top : top + rng.integers(1, 8), left : left + rng.integers(1, 8)] = number
    labels[rng.random(labels.shape) < 0.2] = 0
    counts = rng.poisson(4, labels.shape).astype(np.float32)
    table = measure_hotspots(from_labels(labels, None), BoneScan(ScanView(counts), None))
    for prop in regionprops(labels, counts):
        row = table.row(prop.label)
        assert row.area_px == prop.num_pixels
        assert (row.row, row.column) == pytest.approx(prop.centroid)
        assert (row.top, row.left, row.bottom, row.right) == prop.bbox
        assert row.eccentricity == pytest.approx(prop.eccentricity, abs=1e-6)
        assert row.solidity == pytest.approx(prop.solidity)
        assert row.mean == pytest.approx(prop.intensity_mean)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_what_is_kept_never_shows_in_the_table(seed):
    rng = np.random.default_rng(seed)
    memory, marks = Memory(), {}
    shape = (60, 30)
    counts = rng.poisson(4, shape).astype(np.float32)
    scan = BoneScan(ScanView(counts), ScanView(counts[:, ::-1]), spacing_mm=(2.0, 2.0))
    drawn = [np.kron(rng.integers(0, 13, (6, 3)), np.ones((10, 10), int)).astype(np.uint8) for _ in range(4)]
    regions = SkeletonRegions(*drawn[:2])
    images = [np.zeros(shape, np.uint16), np.zeros(shape, np.uint16)]
    for turn in range(8):
        image = images[turn % 2]
        top, left = rng.integers(0, 50), rng.integers(0, 22)
        number = int(rng.integers(0, 5)) + (10 if turn % 2 else 0)
        # In place, as a program may that keeps its array; 0 and 10 take away.
        image[top : top + 6, left : left + 6] = number if number % 10 else 0
        if turn == 5:
            regions = SkeletonRegions(*drawn[2:])
        marks |= {number: ("abnormal", "normal", "non_bone")[int(rng.integers(3))]}
        hotspots = from_labels(*images)
        for one, label in marks.items():
            if one in hotspots.by_id():
                hotspots = set_label(hotspots, one, label)
        known = None if turn == 3 else regions
        again = measure_hotspots(hotspots, scan, known, memory=memory)
        assert again == measure_hotspots(hotspots, scan, known)


def test_only_what_was_painted_is_measured_anew(case, monkeypatch):
    hotspots, scan, regions = case
    memory, measured = Memory(), []
    hull = spot_measures.hull_pixels
    monkeypatch.setattr(spot_measures, "hull_pixels", lambda mask: measured.append(1) or hull(mask))

    def measure(given):
        measured.clear()
        return measure_hotspots(given, scan, regions, memory=memory), len(measured)

    assert measure(hotspots)[1] == 3
    table, number = measure(set_label(hotspots, 5, "normal"))
    assert (table.row(5).label, number) == ("normal", 0)
    painted = hotspots.anterior.copy()
    painted[22, 12] = 5
    assert measure(replace(hotspots, anterior=painted))[1] == 1


# The patient's axis


def test_axis_of_a_leaning_body():
    counts = np.zeros((100, 60), np.float32)
    for row in range(5, 95):
        middle = 25 + 0.1 * row
        counts[row, round(middle - 8) : round(middle + 8) + 1] = 5
    axis = find_axis(counts)
    assert axis.slope == pytest.approx(0.1, abs=0.02)
    assert axis.column(50) == pytest.approx(30, abs=0.7)


@given(st.floats(0, 50), st.floats(-0.2, 0.2), st.floats(0, 99), st.floats(0, 60))
def test_a_reflection_undone_by_itself(at_top, slope, row, column):
    axis = Axis(at_top, slope)
    assert axis.mirror(*axis.mirror(row, column)) == pytest.approx((row, column), abs=1e-6)


def test_axis_without_a_body_is_the_middle():
    assert find_axis(np.zeros((10, 21))) == Axis(10.0)
    assert pair_views(BoneScan(ScanView(np.zeros((10, 21))), ScanView(np.zeros((10, 21))))) is None


@pytest.mark.realdata
def test_the_axis_bends_at_the_hips_where_the_trunk_leans_and_the_legs_do_not():
    counts = np.zeros((400, 100), np.float32)
    regions = np.zeros(counts.shape, np.uint8)
    for row in range(200):
        middle = 60 - row // 10
        counts[row, middle - 20 : middle + 21] = 5
        regions[row, middle - 4 : middle + 5] = REGION_IDS["thoracic"]
    counts[200:, 25:35] = counts[200:, 45:55] = 5
    axis = find_axis(counts, regions)
    assert axis.column(100) == pytest.approx(50, abs=1)
    # A straight line would be at column 20 there, and mirror the right ankle into air.
    assert axis.column(390) == pytest.approx(39.5, abs=1)
    assert axis.mirror(390, 30)[1] == pytest.approx(49, abs=2)


def test_views_of_one_person_agree_and_those_of_two_seldom(shared_data):
    """Three published pairs do not belong together; the other 45 do."""
    from napari_tbcad.io.labels import read_labels

    folder = shared_data / "bone" / "pairs" / "png"
    apart = set()
    for path in sorted(folder.glob("*_ant.png")):
        name = path.stem.removesuffix("_ant")
        scan = BoneScan(ScanView(read_labels(path)), ScanView(read_labels(folder / f"{name}_post.png")))
        if pair_views(scan) is None:
            apart.add(name)
    assert apart == {"15", "108", "126"}
