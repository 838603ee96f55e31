"""The patient's axis in a view, and how the two views lie on each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.imaging.bonescan import BoneScan, ViewName, facing
from napari_tbcad.imaging.morphology import fill_holes
from napari_tbcad.schemes import REGION_IDS

_MIDLINE = ("skull", "cervical", "thoracic", "sternum", "lumbar", "sacrum", "pelvis")
_ON_MIDLINE = np.isin(np.arange(256), [REGION_IDS[name] for name in _MIDLINE])
_LEAST_ROWS = 20
_SMOOTHING_PX = 2.0
_LEAST_AGREEMENT = 0.35
_MOST_SHIFT = 0.025
"""Share of the rows that one view may lie below the other."""


@dataclass(frozen=True)
class Axis:
    """A line from head to feet that may bend at the hips, since legs lie where they are put.

    Parameters
    ----------
    at_top : float
        Column at row 0.
    slope : float
        Columns a row, down to `hips`.
    hips : float
        Row below which `slope_below` holds.
    slope_below : float
        Columns a row between the legs.
    """

    at_top: float
    slope: float = 0.0
    hips: float = np.inf
    slope_below: float = 0.0

    def column(self, row: Any) -> Any:
        """Return the axis' column in a row (or rows)."""
        row = np.asarray(row, float)
        bent = self.slope_below * (row - self.hips) if np.isfinite(self.hips) else 0.0
        return self.at_top + self.slope * np.minimum(row, self.hips) + np.where(row > self.hips, bent, 0.0)

    def mirror(self, rows: Any, columns: Any) -> tuple[Any, Any]:
        """Return places reflected in the axis."""
        rows, columns = np.asarray(rows, float), np.asarray(columns, float)
        slope = np.where(rows > self.hips, self.slope_below, self.slope)
        away = (columns - self.column(rows)) / (1 + slope**2)
        return rows + 2 * away * slope, columns - 2 * away


def body(counts: NDArray[Any]) -> NDArray[np.bool_]:
    """Return the patient's silhouette in a view; (H, W) bool.

    Pixels whose smoothed counts (σ 2 px) exceed a quarter of the body's median, holes filled. The body's
    median is that of pixels above a tenth of the 99th percentile: neither the air around the patient nor a
    few very hot pixels (bladder, injection site) move it.
    """
    return fill_holes(_lit(ndimage.gaussian_filter(np.asarray(counts, np.float32), _SMOOTHING_PX)))


def _lit(smooth: NDArray[np.float32]) -> NDArray[np.bool_]:
    # Every second pixel of the rows tells the percentiles as well.
    some = smooth[::2]
    body_values = some[some > 0.1 * np.percentile(some, 99)]
    return smooth > 0.25 * np.median(body_values) if body_values.size else np.zeros(smooth.shape, bool)


def find_axis(counts: NDArray[Any], regions: NDArray[np.uint8] | None = None) -> Axis:
    """Find the patient's axis.

    A straight line through the middles, row by row, of the regions that lie on it (skull, spine, sternum,
    sacrum, pelvis), and below them one between the legs; where there are no regions, through the middles of
    the silhouette. The fit is robust (Theil and Sen), since arms lie unevenly.

    Parameters
    ----------
    counts : (H, W) array
        One view.
    regions : (H, W) array of uint8, optional
        Its skeleton regions.
    """
    lit = _lit(ndimage.gaussian_filter(np.asarray(counts, np.float32), _SMOOTHING_PX))
    if regions is not None:
        inside = _ON_MIDLINE[regions]
        if inside.any(axis=1).sum() >= _LEAST_ROWS:
            return _bent_at_hips(_axis_of(inside), int(np.flatnonzero(inside.any(axis=1))[-1]), lit)
    return _axis_of(lit)


def _bent_at_hips(trunk: Axis, hips: int, lit: NDArray[np.bool_]) -> Axis:
    """Continue the axis of the trunk between the legs, where there are some."""
    legs = lit[hips + 1 :]
    rows = np.flatnonzero(legs.any(axis=1)) + 1
    # Near the hips a pixel more on one side is a steep slope, and hands lie beside the thighs.
    rows = rows[rows > lit.shape[0] // 10]
    if rows.size < _LEAST_ROWS:
        return trunk
    first, last = _ends(legs[rows - 1])
    slope = float(np.median(((first + last) / 2 - trunk.column(hips)) / rows))
    return Axis(trunk.at_top, trunk.slope, float(hips), slope)


def _ends(inside: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the columns of the first and the last pixel of each row."""
    return inside.argmax(axis=1), inside.shape[1] - 1 - inside[:, ::-1].argmax(axis=1)


def _axis_of(inside: NDArray[np.bool_]) -> Axis:
    """Fit the axis to the middles between the first and the last pixel of each row."""
    width = inside.shape[1]
    rows = np.flatnonzero(inside.any(axis=1))
    if rows.size == 0:
        return Axis((width - 1) / 2)
    first, last = _ends(inside[rows])
    middles = (first + last) / 2
    if rows.size < _LEAST_ROWS:
        return Axis(float(np.median(middles)))
    chosen = np.linspace(0, rows.size - 1, min(rows.size, 120)).astype(int)
    r, c = rows[chosen].astype(float), middles[chosen]
    i, j = np.triu_indices(r.size, 1)
    far = r[j] - r[i] > (r[-1] - r[0]) / 4
    slope = float(np.median((c[j] - c[i])[far] / (r[j] - r[i])[far])) if far.any() else 0.0
    return Axis(float(np.median(c - slope * r)), slope)


@dataclass(frozen=True)
class Pairing:
    """Where a place of one view lies in the other.

    Parameters
    ----------
    anterior, posterior : Axis
        Axes as seen from the front (the posterior view mirrored).
    rows : float
        Rows by which the posterior view lies below the anterior one.
    width : int
        Columns of the views.
    """

    anterior: Axis
    posterior: Axis
    rows: float
    width: int

    def place(self, view: ViewName, row: Any, column: Any) -> tuple[Any, Any]:
        """Return row and column in the other view, as its camera saw it, of places in `view`."""
        row, column = np.asarray(row, float), np.asarray(column, float)
        if view == "anterior":
            there = row + self.rows
            seen = column - self.anterior.column(row) + self.posterior.column(there)
            return there, self.width - 1 - seen
        there = row - self.rows
        seen = self.width - 1 - column - self.posterior.column(row) + self.anterior.column(there)
        return there, seen


def pair_views(scan: BoneScan) -> Pairing | None:
    """Lay the two views on each other.

    The columns are matched by the axes of the silhouettes; the rows by the shift at which the counts change
    alike from row to row (views that were cropped apart from each other lie up to some ten rows apart).

    Parameters
    ----------
    scan : BoneScan

    Returns
    -------
    Pairing or None
        None when the scan lacks a view, or when the views agree so little along the body (correlation
        below 0.35) that a place of one is none of the other: another part of the body, or another person.
    """
    if scan.anterior is None or scan.posterior is None:
        return None
    seen = [ndimage.gaussian_filter(facing(view.counts, name), _SMOOTHING_PX) for name, view in scan]
    profiles = [np.diff(np.sqrt(image).sum(axis=1)) for image in seen]
    rows, agreement = _row_shift(*profiles)
    if agreement < _LEAST_AGREEMENT:
        return None
    return Pairing(_axis_of(_lit(seen[0])), _axis_of(_lit(seen[1])), rows, scan.shape[1])


def _row_shift(one: NDArray[Any], other: NDArray[Any]) -> tuple[float, float]:
    """Return by how many rows `other` lies below `one`, and the correlation there."""
    if not one.size:
        return 0.0, -1.0
    reach = int(_MOST_SHIFT * one.size)
    best, shift = -1.0, 0
    for step in sorted(range(-reach, reach + 1), key=abs):
        here = one[max(0, -step) : one.size - max(0, step)]
        there = other[max(0, step) : other.size + min(0, step)]
        here, there = here - here.mean(), there - there.mean()
        spread = float(np.sqrt((here @ here) * (there @ there)))
        score = float(here @ there) / spread if spread > 0 else -1.0
        if score > best + 1e-9:
            best, shift = score, step
    return float(shift), best
