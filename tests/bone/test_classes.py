from __future__ import annotations

import numpy as np
import pytest

from napari_tbcad.bone.classes import SchemeParameters, bone_area, class_images
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.imaging.bonescan import BoneScan, ScanView
from napari_tbcad.schemes import REGION_IDS


@pytest.fixture
def case() -> tuple[Hotspots, SkeletonRegions, BoneScan]:
    """Body of 2, a limb of 20 without region, a femur region of 2; four hotspots, the last ones in air."""
    counts = np.zeros((60, 40), np.float32)
    counts[5:55, 5:35] = 2
    counts[10:50, 8:14] = 20
    regions = np.zeros((60, 40), np.uint8)
    regions[20:40, 25:30] = REGION_IDS["femur"]
    regions[45:50, 20:30] = REGION_IDS["rib"]
    labels = np.zeros((60, 40), np.uint16)
    for number, (row, column) in enumerate([(15, 9), (22, 26), (30, 26), (35, 26), (0, 36)], start=1):
        labels[row : row + 3, column : column + 3] = number
    classes = ("abnormal", "normal", "non_bone", "ignore", "ignore")
    marks = tuple(Mark(n, "anterior", label) for n, label in enumerate(classes, start=1))
    return Hotspots(labels, None, marks), SkeletonRegions(regions, None), BoneScan(ScanView(counts), None)


def test_four_classes(case):
    hotspots, regions, scan = case
    images = class_images(hotspots, regions, scan)
    image = images.anterior
    assert images.posterior is None
    assert (image[15:18, 9:12] == 2).all()
    assert (image[22:25, 26:29] == 3).all()
    assert (image[30:33, 26:29] == 3).all()
    # Ignored: bone below one, air below the other.
    assert (image[35:38, 26:29] == 1).all()
    assert (image[0:3, 36:39] == 0).all()
    # A limb without region is bone, what lies between the ribs is not.
    assert image[45, 10] == 1
    assert image[47, 25] == 0
    assert image[10, 20] == 0


def test_three_classes_merge_normal_into_bone(case):
    four = class_images(*case).anterior
    three = class_images(*case, SchemeParameters(scheme="3"))
    assert three.scheme == "3"
    assert ((four == 3) <= (three.anterior == 1)).all()
    assert ((four == 0) == (three.anterior == 0)).all()
    assert ((four == 2) == (three.anterior == 2)).all()


def test_without_regions_and_without_counts(case):
    hotspots, _, scan = case
    assert class_images(hotspots, None, scan).anterior[45, 10] == 1
    assert not bone_area(np.zeros((5, 5))).any()
    assert bone_area(np.full((5, 5), 3.0)).shape == (5, 5)


def test_bone_of_a_simulated_scan(simulated_scan):
    scores = []
    for name, view in simulated_scan.scan:
        truth = simulated_scan.classes[name] > 0
        found = bone_area(view.counts, simulated_scan.regions[name])
        scores.append(2 * (found & truth).sum() / (found.sum() + truth.sum()))
    assert min(scores) > 0.65
