"""Label images (regions, classes, hotspot instances) as PNG and TIFF files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.files import written_whole
from napari_tbcad.io.masks import holds, mask_values

LABEL_SUFFIXES = (".png", ".tif", ".tiff")


def read_labels(path: str | Path, shape: tuple[int, int] | None = None, *, most: int = 65535) -> NDArray[Any]:
    """Read a label image.

    Parameters
    ----------
    path : str or Path
        PNG or TIFF, grey or colour that is grey in truth, 1 to 16 bit, or whole numbers in another depth.
    shape : (int, int), optional
        Rows and columns of the image that the labels are for.
    most : int, optional
        Largest label allowed.

    Returns
    -------
    (H, W) array of uint8, or of uint16 where a label exceeds 255

    Raises
    ------
    BadInput
        If the file is no image, has another size, or labels that are no whole numbers in 0 to `most`.
    """
    path = Path(path)
    values = mask_values(path)
    if shape is not None and values.shape != tuple(shape):
        raise BadInput(
            path,
            f"the labels have {values.shape[0]} × {values.shape[1]} pixels (rows × columns) but the scan has "
            f"{shape[0]} × {shape[1]}; save them on the scan's own grid",
        )
    if values.dtype.kind == "f" and not (np.isfinite(values).all() and (values == np.round(values)).all()):
        raise BadInput(path, "labels are whole numbers, this image has others")
    low, high = (values.min(), values.max()) if values.size else (0, 0)
    if low < 0 or high > most:
        raise BadInput(path, f"labels are 0 to {most}, this image has {low:g} to {high:g}")
    return values.astype(np.uint8 if high <= 255 else np.uint16)


def write_labels(path: str | Path, labels: NDArray[Any], *, bits: int | None = None) -> None:
    """Write a label image as PNG or TIFF by the file's suffix, whole or not at all.

    A file that holds these labels already stays as it is.

    Parameters
    ----------
    path : str or Path
        ``.png``, ``.tif`` or ``.tiff``.
    labels : (H, W) array of int or bool
        0 to 65535.
    bits : {8, 16}, optional
        Depth of the file; by default 8, or 16 where a label exceeds 255.

    Raises
    ------
    BadInput
        If `labels` is not such an image or the suffix is another.
    """
    path = Path(path)
    labels = np.asarray(labels)
    whole = labels.dtype.kind in "uib"
    if labels.ndim != 2 or labels.size == 0 or not whole or labels.min() < 0 or labels.max() > 65535:
        raise BadInput(path, "labels to be saved are a 2-D image of whole numbers 0 to 65535")
    bits = bits or (8 if labels.max() <= 255 else 16)
    if bits == 8 and labels.max() > 255:
        raise BadInput(path, f"label {labels.max()} does not fit into 8 bits")
    if path.suffix.lower() not in LABEL_SUFFIXES:
        raise BadInput(path, "labels are saved as .png, .tif or .tiff")
    if holds(path, labels):
        return
    stored = labels.astype(np.uint8 if bits == 8 else np.uint16)
    with written_whole(path) as temporary:
        if path.suffix.lower() == ".png":
            from PIL import Image

            Image.fromarray(stored).save(temporary, format="PNG", optimize=False)
        else:
            import tifffile

            # Without a description: tifffile would write the shape as JSON, which changes nothing.
            tifffile.imwrite(temporary, stored, compression="zlib", metadata=None)
