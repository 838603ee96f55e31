"""The index of a method's masks: by hand, and as the program computes it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_tbcad.bone.bsi import RULES, IndexParameters, bone_scan_index
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.compare.index_scores import index_rows
from napari_tbcad.evaluate.compare.region_pixels import RegionPixels, region_pixels
from napari_tbcad.evaluate.compare.run_scores import ImageRow, RunScores
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan, ScanView
from napari_tbcad.schemes import REGION_IDS
from napari_tbcad.skeletal_mass import WEIGHT_TABLES

CLASSES = ("background", "bone", "abnormal", "normal")


def pixels(all_, found, true):
    """Pixels of the lumbar spine and of a femur."""
    parts = []
    for pair in (all_, found, true):
        counts = [0] * 13
        counts[REGION_IDS["lumbar"]], counts[REGION_IDS["femur"]] = pair
        parts.append(tuple(counts))
    return RegionPixels(*parts)


def run(view, *patients):
    """A run with an image a patient: (name, RegionPixels or None)."""
    rows = tuple(
        ImageRow(f"{n}_{view}.png", n, "made", view, ((0,) * 4,) * 4, 0.1, (), (), False, 0.0, r)
        for n, r in patients
    )
    return RunScores("unet", "4", view, 0, "network", CLASSES, rows)


ANTERIOR = run("anterior", ("p", pixels((100, 50), (10, 0), (0, 5))))
POSTERIOR = run("posterior", ("p", pixels((80, 50), (20, 0), (8, 0))))


@pytest.mark.parametrize(
    ("rule", "index", "reference"),
    [
        ("mean", 0.175 * 4.74, 0.05 * 4.74 + 0.05 * 15.27),
        ("pooled", 30 / 180 * 4.74, 8 / 180 * 4.74 + 5 / 100 * 15.27),
        ("max", 0.25 * 4.74, 0.1 * 4.74 + 0.1 * 15.27),
        ("anterior", 0.1 * 4.74, 0.1 * 15.27),
    ],
)
def test_index_by_hand(rule, index, reference):
    (row,) = index_rows(ANTERIOR, POSTERIOR, weights="icrp110-male", rule=rule)
    assert (row.patient, row.source) == ("p", "made")
    assert (row.index, row.reference) == pytest.approx((index, reference))
    (other,) = index_rows(ANTERIOR, POSTERIOR, weights="icrp110-male", rule=rule, reference_rule="posterior")
    assert (other.index, other.reference) == pytest.approx((index, 0.1 * 4.74))


@pytest.mark.parametrize("weights", WEIGHT_TABLES)
def test_index_is_that_of_the_program(weights):
    random = np.random.default_rng(1)
    regions = {view: random.integers(0, 13, (30, 20)).astype(np.uint8) for view in VIEWS}
    labels = {view: random.integers(0, 4, (30, 20)).astype(np.uint8) for view in VIEWS}
    found = {view: random.integers(0, 4, (30, 20)).astype(np.uint8) for view in VIEWS}
    runs = [run(v, ("p", region_pixels(regions[v], labels[v], found[v], abnormal=2, view=v))) for v in VIEWS]
    scan = BoneScan(*(ScanView(np.ones((30, 20), np.float32)) for _ in VIEWS))
    for rule in RULES:
        (row,) = index_rows(*runs, weights=weights, rule=rule)
        for value, images in ((row.index, found), (row.reference, labels)):
            spots = Hotspots(
                (images["anterior"] == 2).astype(np.uint16),
                2 * (images["posterior"] == 2).astype(np.uint16),
                (Mark(1, "anterior"), Mark(2, "posterior")),
            )
            chosen = IndexParameters(weights=weights, combine=rule)
            expected = bone_scan_index(spots, SkeletonRegions(**regions), scan, chosen).value
            assert value == pytest.approx(expected), rule


def test_nothing_is_abnormal_where_nothing_is_said():
    labels = np.array([[255, 2, 1]], np.uint8)
    one = region_pixels(np.full((1, 3), 3), labels, np.full((1, 3), 2, np.uint8), abnormal=2, view="anterior")
    assert (one.all[3], one.found[3], one.true[3]) == (3, 2, 1)


def test_only_patients_with_one_image_a_view_and_regions_have_an_index():
    shared = pixels((10, 10), (1, 0), (1, 0))
    anterior = run("anterior", ("p", shared), ("q", shared), ("r", None), ("s", shared), ("s", shared))
    posterior = run("posterior", ("p", shared), ("r", shared), ("s", shared), ("t", shared))
    assert [row.patient for row in index_rows(anterior, posterior)] == ["p"]


def test_runs_that_do_not_belong_together_are_refused():
    with pytest.raises(BadInput, match="not of the anterior"):
        index_rows(POSTERIOR, ANTERIOR)
    with pytest.raises(BadInput, match="does not belong"):
        index_rows(ANTERIOR, replace(POSTERIOR, seed=1))
