"""One training session for each viewer, which ends with the viewer's window."""

from __future__ import annotations

import weakref
from functools import partial
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject

from napari_tbcad.widgets.proxies import bare
from napari_tbcad.widgets.training.session import TrainingSession

_SESSIONS: weakref.WeakKeyDictionary[Any, TrainingSession] = weakref.WeakKeyDictionary()
_WINDOWS: weakref.WeakKeyDictionary[TrainingSession, weakref.ref[QObject]] = weakref.WeakKeyDictionary()


def training_session_of(viewer: Any) -> TrainingSession:
    """Return the session of a viewer, made on first use."""
    viewer = bare(viewer)
    if viewer not in _SESSIONS:
        _SESSIONS[viewer] = TrainingSession(viewer)
    return _SESSIONS[viewer]


def end_with(session: TrainingSession, window: QObject) -> None:
    """Let a session end with a window; a dock may be closed and opened again."""
    known = _WINDOWS.get(session)
    if known is None or known() is not window:
        _WINDOWS[session] = weakref.ref(window)
        window.destroyed.connect(partial(_close, weakref.ref(session)))


def _close(session: weakref.ref[TrainingSession], gone: object = None) -> None:
    """End a session: its window is gone. At the end of the program Qt may have deleted it first."""
    if (alive := session()) is not None and isalive(alive):
        alive.close()
