"""One training session for each viewer, which ends with the viewer's window."""

from __future__ import annotations

from typing import Any

from napari_tbcad.widgets.training.session import TrainingSession
from napari_tbcad.widgets.window_sessions import WindowSessions

SESSIONS = WindowSessions(TrainingSession)


def training_session_of(viewer: Any) -> TrainingSession:
    """Return the session of a viewer, made on first use."""
    return SESSIONS.of(viewer)
