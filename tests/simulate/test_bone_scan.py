from __future__ import annotations

import json
from dataclasses import replace

import imageio.v3 as iio
import numpy as np
import pytest

from napari_tbcad.errors import BadInput, Cancelled
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.simulate import hotspot_sites
from napari_tbcad.simulate.bone_samples import (
    make_scan_samples,
    sample_scan_names,
    sample_scan_path,
    sample_truth_path,
    write_simulated_scans,
)
from napari_tbcad.simulate.bone_scan import ScanParameters, simulate_scan
from napari_tbcad.simulate.bone_truth import covered_volumes, region_volumes
from napari_tbcad.simulate.bone_uptake import bone_voxels
from napari_tbcad.simulate.hotspots import Site, deposit, parts_for
from napari_tbcad.simulate.skeleton import BodyParameters, simulate_body

TINY = BodyParameters(shape=(256, 64), slab_mm=15.0)


@pytest.fixture(scope="module")
def made():
    return simulate_scan(ScanParameters(abnormal=8, counts=4e5), seed=9, person=TINY)


def test_ids_are_unique_over_both_views_and_those_of_the_lesions(made):
    found = {view: set(np.unique(made.hotspots[view]).tolist()) - {0} for view in VIEWS}
    assert not found["anterior"] & found["posterior"]
    for view in VIEWS:
        assert found[view] == {le.ids[view] for le in made.lesions} - {None}
    assert any(le.linked for le in made.lesions)


def test_hotspots_lie_where_the_lesion_lies_in_either_view(made):
    _, rows, columns = made.body.spacing_mm
    for lesion in made.lesions:
        if not lesion.linked or lesion.cause == "urine":
            continue
        for view in VIEWS:
            at = np.argwhere(made.hotspots[view] == lesion.ids[view]).mean(axis=0)
            column = made.scan.shape[1] - 1 - at[1] if view == "posterior" else at[1]
            reach = max(lesion.radius_mm) + 15
            assert abs(at[0] * rows - lesion.centre_mm[1]) < reach
            assert abs(column * columns - lesion.centre_mm[2]) < reach


def test_a_scan_repeats_and_its_parts_draw_apart(made):
    again = simulate_scan(ScanParameters(abnormal=8, counts=4e5), seed=9, person=TINY)
    body = made.body
    assert all(np.array_equal(made.scan.view(v).counts, again.scan.view(v).counts) for v in VIEWS)
    clean = simulate_scan(ScanParameters(abnormal=0, counts=4e5), seed=9, body=body)
    benign = [le.site for le in made.lesions if le.label != "abnormal"]
    assert [le.site for le in clean.lesions] == benign
    assert clean.true_bsi == dict.fromkeys(clean.true_bsi, 0.0)
    other = simulate_scan(ScanParameters(abnormal=8, counts=4e5), seed=10, body=body)
    assert not np.array_equal(made.expected["anterior"], other.expected["anterior"])


def test_counts_are_those_asked_for(made):
    assert np.mean(list(made.counts.values())) == pytest.approx(4e5, rel=0.01)
    for view in VIEWS:
        expected, counts = made.expected[view], made.scan.view(view).counts
        lit = expected > 2
        # Poisson, and 3 % from pixel to pixel.
        variance = expected[lit].mean() + 0.03**2 * (expected[lit] ** 2).mean()
        assert ((counts - expected)[lit] ** 2).mean() == pytest.approx(variance, rel=0.08)


def test_hotspots_are_brighter_than_the_same_scan_without_them(made):
    clean = simulate_scan(
        ScanParameters(abnormal=0, benign=False, non_bone=False, noise=False), seed=9, body=made.body
    )
    for view in VIEWS:
        inside = made.hotspots[view] > 0
        ratio = made.expected[view] / np.maximum(clean.expected[view], 1e-3)
        # The exposure differs: compared with what is not a hotspot.
        assert np.median(ratio[inside]) > 1.25 * np.median(ratio[made.regions[view] > 0])


def test_volume_of_a_lesion_is_that_of_the_ball_within_the_bone():
    fine = replace(TINY, shape=(512, 128), slab_mm=5.0)
    body = simulate_body(fine, seed=9)
    femur = next(p.id for p in body.parts if p.name == "femur left")
    centre = body.landmarks["femoral shaft left"]
    ball = Site("ball", "abnormal", "metastasis", centre, (20.0,) * 3, 1.0, 1.0, "femur")
    item = deposit(body, ball)
    voxel = np.prod(body.spacing_mm)
    assert item.cover.sum() * voxel == pytest.approx(4 / 3 * np.pi * 20**3, rel=0.08)
    bones = bone_voxels(body)
    cut = deposit(body, replace(ball, parts=(femur,)))
    inner = covered_volumes(body, [cut, cut])
    assert set(inner) == {"femur"}
    assert 0.05 < inner["femur"] / voxel / item.cover.sum() < 0.8
    assert inner["femur"] < region_volumes(body, bones)["femur"]
    assert parts_for(body, femur) == (femur,)


def test_a_site_without_bone_is_dropped(made):
    site = Site("air", "abnormal", "metastasis", (0.0, 0.0, 0.0), (5.0,) * 3, 1.0, 1.0, None, (1,))
    assert deposit(made.body, site) is None


def test_number_of_lesions_follows_its_distribution(made):
    body, generator = made.body, np.random.default_rng(1)
    levels, bone = np.ones(256, np.float32), bone_voxels(made.body)
    numbers = [len(hotspot_sites.draw_abnormal(body, bone, levels, generator)) for _ in range(120)]
    assert np.mean(np.array(numbers) == 0) == pytest.approx(0.4, abs=0.12)
    assert np.mean([n for n in numbers if n]) == pytest.approx(1 + hotspot_sites.MORE_LESIONS, abs=1.0)
    many = hotspot_sites.draw_abnormal(body, bone, levels, generator, number=400)
    share = np.mean([site.region == "rib" for site in many])
    assert share == pytest.approx(0.20, abs=0.07)


def test_a_set_is_written_goes_on_and_repeats(tmp_path):
    calls = []

    def stop():
        calls.append(1)
        return len(calls) > 1

    settings = ScanParameters(abnormal=2, counts=3e5)
    with pytest.raises(Cancelled):
        write_simulated_scans(tmp_path / "a", 2, 5, parameters=settings, person=TINY, cancelled=stop)
    first = tmp_path / "a" / "scans" / "bone00000.dcm"
    written = first.stat().st_mtime_ns
    shares = []
    write_simulated_scans(
        tmp_path / "a", 2, 5, parameters=settings, person=TINY, progress=lambda share, _: shares.append(share)
    )
    assert first.stat().st_mtime_ns == written
    assert shares == [0.5, 1.0]
    write_simulated_scans(tmp_path / "b", 2, 5, parameters=settings, person=TINY)
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.*"))
    assert len(files) == 2 * (1 + 2 + 6 + 1)
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file
    truth = json.loads((tmp_path / "a" / "truth" / "bone00001.json").read_text(encoding="utf-8"))
    labels = iio.imread(tmp_path / "a" / "truth" / "bone00001_posterior_hotspots.png")
    assert labels.dtype == np.uint16
    ids = {le["ids"]["posterior"] for le in truth["lesions"]} - {None}
    assert set(np.unique(labels).tolist()) - {0} == ids
    assert set(truth["true_bsi"]) == {"spiers1968", "icrp110-male", "icrp110-female"}


def test_other_settings_are_not_taken_for_finished(tmp_path):
    write_simulated_scans(tmp_path, 1, 5, parameters=ScanParameters(abnormal=0), person=TINY)
    before = (tmp_path / "scans" / "bone00000.dcm").read_bytes()
    write_simulated_scans(tmp_path, 1, 5, parameters=ScanParameters(abnormal=5), person=TINY)
    assert (tmp_path / "scans" / "bone00000.dcm").read_bytes() != before


def test_a_set_of_no_scan_is_refused(tmp_path):
    with pytest.raises(BadInput, match="at least one"):
        write_simulated_scans(tmp_path, 0)


def test_samples_repeat_and_are_found(tmp_path):
    paths = make_scan_samples(tmp_path, person=TINY)
    first = {path: path.read_bytes() for path in paths}
    assert [p.name for p in paths if p.suffix == ".dcm"] == [f"{name}.dcm" for name in sample_scan_names()]
    make_scan_samples(tmp_path, person=TINY)
    assert all(path.read_bytes() == content for path, content in first.items())
    with pytest.raises(BadInput, match="no such sample"):
        sample_scan_path("nobody")


def test_packaged_samples_have_their_truth():
    for name in sample_scan_names():
        assert sample_scan_path(name).is_file()
        truth = json.loads(sample_truth_path(name).read_text(encoding="utf-8"))
        assert (truth["true_bsi"]["spiers1968"] == 0) == (name == "clean_woman")
