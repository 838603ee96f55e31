"""Lung fields by threshold and morphology."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.chest.lungs.fields import SoftLungs
from napari_tbcad.imaging.grid import grid_shape, resize_soft
from napari_tbcad.imaging.intensity import robust_range, to_unit
from napari_tbcad.imaging.morphology import clear_border, close, fill_holes, open_, signed_distance
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.record import Parameters, Step, field


class OtsuParameters(Parameters):
    """Parameters of :func:`otsu`."""

    size: int = field(
        256, title="Working size", unit="px", ge=64, le=1024, description="Longest side of the working grid."
    )
    closing: float = field(
        3.0,
        title="Closing",
        unit="% of the longest side",
        ge=0,
        le=10,
        description="Gaps between dark parts narrower than about twice this are closed.",
    )
    softness: float = field(
        1.0,
        title="Softness",
        unit="% of the longest side",
        gt=0,
        le=10,
        more=True,
        description="Distance from the edge over which membership goes from 0.5 to 0.88.",
    )


def otsu(film: Radiograph, parameters: OtsuParameters = OtsuParameters()) -> SoftLungs:
    """Find both lungs as the dark parts inside the body (thin version)."""
    from skimage.filters import threshold_otsu

    shape = grid_shape(film.shape, parameters.size)
    longest = max(shape)
    unit = to_unit(resize_soft(film.pixels, shape), robust_range(film.pixels, source=film.source or "film"))
    smooth = ndimage.gaussian_filter(unit, longest / 256)
    dark = smooth < threshold_otsu(smooth)
    dark = open_(clear_border(dark), longest * 0.01)
    parts, number = ndimage.label(dark)
    labels = np.zeros((2, *shape), bool)
    if number:
        index = np.arange(1, number + 1)
        areas = ndimage.sum(dark, parts, index)
        centres = np.array(ndimage.center_of_mass(dark, parts, index))[:, 1] / shape[1]
        for side, there in enumerate((centres < 0.5, centres >= 0.5)):
            if there.any():
                best = index[there][np.argmax(areas[there])]
                labels[side] = fill_holes(close(parts == best, longest * parameters.closing / 100))
    soft = np.stack([_softened(mask, longest * parameters.softness / 100) for mask in labels])
    names = ("right", "left")
    warnings = tuple(f"otsu found no {names[s]} lung." for s in range(2) if not labels[s].any())
    return SoftLungs(
        soft, film.shape, segmenter="otsu", warnings=warnings, record=film.record + Step("otsu", parameters)
    )


def _softened(mask: NDArray[np.bool_], width: float) -> NDArray[np.float32]:
    """Turn a mask into a membership that is 0.5 at its edge."""
    distance = np.clip(signed_distance(mask) / width, -10, 10)
    return (1 / (1 + np.exp(-2 * distance))).astype(np.float32)
