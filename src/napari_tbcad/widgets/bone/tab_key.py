"""The Tab key on the canvas: Qt would take it for the next control, so napari's keys never see it."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import partial

from qtpy.compat import isalive
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QShortcut, QWidget


class TabKey:
    """Shortcuts on the canvases of a panel's window, and on nothing else.

    Parameters
    ----------
    panel : QWidget
        The panel; held weakly.
    act : callable
        A bound method, held weakly; called with 1 for Tab and -1 for Shift+Tab.
    """

    def __init__(self, panel: QWidget, act: Callable[[int], None]) -> None:
        self._panel, self._act = weakref.ref(panel), weakref.WeakMethod(act)
        self._shortcuts: list[QShortcut] = []

    def listen(self) -> None:
        """Take the key on the canvases there are now."""
        self.leave()
        panel = self._panel()
        for widget in panel.window().findChildren(QWidget) if panel is not None else ():
            if widget.inherits("QOpenGLWidget"):
                for keys, step in (("Tab", 1), ("Shift+Tab", -1)):
                    shortcut = QShortcut(QKeySequence(keys), widget)
                    shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
                    shortcut.activated.connect(partial(_press, self._act, step))
                    self._shortcuts.append(shortcut)

    def leave(self) -> None:
        """Give the key back."""
        for shortcut in self._shortcuts:
            if isalive(shortcut):
                shortcut.setEnabled(False)
                shortcut.deleteLater()
        self._shortcuts = []


def _press(act: weakref.WeakMethod[Callable[[int], None]], step: int) -> None:
    if (alive := act()) is not None:
        alive(step)
