"""Whether more films would help: the learning curve and what it says."""

from __future__ import annotations

import re
from html import escape

import pandas as pd

from napari_tbcad.evaluate.learning_reading import reading
from napari_tbcad.evaluate.page_tables import Cell, Grid, table
from napari_tbcad.evaluate.reports.experiment.evidence import Evidence
from napari_tbcad.evaluate.reports.experiment.figures import shown
from napari_tbcad.evaluate.reports.words import Words


def learning_section(evidence: Evidence, words: Words) -> str:
    """Return the reading of the curve, its picture and its points."""
    points = evidence.main("learning_curve").dropna(subset=["auc"])
    if points.empty:
        return ""
    methods = list(dict.fromkeys(points["method"]))
    said = [line for line in (_said(points, name, words) for name in methods) if line]
    out = f"<div class='answer'>{''.join(f'<p>{escape(line)}</p>' for line in said)}</div>" if said else ""
    out += shown("learning_curve", evidence, words, words("learning_caption"))
    return out + table(_grid(points, methods, words))


def _said(points: pd.DataFrame, method: str, words: Words) -> str:
    """Return the reading of one method's curve, with the numbers of the page's language."""
    mine = points[points["method"] == method]
    if "to_full" not in mine:
        return ""
    said = re.sub(r"(?<!\w)-(?=\d)", "−", reading(mine, words.language))
    if words.language == "id":
        said = re.sub(r"(?<=\d)\.(?=\d)", ",", said)
    name = words.name("method", method)
    return f"{name[:1].upper()}{name[1:]}: {said}"


def _grid(points: pd.DataFrame, methods: list[str], words: Words) -> Grid:
    lines = []
    for n, rows in points.groupby("n"):
        cells = [
            Cell(words.count(n)),
            Cell(words.count(rows["n_tb"].mean())),
            Cell(str(rows["repeat"].nunique())),
        ]
        for name in methods:
            mine = rows[rows["method"] == name]
            cells.append(words.cell(mine["auc"].mean(), mine["low"].mean(), mine["high"].mean(), 3))
        cells.append(Cell(words.number(rows["control_auc"].mean(), 3)))
        lines.append(tuple(cells))
    head = [words("n_train"), words("films_tb"), words("repeats")]
    head += [words.name("method", name) for name in methods] + [words("outside")]
    return Grid("", tuple(head), tuple(lines), labels=1, grouped=False)
