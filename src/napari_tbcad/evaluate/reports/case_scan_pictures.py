"""Pictures of a bone scan for a report: its views with regions and hotspots, and what each region adds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from napari_tbcad.bone.picture import LETTERS, SIDES
from napari_tbcad.evaluate.reports.case_film_pictures import signed_png
from napari_tbcad.imaging.bonescan import BoneScan, ViewName
from napari_tbcad.schemes import HOTSPOT_COLOURS, REGION_IDS

HEIGHT = 900
"""Height of a picture in pixels; a view is four times as high as it is wide."""

REGION_COLOUR = "#009E73"
CLASS_COLOURS = {**HOTSPOT_COLOURS, "non_bone": "#5A5A5A", "ignore": "#CC79A7"}
"""Class colours that are read on white paper."""

_WINDOW_SHARE = 0.8
_DRAWN = ("ignore", "non_bone", "normal", "abnormal")

Picture = NDArray[np.uint8]


def shape_of(scan: BoneScan | None, *labels: Any) -> tuple[int, int] | None:
    """Return rows and columns of the views; None where nothing says them."""
    if scan is not None:
        return scan.shape
    for one in labels:
        for view in ("anterior", "posterior"):
            if one is not None and (image := one.labels(cast(ViewName, view))) is not None:
                return cast("tuple[int, int]", image.shape)
    return None


class ViewDrawing:
    """One view in inverse grey, enlarged for a report.

    Parameters
    ----------
    scan : BoneScan or None
        None where it is not at hand: an empty field of `shape` then.
    view : {"anterior", "posterior"}
    shape : (int, int)
        Rows and columns of the view.
    """

    def __init__(self, scan: BoneScan | None, view: str, shape: tuple[int, int]) -> None:
        self.view = cast(ViewName, view)
        spacing = scan.spacing_mm if scan is not None else None
        stretch = 1.0 if spacing is None else spacing[1] / spacing[0]
        self._down = max(HEIGHT / shape[0], 0.05)
        self._size = (round(shape[0] * self._down), max(1, round(shape[1] * self._down * stretch)))
        image = scan.view(self.view) if scan is not None else None
        grey = np.full(shape, 236, np.uint8) if image is None else _inverse(image.counts)
        large = Image.fromarray(grey).resize(self._size[::-1], Image.Resampling.BICUBIC)
        self._grey = np.repeat(np.asarray(large)[..., None], 3, axis=2)

    def plain(self) -> bytes:
        """Return the view alone."""
        return self._png(self._grey.copy())

    def found(self, regions: Any, hotspots: Any) -> bytes:
        """Return the view with outlines of regions and hotspots, each hotspot with letter and number."""
        picture = self._grey.copy()
        if regions is not None and (labels := regions.labels(self.view)) is not None:
            picture[_edges(self._larger(labels))] = _rgb(REGION_COLOUR)
        words: list[tuple[NDArray[np.bool_], str, str]] = []
        if hotspots is not None and (labels := hotspots.labels(self.view)) is not None:
            large = self._larger(labels)
            marks = [mark for mark in hotspots.marks if mark.view == self.view]
            for mark in sorted(marks, key=lambda mark: _DRAWN.index(mark.label)):
                spot = large == mark.id
                picture[_edges(spot, both=True)] = _rgb(CLASS_COLOURS[mark.label])
                sure = "" if mark.judged else "?"
                words.append((spot, f"{LETTERS[mark.label]}{mark.id}{sure}", CLASS_COLOURS[mark.label]))
        return self._png(picture, words)

    def weighed(self, regions: Any, contributions: Mapping[str, float | None]) -> bytes:
        """Return the view with each region coloured by what it adds to the index."""
        picture = self._grey.astype(float)
        labels = regions.labels(self.view) if regions is not None else None
        largest = max((value for value in contributions.values() if value), default=0.0)
        if labels is not None:
            large = self._larger(labels)
            for region, value in contributions.items():
                if value and largest:
                    inside = large == REGION_IDS[region]
                    alpha = 0.15 + 0.65 * value / largest
                    colour = np.array(_rgb(CLASS_COLOURS["abnormal"]), float)
                    picture[inside] = (1 - alpha) * picture[inside] + alpha * colour
            drawn = np.rint(picture).astype(np.uint8)
            drawn[_edges(large)] = _rgb(REGION_COLOUR)
            return self._png(drawn)
        return self._png(np.rint(picture).astype(np.uint8))

    def _larger(self, labels: NDArray[Any]) -> NDArray[Any]:
        rows = np.arange(self._size[0]) * labels.shape[0] // self._size[0]
        columns = np.arange(self._size[1]) * labels.shape[1] // self._size[1]
        return labels[rows[:, None], columns]

    def _png(self, picture: Picture, words: list[tuple[NDArray[np.bool_], str, str]] | None = None) -> bytes:
        image = Image.fromarray(picture)
        drawing = ImageDraw.Draw(image)
        font = ImageFont.load_default(size=22)
        edges: dict[str, Any] = {"fill": "#222222", "stroke_width": 2, "stroke_fill": "white"}
        for side, x, anchor in zip(SIDES[self.view], (5, image.width - 5), ("la", "ra"), strict=True):
            drawing.text((x, 4), side, font=font, anchor=anchor, **edges)
        _write(drawing, words or [], image.width)
        return signed_png(image)


def _write(drawing: ImageDraw.ImageDraw, words: list[tuple[NDArray[np.bool_], str, str]], width: int) -> None:
    """Write each hotspot's name beside it, where no other name stands."""
    font = ImageFont.load_default(size=15)
    taken: list[tuple[float, float, float, float]] = []
    for spot, said, colour in reversed(words):
        rows, columns = np.nonzero(spot)
        if not len(rows):
            continue
        y = float(rows.mean())
        places = [(float(columns.max()) + 4, "lm"), (float(columns.min()) - 4, "rm")]
        tries = [(x, y + shift, anchor) for shift in (0, 13, -13, 26, -26) for x, anchor in places]
        boxes = [(one, drawing.textbbox(one[:2], said, font, anchor=one[2])) for one in tries]
        inside = [each for each in boxes if each[1][0] >= 0 and each[1][2] <= width] or boxes
        place, box = next((each for each in inside if not any(_meet(each[1], t) for t in taken)), inside[0])
        taken.append(box)
        drawing.text(place[:2], said, colour, font, anchor=place[2], stroke_width=2, stroke_fill="white")


def _meet(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return min(one[2], other[2]) > max(one[0], other[0]) and min(one[3], other[3]) > max(one[1], other[1])


def _inverse(counts: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return counts as grey, many counts dark."""
    body = counts[counts > 0]
    top = _WINDOW_SHARE * float(np.quantile(body, 0.995)) if body.size else 1.0
    return np.rint(255 * (1 - np.clip(counts / max(top, 1e-6), 0, 1))).astype(np.uint8)


def _edges(labels: NDArray[Any], *, both: bool = False) -> NDArray[np.bool_]:
    edge = np.zeros(labels.shape, bool)
    down, across = labels[1:] != labels[:-1], labels[:, 1:] != labels[:, :-1]
    edge[1:] |= down
    edge[:-1] |= down
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    return edge if both else edge & (labels != 0)


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))
