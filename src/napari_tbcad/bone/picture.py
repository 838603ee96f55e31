"""The picture of an analysed scan: both views, region outlines, hotspots with their class and id."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.files import written_whole
from napari_tbcad.schemes import HOTSPOT_COLOURS

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

    from napari_tbcad.bone.measure import HotspotRow
    from napari_tbcad.bone.workflow import BoneAnalysis

LETTERS = {"abnormal": "A", "normal": "N", "non_bone": "U", "ignore": "I"}
"""Letter beside each hotspot, so that classes are told apart without colour; U is uptake outside bone. The
number after it is the hotspot's id in the tables and label images."""

SIDES = {"anterior": ("R", "L"), "posterior": ("L", "R")}
"""The patient's side on the image's left and right."""

Box = tuple[float, float, float, float]

_HEIGHT = 1024
_REGION_COLOUR = "#009E73"
_DARK, _PAPER = "#222222", "#FFFFFF"
_ON_PAPER = {"ignore": "#CC79A7", "non_bone": "#5A5A5A"}
"""Where the colour of a class's layer would not be read as a letter on white."""

_DRAWN = ("ignore", "non_bone", "normal", "abnormal")
"""Order of drawing: what counts lies on top."""
_WINDOW_SHARE = 0.8
"""Share of the body's 99.5th percentile that is drawn black: faint uptake stays visible."""


def write_overlay(path: str | Path, analysis: BoneAnalysis) -> None:
    """Write both views side by side with regions, hotspots, index and notice, about 1024 px high.

    Parameters
    ----------
    path : str or Path
        PNG file, written whole or not at all.
    analysis : BoneAnalysis
        What the chain made of the scan.
    """
    from napari_tbcad.imaging.overlay import write_signed

    picture = draw_scan(analysis)
    with written_whole(path) as temporary:
        write_signed(temporary, picture)


def draw_scan(analysis: BoneAnalysis) -> NDArray[np.uint8]:
    """Draw a scan; returns an RGB picture (H, W, 3).

    The views are in inverse grey (counts dark), each as the camera saw it, with R and L at the patient's
    sides. Pixels that are not square are stretched to be.
    """
    from PIL import Image, ImageDraw

    panels = {name: _panel(analysis, name) for name, _ in analysis.scan}
    height, width = next(iter(panels.values())).shape[:2]
    size = max(12, height // 64)
    gap, head, foot = size, _head_height(size), 3 * size
    total = max(len(panels) * width + (len(panels) + 1) * gap, 30 * size)
    image = Image.new("RGB", (total, head + height + foot), _PAPER)
    drawing = ImageDraw.Draw(image)
    drawing.rectangle((0, head + height, total, image.height), fill=_DARK)
    _write_head(drawing, analysis, size, total)
    left = (total - len(panels) * width - (len(panels) - 1) * gap) // 2
    for name, panel in panels.items():
        image.paste(Image.fromarray(panel), (left, head))
        _write_marks(drawing, analysis, name, (left, head), panel.shape[:2], size)
        left += width + gap
    return np.asarray(image)


def _scale(analysis: BoneAnalysis) -> tuple[int, int]:
    """Return how many picture pixels a row and a column of the scan become."""
    rows, _ = analysis.scan.shape
    factor = max(1, round(_HEIGHT / rows))
    spacing = analysis.scan.spacing_mm
    stretch = 1.0 if spacing is None else spacing[1] / spacing[0]
    return factor, max(1, round(factor * stretch))


def _panel(analysis: BoneAnalysis, name: str) -> NDArray[np.uint8]:
    """Return one view in inverse grey with outlines of regions and hotspots."""
    counts = analysis.scan.view(name).counts  # type: ignore[arg-type, union-attr]
    body = counts[counts > 0]
    top = _WINDOW_SHARE * float(np.quantile(body, 0.995)) if body.size else 1.0
    grey = np.rint(255 * (1 - np.clip(counts / max(top, 1e-6), 0, 1))).astype(np.uint8)
    down, across = _scale(analysis)

    def larger(image: NDArray[np.generic]) -> NDArray[np.generic]:
        return image.repeat(down, axis=0).repeat(across, axis=1)

    picture = np.repeat(larger(grey)[..., None], 3, axis=2)
    regions = analysis.regions.labels(name)  # type: ignore[arg-type]
    if regions is not None:
        picture[_edges(larger(regions))] = _rgb(_REGION_COLOUR)
    labels = analysis.hotspots.labels(name)  # type: ignore[arg-type]
    if labels is not None:
        large = larger(labels)
        for label in _DRAWN:
            ids = [m.id for m in analysis.hotspots.marks if m.view == name and m.label == label]
            if ids:
                picture[_edges(np.isin(large, ids), both=True)] = _rgb(_colour(label))
    return picture  # type: ignore[return-value]


def _edges(labels: NDArray[np.generic], *, both: bool = False) -> NDArray[np.bool_]:
    """Return labelled pixels that touch a pixel of another label; `both` adds that other pixel."""
    edge = np.zeros(labels.shape, bool)
    down, across = labels[1:] != labels[:-1], labels[:, 1:] != labels[:, :-1]
    edge[1:] |= down
    edge[:-1] |= down
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    return edge if both else edge & (labels != 0)


def _head_height(size: int) -> int:
    return 5 * size


def _write_head(drawing: ImageDraw, analysis: BoneAnalysis, size: int, width: int) -> None:
    from PIL import ImageFont

    index = analysis.index
    judged = "no hotspot judged by a person"
    if index.judged_value is not None:
        judged = f"{index.judged_value:.2f} % from judged hotspots"
    title = f"BSI {index.value:.2f} %"
    drawing.text((size, size // 2), title, _DARK, ImageFont.load_default(size=int(1.5 * size)))
    line = f"weights {index.weights}, views {index.combine}; {judged}"
    font = _fitting(drawing, line, size, width)
    drawing.text((size, 2.4 * size), line, _DARK, font)
    numbers = {label: sum(m.label == label for m in analysis.hotspots.marks) for label in LETTERS}
    words = [
        (f"{LETTERS[label]} {label.replace('_', '-')} {number}", _letter_colour(label))
        for label, number in numbers.items()
    ]
    words.append(("regions", _REGION_COLOUR))
    font = _fitting(drawing, "  ".join(word for word, _ in words), size, width)
    left = float(size)
    for word, colour in words:
        drawing.text((left, 3.6 * size), word, colour, font)
        left += drawing.textlength(f"{word}  ", font=font)


def _fitting(drawing: ImageDraw, line: str, size: int, width: int) -> FreeTypeFont | ImageFont:
    """Return the font, `size` points at most, in which the line fits the picture."""
    from PIL import ImageFont

    for points in range(size, 8, -1):
        font = ImageFont.load_default(size=points)
        if drawing.textlength(line, font=font) <= width - 2 * size:
            break
    return font


def _write_marks(
    drawing: ImageDraw,
    analysis: BoneAnalysis,
    name: str,
    corner: tuple[int, int],
    shape: tuple[int, int],
    size: int,
) -> None:
    """Write the sides, the view's name, and each hotspot's letter and id beside its farthest pixel."""
    from PIL import ImageFont

    left, top = corner
    font, small = ImageFont.load_default(size=size), ImageFont.load_default(size=max(9, int(0.7 * size)))
    for side, where, anchor in zip(SIDES[name], (left + 2, left + shape[1] - 2), ("la", "ra"), strict=True):
        drawing.text((where, top + 2), side, _DARK, font, anchor=anchor)
    drawing.text((left + 2, top + 4 + 1.2 * size), name, _DARK, small)
    down, across = _scale(analysis)
    labels = analysis.hotspots.labels(name)  # type: ignore[arg-type]
    rows = [row for row in analysis.table if row.view == name]
    taken: list[Box] = []
    for row in sorted(rows, key=lambda row: -_DRAWN.index(row.label)):
        said = f"{LETTERS[row.label]}{row.id}"
        places = [
            ((left + x, top + y), anchor, drawing.textbbox((left + x, top + y), said, small, anchor=anchor))
            for x, y, anchor in _beside(row, labels, (down, across))
        ]
        inside = [each for each in places if left <= each[2][0] and each[2][2] <= left + shape[1]]
        inside = inside or places[:1]
        free = [each for each in inside if not any(_overlap(each[2], box) for box in taken)]
        place, anchor, box = (free or inside)[0]
        taken.append(box)
        drawing.text(
            place, said, _letter_colour(row.label), small, anchor, stroke_width=1, stroke_fill=_PAPER
        )


def _beside(
    row: HotspotRow, labels: NDArray[np.generic] | None, scale: tuple[int, int]
) -> Iterator[tuple[float, float, str]]:
    """Yield (x, y, anchor) right and left of a hotspot, at the height of its farthest pixel there."""
    down, across = scale
    for column, x, anchor in (
        (row.right - 1, row.right * across + 2, "lm"),
        (row.left, row.left * across - 2, "rm"),
    ):
        y = (row.top + row.bottom) / 2
        if labels is not None:
            # A long or crooked one does not reach the edge of its box at half height.
            y = float(np.flatnonzero(labels[:, column] == row.id).mean()) + 0.5
        yield x, y * down, anchor


def _overlap(one: Box, other: Box) -> bool:
    """Whether two boxes (left, top, right, bottom) share more than a rim of letters."""
    rim = 2
    return (
        min(one[2], other[2]) - max(one[0], other[0]) > rim
        and min(one[3], other[3]) - max(one[1], other[1]) > rim
    )


def _colour(label: str) -> str:
    return _ON_PAPER[label] if label == "ignore" else HOTSPOT_COLOURS[label]


def _letter_colour(label: str) -> str:
    return _ON_PAPER.get(label, HOTSPOT_COLOURS[label])


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))
