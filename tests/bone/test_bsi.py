"""The Bone Scan Index against sums worked by hand, and what must be said beside it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_tbcad.bone import region_areas
from napari_tbcad.bone.bsi import RULES, IndexParameters, bone_scan_index
from napari_tbcad.bone.editing import set_label
from napari_tbcad.bone.hotspots import Hotspots, Mark
from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import BoneScan, ScanView
from napari_tbcad.memory import Memory
from napari_tbcad.schemes import HOTSPOT_CLASSES, REGION_IDS, REGION_NAMES

SHAPE = (40, 30)

SIZES = {"lumbar": {"anterior": 10, "posterior": 8}}
"""Pixels of a region's block where they are other than 10 (all in one row a region)."""


def scan(views=("anterior", "posterior"), unit="counts", level=1000.0):
    pixels = np.full(SHAPE, level, np.float32)
    there = {v: ScanView(pixels) if v in views else None for v in ("anterior", "posterior")}
    return BoneScan(**there, unit=unit)


def regions(without=(), views=("anterior", "posterior")):
    """Region k is row 3k, 10 px long (lumbar 8 px in the posterior view); sternum anterior only."""
    labels = {}
    for view in ("anterior", "posterior"):
        image = np.zeros(SHAPE, np.uint8)
        for name in REGION_NAMES:
            if (name == "sternum" and view == "posterior") or (name, view) in without or name in without:
                continue
            image[3 * REGION_IDS[name], : SIZES.get(name, {}).get(view, 10)] = REGION_IDS[name]
        labels[view] = image if view in views else None
    return SkeletonRegions(**labels)


def hotspots(*spots, views=("anterior", "posterior"), linked=()):
    """Each spot: (id, view, {region: (first, last column + 1)}, label, judged); region "" is row 0."""
    images = {v: np.zeros(SHAPE, np.uint16) if v in views else None for v in ("anterior", "posterior")}
    marks = []
    partner = dict(linked) | {b: a for a, b in linked}
    for number, view, places, label, judged in spots:
        for name, (first, last) in places.items():
            images[view][3 * REGION_IDS[name] if name else 0, first:last] = number
        marks.append(Mark(number, view, label, judged=judged, linked=partner.get(number)))
    return Hotspots(**images, marks=tuple(marks))


LUMBAR = hotspots(
    (1, "anterior", {"lumbar": (0, 1)}, "abnormal", True),
    (2, "posterior", {"lumbar": (0, 2)}, "abnormal", False),
)
"""1 of 10 px in the anterior, 2 of 8 px in the posterior view: f = 0.10 and 0.25."""


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("mean", 0.175 * 4.74),
        ("pooled", 3 / 18 * 4.74),
        ("max", 0.25 * 4.74),
        ("anterior", 0.10 * 4.74),
        ("posterior", 0.25 * 4.74),
    ],
)
def test_worked_by_hand_with_each_region_on_its_own(rule, expected):
    index = bone_scan_index(LUMBAR, regions(), scan(), IndexParameters(weights="icrp110-male", combine=rule))
    assert index.value == pytest.approx(expected)
    assert sum(row.contribution or 0 for row in index.regions) == pytest.approx(index.value)
    lumbar = index.regions[REGION_IDS["lumbar"] - 1]
    assert (lumbar.fraction_anterior, lumbar.fraction_posterior) == (0.1, 0.25)
    assert lumbar.weight == 4.74


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        # cervical, thoracic, lumbar, sacrum: 40 px in front, 38 px behind
        ("mean", (1 / 40 + 2 / 38) / 2 * 8.3),
        ("pooled", 3 / 78 * 8.3),
        ("max", 2 / 38 * 8.3),
    ],
)
def test_worked_by_hand_with_the_spine_pooled_as_spiers_weighs_it(rule, expected):
    index = bone_scan_index(LUMBAR, regions(), scan(), IndexParameters(combine=rule))
    assert index.value == pytest.approx(expected)
    lumbar = index.regions[REGION_IDS["lumbar"] - 1]
    assert lumbar.contribution == pytest.approx(expected)
    assert lumbar.weight == 8.3
    assert set(lumbar.pooled_with) == {"cervical", "thoracic", "sacrum"}
    assert index.regions[REGION_IDS["sacrum"] - 1].contribution == 0


def test_all_of_the_skeleton_abnormal_is_the_sum_of_the_weights():
    everything = dict.fromkeys(REGION_NAMES, (0, 10))
    front = hotspots((1, "anterior", everything, "abnormal", False), views=("anterior",))
    alone = scan(views=("anterior",))
    index = bone_scan_index(front, regions(views=("anterior",)), alone)
    assert index.value == pytest.approx(67.3)
    assert index.warnings == ()


def test_the_sternum_is_read_from_the_anterior_view_only():
    spots = hotspots((1, "anterior", {"sternum": (0, 5)}, "abnormal", False))
    painted = regions()
    painted.posterior[39, :20] = REGION_IDS["sternum"]
    index = bone_scan_index(spots, painted, scan())
    assert index.value == pytest.approx(0.5 * 0.3), "not halved by the view that cannot show it"
    behind = bone_scan_index(spots, regions(), scan(), IndexParameters(combine="posterior"))
    assert behind.regions[REGION_IDS["sternum"] - 1].contribution is None
    assert not behind.warnings, "nobody looks for the sternum from behind"


def test_a_hotspot_over_two_regions_counts_pixel_by_pixel():
    spots = hotspots((1, "anterior", {"skull": (0, 2), "femur": (0, 5), "": (0, 9)}, "abnormal", False))
    index = bone_scan_index(spots, regions(), scan())
    assert index.value == pytest.approx(0.2 / 2 * 18.4 + 0.5 / 2 * 17.8)
    assert index.outside == ()
    assert index.outside_pixels == {"anterior": 9, "posterior": 0}


def test_hotspots_outside_all_regions_are_listed_and_not_dropped_in_silence():
    spots = hotspots((1, "anterior", {"": (0, 5)}, "abnormal", False))
    index = bone_scan_index(spots, regions(), scan())
    assert (index.value, index.n_abnormal, index.outside) == (0, 1, (1,))
    assert any("outside all regions" in text for text in index.warnings)


def test_only_abnormal_hotspots_count_and_the_others_are_counted_as_excluded():
    spots = hotspots(
        (1, "anterior", {"lumbar": (0, 5)}, "normal", True),
        (2, "anterior", {"pelvis": (0, 5)}, "non_bone", True),
        (3, "anterior", {"skull": (0, 5)}, "ignore", True),
    )
    index = bone_scan_index(spots, regions(), scan())
    assert (index.value, index.judged_value) == (0, 0)
    assert index.excluded == {"normal": 1, "non_bone": 1, "ignore": 1}


def test_what_a_person_judged_stands_apart():
    index = bone_scan_index(LUMBAR, regions(), scan(), IndexParameters(weights="icrp110-male"))
    assert index.judged_value == pytest.approx(0.05 * 4.74)
    nobody = hotspots((1, "anterior", {"lumbar": (0, 5)}, "abnormal", False))
    assert bone_scan_index(nobody, regions(), scan()).judged_value is None


def test_a_missing_region_is_not_zero_in_silence():
    index = bone_scan_index(LUMBAR, regions(without=("femur",)), scan())
    femur = index.regions[REGION_IDS["femur"] - 1]
    assert femur.contribution is None
    assert femur.fraction_anterior is None
    assert any("femur" in text and "not part" in text for text in index.warnings)


def test_a_region_in_one_view_only_is_read_there_and_said():
    spots = hotspots((1, "posterior", {"scapula": (0, 5)}, "abnormal", False))
    index = bone_scan_index(spots, regions(without=(("scapula", "anterior"),)), scan())
    assert index.value == pytest.approx(0.5 * 3.0)
    assert index.warnings == ("No pixels of scapula in the anterior view.",)


def test_linked_hotspots_are_one_lesion():
    spots = hotspots(
        (1, "anterior", {"rib": (0, 2)}, "abnormal", False),
        (2, "posterior", {"rib": (0, 2)}, "abnormal", False),
        (3, "posterior", {"skull": (0, 2)}, "abnormal", False),
        linked=((1, 2),),
    )
    index = bone_scan_index(spots, regions(), scan())
    assert (index.n_abnormal, index.n_lesions) == (3, 2)


def test_the_result_names_table_rule_counts_and_numbers():
    text = bone_scan_index(LUMBAR, regions(), scan()).summary()
    for word in ("spiers1968", "mean", "1.20 M counts anterior", "2 abnormal hotspots"):
        assert word in text
    assert "counts" not in bone_scan_index(LUMBAR, regions(), scan(unit="grey")).summary()


def test_a_rule_for_a_view_that_is_not_there_is_refused():
    alone = scan(views=("anterior",))
    with pytest.raises(BadInput, match="posterior view, which the scan lacks"):
        bone_scan_index(LUMBAR, regions(), alone, IndexParameters(combine="posterior"))


def test_labels_of_another_grid_are_refused():
    other = Hotspots(np.zeros((5, 5), np.uint16), None)
    with pytest.raises(BadInput, match="grid"):
        bone_scan_index(other, regions(), scan())


TABLES = {
    "spiers1968": [18.4, 8.3, 8.3, 4.4, 0.3, 1.0, 3.0, 6.6, 8.3, 8.3, 7.5, 17.8],
    "icrp110-male": [11.3, 1.71, 6.04, 8.59, 0.64, 0.98, 4.01, 5.61, 4.74, 2.74, 10.48, 15.27],
    "icrp110-female": [12.66, 2.02, 6.42, 5.94, 0.69, 1.03, 3.06, 5.91, 5.85, 1.98, 9.91, 13.71],
}
"""Typed from the method's table, in order of region id; Spiers has one weight for ids 2, 3, 9 and 10."""


def index_pixel_by_pixel(drawn, abnormal, table, rule):
    """Compute the index from region maps and abnormal pixels, with sets of pixels and nothing shared."""
    groups = [(1,), (4,), (5,), (6,), (7,), (8,), (11,), (12,)]
    groups += [(2, 3, 9, 10)] if table == "spiers1968" else [(2,), (3,), (9,), (10,)]
    total = 0.0
    for group in groups:
        seen = []
        for view in drawn:
            if rule in ("anterior", "posterior") and view != rule:
                continue
            if group == (5,) and view == "posterior":
                continue
            area = {tuple(p) for number in group for p in np.argwhere(drawn[view] == number)}
            if area:
                seen.append((len(area & {tuple(p) for p in np.argwhere(abnormal[view])}), len(area)))
        if seen:
            parts = [hit / size for hit, size in seen]
            pooled = sum(hit for hit, _ in seen) / sum(size for _, size in seen)
            f = {"pooled": pooled, "max": max(parts)}.get(rule, sum(parts) / len(parts))
            total += TABLES[table][group[0] - 1] * f
    return total


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(sorted(TABLES)), st.sampled_from(sorted(RULES)))
def test_any_labels_give_the_index_of_the_method(seed, table, rule):
    rng = np.random.default_rng(seed)
    there = [("anterior", "posterior"), ("anterior",), ("posterior",)][seed % 3]
    if rule in ("anterior", "posterior") and rule not in there:
        there = ("anterior", "posterior")
    drawn, spots, marks = {}, {}, []
    for view in there:
        drawn[view] = rng.integers(0, 13, SHAPE)
        drawn[view][np.isin(drawn[view], rng.integers(1, 13, 3))] = 0
        spots[view] = rng.integers(0, 6, SHAPE) + (10 if view == "posterior" else 0)
        spots[view][rng.random(SHAPE) < 0.6] = 0
        marks += [Mark(int(n), view, str(rng.choice(HOTSPOT_CLASSES))) for n in np.unique(spots[view]) if n]
    counted = [mark.id for mark in marks if mark.label == "abnormal"]
    index = bone_scan_index(
        Hotspots(spots.get("anterior"), spots.get("posterior"), tuple(marks)),
        SkeletonRegions(drawn.get("anterior"), drawn.get("posterior")),
        scan(views=there),
        IndexParameters(weights=table, combine=rule),
    )
    abnormal = {view: np.isin(spots[view], counted) for view in there}
    assert index.value == pytest.approx(index_pixel_by_pixel(drawn, abnormal, table, rule), abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_what_is_kept_never_shows_in_the_index(seed):
    rng = np.random.default_rng(seed)
    memory, drawn, studied = Memory(), regions(), scan()
    image = {view: rng.integers(0, 5, SHAPE).astype(np.uint16) for view in ("anterior", "posterior")}
    image["posterior"] += 10 * (image["posterior"] > 0).astype(np.uint16)
    for _ in range(6):
        view = str(rng.choice(list(image)))
        what = rng.integers(4)
        if what == 0:
            # Painted in place, as a program may that keeps its array.
            image[view][rng.integers(40), rng.integers(30)] = image[view].max()
        elif what == 1:
            drawn = regions(without=(str(rng.choice(REGION_NAMES)),))
        elif what == 2:
            studied = scan(level=float(rng.integers(1, 9)))
        marks = [
            Mark(int(n), one, str(rng.choice(HOTSPOT_CLASSES)), judged=bool(rng.integers(2)))
            for one, labels in image.items()
            for n in np.unique(labels)
            if n
        ]
        spots = Hotspots(image["anterior"], image["posterior"], tuple(marks))
        chosen = IndexParameters(weights=str(rng.choice(list(TABLES))), combine=str(rng.choice(list(RULES))))
        assert bone_scan_index(spots, drawn, studied, chosen, memory=memory) == bone_scan_index(
            spots, drawn, studied, chosen
        )


def test_another_class_counts_no_pixel_anew(monkeypatch):
    memory, drawn, studied = Memory(), regions(), scan()
    before = bone_scan_index(LUMBAR, drawn, studied, memory=memory)
    now = set_label(LUMBAR, 2, "normal")
    with monkeypatch.context() as patch:
        patch.setattr(region_areas.np, "bincount", lambda *a, **k: pytest.fail("counted"))
        after = bone_scan_index(now, drawn, studied, memory=memory)
    assert after == bone_scan_index(now, drawn, studied)
    assert after.value < before.value
