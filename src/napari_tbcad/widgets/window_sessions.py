"""One session for each viewer, which outlives its panels and ends with the viewer's window."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar

from qtpy.compat import isalive
from qtpy.QtCore import QObject
from qtpy.QtWidgets import QMainWindow, QWidget

from napari_tbcad.widgets.proxies import bare

S = TypeVar("S", bound=QObject)
"""A session: made with a viewer, and has ``close()``."""


class WindowSessions(Generic[S]):
    """The sessions of one kind.

    Parameters
    ----------
    make : callable
        Returns the session of a viewer.
    """

    def __init__(self, make: Callable[[Any], S]) -> None:
        self._make = make
        self._sessions: weakref.WeakKeyDictionary[Any, S] = weakref.WeakKeyDictionary()
        self._windows: weakref.WeakKeyDictionary[S, weakref.ref[QObject]] = weakref.WeakKeyDictionary()

    def of(self, viewer: Any) -> S:
        """Return the session of a viewer, made on first use."""
        viewer = bare(viewer)
        if viewer not in self._sessions:
            self._sessions[viewer] = self._make(viewer)
        return self._sessions[viewer]

    def end_with_window_of(self, session: S, panel: QWidget) -> None:
        """Let a session end with the window that a panel is docked in; its dock may come and go."""
        above: QWidget | None = panel
        while above is not None and not isinstance(above, QMainWindow):
            above = above.parentWidget()
        if above is None:
            return
        known = self._windows.get(session)
        if known is None or known() is not above:
            self._windows[session] = weakref.ref(above)
            above.destroyed.connect(partial(_close, weakref.ref(session)))


def _close(session: weakref.ref[Any], gone: object = None) -> None:
    """End a session: its window is gone. At the end of the program Qt may have deleted it first."""
    if (alive := session()) is not None and isalive(alive):
        alive.close()
