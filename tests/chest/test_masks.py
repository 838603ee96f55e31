from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from napari_tbcad.chest.lungs import air
from napari_tbcad.chest.lungs.fields import LungMasks, SoftLungs
from napari_tbcad.chest.lungs.masks import (
    InsensitiveParameters,
    SensitiveParameters,
    _aerated,
    insensitive_mask,
    sensitive_mask,
)
from napari_tbcad.chest.lungs.registry import SEGMENTERS, segmenter
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.memory import Memory

Y, X = np.mgrid[:200, :200] / 200


def ellipse(x: float, y: float, a: float, b: float) -> np.ndarray:
    return ((X - x) / a) ** 2 + ((Y - y) / b) ** 2 < 1


RIGHT, LEFT = ellipse(0.3, 0.45, 0.13, 0.3), ellipse(0.7, 0.45, 0.13, 0.3)
LESION = ellipse(0.3, 0.62, 0.1, 0.1)


def film(*, lesion: bool) -> Radiograph:
    pixels = np.full((200, 200), 0.8)
    pixels[RIGHT | LEFT] = 0.35
    if lesion:
        pixels[LESION & RIGHT] = 0.78
    noise = np.random.default_rng(1).normal(0, 0.01, pixels.shape)
    return Radiograph((ndimage.gaussian_filter(pixels, 1) + noise).astype(np.float32))


def soft(*, early: bool = False) -> SoftLungs:
    fields = np.stack([ndimage.gaussian_filter(side.astype(np.float32), 4) for side in (RIGHT, LEFT)])
    return SoftLungs(fields, (200, 200), early=np.roll(fields, 5, axis=1) if early else None)


def parts(mask: np.ndarray) -> int:
    return ndimage.label(mask)[1]


def test_insensitive_is_larger_than_sensitive():
    image = film(lesion=False)
    wide = insensitive_mask(soft(), image, InsensitiveParameters(threshold=0.2)).labels
    narrow = sensitive_mask(soft(), image, SensitiveParameters(threshold=0.8, air=False)).labels
    assert (wide > 0)[narrow > 0].all()
    assert (wide > 0).sum() > (narrow > 0).sum() * 1.1


def test_a_consolidation_is_in_the_anatomical_field_and_not_in_the_air():
    image = film(lesion=True)
    wide, narrow = insensitive_mask(soft(), image).labels, sensitive_mask(soft(), image).labels
    core = ellipse(0.3, 0.62, 0.07, 0.07)
    assert (wide[core] == 1).all()
    assert (narrow[core] == 0).mean() > 0.9
    assert (narrow[LEFT] == 2).mean() > 0.85
    kept = sensitive_mask(soft(), image, SensitiveParameters(air=False)).labels
    assert (kept[core] == 1).all()


def test_more_tolerance_keeps_more():
    image = film(lesion=True)
    kept = [
        int((sensitive_mask(soft(), image, SensitiveParameters(tolerance=t)).labels > 0).sum())
        for t in (0.5, 2.0, 20.0)
    ]
    assert kept == sorted(kept)
    assert kept[0] < kept[-1]


def test_a_white_lung_keeps_a_shape():
    image = film(lesion=False)
    white = Radiograph(np.where(RIGHT, 0.8, image.pixels).astype(np.float32))
    labels = sensitive_mask(soft(), white, SensitiveParameters(tolerance=0.0, least_kept=0.3)).labels
    assert (labels == 1).any()


def test_the_early_field_makes_the_insensitive_mask():
    image = film(lesion=False)
    assert not np.array_equal(
        insensitive_mask(soft(early=True), image).labels, insensitive_mask(soft(), image).labels
    )
    np.testing.assert_array_equal(
        sensitive_mask(soft(early=True), image).labels, sensitive_mask(soft(), image).labels
    )


def test_islands_go_and_each_side_is_one_part():
    fields = soft().pixels.copy()
    fields[0, 5:15, 5:15] = 1
    fields[1, 180:190, 5:15] = 1
    for mask in (
        insensitive_mask(SoftLungs(fields, (200, 200)), film(lesion=False)),
        sensitive_mask(SoftLungs(fields, (200, 200)), film(lesion=True)),
    ):
        assert parts(mask.labels == 1) == parts(mask.labels == 2) == 1
        assert not mask.labels[5:15, 5:15].any()


def test_overlapping_fields_go_to_the_stronger_side():
    fields = np.zeros((2, 20, 20), np.float32)
    fields[0, 5:15, 2:12], fields[1, 5:15, 8:18] = 0.9, 0.7
    labels = insensitive_mask(SoftLungs(fields, (20, 20)), Radiograph(np.eye(20, dtype=np.float32))).labels
    assert (labels[5:15, 2:12] == 1).all()
    assert (labels[5:15, 12:18] == 2).all()


@pytest.mark.parametrize("shape", [(200, 200), (90, 120), (1030, 770)])
def test_labels_lie_on_the_films_own_grid(shape):
    pixels = ndimage.zoom(film(lesion=False).pixels, (shape[0] / 200, shape[1] / 200), order=1)
    image = Radiograph(pixels)
    for mask in (insensitive_mask(soft(), image), sensitive_mask(soft(), image)):
        assert mask.labels.shape == image.shape
        assert mask.labels.dtype == np.uint8
        assert set(np.unique(mask.labels)) == {0, 1, 2}
        assert mask.record.entries[-1].name == f"{mask.kind}_mask"


def test_nothing_found_gives_empty_masks():
    empty = SoftLungs(np.zeros((2, 30, 30), np.float32), (200, 200))
    assert not insensitive_mask(empty, film(lesion=False)).labels.any()
    assert not sensitive_mask(empty, film(lesion=False)).labels.any()


def test_one_lung_gives_one_label():
    fields = soft().pixels.copy()
    fields[1] = 0
    one = SoftLungs(fields, (200, 200))
    assert set(np.unique(sensitive_mask(one, film(lesion=False)).labels)) == {0, 1}


def test_coordinates_run_from_apex_to_base_and_from_the_middle_outwards():
    labels = np.zeros((10, 20), np.uint8)
    labels[2:8, 1:7], labels[1:9, 12:18] = 1, 2
    height, depth = air.lung_coordinates(labels)
    assert height[2, 1] == 0
    assert height[7, 6] == 1
    assert depth[4, 1] == 1  # the right lung's chest wall, at the picture's left
    assert depth[4, 6] == 0
    assert depth[4, 12] == 0
    assert depth[4, 17] == 1


def test_opacity_is_zero_in_air_and_one_in_soft_tissue():
    scaled, labels = air.opacity(film(lesion=False), (RIGHT + 2 * LEFT).astype(np.uint8))
    inner = ndimage.binary_erosion(labels > 0, iterations=5)
    assert abs(np.median(scaled[inner])) < 0.1
    assert abs(scaled[-1].mean() - 1) < 0.1


def test_segmenters_are_found_by_name():
    assert set(SEGMENTERS) >= {"network", "atlas", "otsu"}
    entry = segmenter("otsu")
    assert entry.function(film(lesion=False), entry.parameters_class()).segmenter == "otsu"
    with pytest.raises(BadInput, match="network, atlas, otsu"):
        segmenter("otter")


@pytest.mark.parametrize("odd", [3, -1])
def test_labels_that_are_no_lung_are_refused(odd):
    labels = np.zeros((4, 4), int)
    labels[0] = odd
    with pytest.raises(BadInput, match=f"not {odd}"):
        LungMasks(labels, "sensitive")


def test_a_patchy_white_lung_keeps_its_least_share():
    """Specks of air among opacity are opened away; the least share must hold after that."""
    labels = np.where(RIGHT, 1, np.where(LEFT, 2, 0)).astype(np.uint8)
    specks = np.random.default_rng(0).random(labels.shape) < 0.35
    excess = np.where(RIGHT & ~specks, 10.0, 0.0).astype(np.float32)
    kept = _aerated(labels, excess, SensitiveParameters(least_kept=0.2))
    assert (kept == 1).sum() >= 0.2 * RIGHT.sum()
    assert (kept == 2).sum() >= 0.95 * LEFT.sum()


def test_what_a_slider_remembers_changes_no_mask():
    image, other, fields = film(lesion=True), film(lesion=False), soft(early=True)
    for mask, kind in (
        (sensitive_mask, SensitiveParameters),
        (insensitive_mask, InsensitiveParameters),
    ):
        memory = Memory()
        for turn, threshold in enumerate((0.2, 0.5, 0.3, 0.3, 0.8)):
            shown = other if turn == 3 else image
            kept = mask(fields, shown, kind(threshold=threshold), memory=memory).labels
            np.testing.assert_array_equal(kept, mask(fields, shown, kind(threshold=threshold)).labels)
            kept[...] = 0  # what a caller does to its mask touches nothing that is remembered
