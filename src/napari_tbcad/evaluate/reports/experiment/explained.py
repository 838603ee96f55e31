"""Whether the explanation points at disease, and explains the decision that was made."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from napari_tbcad.evaluate.page_tables import Cell, Grid, table
from napari_tbcad.evaluate.reports.experiment.evidence import Evidence, records
from napari_tbcad.evaluate.reports.words import Words, as_float

_SAID = {
    "pixel_auc": "said_pixels",
    "pointing_lesions": "said_pointing",
    "pointing_nodules": "said_pointing",
    "removal_probability": "said_removal",
}
_POINTED = ("pixel_auc", "pointing_lesions", "pointing_nodules")


def explanation_section(evidence: Evidence, words: Words) -> str:
    """Return each test of the explanation beside chance and beside the middle of the lungs."""
    rows = records(evidence.table("explanation"))
    if not rows:
        return ""
    said = [_sentence(row, words) for row in rows if _known(row["measure"], _SAID)]
    if not any(_known(row["measure"], _POINTED) for row in rows):
        said.append(words("not_pointed"))
    lines = [
        (
            _name(row, words),
            words.cell(row["value"], row["low"], row["high"]),
            Cell(words.number(row["chance"])),
            Cell(words.number(row["centre_prior"])),
            Cell(words.count(row["n"])),
            Cell(words(reading(row)) if reading(row) else ""),
        )
        for row in rows
    ]
    keys = ("measure", "value", "by_chance", "centre_prior", "n", "reading")
    grid = Grid("", tuple(words(key) for key in keys), tuple(lines), labels=1, grouped=False, texts=(-1,))
    return f"<div class='answer'>{''.join(f'<p>{escape(line)}</p>' for line in said)}</div>{table(grid)}"


def reading(row: Mapping[str, Any]) -> str:
    """Return the key of what a test shows; empty where there is nothing to compare with."""
    low, chance, centre = as_float(row["low"]), as_float(row["chance"]), as_float(row["centre_prior"])
    if math.isnan(low) or math.isnan(chance):
        return ""
    if low <= chance:
        return "explains_not"
    if math.isnan(centre):
        return "explains_better"
    return "explains_best" if low > centre else "explains_centre"


def _known(measure: Any, names: Sequence[str] | Mapping[str, str]) -> str:
    """Return which of some measures this is; groups of films may stand before its name."""
    return next((name for name in names if str(measure).endswith(name)), "")


def _name(row: Mapping[str, Any], words: Words) -> Cell:
    raw = str(row["measure"])
    keys = [key.removeprefix("explain_") for key in words.texts if key.startswith("explain_")]
    name = _known(raw, keys)
    if not name:
        return Cell(raw.replace("_", " "), str(row["what"] or ""))
    group = raw.removesuffix(name).strip("_ ").replace("_", " ")
    said = words(f"explain_{name}")
    return Cell(f"{group}: {said}" if group else said, words(f"what_{name}"))


def _sentence(row: Mapping[str, Any], words: Words) -> str:
    return words(
        _SAID[_known(row["measure"], _SAID)],
        found=words.said(row["value"], row["low"], row["high"]),
        chance=words.number(row["chance"]),
        centre=words.number(row["centre_prior"]),
        reading=words(reading(row) or "explains_not"),
        n=words.count(row["n"]),
    )
