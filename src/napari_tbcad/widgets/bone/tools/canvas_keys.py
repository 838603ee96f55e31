"""Keys that matter while a tool is in hand: Esc puts it down, Space held lets napari pan."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QWidget

from napari_tbcad.widgets.keys import typing

if TYPE_CHECKING:
    from napari_tbcad.widgets.bone.tools.tools import Tools


class CanvasKeys(QObject):
    """Listens in the viewer's window while a tool is in hand.

    Parameters
    ----------
    tools : Tools
        Its Qt parent; held weakly.

    Attributes
    ----------
    panning : bool
        Whether Space is held over the canvas.
    """

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools)
        self._tools = weakref.ref(tools)
        self.panning = False
        self._heard: list[QWidget] = []

    def listen(self, on: bool) -> None:
        """Begin or end to listen."""
        self.release()
        tools = self._tools()
        window = None if tools is None else window_of(tools.viewer)
        if not on or window is None:
            return
        canvas = [one for one in window.findChildren(QWidget) if one.inherits("QOpenGLWidget")]
        # What nobody in the window took comes to the window, such as from the panel's buttons.
        self._heard = [*canvas, window]
        for widget in self._heard:
            widget.installEventFilter(self)

    def release(self) -> None:
        """Listen no more."""
        self.panning = False
        for widget in filter(isalive, self._heard):
            widget.removeEventFilter(self)
        self._heard = []

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Take Esc, and see Space go down and up; napari sees that, too."""
        kind = None if event is None else event.type()
        if kind == QEvent.Type.FocusOut:
            self.panning = False
        if kind not in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease) or not isinstance(event, QKeyEvent):
            return False
        down = kind == QEvent.Type.KeyPress
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self.panning = down
        elif event.key() == Qt.Key.Key_Escape and down and not event.modifiers() and not typing():
            return self._drop()
        return False

    def _drop(self) -> bool:
        tools = self._tools()
        if tools is None:
            return False
        # The end of listening must not come while Qt walks through those who listen.
        QTimer.singleShot(0, tools.drop)
        return True


def window_of(viewer: Any) -> QWidget | None:
    """Return the window that a viewer is shown in; None for one that is not shown."""
    menu = getattr(getattr(viewer, "window", None), "main_menu", None)
    return menu.window() if menu is not None and isalive(menu) else None
