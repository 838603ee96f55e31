"""The simulated body: voxels, regions, landmarks, and what its parameters change."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import center_of_mass, label

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS
from napari_tbcad.schemes import REGION_IDS, REGION_NAMES
from napari_tbcad.simulate.skeleton import (
    Body,
    BodyParameters,
    region_map,
    region_volumes,
    simulate_body,
    simulate_region_maps,
)

COARSE = {"shape": (256, 64), "slab_mm": 10.0}
AVERAGE = {
    "sex": "male",
    "height_mm": 1645.0,
    "build": 1.0,
    "width": 1.0,
    "trunk": 1.0,
    "chest": 1.0,
    "neck": 1.0,
    "arms": 1.0,
    "head": 1.0,
    "shrug_mm": 0.0,
    "shoulder_tilt_mm": 0.0,
    "scoliosis_mm": 0.0,
    "turn_deg": 0.0,
    "head_tilt_deg": 0.0,
    "head_turn_deg": 0.0,
    "chin_deg": 0.0,
    "pelvic_tilt_deg": 0.0,
    "arm_deg": 0.0,
    "leg_deg": 0.0,
    "lean_deg": 0.0,
    "shift_mm": (0.0, 0.0),
}
# Median areas of the region masks of 48 real scans (1024×256), anterior and posterior.
AREAS = {
    "skull": (8335, 5746),
    "cervical": (948, 1848),
    "thoracic": (1028, 4728),
    "rib": (15172, 13072),
    "sternum": (2300, 0),
    "clavicle": (1694, 619),
    "scapula": (2422, 4898),
    "humerus": (5685, 4810),
    "lumbar": (2846, 2418),
    "sacrum": (1700, 2397),
    "pelvis": (8856, 8353),
    "femur": (9386, 8472),
}


@pytest.fixture(scope="module")
def body() -> Body:
    return simulate_body(BodyParameters(**COARSE), seed=5)


def average(**changes: object) -> BodyParameters:
    return BodyParameters(**(AVERAGE | changes))


def centre(mask: np.ndarray, region: str) -> tuple[float, float]:
    row, column = center_of_mass(mask == REGION_IDS[region])
    return float(row), float(column)


def test_voxels_hold_what_the_parts_say(body: Body) -> None:
    assert body.part.dtype == np.uint8
    assert body.fill.dtype == np.float32
    assert body.part.shape == body.fill.shape
    assert body.part.shape[1:] == (256, 64)
    assert [part.id for part in body.parts] == list(range(1, len(body.parts) + 1))
    assert len({part.name for part in body.parts}) == len(body.parts)
    assert body.fill.min() >= 0
    assert body.fill.max() <= 1
    assert (body.fill[body.part == 0] == 0).all()
    present = set(np.unique(body.part)) - {0}
    # Even ribs survive large voxels; every part is somewhere.
    assert present == {part.id for part in body.parts}
    assert {part.region for part in body.parts} - {None} == set(REGION_NAMES)
    free = {part.name.split()[0] for part in body.parts if part.kind == "bone" and part.region is None}
    assert free == {"larynx", "distal", "ulna", "radius", "hand", "patella", "tibia", "fibula", "foot"}


def test_same_seed_same_body_other_seed_another(body: Body) -> None:
    again = simulate_body(BodyParameters(**COARSE), seed=5)
    assert np.array_equal(body.part, again.part)
    assert np.array_equal(body.fill, again.fill)
    assert body.landmarks == again.landmarks
    other = simulate_region_maps(BodyParameters(**COARSE), seed=6)
    assert not np.array_equal(region_map(body, "anterior"), other["anterior"])


def test_the_patients_right_is_left_in_front_and_right_behind(body: Body) -> None:
    columns = np.arange(64)
    for part in body.parts:
        if part.side is not None:
            share = (body.fill * (body.part == part.id)).sum(axis=(0, 1))
            middle = (share * columns).sum() / share.sum()
            assert (middle < 32) == (part.side == "right"), part.name
    # The spine bends towards the patient's left.
    bent = simulate_region_maps(average(scoliosis_mm=30.0), seed=0)
    straight = simulate_region_maps(average(), seed=0)
    assert centre(bent["anterior"], "lumbar")[1] > centre(straight["anterior"], "lumbar")[1] + 3
    assert centre(bent["posterior"], "lumbar")[1] < centre(straight["posterior"], "lumbar")[1] - 3


def test_front_lies_before_back(body: Body) -> None:
    depth = {}
    for part in body.parts:
        weight = (body.fill * (body.part == part.id)).sum(axis=(1, 2))
        depth[part.name] = (weight * np.arange(len(weight))).sum() / weight.sum()
    assert depth["sternal body"] < depth["T7 body"] < depth["T7 arch"]
    assert depth["pubis left"] < depth["sacrum"]
    assert depth["mandible"] < depth["cranium"]
    assert depth["patella right"] < depth["femur right"]
    line = [body.landmarks[f"rib 5 left {at}"] for at in ("back", "side", "front")]
    assert line[0][0] > line[1][0] > line[2][0]
    assert line[1][2] > max(line[0][2], line[2][2])


def test_regions_have_the_size_of_real_ones() -> None:
    drawn = [simulate_region_maps(BodyParameters(shape=(512, 128)), seed=seed) for seed in range(4)]
    for view, column in (("anterior", 0), ("posterior", 1)):
        mean = np.mean([np.bincount(maps[view].ravel(), minlength=13) for maps in drawn], axis=0)
        for name, number in REGION_IDS.items():
            assert 4 * mean[number] == pytest.approx(AREAS[name][column], rel=0.2, abs=1), (view, name)


@pytest.mark.parametrize("view", VIEWS)
def test_pelvis_is_open(view: str) -> None:
    mask = simulate_region_maps(average(), seed=0)[view]  # type: ignore[index]
    ring = np.isin(mask, [REGION_IDS["pelvis"], REGION_IDS["sacrum"]])
    rows = np.flatnonzero(ring.any(axis=1))
    holes, number = label(~ring[rows[0] : rows[-1] + 1])
    border = np.unique(np.concatenate([holes[0], holes[-1], holes[:, 0], holes[:, -1]]))
    inner = sorted(int((holes == k).sum()) for k in range(1, number + 1) if k not in border)
    # Two obturator holes of equal size, and the inlet.
    assert len(inner) == 3
    assert inner[0] >= 40
    assert inner[1] <= 1.3 * inner[0]
    assert inner[2] > 800


def test_bones_lie_inside_their_regions() -> None:
    body = simulate_body(average(shape=(512, 128), slab_mm=10.0), seed=0)
    inside = region_map(body, "posterior")[:, ::-1]
    for name in ("skull", "thoracic", "humerus", "lumbar", "sacrum", "pelvis", "femur"):
        ids = [part.id for part in body.parts if part.region == name]
        shadow = (body.fill * np.isin(body.part, ids)).sum(axis=0)
        region = inside == REGION_IDS[name]
        # The face and jaw hang below the region that is drawn behind.
        least = {"skull": 0.75, "pelvis": 0.7, "femur": 0.8, "humerus": 0.75}.get(name, 0.8)
        assert shadow[region].sum() > least * shadow.sum(), name


def test_posterior_is_seen_from_behind() -> None:
    maps = simulate_region_maps(average(shift_mm=(0.0, 30.0)), seed=0)
    width = maps["anterior"].shape[1]
    for region in ("pelvis", "femur", "rib"):
        row, column = centre(maps["anterior"], region)
        behind = centre(maps["posterior"], region)
        assert column > width / 2 + 10
        assert behind[1] == pytest.approx(width - 1 - column, abs=1.5)
        assert behind[0] == pytest.approx(row, abs=10)
    assert not (maps["posterior"] == REGION_IDS["sternum"]).any()


def test_coarse_grid_holds_the_same_body(body: Body) -> None:
    coarse = region_map(body, "anterior")
    fine = simulate_region_maps(seed=5)["anterior"]
    for name in ("skull", "rib", "pelvis", "femur"):
        row, column = centre(fine, name)
        assert centre(coarse, name) == pytest.approx((row / 4, column / 4), abs=0.6)


def test_volumes_are_those_of_a_skeleton() -> None:
    volume = region_volumes(simulate_body(average(shape=(512, 128), slab_mm=10.0), seed=0))
    assert set(volume) == set(REGION_NAMES)
    total = sum(volume.values())
    assert 2.5e6 < total < 6.5e6
    order = sorted(volume, key=lambda name: -volume[name])
    assert set(order[:3]) == {"femur", "skull", "pelvis"}
    assert volume["rib"] > volume["sternum"]


def test_parameters_change_what_they_say() -> None:
    base = simulate_region_maps(average(shape=(512, 128)), seed=0)["anterior"]

    def changed(**change: object) -> np.ndarray:
        return simulate_region_maps(average(shape=(512, 128), **change), seed=0)["anterior"]

    def extent(mask: np.ndarray, region: str, axis: int) -> float:
        return float(np.ptp(np.argwhere(mask == REGION_IDS[region])[:, axis]))

    assert extent(changed(width=1.1), "pelvis", 1) > 1.05 * extent(base, "pelvis", 1)
    assert extent(changed(sex="female"), "clavicle", 1) < extent(base, "clavicle", 1)
    assert extent(changed(arm_deg=4.0), "humerus", 1) > extent(base, "humerus", 1) + 5
    assert extent(changed(leg_deg=3.0), "femur", 1) >= extent(base, "femur", 1)
    assert centre(changed(trunk=1.05), "pelvis")[0] > centre(base, "pelvis")[0] + 5
    assert centre(changed(head_tilt_deg=8.0), "skull")[1] > centre(base, "skull")[1] + 2
    assert centre(changed(turn_deg=8.0), "sternum")[1] > centre(base, "sternum")[1] + 1.5
    assert centre(changed(shift_mm=(0.0, 21.0)), "rib")[1] == pytest.approx(
        centre(base, "rib")[1] + 5, abs=0.4
    )
    assert centre(changed(shrug_mm=15.0), "clavicle")[0] < centre(base, "clavicle")[0] - 1.5
    taller = changed(pixel_mm=(2.26, 2.26), height_mm=1800.0)
    smaller = changed(pixel_mm=(2.26, 2.26), height_mm=1500.0)
    assert extent(taller, "femur", 0) > 1.15 * extent(smaller, "femur", 0)


def test_build_adds_soft_tissue_not_bone() -> None:
    thin, stout = (
        simulate_body(average(build=build, shape=(128, 32), slab_mm=20.0), seed=0) for build in (0.8, 1.3)
    )

    def size(body: Body, kind: str) -> float:
        return float(body.fill[np.isin(body.part, [p.id for p in body.parts if p.kind == kind])].sum())

    assert size(stout, "soft") > 1.3 * size(thin, "soft")
    assert size(stout, "bone") == pytest.approx(size(thin, "bone"), rel=0.05)


def test_landmarks_lie_where_they_are_named(body: Body) -> None:
    spacing = np.array(body.spacing_mm)
    names = {part.id: part.name for part in body.parts}
    for landmark, part in (
        ("hip left", "femur left"),
        ("sacrum", "sacrum"),
        ("L3", "L3 body"),
        ("bladder", "bladder"),
        ("kidney right", "kidney right"),
        ("femoral shaft right", "femur right"),
        ("scapula left", "scapula left"),
        ("rib 7 right side", "rib 7 right"),
    ):
        z, y, x = np.round(np.array(body.landmarks[landmark]) / spacing).astype(int)
        near = body.part[z - 1 : z + 2, y - 1 : y + 2, x - 1 : x + 2]
        assert part in {names.get(int(v)) for v in np.unique(near)}, landmark


@pytest.mark.parametrize(
    "wrong",
    [{"height_mm": 500.0}, {"shape": (8, 8)}, {"pixel_mm": (0.0, 2.0)}, {"sex": "x"}, {"turn_deg": 90.0}],
)
def test_bad_parameters_are_named(wrong: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        BodyParameters(**wrong)  # type: ignore[arg-type]


def test_negative_seed_is_refused() -> None:
    with pytest.raises(BadInput, match="seed"):
        simulate_body(seed=-1)
