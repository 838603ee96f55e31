"""The picture of an analysed scan: both views, region outlines, hotspots with a letter for their class."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.files import written_whole
from napari_tbcad.schemes import HOTSPOT_COLOURS

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

    from napari_tbcad.bone.workflow import BoneAnalysis

LETTERS = {"abnormal": "A", "normal": "N", "non_bone": "U", "ignore": "?"}
"""Letter beside each hotspot, so that classes are told apart without colour; U is uptake outside bone."""

SIDES = {"anterior": ("R", "L"), "posterior": ("L", "R")}
"""The patient's side on the image's left and right."""

_HEIGHT = 1024
_REGION_COLOUR = "#009E73"
_DARK, _PAPER = "#222222", "#FFFFFF"
_IGNORE_COLOUR = "#CC79A7"  # white, the colour of its layer, would not be seen on paper
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
        for label in LETTERS:
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
    numbers = ", ".join(
        f"{LETTERS[label]} {label.replace('_', '-')} {sum(m.label == label for m in analysis.hotspots.marks)}"
        for label in LETTERS
    )
    judged = "no hotspot judged by a person"
    if index.judged_value is not None:
        judged = f"{index.judged_value:.2f} % from judged hotspots"
    title = f"BSI {index.value:.2f} %"
    lines = (f"weights {index.weights}, views {index.combine}; {judged}", numbers)
    drawing.text((size, size // 2), title, _DARK, ImageFont.load_default(size=int(1.5 * size)))
    for n, line in enumerate(lines):
        points = size
        while (
            points > 8
            and drawing.textlength(line, font=ImageFont.load_default(size=points)) > width - 2 * size
        ):
            points -= 1
        place = (size, 2.4 * size + 1.2 * n * size)
        drawing.text(place, line, _DARK, ImageFont.load_default(size=points))


def _write_marks(
    drawing: ImageDraw,
    analysis: BoneAnalysis,
    name: str,
    corner: tuple[int, int],
    shape: tuple[int, int],
    size: int,
) -> None:
    """Write the sides, the view's name, and the letter of each hotspot right of its box."""
    from PIL import ImageFont

    left, top = corner
    font, small = ImageFont.load_default(size=size), ImageFont.load_default(size=max(9, int(0.7 * size)))
    for side, where, anchor in zip(SIDES[name], (left + 2, left + shape[1] - 2), ("la", "ra"), strict=True):
        drawing.text((where, top + 2), side, _DARK, font, anchor=anchor)
    drawing.text((left + 2, top + 4 + 1.2 * size), name, _DARK, small)
    down, across = _scale(analysis)
    for row in analysis.table:
        if row.view != name:
            continue
        right = row.right * across + 2
        fits = right + size < shape[1]
        place = (left + (right if fits else row.left * across - 2), top + (row.top + row.bottom) / 2 * down)
        drawing.text(
            place,
            LETTERS[row.label],
            _colour(row.label),
            small,
            anchor="lm" if fits else "rm",
            stroke_width=1,
            stroke_fill=_PAPER,
        )


def _colour(label: str) -> str:
    return _IGNORE_COLOUR if label == "ignore" else HOTSPOT_COLOURS[label]


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))
