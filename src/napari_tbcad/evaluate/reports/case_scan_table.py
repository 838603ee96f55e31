"""The hotspots of a bone scan as a table, and what a correction did to them."""

from __future__ import annotations

from html import escape

from napari_tbcad.bone.hotspots import Mark
from napari_tbcad.bone.measure import OUTSIDE, HotspotRow
from napari_tbcad.evaluate.reports.case_scan import ScanSubject
from napari_tbcad.evaluate.reports.case_scan_words import region_name
from napari_tbcad.evaluate.reports.words import Words

_COLUMNS = (
    "number", "col_view", "col_region", "col_class", "col_was", "col_judged", "col_area", "col_peak",
    "col_ratio", "col_reference", "col_probability", "col_linked", "col_origin",
)  # fmt: skip
_ANSWERS = frozenset({"col_was", "col_probability"})
_WORDS = 5
"""So many columns are words."""


def hotspot_table(subject: ScanSubject, text: Words, *, blind: bool) -> str:
    """Return the hotspots of a reading as a table.

    Parameters
    ----------
    subject : ScanSubject
    text : Words
        The words of the report.
    blind : bool
        Leave out what the program said of them.
    """
    title = f"<h2>{text('hotspots')}</h2>"
    rows = subject.table.rows if subject.table is not None else ()
    if not rows:
        return f"{title}<p class='empty'>{text('no_hotspots')}</p>"
    found = subject.automatic.get("hotspots")
    before = found.by_id() if found is not None else {}
    columns = [name for name in _COLUMNS if not (blind and name in _ANSWERS)]
    head = "".join(
        f"<th{' class=l' if n < _WORDS else ''}>{text(name)}</th>" for n, name in enumerate(columns)
    )
    body = "".join(_line(row, before.get(row.id), columns, text, blind) for row in rows)
    table = f"<table class='spots'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"{title}<div class='scroll'>{table}</div>"


def _line(row: HotspotRow, before: object, columns: list[str], text: Words, blind: bool) -> str:
    was = getattr(before, "label", None)
    cells = {
        "number": str(row.id),
        "col_view": text(f"view_{row.view}"),
        "col_region": _region(row, text),
        "col_class": "?" if blind and not row.judged else text(f"class_{row.label}"),
        "col_was": text("new") if was is None else "=" if was == row.label else text(f"class_{was}"),
        "col_judged": text("yes" if row.judged else "no"),
        "col_area": f"{row.area_px} px" if row.area_mm2 is None else f"{row.area_mm2:.0f} mm²",
        "col_peak": f"{row.peak:.0f}",
        "col_ratio": _number(row.ratio_contralateral, text),
        "col_reference": _number(row.ratio_reference, text),
        "col_probability": _number(row.probability, text),
        "col_linked": "–" if row.linked is None else f"#{row.linked}",
        "col_origin": row.origin,
    }
    shown = [f"<td{' class=l' if n < _WORDS else ''}>{escape(cells[c])}</td>" for n, c in enumerate(columns)]
    return f"<tr>{''.join(shown)}</tr>"


def _region(row: HotspotRow, text: Words) -> str:
    if row.region == OUTSIDE and row.nearest_region:
        return text("outside_region", near=region_name(row.nearest_region, text.language))
    return region_name(row.region or "–", text.language)


def _number(value: float | None, text: Words) -> str:
    return "–" if value is None else text.write(value, ".2f")


def changes_line(subject: ScanSubject, text: Words) -> str:
    """Return what a correction did to the hotspots, in a sentence; empty where nobody touched them."""
    found, stands = subject.automatic.get("hotspots"), subject.hotspots
    if "hotspots" not in subject.corrected or found is None or stands is None:
        return ""
    before: dict[int, Mark] = dict(found.by_id())
    after: dict[int, Mark] = dict(stands.by_id())
    both = before.keys() & after.keys()
    return text(
        "changes",
        before=len(before),
        after=len(after),
        classes=sum(before[n].label != after[n].label for n in both),
        new=len(after.keys() - both),
        gone=len(before.keys() - both),
        judged=sum(mark.judged for mark in after.values()),
    )
