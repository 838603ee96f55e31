from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from napari_tbcad.chest.firstorder import FIRSTORDER_NAMES, first_order, grey_histogram


def measured(grey, levels=256):
    grey = np.asarray(grey)
    return first_order(grey_histogram(grey, np.ones(grey.shape, bool), levels))


GREYS = st.lists(st.integers(0, 255), min_size=2, max_size=200).filter(lambda g: len(set(g)) > 1)


@given(GREYS)
def test_moments_are_those_of_the_pixels(greys):
    found = measured(greys)
    assert tuple(found) == FIRSTORDER_NAMES
    assert found["mean"] == pytest.approx(np.mean(greys))
    assert found["variance"] == pytest.approx(np.var(greys))
    assert found["standard_deviation"] == pytest.approx(np.std(greys))
    assert found["skewness"] == pytest.approx(stats.skew(greys), abs=1e-8)
    assert found["kurtosis"] == pytest.approx(stats.kurtosis(greys), abs=1e-8)
    p = np.bincount(greys) / len(greys)
    assert found["entropy"] == pytest.approx(stats.entropy(p, base=2), abs=1e-10)
    assert found["uniformity"] == pytest.approx((p**2).sum())


@given(
    st.lists(st.integers(0, 200), min_size=2, max_size=100).filter(lambda g: len(set(g)) > 1),
    st.integers(1, 55),
)
def test_a_shift_of_grey_moves_the_mean_and_nothing_else(greys, shift):
    before, after = measured(greys), measured(np.add(greys, shift))
    assert after["mean"] == pytest.approx(before["mean"] + shift)
    for name in FIRSTORDER_NAMES[1:]:
        assert after[name] == pytest.approx(before[name], abs=1e-8), name


def test_smoothness_tells_films_apart():
    # With the variance not normalised both would be 1 to three digits, as in the original program.
    flat, rough = measured([100, 101] * 50)["smoothness"], measured([0, 255] * 50)["smoothness"]
    assert flat < 0.001
    assert rough == pytest.approx(1 - 1 / 1.25)


def test_only_masked_pixels_count():
    grey = np.array([[10, 20], [30, 200]])
    mask = np.array([[True, True], [True, False]])
    assert first_order(grey_histogram(grey, mask))["mean"] == pytest.approx(20)


def test_a_constant_region_has_no_skewness_and_says_so():
    found = measured([7, 7, 7])
    assert np.isnan(found["skewness"])
    assert np.isnan(found["kurtosis"])
    assert found["entropy"] == 0


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_torch_agrees_with_numpy(dtype):
    torch = pytest.importorskip("torch")
    grey = np.random.default_rng(1).normal(120, 30, 5000).clip(0, 255).astype(np.uint8)
    reference = measured(grey)
    tensor = torch.as_tensor(grey)
    found = first_order(
        grey_histogram(tensor, torch.ones_like(tensor, dtype=torch.bool)), dtype=getattr(torch, dtype)
    )
    for name, value in reference.items():
        assert str(found[name].dtype) == f"torch.{dtype}"
        assert float(found[name]) == pytest.approx(float(value), rel=1e-5, abs=1e-5), name
