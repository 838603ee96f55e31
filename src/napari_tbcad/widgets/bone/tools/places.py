"""What lies under the pointer: which view, which pixel, which hotspot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from napari_tbcad.bone.box import Bounds
from napari_tbcad.imaging.bonescan import ViewName
from napari_tbcad.widgets.bone.layers import HOTSPOTS

Point = tuple[float, float]
"""Row and column in the pixels of a view; whole numbers are the centres of pixels."""


class Place(NamedTuple):
    """A place in a view.

    Parameters
    ----------
    view : {"anterior", "posterior"}
    row, column : float
        In the pixels of the view's image.
    """

    view: ViewName
    row: float
    column: float

    @property
    def point(self) -> Point:
        """Row and column."""
        return self.row, self.column


def place_at(viewer: Any, layers: Any, position: Sequence[float]) -> Place | None:
    """Return the place in a view that lies at a position of the world; the upper layer where two overlap.

    Parameters
    ----------
    viewer : napari.Viewer
    layers : BoneLayers
        Layers of the scan.
    position : sequence of float
        World coordinates, as of a mouse event.

    Returns
    -------
    Place or None
        None outside all views that are shown.
    """
    found: Place | None = None
    highest = -1
    for view, image in layers.pictures().items():
        row, column = point_in(image, position)
        height, width = image.data.shape[:2]
        inside = -0.5 <= row < height - 0.5 and -0.5 <= column < width - 0.5
        if image.visible and inside and (above := viewer.layers.index(image)) > highest:
            found, highest = Place(view, row, column), above
    return found


def point_in(image: Any, position: Sequence[float]) -> Point:
    """Return a position of the world in the pixels of an image, which may be moved, scaled or turned."""
    row, column = np.asarray(image.world_to_data(position), float)[-2:]
    return float(row), float(column)


def held_inside(image: Any, point: Point) -> Point:
    """Return the nearest point that still lies in an image."""
    height, width = image.data.shape[:2]
    row = float(np.clip(point[0], -0.5, height - 0.5))
    return row, float(np.clip(point[1], -0.5, width - 0.5))


def hotspot_at(layers: Any, place: Place, reach: float = 0.0) -> int | None:
    """Return the hotspot at a place, as painted in its layer.

    Parameters
    ----------
    layers : BoneLayers
        Layers of the scan.
    place : Place
        Where.
    reach : float, optional
        The nearest hotspot this far away, in pixels of the view, counts too: small ones are hard to hit.

    Returns
    -------
    int or None
        Its number; None as well while the hotspots are hidden.
    """
    layer = layers.layer(HOTSPOTS[place.view])
    if layer is None or not layer.visible:
        return None
    labels = np.asarray(layer.data)
    row, column = round(place.row), round(place.column)
    if not (0 <= row < labels.shape[0] and 0 <= column < labels.shape[1]):
        return None
    if labels[row, column] or reach <= 0:
        return int(labels[row, column]) or None
    wide = int(np.ceil(reach))
    top, left = max(row - wide, 0), max(column - wide, 0)
    part = labels[top : row + wide + 1, left : column + wide + 1]
    rows, columns = np.nonzero(part)
    if not rows.size:
        return None
    distance = np.hypot(rows + top - place.row, columns + left - place.column)
    nearest = int(distance.argmin())
    return int(part[rows[nearest], columns[nearest]]) if distance[nearest] <= reach else None


def hotspot_on_line(
    layers: Any, view: ViewName, start: Point, end: Point, *, first: int | None = None
) -> int | None:
    """Return the hotspot that a line crosses.

    Parameters
    ----------
    layers : BoneLayers
        Layers of the scan.
    view : {"anterior", "posterior"}
    start, end : (float, float)
        Row and column of the line's ends.
    first : int, optional
        This one is meant where the line crosses it, else the one it runs through the longest.

    Returns
    -------
    int or None
        Its number.
    """
    layer = layers.layer(HOTSPOTS[view])
    if layer is None:
        return None
    labels = np.asarray(layer.data)
    steps = 2 * int(np.ceil(np.hypot(end[0] - start[0], end[1] - start[1]))) + 2
    rows = np.rint(np.linspace(start[0], end[0], steps)).astype(int)
    columns = np.rint(np.linspace(start[1], end[1], steps)).astype(int)
    inside = (rows >= 0) & (rows < labels.shape[0]) & (columns >= 0) & (columns < labels.shape[1])
    numbers, lengths = np.unique(labels[rows[inside], columns[inside]], return_counts=True)
    lengths = np.where(numbers == 0, 0, lengths)
    if not lengths.any():
        return None
    return first if first is not None and first in numbers else int(numbers[lengths.argmax()])


def bounds_between(one: Point, other: Point) -> Bounds:
    """Return the pixels that the rectangle between two points touches: top, left, bottom, right.

    The last two are one beyond the last pixel. A pixel reaches half a unit to either side of its centre.
    """
    (top, bottom), (left, right) = (sorted(pair) for pair in zip(one, other, strict=True))
    return (
        int(np.floor(top + 0.5)),
        int(np.floor(left + 0.5)),
        int(np.ceil(bottom + 0.5)),
        int(np.ceil(right + 0.5)),
    )
