"""What a person's tools do to a lung mask: mirror, smooth, clean up, and the difference to the automatic one.

All functions take and return label images (H, W) uint8: 0 background, 1 the patient's right lung, 2 the
left. They return new arrays, and no lung ever takes a pixel of the other one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.errors import BadInput
from napari_tbcad.schemes import LEFT, RIGHT

ADDED, TAKEN, SIDE_CHANGED = 1, 2, 3
"""Values of :func:`difference`."""

Labels = NDArray[np.uint8]
Box = tuple[slice, slice]


def mirror(labels: Labels, source: int, *, axis: float | None = None) -> Labels:
    """Draw the other lung as the mirror image of `source`.

    It is a starting point to be corrected, not a measurement: the heart makes a real left lung smaller
    than the right one, and an opaque side often moves the mediastinum.

    Parameters
    ----------
    labels : (H, W) array of uint8
        The mask; its `source` lung stays as it is, the other is replaced.
    source : {1, 2}
        The lung to copy, 1 right or 2 left.
    axis : float, optional
        Column of the vertical mirror line in pixels (0 is the centre of the first column), taken to the
        next half pixel. :func:`midline` estimates it when not given.

    Returns
    -------
    (H, W) array of uint8
        The mirrored lung ends at the film's border and where the source lung begins.

    Raises
    ------
    BadInput
        If the source lung is not there, or its mirror image lies outside the film.
    """
    labels = _checked(labels)
    box = _box(labels, source)
    if box is None:
        raise BadInput("mask", f"there is no {_NAMES[source]} lung to mirror")
    twice = round(2 * (midline(labels, source) if axis is None else axis))
    out = labels.copy()
    other = RIGHT + LEFT - source
    out[labels == other] = 0
    rows, columns = box
    lung = labels[box][:, ::-1] == source
    first = twice - (columns.stop - 1)
    left_cut, right_cut = max(0, -first), max(0, first + lung.shape[1] - labels.shape[1])
    lung = lung[:, left_cut : max(left_cut, lung.shape[1] - right_cut)]
    target = out[rows, first + left_cut : first + left_cut + lung.shape[1]]
    target[lung & (target == 0)] = other
    if not (target == other).any():
        raise BadInput("mask", f"the mirrored {_NAMES[source]} lung would lie outside the film or on itself")
    return out


def midline(labels: Labels, source: int | None = None) -> float:
    """Estimate the column of the thorax' midline.

    Half way between the medial borders of both lungs, as the median over the upper half of the rows that
    both have: the heart reaches into the lower half and would pull the line to the patient's right.
    Where the smaller lung has less than half of the rows of the other one, it says nothing about the
    mediastinum, and the middle of the film is taken.

    Parameters
    ----------
    labels : (H, W) array of uint8
        The mask.
    source : {1, 2}, optional
        A lung that must lie on one side of the line: when the line would cut through the middle of it,
        its medial border is taken instead.

    Returns
    -------
    float
        Column in pixels, 0 is the centre of the first one.
    """
    labels = _checked(labels)
    right, left = labels == RIGHT, labels == LEFT
    has = right.any(axis=1), left.any(axis=1)
    both = np.flatnonzero(has[0] & has[1])
    middle = (labels.shape[1] - 1) / 2
    if both.size and 2 * both.size >= max(int(rows.sum()) for rows in has):
        upper = both[: (both.size + 1) // 2]
        inner_right = labels.shape[1] - 1 - right[upper, ::-1].argmax(axis=1)
        middle = float(np.median((inner_right + left[upper].argmax(axis=1)) / 2))
    box = _box(labels, source) if source is not None else None
    if box is None:
        return middle
    first, last = box[1].start, box[1].stop - 1
    # The patient's right lung lies on the picture's left, so its medial border is its last column.
    if source == RIGHT and middle < (first + last) / 2:
        return last + 0.5
    if source == LEFT and middle > (first + last) / 2:
        return first - 0.5
    return middle


def smooth(labels: Labels, radius: float, *, fill: bool = True) -> Labels:
    """Smooth the outline of each lung.

    The mask is blurred with a Gaussian of standard deviation ``radius / 2`` and cut at one half, so that
    details smaller than about `radius` go and straight edges stay where they are; then
    :func:`clean_up`.

    Parameters
    ----------
    labels : (H, W) array of uint8
        The mask.
    radius : float
        Size of the details to lose, in pixels; 0 only cleans up.
    fill : bool, optional
        Fill holes. False for a mask whose holes mean something, as the opacities in a sensitive mask do.

    Returns
    -------
    (H, W) array of uint8
        Each lung smooth; one that is too thin for `radius` stays as it was.
    """
    labels = _checked(labels)
    if radius < 0:
        raise BadInput("radius", f"it must be 0 or more, not {radius:g}")
    out = np.zeros_like(labels)
    for lung in (RIGHT, LEFT):
        # Blurring reaches two and a half deviations; the film's border goes on as it is.
        box = _box(labels, lung, margin=int(np.ceil(1.25 * radius)))
        if box is None:
            continue
        mask = labels[box] == lung
        if radius > 0:
            share = ndimage.gaussian_filter(mask.astype(np.float32), radius / 2, mode="nearest", truncate=2.5)
            kept = (share >= 0.5) & (mask | (labels[box] == 0))
            mask = kept if kept.any() else mask
        # A lung never takes what the one before it has grown into, nor what the other had.
        out[box][mask & (out[box] == 0)] = lung
    return clean_up(out, fill=fill)


def clean_up(labels: Labels, *, share: float = 0.05, fill: bool = True) -> Labels:
    """Drop islands (:func:`largest_pieces`) and fill holes (:func:`fill_holes`)."""
    labels = largest_pieces(labels, share=share)
    return fill_holes(labels) if fill else labels


def largest_pieces(labels: Labels, *, share: float = 0.05) -> Labels:
    """Drop a lung's islands.

    Parameters
    ----------
    labels : (H, W) array of uint8
        The mask.
    share : float, optional
        4-connected pieces smaller than this share (0 to 1) of the lung's largest piece go; the largest
        always stays.

    Returns
    -------
    (H, W) array of uint8
        The mask without them.
    """
    out = _checked(labels).copy()
    for lung in (RIGHT, LEFT):
        box = _box(out, lung)
        if box is None:
            continue
        parts, number = ndimage.label(out[box] == lung)
        if number > 1:
            sizes = np.bincount(parts.ravel())
            sizes[0] = 0
            small = sizes < share * sizes.max()
            small[0] = False
            out[box][small[parts]] = 0
    return out


def fill_holes(labels: Labels) -> Labels:
    """Fill background that one lung surrounds.

    Parameters
    ----------
    labels : (H, W) array of uint8
        The mask.

    Returns
    -------
    (H, W) array of uint8
        Only background is filled: the other lung's pixels inside a lung stay the other lung's.
    """
    out = _checked(labels).copy()
    for lung in (RIGHT, LEFT):
        box = _box(out, lung)
        if box is None:
            continue
        # A border of one pixel makes all of the outside one part. Labelling is many times quicker than
        # scipy's binary_fill_holes, which dilates until nothing changes.
        outside = np.pad(out[box] != lung, 1, constant_values=True)
        parts, _ = ndimage.label(outside)
        holes = (parts != parts[0, 0])[1:-1, 1:-1] & (out[box] == 0)
        out[box][holes] = lung
    return out


def difference(labels: Labels, automatic: Labels) -> Labels:
    """Tell what a person changed.

    Parameters
    ----------
    labels, automatic : (H, W) array of uint8
        The person's mask and the automatic one.

    Returns
    -------
    (H, W) array of uint8
        0 unchanged, 1 added by the person, 2 taken away, 3 changed side.

    Raises
    ------
    BadInput
        If the masks differ in size.
    """
    labels, automatic = _checked(labels), _checked(automatic)
    if labels.shape != automatic.shape:
        raise BadInput("mask", f"its shape is {labels.shape}, the automatic one's is {automatic.shape}")
    return _DIFFERENCE[3 * automatic + labels]


_NAMES = {RIGHT: "right", LEFT: "left"}
_DIFFERENCE = np.array(
    [0, ADDED, ADDED, TAKEN, 0, SIDE_CHANGED, TAKEN, SIDE_CHANGED, 0], np.uint8
)  # at 3 * automatic + label


def _checked(labels: Labels) -> Labels:
    """Return labels as uint8; raises BadInput for anything else than a lung mask."""
    labels = np.asarray(labels)
    if labels.ndim != 2 or labels.dtype.kind not in "iub":
        raise BadInput(
            "mask", f"a lung mask is a 2-D label image, not {labels.dtype} of shape {labels.shape}"
        )
    if labels.size and (labels.min() < 0 or labels.max() > LEFT):
        raise BadInput("mask", "lung masks hold 0, 1 (right) and 2 (left)")
    return labels.astype(np.uint8, copy=False)


def _box(labels: Labels, lung: int, *, margin: int = 0) -> Box | None:
    """Return the bounding box of a lung, `margin` pixels wider where the film goes on; None without it."""
    if lung not in _NAMES:
        raise BadInput("lung", f"it is 1 (right) or 2 (left), not {lung}")
    mask = labels == lung
    rows = np.flatnonzero(mask.any(axis=1))
    if rows.size == 0:
        return None
    columns = np.flatnonzero(mask[rows[0] : rows[-1] + 1].any(axis=0))
    return (
        slice(max(0, int(rows[0]) - margin), int(rows[-1]) + 1 + margin),
        slice(max(0, int(columns[0]) - margin), int(columns[-1]) + 1 + margin),
    )
