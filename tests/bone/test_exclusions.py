"""Hotspots that do not count, each under one reason."""

from __future__ import annotations

import numpy as np

from napari_tbcad.bone.bsi import IndexParameters, bone_scan_index
from napari_tbcad.bone.exclusions import left_out, unjudged
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.imaging.bonescan import BoneScan, ScanView
from napari_tbcad.schemes import REGION_IDS


def case():
    """Six hotspots in front (1 to 5 and 9 beside all regions), two behind."""
    front, back = np.zeros((10, 12), np.uint16), np.zeros((10, 12), np.uint16)
    front[0, :5] = [1, 2, 3, 4, 5]
    front[9, 9] = 9
    back[0, 0], back[9, 9] = 6, 7
    drawn = np.zeros((10, 12), np.uint8)
    drawn[:5] = REGION_IDS["lumbar"]
    labels = {1: "abnormal", 2: "normal", 3: "non_bone", 4: "ignore", 5: "normal", 9: "abnormal"}
    marks = [Mark(n, "anterior", label, judged=n < 3) for n, label in labels.items()]
    marks += [Mark(6, "posterior"), Mark(7, "posterior")]
    scan = BoneScan(ScanView(np.ones((10, 12))), ScanView(np.ones((10, 12))))
    return Hotspots(front, back, tuple(marks)), SkeletonRegions(drawn, drawn), scan


def test_every_hotspot_is_counted_or_left_out_for_one_reason():
    hotspots, regions, scan = case()
    groups = left_out(hotspots, bone_scan_index(hotspots, regions, scan))
    assert {group.reason: group.ids for group in groups} == {
        "normal": (2, 5),
        "non-bone": (3,),
        "ignored": (4,),
        "outside all regions": (7, 9),
    }
    assert unjudged(hotspots) == (3, 4, 5, 6, 7, 9)


def test_a_rule_of_one_view_leaves_the_other_out():
    hotspots, regions, scan = case()
    index = bone_scan_index(hotspots, regions, scan, IndexParameters(combine="anterior"))
    groups = {group.reason: group for group in left_out(hotspots, index)}
    assert groups["posterior view"].ids == (6, 7)
    assert "anterior view alone" in groups["posterior view"].why
    assert groups["outside all regions"].ids == (9,), "each under one reason"
