"""Grey scales by the counts of bone: the same bone has the same grey, and nothing else moves it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from napari_tbcad.bone.display import (
    UPTAKE,
    bone_level,
    bone_levels,
    normalised_limits,
    percent_limits,
)
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan, ScanView
from napari_tbcad.schemes import REGION_IDS

SHAPE = (240, 96)


def body_of(view, *, bone=12.0, soft=2.0):
    """Return counts and regions of a view: every region a block, with the uptake it normally has."""
    counts, regions = np.zeros(SHAPE, np.float32), np.zeros(SHAPE, np.uint8)
    counts[10:230, 12:84] = soft
    middle = np.exp(np.mean(np.log(list(UPTAKE[view].values()))))
    for number, (name, uptake) in enumerate(UPTAKE[view].items()):
        rows = slice(14 + 19 * number, 14 + 19 * number + 14)
        regions[rows, 30:60] = REGION_IDS[name]
        counts[rows, 30:60] = bone * uptake / middle
    return counts, regions


@pytest.mark.parametrize("view", VIEWS)
def test_the_level_is_the_counts_of_normal_bone(view):
    counts, regions = body_of(view, bone=12.0)
    level = bone_level(counts, view, regions)
    assert level.counts == pytest.approx(12.0, rel=1e-4)
    assert set(level.regions) == set(UPTAKE[view])
    # Three times the activity: three times the level, so the same greys.
    assert bone_level(3 * counts, view, regions).counts == pytest.approx(3 * level.counts, rel=1e-4)
    silhouette = bone_level(counts, view)
    assert silhouette.regions == ()
    assert bone_level(3 * counts, view).counts == pytest.approx(3 * silhouette.counts, rel=1e-4)


def test_lesions_a_bladder_and_missing_legs_move_the_level_little():
    counts, regions = body_of("anterior")
    level = bone_level(counts, "anterior", regions).counts
    ill = counts.copy()
    ill[200:215, 40:50] = 2000  # a bladder over the pelvis
    for name in ("thoracic", "lumbar", "rib"):
        rows, columns = np.nonzero(regions == REGION_IDS[name])
        ill[rows[: rows.size // 3], columns[: rows.size // 3]] *= 8
    assert bone_level(ill, "anterior", regions).counts == pytest.approx(level, rel=0.1)
    cut = np.s_[: np.nonzero(regions == REGION_IDS["pelvis"])[0].min()]
    assert bone_level(counts[cut], "anterior", regions[cut]).counts == pytest.approx(level, rel=1e-3)
    # By a share of the maximum the bladder alone would decide.
    assert percent_limits(ill, 40)[1] > 10 * percent_limits(counts, 40)[1]


def test_both_views_and_an_earlier_scan_get_the_same_grey():
    generator = np.random.default_rng(3)

    def scan(activity):
        views = {view: generator.poisson(body_of(view, bone=20 * activity)[0]) for view in VIEWS}
        return BoneScan(**{view: ScanView(counts) for view, counts in views.items()})

    regions = {view: body_of(view)[1] for view in VIEWS}
    now, earlier = scan(1.0), scan(0.4)
    greys = []
    for one in (now, earlier):
        for view, level in bone_levels(one, regions).items():
            high = normalised_limits(level, 3.0)[1]
            femur = one.view(view).counts[regions[view] == REGION_IDS["femur"]]
            middle = np.exp(np.mean(np.log(list(UPTAKE[view].values()))))
            greys.append(femur.mean() / high * middle / UPTAKE[view]["femur"])
    np.testing.assert_allclose(greys, 1 / 3, rtol=0.05)


def test_what_cannot_be_drawn_is_refused():
    counts, regions = body_of("anterior")
    with pytest.raises(BadInput, match="no counts"):
        bone_level(np.zeros(SHAPE, np.float32), "anterior")
    with pytest.raises(BadInput, match="posterior view is"):
        bone_level(counts, "posterior", regions[:-1])
    level = bone_level(counts, "anterior", regions)
    for times in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="grey scale"):
            normalised_limits(level, times)
    for percent in (0.0, 101.0, float("nan")):
        with pytest.raises(ValueError, match="100 %"):
            percent_limits(counts, percent)
    assert percent_limits(np.zeros(SHAPE), 50) == (0.0, 1.0)
    # Too little of the skeleton: the silhouette tells.
    assert bone_level(counts, "anterior", np.where(regions <= 2, regions, 0)).regions == ()


@pytest.mark.realdata
def test_real_pairs_have_one_level(shared_data):
    """48 pairs of BS-80K with drawn regions: how alike the levels of the two views are."""
    folder = shared_data / "bone" / "pairs"
    by_regions, by_body, by_percentile, apart = [], [], [], []
    for path in sorted((folder / "png").glob("*_ant.png")):
        levels: dict[str, list[float]] = {"regions": [], "body": [], "percentile": []}
        for view, word in (("anterior", "_ant"), ("posterior", "_post")):
            name = path.name.replace("_ant", word)
            if not (folder / "region12_silver" / name).exists():
                break
            counts = np.asarray(Image.open(folder / "png" / name), np.float32)
            regions = np.asarray(Image.open(folder / "region12_silver" / name))
            levels["regions"].append(bone_level(counts, view, regions).counts)
            levels["body"].append(bone_level(counts, view).counts)
            levels["percentile"].append(float(np.quantile(counts[counts > 0], 0.995)))
        else:
            for kept, pair in zip((by_regions, by_body, by_percentile), levels.values(), strict=True):
                kept.append(pair[1] / pair[0])
            apart += [b / r for b, r in zip(levels["body"], levels["regions"], strict=True)]
    assert len(by_regions) >= 40
    said = [f"{np.median(one):.3f} ± {np.std(one):.3f}" for one in (by_regions, by_body, by_percentile)]
    print(f"posterior / anterior by regions, silhouette, percentile: {', '.join(said)} (n {len(by_regions)})")
    print(f"silhouette / regions: {np.median(apart):.3f}, variation {np.std(apart) / np.mean(apart):.3f}")
    assert abs(np.median(by_regions) - 1) < 0.1
    assert abs(np.median(by_body) - 1) < 0.1
    assert np.std(by_regions) < 0.6 * np.std(by_percentile)
    assert np.std(by_body) < 0.6 * np.std(by_percentile)
