"""The rows of a session's table as things stand now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any


def rows_of(session: Any) -> tuple[Any, ...] | None:
    """Return the rows of the table with class, judgement and link as they stand now.

    The table is measured by a worker, a moment after a person said something.

    Parameters
    ----------
    session : BoneSession or None

    Returns
    -------
    tuple of HotspotRow or None
        None while there is no table.
    """
    table = session.value("table") if session is not None else None
    hotspots = session.value("hotspots") if session is not None else None
    if table is None or hotspots is None:
        return None
    marks = hotspots.by_id()
    rows = []
    for row in table:
        mark = marks.get(row.id)
        if mark is None or mark.view != row.view:
            continue
        now = (mark.label, mark.judged, mark.linked)
        if now != (row.label, row.judged, row.linked):
            row = replace(row, label=mark.label, judged=mark.judged, linked=mark.linked)
        rows.append(row)
    return tuple(rows)
