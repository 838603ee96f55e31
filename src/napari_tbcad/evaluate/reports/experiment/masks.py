"""What hangs on the masks: features under another reader's, and what correcting them gains."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from napari_tbcad.evaluate.page_tables import Cell, Grid, table
from napari_tbcad.evaluate.reports.experiment.evidence import Evidence, records
from napari_tbcad.evaluate.reports.words import Words, as_float
from napari_tbcad.evaluate.stability import MEDIAN

GOOD = 0.75
"""Coefficient from which agreement is called good (Koo and Li 2016)."""

_WORST = 10


def stability_section(evidence: Evidence, words: Words) -> str:
    """Return for every pair of readers the agreement by group of features, and the worst features."""
    found = evidence.table("stability")
    out = []
    for pair in dict.fromkeys(found["pair"]):
        rows = records(found[found["pair"] == pair])
        features = [row for row in rows if row["feature"] != MEDIAN]
        n = max((as_float(row["n"]) for row in rows), default=0.0)
        said = words("pair", pair=words.name("pair", pair), n=words.count(n))
        out.append(f"<p class='lead'>{escape(said)}</p>{table(_groups(rows, features, words))}")
        out.append(table(_worst(features, words)))
    return "".join(out)


def _groups(rows: Sequence[Mapping[str, Any]], features: Sequence[Mapping[str, Any]], words: Words) -> Grid:
    lines = []
    for row in (row for row in rows if row["feature"] == MEDIAN):
        mine = [one for one in features if one["group"] == row["group"]]
        good = sum(as_float(one["icc"]) >= GOOD for one in mine)
        lines.append(
            (
                Cell(words.name("group", row["group"])),
                Cell(str(len(mine))),
                words.cell(row["icc"], row["low"], row["high"], 2),
                Cell(words("of", part=good, whole=len(mine))),
                Cell(words.count(row["n"])),
            )
        )
    head = tuple(words(key) for key in ("group", "n_features", "icc_median", "icc_good", "films"))
    return Grid("", head, tuple(lines), labels=1, grouped=False, note=words("quartiles_note"))


def _worst(features: Sequence[Mapping[str, Any]], words: Words) -> Grid:
    known = [row for row in features if as_float(row["icc"]) == as_float(row["icc"])]
    lines = [
        (
            Cell(str(row["feature"])),
            Cell(words.name("group", row["group"])),
            words.cell(row["icc"], row["low"], row["high"], 2),
            Cell(words.signed(row.get("bias_sd"), 2)),
            Cell(words.count(row["n"])),
        )
        for row in sorted(known, key=lambda row: as_float(row["icc"]))[:_WORST]
    ]
    head = tuple(words(key) for key in ("feature", "group", "icc", "bias", "films"))
    return Grid(words("worst"), head, tuple(lines), labels=2, grouped=False, note=words("bias_note"))


def correction_section(evidence: Evidence, words: Words) -> str:
    """Return the scores with automatic, some corrected and all corrected masks."""
    rows = records(evidence.table("correction"))
    if not rows:
        return ""
    lines = [
        (
            Cell(_condition(row, words)),
            Cell(words.count(row["corrected"])),
            words.cell(row["auc"], row["low"], row["high"]),
            Cell(words.number(row["feature_error"], 2)),
            Cell(words.number(row["dice"], 3)),
        )
        for row in rows
    ]
    head = (words("condition"), words("corrected"), "AUC", words("feature_error"), words("dice"))
    grid = Grid("", head, tuple(lines), labels=1, grouped=False, note=_note(evidence, words))
    return f"{_gain(rows, words)}{table(grid)}"


def _note(evidence: Evidence, words: Words) -> str:
    n = evidence.counts["films"]
    known = [row for row in records(evidence.table("correction")) if row["condition"] == "true"]
    corrected = words.count(known[0]["corrected"]) if known else words.count(n)
    return f"{words('correction_note')} n = {corrected}."


def _gain(rows: Sequence[Mapping[str, Any]], words: Words) -> str:
    by_name = {str(row["condition"]): row for row in rows}
    if not {"automatic", "true"} <= set(by_name):
        return ""
    before, after = by_name["automatic"], by_name["true"]
    said = words(
        "correction_said",
        before=words.said(before["auc"], before["low"], before["high"]),
        after=words.said(after["auc"], after["low"], after["high"]),
        error_before=words.number(before["feature_error"], 2),
        error_after=words.number(after["feature_error"], 2),
    )
    apart = as_float(before["high"]) < as_float(after["auc"]) and as_float(after["low"]) > as_float(
        before["auc"]
    )
    said = said if apart else f"{said} {words('correction_open')}"
    return f"<div class='answer'><p>{escape(said)}</p></div>"


def _condition(row: Mapping[str, Any], words: Words) -> str:
    raw, order = str(row["condition"]), str(row.get("order") or "")
    if not re.match(r"(automatic )?\+", raw):
        return words.name("condition", raw)
    chosen = f", {words.name('order', order)}" if order else ""
    return words("condition_plus", k=words.count(row["corrected"]), order=chosen)
