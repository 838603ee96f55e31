"""A transparent sheet over napari's canvas: what follows the pointer is drawn without a redraw of the scan.

Processor time of a frame, drawing included (software OpenGL, 24 hotspots in a window of 1280 × 800,
``benchmarks/bone_overlay.py``, 2026-11-22): napari's canvas redrawn 31 ms; the cross-hair as a Vectors layer
51 ms, here 23 ms with what napari does for a moved pointer; letters as text of a Points layer 41 ms, here
15 ms.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, Qt, Signal
from qtpy.QtGui import QMouseEvent, QPainter, QPaintEvent
from qtpy.QtWidgets import QWidget

from napari_tbcad.widgets.bone.bench import BoneBench
from napari_tbcad.widgets.bone.layers import KINDS
from napari_tbcad.widgets.bone.sight import Sight, Under, sight_of
from napari_tbcad.widgets.proxies import bare

Drawing = Callable[[QPainter, Sight], None]


class Overlay(QObject):
    """Drawings over the canvas of one viewer, and what of the chosen scan lies below the pointer.

    Without a canvas (a viewer without a window) it draws nothing.

    Parameters
    ----------
    bench : BoneBench
        What the panels of a viewer share; held weakly.

    Attributes
    ----------
    moved : Signal(object)
        The pointer is over another place: (view, row, column), or None outside the views.
    """

    moved = Signal(object)

    def __init__(self, bench: BoneBench) -> None:
        super().__init__()
        self._bench = weakref.ref(bench)
        self._drawings: dict[str, Drawing] = {}
        self._drawn: Any = None
        self._sheet: _Sheet | None = None
        self._canvas = canvas_of(bench.viewer)
        if self._canvas is not None:
            self._sheet = _Sheet(self._canvas, self)
            self._canvas.installEventFilter(self)
            self._canvas.frameSwapped.connect(self._on_frame)
        camera = bare(bench.viewer).scene.camera
        for event in (camera.events.zoom, camera.events.center):
            event.connect(self._on_camera)
        bench.changed.connect(self.redraw)
        bench.film_changed.connect(self.redraw)

    @property
    def canvas(self) -> QWidget | None:
        """The canvas while it lives, as for a cursor over it."""
        return self._canvas if self._canvas is not None and isalive(self._canvas) else None

    @property
    def sight(self) -> Sight | None:
        """Where the views of the chosen scan lie now; None where nothing can be placed."""
        bench, canvas = self._bench(), self.canvas
        session = bench.session if bench is not None else None
        if bench is None or session is None or canvas is None:
            return None
        return sight_of(bare(bench.viewer), session.layers.pictures(), canvas.width(), canvas.height())

    def under(self, x: float, y: float) -> Under | None:
        """Return (view, row, column) below a place on the canvas, in Qt's pixels; None outside the views."""
        sight = self.sight
        return None if sight is None else sight.under(x, y)

    def draw(self, name: str, drawing: Drawing | None) -> None:
        """Draw something whenever the sheet is drawn, in the order of first mention; None draws it no more.

        Parameters
        ----------
        name : str
            Under which it can be replaced.
        drawing : callable or None
            Called with a painter (in Qt's pixels of the canvas) and a :class:`Sight`, which places rows and
            columns of a view. Called often: it must take less than a few milliseconds.
        """
        if drawing is None:
            self._drawings.pop(name, None)
        else:
            self._drawings[name] = drawing
        self.redraw()

    def redraw(self) -> None:
        """Draw anew when the window is drawn next; may be called as often as one likes."""
        if self._sheet is not None and isalive(self._sheet):
            self._sheet.update()

    def paint(self, painter: QPainter) -> None:
        """Draw everything."""
        sight = self.sight
        self._drawn = self._state(sight)
        if sight is None:
            return
        for drawing in tuple(self._drawings.values()):
            painter.save()
            drawing(painter, sight)
            painter.restore()

    def release(self) -> None:
        """Take the sheet away and follow nothing."""
        self._drawings.clear()
        bench = self._bench()
        viewer = bare(bench.viewer) if bench is not None and bench.viewer is not None else None
        if viewer is not None:
            for event in (viewer.scene.camera.events.zoom, viewer.scene.camera.events.center):
                event.disconnect(self._on_camera)
        if (canvas := self.canvas) is not None:
            canvas.removeEventFilter(self)
            canvas.frameSwapped.disconnect(self._on_frame)
        if self._sheet is not None and isalive(self._sheet):
            self._sheet.hide()
            self._sheet.deleteLater()
        self._sheet = self._canvas = None

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Follow pointer and size of the canvas; every event goes on to napari."""
        if event is not None and self._sheet is not None:
            kind = event.type()
            if kind == QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
                place = event.position()
                self.moved.emit(self.under(place.x(), place.y()))
            elif kind == QEvent.Type.Leave:
                self.moved.emit(None)
            elif kind == QEvent.Type.Resize and self.canvas is not None and isalive(self._sheet):
                self._sheet.resize(self._canvas.size())
        return False

    # -- inside ---------------------------------------------------------------------------------------

    def _on_camera(self, event: Any = None) -> None:
        self.redraw()

    def _on_frame(self) -> None:
        """After each frame: whatever moved, hid or turned the views, the sheet follows."""
        if self._state(self.sight) != self._drawn:
            self.redraw()

    def _state(self, sight: Sight | None) -> Any:
        bench = self._bench()
        session = bench.session if bench is not None else None
        if sight is None or session is None:
            return None
        views = tuple((name, one.shape, one.matrix.tobytes()) for name, one in sight.views.items())
        labels = (session.layers.layer(kind) for kind in KINDS)
        return views, tuple(layer is not None and bool(layer.visible) for layer in labels)


class _Sheet(QWidget):
    """The sheet itself; the pointer does not see it."""

    def __init__(self, canvas: QWidget, owner: Overlay) -> None:
        super().__init__(canvas)
        self._owner = weakref.ref(owner)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.resize(canvas.size())
        self.show()
        # Below what napari itself shows over its canvas.
        self.lower()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw what there is."""
        if (owner := self._owner()) is not None:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            try:
                owner.paint(painter)
            finally:
                painter.end()


def canvas_of(viewer: Any) -> Any:
    """Return the canvas of a viewer, found in its window as Qt has it; None for a viewer without a window."""
    menu = getattr(getattr(bare(viewer), "window", None), "main_menu", None)
    if menu is None or not isalive(menu):
        return None
    widgets = menu.window().findChildren(QWidget)
    return next((widget for widget in widgets if widget.inherits("QOpenGLWidget")), None)
