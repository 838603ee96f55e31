from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from napari_tbcad.bone.box import BoxParameters, box_hotspot
from napari_tbcad.bone.box_tool import BoxToolParameters, hotspot_in_box
from napari_tbcad.bone.grow import GrowParameters, grow_hotspot
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import ScanView
from napari_tbcad.io.labels import read_labels
from napari_tbcad.io.voc import read_voc


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


def blob(shape=(90, 60), place=(45, 30), sigma=3.0, height=60.0) -> np.ndarray:
    rows, columns = np.indices(shape)
    return height * np.exp(-((rows - place[0]) ** 2 + (columns - place[1]) ** 2) / (2 * sigma**2))


# Box


def test_box_worked_by_hand():
    image = np.zeros((9, 9), np.uint8)
    image[3, 3] = image[3, 5] = 10
    found = box_hotspot(image, (1, 1, 7, 9))
    # Otsu keeps the two pixels, the disk makes a cross of each: they share (3, 4).
    crosses = {(3, 2), (3, 3), (3, 4), (3, 5), (3, 6), (2, 3), (4, 3), (2, 5), (4, 5)}
    assert crosses <= {tuple(p) for p in np.argwhere(found)}
    # (2, 4) has 2, 3 | 2, 5 in its row and (3, 4) in its column: three neighbours are not enough.
    assert not found[2, 4]
    # (3, 1) has (3, 2), (3, 3), (3, 4) to its right: not enough either.
    assert not found[3, 1]
    assert found.sum() == len(crosses)


def test_box_fills_from_four_neighbours():
    image = np.zeros((11, 11), np.uint8)
    image[2, 5] = image[5, 2] = image[8, 5] = image[5, 8] = 10
    # After the dilation the middle has two neighbours within reach on each of its four sides.
    assert box_hotspot(image, (0, 0, 11, 11))[5, 5]
    assert not box_hotspot(image, (0, 0, 11, 11), BoxParameters(neighbours=9))[5, 5]


def test_box_stays_inside_and_takes_a_pixel_at_the_threshold():
    image = np.full((6, 6), 100, np.uint8)
    image[2:4, 2:4] = 200
    found = box_hotspot(image, (2, 1, 4, 4))
    assert found[2:4, 2:4].all()
    assert not found[:2].any()
    assert not found[4:].any()
    assert not found[:, 4:].any()


def test_box_of_one_value_is_empty_and_a_box_outside_is_an_error():
    image = np.full((6, 6), 7.0)
    assert not box_hotspot(image, (0, 0, 6, 6)).any()
    assert box_hotspot(image, (-3, -3, 9, 9)).shape == (6, 6)
    with pytest.raises(BadInput, match="outside"):
        box_hotspot(image, (0, 6, 3, 9))
    with pytest.raises(BadInput, match="empty"):
        box_hotspot(image, (3, 3, 3, 5))


def test_box_is_the_same_for_bytes_and_counts():
    image = np.random.default_rng(0).poisson(blob() + 5).astype(np.uint8)
    box = (30, 15, 60, 45)
    assert (box_hotspot(image, box) == box_hotspot(ScanView(image.astype(np.float32)), box)).all()


def test_the_box_tool_cuts_what_rises_above_the_bone_or_follows_the_recipe():
    contribution = blob(place=(45, 30))
    ridge = 60.0 + np.tile(30 * np.exp(-((np.arange(60) - 30) ** 2) / 50), (90, 1))
    counts, box = contribution + ridge, (34, 20, 57, 41)
    truth = contribution > 0.4 * contribution.max()
    found = hotspot_in_box(counts, box)
    recipe = hotspot_in_box(counts, box, BoxToolParameters(method="bs80k"))
    assert (recipe == box_hotspot(counts, box)).all()
    assert dice(found, truth) > 0.8 > dice(recipe, truth) + 0.1
    # What the box leaves out stays out, and taken pixels stay with their owner.
    cut = hotspot_in_box(counts, (40, 26, 46, 32))
    assert cut.any()
    assert not cut[:40].any()
    assert not cut[:, 32:].any()
    free = np.ones(counts.shape, bool)
    free[45:] = False
    for method in ("otsu", "bs80k"):
        own = hotspot_in_box(counts, box, BoxToolParameters(method=method), allowed=free)
        assert own.any()
        assert not own[45:].any()
    assert not hotspot_in_box(counts, box, allowed=np.zeros(counts.shape, bool)).any()
    assert not hotspot_in_box(np.full((20, 20), 5.0), (3, 3, 9, 9)).any()
    with pytest.raises(BadInput):
        hotspot_in_box(counts, (90, 0, 95, 9))
    with pytest.raises(BadInput):
        hotspot_in_box(counts, box, allowed=np.ones((3, 3), bool))


@given(st.tuples(*[st.integers(-3, 42)] * 4), st.integers(0, 5))
def test_the_box_tool_gives_one_piece_inside_the_box(box, seed):
    counts = np.random.default_rng(seed).poisson(3, (40, 30)).astype(np.float32)
    try:
        found = hotspot_in_box(counts, box)
    except BadInput:
        return
    top, left, bottom, right = box
    rows, columns = np.nonzero(found)
    assert ndimage.label(found, np.ones((3, 3)))[1] <= 1
    if rows.size:
        assert top <= rows.min() <= rows.max() < bottom
        assert left <= columns.min() <= columns.max() < right


# Grow


def test_grow_finds_the_pixels_above_the_fraction():
    contribution = blob()
    for background in (0.0, 40.0):
        found = grow_hotspot(contribution + background, (46, 29), GrowParameters(fraction=0.4))
        assert dice(found, contribution > 0.4 * contribution.max()) > 0.9


def test_grow_does_not_leak_along_a_ridge():
    ridge = 30 * np.exp(-((np.indices((90, 60))[1] - 30) ** 2) / (2 * 4.0**2))
    contribution = blob(height=25.0)
    counts = ndimage.gaussian_filter(ridge + contribution, 1) + 2
    truth = contribution > 0.4 * contribution.max()
    found = grow_hotspot(counts, (45, 30), GrowParameters(fraction=0.4))
    rows = np.flatnonzero(found.any(axis=1))
    assert dice(found, truth) > 0.65
    assert rows[-1] - rows[0] < 20
    bare = GrowParameters(fraction=0.4, background="none")
    limit = np.hypot(*(np.indices((90, 60)) - np.array([45, 30])[:, None, None])) * 2.3
    leaked = grow_hotspot(counts, (45, 30), bare)
    assert leaked.any()
    assert (limit[leaked] <= 45).all()


def test_grow_on_a_plain_ridge_stays_off_the_limit():
    counts = np.tile(30 * np.exp(-((np.arange(60) - 30) ** 2) / 32), (120, 1)) + 1
    found = grow_hotspot(counts, (60, 30), GrowParameters(fraction=0.4))
    distance = np.hypot(*(np.indices(counts.shape) - np.array([60, 30])[:, None, None])) * 2.3
    assert not (found & (distance > 45 - 2.3)).any()


def test_grow_takes_the_peak_near_the_click_and_only_allowed_pixels():
    counts = blob(place=(45, 20)) + blob(place=(45, 40))
    left = grow_hotspot(counts, (44, 22))
    assert left[45, 20]
    assert not left[45, 40]
    allowed = np.indices(counts.shape)[1] > 20
    assert not (grow_hotspot(counts, (45, 21), allowed=allowed) & ~allowed).any()
    assert not grow_hotspot(counts, (45, 20), allowed=np.zeros(counts.shape, bool)).any()


def test_grow_at_the_border_on_nothing_and_outside():
    counts = blob(place=(0, 0))
    assert grow_hotspot(counts, (0, 0))[0, 0]
    assert not grow_hotspot(np.zeros((20, 20)), (5, 5)).any()
    assert not grow_hotspot(np.full((20, 20), 5.0), (5, 5)).any()
    assert grow_hotspot(np.ones((1, 1)), (0, 0)).shape == (1, 1)
    with pytest.raises(BadInput, match="outside"):
        grow_hotspot(counts, (90, 3))


def test_grow_follows_the_spacing():
    contribution = blob((180, 120), (90, 60), 6.0)
    truth = contribution > 0.4 * contribution.max()
    found = grow_hotspot(contribution + 20, (90, 60), spacing_mm=(1.15, 1.15))
    assert dice(found, truth) > 0.9


@given(
    st.integers(0, 39),
    st.integers(0, 29),
    st.floats(0.1, 0.95),
    st.sampled_from(["local", "none"]),
    st.integers(0, 5),
)
def test_grow_always_gives_one_piece_within_the_limit(row, column, fraction, background, seed):
    counts = np.random.default_rng(seed).poisson(3, (40, 30)).astype(np.float32)
    found = grow_hotspot(
        counts, (row, column), GrowParameters(fraction=fraction, background=background, radius_mm=20)
    )
    assert ndimage.label(found, np.ones((3, 3)))[1] <= 1
    if found.any():
        away = (np.argwhere(found) - (row, column)) * 2.3
        assert np.hypot(*away.T).max() <= 20 + 7


@pytest.mark.realdata
def test_box_recipe_meets_the_published_masks(shared_data: Path):
    """Reach: mean Dice of at least 0.90 on the masks that are not empty."""
    pairs = shared_data / "bone" / "pairs"
    scores = []
    for path in sorted((pairs / "hotspot_otsu_silver").glob("*.png")):
        truth = read_labels(path) > 0
        if truth.any():
            image = read_labels(pairs / "png" / path.name)
            found = np.zeros(truth.shape, bool)
            for box in read_voc(pairs / "boxes_yolo" / f"{path.stem}.xml", truth.shape).boxes:
                if box.label == "Abnormal":
                    found |= box_hotspot(image, box.bounds)
            scores.append(dice(found, truth))
    assert len(scores) == 32
    assert np.mean(scores) >= 0.92
    assert min(scores) > 0.8
