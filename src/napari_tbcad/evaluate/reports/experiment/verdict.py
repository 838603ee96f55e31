"""The first thing on the page: may the score be believed, with score and control side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import Any

from napari_tbcad.evaluate.reports.experiment.evidence import LOUDNESS, OF_FOLD, Evidence, level_of, records
from napari_tbcad.evaluate.reports.interval_plot import Kind, Mark, interval_plot
from napari_tbcad.evaluate.reports.words import Words, as_float, ends

_ORDER = ("outside_lungs", "image_border", "shuffled_labels", "age_sex")


def verdict_section(evidence: Evidence, words: Words) -> str:
    """Return the verdict's box and the plot of scores and controls."""
    if not evidence.summary:
        return ""
    return (
        f"<div class='keep'>{_box(evidence, words)}{_plot(evidence, words)}</div>{_others(evidence, words)}"
    )


def level(evidence: Evidence) -> str:
    """Return how loud the leading method's verdict is: ``"red"``, ``"amber"`` or nothing."""
    told = [level_of(evidence.summary[0])] if evidence.summary else []
    told.append(level_of(evidence.about.get("verdict") or {}))
    return max(told, key=lambda one: LOUDNESS[one])


def loud_controls(evidence: Evidence) -> list[dict[str, Any]]:
    """Return the controls that say something against the leading method, the loudest first.

    A split's control is named only where the same control over all splits is not as loud.
    """
    rows = [row for row in records(evidence.main("controls")) if level_of(row)]
    overall = {str(row["control"]): level_of(row) for row in rows if OF_FOLD not in str(row["control"])}
    kept = []
    for row in rows:
        name, _, fold = str(row["control"]).partition(OF_FOLD)
        if not fold or LOUDNESS[level_of(row)] > LOUDNESS[overall.get(name, "")]:
            kept.append(row)
    return sorted(kept, key=lambda row: (-LOUDNESS[level_of(row)], _place(row)))


def _place(row: Mapping[str, Any]) -> int:
    name = str(row["control"]).partition(OF_FOLD)[0]
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)


def control_name(raw: object, words: Words) -> str:
    """Return a control's name; with the split that it is about."""
    name, _, fold = str(raw).partition(OF_FOLD)
    said = words.name("control", name)
    return words("of_split", control=said, fold=fold) if fold else said


def _statement(row: Mapping[str, Any], words: Words) -> str:
    name, _, fold = str(row["control"]).partition(OF_FOLD)
    key = f"{level_of(row)}_{name}"
    said = words(key if key in words.texts else f"{level_of(row)}_other", control=control_name(name, words))
    return words("in_split", fold=fold, said=said[:1].lower() + said[1:]) if fold else said


def _box(evidence: Evidence, words: Words) -> str:
    known = [row for row in evidence.controls() if not math.isnan(as_float(row["auc"]))]
    loud, loudest = loud_controls(evidence), level(evidence)
    if not known and not loud:
        head, means, shown = words("unknown_verdict"), "", None
        loudest = loudest or "plain"
    elif not loudest or not loud:
        # A level without a control that says why is told in the words of who gave it.
        given = str(
            (evidence.about.get("verdict") or {}).get("text") or evidence.summary[0].get("warning") or ""
        )
        head = given if loudest and given else words("plain_verdict")
        means = words(f"{loudest or 'plain'}_means")
        shown = evidence.control("outside_lungs") or (known[0] if known else None)
    else:
        head, means, shown = _statement(loud[0], words), words(f"{loudest}_means"), loud[0]
        if loudest == "red" and _by_chance(evidence, shown):
            means = words("red_means_chance")
    lines = [f"<p style='font-size:1.25em;margin:.2em 0'><b>{_sign(loudest)}{escape(head)}</b></p>"]
    if shown is not None:
        lines.append(f"<p><b>{escape(_beside(evidence, shown, words))}</b></p>")
        if means != words("red_means_chance") and ends(_score(evidence, shown), "auc")[1] <= 0.5:
            lines.append(f"<p>{escape(words('score_chance'))}</p>")
    lines += [f"<p>{escape(means)}</p>" if means else ""]
    for row in loud[1:]:
        lines.append(f"<p>{escape(_also(row, words))}</p>")
    return f"<div class='verdict {loudest or 'plain'}'>{''.join(lines)}</div>"


def _sign(loudest: str) -> str:
    return {"red": "▲ ", "amber": "△ "}.get(loudest, "")


def _also(row: Mapping[str, Any], words: Words) -> str:
    found = words.said(row["auc"], row["low"], row["high"])
    return words(
        "also_loud", said=_statement(row, words), control=control_name(row["control"], words), found=found
    )


def _score(evidence: Evidence, control: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the leading method's score beside a control: of the same split where the control is of one."""
    lead = evidence.summary[0]
    fold = str(control["control"]).partition(OF_FOLD)[2]
    same = (row for row in evidence.by_fold if row["fold"] == fold and row["method"] == lead["method"])
    return next(same, lead) if fold else lead


def _by_chance(evidence: Evidence, control: Mapping[str, Any]) -> bool:
    """Return whether neither a control nor the score beside it is shown to be better than chance."""
    return ends(_score(evidence, control), "auc")[1] <= 0.5 and as_float(control["low"]) <= 0.5


def _beside(evidence: Evidence, control: Mapping[str, Any], words: Words) -> str:
    """Return the leading method's score and a control in one line."""
    score = _score(evidence, control)
    return words(
        "score_beside",
        method=words.name("method", score["method"]),
        score=words.figure_said(score, "auc"),
        control=control_name(control["control"], words),
        found=words.said(control["auc"], control["low"], control["high"]),
    )


def _plot(evidence: Evidence, words: Words) -> str:
    marks = []
    for number, row in enumerate(evidence.summary):
        found, said = ends(row, "auc"), words.figure_said(row, "auc")
        name = words.name("method", row["method"])
        marks.append(Mark(name, *found, said, "other" if number else "lead"))
    alone = [row for row in loud_controls(evidence) if OF_FOLD in str(row["control"])]
    for row in [*evidence.controls(), *alone]:
        found = as_float(row["auc"]), as_float(row["low"]), as_float(row["high"])
        kind: Kind = "loud" if level_of(row) else "control"
        marks.append(Mark(control_name(row["control"], words), *found, words.said(*found), kind))
    lines = ((0.5, words("chance")), (0.6, words.number(0.6, 2)))
    drawn = interval_plot(marks, alt=words("plot_alt"), lines=lines, number=lambda at: words.number(at, 1))
    caption = escape(words("interval_caption"))
    return f"<figure>{drawn}<figcaption>{caption}</figcaption></figure>" if drawn else ""


def _others(evidence: Evidence, words: Words) -> str:
    marked = [level_of(row) for row in records(evidence.table("summary"))]
    if any(marked) and set(marked) != {level(evidence)}:
        return f"<p class='note'>{escape(words('other_rows'))}</p>"
    return ""
