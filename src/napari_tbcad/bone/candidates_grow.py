"""Peaks grown to instances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.bone.candidates_maps import ALL_ZONES, ViewMaps
from napari_tbcad.bone.candidates_peaks import FEATURES, Peaks, sides

MAX_CANDIDATES = 60
"""At most so many instances a view."""

GROW_LIMIT_MM, FAR_LIMIT_MM = 60.0, 150.0
"""How far from its peak a candidate may reach in rows and columns; the latter where it is far hotter."""


@dataclass(frozen=True)
class Candidate:
    """One instance and what was measured at its peak.

    Parameters
    ----------
    id : int
        Its value in the label image.
    zone : str
        Region, or zone outside the regions, of its peak.
    score : float
        In [0, 1].
    row, column : int
        Its peak.
    area_mm2 : float
        Its pixels.
    features : mapping of str to float
        As measured by :func:`~napari_tbcad.bone.candidates_peaks.measure`.
    """

    id: int
    zone: str
    score: float
    row: int
    column: int
    area_mm2: float
    features: Mapping[str, float]


def grow_peaks(
    maps: ViewMaps, peaks: Peaks, *, threshold: float, fraction: float, first: int = 1
) -> tuple[NDArray[np.uint16], list[Candidate]]:
    """Grow the peaks above the threshold, the best first; a peak inside an earlier instance is part of it.

    Parameters
    ----------
    maps : ViewMaps
    peaks : Peaks
    threshold : float
        Least score, in [0, 1].
    fraction : float
        The edge lies where the fine counts fall to this fraction of the peak's rise over its surroundings.
    first : int, optional
        Id of the first instance.

    Returns
    -------
    labels : (H, W) array of uint16
    candidates : list of Candidate
        In order of falling score; a higher threshold gives the first of them, the same pixels each.
    """
    labels = np.zeros(maps.fine.shape, np.uint16)
    found: list[Candidate] = []
    for n in range(len(peaks.rows)):
        if peaks.scores[n] < threshold or len(found) >= MAX_CANDIDATES:
            break
        seed = int(peaks.rows[n]), int(peaks.columns[n])
        if labels[seed]:
            continue
        where, pixels = grow_peak(maps, seed, fraction)
        number = first + len(found)
        pixels &= labels[where] == 0
        labels[where][pixels] = number
        area = float(pixels.sum()) * maps.spacing[0] * maps.spacing[1]
        values = dict(zip(FEATURES, peaks.features[n].tolist(), strict=True))
        found.append(
            Candidate(number, ALL_ZONES[peaks.zones[n]], float(peaks.scores[n]), *seed, area, values)
        )
    return labels, found


def candidate_at(maps: ViewMaps, row: int, column: int, area_px: int) -> Candidate:
    """Return a place of a view, found by other means, as a candidate.

    Parameters
    ----------
    maps : ViewMaps
    row, column : int
        The place.
    area_px : int
        Pixels of what was found there.

    Returns
    -------
    Candidate
        With its zone, and of the features those that tell a place: asymmetry and distance from the axis.
    """
    asymmetry, lateral = sides(maps, np.array([row]), np.array([column]))
    values = {"asymmetry": float(asymmetry[0]), "lateral": float(lateral[0])}
    area = area_px * maps.spacing[0] * maps.spacing[1]
    return Candidate(0, ALL_ZONES[maps.zones[row, column]], 1.0, row, column, area, values)


def grow_peak(
    maps: ViewMaps, seed: tuple[int, int], fraction: float
) -> tuple[tuple[slice, slice], NDArray[np.bool_]]:
    """Grow one peak.

    The edge lies at a fraction of the way up from the floor to the peak. The floor is the surroundings' mean,
    at most 2.5 times the zone's median (a large hotspot raises its own surroundings). A hotspot whose edge is
    well above what the zone has elsewhere cannot run along the bone and may reach farther.

    Parameters
    ----------
    maps : ViewMaps
    seed : (int, int)
        Row and column of the peak.
    fraction : float
        Where between floor and peak the edge lies.

    Returns
    -------
    where : (slice, slice)
        A window about the peak.
    pixels : array of bool
        The pixels of the window that belong to it: one piece, with the peak.
    """
    peak, usual = float(maps.fine[seed]), float(maps.reference[maps.zones[seed]])
    floor = min(float(maps.surroundings[seed]), 2.5 * usual, peak)
    edge = floor + fraction * (peak - floor)
    limit = GROW_LIMIT_MM if edge < 2 * usual else FAR_LIMIT_MM
    first = [max(at - max(2, round(limit / s)), 0) for at, s in zip(seed, maps.spacing, strict=True)]
    last = [at + max(2, round(limit / s)) + 1 for at, s in zip(seed, maps.spacing, strict=True)]
    where = slice(first[0], last[0]), slice(first[1], last[1])
    parts, _ = ndimage.label(maps.fine[where] >= edge)
    return where, parts == parts[seed[0] - first[0], seed[1] - first[1]]
