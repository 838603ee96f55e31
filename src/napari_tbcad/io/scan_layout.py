"""How a picture of a bone scan is laid out: dark or light ground, one body or two side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

_GROUND = 0.03  # of the highest column sum: between two bodies there is less
_DEEP = 0.4  # of the highest column sum: no ground shows where the lowest is above this
_BODY_HEIGHT, _BODY_COUNTS = 0.6, 0.25  # of the tallest and the brightest piece
_ALIKE = 0.75  # correlation of the row sums of two views of one body
_LEAST_LETTERS = 8


def looks_inverted(pixels: NDArray[np.floating]) -> bool:
    """Tell whether a body lies dark on a light ground: border and most pixels are in the upper half."""
    middle = (float(pixels.min()) + float(pixels.max())) / 2
    border = np.concatenate(
        [pixels[:2].ravel(), pixels[-2:].ravel(), pixels[:, :2].ravel(), pixels[:, -2:].ravel()]
    )
    return float(np.median(border)) > middle and float(np.median(pixels)) > middle


def looks_like_labels(pixels: NDArray[Any]) -> bool:
    """Tell whether an image is a mask or label image: few values, in patches of one value."""
    values = np.unique(pixels)
    if not 2 <= len(values) <= 16:
        return False
    inside = pixels[:, 1:] != values[0]
    same = pixels[:, 1:] == pixels[:, :-1]
    return bool(inside.sum() > 64 and same[inside].mean() > 0.85)


def bodies(pixels: NDArray[np.floating]) -> list[tuple[int, int]]:
    """Return the first and the last column + 1 of every body in a picture, from left to right."""
    smooth = ndimage.gaussian_filter1d(pixels.sum(axis=0, dtype=np.float64), max(1.0, pixels.shape[1] / 256))
    if smooth.min() > _DEEP * smooth.max():
        return [(0, pixels.shape[1])]
    labels, number = ndimage.label(smooth > smooth.min() + _GROUND * np.ptp(smooth))
    pieces = [(int(p[0].start), int(p[0].stop)) for p in ndimage.find_objects(labels)][:number]
    heights, counts = [], []
    ground = float(np.percentile(pixels, 20))
    for a, b in pieces:
        rows = (pixels[:, a:b] - ground).clip(0).sum(axis=1, dtype=np.float64)
        heights.append(int((rows > 0.1 * rows.mean()).sum()) if rows.any() else 0)
        counts.append(float(rows.sum()))
    return [
        piece
        for piece, height, count in zip(pieces, heights, counts, strict=True)
        if height >= _BODY_HEIGHT * max(heights) and count >= _BODY_COUNTS * max(counts)
    ]


def halves(
    pixels: NDArray[np.float32], found: list[tuple[int, int]]
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Part a picture of two bodies side by side between them.

    Parameters
    ----------
    pixels : (H, W) array of float32
        Bodies bright on a dark ground.
    found : list of two (int, int)
        From :func:`bodies`.

    Returns
    -------
    two (H, W') arrays, or None
        Left and right, of one size (the narrower is filled up with ground at its outer side); None when
        the two pieces are not of one body's size and layout.
    """
    (_, first_end), (second_start, _) = found
    sums = [pixels[:, a:b].sum(axis=1, dtype=np.float64) for a, b in found]
    smooth = [ndimage.gaussian_filter1d(s, max(1.0, len(s) / 100)) for s in sums]
    if float(np.corrcoef(smooth[0], smooth[1])[0, 1]) < _ALIKE:
        return None
    centre = pixels.shape[1] // 2
    at = centre if first_end <= centre <= second_start else (first_end + second_start) // 2
    width = max(at, pixels.shape[1] - at)
    ground = float(pixels.min())
    left = np.full((pixels.shape[0], width), ground, np.float32)
    right = left.copy()
    left[:, width - at :] = pixels[:, :at]
    right[:, : pixels.shape[1] - at] = pixels[:, at:]
    return left, right


def letters(pixels: NDArray[np.floating]) -> int:
    """Count the small, sharp pieces of highest brightness on dark ground, such as letters and marks."""
    highest = float(pixels.max())
    bright = pixels >= 0.6 * highest
    if bright.mean() > 0.05:
        return 0
    labels, number = ndimage.label(bright, structure=np.ones((3, 3)))
    if number < _LEAST_LETTERS:
        return 0
    sizes = np.bincount(labels.ravel())[1:]
    ring = ndimage.grey_dilation(labels, size=(5, 5))
    ring[ndimage.binary_dilation(bright, iterations=1)] = 0
    with np.errstate(invalid="ignore", divide="ignore"):  # a piece wholly within another's ring has none
        around = ndimage.mean(pixels, ring, np.arange(1, number + 1))
    sharp = (sizes >= 6) & (sizes <= 400) & (np.nan_to_num(around, nan=highest) < 0.15 * highest)
    return int(sharp.sum()) if sharp.sum() >= _LEAST_LETTERS else 0
