r"""First-order features: the histogram of grey levels inside the lungs.

With :math:`p(g)` the share of the :math:`N` mask pixels that have grey level
:math:`g = 0 \ldots L-1`, and :math:`L = 256` (8 bits):

=====================  =====================================================  =====
feature                formula                                                IBSI
=====================  =====================================================  =====
mean                   :math:`\mu = \sum_g g\,p(g)`                           Q4LE
variance               :math:`\sigma^2 = \sum_g (g-\mu)^2 p(g)`               ECT3
standard_deviation     :math:`\sigma`
skewness               :math:`\sum_g (g-\mu)^3 p(g) / \sigma^3`               KE2A
kurtosis               :math:`\sum_g (g-\mu)^4 p(g) / \sigma^4 - 3`           IPH6
entropy                :math:`-\sum_g p(g) \log_2 p(g)`                       TLU2
smoothness             :math:`1 - 1 / (1 + \sigma^2 / (L-1)^2)`
uniformity             :math:`\sum_g p(g)^2`                                  BJ5W
=====================  =====================================================  =====

Kurtosis is the excess over a normal distribution's. Smoothness is that of Gonzalez & Woods, whose
variance is normalised to [0, 1]; with the raw variance it is 1 for every film.

References
----------
R. C. Gonzalez, R. E. Woods, Digital Image Processing, 3rd ed., section 11.3.3.
A. Zwanenburg et al., The Image Biomarker Standardization Initiative, Radiology 295 (2020) 328-338.
"""

from __future__ import annotations

from napari_tbcad.imaging.arrays import Array, cast, constant, count, namespace, working_float

FIRSTORDER_NAMES = (
    "mean",
    "variance",
    "standard_deviation",
    "skewness",
    "kurtosis",
    "entropy",
    "smoothness",
    "uniformity",
)
"""The eight features in the order of the study."""

GREY_LEVELS = 256
"""Number of grey levels L of an enhanced film (8 bits)."""


def grey_histogram(grey: Array, mask: Array, levels: int = GREY_LEVELS) -> Array:
    """Count the grey levels inside a mask.

    Parameters
    ----------
    grey : (…) array of integers
        Grey levels in ``[0, levels)``; numpy, or torch on any device.
    mask : (…) array of bool
        Pixels that count; same shape, kind and device.
    levels : int, optional
        Number of grey levels L.

    Returns
    -------
    (levels,) array of int64
        Pixels per grey level.
    """
    return count(grey[mask], levels)


def first_order(histogram: Array, *, dtype: object = None) -> dict[str, Array]:
    """Compute the eight first-order features of a histogram.

    Parameters
    ----------
    histogram : (L,) array of int
        Pixels per grey level ``0 … L−1``, at least one pixel; numpy or torch.
    dtype : optional
        Floating type to compute in; by default float64, or float32 where the device has no float64.

    Returns
    -------
    dict of str to scalar array
        :data:`FIRSTORDER_NAMES` in order. Skewness and kurtosis are NaN when all pixels have one
        grey level; the caller decides what that means.
    """
    xp = namespace(histogram)
    counts = cast(histogram, dtype or working_float(histogram))
    levels = counts.shape[0]
    grey = constant(range(levels), like=counts)
    p = counts / counts.sum()
    mean = (grey * p).sum()
    d = grey - mean
    square = d * d
    variance = (square * p).sum()
    # 0/0 for a constant region: NaN, without numpy's warning.
    usable = xp.where(variance > 0, variance, xp.nan)
    entropy = -(p * xp.log2(xp.where(p > 0, p, xp.ones_like(p)))).sum()
    return {
        "mean": mean,
        "variance": variance,
        "standard_deviation": xp.sqrt(variance),
        "skewness": (square * d * p).sum() / usable**1.5,
        "kurtosis": (square * square * p).sum() / usable**2 - 3,
        "entropy": entropy,
        "smoothness": 1 - 1 / (1 + variance / (levels - 1) ** 2),
        "uniformity": (p * p).sum(),
    }
