"""Denoising and local contrast: the image the grey-level features read."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.clahe import BINS, clahe
from napari_tbcad.imaging.intensity import guided_filter, robust_range, to_unit
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.record import Parameters, Step, field


class EnhanceParameters(Parameters):
    """Parameters of :func:`enhance`."""

    filter: Literal["gaussian", "guided", "none"] = field(
        "gaussian",
        title="Denoise",
        description="Gaussian smoothing, the edge-keeping guided filter of the reference study, or neither.",
    )
    sigma: float = field(
        1.1,
        title="Gaussian width",
        unit="px",
        gt=0,
        le=2.5,
        description="Standard deviation of the 5 x 5 Gaussian kernel.",
    )
    guided_window: int = field(
        3,
        title="Guided window",
        unit="px",
        ge=3,
        le=31,
        multiple_of=1,
        more=True,
        description="Side of the guided filter's square window; an even number is taken as the next odd one.",
    )
    guided_epsilon: float = field(
        100.0,
        title="Guided ε",
        unit="grey levels²",
        gt=0,
        le=65025,
        more=True,
        description="Regularisation of the guided filter: variation well below its square root is smoothed.",
    )
    clahe: bool = field(
        True,
        title="CLAHE",
        description="Contrast-limited adaptive histogram equalisation.",
    )
    clip_limit: float = field(
        2.0,
        title="Clip limit",
        ge=1,
        le=40,
        description="Highest bin of a tile's histogram, in mean bins; more is more contrast and noise.",
    )
    tiles: int = field(
        8, title="Tiles", ge=1, le=32, description="The image is cut into tiles x tiles contextual regions."
    )
    low_percentile: float = field(
        0.5,
        title="Black point",
        unit="%",
        ge=0,
        le=20,
        more=True,
        description="Percentile of the film that becomes level 0.",
    )
    high_percentile: float = field(
        99.5,
        title="White point",
        unit="%",
        ge=80,
        le=100,
        more=True,
        description="Percentile of the film that becomes level 255.",
    )


def enhance(film: Radiograph, parameters: EnhanceParameters = EnhanceParameters()) -> Radiograph:
    """Bring a film to 8-bit levels, denoise it and raise its local contrast.

    Parameters
    ----------
    film : Radiograph
        Film with pixels (H, W), float32, air dark, in any units.
    parameters : EnhanceParameters
        Filter, CLAHE and the grey range.

    Returns
    -------
    Radiograph
        The same grid; pixels are whole numbers 0…255 in float32. The record holds the grey range.

    Raises
    ------
    BadInput
        If the film has one grey value only.

    References
    ----------
    K. Zuiderveld, Contrast limited adaptive histogram equalization, Graphics Gems IV, 1994.
    K. He, J. Sun, X. Tang, Guided image filtering, IEEE TPAMI 35(6), 2013.
    """
    window = robust_range(
        film.pixels,
        low=parameters.low_percentile,
        high=parameters.high_percentile,
        source=film.source or "film",
    )
    levels = to_unit(film.pixels, window) * np.float32(255)
    levels = _denoised(levels, parameters)
    if parameters.clahe:
        levels = _clahe(levels, tiles=parameters.tiles, clip_limit=parameters.clip_limit)
    pixels = np.clip(np.rint(levels), 0, 255).astype(np.float32)
    return film.after(
        Step("enhance", parameters, facts={"grey_range": list(window)}), pixels=pixels, window=(0.0, 255.0)
    )


def _denoised(levels: NDArray[np.float32], parameters: EnhanceParameters) -> NDArray[np.float32]:
    if parameters.filter == "gaussian":
        return ndimage.gaussian_filter(levels, parameters.sigma, radius=2, mode="nearest")
    if parameters.filter == "guided":
        return guided_filter(levels, window=parameters.guided_window | 1, epsilon=parameters.guided_epsilon)
    return levels


def _clahe(levels: NDArray[np.float32], *, tiles: int, clip_limit: float) -> NDArray[np.float32]:
    """Equalise levels 0…255; the clip limit counts in mean bins, as most programs state it."""
    if min(levels.shape) < 2 * tiles:
        raise BadInput(
            "film", f"too small ({levels.shape[1]} x {levels.shape[0]}) for {tiles} x {tiles} CLAHE tiles"
        )
    if levels.min() == levels.max():
        return levels
    height, width = (-(-side // tiles) for side in levels.shape)
    unit = np.clip(levels / np.float32(255), 0, 1)
    return clahe(unit, kernel=(height, width), clip_limit=clip_limit / BINS) * 255
