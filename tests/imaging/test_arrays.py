from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from napari_tbcad.imaging import arrays

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_count_counts_what_is_there_and_zero_elsewhere(kind):
    index = np.array([[0, 2], [2, 5]], dtype=np.int32)
    given = index if kind == "numpy" else torch.as_tensor(index)
    assert arrays.to_numpy(arrays.count(given, 7)).tolist() == [1, 0, 2, 0, 0, 1, 0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sum_by_index_agrees_between_numpy_and_torch(dtype):
    rng = np.random.default_rng(0)
    values, index = rng.random((3, 50)).astype(dtype), rng.integers(0, 6, 50)
    ours = arrays.sum_by_index(values, index, 8)
    theirs = arrays.sum_by_index(torch.as_tensor(values), torch.as_tensor(index), 8)
    assert ours.dtype == dtype
    assert str(theirs.dtype) == f"torch.{dtype}"
    assert ours.shape == (3, 8)
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-6)
    np.testing.assert_allclose(ours.sum(1), values.sum(1), rtol=1e-5)


def test_a_constant_follows_the_array_it_is_used_with():
    tensor = torch.zeros(2, dtype=torch.float32)
    assert arrays.constant([1, 2], like=tensor).dtype == torch.float32
    assert arrays.constant([1, 2], like=np.zeros(2, np.float32)).dtype == np.float32
    assert arrays.namespace(tensor) is torch
    assert arrays.namespace(np.zeros(1)) is np


def test_no_device_means_numpy_and_a_device_means_torch():
    array = np.arange(3)
    assert arrays.to_device(array, None) is array
    assert arrays.is_tensor(arrays.to_device(array, "cpu"))
    assert arrays.to_numpy(arrays.to_device(array, "cpu")).tolist() == [0, 1, 2]


def test_the_backend_does_not_import_torch():
    code = (
        "import sys, numpy, napari_tbcad.imaging.arrays as a; "
        "a.count(numpy.arange(3), 3); print('torch' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"
