"""Affine and demons registration find what was done to an image."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from napari_tbcad.imaging.registration import (
    affine_map,
    chain_affine,
    compose,
    correlation,
    fit_affine,
    identity_map,
    invert_affine,
    register_affine,
    register_demons,
    resample,
    resample_field,
    search_pose,
    warp,
)

FRAME = (64, 64)


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    noise = np.random.default_rng(3).normal(size=FRAME)
    smooth = ndimage.gaussian_filter(noise, 5, mode="nearest")
    return (smooth / smooth.std()).astype(np.float32)


def moved(image: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return warp(image, affine_map(matrix, image.shape, image.shape))


def test_identity_leaves_an_image_alone(picture):
    assert np.array_equal(warp(picture, identity_map(FRAME)), picture)
    assert np.allclose(moved(picture, np.eye(2, 3)), picture, atol=1e-5)


def test_a_matrix_serves_every_resolution(picture):
    # A shift by a quarter of the side is 16 pixels at 64 and 8 at 32.
    matrix = np.array([[1.0, 0, 0.25], [0, 1.0, 0]])
    fine = affine_map(matrix, FRAME, FRAME)
    coarse = affine_map(matrix, (32, 32), (32, 32))
    assert fine[0, 0, 0] == pytest.approx(16, abs=1e-4)
    assert coarse[0, 0, 0] == pytest.approx(8, abs=1e-4)


def test_matrices_chain_and_invert():
    random = np.random.default_rng(0)
    a, b = (np.eye(2, 3) + 0.1 * random.normal(size=(2, 3)) for _ in range(2))
    assert np.allclose(chain_affine(a, invert_affine(a)), np.eye(2, 3))
    point = np.array([0.3, 0.6, 1.0])
    assert np.allclose(chain_affine(b, a) @ point, b @ [*(a @ point), 1.0])


def test_composed_maps_sample_once(picture):
    shift = affine_map(np.array([[1.0, 0, 2 / 64], [0, 1.0, 0]]), FRAME, FRAME)
    twice = compose(shift, shift)
    assert np.allclose(twice[0, 5:50], np.indices(FRAME)[0][5:50] + 4, atol=1e-3)


def test_least_squares_recovers_an_affine_transform():
    matrix = np.array([[1.1, 0.05, -0.02], [0.03, 0.9, 0.04]])
    points = np.random.default_rng(1).random((10, 2))
    assert np.allclose(fit_affine(points, points @ matrix[:, :2].T + matrix[:, 2]), matrix)


def test_pose_search_finds_scale_and_shift():
    rows, columns = (np.indices(FRAME) + 0.5) / 64
    # Two unequal blobs, so that neither a mirror image nor another scale fits as well.
    template = np.exp(-((rows - 0.5) ** 2 + (columns - 0.35) ** 2) / 0.01) + 0.6 * np.exp(
        -((rows - 0.6) ** 2 + (columns - 0.7) ** 2) / 0.02
    )
    truth = np.array([[1 / 1.12, 0, 0.08], [0, 1 / 0.9, -0.1]])
    fixed = moved(template.astype(np.float32), truth)
    matrix, score = search_pose(fixed, template.astype(np.float32))
    assert score > 0.98
    assert np.allclose(matrix, truth, atol=0.03)


def test_affine_refinement_undoes_a_known_transform(picture):
    truth = np.array([[1.05, 0.03, -0.03], [-0.02, 0.95, 0.02]])
    fixed = 2.0 * moved(picture, truth) + 1.0  # another gain and offset
    found = register_affine(fixed, picture, start=np.eye(2, 3))
    assert np.abs(found - truth).max() < 0.01
    assert correlation(fixed, moved(picture, found)) > 0.99


def test_affine_refinement_never_ends_below_its_start(picture):
    other = np.ascontiguousarray(picture[::-1])
    found = register_affine(picture, other, start=np.eye(2, 3))
    assert correlation(picture, moved(other, found)) >= correlation(picture, other) - 1e-6


def test_a_flat_image_is_no_error(picture):
    flat = np.zeros(FRAME, np.float32)
    assert correlation(flat, picture) == 0
    assert np.isfinite(register_affine(flat, picture, start=np.eye(2, 3))).all()
    assert np.isfinite(
        register_demons(flat, flat, sampling=identity_map(FRAME), iterations=(3,), shrink=(1,))[0]
    ).all()


def test_demons_bring_a_bent_disc_back():
    rows, columns = np.indices((128, 128))
    disc = ((rows - 64) ** 2 + (columns - 64) ** 2 < 30**2).astype(np.float32)
    bend = 6 * np.sin(columns / 128 * 2 * np.pi)
    bent = warp(disc, np.stack([rows + bend, columns]).astype(np.float32))
    moving, fixed = (ndimage.gaussian_filter(image, 2) for image in (disc, bent))
    start = identity_map((128, 128))
    coarse, fine = register_demons(fixed, moving, sampling=start, iterations=(40, 40), shrink=(4, 2))
    overlaps = [
        2 * ((warp(disc, m) > 0.5) & (bent > 0.5)).sum() / (disc.sum() + bent.sum())
        for m in (start, coarse, fine)
    ]
    assert overlaps[0] < 0.93 < overlaps[1] <= overlaps[2] + 0.005
    assert overlaps[2] > 0.97


def test_no_iterations_return_the_start(picture):
    start = affine_map(np.array([[1.0, 0, 0.1], [0, 1.0, 0]]), FRAME, FRAME)
    [result] = register_demons(picture, picture, sampling=start, iterations=(0,), shrink=(2,))
    assert np.allclose(result, start, atol=1e-4)


@pytest.mark.parametrize("shape", [(32, 32), (17, 90), (64, 64), (128, 200)])
def test_resampling_keeps_the_mean_and_the_field_of_view(shape):
    ramp = np.repeat(np.linspace(0, 1, 64, dtype=np.float32)[:, None], 64, axis=1)
    result = resample(ramp, shape)
    assert result.shape == shape
    assert result.mean() == pytest.approx(0.5, abs=0.01)
    assert result[0, 0] < 0.05
    assert result[-1, -1] > 0.95


def test_a_resampled_field_points_to_the_same_place():
    field = np.stack([np.full(FRAME, 4.0), np.full(FRAME, -2.0)]).astype(np.float32)
    half = resample_field(field, (32, 32))
    assert np.allclose(half[0], 2)
    assert np.allclose(half[1], -1)
