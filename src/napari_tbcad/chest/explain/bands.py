"""Texture in bands without a part of the lungs, quickly: the bands stay those of the whole film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chest.band_texture import BAND_NAMES, BandPixels, describe_bands, read_bands
from napari_tbcad.chest.explain.regions import Region


@dataclass(frozen=True, eq=False)
class Bands:
    """The bands of one film inside its lungs.

    Parameters
    ----------
    pixels : BandPixels
        Pixels of the lungs on the grid of the bands; they know their place in the film.
    shape : (int, int)
        Grid of the regions that are asked for.
    """

    pixels: BandPixels
    shape: tuple[int, int]

    @classmethod
    def of(cls, film: NDArray[np.float32], lungs: NDArray[np.bool_]) -> Bands | None:
        """Split a film (H, W) before enhancement inside its lungs; None where there is nothing to split."""
        read = read_bands(film, lungs)
        return None if read is None else cls(read, lungs.shape)

    def without(self, regions: Sequence[Region]) -> dict[str, NDArray[np.float64]]:
        """Measure the bands without parts of the lungs, for which the rest of the lungs stands.

        Parameters
        ----------
        regions : sequence of Region
            Taken away one at a time. What a band has next to a part, it was given by the whole film: the
            part's own pixels alone are left out.

        Returns
        -------
        dict of str to (n,) array
            Feature name → value without each region; NaN where nothing is left.
        """
        out = {name: np.full(len(regions), np.nan) for name in BAND_NAMES}
        values, bands, rows, columns = self.pixels
        for number, region in enumerate(regions):
            kept = ~region.mask(self.shape)[rows, columns]
            if kept.sum() < 2:
                continue
            for name, value in describe_bands(values[kept], [band[kept] for band in bands]).items():
                out[name][number] = value
        return out
