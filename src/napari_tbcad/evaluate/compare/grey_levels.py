"""What the baselines share: an image on a network's grid, classes from hotness, and how a fit is judged."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import expit

from napari_tbcad.imaging.grid import resize_soft
from napari_tbcad.networks.input import InputParameters, normalised_counts, to_input
from napari_tbcad.networks.samples import Decoded
from napari_tbcad.networks.scores import overlap
from napari_tbcad.schemes import BONE_SCHEMES, IGNORE

Image = NDArray[np.float32]


def images_of(decoded: Decoded, grid: InputParameters) -> list[Image]:
    """Return decoded images (h, w) as a network is given them."""
    if grid.intensity == "counts":
        return [normalised_counts(image) for image in decoded.images]
    return list(decoded.images)


def asked_about(counts: Image, grid: InputParameters) -> tuple[Image, tuple[int, int]]:
    """Return an image on the grid, padding left out, and its own shape."""
    given = to_input(np.asarray(counts, np.float32), grid)
    return given.inner(given.pixels), (counts.shape[0], counts.shape[1])


def smoothed(image: Image, sigma: float) -> Image:
    """Return an image (h, w) smoothed with a Gaussian; as it is for 0."""
    if not sigma:
        return image
    return np.asarray(ndimage.gaussian_filter(image, sigma, mode="nearest", truncate=3.0), np.float32)


def sureness(margin: Image, width: float) -> Image:
    """Return how surely pixels are hot, logistic(margin / width), float32; 0.5 at a margin of 0."""
    return np.asarray(expit(margin / width), np.float32)


def answer(hot: Image, bone: NDArray[np.bool_], shape: tuple[int, int], scheme: str) -> NDArray[np.float32]:
    """Return the probabilities (K, H, W) of a scheme on another grid.

    Parameters
    ----------
    hot : (h, w) array of float32
        How surely a pixel is hot, in [0, 1]; from 0.5 on it is called abnormal.
    bone : (h, w) array of bool
        Where the rest is called bone; elsewhere it is background.
    shape : (int, int)
        Rows and columns of the image.
    scheme : {"4", "3"}
    """
    ids = BONE_SCHEMES[scheme].ids
    out = np.zeros((len(BONE_SCHEMES[scheme].names), *hot.shape), np.float32)
    out[ids["abnormal"]] = hot
    out[ids["bone"]] = (1 - hot) * bone
    out[ids["background"]] = (1 - hot) * ~bone
    return resize_soft(out, shape)


def mean_dice(counts: NDArray[np.integer]) -> float:
    """Return the mean Dice of the classes but the background that the labels have.

    The same number that decides on a network's training: from pixels summed over all images. A class that is
    never found counts 0.

    Parameters
    ----------
    counts : (K, K) array of int
        Pixels by true (rows) and found class.
    """
    k = len(counts)
    found = overlap(counts)
    present = found.truth[: k - 1] > 0
    return float(found.dice[: k - 1][present].mean()) if present.any() else 0.0


def said(labels: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Return where labels make a statement."""
    return labels != IGNORE
