"""What differs and what is not shown to: paired tests in words, and the variants side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from napari_tbcad.evaluate.columns import VARIANT
from napari_tbcad.evaluate.page_tables import Cell, Grid, table
from napari_tbcad.evaluate.reports.experiment.evidence import Evidence, level_of, records
from napari_tbcad.evaluate.reports.experiment.scores import mark, n_note
from napari_tbcad.evaluate.reports.words import Words, as_float

LEVEL = 0.05
"""Corrected p value up to which a difference is called one."""

_SAID = "auc"
_TOLD = 12
_WHOLE = ("method", "stages")
_LESS_IS_BETTER = ("brier", "error_rate", "ece")


def tests_section(evidence: Evidence, words: Words) -> str:
    """Return the tests by question: in words where they are about the AUC, all of them as a table."""
    rows = records(evidence.table("tests"))
    varied = [name for name in VARIANT if len({one.get(name) for one in evidence.variants}) > 1]
    out = []
    for question in dict.fromkeys(str(row["question"]) for row in rows):
        mine = [row for row in rows if str(row["question"]) == question]
        told = [row for row in mine if row["measure"] == _SAID] or mine
        said = "".join(f"<p>{escape(sentence(row, words, varied))}</p>" for row in told[:_TOLD])
        # What was asked first is shown whole; of the variants the main measure, or the table never ends.
        shown = mine if question in _WHOLE else told
        grid = _grid(shown, words, varied, note=words("tests_more") if len(shown) < len(mine) else "")
        title = escape(words.name("question", question))
        out.append(f"<h3>{title}</h3><div class='answer'>{said}</div>{table(grid)}")
    return "".join(out)


def sentence(row: Mapping[str, Any], words: Words, varied: Sequence[str] = ()) -> str:
    """Return one test in words: no more than it shows."""
    filled = {
        "first": side(row, "first", words, varied),
        "second": side(row, "second", words, varied),
        "measure": words.name("measure", row["measure"]),
    }
    found = reading(row)
    if found == "undefined":
        return _capital(words("is_undefined", **filled))
    filled |= {
        "a": words.number(row["first_value"]),
        "b": words.number(row["second_value"]),
        "difference": _difference(row, words),
        "p": words.p(row["p_corrected"]),
    }
    return _capital(words(f"is_{found}", **filled))


def reading(row: Mapping[str, Any]) -> str:
    """Return ``better``, ``worse``, ``open`` or ``undefined``: how the first did against the second."""
    difference, p = as_float(row["difference"]), as_float(row["p_corrected"])
    if math.isnan(difference):
        return "undefined"
    if not p <= LEVEL or difference == 0:
        return "open"
    gain = -difference if row["measure"] in _LESS_IS_BETTER else difference
    return "better" if gain > 0 else "worse"


def side(row: Mapping[str, Any], which: str, words: Words, varied: Sequence[str] = ()) -> str:
    """Return the name of one side of a test, with what both sides share where it varies in the run."""
    raw, question = str(row[which]), str(row["question"])
    method = str(row.get("method") or "")
    shared = [words.name("method", method)] if method and question in VARIANT else []
    if question in VARIANT:
        shared += [str(row[name]) for name in varied if name != question and row.get(name)]
    name = words.name("method", raw)
    return f"{name} ({', '.join(shared)})" if shared else name


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _difference(row: Mapping[str, Any], words: Words) -> str:
    within = words.interval(row["low"], row["high"])
    return words.signed(row["difference"]) + (f" ({within})" if within else "")


def _grid(rows: Sequence[Mapping[str, Any]], words: Words, varied: Sequence[str], *, note: str = "") -> Grid:
    keys = ("first", "second", "measure", "difference", "p_corrected", "patients", "reading")
    lines = []
    for row in rows:
        found = reading(row)
        said = words(f"reading_{found}") if found != "undefined" else "–"
        low, high = row["low"], row["high"]
        lines.append(
            (
                Cell(side(row, "first", words, varied), words.number(row["first_value"])),
                Cell(side(row, "second", words, varied), words.number(row["second_value"])),
                Cell(words.name("measure", row["measure"])),
                Cell(words.signed(row["difference"]), words.interval(low, high)),
                Cell(words.p_cell(row["p_corrected"]), words("p_raw", p=words.p(row["p_value"]))),
                Cell(words.count(row["patients"])),
                Cell(said, strong=found in ("better", "worse")),
            )
        )
    return Grid("", tuple(words(key) for key in keys), tuple(lines), labels=3, note=note, texts=(-1,))


def variant_name(variant: Mapping[str, Any]) -> str:
    """Return a variant as it is written: segmenter · feature set · definition."""
    parts = (str(variant.get(key) or "") for key in VARIANT)
    return " · ".join(part for part in parts if part)


def variants_section(evidence: Evidence, words: Words) -> str:
    """Return all methods for every variant, each with its own control; nothing where there is one only."""
    if len(evidence.variants) < 2:
        return ""
    names = ("auc", "accuracy", "recall", "specificity", "f1", "recall_at_specificity_70")
    lines = []
    for number, variant in enumerate(evidence.variants):
        rows = records(evidence.of_variant("summary", variant))
        control = next((c for c in evidence.controls(variant) if c["control"] == "outside_lungs"), None)
        outside = words.cell(control["auc"], control["low"], control["high"]) if control else Cell("–")
        for first, row in enumerate(rows):
            told = words("main_variant") if number == first == 0 else ""
            place = Cell(variant_name(variant), told, strong=number == 0)
            method = Cell(words.name("method", row["method"]))
            lines.append((place, method, *(words.figure(row, n) for n in names), outside, mark(row, words)))
    if not any(level_of(row) for row in records(evidence.table("summary"))):
        lines = [line[:-1] for line in lines]
    head = [
        words("variant"),
        words("method"),
        *(words(f"measure_{name}") for name in names),
        words("outside"),
    ]
    head += [words("mark")] if lines and len(lines[0]) > len(head) else []
    note = n_note(evidence.summary[0], words) if evidence.summary else ""
    return table(Grid("", tuple(head), tuple(lines), labels=2, note=note))


def variants_empty(evidence: Evidence, words: Words) -> str:
    """Return why there is no table of variants: what the one variant was."""
    one = variant_name(evidence.variants[0]) if evidence.variants else ""
    return words("empty_variants", variant=one or words("not_known"))
