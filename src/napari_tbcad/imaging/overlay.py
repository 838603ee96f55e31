"""Pictures of a film with its masks drawn on it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import find_boundaries

from napari_tbcad.schemes import LUNG_COLOURS


def draw_outlines(
    grey: NDArray[np.uint8],
    solid: NDArray[np.integer],
    dashed: NDArray[np.integer] | None = None,
    *,
    colours: Mapping[int, str] = LUNG_COLOURS,
    dash: int = 6,
) -> NDArray[np.uint8]:
    """Draw the outlines of label images on a grey picture.

    Parameters
    ----------
    grey : (H, W) array of uint8
        The picture.
    solid : (H, W) array of int
        Labels drawn with a full line.
    dashed : (H, W) array of int, optional
        Labels drawn with a broken line, so that the two are told apart without colour.
    colours : mapping, optional
        Colour per label, ``#RRGGBB``.
    dash : int, optional
        Length of dash and gap in pixels.

    Returns
    -------
    (H, W, 3) array of uint8
        RGB picture.
    """
    picture = np.repeat(grey[..., None], 3, axis=2)
    rows, columns = np.ogrid[: grey.shape[0], : grey.shape[1]]
    gaps = (rows + columns) // dash % 2 == 0
    for labels, broken in ((dashed, True), (solid, False)):
        if labels is None:
            continue
        for label, colour in colours.items():
            edge = find_boundaries(labels == label, mode="inner")
            picture[edge & gaps if broken else edge] = tuple(bytes.fromhex(colour[1:]))
    return picture
