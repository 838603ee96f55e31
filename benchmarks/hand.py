"""A hand for the benchmarks that need a window: mouse events sent to napari's canvas, and waiting."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QEvent, QEventLoop, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication, QWidget

PACE = 0.008
"""Seconds between two mouse moves: a mouse reports some 125 times a second."""
TIMEOUT = 5.0


def spin(until: Callable[[], bool], seconds: float = TIMEOUT) -> bool:
    """Run the event loop until something holds; False when it does not in time."""
    loop, end = QEventLoop(), time.perf_counter() + seconds
    while not until():
        if time.perf_counter() > end:
            return False
        if not loop.processEvents(QEventLoop.ProcessEventsFlag.AllEvents):
            time.sleep(0.0005)
    return True


def wait(seconds: float) -> None:
    """Run the event loop for so long."""
    end = time.perf_counter() + seconds
    spin(lambda: time.perf_counter() > end, seconds + 1)


class Hand:
    """A mouse on the canvas of the only viewer that is open.

    Parameters
    ----------
    viewer : napari.Viewer
        For the camera, which tells where a pixel lies on the canvas.
    """

    def __init__(self, viewer: Any) -> None:
        found = [
            widget
            for top in QApplication.topLevelWidgets()
            for widget in top.findChildren(QWidget)
            if widget.inherits("QOpenGLWidget") and widget.isVisible()
        ]
        self.canvas = max(found, key=lambda widget: widget.width() * widget.height())
        self.viewer = viewer
        self.drawn: list[float] = []
        self.canvas.frameSwapped.connect(self._note)

    def _note(self) -> None:
        self.drawn.append(time.perf_counter())

    def place(self, row: float, column: float, layer: Any) -> QPointF:
        """Return where a pixel of a layer lies on the canvas."""
        world = np.asarray(layer.data_to_world((row, column)))
        camera = getattr(self.viewer, "scene", self.viewer).camera
        offset = (world - np.asarray(camera.center)[-2:]) * camera.zoom
        return QPointF(self.canvas.width() / 2 + offset[1], self.canvas.height() / 2 + offset[0])

    def send(self, kind: QEvent.Type, at: QPointF) -> None:
        """Send one mouse event."""
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        button = none if kind == QEvent.Type.MouseMove else left
        held = none if kind == QEvent.Type.MouseButtonRelease else left
        event = QMouseEvent(
            kind,
            at,
            QPointF(self.canvas.mapToGlobal(at.toPoint())),
            button,
            held,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(self.canvas, event)

    def stroke(self, layer: Any, path: NDArray[np.float64]) -> tuple[float, float]:
        """Paint along (n, 2) pixels; return when the last move and when the release were sent."""
        places = [self.place(*point, layer) for point in path]
        self.send(QEvent.Type.MouseButtonPress, places[0])
        wait(PACE)
        moved = time.perf_counter()
        for place in places[1:]:
            wait(PACE)
            moved = time.perf_counter()
            self.send(QEvent.Type.MouseMove, place)
        released = time.perf_counter()
        self.send(QEvent.Type.MouseButtonRelease, places[-1])
        return moved, released


def path_over_border(labels: NDArray[Any], rng: np.random.Generator) -> tuple[int, NDArray[np.float64]]:
    """Return a label to paint with and a short random path that crosses a lung's border."""
    value = int(rng.choice((1, 2)))
    inside = labels == value
    rows, columns = np.nonzero(inside[:, 1:] != inside[:, :-1])
    keep = (rows > 0.2 * rows.max()) & (rows < 0.9 * rows.max())
    index = int(rng.choice(np.flatnonzero(keep)))
    length = int(rng.integers(6, 20))
    step = rng.normal(size=2)
    step *= max(labels.shape) / 150 / np.linalg.norm(step)
    at = np.array([rows[index], columns[index]], float)
    path = at + np.arange(-length // 3, length)[:, None] * step
    return (value if rng.random() < 0.5 else 0), np.clip(path, 0, np.array(labels.shape) - 1)


def take_brush(viewer: Any, layer: Any, label: int) -> None:
    """Make a layer ready to be painted."""
    layer.visible = True
    viewer.layers.selection.active = layer
    layer.selected_label = label
    layer.brush_size = max(8, max(layer.data.shape) // 60)
    layer.mode = "paint"
