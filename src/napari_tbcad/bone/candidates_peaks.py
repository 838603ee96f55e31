"""Peaks of a view, what is measured at each, and the linear score."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.bone.candidates_maps import SCALES_MM, ZONE_NAMES, ViewMaps
from napari_tbcad.schemes import REGION_NAMES

FEATURES = ("region", "region_coarse", "contrast", "contrast_coarse", "asymmetry", "noise")
"""Measured at every peak; see :func:`measure`."""

MIRROR_MM = 18.0
"""How far from its mirrored place the contralateral maximum may lie."""


@dataclass(frozen=True, eq=False)
class Peaks:
    """Peaks of one view.

    Parameters
    ----------
    rows, columns : (N,) array of int
    zones : (N,) array of int
        Region, or zone outside the regions.
    features : (N, F) array of float32
        Columns as in :data:`FEATURES`.
    scores : (N,) array of float32
        Linear score: logit of a hotspot.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    zones: NDArray[np.uint8]
    features: NDArray[np.float32]
    scores: NDArray[np.float32]


@cache
def model() -> dict[str, Any]:
    """Return the coefficients of the score with where they come from."""
    text = resources.files("napari_tbcad.bone").joinpath("candidates_model.json").read_text("utf-8")
    return json.loads(text)


def find_peaks(maps: ViewMaps) -> Peaks:
    """Find the peaks of a view and score them.

    Parameters
    ----------
    maps : ViewMaps
        The view.

    Returns
    -------
    Peaks
        Local maxima of the fine counts that stand above a third of the view's bone level, in order of
        falling score.
    """
    fine = maps.fine
    size = [max(3, 2 * round(7.0 / s) + 1) for s in maps.spacing]
    top = (fine == ndimage.maximum_filter(fine, size=size, mode="nearest")) & (fine > maps.level / 3)
    rows, columns = np.nonzero(top)
    features = measure(maps, rows, columns)
    zones = maps.zones[rows, columns]
    scores = score(features, zones)
    order = np.lexsort((columns, rows, -scores))
    return Peaks(rows[order], columns[order], zones[order], features[order], scores[order])


def measure(maps: ViewMaps, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float32]:
    """Measure peaks.

    Parameters
    ----------
    maps : ViewMaps
        The view.
    rows, columns : (N,) array of int
        Where the peaks are.

    Returns
    -------
    (N, 6) array of float32
        ``region``, ``region_coarse``: logarithm of the fine (coarse) counts over the median of the peak's
        own zone; ``contrast``, ``contrast_coarse``: the same over the surroundings;
        ``asymmetry``: the same over the brightest place near the mirrored one; ``noise``: logarithm of one
        plus the rise over the surroundings in standard deviations of counting noise. A share of the view's
        bone level is added to both parts of each ratio, so that faint places do not give large ones.
    """
    level = maps.level
    soft = 0.3 * level
    fine, coarse = maps.fine[rows, columns], maps.coarse[rows, columns]
    around = maps.surroundings[rows, columns]
    zone = np.array([maps.reference.get(z, (level, 0.0))[0] for z in maps.zones[rows, columns].tolist()])
    own = np.log((fine + soft) / (zone + soft))
    own_coarse = np.log((coarse + soft) / (zone + soft))
    rise = np.log((fine + soft) / (around + soft))
    rise_coarse = np.log((coarse + soft) / (around + soft))
    side = np.log((fine + soft) / (_mirrored(maps, rows, columns) + soft))
    area = 4 * np.pi * np.prod([SCALES_MM[0] / s for s in maps.spacing])
    noise = np.log1p(np.maximum(fine - around, 0) / np.sqrt(np.maximum(around, 0.05 * level) / area))
    return np.stack([own, own_coarse, rise, rise_coarse, side, noise], axis=1).astype(np.float32)


def _mirrored(maps: ViewMaps, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return the largest fine counts near the mirrored place of each peak; 0 outside the image.

    A peak near the midline is compared with the other side of its own neighbourhood, never with itself.
    """
    offset, slope = maps.axis
    down, across = (max(1, round(MIRROR_MM / s)) for s in maps.spacing)
    height, width = maps.fine.shape
    found = np.zeros(len(rows), np.float32)
    for n, (row, column) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
        middle = offset + slope * row
        mirror = round(2 * middle - column)
        low, high = max(mirror - across, 0), min(mirror + across + 1, width)
        if column > middle:
            high = min(high, int(middle) + 1)
        else:
            low = max(low, int(np.ceil(middle)))
        if low < high:
            found[n] = maps.fine[max(row - down, 0) : min(row + down + 1, height), low:high].max()
    return found


def score(features: NDArray[np.float32], zones: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the logit of each peak: a sum of features weighted as in the stored model, plus its zone's."""
    stored = model()
    weights = np.array([stored["weights"][name] for name in FEATURES], np.float32)
    names = ("nowhere", *REGION_NAMES, *ZONE_NAMES)
    offsets = np.array([stored["zones"].get(name, 0.0) for name in names], np.float32)
    return features @ weights + offsets[zones] + np.float32(stored["offset"])
