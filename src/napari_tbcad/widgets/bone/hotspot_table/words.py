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
    """Return which hotspot this is, where it lies, and who said its class."""
    region = row.region or "no region"
    if row.region == "outside" and row.nearest_region:
        region = f"near {row.nearest_region}"
    proposed = "proposed " if row.origin in ("candidate", "program") and not row.judged else ""
    judged = f" {JUDGED} judged" if row.judged else ""
    view = "ant." if row.view == "anterior" else "post."
    return f"{row.id} · {region}, {view} · {proposed}{WORDS[row.label]}{judged}"


def measures(row: Any) -> str:
    """Return what was measured of a hotspot."""
    area = f"{row.area_px} px" if row.area_mm2 is None else f"{row.area_mm2:.0f} mm²"
    said = [area, f"peak {row.peak:.0f}", f"mean {row.mean:.1f}"]
    if row.ratio_contralateral is not None:
        said.append(f"{ratio(row.ratio_contralateral)} × other side")
    if row.ratio_region is not None:
        said.append(f"{ratio(row.ratio_region)} × region")
    return " · ".join(said)


def in_full(row: Any) -> str:
    """Return all that is known of a hotspot, line by line, for a tooltip."""
    said = [headline(row), measures(row)]
    said.append(f"{row.area_px} px, eccentricity {row.eccentricity:.2f}, solidity {row.solidity:.2f}")
    if row.region == "outside":
        said.append("Outside all regions: it is listed, and adds nothing to the index.")
    if row.probability is not None:
        said.append(f"The program gives {percent(row.probability)} % for abnormal.")
    if row.uncertainty is not None:
        said.append(f"It is {percent(row.uncertainty)} % unsure.")
    if row.linked is not None:
        said.append(f"The same lesion as {row.linked} in the other view: both get one class.")
    return "\n".join(said)


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


def judged_class(rows: Iterable[Any]) -> str | None:
    """Return the class that a person gave all these hotspots, None where there is no one such."""
    labels = {row.label if row.judged else None for row in rows}
    return labels.pop() if len(labels) == 1 else None
