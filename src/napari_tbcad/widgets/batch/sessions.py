"""One batch session for each viewer, which ends with the viewer's window."""

from __future__ import annotations

from typing import Any

from napari_tbcad.widgets.batch.session import BatchSession
from napari_tbcad.widgets.window_sessions import WindowSessions

SESSIONS = WindowSessions(BatchSession)


def batch_session_of(viewer: Any) -> BatchSession:
    """Return the session of a viewer, made on first use."""
    return SESSIONS.of(viewer)
