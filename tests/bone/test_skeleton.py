"""Skeleton regions follow the body, say when they do not fit, and the atlas file is safe."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from napari_tbcad.bone.regions import SkeletonRegions
from napari_tbcad.bone.skeleton import RegionParameters, find_regions
from napari_tbcad.bone.skeleton_appearance import appearance, silhouette
from napari_tbcad.bone.skeleton_atlas import (
    SkeletonAtlas,
    load_skeleton_atlas,
    packaged_skeleton_atlas,
    save_skeleton_atlas,
)
from napari_tbcad.bone.skeleton_build import build_skeleton_atlas
from napari_tbcad.errors import BadInput, Cancelled, ModelRefused
from napari_tbcad.files import sha256
from napari_tbcad.imaging.bonescan import VIEWS, BoneScan, ScanView, facing
from napari_tbcad.schemes import REGION_IDS

ATLAS = RegionParameters(segmenter="atlas")
FAST = RegionParameters(segmenter="atlas", atlas={"persons": 1, "iterations": 15})


def truth(simulated) -> SkeletonRegions:
    return SkeletonRegions(simulated.regions["anterior"], simulated.regions["posterior"])


def changed(scan: BoneScan, change) -> BoneScan:
    views = {name: ScanView(change(view.counts)) for name, view in scan}
    return BoneScan(views.get("anterior"), views.get("posterior"))


def mean_dice(found: np.ndarray, drawn: np.ndarray) -> float:
    numbers = [n for n in range(1, 13) if (drawn == n).sum() > 15]
    return float(
        np.mean(
            [
                2 * ((found == n) & (drawn == n)).sum() / ((found == n).sum() + (drawn == n).sum())
                for n in numbers
            ]
        )
    )


@pytest.fixture(scope="module")
def small_atlas(clean_scan) -> SkeletonAtlas:
    """One person on a coarse frame."""
    return build_skeleton_atlas(
        [clean_scan.scan], [truth(clean_scan)], shape=(128, 32), card={"title": "one"}
    )


@pytest.fixture(scope="module")
def found(simulated_scan) -> SkeletonRegions:
    return find_regions(simulated_scan.scan, None, ATLAS)


def test_the_packaged_atlas_finds_the_regions_of_another_person(simulated_scan, found):
    for view in VIEWS:
        assert mean_dice(found.labels(view), simulated_scan.regions[view]) > 0.8
        assert found.scores[view] > 0.8
    assert not found.warnings
    assert (found.segmenter, found.uncertainty) == ("atlas", {})
    step = found.record.entries[-1]
    assert step.name == "regions"
    assert packaged_skeleton_atlas().content_key[:12] in step.model


def test_only_the_anterior_view_has_a_sternum(found):
    assert (found.posterior == REGION_IDS["sternum"]).sum() == 0
    assert (found.anterior == REGION_IDS["sternum"]).sum() > 0


def test_regions_move_with_the_body(simulated_scan, small_atlas):
    # To the right in both views as read: a posterior that is mirrored and not turned back would move left.
    body = simulated_scan.scan
    wider = changed(body, lambda counts: np.pad(counts, ((10, 4), (30, 2))))
    here, there = (find_regions(scan, small_atlas, FAST) for scan in (body, wider))
    for view in VIEWS:
        back = there.labels(view)[10:-4, 30:-2]
        assert mean_dice(back, here.labels(view)) > 0.8


def test_two_runs_agree_and_lesions_hardly_matter(simulated_scan, small_atlas):
    one, two = (find_regions(simulated_scan.scan, small_atlas, FAST) for _ in range(2))
    assert np.array_equal(one.anterior, two.anterior)
    assert one.scores == two.scores
    hot = changed(simulated_scan.scan, lambda counts: counts.copy())
    hot.anterior.counts[230:245, 55:70] += 200
    assert mean_dice(find_regions(hot, small_atlas, FAST).anterior, one.anterior) > 0.9


def test_a_patient_larger_than_the_field_keeps_the_regions_that_are_seen(simulated_scan):
    cut = changed(simulated_scan.scan, lambda counts: counts[:300])
    result = find_regions(cut, None, ATLAS)
    assert mean_dice(result.posterior, simulated_scan.regions["posterior"][:300]) > 0.75


@pytest.mark.parametrize("view", VIEWS)
def test_a_single_view_will_do(simulated_scan, small_atlas, view):
    other = "posterior" if view == "anterior" else "anterior"
    result = find_regions(replace(simulated_scan.scan, **{other: None}), small_atlas, FAST)
    assert result.labels(other) is None
    assert set(result.scores) == {view}
    assert mean_dice(result.labels(view), simulated_scan.regions[view]) > 0.6


def test_what_is_no_scan_of_a_body_is_doubted(simulated_scan, small_atlas):
    noise = np.random.default_rng(5).poisson(3, (256, 64))
    for counts in (noise, np.zeros((256, 64)), np.ones((40, 30))):
        assert find_regions(BoneScan(ScanView(counts), None), small_atlas, FAST).warnings
    upside_down = changed(simulated_scan.scan, lambda counts: counts[::-1])
    assert len(find_regions(upside_down, small_atlas, FAST).warnings) == 2


def test_it_can_be_stopped_and_tells_how_far_it_is(simulated_scan, small_atlas):
    with pytest.raises(Cancelled):
        find_regions(simulated_scan.scan, small_atlas, FAST, cancelled=lambda: True)
    told: list[float] = []
    find_regions(simulated_scan.scan, small_atlas, FAST, progress=lambda share, _: told.append(share))
    assert told == sorted(told)
    assert told[-1] == 1


def test_appearance_does_not_depend_on_counts(clean_scan):
    counts = clean_scan.expected["anterior"]
    one, other = (appearance(k * counts, (128, 32)) for k in (1, 7))
    assert np.allclose(one, other, atol=1e-3)
    assert one.std() > 0.3
    assert np.array_equal(silhouette(counts), silhouette(7 * counts))


def test_the_frame_of_an_atlas_is_seen_from_the_front(clean_scan, small_atlas):
    labels = truth(clean_scan).labels("posterior")
    assert mean_dice(small_atlas.regions(0, "posterior"), facing(labels, "posterior")[::2, ::2]) > 0.9


def test_an_atlas_comes_back_from_its_file(tmp_path, small_atlas):
    path = tmp_path / "own.safetensors"
    save_skeleton_atlas(path, small_atlas)
    again = load_skeleton_atlas(path)
    written = path.read_bytes()
    save_skeleton_atlas(path, again)
    assert path.read_bytes() == written
    assert again.content_key == small_atlas.content_key
    assert again.card == small_atlas.card
    assert np.array_equal(again.labels, small_atlas.labels)


def test_a_broken_or_changed_atlas_is_refused(tmp_path, small_atlas):
    path = tmp_path / "own.safetensors"
    save_skeleton_atlas(path, small_atlas)
    whole = path.read_bytes()
    for broken in (b"", b"no atlas", whole[:200], whole[:-1] + bytes([whole[-1] ^ 1])):
        path.write_bytes(broken)
        with pytest.raises(ModelRefused):
            load_skeleton_atlas(path)
    with pytest.raises(ModelRefused):
        load_skeleton_atlas(tmp_path / "missing.safetensors")
    path.write_bytes(whole)
    save_file(load_file(path), path, metadata={"napari_tbcad_skeleton_atlas": '{"version": 99}'})
    with pytest.raises(ModelRefused, match="newer"):
        load_skeleton_atlas(path)


def test_arrays_that_do_not_belong_together_make_no_atlas(small_atlas):
    parts = {"appearance": small_atlas.appearance, "labels": small_atlas.labels, "bodies": small_atlas.bodies}
    for wrong in (
        {"labels": small_atlas.labels[:, :, :-1]},
        {"labels": small_atlas.labels + 12},
        {"bodies": 0 * small_atlas.bodies},
        {"appearance": small_atlas.appearance.astype(float)},
    ):
        with pytest.raises(BadInput):
            SkeletonAtlas(**{**parts, **wrong})


def test_an_atlas_needs_both_views_and_their_regions(clean_scan):
    with pytest.raises(BadInput):
        build_skeleton_atlas([], [])
    with pytest.raises(BadInput, match="posterior"):
        build_skeleton_atlas([replace(clean_scan.scan, posterior=None)], [truth(clean_scan)], shape=(64, 16))


def test_the_packaged_atlas_is_the_one_of_its_card():
    from importlib.resources import files

    folder = files("napari_tbcad") / "weights"
    card = json.loads((folder / "skeleton_atlas.json").read_text(encoding="utf-8"))
    assert sha256(str(folder / card["file"])) == card["sha256"]
    atlas = packaged_skeleton_atlas()
    assert card["digest"] == atlas.content_key
    assert (folder / card["file"]).stat().st_size < 3e6
    assert atlas is packaged_skeleton_atlas()


@pytest.mark.realdata
def test_real_scans_reach_the_silver_masks(shared_data):
    import imageio.v3 as iio

    pairs = shared_data / "bone" / "pairs"
    scores = []
    for name in ("11", "129", "23"):
        ends = {"anterior": "ant", "posterior": "post"}
        views = {v: ScanView(iio.imread(pairs / "png" / f"{name}_{e}.png")) for v, e in ends.items()}
        result = find_regions(BoneScan(**views, unit="grey"), None, ATLAS)
        scores += [
            mean_dice(result.labels(v), iio.imread(pairs / "region12_silver" / f"{name}_{e}.png"))
            for v, e in ends.items()
        ]
    assert np.mean(scores) > 0.75
