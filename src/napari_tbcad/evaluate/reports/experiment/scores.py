"""How well the methods did: the project's table, the triage point, all figures, confusion matrices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from napari_tbcad.evaluate.columns import FIGURES
from napari_tbcad.evaluate.page_tables import Cell, Grid, table
from napari_tbcad.evaluate.reports.experiment.evidence import Evidence, level_of, records
from napari_tbcad.evaluate.reports.words import Words, as_float, ends

PROJECT = ("precision", "recall", "f1", "error_rate", "accuracy")
"""Columns of the project's table."""

TRIAGE = (("recall_at_specificity_70", 0.90), ("specificity_at_recall_90", 0.70))
"""Figures of the WHO's triage point and what is asked of them at least."""

FEWEST = 10
"""Films of each class from which a target may be called reached or missed."""


def mark(row: Mapping[str, Any], words: Words) -> Cell:
    """Return the cell that says whether a score may be believed."""
    found = level_of(row)
    return Cell(words(f"mark_{found}"), strong=True) if found else Cell("")


def n_note(row: Mapping[str, Any], words: Words) -> str:
    """Return what n the figures of a summary row are from."""
    tb, normal = as_float(row.get("n_tb")), as_float(row.get("n_normal"))
    return words("n_films", films=words.count(tb + normal), tb=words.count(tb), normal=words.count(normal))


def interval_note(evidence: Evidence, words: Words) -> str:
    """Return how the intervals were made."""
    n = (evidence.about.get("config") or {}).get("bootstrap")
    repeats = words("interval_repeats") if evidence.counts["repeats"] > 1 else ""
    return words("interval_note", n=n, repeats=repeats) if n else words("interval_note_unknown")


def project_section(evidence: Evidence, words: Words) -> str:
    """Return method × precision, recall, F1, error rate and accuracy, and the same of the hold-out split."""
    if not evidence.summary:
        return ""
    note = f"{n_note(evidence.summary[0], words)} {interval_note(evidence, words)}"
    out = table(_project_grid(evidence.summary, words, note=note))
    if evidence.holdout is not None:
        held = Evidence(evidence.holdout)
        if held.summary:
            n = held.summary[0]
            counts = {"tb": words.count(n["n_tb"]), "normal": words.count(n["n_normal"])}
            told = words("holdout_note", films=words.count(n["n_tb"] + n["n_normal"]), **counts)
            out += table(_project_grid(held.summary, words, title=words("holdout_title"), note=told))
    return out


def _project_grid(
    rows: Sequence[Mapping[str, Any]], words: Words, *, title: str = "", note: str = ""
) -> Grid:
    marked = any(level_of(row) for row in rows)
    head = [
        words("method"),
        *(words(f"measure_{name}") for name in PROJECT),
        *([words("mark")] if marked else []),
    ]
    lines = []
    for number, row in enumerate(rows):
        cells = [Cell(words.name("method", row["method"]), strong=number == 0)]
        cells += [words.figure(row, name) for name in PROJECT]
        lines.append((*cells, *([mark(row, words)] if marked else [])))
    return Grid(title, tuple(head), tuple(lines), labels=1, note=note, grouped=False)


def triage_section(evidence: Evidence, words: Words) -> str:
    """Return in words how each method stands to the WHO's triage target."""
    lines = []
    for row in evidence.summary:
        said = []
        for key, (name, target) in zip(("triage_recall", "triage_specificity"), TRIAGE, strict=True):
            if not math.isnan(as_float(row.get(name))):
                fewest = int(min(as_float(row["n_tb"]), as_float(row["n_normal"])))
                key_said = "reach_few" if fewest < FEWEST else _reading(*ends(row, name), target)
                reading = words(key_said, target=words.number(target, 2), n=fewest)
                found = words.figure_said(row, name)
                method = words.name("method", row["method"])
                said.append(words(key, method=method[:1].upper() + method[1:], found=found, reading=reading))
        if said:
            lines.append(f"<p>{escape(' '.join(said))}</p>")
    if not lines:
        return ""
    note = f"<p class='note'>{escape(n_note(evidence.summary[0], words))}</p>"
    return f"<div class='answer'>{''.join(lines)}</div>{note}"


def _reading(value: float, low: float, high: float, target: float) -> str:
    if value >= target:
        return "reach_sure" if low >= target else "reach_unsure"
    return "miss_unsure" if high >= target else "miss_sure"


def full_section(evidence: Evidence, words: Words) -> str:
    """Return every figure of every method of the main variant, a column a method."""
    rows = evidence.summary
    if not rows:
        return ""
    head = (words("measure"), *(words.name("method", row["method"]) for row in rows))
    lines = [
        (Cell(words(f"measure_{name}")), *(words.figure(row, name) for row in rows))
        for name in FIGURES
        if any(not math.isnan(as_float(row.get(name))) for row in rows)
    ]
    lines.append(
        (Cell(words("measure_share_stage1")), *(Cell(words.percent(r.get("share_stage1"))) for r in rows))
    )
    for name in ("fit_seconds", "predict_seconds"):
        lines.append((Cell(words(f"measure_{name}")), *(Cell(_seconds(r.get(name), words)) for r in rows)))
    for name in ("tb", "normal"):
        lines.append((Cell(words(f"films_{name}")), *(Cell(words.count(r.get(f"n_{name}"))) for r in rows)))
    if any(level_of(row) for row in rows):
        lines.append((Cell(words("mark")), *(mark(row, words) for row in rows)))
    note = f"{n_note(rows[0], words)} {interval_note(evidence, words)}"
    return table(Grid("", head, tuple(lines), labels=1, grouped=False, note=note))


def _seconds(value: Any, words: Words) -> str:
    found = as_float(value)
    return words.number(found, 3 if found < 0.1 else 2 if found < 10 else 0)


def confusion_section(evidence: Evidence, words: Words) -> str:
    """Return a small table of counts for each method."""
    counts = {str(row["method"]): row for row in records(evidence.main("confusions"))}
    parts = []
    for method in evidence.methods:
        if method in counts:
            parts.append(f"<div class='keep'>{_confusion(method, counts[method], words)}</div>")
    return f"<div class='pair'>{''.join(parts)}</div>" if parts else ""


def _confusion(method: str, row: Mapping[str, Any], words: Words) -> str:
    tp, fn, fp, tn = (as_float(row[name]) for name in ("tp", "fn", "fp", "tn"))
    lines = []
    for name, suspect, other in (("truth_tb", tp, fn), ("truth_normal", fp, tn)):
        whole = suspect + other
        cells = [
            Cell(words.count(n), words.percent(n / whole) if whole else "", strong=right)
            for n, right in ((suspect, name == "truth_tb"), (other, name == "truth_normal"))
        ]
        lines.append((Cell(words(name), f"n = {words.count(whole)}"), *cells))
    head = ("", words("called_suspect"), words("called_not"))
    return table(Grid(words.name("method", method), head, tuple(lines), labels=1, grouped=False))
