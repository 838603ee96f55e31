"""What the candidate detector measures at every pixel of a view: smoothed counts, zones, references."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.bone.axis import Axis, find_axis
from napari_tbcad.imaging.bonescan import BoneScan, ViewName
from napari_tbcad.schemes import REGION_IDS, REGION_NAMES

ZONE_NAMES = ("pelvic_cavity", "legs", "arms", "abdomen")
"""Zones outside the twelve regions, numbered after them."""

ALL_ZONES = ("nowhere", *REGION_NAMES, *ZONE_NAMES)
"""Names by number."""

LEAST_PIXELS = 20
"""A zone with fewer has no statistics of its own."""

ZONE_IDS = {name: number for number, name in enumerate(ZONE_NAMES, start=len(REGION_NAMES) + 1)}

FIELD_MM = 2355.0
"""Length of the field that is taken for granted where the pixel size is unknown: 1024 rows of 2.3 mm."""

FINE_MM, BLOB_MM, WIDE_MM, SURROUNDINGS_MM = 4.6, 6.0, 10.0, 27.0
"""Standard deviations of the smoothings: a peak; both sides of the blob filter; a peak's surroundings."""


def pixel_mm(scan: BoneScan) -> tuple[tuple[float, float], str | None]:
    """Return the pixel size in mm to work with, and a warning where it had to be assumed.

    A size that makes the field shorter than 0.4 m or longer than 4 m is not believed either.
    """
    rows = scan.shape[0]
    if scan.spacing_mm is not None and 400 <= rows * scan.spacing_mm[0] <= 4000:
        return scan.spacing_mm, None
    assumed = float(np.clip(FIELD_MM / rows, 1.0, 10.0))
    known = "unknown" if scan.spacing_mm is None else "not plausible"
    return (assumed, assumed), (
        f"The pixel size is {known}; hotspots were sought as if a pixel were {assumed:.1f} mm."
    )


@dataclass(frozen=True, eq=False)
class ViewMaps:
    """One view as the detector sees it; every map is (H, W) float32 on the view's grid.

    Parameters
    ----------
    name : {"anterior", "posterior"}
        Which view.
    counts : (H, W) array of float32
        The view's pixels.
    regions : (H, W) array of uint8
        Regions 1 to 12, or 0.
    spacing : (float, float)
        Row and column spacing in mm.
    """

    name: ViewName
    counts: NDArray[np.float32]
    regions: NDArray[np.uint8]
    spacing: tuple[float, float]

    def smooth(self, mm: float) -> NDArray[np.float32]:
        """Return the counts smoothed with a Gaussian of this standard deviation in mm."""
        sigma = [mm / s for s in self.spacing]
        return ndimage.gaussian_filter(self.counts, sigma, mode="nearest", truncate=3.0)

    @cached_property
    def fine(self) -> NDArray[np.float32]:
        """Counts smoothed at the fine scale."""
        return self.smooth(FINE_MM)

    @cached_property
    def blob(self) -> NDArray[np.float32]:
        """Difference of two Gaussians: large where something of 15 to 30 mm stands out."""
        return self.smooth(BLOB_MM) - self.smooth(WIDE_MM)

    @cached_property
    def surroundings(self) -> NDArray[np.float32]:
        """Counts smoothed over a peak's surroundings."""
        return self.smooth(SURROUNDINGS_MM)

    @cached_property
    def brightest(self) -> NDArray[np.float32]:
        """Largest fine counts within 18 mm in rows and columns."""
        size = [2 * max(1, round(18.0 / s)) + 1 for s in self.spacing]
        return ndimage.maximum_filter(self.fine, size=size, mode="nearest")

    @cached_property
    def level(self) -> float:
        """What bone gives in this view: the median over all regions, or over the brighter body."""
        inside = self.fine[self.regions > 0]
        if inside.size:
            return max(float(np.median(inside)), 1e-3)
        bright = self.fine[self.fine > max(float(self.fine.mean()), 1e-6)]
        return max(float(np.median(bright)) if bright.size else 0.0, 1e-3)

    @cached_property
    def axis(self) -> Axis:
        """The patient's axis in this view as the camera saw it."""
        return find_axis(self.counts, self.regions)

    @cached_property
    def zones(self) -> NDArray[np.uint8]:
        """Regions 1 to 12 and, outside them, the zones of :data:`ZONE_IDS`."""
        return _zones(self.regions, self.axis)

    def rows_of(self, zone: int) -> tuple[int, int] | None:
        """Return the first and last row of a zone; None when it has no pixels."""
        rows = np.flatnonzero((self.zones == zone).any(axis=1))
        return (int(rows[0]), int(rows[-1])) if rows.size else None

    @cached_property
    def reference(self) -> NDArray[np.float32]:
        """Median of the fine counts in every zone, by its number; the view's bone level where too small."""
        return self._statistics[0]

    @cached_property
    def spread(self) -> NDArray[np.float32]:
        """Median absolute deviation of the fine counts in every zone, times 1.4826; 0 where too small."""
        return self._statistics[1]

    @cached_property
    def _statistics(self) -> NDArray[np.float32]:
        """Median and spread; outside the regions only of pixels above 15 % of the bone level, not of air."""
        found = np.zeros((2, len(ALL_ZONES)), np.float32)
        found[0] = self.level
        for zone in range(1, len(ALL_ZONES)):
            values = self.fine[self.zones == zone]
            if zone > len(REGION_NAMES):
                values = values[values > 0.15 * self.level]
            if values.size >= LEAST_PIXELS:
                found[0, zone] = np.median(values)
                found[1, zone] = 1.4826 * np.median(np.abs(values - found[0, zone]))
        return found


def _zones(regions: NDArray[np.uint8], axis: Axis) -> NDArray[np.uint8]:
    """Name the places outside the regions: pelvic cavity, legs, arms, abdomen (the rest)."""
    zones = regions.copy()
    outside = regions == 0
    zones[outside] = ZONE_IDS["abdomen"]
    height, width = regions.shape
    rows, columns = np.arange(height)[:, None], np.arange(width)[None, :]
    middle = axis.column(rows)
    pelvis = regions == REGION_IDS["pelvis"]
    legs = 0.62 * height
    if pelvis.any():
        inside = np.flatnonzero(pelvis.any(axis=1))
        top, bottom = int(inside[0]), int(inside[-1])
        legs = bottom + 0.25 * (bottom - top)
        span = np.flatnonzero(pelvis.any(axis=0))
        half = (span[-1] - span[0]) / 2
        sides = np.abs(columns - middle) > half
        cavity = (rows > top + 0.35 * (bottom - top)) & (rows <= bottom + 0.1 * (bottom - top))
        zones[outside & cavity & (np.abs(columns - middle) < 0.5 * half)] = ZONE_IDS["pelvic_cavity"]
    else:
        half = 0.3 * width
        sides = np.abs(columns - middle) > half
    zones[outside & sides] = ZONE_IDS["arms"]
    zones[outside & (rows > legs) & ~(sides & (rows < legs + 0.15 * height))] = ZONE_IDS["legs"]
    return zones
