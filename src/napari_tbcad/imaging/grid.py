"""Pixel grids: shrinking a film with its geometry, and moving soft fields and labels between grids."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.record import Step

# Output and input pixels held in float64 at a time: a 10 000 x 10 000 film passes in strips of 32 MB.
_STRIP = 4_000_000


def grid_shape(shape: tuple[int, int], longest: int) -> tuple[int, int]:
    """Return the shape whose longest side is `longest`; a smaller shape stays as it is.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    longest : int
        Wanted longest side in pixels.

    Returns
    -------
    (int, int)
        Rows and columns, each at least 1.
    """
    factor = min(1.0, longest / max(shape))
    return max(1, round(shape[0] * factor)), max(1, round(shape[1] * factor))


def to_grid(film: Radiograph, longest: int) -> Radiograph:
    """Shrink a film so that its longest side has `longest` pixels.

    Each new pixel is the mean of the film over its own area, so nothing aliases and the mean grey
    level stays. A film that is smaller is returned as it is with a warning, since enlarging would
    write the acquisition into the texture.

    Parameters
    ----------
    film : Radiograph
        Film with pixels (H, W), float32.
    longest : int
        Longest side of the grid in pixels.

    Returns
    -------
    Radiograph
        Film of shape ``grid_shape(film.shape, longest)``; spacing grows by what the pixels did.
    """
    shape = grid_shape(film.shape, longest)
    step = Step("grid", {"longest": longest}, facts={"shape": list(shape)})
    if max(film.shape) < longest:
        warning = (
            f"The film ({film.shape[1]} x {film.shape[0]}) is smaller than the working grid ({longest}); "
            "it was not enlarged, so its texture does not compare with that of larger films."
        )
        warnings = film.warnings if warning in film.warnings else (*film.warnings, warning)
        return film.after(step, warnings=warnings)
    if shape == film.shape:
        return film.after(step)
    spacing = film.spacing_mm
    if spacing is not None:
        spacing = (spacing[0] * film.shape[0] / shape[0], spacing[1] * film.shape[1] / shape[1])
    pixels = np.empty(shape, np.float32)
    _resample(film.pixels, shape, pixels)
    return film.after(step, pixels=pixels, spacing_mm=spacing)


def resize_soft(array: ArrayLike, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Bring a soft field to another grid over the same field of view.

    Parameters
    ----------
    array : (..., h, w) array of float
        One or more fields, such as lung memberships in [0, 1].
    shape : (int, int)
        Wanted rows and columns. Each axis is averaged over area when it shrinks and interpolated
        linearly between pixel centres when it grows; the range of values is never left.

    Returns
    -------
    (..., H, W) array of float32
        The same array when the shape is the same.
    """
    fields = np.asarray(array)
    if fields.shape[-2:] == tuple(shape):
        return fields.astype(np.float32)
    out = np.empty((*fields.shape[:-2], *shape), np.float32)
    for index in np.ndindex(fields.shape[:-2]):
        _resample(fields[index], shape, out[index])
    return out


def resize_labels(labels: ArrayLike, shape: tuple[int, int]) -> NDArray[Any]:
    """Bring a label image to another grid over the same field of view.

    A new pixel is labelled where the labels together cover at least half of it, with the label that
    covers most (the lower one in a tie). The result depends on nothing but the arguments, and equals
    the input when the shape is the same.

    Parameters
    ----------
    labels : (h, w) array of int
        Labels, 0 background.
    shape : (int, int)
        Wanted rows and columns.

    Returns
    -------
    (H, W) array
        Labels of the input's dtype.

    Raises
    ------
    BadInput
        If `labels` is not 2-D.
    """
    labels = np.asarray(labels)
    if labels.ndim != 2:
        raise BadInput("labels", f"a label image is 2-D, this has shape {labels.shape}")
    if labels.shape == tuple(shape):
        return labels.copy()
    values = [value for value in np.unique(labels) if value != 0]
    out = np.zeros(shape, labels.dtype)
    for strip in _strips(labels.shape, shape):
        shares = [_resample_strip(labels, shape, strip, equal=value) for value in values]
        if shares:
            covered = np.sum(shares, axis=0) >= 0.5 - 1e-9
            out[strip] = np.where(covered, np.asarray(values, labels.dtype)[np.argmax(shares, axis=0)], 0)
    return out


@lru_cache(maxsize=32)
def _weights(old: int, new: int) -> sparse.csr_array:
    """Return the (new, old) matrix that resamples one axis; its rows sum to 1."""
    if new < old:
        edges = np.arange(new + 1) * (old / new)
        first = np.floor(edges[:-1]).astype(int)
        width = int(np.ceil(old / new)) + 1
        columns = first[:, None] + np.arange(width)
        overlap = np.minimum(columns + 1, edges[1:, None]) - np.maximum(columns, edges[:-1, None])
        values = np.where(columns < old, np.maximum(overlap, 0), 0)
    else:
        centre = np.clip((np.arange(new) + 0.5) * (old / new) - 0.5, 0, old - 1)
        first = np.floor(centre).astype(int)
        columns = first[:, None] + np.arange(2)
        values = np.stack([1 - (centre - first), centre - first], axis=1)
    values = values / values.sum(axis=1, keepdims=True)
    rows = np.broadcast_to(np.arange(new)[:, None], columns.shape)
    keep = values > 0
    return sparse.csr_array((values[keep], (rows[keep], columns[keep])), shape=(new, old))


def _strips(old: tuple[int, int], new: tuple[int, int]) -> list[slice]:
    """Cut the new rows so that neither side of the work holds more than about `_STRIP` pixels."""
    per_row = max(new[1], old[1] * max(1.0, old[0] / new[0]), old[1])
    height = max(1, int(_STRIP // per_row))
    return [slice(start, min(start + height, new[0])) for start in range(0, new[0], height)]


def _resample_strip(
    image: NDArray[Any], shape: tuple[int, int], strip: slice, *, equal: Any = None
) -> NDArray[np.float64]:
    """Resample the new rows `strip` of `image`, or of ``image == equal``."""
    rows = _weights(image.shape[0], shape[0])[strip]
    low, high = int(rows.indices.min()), int(rows.indices.max()) + 1
    part = image[low:high] if equal is None else image[low:high] == equal
    tall = rows[:, low:high] @ part.astype(np.float64)
    return (_weights(image.shape[1], shape[1]) @ tall.T).T


def _resample(image: NDArray[Any], shape: tuple[int, int], out: NDArray[np.float32]) -> None:
    for strip in _strips(image.shape, shape):
        out[strip] = _resample_strip(image, shape, strip)
