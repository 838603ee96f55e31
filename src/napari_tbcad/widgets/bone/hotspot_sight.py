"""Bringing a hotspot into sight on the canvas."""

from __future__ import annotations

from typing import Any

from napari_tbcad.bone.grow import USUAL_SPACING_MM

_MARGIN = 0.03
"""Share of what is in sight that counts as its edge: what lies there is as good as out of sight."""
_CLOSE = 6.0
"""A hotspot that is gone to fills at the most one in so many of the canvas' height."""
_AROUND_MM = 240.0
"""So much of the body stays in sight: a hotspot without its bones is hard to judge."""


def row_of(session: Any, number: int | None) -> Any:
    """Return the row of a hotspot in the session's table; None where there is none."""
    table = session.value("table") if session is not None and number is not None else None
    return next((row for row in table or () if row.id == number), None)


def in_sight(session: Any, row: Any) -> bool:
    """Tell whether the centre of a hotspot lies in what the canvas shows; True where that is unknown.

    Parameters
    ----------
    session : BoneSession
    row : HotspotRow
    """
    image = session.layers.picture(row.view)
    if image is None:
        return True
    (top, left), (bottom, right) = image.corner_pixels[:, -2:].tolist()
    if bottom <= top or right <= left:
        # Nothing of this view is in sight, or nothing was drawn yet.
        return not any(one.corner_pixels.any() for one in session.layers.pictures().values())
    rows, columns = image.data.shape[-2:]
    along, across = _MARGIN * (bottom - top), _MARGIN * (right - left)
    # The edge of the picture is none of the window.
    within_rows = (
        (top + along if top > 0 else 0) <= row.row <= (bottom - along if bottom < rows - 1 else rows)
    )
    within_columns = (
        (left + across if left > 0 else 0)
        <= row.column
        <= (right - across if right < columns - 1 else columns)
    )
    return within_rows and within_columns


def bring_into_sight(session: Any, number: int | None) -> None:
    """Centre the canvas on a hotspot unless it is in sight already; the zoom stays."""
    row = row_of(session, number)
    if row is not None and not in_sight(session, row):
        _centre(session, row)


def go_to(session: Any, number: int | None) -> None:
    """Centre the canvas on a hotspot and zoom in on it; never out."""
    row = row_of(session, number)
    if row is None:
        return
    viewer, image = session.viewer, session.layers.picture(row.view)
    if viewer is None or image is None:
        return
    _centre(session, row)
    shown = image.corner_pixels[:, -2:]
    height = float(shown[1, 0] - shown[0, 0])
    spacing = (session.value("scan").spacing_mm or USUAL_SPACING_MM)[0]
    wanted = max(_CLOSE * max(row.bottom - row.top, row.right - row.left), _AROUND_MM / spacing)
    if height > wanted:
        viewer.scene.camera.zoom *= height / wanted


def _centre(session: Any, row: Any) -> None:
    viewer, image = session.viewer, session.layers.picture(row.view)
    if viewer is not None and image is not None:
        place = image.data_to_world((row.row, row.column))
        viewer.scene.camera.center = (0.0, float(place[-2]), float(place[-1]))
