"""Training images vary as films do, and can be made again exactly."""

from __future__ import annotations

import pytest
import torch

from napari_tbcad.networks.augment import Draw, augment, deform, lay_devices, smooth_field
from napari_tbcad.networks.config import AugmentParameters
from napari_tbcad.schemes import IGNORE

STILL = AugmentParameters(
    rotation=0,
    scale=0,
    stretch=0,
    shift=0,
    elastic=0,
    gamma=0,
    window=0,
    noise=0,
    blur=0,
    devices=0,
    occlusion=0,
)


def batch(n: int = 4, side: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    """Bright squares with their labels: 1 on the image's left, 2 on its right."""
    labels = torch.zeros(n, side, side, dtype=torch.uint8)
    labels[:, 20:40, 8:24], labels[:, 20:40, 40:56] = 1, 2
    return (labels > 0).float()[:, None] - 0.5, labels


def test_the_same_seed_gives_the_same_batch_and_another_step_another_one():
    images, labels = batch()
    first, again = (augment(images, labels, AugmentParameters(density=0.5), (1, 2, 3)) for _ in range(2))
    other = augment(images, labels, AugmentParameters(density=0.5), (1, 2, 4))
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.allclose(first[0], other[0])


def test_nothing_changes_when_everything_is_off():
    images, labels = batch()
    out, where = augment(images, labels, STILL, (0, 0, 0))
    assert torch.allclose(out, images, atol=1e-4)
    assert torch.equal(where, labels)


def test_labels_move_with_what_they_label_and_no_image_is_mirrored():
    images, labels = batch(16)
    parameters = STILL.model_copy(update={"rotation": 15.0, "scale": 0.2, "shift": 0.1, "elastic": 0.01})
    out, where = deform(images, labels, parameters, Draw((5,), images.device))
    inside = (where == 1) | (where == 2)
    assert out[:, 0][inside].mean() > 0.4
    assert out[:, 0][where == 0].mean() < -0.4
    columns = torch.arange(64).float()
    for one in where:
        left, right = ((one == value).float().sum(0) for value in (1, 2))
        assert (left * columns).sum() / left.sum() < (right * columns).sum() / right.sum()


def test_what_comes_in_from_beyond_the_border_is_labelled_unknown():
    images, labels = batch(8)
    parameters = STILL.model_copy(update={"shift": 0.4})
    _, where = deform(images, labels, parameters, Draw((1,), images.device))
    assert (where == IGNORE).any(-1).any(-1).sum() >= 7


def test_devices_are_laid_over_the_share_asked_for():
    images = torch.zeros(400, 1, 32, 32)
    changed = (lay_devices(images, 0.3, Draw((3,), images.device)) != 0).flatten(1).any(1)
    assert changed.float().mean() == pytest.approx(0.3, abs=0.08)


def test_a_smooth_field_of_equal_controls_is_flat():
    assert torch.allclose(smooth_field(torch.full((2, 5, 5), 3.0), 40, 30), torch.tensor(3.0))
