"""The few array operations that numpy and torch spell differently.

Code that takes "arrays of either kind" asks :func:`namespace` for the module (the two agree on
``sqrt``, ``log``, ``exp``, ``where``, ``abs``, ``sum``, ...) and uses the functions below for the rest.
torch is never imported here: a tensor can only arrive when its owner has imported it already.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = Any
"""A numpy array or a torch tensor on any device."""


def is_tensor(array: Array) -> bool:
    """Tell a torch tensor from everything else, without importing torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(array, torch.Tensor)


def namespace(array: Array) -> ModuleType:
    """Return the module whose functions apply to `array`: ``numpy`` or ``torch``."""
    return sys.modules["torch"] if is_tensor(array) else np


def working_float(array: Array) -> Any:
    """Return the floating type to compute in on the array's device.

    float64, except on Apple's ``mps``, which has none: float32 there.
    """
    if not is_tensor(array):
        return np.float64
    torch = sys.modules["torch"]
    return torch.float32 if array.device.type == "mps" else torch.float64


def constant(values: ArrayLike, like: Array, dtype: Any = None) -> Array:
    """Put plain numbers beside `like`: same kind of array, same device.

    Parameters
    ----------
    values : array-like
        Numbers on the CPU.
    like : array
        The array whose kind and device are wanted.
    dtype : optional
        Type in the vocabulary of the result; the dtype of `like` when left out.

    Returns
    -------
    array
        The same numbers as a numpy array or a tensor.
    """
    if not is_tensor(like):
        return np.asarray(values, dtype=like.dtype if dtype is None else dtype)
    torch = sys.modules["torch"]
    return torch.as_tensor(np.asarray(values), dtype=dtype or like.dtype, device=like.device)


def cast(array: Array, dtype: Any) -> Array:
    """Convert to another type of the same namespace; no copy when it has it already."""
    return array.to(dtype) if is_tensor(array) else array.astype(dtype, copy=False)


def to_device(array: NDArray[Any], device: str | None) -> Array:
    """Return `array` itself for None, else a torch tensor on `device` (``"cpu"``, ``"cuda"``, ``"mps"``)."""
    if device is None:
        return array
    import torch

    return torch.as_tensor(np.ascontiguousarray(array), device=device)


def to_numpy(array: Array) -> NDArray[Any]:
    """Bring an array of either kind to numpy on the CPU."""
    return array.detach().cpu().numpy() if is_tensor(array) else np.asarray(array)


def count(index: Array, size: int) -> Array:
    """Count how often each of ``0 … size − 1`` occurs.

    Parameters
    ----------
    index : array of unsigned or signed integers, any shape
        Values in ``[0, size)``.
    size : int
        Length of the result.

    Returns
    -------
    (size,) array of int64
        Exact counts, the same on every device.
    """
    if is_tensor(index):
        torch = sys.modules["torch"]
        return torch.bincount(index.reshape(-1), minlength=size)
    return np.bincount(index.ravel(), minlength=size)


def sum_by_index(values: Array, index: Array, size: int) -> Array:
    """Add the columns of `values` that share an index.

    Parameters
    ----------
    values : (D, M) array of float
        One row per matrix.
    index : (M,) array of int64
        Target column of each source column, in ``[0, size)``.
    size : int
        Number of columns of the result.

    Returns
    -------
    (D, size) array
        Sums, in the type of `values`.
    """
    if is_tensor(values):
        return values.new_zeros((values.shape[0], size)).index_add_(1, index, values)
    return np.stack([np.bincount(index, weights=row, minlength=size) for row in values]).astype(values.dtype)
