"""Label images in the depth they are kept in; a label that does not fit is refused, never wrapped."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput


def whole_labels(labels: NDArray[Any], dtype: type[np.unsignedinteger[Any]], what: str) -> NDArray[Any]:
    """Return a label image as a contiguous array of `dtype`.

    Parameters
    ----------
    labels : (H, W) array
        Whole numbers, of any type.
    dtype : type
        ``np.uint8`` or ``np.uint16``.
    what : str
        What an error is about.

    Raises
    ------
    BadInput
        If the array is not 2-D or holds what `dtype` cannot.
    """
    labels = np.asarray(labels)
    if labels.ndim != 2:
        raise BadInput(what, f"a label image has two axes, not {labels.ndim}")
    if labels.dtype == dtype:
        return np.ascontiguousarray(labels)
    most = np.iinfo(dtype).max
    if labels.size and not (labels.min() >= 0 and labels.max() <= most):
        raise BadInput(what, f"labels are 0 to {most}, these are {labels.min():g} to {labels.max():g}")
    stored = np.ascontiguousarray(labels, dtype=dtype)
    if labels.dtype.kind == "f" and (stored != labels).any():
        raise BadInput(what, "labels are whole numbers, these are not")
    return stored
