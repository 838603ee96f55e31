"""Tiles cover an image and their weights add up to one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_tbcad.networks.tiles import tiles

sides = st.integers(1, 12).map(lambda n: 32 * n)


@given(sides, sides, st.integers(0, 8).map(lambda n: 32 * n), st.floats(0, 0.5))
def test_weights_are_a_partition_of_unity(height, width, tile, overlap):
    total = np.zeros((height, width))
    for one in tiles((height, width), tile=tile, overlap=overlap):
        assert one.weights.shape == (
            one.rows.stop - one.rows.start,
            one.columns.stop - one.columns.start,
        )
        assert one.rows.start % 32 == one.columns.start % 32 == 0
        assert (one.weights >= 0).all()
        total[one.rows, one.columns] += one.weights
    np.testing.assert_allclose(total, 1, atol=1e-6)


def test_a_whole_image_is_one_tile():
    for side in (0, 96, 512):
        (one,) = tiles((64, 96), tile=side, overlap=0.25)
        assert (one.rows, one.columns) == (slice(0, 64), slice(0, 96))
        assert (one.weights == 1).all()


def test_the_rim_between_tiles_has_no_say_but_that_of_the_image_has():
    first, second = tiles((64, 192), tile=128, overlap=0.5)
    assert (first.weights[:, -16:] == 0).all(), "a quarter of 64 shared pixels"
    assert (second.weights[:, :16] == 0).all()
    assert (first.weights[:, 0] == 1).all()
    assert (second.weights[:, -1] == 1).all()
    assert np.diff(second.weights[0, :64]).min() >= 0, "smooth, rising"
    assert np.diff(second.weights[0, :64]).max() < 0.06


@pytest.mark.parametrize("overlap", [0.25, 0.5])
def test_neighbours_share_at_least_the_asked_overlap(overlap):
    row = tiles((128, 736), tile=128, overlap=overlap)
    shared = [a.columns.stop - b.columns.start for a, b in pairwise(row)]
    assert min(shared) >= overlap * 128
    assert row[-1].columns.stop == 736
