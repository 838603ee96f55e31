r"""Texture of the lungs in bands of size that grow with the lungs, whatever the frame shows of the body.

How much of the frame the lungs fill differs from source to source, and texture measured in pixels tells it.
Here the film is first brought to a grid on which the root of the lungs' area A is 100 px: 1 px is 1 % of
:math:`\sqrt{A}`, or 2.2 mm in lungs of 500 cm². It is then split into bands,

.. math:: B_1 = I - G_1 I,\quad B_2 = G_1 I - G_2 I,\quad B_4 = G_2 I - G_4 I,\quad B_8 = G_4 I - G_8 I,

where :math:`G_σ` is the mean with a Gaussian weight of standard deviation σ px over pixels inside the lungs
only (normalised convolution). Nodules and small consolidations lie in the bands 2 to 8, noise in the first.

For each band, over the N pixels of both lungs, :math:`s_k` its standard deviation:

band_rms_k        ln :math:`s_k` / s, where s is the standard deviation of the film inside the lungs
band_skewness_k   mean of u³, u = (B_k − mean) / s_k cut at ± 6: positive where bright spots are sharp
band_kurtosis_k   ln of the mean of u⁴: how much of the band is in few places
band_coupling_k_m correlation of abs B_k and abs B_m, k and m neighbours: edges are in both, noise is not

They read the film before enhancement. None of them changes with the gain or the offset of its grey levels,
when the film is mirrored, or, but for resampling, with the size of the lungs in the frame.

References
----------
P. J. Burt, E. H. Adelson, The Laplacian pyramid as a compact image code, IEEE Trans Commun 31:532-540, 1983.
H. Knutsson, C.-F. Westin, Normalized and differential convolution, CVPR 1993.
E. P. Simoncelli, J. Portilla, Texture characterization via joint statistics of wavelet coefficient
magnitudes, ICIP 1998.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.chest.shape import cut_out
from napari_tbcad.imaging.grid import resize_labels, resize_soft

SIDE = 100
"""Root of the lungs' area on the grid of the bands, in pixels; films with smaller lungs are not enlarged."""

SCALES = (1, 2, 4, 8)
"""Standard deviations of the Gaussian weights, in pixels of that grid."""

BAND_NAMES = (
    *(f"band_{what}_{scale}" for scale in SCALES for what in ("rms", "skewness", "kurtosis")),
    *(f"band_coupling_{fine}_{coarse}" for fine, coarse in pairwise(SCALES)),
)
"""Names of the features."""

_CUT = 6.0
_REACH = 3.0
"""Standard deviations at which values are cut, and at which Gaussian weights end."""


def band_features(
    pixels: NDArray[np.float32], where: NDArray[np.bool_], *, area: int | None = None
) -> dict[str, float]:
    """Measure the texture of a part of a film in bands.

    Parameters
    ----------
    pixels : (H, W) array of float
        The film before enhancement.
    where : (H, W) array of bool
        The part: both lungs, or any other for a control.
    area : int, optional
        Area of the lungs in pixels, which sets the size of the grid; that of `where` by default. A control
        elsewhere passes the lungs' own, so that both look at structures of the same size.

    Returns
    -------
    dict of str to float
        :data:`BAND_NAMES` with their values; NaN where the part is empty or of one single grey level.
    """
    read = read_bands(pixels, where, area=area)
    return dict.fromkeys(BAND_NAMES, np.nan) if read is None else describe_bands(read.values, read.bands)


class BandPixels(NamedTuple):
    """The N pixels of a part on the grid of the bands."""

    values: NDArray[np.float32]
    """(N,) grey levels."""
    bands: list[NDArray[np.float64]]
    """(N,) values of each band, in the order of :data:`SCALES`."""
    rows: NDArray[np.intp]
    """(N,) rows of the film that the pixels lie in."""
    columns: NDArray[np.intp]
    """(N,) columns of the film that the pixels lie in."""


def read_bands(
    pixels: NDArray[np.float32], where: NDArray[np.bool_], *, area: int | None = None
) -> BandPixels | None:
    """Split a part of a film into bands; parameters of :func:`band_features`.

    Returns
    -------
    BandPixels or None
        None where the part is empty or of one single grey level.
    """
    region = cut_out(where)
    if region is None:
        return None
    height, width = region.mask.shape
    cut = pixels[region.row : region.row + height, region.column : region.column + width]
    shrink = min(1.0, SIDE / float(np.sqrt(area or where.sum())))
    shape = (max(1, round(height * shrink)), max(1, round(width * shrink)))
    inside = resize_labels(region.mask.astype(np.uint8), shape) > 0
    small = resize_soft(np.asarray(cut, np.float32), shape)
    spread = float(small[inside].std(dtype=np.float64)) if inside.any() else 0.0
    if spread <= 1e-6 * float(np.abs(small).max(initial=0.0)):
        return None
    rows, columns = np.nonzero(inside)
    return BandPixels(
        small[inside],
        split_bands(small, inside),
        region.row + (2 * rows + 1) * height // (2 * shape[0]),
        region.column + (2 * columns + 1) * width // (2 * shape[1]),
    )


def describe_bands(values: NDArray[np.float32], bands: Sequence[NDArray[np.float64]]) -> dict[str, float]:
    """Return :data:`BAND_NAMES` with their values, from grey levels and bands of the same N pixels."""
    spread = float(values.std(dtype=np.float64))
    found: dict[str, float] = {}
    for scale, band in zip(SCALES, bands, strict=True):
        rms, skewness, kurtosis = _moments(band)
        found[f"band_rms_{scale}"] = float(np.log(rms / spread)) if rms > 0 and spread > 0 else np.nan
        found[f"band_skewness_{scale}"], found[f"band_kurtosis_{scale}"] = skewness, kurtosis
    for (fine, a), (coarse, b) in pairwise(zip(SCALES, bands, strict=True)):
        found[f"band_coupling_{fine}_{coarse}"] = _correlation(np.abs(a), np.abs(b))
    return found


def split_bands(pixels: NDArray[np.float32], inside: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """Return the bands' values (N,) of the pixels `inside`, in the order of :data:`SCALES`.

    Parameters
    ----------
    pixels : (h, w) array of float32
        The film on the grid of the bands.
    inside : (h, w) array of bool
        Pixels that count; the weights of all others are 0.
    """
    # Grey levels are centred first: float32 then loses nothing to a large offset.
    centred = np.where(inside, pixels - pixels[inside].mean(dtype=np.float64), 0).astype(np.float32)
    weight, finer, bands = inside.astype(np.float32), centred, []
    for scale in SCALES:
        total = ndimage.gaussian_filter(weight, scale, mode="constant", truncate=_REACH)
        coarser = ndimage.gaussian_filter(centred, scale, mode="constant", truncate=_REACH)
        coarser = np.divide(coarser, total, out=np.zeros_like(coarser), where=inside)
        bands.append((finer - coarser)[inside].astype(np.float64))
        finer = coarser
    return bands


def _moments(band: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return standard deviation, skewness and ln kurtosis, the last two of values cut at ± 6 s."""
    rms = float(band.std())
    if rms == 0:
        return 0.0, np.nan, np.nan
    u = np.clip((band - band.mean()) / rms, -_CUT, _CUT)
    square = u * u
    return rms, float((square * u).mean()), float(np.log((square * square).mean()))


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    a, b = a - a.mean(), b - b.mean()
    both = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / both if both > 0 else np.nan
