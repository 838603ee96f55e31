"""Bone scans exported as plain images (PNG, JPEG, TIFF, BMP)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.io.nuclear_types import TALL
from napari_tbcad.io.raster import load_array
from napari_tbcad.io.scan_layout import bodies, halves, letters, looks_inverted, looks_like_labels
from napari_tbcad.limits import MAX_SCAN_PIXELS

_COLOUR_NOISE = 24  # JPEG leaves this much between the channels of a grey picture
_EXPORT = "export the scan as DICOM NM, or each view as a grey image"


def read_scan_image(
    path: Path, warnings: list[str]
) -> tuple[tuple[NDArray[np.float32], ...], dict[str, Any]]:
    """Read one view, or two side by side or on two pages, from an image file.

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
        If it is a colour picture, a label image, empty, of a shape no whole-body view has, or shows more
        than two bodies.
    """
    pages, bits = _pages(path, warnings)
    views: list[NDArray[np.float32]] = []
    inverted = False
    for array in pages:
        pixels, dark = _on_dark_ground(path, array, warnings)
        views += _checked_views(path, pixels, warnings)
        inverted |= dark
    if len(views) > 2:
        raise BadInput(path, f"pictures of {len(views)} bodies: {_EXPORT}")
    facts = {"format": "image", "bits": bits, "inverted": inverted, "parted": len(views) > len(pages)}
    return tuple(views), facts


def _pages(path: Path, warnings: list[str]) -> tuple[list[NDArray[Any]], int]:
    """Return the image of a file, or the two pages of one size that are its two views, and the bits."""
    said: list[str] = []
    array, stored = load_array(path, said, most=MAX_SCAN_PIXELS)
    number = stored["pages"]
    arrays = (
        [load_array(path, [], page=i, most=MAX_SCAN_PIXELS)[0] for i in range(min(number, 2))]
        if number > 1
        else [array]
    )
    if number > 1 and arrays[0].shape == arrays[1].shape == array.shape:
        if number > 2:
            raise BadInput(path, f"{number} pages; save the anterior and the posterior view alone")
        return arrays, stored["bits"]
    warnings += said
    return [array], stored["bits"]


def _on_dark_ground(path: Path, array: NDArray[Any], warnings: list[str]) -> tuple[NDArray[np.float32], bool]:
    """Return grey pixels with the body bright, and whether the scale had to be turned round for that."""
    pixels = _grey(path, array)
    if not np.isfinite(pixels).all() or pixels.min() < 0:
        raise BadInput(path, "the image has negative, NaN or infinite pixels")
    if pixels.min() == pixels.max():
        raise BadInput(path, "the image is empty (all pixels are equal)")
    if looks_like_labels(pixels):
        raise BadInput(path, "a mask or label image, not a scan (give it with --masks)")
    if inverted := looks_inverted(pixels):
        full = 255.0 if array.dtype == np.uint8 else float(pixels.max())
        pixels = (full - pixels).astype(np.float32)
        pixels -= pixels.min()
        warnings.append("The body is dark on a light ground; the grey scale was turned round.")
    return pixels, inverted


def _checked_views(
    path: Path, pixels: NDArray[np.float32], warnings: list[str]
) -> tuple[NDArray[np.float32], ...]:
    """Return the one or two whole-body views in a picture."""
    if marks := letters(pixels):
        warnings.append(f"The image seems to hold text or marks ({marks} pieces); they are taken for uptake.")
    views = part_views(path, pixels)
    if any(view.shape[0] < TALL * view.shape[1] for view in views):
        rows, columns = pixels.shape
        raise BadInput(path, f"an image of {columns} × {rows} pixels, not a whole-body view: {_EXPORT}")
    if len(views) == 2:
        warnings.append("Two bodies lie side by side; the image was parted between them.")
    return views


def part_views(path: Path, pixels: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
    """Return the one or two views in an image; raise BadInput for bodies that are not two views of one.

    Parameters
    ----------
    path : Path
        For the message.
    pixels : (H, W) array of float32
        Body bright on a dark ground.
    """
    rows, columns = pixels.shape
    found = bodies(pixels) if columns > 0.3 * rows else []
    if len(found) > 2:
        raise BadInput(path, f"a picture of {len(found)} bodies: {_EXPORT}")
    parted = halves(pixels, found) if len(found) == 2 else None
    if len(found) == 2 and parted is None:
        raise BadInput(path, f"a picture of two bodies that are not two views of one: {_EXPORT}")
    return (pixels,) if parted is None else parted


def _grey(path: Path, array: NDArray[Any]) -> NDArray[np.float32]:
    if array.ndim == 2:
        return array.astype(np.float32)
    colour = array[..., :3].astype(np.float32)
    if array.ndim != 3 or colour.shape[2] not in (1, 2, 3):
        raise BadInput(path, f"not one grey image: its array has the shape {array.shape}")
    if colour.shape[2] == 3 and np.percentile(np.ptp(colour, axis=2), 99.9) > _COLOUR_NOISE:
        raise BadInput(path, f"a colour picture (a screenshot?): {_EXPORT}")
    return colour[..., 0] if colour.shape[2] < 3 else colour.mean(axis=2, dtype=np.float32)
