"""An annotation project as text: a table, its sums, and how far two readers agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from napari_tbcad.batch.annotation_project import Project

_SHOWN = {
    "case": "case",
    "state": "state",
    "judged": "judged",
    "bsi": "BSI %",
    "readers": "readers",
    "dice_abnormal": "Dice abn.",
    "kappa": "kappa",
    "bsi_difference": "BSI diff.",
}
_LONGEST = 40


def lines_of(project: Project) -> Iterator[str]:
    """Yield the project as a table of text, then its sums and the agreement of two readers."""
    rows = [_SHOWN, *(_texts(one.row) for one in project.cases)]
    widths = {name: max(len(row[name]) for row in rows) for name in _SHOWN}
    for row in rows:
        yield "  ".join(row[name].ljust(widths[name]) for name in _SHOWN).rstrip()
    yield ""
    known = [one.row for one in project.cases if one.row.get("hotspots") is not None]
    finished = sum(one.finished is not None for one in project.cases)
    yield (
        f"{finished} of {len(project.cases)} cases finished; {sum(row['judged'] for row in known)} of "
        f"{sum(row['hotspots'] for row in known)} hotspots judged"
    )
    saw = {one.row.get("second_saw_first") for one in project.cases if one.agreement is not None}
    yield from project.together.lines()
    if "yes" in saw:
        yield "Second readers saw the first reading: this is a review, no independent agreement (--second)."
    if project.other:
        yield f"{project.other} cases of other workflows passed over."
    if project.aside:
        yield f"{project.aside} put aside for another case of the same scan (*.before.tbcad) passed over."
    for one in project.cases:
        if one.problem:
            yield f"ERROR {one.problem}"


def _texts(row: Mapping[str, Any]) -> dict[str, str]:
    said = {name: _text(row.get(name)) for name in _SHOWN}
    if row.get("hotspots") is not None:
        said["judged"] = f"{row['judged']}/{row['hotspots']}"
    index = row.get("bsi") if row.get("judged") == row.get("hotspots") else None
    said["bsi"] = f"{index:.2f}" if index is not None else "–"
    readers = [
        row.get("first_reader") or "?",
        *([row["second_reader"] or "?"] if "second_reader" in row else []),
    ]
    said["readers"] = ", ".join(readers) if row.get("first_when") else ""
    if (difference := row.get("bsi_difference")) is not None:
        said["bsi_difference"] = f"{difference:+.2f}"
    if len(said["case"]) > _LONGEST:
        said["case"] = f"…{said['case'][1 - _LONGEST :]}"
    return said


def _text(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
