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

from napari_tbcad.bone.axis import Pairing
from napari_tbcad.bone.candidates_maps import ALL_ZONES, ViewMaps
from napari_tbcad.imaging.bonescan import ViewName

FEATURES = ("region", "blob", "asymmetry", "lateral", "partner")
"""Measured at every peak; see :func:`measure`."""

SOFT = 0.3
"""Share of the bone level that damps each ratio."""

PEAK_MM = 7.0
"""A peak is the largest so far around in rows and columns."""

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
        In [0, 1]; see :func:`score`.
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


def find_peaks(maps: ViewMaps, other: ViewMaps | None = None, pairing: Pairing | None = None) -> Peaks:
    """Find the peaks of a view and score them.

    Parameters
    ----------
    maps : ViewMaps
        The view.
    other : ViewMaps, optional
        The other view.
    pairing : Pairing, optional
        How the two lie on each other.

    Returns
    -------
    Peaks
        Local maxima of the fine counts that stand above a third of the view's bone level, in order of
        falling score.
    """
    fine = maps.fine
    size = [2 * max(1, round(PEAK_MM / s)) + 1 for s in maps.spacing]
    top = (fine == ndimage.maximum_filter(fine, size=size, mode="nearest")) & (fine > maps.level / 3)
    rows, columns = np.nonzero(top)
    features = measure(maps, rows, columns, other, pairing)
    zones = maps.zones[rows, columns]
    scores = score(features, zones)
    order = np.lexsort((columns, rows, -scores))
    return Peaks(rows[order], columns[order], zones[order], features[order], scores[order])


def measure(
    maps: ViewMaps,
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    other: ViewMaps | None = None,
    pairing: Pairing | None = None,
) -> NDArray[np.float32]:
    """Measure peaks.

    Parameters
    ----------
    maps : ViewMaps
        The view.
    rows, columns : (N,) array of int
        Where the peaks are.
    other, pairing : optional
        The other view and how the two lie on each other.

    Returns
    -------
    (N, 5) array of float32
        With f the fine counts, L the view's bone level and s = 0.3 L (added to both parts of a ratio, so
        that faint places do not give large ones):

        ``region``
            arsinh ((f - m) / (d + 0.1 m + 0.05 L)), m the median and d the scaled median absolute deviation
            of the peak's own zone: a robust z-score.
        ``blob``
            arsinh (4 b / L), b the difference of Gaussians.
        ``asymmetry``
            ln (f + s) / (f' + s), f' the largest near the mirrored place.
        ``lateral``
            Distance from the patient's axis in units of 150 mm.
        ``partner``
            ln (f' + s) / (u + s), f' the largest and u the surroundings at the same place in the other
            view; 0 without one.
    """
    level = maps.level
    fine = maps.fine[rows, columns]
    zones = maps.zones[rows, columns]
    middle, spread = maps.reference[zones], maps.spread[zones]
    region = np.arcsinh((fine - middle) / (spread + 0.1 * middle + 0.05 * level))
    blob = np.arcsinh(4 * maps.blob[rows, columns] / level)
    side, lateral = sides(maps, rows, columns)
    partner = _partner(maps.name, rows, columns, other, pairing)
    return np.stack([region, blob, side, lateral, partner], axis=1).astype(np.float32)


def sides(
    maps: ViewMaps, rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Return asymmetry and distance from the axis of places; see :func:`measure`."""
    soft = SOFT * maps.level
    lateral = np.abs(columns - maps.axis.column(rows)) * maps.spacing[1] / 150
    asymmetry = np.log((maps.fine[rows, columns] + soft) / (_mirrored(maps, rows, columns) + soft))
    return asymmetry, lateral


def _partner(
    view: ViewName,
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    other: ViewMaps | None,
    pairing: Pairing | None,
) -> NDArray[np.float32]:
    """Return how far the same place in the other view stands out there."""
    if other is None or pairing is None:
        return np.zeros(len(rows), np.float32)
    there = pairing.place(view, rows, columns)
    height, width = other.fine.shape
    r, c = (np.clip(np.rint(x), 0, n - 1).astype(int) for x, n in zip(there, (height, width), strict=True))
    soft = SOFT * other.level
    return np.log((other.brightest[r, c] + soft) / (other.surroundings[r, c] + soft))


def _mirrored(maps: ViewMaps, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return the largest fine counts near the mirrored place of each peak; 0 outside the image.

    A peak near the midline is compared with the other side of its own neighbourhood, never with itself.
    """
    down, across = (max(1, round(MIRROR_MM / s)) for s in maps.spacing)
    height, width = maps.fine.shape
    middles = maps.axis.column(rows)
    mirrors = np.rint(maps.axis.mirror(rows, columns)).astype(int)
    found = np.zeros(len(rows), np.float32)
    for n, (row, column, middle) in enumerate(zip(*mirrors.tolist(), middles.tolist(), strict=True)):
        low, high = max(column - across, 0), min(column + across + 1, width)
        if columns[n] > middle:
            high = min(high, int(middle) + 1)
        else:
            low = max(low, int(np.ceil(middle)))
        part = maps.fine[max(row - down, 0) : min(row + down + 1, height), low : max(high, low)]
        found[n] = part.max(initial=0)
    return found


def score(features: NDArray[np.float32], zones: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the score of each peak in [0, 1].

    Logistic function of a sum of features weighted as in the stored model, plus its zone's constant.
    """
    stored = model()
    weights = np.array([stored["weights"][name] for name in FEATURES], np.float32)
    offsets = np.array([stored["zones"].get(name, 0.0) for name in ALL_ZONES], np.float32)
    total = features.astype(np.float64) @ weights + offsets[zones] + stored["offset"]
    return (1 / (1 + np.exp(-total))).astype(np.float32)
