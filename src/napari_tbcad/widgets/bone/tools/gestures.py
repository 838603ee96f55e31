"""What a press, a drag and a release on the canvas do."""

from __future__ import annotations

from typing import Any


class Gesture:
    """One press of a button until it comes up."""

    def move(self, tools: Any, event: Any) -> None:
        """The pointer moved with the button down."""

    def end(self, tools: Any, event: Any) -> None:
        """The button came up."""


def begin(tools: Any, event: Any) -> Gesture | None:
    """Return the gesture that a press begins; None for napari's own."""
    return None
