"""The Tab key on the canvas: Qt would take it for the next control, so napari's keys never see it."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QWidget


class TabKey(QObject):
    """Listens to the canvases of a panel's window, and to nothing else.

    Parameters
    ----------
    panel : QWidget
        The panel; its parent.
    act : callable
        Called with 1 for Tab and -1 for Shift+Tab; returns False to leave the key to Qt.
    """

    def __init__(self, panel: QWidget, act: Callable[[int], bool]) -> None:
        super().__init__(panel)
        self._panel, self._act = panel, act
        self._heard: list[QWidget] = []

    def listen(self) -> None:
        """Listen to the canvases there are now."""
        self._heard = [widget for widget in self._heard if isalive(widget)]
        for widget in self._panel.window().findChildren(QWidget):
            if widget.inherits("QOpenGLWidget") and widget not in self._heard:
                widget.installEventFilter(self)
                self._heard.append(widget)

    def leave(self) -> None:
        """Listen no more."""
        for widget in self._heard:
            if isalive(widget):
                widget.removeEventFilter(self)
        self._heard = []

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Take Tab and Shift+Tab."""
        if event is not None and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Tab: 1, Qt.Key.Key_Backtab: -1}.get(event.key())  # type: ignore[attr-defined]
            if step is not None and self._act(step):
                return True
        return False
