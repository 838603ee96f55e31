"""What was done: what was left out, with which data, and how to get the same numbers again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from napari_tbcad.evaluate.page import bullets, facts
from napari_tbcad.evaluate.page_tables import Cell, Grid, table
from napari_tbcad.evaluate.reports.experiment.comparisons import variant_name
from napari_tbcad.evaluate.reports.experiment.evidence import Evidence, records
from napari_tbcad.evaluate.reports.words import Words, as_float

_ROWS = 40
"""Rows of a list that stand on the page; the rest is in its file."""


def left_out_section(evidence: Evidence, words: Words) -> str:
    """Return films that could not be used, with reasons, and films that occur twice."""
    failed, twice = records(evidence.table("failed")), records(evidence.table("duplicates"))
    missing = [
        words("left_missing", name=_name(part), n=_amount(part["left_out"], words), why=_why(part, words))
        for part in evidence.about.get("data") or ()
        if part.get("left_out")
    ]
    out = bullets(missing) if missing else ""
    if failed:
        reasons = [(Cell(str(row["file"])), Cell(str(row["message"]))) for row in failed]
        title = words("left_failed", n=len(failed))
        out += _list(title, (words("file"), words("reason")), reasons, "failed.csv", words)
    if twice:
        keys = ("file", "same_as", "kind", "handled")
        copies = [
            (
                Cell(str(row["file"])),
                Cell(str(row["same_as"])),
                Cell(words.name("kind", row["kind"])),
                Cell(words.name("handled", row["handled"])),
            )
            for row in twice
        ]
        title = words("left_duplicates", n=len(twice))
        out += _list(title, tuple(words(key) for key in keys), copies, "duplicates.csv", words)
    return out


def _list(
    title: str, head: tuple[str, ...], lines: Sequence[tuple[Cell, ...]], file: str, words: Words
) -> str:
    more = words("more_rows", n=len(lines) - _ROWS, file=file) if len(lines) > _ROWS else ""
    return table(Grid(title, head, tuple(lines[:_ROWS]), labels=len(head), grouped=False, note=more))


def _amount(value: Any, words: Words) -> str:
    """Return a count that may be a number, a list or a mapping of reasons to numbers."""
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {n}" for name, n in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return str(len(value))
    return words.count(value)


def _name(part: Mapping[str, Any]) -> str:
    return str(part.get("name") or part.get("path") or "")


def _why(part: Mapping[str, Any], words: Words) -> str:
    """Return why films of a data set were left out, with numbers."""
    by_kind = part.get("left_out_by") or {}
    keys = {kind: "left_missing_file" if kind == "missing" else f"left_{kind}" for kind in by_kind}
    said = [
        words(keys[kind], n=n) if keys[kind] in words.texts else f"{kind}: {n}" for kind, n in by_kind.items()
    ]
    return ", ".join(said) or words("not_known")


def data_section(evidence: Evidence, words: Words) -> str:
    """Return the data sets with their films, patients and sources."""
    parts = evidence.about.get("data") or ()
    if not parts:
        return ""
    keys = (
        "role",
        "name",
        "films",
        "tb",
        "normal",
        "patients",
        "left_out_n",
        "duplicates_n",
        "age_sex_known",
    )
    lines, sources, terms = [], [], []
    for part in parts:
        numbers = ("films", "tb", "normal", "patients", "left_out", "duplicates", "age_sex_known")
        name = _name(part)
        small = str(part.get("path") or "") if part.get("path") != part.get("name") else ""
        cells = [Cell(words.name("role", part.get("role", ""))), Cell(name, small)]
        lines.append((*cells, *(Cell(_amount(part.get(key), words)) for key in numbers)))
        for one in part.get("sources") or ():
            counts = (Cell(words.count(one.get(key))) for key in ("tb", "normal"))
            sources.append((Cell(name), Cell(str(one.get("name", ""))), *counts))
        if part.get("terms"):
            terms.append(words("terms_of", name=name, terms=_plain(part["terms"])))
    out = table(Grid("", tuple(words(key) for key in keys), tuple(lines), labels=2, grouped=False))
    if sources:
        head = tuple(words(key) for key in ("name", "source", "tb", "normal"))
        out += table(Grid("", head, tuple(sources), labels=2))
    return out + (f"<h4>{escape(words('terms'))}</h4>{bullets(terms)}" if terms else "")


def repeat_section(evidence: Evidence, words: Words) -> str:
    """Return command, seeds, settings and versions."""
    about = evidence.about
    variants = [variant_name(one) + _measured(one, words) for one in evidence.variants]
    config = about.get("config") or {}
    given = {
        "command": about.get("command"),
        "design": design_said(str(about.get("design") or ""), words),
        "seed": about.get("seed"),
        "methods": ", ".join(words.name("method", name) for name in evidence.methods),
        "variants": "; ".join(variants),
        "config": _pairs(config),
        "settings": _pairs(about.get("settings") or {}) or words("settings_none"),
        "program": about.get("program"),
        "versions": _pairs(about.get("versions") or {}),
        "device": about.get("device"),
        "cores": about.get("cores"),
        "started": about.get("started"),
        "finished": about.get("finished"),
        "took": words.duration(about["seconds"]) if about.get("seconds") is not None else None,
    }
    unknown = words("not_known")
    items = {words(name): unknown if value in (None, "") else _plain(value) for name, value in given.items()}
    out = facts(items) + f"<p class='note'>{escape(words('more'))}</p>"
    for title, lines in (("notes", about.get("notes")), ("remarks", _gathered(evidence, words))):
        if lines:
            shown = [str(line) for line in lines][:_ROWS]
            rest = (
                [words("more_rows", n=len(lines) - _ROWS, file="evaluation.json")]
                if len(lines) > _ROWS
                else []
            )
            out += f"<h4>{escape(words(title))}</h4>{bullets([*shown, *rest])}"
    return out


def _gathered(evidence: Evidence, words: Words) -> list[str]:
    """Return what classifiers complained about, each complaint once with the splits it was heard in."""
    heard: dict[tuple[str, str], list[str]] = {}
    out = []
    for line in evidence.evaluation.complaints:
        found = re.fullmatch(r"(.*?)(\w+), fold ([^:]+): (.*)", line, re.DOTALL)
        if found is None:
            out.append(line)
        else:
            who = found[1] + words.name("method", found[2])
            heard.setdefault((who, found[4]), []).append(found[3])
    for (who, said), folds in heard.items():
        shown = ", ".join(folds[:12]) + (" …" if len(folds) > 12 else "")
        out.append(f"{who}: {said} ({words('fold').lower()}: {shown})")
    return out


def design_said(raw: str, words: Words) -> str:
    """Return a design in words; as it is where nobody knows its kind."""
    if raw in ("cross-source", "test", "trained on one set, tested on another"):
        return words("design_cross" if raw == "cross-source" else "design_sets")
    if held := re.fullmatch(r"hold-out ([\d.]+)", raw):
        return words("design_holdout", share=words.percent(held[1]))
    if folds := re.fullmatch(r"(\d+)-fold(?:, repeated (\d+) times)?", raw):
        return words("design_repeated" if folds[2] else "design_folds", k=folds[1], n=folds[2])
    return raw


def _measured(variant: Mapping[str, Any], words: Words) -> str:
    said = []
    if variant.get("levels"):
        said.append(words("grey_levels", n=variant["levels"]))
    if variant.get("grid"):
        said.append(words("grid_px", n=variant["grid"]))
    return f" ({', '.join(said)})" if said else ""


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_plain(value)}" for name, value in values.items())


def _plain(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return ", ".join(_plain(one) for one in value)
    return json.dumps(value, ensure_ascii=False)


def folds_section(evidence: Evidence, words: Words) -> str:
    """Return how the films were split, and the leading method's score in each split or their range."""
    folds = evidence.evaluation.folds
    if not folds:
        return ""
    sizes = [len(fold.test) for fold in folds]
    method = evidence.methods[0] if evidence.methods else ""
    scores = {row["fold"]: row for row in evidence.by_fold if row["method"] == method}
    areas = [as_float(row["auc"]) for row in scores.values()]
    areas = [area for area in areas if not np.isnan(area)]
    said = str(sizes[0]) if len(set(sizes)) == 1 else f"{min(sizes)}–{max(sizes)}"
    filled = {"n": len(folds), "sizes": said}
    if not areas or len(folds) < 2:
        out = f"<p>{escape(words('folds_said_plain', **filled))}</p>"
    else:
        spread = {"worst": min(areas), "middle": float(np.median(areas)), "best": max(areas)}
        told = {name: words.number(value) for name, value in spread.items()}
        name = words.name("method", method)
        out = f"<p>{escape(words('folds_said', **filled, method=name, **told))}</p>"
    if len(folds) > 12:
        return out
    names = ("auc", "recall", "specificity")
    lines = []
    for fold in folds:
        row = scores.get(fold.name, {})
        counts = (Cell(str(len(part))) for part in (fold.train, fold.test))
        tb = Cell(words.count(row.get("n_tb")))
        lines.append((Cell(fold.name), *counts, tb, *(words.figure(row, one) for one in names)))
    head = (
        *(words(key) for key in ("fold", "n_training", "n_test", "films_tb")),
        *(words(f"measure_{one}") for one in names),
    )
    return out + table(Grid("", head, tuple(lines), labels=1, grouped=False))
