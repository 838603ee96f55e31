"""The classical detector on drawn bodies: rectangles of bone with hot spots where the test wants them."""

import numpy as np
import pytest

from napari_tbcad.bone.bsi import bone_scan_index
from napari_tbcad.bone.candidates import HotspotParameters
from napari_tbcad.bone.candidates import find_hotspots as found_by
from napari_tbcad.bone.candidates_classical import ClassicalParameters
from napari_tbcad.bone.candidates_maps import ALL_ZONES
from napari_tbcad.bone.candidates_peaks import FEATURES, model
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.imaging.bonescan import BoneScan, ScanView
from napari_tbcad.schemes import REGION_IDS

CLASSICAL = HotspotParameters(segmenter="classical")

SHAPE, SPACING = (512, 128), (4.6, 4.6)

BONES = {  # rows, columns, uptake; the patient is symmetric about column 63.5
    "skull": (10, 70, 48, 80, 8.0),
    "cervical": (72, 92, 60, 68, 10.0),
    "rib": (95, 190, 38, 90, 6.0),
    "thoracic": (95, 190, 60, 68, 11.0),
    "lumbar": (190, 230, 59, 69, 12.0),
    "pelvis": (230, 285, 38, 90, 8.0),
    "sacrum": (232, 255, 58, 70, 11.0),
    "femur": (290, 370, 42, 52, 6.0),
}

SPOT = (150, 44)
"""On the ribs, on the image's left in the anterior view."""


def draw(*spots, seed=0, symmetric=(), noise=True):
    """A view as its camera sees it, and its regions; a spot is (row, column, height, sigma)."""
    rows, columns = np.indices(SHAPE)
    counts = np.full(SHAPE, 0.3)
    counts[20:480, 35:93] = 1.5
    regions = np.zeros(SHAPE, np.uint8)
    for name, (top, bottom, left, right, uptake) in BONES.items():
        counts[top:bottom, left:right] = uptake
        regions[top:bottom, left:right] = REGION_IDS[name]
        if name == "femur":
            counts[top:bottom, 128 - right : 128 - left] = uptake
            regions[top:bottom, 128 - right : 128 - left] = REGION_IDS[name]
    regions[262:280, 52:76] = 0  # the pelvic cavity
    counts[262:280, 52:76] = 2.0
    both = [*spots, *symmetric, *[(r, 127 - c, h, s) for r, c, h, s in symmetric]]
    for row, column, height, sigma in both:
        counts += height * np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * sigma**2))
    counts = counts * 4
    if noise:
        counts = np.random.default_rng(seed).poisson(counts)
    return counts.astype(np.float32), regions


def body(*spots, symmetric=(), spacing=SPACING, **more):
    front, regions = draw(*spots, symmetric=symmetric, seed=1, **more)
    back, _ = draw(*[(r, 127 - c, h, s) for r, c, h, s in spots], symmetric=symmetric, seed=2, **more)
    scan = BoneScan(ScanView(front), ScanView(back), spacing_mm=spacing)
    return scan, SkeletonRegions(regions, regions)


@pytest.fixture(scope="module")
def rib():
    scan, regions = body((*SPOT, 30.0, 2.5))
    return scan, regions, find_hotspots(scan, regions)


def find_hotspots(scan, regions, parameters=CLASSICAL, **more):
    return found_by(scan, regions, parameters, **more)


def at(hotspots, view, row, column):
    number = int(hotspots.labels(view)[row, column])
    return hotspots.mark(number) if number else None


def test_a_one_sided_spot_on_the_ribs_is_an_abnormal_pair(rib):
    _, _, found = rib
    front, back = at(found, "anterior", *SPOT), at(found, "posterior", SPOT[0], 127 - SPOT[1])
    assert front is not None
    assert back is not None
    assert (front.label, back.label) == ("abnormal", "abnormal")
    assert front.probability > 0.5
    assert 0 < front.uncertainty < 1
    assert not front.judged
    assert front.origin == "candidate"
    assert (front.linked, back.linked) == (back.id, front.id)
    pixels = int((found.anterior == front.id).sum())
    assert 15 <= pixels <= 60  # at half height a disk of radius 1.18 sigma has 27, the smoothing adds some


def test_a_body_without_spots_has_no_abnormal_candidate():
    found = find_hotspots(*body())
    assert not [mark for mark in found.marks if mark.label == "abnormal"]


def test_a_higher_threshold_keeps_the_first_of_the_candidates(rib):
    scan, regions, _ = rib

    def with_threshold(value):
        parameters = HotspotParameters(segmenter="classical", classical=ClassicalParameters(threshold=value))
        return find_hotspots(scan, regions, parameters)

    low, high = with_threshold(0.01), with_threshold(0.6)
    assert 0 < len(high.marks) < len(low.marks)
    assert not ((high.anterior > 0) & (low.anterior == 0)).any()


def test_the_bladder_is_not_bone_and_equal_knees_are_normal():
    scan, regions = body((270, 64, 60.0, 4.0), symmetric=[(385, 47, 14.0, 4.0)])
    parameters = HotspotParameters(segmenter="classical", classical=ClassicalParameters(threshold=0.02))
    found = find_hotspots(scan, regions, parameters)
    assert at(found, "anterior", 270, 64).label == "non_bone"
    knees = [at(found, "anterior", 385, 47), at(found, "anterior", 385, 80)]
    assert [mark.label for mark in knees if mark is not None] == ["normal", "normal"]


def test_the_unit_of_the_pixels_does_not_matter(rib):
    scan, regions, found = rib
    scaled = BoneScan(
        ScanView(scan.anterior.counts * 8),
        ScanView(scan.posterior.counts * 8),
        spacing_mm=SPACING,
        unit="grey",
    )
    again = find_hotspots(scaled, regions)
    np.testing.assert_array_equal(again.anterior, found.anterior)
    assert [m.label for m in again.marks] == [m.label for m in found.marks]


def test_the_same_scan_gives_the_same_hotspots(rib):
    scan, regions, found = rib
    again = find_hotspots(scan, regions)
    np.testing.assert_array_equal(again.posterior, found.posterior)
    assert again.marks == found.marks


def test_one_view_alone_and_no_regions_still_find_the_spot(rib):
    scan, regions, _ = rib
    alone = BoneScan(scan.anterior, None, spacing_mm=SPACING)
    parameters = HotspotParameters(segmenter="classical", classical=ClassicalParameters(threshold=0.02))
    for drawn in (regions, None, SkeletonRegions(np.zeros(SHAPE, np.uint8), None)):
        found = find_hotspots(alone, drawn, parameters)
        assert found.posterior is None
        assert at(found, "anterior", *SPOT) is not None


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((40, 10)),
        np.full((40, 10), 255.0),
        np.ones((1, 1)),
        np.eye(5) * 1e6,
        np.random.default_rng(0).poisson(0.05, (60, 20)),
        np.where(np.indices((64, 32))[0] > 30, 255, 3),
    ],
    ids=["empty", "saturated", "pixel", "diagonal", "few counts", "half"],
)
def test_odd_images_do_not_fail(image):
    found = find_hotspots(BoneScan(ScanView(image), ScanView(image[:, ::-1])), None)
    assert found.anterior.shape == image.shape
    assert found.warnings  # the pixel size is not known


@pytest.mark.parametrize("spacing", [None, (0.001, 0.001), (80.0, 80.0)])
def test_an_assumed_pixel_size_is_told(spacing):
    scan, regions = body((*SPOT, 30.0, 2.5), spacing=spacing)
    found = find_hotspots(scan, regions)
    assert "4.6 mm" in found.warnings[0]
    assert at(found, "anterior", *SPOT) is not None


def test_regions_of_another_size_are_refused(rib):
    scan, _, _ = rib
    with pytest.raises(BadInput, match="regions"):
        find_hotspots(scan, SkeletonRegions(np.zeros((4, 4), np.uint8), np.zeros((4, 4), np.uint8)))


def test_progress_ends_at_one_and_a_stop_is_heeded(rib):
    scan, regions, _ = rib
    said = []
    find_hotspots(scan, regions, progress=lambda fraction, text: said.append(fraction))
    assert said == sorted(said)
    assert said[-1] == 1.0
    with pytest.raises(Cancelled):
        find_hotspots(scan, regions, cancelled=lambda: True)


def test_an_unknown_segmenter_is_refused_by_name():
    with pytest.raises(ValueError, match="classical"):
        HotspotParameters(segmenter="oracle")


def test_the_stored_model_knows_every_feature_and_zone():
    stored = model()
    assert tuple(stored["weights"]) == FEATURES
    assert set(stored["zones"]) == set(ALL_ZONES[1:])
    assert "not by physicians" in stored["data"]


def test_a_simulated_person_without_lesions_has_an_index_near_zero(clean_scan):
    regions = SkeletonRegions(clean_scan.regions["anterior"], clean_scan.regions["posterior"])
    found = find_hotspots(clean_scan.scan, regions)
    assert bone_scan_index(found, regions, clean_scan.scan).value < 0.5


def test_the_bladder_of_a_simulated_person_is_not_bone(simulated_scan):
    regions = SkeletonRegions(simulated_scan.regions["anterior"], simulated_scan.regions["posterior"])
    found = find_hotspots(simulated_scan.scan, regions)
    bladder = next(lesion for lesion in simulated_scan.lesions if lesion.site == "bladder")
    numbers = np.unique(found.anterior[simulated_scan.hotspots["anterior"] == bladder.ids["anterior"]])
    assert {found.mark(int(n)).label for n in numbers if n} == {"non_bone"}
