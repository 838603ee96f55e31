"""Where the pixels of a scan's views lie on the canvas, by the camera as it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Image
from numpy.typing import NDArray
from qtpy.QtCore import QPointF
from qtpy.QtGui import QPolygonF

from napari_tbcad.imaging.bonescan import ViewName

Under = tuple[ViewName, float, float]
"""View, row and column: whole numbers are the centres of pixels."""


@dataclass(frozen=True)
class ViewSight:
    """How one view lies on the canvas.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the view.
    matrix : (2, 3) array of float
        From (row, column, 1) to (x, y) on the canvas, in Qt's pixels.
    back : (2, 3) array of float
        From (x, y, 1) to (row, column).
    """

    shape: tuple[int, int]
    matrix: NDArray[np.float64]
    back: NDArray[np.float64]

    def place(self, row: float, column: float) -> QPointF:
        """Return where a place of the view lies on the canvas."""
        x, y = self.matrix @ (row, column, 1.0)
        return QPointF(x, y)

    def pixel(self, x: float, y: float) -> tuple[float, float]:
        """Return row and column below a place on the canvas."""
        row, column = self.back @ (x, y, 1.0)
        return float(row), float(column)

    def holds(self, row: float, column: float) -> bool:
        """Tell whether a place lies in the view."""
        return -0.5 <= row < self.shape[0] - 0.5 and -0.5 <= column < self.shape[1] - 0.5

    def outline(self, top: float, left: float, bottom: float, right: float) -> QPolygonF:
        """Return a box of whole pixels (the last two one beyond the last pixel) on the canvas."""
        ends = ((top, left), (top, right), (bottom, right), (bottom, left))
        return QPolygonF([self.place(row - 0.5, column - 0.5) for row, column in ends])


class Sight:
    """Where the views of a scan lie on the canvas; called, it places one point.

    Parameters
    ----------
    views : dict of view to ViewSight
        The views that are shown, the upper one last.
    width, height : int
        Size of the canvas in Qt's pixels.
    """

    def __init__(self, views: dict[ViewName, ViewSight], width: int, height: int) -> None:
        self.views, self.width, self.height = views, width, height

    def __call__(self, view: ViewName, row: float, column: float) -> QPointF | None:
        """Return where a place of a view lies on the canvas; None while the view is not shown."""
        seen = self.views.get(view)
        return None if seen is None else seen.place(row, column)

    def under(self, x: float, y: float) -> Under | None:
        """Return view, row and column below a place on the canvas; None outside the views."""
        for view, seen in reversed(self.views.items()):
            row, column = seen.pixel(x, y)
            if seen.holds(row, column):
                return view, row, column
        return None


def sight_of(viewer: Any, images: dict[ViewName, Image], width: int, height: int) -> Sight | None:
    """Return where views lie on a canvas, by napari's public camera.

    Parameters
    ----------
    viewer : napari.Viewer
    images : dict of view to napari.layers.Image
        The views' layers; hidden ones are left out.
    width, height : int
        Size of the canvas in Qt's pixels.

    Returns
    -------
    Sight or None
        None where a place has no one pixel: in 3D, in a grid, or while other axes are looked at.
    """
    dims = viewer.dims
    if (
        dims.ndisplay != 2
        or viewer.canvas.grid.enabled
        or set(dims.displayed) != {dims.ndim - 2, dims.ndim - 1}
    ):
        return None
    camera = viewer.scene.camera
    signs = np.array([1.0 if word in ("down", "right") else -1.0 for word in camera.orientation2d])
    scale = camera.zoom * signs
    centre = np.asarray(camera.center[-2:], float)
    middle = np.array([height, width]) / 2
    # Which of a layer's last two axes runs down the canvas.
    axes = [axis - (dims.ndim - 2) for axis in dims.displayed]
    found: dict[ViewName, ViewSight] = {}
    order = sorted(images.items(), key=lambda item: viewer.layers.index(item[1]))
    for view, image in order:
        if not image.visible:
            continue
        world = np.array([np.asarray(image.data_to_world(p), float)[-2:] for p in _CORNERS])[:, axes]
        down = (world - centre) * scale + middle
        origin, rows, columns = down[:, ::-1]
        matrix = np.stack([rows - origin, columns - origin, origin], axis=1)
        turn = matrix[:, :2]
        if abs(np.linalg.det(turn)) < 1e-12:
            continue
        inverse = np.linalg.inv(turn)
        back = np.column_stack([inverse, -inverse @ matrix[:, 2]])
        found[view] = ViewSight(image.data.shape[:2], matrix, back)
    return Sight(found, width, height)


_CORNERS = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))
