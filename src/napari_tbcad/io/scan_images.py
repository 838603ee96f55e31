"""Bone scans exported as plain images (PNG, JPEG, TIFF, BMP)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.io.nuclear_types import TALL
from napari_tbcad.io.raster import load_array

_COLOUR_NOISE = 12  # JPEG leaves this much between the channels of a grey picture


def read_scan_image(
    path: Path, warnings: list[str]
) -> tuple[tuple[NDArray[np.float32], ...], dict[str, Any]]:
    """Read one view, or two side by side, from an image file.

    Parameters
    ----------
    path : Path
        The file.
    warnings : list of str
        Complaints are appended here.

    Returns
    -------
    views : tuple of one or two (H, W) arrays of float32
        Grey values, body bright on a dark ground.
    facts : dict
        For the record.

    Raises
    ------
    BadInput
        If it is a colour picture, of a shape no whole-body view has, a label image, or empty.
    """
    array, facts = load_array(path, warnings)
    pixels = _grey(path, array)
    if not np.isfinite(pixels).all() or pixels.min() < 0:
        raise BadInput(path, "the image has negative, NaN or infinite pixels")
    if pixels.min() == pixels.max():
        raise BadInput(path, "the image is empty (all pixels are equal)")
    rows, columns = pixels.shape
    if rows < TALL * columns:
        raise BadInput(path, f"an image of {columns} × {rows} pixels, not a whole-body view")
    return (pixels,), {"format": "image", "bits": facts["bits"]}


def _grey(path: Path, array: NDArray[Any]) -> NDArray[np.float32]:
    if array.ndim == 2:
        return array.astype(np.float32)
    colour = array[..., :3].astype(np.float32)
    if colour.shape[2] == 3 and np.ptp(colour, axis=2).max() > _COLOUR_NOISE:
        raise BadInput(
            path, "a colour picture (a screenshot?): export the scan as DICOM NM, or as grey images"
        )
    return colour[..., 0] if colour.shape[2] < 3 else colour.mean(axis=2, dtype=np.float32)
