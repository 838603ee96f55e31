"""Hotspots in words: what stands in the cells, in the line below the table and in tooltips."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

WORDS = {"abnormal": "abnormal", "normal": "normal", "non_bone": "non-bone", "ignore": "ignore"}
"""The classes in a person's words."""

JUDGED = "✓"
"""Stands beside a class that a person chose."""


def place_of(row: Any) -> str:
    """Return where a hotspot lies, "rib ant"."""
    return f"{row.region or '?'} {'ant' if row.view == 'anterior' else 'post'}"


def class_of(row: Any) -> str:
    """Return the class of a hotspot, with a tick where a person chose it."""
    return WORDS[row.label] + (f" {JUDGED}" if row.judged else "")


def area_of(row: Any) -> str:
    """Return the area in mm², in pixels where the pixel size is unknown."""
    return f"{row.area_px if row.area_mm2 is None else row.area_mm2:.0f}"


def ratio(value: float | None) -> str:
    """Return a ratio with the digits that mean something."""
    return "" if value is None else f"{value:.1f}" if value < 9.95 else f"{value:.0f}"


def percent(value: float | None) -> str:
    """Return a share in whole percent."""
    return "" if value is None else f"{100 * value:.0f}"


def headline(row: Any) -> str:
    """Return which hotspot this is, and who said its class."""
    region = row.region or "no region"
    if row.region == "outside" and row.nearest_region:
        region = f"outside, near {row.nearest_region}"
    said = f"{row.id} · {region}, {row.view} · {WORDS[row.label]}"
    if row.judged:
        return f"{said} {JUDGED} judged"
    return f"{said}, the program's" if row.origin == "candidate" else said


def measures(row: Any) -> str:
    """Return what was measured of a hotspot."""
    area = f"{row.area_px} px" if row.area_mm2 is None else f"{row.area_mm2:.0f} mm² ({row.area_px} px)"
    said = [area, f"peak {row.peak:.0f}", f"mean {row.mean:.1f}"]
    if row.ratio_contralateral is not None:
        said.append(f"{ratio(row.ratio_contralateral)} × other side")
    if row.ratio_region is not None:
        said.append(f"{ratio(row.ratio_region)} × its region")
    if row.probability is not None:
        said.append(f"p {percent(row.probability)} %")
    if row.uncertainty is not None:
        said.append(f"unsure {percent(row.uncertainty)} %")
    if row.linked is not None:
        said.append(f"same as {row.linked}")
    return " · ".join(said)


def sentence(row: Any) -> str:
    """Return a hotspot as two lines: which it is, and what was measured."""
    return f"{headline(row)}\n{measures(row)}"


def together(rows: Iterable[Any]) -> str:
    """Return several hotspots as two lines: how many of which class, and how large they are together."""
    rows = tuple(rows)
    counted = [
        f"{number} {word}"
        for label, word in WORDS.items()
        if (number := sum(row.label == label for row in rows))
    ]
    unjudged = sum(not row.judged for row in rows)
    known = all(row.area_mm2 is not None for row in rows)
    area = sum(row.area_mm2 for row in rows) if known else sum(row.area_px for row in rows)
    return (
        f"{len(rows)} selected: {', '.join(counted)}\n"
        f"{area:.0f} {'mm²' if known else 'px'} together · "
        + (f"{unjudged} not judged" if unjudged else "all judged")
    )
