"""The Tab key on the canvas: Qt would take it for the next control, so napari's keys never see it."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import partial

from qtpy.QtCore import QObject, Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QApplication, QShortcut, QWidget


class TabKey(QObject):
    """Shortcuts that hold while the canvas of a panel's window has the focus and the panel is in sight.

    They are the panel's: nothing is hung on napari's canvas, which lives and dies on its own.

    Parameters
    ----------
    panel : QWidget
        The panel; its parent.
    act : callable
        A bound method, held weakly; called with 1 for Tab and -1 for Shift+Tab.
    """

    def __init__(self, panel: QWidget, act: Callable[[int], None]) -> None:
        super().__init__(panel)
        self._panel = weakref.ref(panel)
        self._shortcuts: list[QShortcut] = []
        for keys, step in (("Tab", 1), ("Shift+Tab", -1)):
            shortcut = QShortcut(QKeySequence(keys), panel)
            # A panel may float in a window of its own.
            shortcut.setContext(Qt.ShortcutContext.ApplicationShortcut)
            shortcut.setEnabled(False)
            shortcut.activated.connect(partial(_press, weakref.WeakMethod(act), step))
            self._shortcuts.append(shortcut)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._on_focus)

    def _on_focus(self, old: QWidget | None, new: QWidget | None) -> None:
        panel = self._panel()
        on = (
            panel is not None
            and new is not None
            and new.inherits("QOpenGLWidget")
            and _main_window(new) == _main_window(panel)
        )
        for shortcut in self._shortcuts:
            shortcut.setEnabled(on)


def _main_window(widget: QWidget) -> QWidget | None:
    """Return the window a widget belongs to; of a floating dock the one it floats over."""
    window = widget.window()
    over = window.parentWidget()
    return window if over is None else over.window()


def _press(act: weakref.WeakMethod[Callable[[int], None]], step: int) -> None:
    if (alive := act()) is not None:
        alive(step)
