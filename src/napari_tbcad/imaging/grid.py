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
# The share from which a new pixel is labelled, less what rounding may take.
_HALF = 0.5 - 1e-9


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


def resize_labels(
    labels: ArrayLike,
    shape: tuple[int, int],
    *,
    earlier: tuple[NDArray[Any], NDArray[Any]] | None = None,
) -> NDArray[Any]:
    """Bring a label image to another grid over the same field of view.

    A new pixel is labelled where the labels together cover at least half of it, with the label that
    covers most (the lower one in a tie). The result depends on nothing but the labels and the shape, and
    equals the input when the shape is the same.

    Parameters
    ----------
    labels : (h, w) array of int
        Labels, 0 background.
    shape : (int, int)
        Wanted rows and columns.
    earlier : ((h, w) array, (H, W) array), optional
        Labels before an edit and what this function made of them: only what the edit reaches is computed.

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
    if earlier is not None and earlier[0].shape == labels.shape and earlier[1].shape == tuple(shape):
        out, touched = earlier[1].astype(labels.dtype), labels != earlier[0]
    else:
        out, touched = np.zeros(shape, labels.dtype), labels != 0
    box = _bounding_box(touched)
    if box is not None:
        fill = _grow if min(np.subtract(shape, labels.shape)) >= 0 else _shrink
        fill(labels, out, tuple(_reached(*sizes) for sizes in zip(labels.shape, shape, box, strict=True)))
    return out


def _bounding_box(mask: NDArray[np.bool_]) -> tuple[slice, slice] | None:
    rows = np.flatnonzero(mask.any(axis=1))
    if rows.size == 0:
        return None
    columns = np.flatnonzero(mask[rows[0] : rows[-1] + 1].any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _reached(old: int, new: int, part: slice) -> slice:
    """Return the new pixels of an axis that read any of the old ones in `part`."""
    weights = _weights(old, new)
    first, last = weights.indices[weights.indptr[:-1]], weights.indices[weights.indptr[1:] - 1]
    return slice(int(np.searchsorted(last, part.start)), int(np.searchsorted(first, part.stop)))


def _read(old: int, new: int, part: slice) -> slice:
    """Return the old pixels of an axis that the new ones in `part` read."""
    weights = _weights(old, new)
    low, high = weights.indptr[part.start], weights.indptr[part.stop]
    return slice(int(weights.indices[low]), int(weights.indices[high - 1]) + 1)


def _present(labels: NDArray[Any]) -> list[Any]:
    """Return the labels above 0, ascending; without sorting for the few of a mask."""
    if labels.dtype == np.uint8 and labels.max(initial=0) <= 8:
        return [value for value in range(1, int(labels.max(initial=0)) + 1) if (labels == value).any()]
    return [value for value in np.unique(labels) if value != 0]


def _shrink(labels: NDArray[Any], out: NDArray[Any], window: tuple[slice, ...]) -> None:
    """Work out the new pixels in `window`, each label within its own bounding box."""
    for strip in _strips(labels.shape, out.shape, window[0]):
        sides = [_read(*sizes) for sizes in zip(labels.shape, out.shape, (strip, window[1]), strict=True)]
        part = labels[sides[0], sides[1]]
        size = (strip.stop - strip.start, window[1].stop - window[1].start)
        covered, most = np.zeros(size), np.zeros(size)
        chosen = np.zeros(size, labels.dtype)
        for value in _present(part):
            box = _bounding_box(part == value)
            assert box is not None
            own = [
                _reached(old, new, slice(side.start + inner.start, side.start + inner.stop))
                for old, new, side, inner in zip(labels.shape, out.shape, sides, box, strict=True)
            ]
            # A label's box may reach new pixels beyond the window.
            own = [
                slice(max(a.start, w.start), min(a.stop, w.stop))
                for a, w in zip(own, (strip, window[1]), strict=True)
            ]
            if any(o.stop <= o.start for o in own):
                continue
            share = _share(labels, out.shape, own, value)
            at = (
                slice(own[0].start - strip.start, own[0].stop - strip.start),
                slice(own[1].start - window[1].start, own[1].stop - window[1].start),
            )
            covered[at] += share
            more = share > most[at]
            chosen[at][more] = value
            most[at][more] = share[more]
        out[strip, window[1]] = np.where(covered >= _HALF, chosen, 0)


def _share(
    labels: NDArray[Any], shape: tuple[int, ...], window: list[slice], value: Any
) -> NDArray[np.float64]:
    """Return how much of each new pixel in `window` a label covers."""
    rows, columns = (_read(*sizes) for sizes in zip(labels.shape, shape, window, strict=True))
    part = (labels[rows, columns] == value).astype(np.float64)
    down = _weights(labels.shape[0], shape[0])[window[0], rows]
    across = _weights(labels.shape[1], shape[1])[window[1], columns]
    return (across @ (down @ part).T).T


def _grow(labels: NDArray[Any], out: NDArray[Any], window: tuple[slice, ...]) -> None:
    """Work out the new pixels in `window`; only those between unlike old pixels need their shares."""
    padded = np.pad(labels, ((0, 1), (0, 1)), mode="edge")
    (up, low), (left, right) = (
        (first[part], fraction[part])
        for part, (first, fraction) in zip(
            window, (_between(*sizes) for sizes in zip(labels.shape, out.shape, strict=True)), strict=True
        )
    )
    corner = padded[:-1, :-1]
    unlike = (corner != padded[1:, :-1]) | (corner != padded[:-1, 1:]) | (corner != padded[1:, 1:])
    # Columns first, in the small picture: then whole rows are copied.
    inside = corner[:, left][up]
    r, c = np.nonzero(unlike[:, left][up])
    # The cells' corners, their two rows mixed first, then the columns: the order of the matrix products.
    corners = [[padded[up[r] + i, left[c] + j] for i in (0, 1)] for j in (0, 1)]
    covered, most = np.zeros(r.size), np.zeros(r.size)
    chosen = np.zeros(r.size, labels.dtype)
    values: set[Any] = set()
    for column in corners:
        for corner_values in column:
            values |= set(_present(corner_values))
    for value in sorted(values):
        sides = [low[r, 0] * (top == value) + low[r, 1] * (bottom == value) for top, bottom in corners]
        share = right[c, 0] * sides[0] + right[c, 1] * sides[1]
        covered += share
        more = share > most
        chosen[more] = value
        most[more] = share[more]
    inside[r, c] = np.where(covered >= _HALF, chosen, 0)
    out[window[0], window[1]] = inside


@lru_cache(maxsize=32)
def _between(old: int, new: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return, for a growing axis, the old pixel before each new one and the weights of it and the next."""
    centre = np.clip((np.arange(new) + 0.5) * (old / new) - 0.5, 0, old - 1)
    first = np.floor(centre).astype(np.intp)
    values = np.stack([1 - (centre - first), centre - first], axis=1)
    return first, values / values.sum(axis=1, keepdims=True)


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
        first, values = _between(old, new)
        columns = first[:, None] + np.arange(2)
    values = values / values.sum(axis=1, keepdims=True)
    rows = np.broadcast_to(np.arange(new)[:, None], columns.shape)
    keep = values > 0
    return sparse.csr_array((values[keep], (rows[keep], columns[keep])), shape=(new, old))


def _strips(old: tuple[int, ...], new: tuple[int, ...], rows: slice | None = None) -> list[slice]:
    """Cut the new rows so that neither side of the work holds more than about `_STRIP` pixels."""
    per_row = max(new[1], old[1] * max(1.0, old[0] / new[0]), old[1])
    height = max(1, int(_STRIP // per_row))
    begin, end = (0, new[0]) if rows is None else (rows.start, rows.stop)
    return [slice(start, min(start + height, end)) for start in range(begin, end, height)]


def _resample_strip(image: NDArray[Any], shape: tuple[int, int], strip: slice) -> NDArray[np.float64]:
    """Resample the new rows `strip` of `image`."""
    rows = _weights(image.shape[0], shape[0])[strip]
    low, high = int(rows.indices.min()), int(rows.indices.max()) + 1
    tall = rows[:, low:high] @ image[low:high].astype(np.float64)
    return (_weights(image.shape[1], shape[1]) @ tall.T).T


def _resample(image: NDArray[Any], shape: tuple[int, int], out: NDArray[np.float32]) -> None:
    for strip in _strips(image.shape, shape):
        out[strip] = _resample_strip(image, shape, strip)
