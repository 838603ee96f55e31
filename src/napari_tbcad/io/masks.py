"""Lung masks as label images: 0 background, 1 the patient's right lung, 2 the left."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.files import is_file, written_whole
from napari_tbcad.schemes import LEFT as LEFT
from napari_tbcad.schemes import RIGHT as RIGHT

MASK_SUFFIXES = (".png", ".tif", ".tiff", ".seg.nrrd", ".dcm")

DICOM_SUFFIXES = (".dcm", ".dicom")

_BINARY_ONES = (1, 255, 65535)
_MAX_BETWEEN = 0.03
"""Largest share of pixels between 0 and full scale in what is still taken for a binary mask."""
_SMALLEST_LUNG = 0.1
"""A second piece counts as the other lung from this share of the larger one's area."""


def read_mask(path: str | Path, shape: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """Read a lung mask.

    Parameters
    ----------
    path : str or Path
        A label image (0, 1 right lung, 2 left lung) or a binary one (0 and 1, 255 or 65535), whose two
        lungs are then told apart by their place (:func:`tell_sides`). PNG, TIFF, BMP or GIF; or a
        segmentation of 3D Slicer (``.nrrd``, :func:`~napari_tbcad.io.slicer.read_segmentation`) or a DICOM
        one (``.dcm``, :func:`~napari_tbcad.io.clinic.segmentation_labels.lungs_of`).
    shape : (int, int), optional
        Rows and columns of the film the mask is for.

    Returns
    -------
    (H, W) array of uint8
        Labels 0, 1 and 2. One lung alone is accepted (``check_masks`` warns of it).

    Raises
    ------
    BadInput
        If the file is no image, has another size than the film, labels beyond 2, or no lung.
    """
    path = Path(path)
    if path.suffix.lower() == ".nrrd":
        return _read_segmentation(path, shape)
    if path.suffix.lower() in DICOM_SUFFIXES:
        from napari_tbcad.io.clinic.segmentation_labels import lungs_of

        return lungs_of(path, shape)
    values = mask_values(path)
    if shape is not None and values.shape != tuple(shape):
        raise BadInput(
            path,
            f"the mask has {values.shape[0]} × {values.shape[1]} pixels (rows × columns) but its film has "
            f"{shape[0]} × {shape[1]}; save it on the film's own grid",
        )
    present = {float(v) for v in np.unique(values)} - {0.0}
    if not present:
        raise BadInput(path, "the mask has no lung (every pixel is 0)")
    if present <= {float(RIGHT), float(LEFT)} and present != {1.0}:
        return values.astype(np.uint8)
    if len(present) > 2 and max(present) in _BINARY_ONES[1:]:
        # A binary mask that was resized or stored as JPEG has a few values between on its borders.
        between = (values > 0) & (values < max(present))
        if between.mean() <= _MAX_BETWEEN:
            return tell_sides(values > max(present) / 2)
    if len(present) == 1 and present <= {float(v) for v in _BINARY_ONES}:
        labels = tell_sides(values > 0)
        # 0 and 1 alone may as well be a label image with the right lung only, wherever that lies.
        return (values > 0).astype(np.uint8) if present == {1.0} and len(np.unique(labels)) == 2 else labels
    shown = ", ".join(f"{v:g}" for v in sorted(present)[:6]) + (", …" if len(present) > 6 else "")
    raise BadInput(path, f"mask labels are 0, 1 (right lung) and 2 (left lung), this has {shown}")


def _read_segmentation(path: Path, shape: tuple[int, int] | None) -> NDArray[np.uint8]:
    from napari_tbcad.io.slicer_reading import read_segmentation

    labels, _ = read_segmentation(path, shape)
    if not labels.any():
        raise BadInput(path, "the mask has no lung (every pixel is 0)")
    return labels


def tell_sides(lungs: NDArray[Any]) -> NDArray[np.uint8]:
    """Label the two lungs of a binary mask by their place in the image.

    Parameters
    ----------
    lungs : (H, W) array of bool
        Both lungs of a frontal film in the usual display.

    Returns
    -------
    (H, W) array of uint8
        1 (right lung) on the image's left, 2 on its right, 0 elsewhere. Lungs that touch are cut at the
        narrowest column between them; a single piece on one side of the film is that side's lung.
    """
    from scipy import ndimage

    lungs = np.asarray(lungs, dtype=bool)
    pieces, count = ndimage.label(lungs, structure=np.ones((3, 3)))
    labels = np.zeros(lungs.shape, dtype=np.uint8)
    if count == 0:
        return labels
    index = np.arange(1, count + 1)
    areas = ndimage.sum_labels(lungs, pieces, index)
    columns = np.array([c for _, c in ndimage.center_of_mass(lungs, pieces, index)])
    large = np.flatnonzero(areas >= _SMALLEST_LUNG * areas.max())
    if len(large) > 1:
        midline = (columns[large].min() + columns[large].max()) / 2
        labels[lungs] = np.where(columns < midline, RIGHT, LEFT)[pieces[lungs] - 1]
        return labels
    midline = _midline_of_one_piece(lungs)
    labels[:, :midline][lungs[:, :midline]] = RIGHT
    labels[:, midline:][lungs[:, midline:]] = LEFT
    return labels


def _midline_of_one_piece(lungs: NDArray[np.bool_]) -> int:
    """Return the column that parts a single piece; 0 or W when it is one lung only."""
    height = lungs.sum(axis=0)
    used = np.flatnonzero(height)
    first, last, width = int(used[0]), int(used[-1]), lungs.shape[1]
    middle = width / 2
    if last - first < width / 2 and (first + last) / 2 < middle:
        return width
    if last - first < width / 2:
        return 0
    third = (last - first) // 3
    inner = slice(first + third, last - third + 1)
    return first + third + int(np.argmin(height[inner]))


def mask_values(path: Path) -> NDArray[Any]:
    """Return the stored values of a mask image as (H, W), colour only where it is grey in truth."""
    from napari_tbcad.io.raster import load_array

    try:
        array, facts = load_array(path, [])
    except FileNotFoundError as error:
        raise BadInput(path, "no such mask file") from error
    except OSError as error:
        raise BadInput(path, f"the mask cannot be read ({error.strerror or error})") from error
    if facts["pages"] > 1:
        raise BadInput(path, f"the file has {facts['pages']} pages; save each mask as a file of its own")
    if array.ndim == 3:
        colour = array[..., : 3 if array.shape[2] >= 3 else 1]
        if not (colour == colour[..., :1]).all():
            raise BadInput(path, "the mask is a colour image; save its labels as a grey image")
        array = colour[..., 0]
    if facts["white_is_zero"] and facts["bits"] == 1:
        array = ~array.astype(bool)
    return array


def write_mask(path: str | Path, labels: NDArray[Any]) -> None:
    """Write labels 0, 1 and 2 as an 8-bit PNG, whole or not at all; a file that holds them already stays.

    Raises
    ------
    BadInput
        If `labels` is not 2-D or holds other values.
    """
    from PIL import Image

    labels = np.asarray(labels)
    if labels.ndim != 2 or labels.size == 0 or not _are_lungs(labels):
        raise BadInput(path, "a mask to be saved is 2-D with the labels 0, 1 and 2")
    if holds(path, labels):
        return
    with written_whole(path) as temporary:
        # Runs of equal labels: the quickest of the PNG's strategies finds them, and all there is to find.
        picture = Image.fromarray(labels.astype(np.uint8, copy=False))
        picture.save(temporary, format="PNG", optimize=False, compress_type=zlib.Z_RLE)


def holds(path: str | Path, labels: NDArray[Any]) -> bool:
    """Tell whether an image there has just these labels, however it was saved.

    What a person painted is known by its bytes: a run that is given it must not save it in another way.
    """
    if not is_file(Path(path)):
        return False
    try:
        return np.array_equal(mask_values(Path(path)), labels)
    except (BadInput, OSError):
        return False


def _are_lungs(labels: NDArray[Any]) -> bool:
    # 9 million pixels in 2 ms rather than 120.
    if labels.dtype == np.uint8:
        return bool(labels.max() <= LEFT)
    return bool(np.isin(labels, (0, RIGHT, LEFT)).all())


def find_mask(folder: str | Path, name: str, kind: str) -> Path | None:
    """Return ``NAME_KIND.png`` (``.tif``, ``.seg.nrrd``, ``.dcm``) in `folder`; None where there is none.

    Parameters
    ----------
    folder : str or Path
        Folder of given masks.
    name : str
        The film's name as :func:`napari_tbcad.io.read.find_films` gives it.
    kind : {"sensitive", "insensitive"}
        Which mask.
    """
    for suffix in MASK_SUFFIXES:
        path = Path(folder) / f"{name}_{kind}{suffix}"
        if path.is_file():
            return path
    return None
