"""Opacity of the six zones without a part of the lungs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chest.explain.regions import Region
from napari_tbcad.chest.opacities import Opacities
from napari_tbcad.chest.opacity_zones import (
    LEAST_ODDS,
    OPACITY_NAMES,
    ZONES,
    ZoneReading,
    zone_features,
    zone_labels,
)
from napari_tbcad.imaging.grid import resize_labels

Normal = Callable[[str], float | None]
"""Median of a feature in normal films, by its name."""


@dataclass(frozen=True, eq=False)
class ZoneSums:
    """Opacity of one film, summed over its zones. The zones stay where they are whatever is taken away.

    Parameters
    ----------
    opaque : (h, w) array of float32
        Probability of any opacity.
    zones : (h, w) array of uint8
        Zones on the same grid, as :func:`~napari_tbcad.chest.opacity_zones.zone_labels`.
    threshold : float
        From which a pixel counts as opaque.
    shape : (int, int)
        Grid of the regions that are asked for.
    """

    opaque: NDArray[np.float32]
    zones: NDArray[np.uint8]
    threshold: float
    shape: tuple[int, int]

    @classmethod
    def of(cls, found: Opacities, lungs: NDArray[np.uint8]) -> ZoneSums:
        """Read opacities in labelled lungs (H, W) of any grid over the film's field of view."""
        opaque = found.any
        height, width = opaque.shape
        zones = zone_labels(resize_labels(lungs, (height, width)))
        return cls(opaque, zones, found.threshold, lungs.shape)

    def without(
        self, regions: Sequence[Region], *, instead: dict[str, float] | None
    ) -> dict[str, NDArray[np.float64]]:
        """Measure the opacity features without parts of the lungs.

        Parameters
        ----------
        regions : sequence of Region
            Taken away one at a time.
        instead : mapping of str to float, optional
            Per zone the probability of any opacity that takes the place of a part; with None the rest of the
            zone stands for it.

        Returns
        -------
        dict of str to (n,) array
            Feature name → value without each region; NaN where a zone has nothing left.
        """
        names = np.array(["", *ZONES])
        whole = self._sums(np.ones(self.zones.shape, bool), (slice(None), slice(None)))
        rows = []
        for region in regions:
            gone = self._gone(region)
            left = whole - gone
            readings = {}
            for number in range(1, 7):
                pixels, opaque, total = left[:, number]
                if instead is not None:
                    mean, taken = instead[names[number]], gone[0, number]
                    pixels, total = pixels + taken, total + taken * mean
                    opaque += taken * (mean >= self.threshold)
                area, mean = (opaque / pixels, total / pixels) if pixels > 0 else (np.nan, np.nan)
                readings[str(names[number])] = ZoneReading(float(area), float(mean), int(pixels))
            rows.append(zone_features(readings))
        return {name: np.array([row[name] for row in rows]) for name in OPACITY_NAMES}

    def _gone(self, region: Region) -> NDArray[np.float64]:
        if self.zones.shape == self.shape:
            return self._sums(region.inside, region.box)
        mask = resize_labels(region.mask(self.shape).astype(np.uint8), self.zones.shape) > 0
        return self._sums(mask, (slice(None), slice(None)))

    def _sums(self, inside: NDArray[np.bool_], box: tuple[slice, slice]) -> NDArray[np.float64]:
        """Return pixels, opaque pixels and summed probability (3, 7) per zone in a part."""
        zones, opaque = self.zones[box][inside], self.opaque[box][inside]
        return np.stack(
            [
                np.bincount(zones, minlength=7),
                np.bincount(zones[opaque >= self.threshold], minlength=7),
                np.bincount(zones, weights=opaque, minlength=7),
            ]
        ).astype(float)


def normal_zones(normal: Normal) -> dict[str, float]:
    """Return the mean probability of any opacity per zone of normal films; 0 where a card does not tell."""
    found = {}
    for zone in ZONES:
        mean, odds = normal(f"opacity_mean_{zone}"), normal(f"opacity_logodds_{zone}")
        if mean is None and odds is not None:
            ratio = float(np.exp(odds))
            mean = (ratio * (1 + LEAST_ODDS) - LEAST_ODDS) / (1 + ratio)
        found[zone] = float(np.clip(mean or 0.0, 0, 1))
    return found
