"""What a view of a bone scan looks like once counts, noise and lesions are put aside, to be registered."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_tbcad.imaging.registration import resample

_SMOOTH, _NEIGHBOURHOOD = 1 / 256, 2.5 / 256  # of the height of the image
_FLOOR = 0.05  # of the square root of the bone level: less contrast than that is not blown up
_LIMIT = 2.5
_SILHOUETTE = 0.5
_GREY_PER_UNIT = 25.0  # stored byte = 128 + 25 times the value


def silhouette(counts: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Find the body in a view.

    Parameters
    ----------
    counts : (H, W) array
        Counts or grey values, >= 0.

    Returns
    -------
    (H, W) array of bool
        Pixels with at least a quarter of the soft tissue's level, holes filled, specks left out; all False
        for an empty view.
    """
    smooth = ndimage.gaussian_filter(np.asarray(counts, np.float32), counts.shape[0] / 256, mode="nearest")
    bright = smooth > 0.15 * np.percentile(smooth, 90)
    if not bright.any():
        return np.zeros(counts.shape, bool)
    body = smooth > 0.25 * np.median(smooth[bright])
    labels, number = ndimage.label(body)
    if number > 1:
        sizes = np.bincount(labels.ravel())
        sizes[0] = 0
        body = np.isin(labels, np.flatnonzero(sizes > 0.02 * sizes.sum()))
    return ndimage.binary_fill_holes(body)


def appearance(
    counts: NDArray[np.floating], shape: tuple[int, int], *, body: NDArray[np.bool_] | None = None
) -> NDArray[np.float32]:
    """Bring a view to a grid and to bone contrast that does not depend on counts.

    Square roots make the noise even; each neighbourhood is brought to zero mean and unit contrast, and
    clipped, so that a metastasis or a full bladder weighs no more than a rib. The body's outline is added
    faintly: skin is seen where bones are not, but how far it lies from them differs between persons.

    Parameters
    ----------
    counts : (H, W) array
        Counts or grey values, >= 0.
    shape : (int, int)
        Grid wanted; the field of view stays.
    body : (H, W) array of bool, optional
        :func:`silhouette` of the view, found when not given.

    Returns
    -------
    (h, w) array of float32
        Values in [-3, 3]; constant for an empty view.
    """
    counts = np.asarray(counts, np.float32)
    body = silhouette(counts) if body is None else body
    small = resample(counts, shape)
    level = float(np.percentile(small, 98)) or 1.0
    image = np.sqrt(small / level + 0.002)
    image = ndimage.gaussian_filter(image, shape[0] * _SMOOTH, mode="nearest")
    sigma = shape[0] * _NEIGHBOURHOOD
    deviation = image - ndimage.gaussian_filter(image, sigma, mode="nearest")
    contrast = np.sqrt(ndimage.gaussian_filter(deviation**2, sigma, mode="nearest") + _FLOOR**2)
    bone = np.clip(deviation / contrast, -_LIMIT, _LIMIT)
    skin = ndimage.gaussian_filter(resample(body, shape), shape[0] * _SMOOTH, mode="nearest")
    return np.asarray(bone + np.float32(_SILHOUETTE) * (skin - np.float32(0.5)), np.float32)


def pack(image: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Store an appearance as bytes."""
    return np.clip(np.rint(128 + _GREY_PER_UNIT * image), 0, 255).astype(np.uint8)


def unpack(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the appearance that :func:`pack` stored."""
    return (image.astype(np.float32) - 128) / np.float32(_GREY_PER_UNIT)
