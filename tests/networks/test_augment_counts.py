"""Images of counts: normalised, thinned, mirrored, told their view."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from napari_tbcad.errors import BadInput
from napari_tbcad.networks.augment import Draw
from napari_tbcad.networks.augment_counts import (
    add_lesions,
    augment_counts,
    mirror,
    normalise_counts,
    thin,
    with_views,
)
from napari_tbcad.networks.config import AugmentParameters, TrainingConfig
from napari_tbcad.networks.input import InputParameters, normalised_counts, on_grid, to_input

STILL = AugmentParameters(
    rotation=0, scale=0, stretch=0, shift=0, elastic=0, blur=0, mirror=0, thinning=0, gain=0
)
COUNTS = InputParameters(height=32, width=32, intensity="counts")


@pytest.fixture
def counts():
    return np.random.default_rng(0).poisson(6.0, (64, 64)).astype(np.float32)


def test_a_longer_scan_and_more_air_give_the_same_input(counts):
    once = normalised_counts(counts)
    np.testing.assert_allclose(normalised_counts(4 * counts), once, rtol=1e-5, atol=1e-5)
    wide = np.pad(counts, ((0, 0), (0, 400)))
    np.testing.assert_allclose(normalised_counts(wide)[:, :64], once, rtol=1e-5, atol=1e-5)
    with pytest.raises(BadInput, match="not one count"):
        normalised_counts(np.zeros((4, 4), np.float32))


def test_the_grid_keeps_the_sum_of_the_counts(counts):
    small = on_grid(counts, COUNTS).pixels
    assert small.shape == (32, 32)
    np.testing.assert_allclose(small[3, 5], counts[6:8, 10:12].sum(), rtol=1e-6)


def test_training_and_prediction_see_the_same_numbers(counts):
    batch = torch.from_numpy(on_grid(counts, COUNTS).pixels)[None, None]
    labels = torch.zeros(1, 32, 32, dtype=torch.uint8)
    images, _ = augment_counts(batch, labels, STILL, (0, 0, 0))
    np.testing.assert_allclose(images[0, 0], to_input(counts, COUNTS).pixels, atol=2e-5)
    np.testing.assert_allclose(normalise_counts(batch)[0, 0], to_input(counts, COUNTS).pixels, atol=2e-5)


def test_thinning_is_binomial():
    counts = torch.full((64, 1, 64, 64), 20.0)
    out = thin(counts, 0.5, Draw((1,), torch.device("cpu")))
    changed = out[(out != counts).flatten(1).any(1)]
    assert 16 < len(changed) < 48
    assert bool((changed == changed.round()).all())
    shares = changed.flatten(1).mean(1) / 20
    assert 0.5 <= float(shares.min()) < 0.62
    assert float(shares.max()) > 0.85
    # Variance of a binomial number: n p (1 - p).
    ratio = changed.flatten(1).var(1) / (20 * shares * (1 - shares))
    np.testing.assert_allclose(ratio.numpy(), 1, atol=0.15)


def test_images_and_labels_are_mirrored_together():
    images = torch.arange(4.0).expand(40, 1, 3, 4)
    labels = torch.arange(4, dtype=torch.uint8).expand(40, 3, 4)
    images, labels = mirror(images, labels, 0.5, Draw((2,), torch.device("cpu")))
    assert bool((images[:, 0] == labels).all())
    assert 8 < int((labels[:, 0, 0] == 3).sum()) < 32


def test_a_lesion_adds_counts_where_it_is_labelled_and_only_in_bone():
    counts = torch.zeros(30, 1, 96, 64)
    labels = torch.zeros(30, 96, 64, dtype=torch.uint8)
    counts[..., 20:44], labels[..., 20:44] = 20.0, 1
    more, marked = add_lesions(counts, labels, 0.7, Draw((4,), torch.device("cpu")))
    laid = (marked == 2).flatten(1).sum(1)
    assert 12 < int((laid > 0).sum()) < 28
    assert int(laid[laid > 0].min()) > 8
    inside = (more - counts)[:, 0][marked == 2]
    assert float(inside.mean()) > 5
    assert bool((more == more.round()).all())
    assert not bool((marked[..., :16] == 2).any())
    untouched = laid == 0
    assert torch.equal(more[untouched], counts[untouched])


def test_one_seed_gives_one_batch(counts):
    batch = torch.from_numpy(counts)[None, None]
    labels = torch.zeros(1, 64, 64, dtype=torch.uint8)
    first, again, other = (
        augment_counts(batch, labels, AugmentParameters(thinning=0.9), (s, 0, 0))[0] for s in (7, 7, 8)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_network_of_both_views_is_told_which():
    images, posterior = torch.zeros(2, 1, 4, 4), torch.tensor([False, True])
    both = with_views(images, posterior, InputParameters(views=("posterior", "anterior"), intensity="counts"))
    assert both.shape == (2, 2, 4, 4)
    assert both[:, 1, 0, 0].tolist() == [-1, 1]
    assert with_views(images, posterior, InputParameters(views=("anterior",))).shape == (2, 1, 4, 4)


def test_a_configuration_that_makes_no_sense_is_refused():
    with pytest.raises(ValidationError, match="cannot be mirrored"):
        TrainingConfig(task="lungs", augment=AugmentParameters(mirror=0.5))
    with pytest.raises(ValidationError, match="only images of counts"):
        TrainingConfig(task="4", input=InputParameters(views=("anterior",)))
    with pytest.raises(ValidationError, match="only for hotspots"):
        TrainingConfig(task="regions", input=COUNTS, augment=AugmentParameters(lesions=0.5))
