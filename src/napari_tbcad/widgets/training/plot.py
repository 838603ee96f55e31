"""What a small plot needs beside a painter: readable colours, thinned points, labels that do not overlap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from qtpy.QtGui import QColor

from napari_tbcad.schemes import NETWORK_SCHEMES

_WHEEL = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#999999")
"""Okabe and Ito's colours, for classes to which their scheme gives none."""
_CONTRAST = 3.0
"""Least contrast of a line with its background (WCAG 2.1, 1.4.11)."""


def class_colours(task: str) -> dict[str, str]:
    """Return ``#RRGGBB`` of every class of a task but the background, in the order of the scheme."""
    scheme = NETWORK_SCHEMES.get(task)
    names = [scheme.names[value] for value in sorted(scheme.names) if value] if scheme is not None else []
    given: Mapping[str, str] = scheme.colours if scheme is not None else {}
    return {name: given.get(name) or _WHEEL[place % len(_WHEEL)] for place, name in enumerate(names)}


def spare_colour(place: int) -> str:
    """Return a colour for a class that no scheme names."""
    return _WHEEL[place % len(_WHEEL)]


def readable(colour: str, background: QColor) -> QColor:
    """Return a colour, lighter or darker where it would hardly be seen on a background."""
    return QColor(_readable(colour, background.rgb()))


@lru_cache(maxsize=256)
def _readable(colour: str, rgb: int) -> QColor:
    background = QColor.fromRgb(rgb)
    found = QColor(colour)
    back = _luminance(background)
    for _ in range(12):
        one, other = sorted((_luminance(found), back))
        if (other + 0.05) / (one + 0.05) >= _CONTRAST:
            break
        found = found.darker(115) if back > 0.4 else _lighter(found)
    return found


def thinned(
    x: NDArray[np.float64], y: NDArray[np.float64], *, low: float, high: float, columns: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return what a curve of many points covers in each pixel column.

    Parameters
    ----------
    x, y : (n,) array of float64
        The points; x never decreases.
    low, high : float
        Values of x at the two ends.
    columns : int
        Number of pixel columns.

    Returns
    -------
    columns : (m,) array of int64
        Columns in which there are points, m ≤ `columns`.
    lowest, highest : (m,) array of float64
        Range of y there.
    """
    if not len(x) or high <= low or columns < 1:
        return np.empty(0, np.int64), np.empty(0), np.empty(0)
    place = np.clip((x - low) / (high - low) * (columns - 1), 0, columns - 1).astype(np.int64)
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    return place[starts], np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts)


def apart(wanted: Sequence[float], step: float, low: float, high: float) -> list[float]:
    """Return places as near to the wanted ones as can be, at least `step` apart, between low and high.

    Parameters
    ----------
    wanted : sequence of float
        In any order; the result is in the same.
    step : float
        Least distance, smaller where there is no room for it.
    low, high : float
        First and last place.
    """
    if not wanted:
        return []
    step = min(step, (high - low) / max(1, len(wanted) - 1))
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    places = [min(max(wanted[index], low), high) for index in order]
    for index in range(1, len(places)):
        places[index] = max(places[index], places[index - 1] + step)
    places[-1] = min(places[-1], high)
    for index in range(len(places) - 2, -1, -1):
        places[index] = min(places[index], places[index + 1] - step)
    found = [0.0] * len(wanted)
    for index, place in zip(order, places, strict=True):
        found[index] = place
    return found


def ticks(low: float, high: float, most: int = 4) -> list[float]:
    """Return round numbers between two others, at most so many."""
    if not high > low:
        return [low]
    rough = (high - low) / most
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return [float(value) for value in np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step]


def _luminance(colour: QColor) -> float:
    parts = np.array([colour.redF(), colour.greenF(), colour.blueF()])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def _lighter(colour: QColor) -> QColor:
    # QColor.lighter leaves the value as it is where it is at its most, and black black.
    share = 0.15
    mixed = [part + share * (1 - part) for part in (colour.redF(), colour.greenF(), colour.blueF())]
    return QColor.fromRgbF(*mixed)
