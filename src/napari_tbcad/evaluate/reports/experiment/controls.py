"""What scores without the lungs, and how each source does alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import Any

from napari_tbcad.evaluate.page_tables import Cell, Grid, table
from napari_tbcad.evaluate.reports.experiment.evidence import OF_FOLD, Evidence, level_of, records
from napari_tbcad.evaluate.reports.experiment.scores import n_note
from napari_tbcad.evaluate.reports.experiment.verdict import control_name
from napari_tbcad.evaluate.reports.words import Words, as_float


def controls_section(evidence: Evidence, words: Words) -> str:
    """Return the controls over all splits, then those of single splits."""
    rows = evidence.controls()
    if not rows:
        return ""
    head = (words("control"), words("what_is_it"), "AUC", words("reading"))
    lines = []
    for row in rows:
        name = str(row["control"])
        seen = Cell(words.texts.get(f"seen_{name}", ""))
        lines.append((Cell(control_name(name, words)), seen, _auc(row, words), _reading(row, words)))
    note = n_note(evidence.summary[0], words) if evidence.summary else ""
    known = [as_float(one.get("age_sex_known")) for one in evidence.about.get("data") or ()]
    if evidence.control("age_sex") and known and not any(math.isnan(n) for n in known):
        note += f" {words('age_sex_n', n=words.count(sum(known)))}"
    out = table(Grid("", head, tuple(lines), labels=2, note=note, grouped=False, texts=(-1,)))
    return out + _by_fold(evidence, words)


def _by_fold(evidence: Evidence, words: Words) -> str:
    rows = [row for row in records(evidence.main("controls")) if OF_FOLD in str(row["control"])]
    if not rows:
        return ""
    lines = []
    for row in rows:
        name, _, fold = str(row["control"]).partition(OF_FOLD)
        lead = next((one for one in evidence.by_fold if one["fold"] == fold), {})
        score = words.figure(lead, "auc")
        lines.append(
            (Cell(words.name("control", name)), Cell(fold), _auc(row, words), score, _reading(row, words))
        )
    lead_name = words.name("method", evidence.methods[0]) if evidence.methods else ""
    head = (words("control"), words("fold"), "AUC", f"{lead_name}, AUC", words("reading"))
    return table(Grid(words("controls_by_fold"), head, tuple(lines), labels=2, texts=(-1,)))


def _auc(row: Mapping[str, Any], words: Words) -> Cell:
    return words.cell(row["auc"], row["low"], row["high"])


def _reading(row: Mapping[str, Any], words: Words) -> Cell:
    if math.isnan(as_float(row["auc"])):
        return Cell(words("control_reading_nan"))
    loud = level_of(row)
    if loud:
        return Cell(words(f"mark_{loud}"), words(f"control_reading_{loud}"), strong=True)
    near = as_float(row["low"]) <= 0.5 <= as_float(row["high"])
    return Cell(words("control_reading_chance" if near else "control_reading_none"))


def sources_section(evidence: Evidence, words: Words) -> str:
    """Return every method on the films of each source alone."""
    rows = records(evidence.main("sources"))
    if len({row["source"] for row in rows}) < 2:
        return ""
    said = separate(evidence, words)
    lead = f"<p class='answer'>{escape(said)}</p>" if said else ""
    names = ("recall", "specificity", "auc")
    head = (
        words("source"),
        words("method"),
        words("tb"),
        words("normal"),
        *(words(f"measure_{name}") for name in names),
    )
    rows = sorted(rows, key=lambda row: str(row["source"]))
    lines = [
        (
            Cell(str(row["source"])),
            Cell(words.name("method", row["method"])),
            Cell(words.count(row["n_tb"])),
            Cell(words.count(row["n_normal"])),
            *(words.figure(row, name) for name in names),
        )
        for row in rows
    ]
    return lead + table(Grid("", head, tuple(lines), labels=2))


def separate(evidence: Evidence, words: Words) -> str:
    """Say that no source holds both classes, where that is so: then sources and classes are one question."""
    films = evidence.films
    if len(evidence.sources) < 2:
        return ""
    tb = films["label"].astype(float) == 1
    sides = [sorted({str(name) for name in films["source"][part]}) for part in (tb, ~tb)]
    if set(sides[0]) & set(sides[1]) or not all(sides):
        return ""
    return words("separate", tb=", ".join(sides[0]), normal=", ".join(sides[1]))
