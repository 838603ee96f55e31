"""Images in TIFF files, read by tifffile where it can and refused where they would fill the memory."""

from __future__ import annotations

import lzma
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput
from napari_tbcad.io.opening import Bounded
from napari_tbcad.limits import MAX_PAGES, too_many_pixels
from napari_tbcad.plain_text import first_line

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage

_DEFLATE, _LZMA = (8, 32946), (34925,)
_MOST_RATIO = {1: 1.01, **dict.fromkeys(_DEFLATE, 1100), **dict.fromkeys(_LZMA, 8000)}
"""By how much each compression can shrink an image at most; the first is none."""
_PIECE, _MOST_SAMPLES = 2**20, 64


def load_tiff(path: Path, number: int | None, most: int = 0) -> tuple[NDArray[Any] | None, dict[str, Any]]:
    """Decode one page of a TIFF file.

    Parameters
    ----------
    path : Path
    number : int or None
        Which page, from 0; None: the first of the largest.
    most : int, optional
        Pixels allowed; :data:`~napari_tbcad.limits.MAX_PIXELS` by default.

    Returns
    -------
    array : (H, W) or (H, W, C) array, or None
        None when the page needs another decoder (LZW and JPEG inside TIFF are optional here).
    facts : dict
        As :func:`napari_tbcad.io.raster.load_array` gives them.

    Raises
    ------
    BadInput
        If it is damaged or larger than is read.
    """
    import tifffile

    try:
        with Bounded(path) as file, tifffile.TiffFile(file, name=path.name) as tiff:
            pages = _pages(path, tiff)
            largest = max(pages, key=lambda p: p.imagewidth * p.imagelength)
            page = largest if number is None else pages[number]
            photometric = int(page.photometric) if page.photometric is not None else 1
            if page.imagedepth > 1 or photometric not in (0, 1, 2):
                return None, {}
            _refuse_bombs(path, page, most)
            array = page.asarray()
            if array.ndim == 3 and int(page.planarconfig or 1) == 2:
                array = np.moveaxis(array, 0, -1)
            facts = {
                "bits": int(page.bitspersample),
                "pages": len(pages),
                "orientation": _tag(page, "Orientation", 1),
                "white_is_zero": photometric == 0,
                "dpi": _dpi(page),
            }
            return array, facts
    except (BadInput, MemoryError):
        raise
    except Exception as error:
        # LZW and JPEG inside TIFF need optional codecs there; Pillow brings its own.
        if "imagecodecs" in str(error):
            return None, {}
        raise BadInput(path, f"truncated or damaged TIFF file ({first_line(error)})") from error


def _pages(path: Path, tiff: TiffFile) -> list[TiffPage]:
    """Return the pages; raise BadInput where their chain is too long or turns back on itself."""
    found: list[TiffPage] = []
    seen: set[int] = set()
    # Asked one by one: all at once, a chain that turns back on itself is followed for hours.
    for number in range(MAX_PAGES + 1):
        try:
            page = tiff.pages[number].aspage()
        except IndexError:
            break
        if page.offset in seen:
            raise BadInput(path, "damaged TIFF file (its pages follow one another in a circle)")
        seen.add(page.offset)
        found.append(page)
    if len(found) > MAX_PAGES:
        raise BadInput(path, f"more than {MAX_PAGES} pages")
    if not found:
        raise BadInput(path, "damaged TIFF file (it has no page)")
    return found


def _refuse_bombs(path: Path, page: TiffPage, most: int) -> None:
    """Raise BadInput for a page that claims too much, or whose pieces unpack to more than it claims."""
    width, length, samples = page.imagewidth, page.imagelength, page.samplesperpixel
    each = max(int(page.bitspersample), 8) // 8
    if samples > _MOST_SAMPLES:
        raise BadInput(path, f"{samples} values a pixel: not one grey or colour image")
    if said := too_many_pixels(width, length, samples, most=most, bytes_each=each):
        raise BadInput(path, said)
    rows, columns = (page.tilelength, page.tilewidth) if page.is_tiled else (page.rowsperstrip, width)
    piece = min(rows, 2 * length + 1024) * columns * samples * each
    if said := too_many_pixels(columns, min(rows, length) or 1, samples, most=most, bytes_each=each):
        raise BadInput(path, said)
    packed, claimed = sum(page.databytecounts), width * length * samples * int(page.bitspersample) // 8
    if claimed > _PIECE and claimed > _MOST_RATIO.get(int(page.compression), claimed) * packed:
        raise BadInput(path, "truncated or damaged TIFF file (it holds less than the image that it claims)")
    if packed > 2 * path.stat().st_size + _PIECE:
        raise BadInput(path, "damaged TIFF file (the parts of its image overlap)")
    if int(page.compression) in (*_DEFLATE, *_LZMA):
        _refuse_longer(path, page, 2 * piece + _PIECE)


def _refuse_longer(path: Path, page: TiffPage, limit: int) -> None:
    """Unpack the pieces of a page without keeping them, as far as they may go."""
    make: Any = lzma.LZMADecompressor if int(page.compression) in _LZMA else zlib.decompressobj
    with open(path, "rb") as file:
        for start, length in zip(page.dataoffsets, page.databytecounts, strict=False):
            file.seek(start)
            packed, unpack, size = file.read(min(length, path.stat().st_size)), make(), 0
            while (piece := unpack.decompress(packed, _PIECE)) and size <= limit:
                size += len(piece)
                packed = getattr(unpack, "unconsumed_tail", b"")
                if unpack.eof:
                    break
            if size > limit:
                raise BadInput(path, "a part of the image unpacks to more than the image has: refused")


def _tag(page: TiffPage, name: str, default: int) -> int:
    tag = page.tags.get(name)
    return default if tag is None else int(tag.value)


def _dpi(page: TiffPage) -> tuple[float, float] | None:
    unit, tags = _tag(page, "ResolutionUnit", 2), page.tags
    if unit not in (2, 3) or "XResolution" not in tags or "YResolution" not in tags:
        return None
    x, y = ((v[0] / v[1] if v[1] else 0.0) for v in (tags["XResolution"].value, tags["YResolution"].value))
    return (x, y) if unit == 2 else (x * 2.54, y * 2.54)
