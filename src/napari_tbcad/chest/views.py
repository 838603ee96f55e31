"""What lies behind the grey-level features, for looking at: histogram and co-occurrence matrix of a film."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.chest.feature_sets import FeatureParameters
from napari_tbcad.chest.features import eight_bit
from napari_tbcad.chest.firstorder import GREY_LEVELS, grey_histogram
from napari_tbcad.chest.glcm import DIRECTIONS, bin_edges_table
from napari_tbcad.chest.glcm import cooccurrence as count_pairs
from napari_tbcad.chest.lungs.fields import LungMasks
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.grid import resize_labels
from napari_tbcad.imaging.radiograph import Radiograph

Direction = Literal["0", "45", "90", "135", "mean"]
"""Angle of the pairs in degrees, or the mean over the four."""

_WIDTH = 4
GREY_EDGES = tuple(range(0, GREY_LEVELS + 1, _WIDTH))
"""Edges of the histogram's bins on the 8-bit scale: 64 bins of 4 grey levels, fixed so that films compare."""


def lung_histogram(
    image: Radiograph, mask: LungMasks, *, kind: Literal["enhanced", "raw"] = "enhanced"
) -> NDArray[np.float64]:
    """Return the share of the lungs' pixels in each bin of :data:`GREY_EDGES`.

    Parameters
    ----------
    image : Radiograph
        The image that the grey-level features are read from, on the feature grid.
    mask : LungMasks
        Usually the insensitive one; resized to the image.
    kind : {"enhanced", "raw"}
        See :func:`napari_tbcad.chest.features.eight_bit`.

    Returns
    -------
    (64,) array of float64
        Shares; their sum is 1.

    Raises
    ------
    BadInput
        If the mask is empty, or an enhanced film has values outside 0…255.
    """
    inside = _inside(mask, image)
    counts = grey_histogram(eight_bit(image, kind), inside).reshape(-1, _WIDTH).sum(1)
    return counts / counts.sum()


def cooccurrence(
    image: Radiograph,
    mask: LungMasks,
    parameters: FeatureParameters = FeatureParameters(),
    *,
    direction: Direction = "mean",
) -> NDArray[np.float64]:
    """Return the co-occurrence matrix that the texture features of one direction are read from.

    Parameters
    ----------
    image : Radiograph
        The image that the grey-level features are read from, on the feature grid.
    mask : LungMasks
        Usually the insensitive one; resized to the image.
    parameters : FeatureParameters
        Grey levels Ng, bins, distance and kind of image, as for the features.
    direction : {"0", "45", "90", "135", "mean"}
        Of the pairs.

    Returns
    -------
    (Ng, Ng) array of float64
        Symmetric shares p(i, j) of the pairs; their sum is 1, or 0 where no pair lies in the mask.

    Raises
    ------
    BadInput
        If the mask is empty, or an enhanced film has values outside 0…255.
    ValueError
        If there is no such direction.
    """
    if direction not in get_args(Direction):
        raise ValueError(f"direction {direction!r} is none of {', '.join(get_args(Direction))}")
    inside = _inside(mask, image)
    grey = eight_bit(image, parameters.image)
    present = grey[inside]
    within = (int(present.min()), int(present.max()))
    low, high = within if parameters.discretisation == "mask" else (0, GREY_LEVELS - 1)
    levels = bin_edges_table(low, high, parameters.levels)[grey]
    angles = tuple(DIRECTIONS) if direction == "mean" else (int(direction),)
    counts = count_pairs(levels, inside, parameters.levels, distance=parameters.distance, angles=angles)
    shares = counts / np.maximum(counts.sum(axis=(1, 2), keepdims=True), 1)
    return shares.mean(axis=0)


def _inside(mask: LungMasks, image: Radiograph) -> NDArray[np.bool_]:
    labels = mask.labels if mask.labels.shape == image.shape else resize_labels(mask.labels, image.shape)
    inside = labels > 0
    if not inside.any():
        raise BadInput(image.source or f"{mask.kind} mask", f"the {mask.kind} mask is empty")
    return inside
