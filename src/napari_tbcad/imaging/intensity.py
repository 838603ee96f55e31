"""Grey levels: robust scaling to 8 bit, the guided filter, and normalisation against slow shading."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.errors import BadInput


def robust_range(
    pixels: NDArray[np.floating], *, low: float = 0.5, high: float = 99.5, source: str = "film"
) -> tuple[float, float]:
    """Return the grey values between which a film holds its picture.

    Parameters
    ----------
    pixels : (H, W) array of float
        Grey values, finite.
    low, high : float
        Percentiles.
    source : str
        Named in the error.

    Returns
    -------
    (float, float)
        The two percentiles; minimum and maximum where the percentiles coincide.

    Raises
    ------
    BadInput
        If every pixel has the same value.
    """
    # Every k-th pixel is enough for a percentile and keeps a 10 000 x 10 000 film quick.
    step = max(1, int(np.sqrt(pixels.size / 1_000_000)))
    bottom, top = (float(v) for v in np.percentile(pixels[::step, ::step], (low, high)))
    if top <= bottom:
        bottom, top = float(pixels.min()), float(pixels.max())
    if top <= bottom:
        raise BadInput(source, "every pixel has the same grey value, there is no picture in it")
    return bottom, top


def to_unit(pixels: NDArray[np.floating], window: tuple[float, float]) -> NDArray[np.float32]:
    """Map `window` to [0, 1] and clip what lies outside; (H, W) float32."""
    low, high = window
    scaled = (pixels.astype(np.float64) - low) / (high - low)
    return np.clip(scaled, 0, 1).astype(np.float32)


def guided_filter(
    image: NDArray[np.floating],
    *,
    window: int = 3,
    epsilon: float = 0.01,
    guide: NDArray[np.floating] | None = None,
) -> NDArray[np.float32]:
    """Smooth an image without moving its edges (guided image filter).

    In each window k the output is linear in the guide, q = a_k I + b_k with
    a_k = cov_k(I, p) / (var_k(I) + ε) and b_k = mean_k(p) − a_k mean_k(I); a pixel gets the mean of
    a and b over the windows that cover it.

    Parameters
    ----------
    image : (H, W) array of float
        Image p to smooth.
    window : int
        Side of the square window, odd.
    epsilon : float
        ε, in squared units of the guide: variation well below √ε is smoothed away.
    guide : (H, W) array of float, optional
        Guide I; the image itself by default.

    Returns
    -------
    (H, W) array of float32

    References
    ----------
    K. He, J. Sun, X. Tang, Guided image filtering, IEEE TPAMI 35(6), 2013, eqs. 5, 6 and 8.
    """
    p = np.asarray(image, np.float64)
    same = guide is None
    i = p if guide is None else np.asarray(guide, np.float64)

    def mean(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return ndimage.uniform_filter(x, window, mode="nearest")

    mean_i = mean(i)
    mean_p = mean_i if same else mean(p)
    variance = np.maximum(mean(i * i) - mean_i**2, 0)
    covariance = variance if same else mean(i * p) - mean_i * mean_p
    a = covariance / (variance + epsilon)
    b = mean_p - a * mean_i
    return (mean(a) * i + mean(b)).astype(np.float32)


def local_contrast(
    pixels: NDArray[np.floating], width: float, *, inside: NDArray[np.bool_] | None = None
) -> NDArray[np.float32]:
    """Free an image of slow shading: (I − local mean) / local standard deviation.

    Parameters
    ----------
    pixels : (H, W) array of float
        Grey values.
    width : float
        Standard deviation of the Gaussian neighbourhood in pixels.
    inside : (H, W) array of bool, optional
        Pixels whose values count for the local mean and spread; all by default.

    Returns
    -------
    (H, W) array of float32
        Multiples of the local standard deviation; 0 where nothing varies.
    """
    values = np.asarray(pixels, np.float64)
    down, across = (_smoothing(length, float(width)) for length in values.shape)

    def mean(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return down @ x @ across.T

    if inside is None:
        average = mean(values)
        variance = np.maximum(mean(values**2) - average**2, 0)
    else:
        weight = inside.astype(np.float64)
        share = np.maximum(mean(weight), 1e-6)
        average = mean(values * weight) / share
        variance = np.maximum(mean(values**2 * weight) / share - average**2, 0)
    # A floor on the spread keeps flat regions from being blown up into noise.
    floor = 0.1 * float(np.std(values)) + 1e-9
    return ((values - average) / np.sqrt(variance + floor**2)).astype(np.float32)


@lru_cache(maxsize=8)
def _smoothing(length: int, width: float) -> NDArray[np.float64]:
    """Return the matrix of a Gaussian filter along an axis; quicker than sliding a wide kernel."""
    return ndimage.gaussian_filter1d(np.eye(length), width, axis=0, mode="reflect")
