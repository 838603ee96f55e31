"""Where the patient lies in a view, and whether all of the body is there."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

_SMOOTHING = 3.0 / 1024  # of the rows, standard deviation
_LEVEL = 0.08  # of the bright parts' counts; soft tissue lies above, the room's background below
_LEAST_ROWS = 64
_TRUNK = (0.12, 0.50)  # of the body's length: shoulders to hips, where arms and trunk are widest

ROW_PROFILE = (0.82, 0.99, 1.28, 1.42, 1.31, 1.30, 1.36, 1.52, 1.09, 0.67, 0.66, 0.98, 0.65, 0.57, 0.66, 0.60)
"""Square root of the counts in sixteenths of the body from head to feet, mean 1.

Median of 100 real views (48 pairs and two of the original set); each differs from it by 0.11 (root mean
square, median), by more than 0.2 only where the body is cut off.
"""


@dataclass(frozen=True)
class Pose:
    """Where the patient lies in a view.

    Parameters
    ----------
    top, bottom : int
        First row of the body, and the row after its last.
    middle : float
        Column of the body's midline.
    width : int
        Columns from arm to arm at the trunk.
    smooth : (H, W) array of float32
        The view, smoothed, the background subtracted.
    silhouette : (H, W) array of bool
        The body, its largest piece.
    """

    top: int
    bottom: int
    middle: float
    width: int
    smooth: NDArray[np.float32]
    silhouette: NDArray[np.bool_]

    @property
    def length(self) -> int:
        """Rows from head to feet."""
        return self.bottom - self.top

    def row_profile(self) -> NDArray[np.float64]:
        """Return the square root of the counts in sixteenths of the body's length, mean 1."""
        edges = np.linspace(self.top, self.bottom, len(ROW_PROFILE) + 1).astype(int)
        limited = np.minimum(self.smooth, np.percentile(self.smooth[self.silhouette], 97))
        rows = np.sqrt([limited[a:b].mean(dtype=np.float64) for a, b in pairwise(edges)])
        return np.asarray(rows / max(rows.mean(), 1e-9))

    def unlike_a_body(self) -> float:
        """Return the root mean square difference of the row profile from that of a whole body."""
        return distance(self.row_profile(), self.whole())

    @staticmethod
    def whole() -> NDArray[np.float64]:
        """Return the row profile of a whole body."""
        return np.asarray(ROW_PROFILE)

    def edge_contact(self) -> dict[str, float]:
        """Return for each side of the image which share of the body's width or length lies at it."""
        s = self.silhouette
        return {
            "top": float(s[:2].any(axis=0).sum() / self.width),
            "bottom": float(s[-2:].any(axis=0).sum() / self.width),
            "left": float(s[:, :2].any(axis=1).sum() / self.length),
            "right": float(s[:, -2:].any(axis=1).sum() / self.length),
        }

    def laid_out(self, rows: int, columns: int, *, half_width: float) -> NDArray[np.float32]:
        """Return the smoothed view on a grid fixed to the body.

        Parameters
        ----------
        rows, columns : int
            Size of the grid; columns is even, the midline between the two middle ones.
        half_width : float
            How far the grid reaches to each side, in widths of the body.
        """
        at = self.top + (np.arange(rows) + 0.5) / rows * self.length
        across = (np.arange(columns) + 0.5 - columns / 2) / (columns / 2) * half_width * self.width
        grid = np.meshgrid(at, self.middle + across, indexing="ij")
        return ndimage.map_coordinates(self.smooth, grid, order=1, mode="constant")


def find_pose(counts: NDArray[np.floating]) -> Pose | None:
    """Find the body in a view by a threshold on the smoothed counts.

    Parameters
    ----------
    counts : (H, W) array
        One view, head up.

    Returns
    -------
    Pose or None
        None when there is no body to be found.
    """
    if counts.shape[0] < _LEAST_ROWS or not np.any(counts):
        return None
    smooth = ndimage.gaussian_filter(np.asarray(counts, np.float32), _SMOOTHING * counts.shape[0])
    smooth = np.maximum(smooth - np.percentile(smooth, 10), 0)  # an export may lift the background
    if not smooth.any():
        return None
    bright = np.percentile(smooth[smooth > 0], 90)
    labels, number = ndimage.label(smooth > _LEVEL * bright)
    if number == 0:
        return None
    silhouette = labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    rows = np.flatnonzero(silhouette.sum(axis=1) >= max(2, counts.shape[1] // 64))
    if len(rows) == 0 or rows[-1] + 1 - rows[0] < _LEAST_ROWS // 2:
        return None
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    a, b = (top + int(share * (bottom - top)) for share in _TRUNK)
    columns = np.flatnonzero(silhouette[a:b].any(axis=0))
    if len(columns) < 8:
        return None
    width = int(columns[-1] - columns[0]) + 1
    return Pose(top, bottom, _midline(smooth[a:b], silhouette[a:b], width), width, smooth, silhouette)


def _midline(trunk: NDArray[np.float32], inside: NDArray[np.bool_], width: int) -> float:
    """Return the column about which the trunk's counts are most symmetrical."""
    limited = np.minimum(trunk, np.percentile(trunk[inside], 90) if inside.any() else np.inf)
    profile = limited.sum(axis=0, dtype=np.float64)
    columns = np.arange(len(profile))
    centre = float((profile * columns).sum() / profile.sum())
    reach = np.arange(1, max(width // 4, 4))
    candidates = centre + np.arange(-0.05, 0.0501, 0.002) * len(profile)
    left = np.interp(candidates[:, None] - reach, columns, profile, 0, 0)
    right = np.interp(candidates[:, None] + reach, columns, profile, 0, 0)
    return float(candidates[np.abs(left - right).sum(axis=1).argmin()])


def legs_missing(pose: Pose) -> float:
    """Return which share of the body's length seems to be cut off below, 0 when none.

    The row profile is compared with that of a whole body cut off at different heights.
    """
    whole = np.asarray(ROW_PROFILE)
    places = (np.arange(160) + 0.5) / 160
    fine = np.interp(places, (np.arange(len(whole)) + 0.5) / len(whole), whole)
    profile = pose.row_profile()
    distances = {}
    for missing in (0.0, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5):
        kept = fine[: round(160 * (1 - missing))]
        edges = np.linspace(0, len(kept), len(whole) + 1).astype(int)
        cut = np.array([kept[a:b].mean() for a, b in pairwise(edges)])
        distances[missing] = distance(profile, cut / cut.mean())
    best = min(distances, key=lambda missing: distances[missing])
    return best if distances[best] < distances[0.0] - 0.06 else 0.0


def distance(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Return the root mean square difference of two profiles."""
    return float(np.sqrt(np.mean((a - b) ** 2)))
