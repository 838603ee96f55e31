"""Keys that matter while a tool is in hand: Esc puts it down, Space held lets napari pan."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QKeyEvent, QKeySequence
from qtpy.QtWidgets import QShortcut, QWidget

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
        self._shortcut: QShortcut | None = None
        self._canvas: list[QWidget] = []

    def listen(self, on: bool) -> None:
        """Begin or end to listen."""
        self.release()
        tools = self._tools()
        window = None if tools is None else window_of(tools.viewer)
        if not on or window is None:
            return
        self._shortcut = QShortcut(QKeySequence(Qt.Key.Key_Escape), window)
        self._shortcut.activated.connect(self._drop)
        self._canvas = [one for one in window.findChildren(QWidget) if one.inherits("QOpenGLWidget")]
        for canvas in self._canvas:
            canvas.installEventFilter(self)

    def release(self) -> None:
        """Listen no more."""
        self.panning = False
        if self._shortcut is not None and isalive(self._shortcut):
            self._shortcut.setEnabled(False)
            self._shortcut.deleteLater()
        self._shortcut = None
        for canvas in filter(isalive, self._canvas):
            canvas.removeEventFilter(self)
        self._canvas = []

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """See Space go down and up; napari sees it, too."""
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            if event.type() == QEvent.Type.KeyPress:
                self.panning = True
            elif event.type() == QEvent.Type.KeyRelease:
                self.panning = False
        elif event is not None and event.type() == QEvent.Type.FocusOut:
            self.panning = False
        return False

    def _drop(self) -> None:
        if (tools := self._tools()) is not None and not typing():
            tools.drop()


def window_of(viewer: Any) -> QWidget | None:
    """Return the window that a viewer is shown in; None for one that is not shown."""
    menu = getattr(getattr(viewer, "window", None), "main_menu", None)
    return menu.window() if menu is not None and isalive(menu) else None
