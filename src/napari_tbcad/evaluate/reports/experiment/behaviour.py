"""How the methods come to their answers: curves, probabilities, stages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import Any

from napari_tbcad.evaluate.page_tables import Cell, Grid, table
from napari_tbcad.evaluate.reports.experiment.evidence import Evidence, records
from napari_tbcad.evaluate.reports.experiment.figures import shown
from napari_tbcad.evaluate.reports.experiment.scores import n_note
from napari_tbcad.evaluate.reports.words import Words, as_float, ends

CALIBRATION = ("calibration_slope", "calibration_intercept", "ece", "brier")


def roc_section(evidence: Evidence, words: Words) -> str:
    """Return the ROC curves with the triage point, and the control's AUC beside them."""
    return shown("roc", evidence, words, words("roc_caption", n=evidence.counts["films"]))


def calibration_section(evidence: Evidence, words: Words) -> str:
    """Return slope, intercept and errors of the probabilities, in words, as a table and as a picture."""
    rows = [row for row in evidence.summary if any(not math.isnan(as_float(row.get(n))) for n in CALIBRATION)]
    out = ""
    if rows:
        said = [_slope(row, words) for row in rows if not math.isnan(as_float(row.get("calibration_slope")))]
        films = evidence.counts["films"]
        if films:
            said.append(words("prevalence", share=words.percent(evidence.counts["tb"] / films)))
        out += f"<div class='answer'>{''.join(f'<p>{escape(line)}</p>' for line in said)}</div>"
        head = (words("method"), *(words(f"measure_{name}") for name in CALIBRATION))
        lines = [
            (
                Cell(words.name("method", row["method"])),
                *(words.figure(row, name, 3 if name in ("brier", "ece") else 2) for name in CALIBRATION),
            )
            for row in rows
        ]
        out += table(Grid("", head, tuple(lines), labels=1, grouped=False, note=n_note(rows[0], words)))
    caption = words("calibration_caption", n=evidence.counts["films"])
    return out + shown("calibration", evidence, words, caption)


def _slope(row: Mapping[str, Any], words: Words) -> str:
    _, low, high = ends(row, "calibration_slope")
    if math.isnan(low) or math.isnan(high):
        key = "slope_alone"
    else:
        key = "slope_extreme" if high < 1 else "slope_timid" if low > 1 else "slope_fits"
    method = words.name("method", row["method"])
    found = words.figure_said(row, "calibration_slope", 2)
    return words(key, method=method[:1].upper() + method[1:], found=found)


def stages_section(evidence: Evidence, words: Words) -> str:
    """Return for each stage how many films it decided and how often it was right."""
    rows = [row for row in records(evidence.main("stages")) if str(row["fold"]) == "all"]
    two = {row["method"] for row in rows if row["stage"] == 1}
    rows = [row for row in rows if row["method"] in two]
    if not rows:
        return ""
    keys = ("method", "stage", "films", "share_all", "right", "called_suspect_n", "tb_found")
    lines = [
        (
            Cell(words.name("method", row["method"])),
            Cell(words.name("stage", int(row["stage"]))),
            Cell(words.count(row["films"])),
            Cell(words.percent(row["share"])),
            words.figure(row, "right"),
            Cell(words.count(row["called_suspect"])),
            Cell(words("of", part=words.count(row["tb_found"]), whole=words.count(row["tb"]))),
        )
        for row in rows
    ]
    head = tuple(words(key) for key in keys)
    return table(Grid("", head, tuple(lines), labels=2, note=n_note(evidence.summary[0], words)))
