"""Pictures of a film with its masks drawn on it, signed and written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.imaging.morphology import inner_edge
from napari_tbcad.notice import NOTICE
from napari_tbcad.schemes import LUNG_COLOURS

_LINES = 60
"""Lines of text that would fill a picture: the notice is readable and covers little."""

_EFFORT = 4
"""Effort of the PNG's compression: twice as quick as Pillow's usual 6, the file 10 % larger."""


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
    for labels, broken in ((dashed, True), (solid, False)):
        if labels is None:
            continue
        for label, colour in colours.items():
            rows, columns = np.nonzero(inner_edge(labels == label))
            drawn = (rows + columns) // dash % 2 == 0 if broken else slice(None)
            picture[rows[drawn], columns[drawn]] = tuple(bytes.fromhex(colour[1:]))
    return picture


def write_signed(path: str | Path, picture: NDArray[np.uint8]) -> None:
    """Write a picture as PNG that says what it may be used for, to whoever looks and to programs.

    Parameters
    ----------
    path : str or Path
        The file, overwritten.
    picture : (H, W, 3) array of uint8
        RGB picture; the notice is drawn on its lower edge, left out where it has no room, and stands in
        the file's text chunk "Disclaimer" (a keyword of the PNG standard) in any case.
    """
    from PIL import Image, ImageDraw, ImageFont
    from PIL.PngImagePlugin import PngInfo

    image = Image.fromarray(picture)
    drawing, size = ImageDraw.Draw(image), max(10, image.height // _LINES)
    font = ImageFont.load_default(size=size)
    if drawing.textlength(NOTICE, font=font) < image.width - size and image.height > 4 * size:
        place = (size // 2, image.height - size // 2)
        drawing.text(place, NOTICE, "white", font, anchor="lb", stroke_width=1, stroke_fill="black")
    facts = PngInfo()
    facts.add_text("Disclaimer", NOTICE)
    image.save(path, format="PNG", pnginfo=facts, compress_level=_EFFORT)
