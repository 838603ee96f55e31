"""Instances of hotspots in a map of probabilities: where one ends, and where two that touch are parted.

Nothing here depends on an operating point: a threshold only chooses among the instances.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

FLOOR = 0.02
"""Probability below which nothing is looked at."""

SADDLE = 0.8
"""Two peaks are one instance when the way between them never falls below this share of the lower peak."""

LEAST_PX = 4
"""Smaller instances are specks, and dropped; smaller parts of another class belong to their neighbour."""

_AROUND = np.ones((3, 3), bool)


@dataclass(frozen=True)
class Instance:
    """One instance and what was asked of its pixels.

    Parameters
    ----------
    id : int
        Its value in the label image.
    row, column : int
        Its most probable pixel; of equals the first.
    score : float
        Largest smoothed probability of being a hotspot, in [0, 1].
    abnormal : float
        Share of the abnormal class in the probabilities of its pixels, in [0, 1].
    area_px : int
        Its pixels.
    """

    id: int
    row: int
    column: int
    score: float
    abnormal: float
    area_px: int


def find_instances(
    probabilities: NDArray[np.float32], *, edge: float, sigma: tuple[float, float] = (0.0, 0.0)
) -> tuple[NDArray[np.uint16], list[Instance]]:
    """Find the instances of a view.

    Every local maximum of the probability of being a hotspot, of either class, has its basin (watershed);
    basins are joined over saddles that are hardly lower than the lower of their peaks; of each, the pixels
    from a share of its peak on are kept. Its score is the peak after smoothing: networks are soon sure of a
    single pixel, so that most peaks come near 1, and only how far a hotspot reaches tells them apart.

    Parameters
    ----------
    probabilities : (2, H, W) array of float32
        Of abnormal and normal hotspots.
    edge : float
        Share of an instance's peak at which it ends, in (0, 1].
    sigma : (float, float), optional
        Standard deviation in rows and columns, in pixels, of the Gaussian for the scores.

    Returns
    -------
    labels : (H, W) array of uint16
    instances : list of Instance
        In order of falling score, their ids 1, 2, ….
    """
    hot = probabilities.sum(axis=0)
    smooth = ndimage.gaussian_filter(hot, sigma, mode="nearest", truncate=3.0)
    basins = _joined(_basins(hot, probabilities[0] > probabilities[1]), hot)
    labels = np.zeros(hot.shape, np.uint16)
    found: list[Instance] = []
    for where, inside in _pieces(basins):
        value = np.where(inside, hot[where], 0)
        place = np.unravel_index(int(value.argmax()), value.shape)
        parts, _ = ndimage.label(value >= edge * value[place], _AROUND)
        pixels = parts == parts[place]
        area = int(pixels.sum())
        if area < LEAST_PX:
            continue
        sums = probabilities[(slice(None), *where)][:, pixels].sum(axis=1)
        labels[where][pixels] = len(found) + 1
        row, column = int(place[0]) + where[0].start, int(place[1]) + where[1].start
        score, abnormal = float(smooth[where][pixels].max()), float(sums[0] / sums.sum())
        found.append(Instance(len(found) + 1, row, column, score, abnormal, area))
    return _numbered(labels, found)


def _basins(hot: NDArray[np.float32], abnormal: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return the basins of all local maxima, 0 below the floor; they end at borders of the classes."""
    from skimage.segmentation import watershed

    warm = hot >= FLOOR
    top = warm & (hot == ndimage.maximum_filter(hot, size=3, mode="nearest"))
    basins = np.zeros(hot.shape, np.int32)
    for of_class in (abnormal, ~abnormal):
        seeds, number = ndimage.label(top & of_class, _AROUND)
        # A piece of this class without a maximum of its own is a seed as a whole.
        pieces, n_pieces = ndimage.label(warm & of_class, _AROUND)
        seeded = np.zeros(n_pieces + 1, bool)
        seeded[pieces[seeds > 0]] = True
        rest = (pieces > 0) & ~seeded[pieces]
        seeds[rest] = pieces[rest] + number
        found = watershed(-hot, seeds, mask=warm & of_class, connectivity=2)
        basins[found > 0] = found[found > 0] + basins.max()
    return basins


def _joined(basins: NDArray[np.int32], hot: NDArray[np.float32]) -> NDArray[np.int32]:
    """Join basins over saddles that are hardly lower than the lower peak, the highest saddle first."""
    number = int(basins.max())
    if not number:
        return basins
    inside, peaks = basins > 0, np.zeros(number + 1)
    np.maximum.at(peaks, basins[inside], hot[inside])
    peak = peaks.tolist()
    root = list(range(number + 1))

    def of(one: int) -> int:
        while root[one] != one:
            root[one] = root[root[one]]
            one = root[one]
        return one

    for saddle, one, other in _saddles(basins, hot):
        a, b = of(one), of(other)
        if a != b and saddle >= SADDLE * min(peak[a], peak[b]):
            low, high = sorted((a, b))
            root[high] = low
            peak[low] = max(peak[a], peak[b])
    return np.array([of(n) for n in range(number + 1)], np.int32)[basins]


def _saddles(basins: NDArray[np.int32], hot: NDArray[np.float32]) -> list[tuple[float, int, int]]:
    """Return the highest way between each two basins that touch, the highest first."""
    # A frame of nothing: the neighbour of every pixel that counts is a fixed step away in the flat array.
    names, values = np.pad(basins, 1).ravel(), np.pad(hot, 1).ravel()
    inside = np.flatnonzero(names)
    ones, others, lower = [], [], []
    for step in (1, (width := basins.shape[1] + 2) - 1, width, width + 1):
        one, other = names[inside], names[inside + step]
        border = (one != other) & (other > 0)
        ones.append(np.minimum(one, other)[border])
        others.append(np.maximum(one, other)[border])
        lower.append(np.minimum(values[inside], values[inside + step])[border])
    one, other, value = (np.concatenate(parts) for parts in (ones, others, lower))
    order = np.lexsort((-value, other, one))
    one, other, value = one[order], other[order], value[order]
    first = np.ones(one.size, bool)
    first[1:] = (one[1:] != one[:-1]) | (other[1:] != other[:-1])
    one, other, value = one[first], other[first], value[first]
    order = np.argsort(-value, kind="stable")
    return list(zip(value[order].tolist(), one[order].tolist(), other[order].tolist(), strict=True))


def _pieces(basins: NDArray[np.int32]) -> Iterator[tuple[tuple[slice, slice], NDArray[np.bool_]]]:
    """Yield the window of each basin and its pixels there."""
    for number, where in enumerate(ndimage.find_objects(basins), start=1):
        if where is not None:
            yield where, basins[where] == number


def _numbered(labels: NDArray[np.uint16], found: list[Instance]) -> tuple[NDArray[np.uint16], list[Instance]]:
    """Number instances in order of falling score."""
    order = sorted(found, key=lambda one: (-one.score, one.row, one.column))
    table = np.zeros(len(found) + 1, np.uint16)
    for number, one in enumerate(order, start=1):
        table[one.id] = number
    named = [
        Instance(number, one.row, one.column, one.score, one.abnormal, one.area_px)
        for number, one in enumerate(order, start=1)
    ]
    return table[labels], named
