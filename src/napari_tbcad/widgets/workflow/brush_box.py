"""A box that napari draws behind the circle of the brush, and that can end the program."""

from __future__ import annotations

from typing import Any

from napari.components.overlays import BrushCircleOverlay


def without_brush_box(viewer: Any) -> None:
    """Have the brush's circle drawn without a background box.

    napari 0.9.2 gives every overlay of the canvas such a box. That of the brush is never taken away again
    once a brush was in sight, too small to be seen. Drawn after the last image was removed, it makes Mesa's
    software OpenGL end the program: vispy leaves the vertex arrays of the image enabled, whose buffers are
    gone by then. A person who paints on a film and closes it would lose the window.

    Parameters
    ----------
    viewer : napari.Viewer
        Its canvas is changed; nothing happens where napari has no such overlay.
    """
    canvas = getattr(viewer, "canvas", None)
    for overlay in getattr(canvas, "overlays", {}).values():
        if isinstance(overlay, BrushCircleOverlay):
            overlay.box = False
