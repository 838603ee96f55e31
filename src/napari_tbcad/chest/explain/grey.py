"""First-order and texture features of the lungs without a part of them, quickly.

Both are functions of counts (of grey levels, of pairs of them), from which the counts of a part can be
taken off: only the part's own window is looked at. The bins of the texture matrix stay those of the whole
film: that the darkest pixel of a film lies in a part is no evidence of that part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chest.explain.regions import Region
from napari_tbcad.chest.features import FeatureParameters, eight_bit
from napari_tbcad.chest.firstorder import GREY_LEVELS, first_order, grey_histogram
from napari_tbcad.chest.glcm import DIRECTIONS, GLCM_NAMES, bin_edges_table, cooccurrence, glcm_features
from napari_tbcad.imaging.radiograph import Radiograph

_AT_ONCE = 64
"""Parts whose matrices are worked on together: more would leave the processor's cache."""


@dataclass(frozen=True, eq=False)
class GreyCounts:
    """Grey levels of one film inside its lungs, and how often each and each pair occurs.

    Parameters
    ----------
    grey, levels : (H, W) array of uint8
        8-bit grey levels, and their bins of the texture matrix.
    lungs : (H, W) array of bool
        The insensitive mask on the same grid.
    histogram : (256,) array of int64
        Pixels per grey level.
    pairs : (4, Ng, Ng) array of int64
        Co-occurrence counts.
    parameters : FeatureParameters
        How they were counted.
    """

    grey: NDArray[np.uint8]
    levels: NDArray[np.uint8]
    lungs: NDArray[np.bool_]
    histogram: NDArray[np.int64]
    pairs: NDArray[np.int64]
    parameters: FeatureParameters

    @classmethod
    def of(cls, image: Radiograph, lungs: NDArray[np.bool_], parameters: FeatureParameters) -> GreyCounts:
        """Count the grey levels of an image (H, W) inside the lungs."""
        grey = eight_bit(image, parameters.image)
        histogram = grey_histogram(grey, lungs)
        present = np.flatnonzero(histogram)
        low, high = (0, GREY_LEVELS - 1)
        if parameters.discretisation == "mask":
            low, high = int(present[0]), int(present[-1])
        levels = bin_edges_table(low, high, parameters.levels)[grey]
        pairs = cooccurrence(levels, lungs, parameters.levels, distance=parameters.distance)
        return cls(grey, levels, lungs, histogram, pairs, parameters)

    def of_part(self, region: Region) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the counts that go with a part: of its grey levels, and of all pairs that touch it."""
        reach = self.parameters.distance
        box = tuple(slice(max(part.start - reach, 0), part.stop + reach) for part in region.box)
        here = self.lungs[box]
        part = np.zeros_like(here)
        top, left = (region.box[k].start - box[k].start for k in (0, 1))
        height, width = region.inside.shape
        part[top : top + height, left : left + width] = region.inside
        part &= here
        levels, n = self.levels[box], self.parameters.levels
        pairs = cooccurrence(levels, here, n, distance=reach)
        pairs -= cooccurrence(levels, here & ~part, n, distance=reach)
        return grey_histogram(self.grey[box], part), pairs

    def without(
        self, regions: Sequence[Region], *, instead: tuple[NDArray[np.float64], NDArray[np.float64]] | None
    ) -> dict[str, NDArray[np.float64]]:
        """Measure first-order and texture features without parts of the lungs.

        Parameters
        ----------
        regions : sequence of Region
            Taken away one at a time.
        instead : ((256,) array, (4, Ng, Ng) array), optional
            Shares of grey levels and of pairs (each direction sums to 1) that take a part's place; with
            None the rest of the lungs stands for it.

        Returns
        -------
        dict of str to (n,) array
            Feature name → value without each region; NaN where it cannot be computed.
        """
        names = [f"firstorder_{name}" for name in first_order(self.histogram)]
        names += [f"glcm_{name}_{angle}" for name in GLCM_NAMES for angle in DIRECTIONS]
        out = {name: np.full(len(regions), np.nan) for name in names}
        for start in range(0, len(regions), _AT_ONCE):
            chosen = regions[start : start + _AT_ONCE]
            histograms, pairs = zip(*(self._left(region, instead) for region in chosen), strict=True)
            stop = start + len(chosen)
            for number, histogram in enumerate(histograms, start=start):
                if histogram.sum() > 0:
                    for name, value in first_order(histogram).items():
                        out[f"firstorder_{name}"][number] = value
            texture = glcm_features(np.concatenate(pairs), definition=self.parameters.definition)
            for name in GLCM_NAMES:
                values = texture[name].reshape(len(chosen), len(DIRECTIONS))
                for column, angle in enumerate(DIRECTIONS):
                    out[f"glcm_{name}_{angle}"][start:stop] = values[:, column]
        return out

    def _left(
        self, region: Region, instead: tuple[NDArray[np.float64], NDArray[np.float64]] | None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        grey, pairs = self.of_part(region)
        histogram, left = (self.histogram - grey).astype(float), (self.pairs - pairs).astype(float)
        if instead is not None:
            histogram += grey.sum() * instead[0]
            left += pairs.sum(axis=(1, 2))[:, None, None] * instead[1]
        return histogram, left

    def shares(self, part: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Return the shares of grey levels and pairs in a part of the lungs; None where it has no pair."""
        inside = self.lungs & part
        histogram = grey_histogram(self.grey, inside).astype(float)
        pairs = cooccurrence(
            self.levels, inside, self.parameters.levels, distance=self.parameters.distance
        ).astype(float)
        total = pairs.sum(axis=(1, 2))
        if not total.all():
            return None
        return histogram / histogram.sum(), pairs / total[:, None, None]
