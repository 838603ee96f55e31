"""One evaluation session for each viewer, which ends with the viewer's window."""

from __future__ import annotations

from typing import Any

from napari_tbcad.widgets.evaluating.session import EvaluationSession
from napari_tbcad.widgets.window_sessions import WindowSessions

SESSIONS = WindowSessions(EvaluationSession)


def evaluation_session_of(viewer: Any) -> EvaluationSession:
    """Return the session of a viewer, made on first use."""
    return SESSIONS.of(viewer)
