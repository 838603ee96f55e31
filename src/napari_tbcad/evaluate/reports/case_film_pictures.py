"""Pictures of a film for a report: outlines of masks, what a correction changed, maps laid over the film."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo
from scipy import ndimage
from skimage.segmentation import find_boundaries

from napari_tbcad.imaging.grid import resize_labels, resize_soft
from napari_tbcad.imaging.intensity import robust_range, to_unit
from napari_tbcad.imaging.morphology import inner_edge
from napari_tbcad.imaging.radiograph import Radiograph
from napari_tbcad.notice import NOTICE
from napari_tbcad.schemes import LUNG_COLOURS

SIDE = 640
"""Longest side of a picture in pixels: half a sheet at 180 points an inch."""

ADDED, REMOVED = "#009E73", "#CC79A7"
"""What a person added (full line, +) and took away (dotted line, −)."""

SPEAKS_FOR, SPEAKS_AGAINST = "#D55E00", "#56B4E9"
"""Of a map of evidence; on a dark film a lighter blue is seen."""

OPAQUE = "#CC79A7"

Grey = NDArray[np.uint8]
Picture = NDArray[np.uint8]

_DARK = 24
"""Grey of a film that is not at hand."""


def grey_picture(film: Radiograph | None, shape: tuple[int, int]) -> Grey:
    """Return a film (h, w) for drawing on, its longest side :data:`SIDE`; an even dark one without a film.

    Parameters
    ----------
    film : Radiograph or None
    shape : (int, int)
        Rows and columns of the film.
    """
    factor = SIDE / max(shape)
    size = (max(1, round(shape[0] * factor)), max(1, round(shape[1] * factor)))
    if film is None:
        return np.full(size, _DARK, np.uint8)
    window = film.window or robust_range(film.pixels)
    small = resize_soft(to_unit(film.pixels, window)[None], size)[0]
    return np.rint(255 * np.clip(small, 0, 1)).astype(np.uint8)


def plain(grey: Grey) -> bytes:
    """Return the film alone."""
    return _png(_rgb(grey))


def outlined(grey: Grey, masks: Mapping[str, NDArray[np.uint8]]) -> bytes:
    """Return the film with masks: the insensitive one in a full line, the sensitive one in a broken one."""
    picture = _rgb(grey)
    for kind in ("sensitive", "insensitive"):
        if kind in masks:
            _outline(picture, resize_labels(masks[kind], grey.shape), broken=kind == "sensitive")
    return _png(picture)


def changed(grey: Grey, automatic: NDArray[np.uint8], used: NDArray[np.uint8], *, broken: bool) -> bytes:
    """Return the film with a corrected mask, and what was added to and taken from the automatic one.

    Parameters
    ----------
    grey : (h, w) array of uint8
    automatic, used : (H, W) array of uint8
        Lung labels before and after.
    broken : bool
        Whether the mask has a broken line.
    """
    picture = _rgb(grey)
    before, after = (resize_labels(mask, grey.shape) for mask in (automatic, used))
    _outline(picture, after, broken=broken)
    signs = []
    for part, colour, sign in (
        ((after > 0) & (before != after), ADDED, "+"),
        ((before > 0) & (after == 0), REMOVED, "−"),
    ):
        tint = np.array(_colour(colour), float)
        picture[part] = np.rint(0.6 * picture[part] + 0.4 * tint)
        edge = inner_edge(part)
        if sign == "−":
            edge &= _gaps(edge.shape, 3)
        picture[edge] = tint
        signs += [(row, column, sign) for row, column in _middles(part)]
    return _png(picture, signs)


def evidence_picture(grey: Grey, values: NDArray[np.float32], lungs: NDArray[np.bool_]) -> bytes:
    """Return the film with a signed map laid over the lungs: :data:`SPEAKS_FOR` above 0, the other below.

    Parameters
    ----------
    grey : (h, w) array of uint8
    values : (rows, columns) array of float32
        On a grid over the film's field of view.
    lungs : (rows, columns) array of bool
        Where it counts.
    """
    picture = _rgb(grey).astype(float) * 0.75
    inside = values[lungs] if lungs.any() else values.ravel()
    top = float(np.quantile(np.abs(inside), 0.99)) or 1.0
    share = np.clip(resize_soft((values / top)[None], grey.shape)[0], -1, 1)
    for side, colour in ((1, SPEAKS_FOR), (-1, SPEAKS_AGAINST)):
        alpha = 0.85 * np.clip(side * share, 0, 1)[..., None]
        picture = (1 - alpha) * picture + alpha * np.array(_colour(colour), float)
    drawn = np.rint(picture).astype(np.uint8)
    _border(drawn, lungs)
    return _png(drawn)


def opacity_picture(
    grey: Grey, probability: NDArray[np.float32], lungs: NDArray[np.bool_], threshold: float
) -> bytes:
    """Return the film with the probability of an opacity; a dotted line goes around what counts as opaque.

    Parameters
    ----------
    grey : (h, w) array of uint8
    probability : (rows, columns) array of float32
        0 to 1, on a grid over the film's field of view.
    lungs : (rows, columns) array of bool
    threshold : float
        From which a pixel counts as opaque.
    """
    soft = np.clip(resize_soft(probability[None], grey.shape)[0], 0, 1)
    inside = _large(lungs, grey.shape)
    alpha = np.where(inside, 0.75 * soft, 0)[..., None]
    drawn = np.rint((1 - alpha) * _rgb(grey) + alpha * np.array(_colour(OPAQUE), float)).astype(np.uint8)
    _border(drawn, lungs)
    edge = inner_edge(inside & (soft >= threshold)) & _gaps(grey.shape, 3)
    drawn[edge] = (255, 255, 255)
    return _png(drawn)


def _rgb(grey: Grey) -> Picture:
    return np.repeat(grey[..., None], 3, axis=2)


def _colour(name: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(name[1:]))


def _gaps(shape: tuple[int, ...], dash: int) -> NDArray[np.bool_]:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return (rows + columns) // dash % 2 == 0


def _outline(picture: Picture, labels: NDArray[np.uint8], *, broken: bool) -> None:
    for label, colour in LUNG_COLOURS.items():
        edge = find_boundaries(labels == label, mode="thick")
        picture[edge & _gaps(edge.shape, 7) if broken else edge] = _colour(colour)


def _large(mask: NDArray[np.bool_], shape: tuple[int, int]) -> NDArray[np.bool_]:
    return resize_labels(mask.astype(np.uint8), shape) > 0


def _border(picture: Picture, lungs: NDArray[np.bool_]) -> None:
    inside = _large(lungs, picture.shape[:2])
    picture[inner_edge(inside)] = (230, 230, 230)


def _middles(part: NDArray[np.bool_], most: int = 4) -> list[tuple[float, float]]:
    """Return a point inside each of the largest pieces."""
    pieces, _ = ndimage.label(part)
    sizes = np.bincount(pieces.ravel())[1:]
    found = []
    for piece in np.argsort(-sizes)[:most]:
        if sizes[piece] < 60:
            break
        depth = ndimage.distance_transform_edt(pieces == piece + 1)
        row, column = np.unravel_index(int(np.argmax(depth)), depth.shape)
        found.append((float(row), float(column)))
    return found


def _png(picture: Picture, signs: list[tuple[float, float, str]] | None = None) -> bytes:
    """Return a picture as PNG, with R and L at the patient's sides and the notice in its text chunk."""
    image = Image.fromarray(picture)
    drawing = ImageDraw.Draw(image)
    size = max(14, image.height // 22)
    font = ImageFont.load_default(size=size)
    edges = {"fill": "white", "font": font, "stroke_width": 2, "stroke_fill": "black"}
    drawing.text((size // 2, size // 3), "R", anchor="la", **edges)  # type: ignore[arg-type]
    drawing.text((image.width - size // 2, size // 3), "L", anchor="ra", **edges)  # type: ignore[arg-type]
    for row, column, sign in signs or ():
        _sign(drawing, row, column, sign)
    return signed_png(image)


def signed_png(image: Image.Image) -> bytes:
    """Return a picture as PNG whose text chunk "Disclaimer" has the research-use notice."""
    facts = PngInfo()
    facts.add_text("Disclaimer", NOTICE)
    stream = io.BytesIO()
    image.save(stream, format="PNG", pnginfo=facts)
    return stream.getvalue()


def _sign(drawing: ImageDraw.ImageDraw, row: float, column: float, sign: str) -> None:
    """Draw a plus or a minus, light on dark, as lines: not every font has a minus."""
    for colour, width, reach in (("black", 8, 11), ("white", 4, 9)):
        drawing.line((column - reach, row, column + reach, row), fill=colour, width=width)
    if sign == "+":
        for colour, width, reach in (("black", 8, 11), ("white", 4, 9)):
            drawing.line((column, row - reach, column, row + reach), fill=colour, width=width)
        drawing.line((column - 9, row, column + 9, row), fill="white", width=4)
