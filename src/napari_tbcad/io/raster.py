"""Chest films in PNG, JPEG, TIFF and BMP files."""

from __future__ import annotations

import warnings as python_warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.io.opening import Bounded
from napari_tbcad.io.tiff import load_tiff
from napari_tbcad.limits import MAX_PAGES, too_many_pixels
from napari_tbcad.plain_text import first_line
from napari_tbcad.record import Step

_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF")
_SCREEN_DPI = (72.0, 96.0)
_FILM_SIDE_MM = (150.0, 600.0)
_LYING = (5, 6, 7, 8)  # EXIF orientations whose rows are stored as columns
_GREY_WEIGHTS = (0.299, 0.587, 0.114)
_ROWS = 256


def looks_like_raster(head: bytes) -> bool:
    """Tell from the first bytes whether a file is PNG, JPEG, TIFF, BMP or GIF."""
    starts = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+", b"GIF8")
    # "BM" alone opens many a text file, hence the reserved zeros.
    return head.startswith(starts) or (head[:2] == b"BM" and head[6:10] == b"\x00\x00\x00\x00")


def read_raster(path: str | Path) -> Radiograph:
    """Read a film from a PNG, JPEG, TIFF or BMP file.

    Colour becomes grey, an EXIF orientation is applied, and of a file with several pages the first of the
    largest is read, with a warning: a folder's run should not stop at one scanned stack, and a thumbnail
    page must not be taken for the film.

    Parameters
    ----------
    path : str or Path
        The image: 1, 8, 16 or 32 bit, integer or floating point, grey, palette, RGB or RGBA.

    Returns
    -------
    Radiograph
        Pixels in the file's own units. `spacing_mm` comes from the resolution stated in the file only when
        it is credible (not a screen's 72 or 96 dpi, and the film between 150 and 600 mm a side).

    Raises
    ------
    BadInput
        If the file is not an image, is truncated, is too large, or has NaN or infinite pixels.
    """
    path = Path(path)
    warnings: list[str] = []
    array, facts = load_array(path, warnings)
    dpi = facts.pop("dpi", None)
    spacing = spacing_from_dpi(dpi, array.shape[:2])
    pixels = to_grey(path, array, warnings)
    if facts["white_is_zero"]:
        pixels = (pixels.min() + pixels.max()) - pixels
    if not np.isfinite(pixels).all():
        count = int((~np.isfinite(pixels)).sum())
        raise BadInput(path, f"{count} of {pixels.size} pixels are NaN or infinite; export the film anew")
    facts["spacing_from"] = "unknown" if spacing is None else "resolution in the file"
    film = Radiograph(
        pixels=pixels,
        spacing_mm=spacing,
        source=str(path),
        inverted=bool(facts["white_is_zero"]),
        warnings=tuple(warnings),
    )
    return film.after(Step("read image", facts=facts))


def load_array(
    path: str | Path, warnings: list[str], *, page: int | None = None, most: int = 0
) -> tuple[NDArray[Any], dict[str, Any]]:
    """Decode an image file.

    Parameters
    ----------
    path : str or Path
        PNG, JPEG, TIFF, BMP or GIF.
    warnings : list of str
        Complaints are appended here.
    page : int, optional
        Which page, from 0; by default the first of the largest, with a warning if there are several.
    most : int, optional
        Pixels allowed; :data:`~napari_tbcad.limits.MAX_PIXELS` by default.

    Returns
    -------
    array : (H, W) or (H, W, C) array
        The stored values, upright; C is 2 (grey, alpha), 3 (RGB) or 4 (RGBA).
    facts : dict
        ``bits``, ``pages``, ``orientation``, ``white_is_zero`` and, where stated, ``dpi`` (across, down;
        of the upright image).

    Raises
    ------
    BadInput
        If the file cannot be decoded, or is larger than is read (:mod:`~napari_tbcad.limits`).
    """
    path = Path(path)
    with Bounded(path) as file:
        head = file.read(32)
    if not head:
        raise BadInput(path, "the file is empty")
    if not looks_like_raster(head):
        raise BadInput(path, "not an image (PNG, JPEG, TIFF or BMP)")
    array: NDArray[Any] | None = None
    facts: dict[str, Any] = {}
    if head[:2] in (b"II", b"MM"):
        array, facts = load_tiff(path, page, most)
    if array is None:
        array, facts = _load_pillow(path, head, page, most)
    if page is None and facts["pages"] > 1:
        warnings.append(f"The file has {facts['pages']} pages; only one was read (the first of the largest).")
    if facts.pop("shallow", False):
        warnings.append("16-bit colour was read at 8 bit; save the film as 16-bit grey to keep its depth.")
    if 0 in array.shape:
        raise BadInput(path, "the image has no pixels")
    if facts["orientation"] in _LYING and facts["dpi"] is not None:
        facts["dpi"] = tuple(facts["dpi"])[::-1]
    return _upright(array, facts["orientation"]), facts


def to_grey(path: str | Path, array: NDArray[Any], warnings: list[str]) -> NDArray[np.float32]:
    """Turn decoded pixels, (H, W) or (H, W, 2 | 3 | 4), into (H, W) float32 grey (ITU-R BT.601 luma)."""
    if array.ndim == 2:
        return array.astype(np.float32)
    if array.ndim != 3 or array.shape[2] not in (1, 2, 3, 4):
        raise BadInput(path, f"not one grey or colour image: its array has the shape {array.shape}")
    grey: NDArray[np.float32]
    channels, full = array.shape[2], np.iinfo(array.dtype).max if array.dtype.kind in "ui" else 1
    colour = array[..., :3] if channels >= 3 else array[..., :1]
    if channels < 3 or (colour == colour[..., :1]).all():
        grey = colour[..., 0].astype(np.float32)
    else:
        warnings.append("The image is in colour; its brightness was used.")
        grey = np.empty(array.shape[:2], np.float32)
        for top in range(0, len(grey), _ROWS):  # whole, the products of a large film would fill the memory
            grey[top : top + _ROWS] = np.dot(colour[top : top + _ROWS], _GREY_WEIGHTS)
    if channels in (2, 4) and (array[..., -1] < full).any():
        warnings.append("The image is partly transparent; transparent parts were read as black.")
        grey = (grey * (array[..., -1] / full)).astype(np.float32)
    return grey


def _load_pillow(
    path: Path, head: bytes, number: int | None, most: int
) -> tuple[NDArray[Any], dict[str, Any]]:
    from PIL import Image, UnidentifiedImageError

    try:
        with python_warnings.catch_warnings():
            # Pillow warns above 89 million pixels; 10 000 x 10 000 is legitimate. Our limit is the lower one.
            python_warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            python_warnings.simplefilter("ignore", UserWarning)
            with Bounded(path) as file, Image.open(file, formats=_FORMATS) as image:
                if number:
                    image.seek(number)
                if said := too_many_pixels(*image.size, len(image.getbands()), most=most):
                    raise BadInput(path, said)
                image.load()
                pages = _number_of_pages(path, image)
                facts = {
                    "bits": head[24] if image.format == "PNG" else 16 if "16" in image.mode else 8,
                    "pages": pages,
                    "orientation": int(image.getexif().get(0x0112, 1) or 1),
                    # Pillow itself turns 8-bit white-is-zero round, but not 16-bit.
                    "white_is_zero": "16" in image.mode and _photometric(image) == 0,
                    "dpi": image.info.get("dpi"),
                }
                array = _pillow_array(image)
    except (BadInput, PermissionError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise BadInput(path, f"the image is too large ({first_line(error)})") from error
    except UnidentifiedImageError as error:
        # Its own text names the open file, folders and all.
        raise BadInput(path, "truncated or damaged image file (its header cannot be read)") from error
    except Exception as error:
        # Damaged files end in OSError, ValueError, SyntaxError, TypeError and more.
        raise BadInput(path, f"truncated or damaged image file ({first_line(error)})") from error
    facts["shallow"] = head[:4] == b"\x89PNG" and head[24] == 16 and array.ndim == 3
    return array, facts


def _number_of_pages(path: Path, image: Any) -> int:
    """Return how many pictures a file has; counting those of a GIF decodes nothing, but takes a while."""
    if image.format not in ("TIFF", "GIF"):
        return 1
    here, pages = image.tell(), 0
    try:
        while pages <= MAX_PAGES:
            image.seek(pages)
            pages += 1
    except EOFError:
        image.seek(here)
        return pages
    raise BadInput(path, f"more than {MAX_PAGES} pages")


def _pillow_array(image: Any) -> NDArray[Any]:
    """Return the pixels of a Pillow image of any mode as grey, grey + alpha, RGB or RGBA."""
    if image.mode == "P":
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    elif image.mode in {"CMYK", "YCbCr", "LAB", "HSV", "PA", "RGBX", "La", "RGBa"}:
        image = image.convert("RGBA" if image.mode in {"PA", "RGBa"} else "RGB")
    return np.asarray(image)


def _photometric(image: Any) -> int:
    return int(image.tag_v2.get(262, 1)) if hasattr(image, "tag_v2") else 1


def _upright(array: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Apply the EXIF / TIFF orientation tag (1 to 8; TIFF 6.0, section 8)."""
    if orientation in _LYING:
        array = np.swapaxes(array, 0, 1)
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    return array


def spacing_from_dpi(dpi: Any, shape: tuple[int, ...]) -> tuple[float, float] | None:
    """Return (row, column) spacing in mm where the stated resolution can be the film's."""
    try:
        across, down = (float(value) for value in dpi)
    except (TypeError, ValueError):
        return None
    if not (across > 0 and down > 0) or any(abs(across - screen) < 0.5 for screen in _SCREEN_DPI):
        return None
    spacing = (25.4 / down, 25.4 / across)
    sides = (spacing[0] * shape[0], spacing[1] * shape[1])
    return spacing if all(_FILM_SIDE_MM[0] <= side <= _FILM_SIDE_MM[1] for side in sides) else None
