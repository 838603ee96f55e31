"""Pictures of a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import roc_curve

from napari_tbcad.evaluate.compare.answers import AUC, PRIMARY, Answer, Row
from napari_tbcad.evaluate.compare.evidence import GRID, call_score, sensitivity_at
from napari_tbcad.evaluate.compare.layout import number
from napari_tbcad.evaluate.compare.report_texts import Texts
from napari_tbcad.evaluate.compare.study import Study, System, method_title
from napari_tbcad.evaluate.drawing import COLOURS, axes
from napari_tbcad.imaging.bonescan import VIEWS

_DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)))
_MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")


def look(place: int) -> dict[str, Any]:
    """Return colour, dashes and mark of the n-th method: never told apart by colour alone."""
    return {
        "color": COLOURS[place % len(COLOURS)],
        "linestyle": _DASHES[place % len(_DASHES)],
        "marker": _MARKS[place % len(_MARKS)],
    }


def _views(rows: Sequence[Row]) -> list[str]:
    return [view for view in VIEWS if any(row.view == view for row in rows)]


def forest_figure(answer: Answer, text: Texts) -> Figure | None:
    """Draw F1 of abnormal pixels by method: interval over patients, and every seed; None without any."""
    rows = [row for row in answer.rows if row.key == PRIMARY and not np.isnan(row.estimate.value)]
    views = _views(rows)
    if not rows:
        return None
    methods = list(dict.fromkeys(row.method for row in rows))
    figure, plots = axes(4.6 * len(views) + 1, 0.42 * len(methods) + 1.1, columns=len(views), sharey=True)
    for plot, view in zip(plots[0], views, strict=True):
        for row in (row for row in rows if row.view == view):
            place, one = methods.index(row.method), row.estimate
            style = look(place)
            plot.plot([one.low, one.high], [place, place], color=style["color"], lw=2, zorder=1)
            plot.plot(one.value, place, style["marker"], color=style["color"], ms=8, zorder=3)
            plot.plot(one.seeds, [place + 0.24] * len(one.seeds), "|", color="0.25", ms=8, mew=1.5, zorder=2)
        plot.set_title(text[f"view_{view}"])
        plot.grid(axis="x", color="0.9")
        plot.set_axisbelow(True)
        plot.set_xlabel(f"{text['f1']}, {text['abnormal']}")
    plots[0, 0].set_yticks(range(len(methods)), [method_title(name) for name in methods])
    plots[0, 0].set_ylim(len(methods) - 0.4, -0.6)
    return figure


def froc_figure(answer: Answer, text: Texts) -> Figure | None:
    """Draw the free-response curves; the first method's 95 % interval is shaded. None without any lesion."""
    points = {sensitivity_at(point): point for point in GRID}
    rows = [r for r in answer.rows if r.key[0] in points and r.judged == "own"]
    rows = [row for row in rows if not np.isnan(row.estimate.value)]
    views = _views(rows)
    if not rows:
        return None
    figure, plots = axes(4.6 * len(views) + 1, 4.3, columns=len(views), sharey=True)
    names = list(dict.fromkeys((row.method, row.scheme) for row in rows))
    for plot, view in zip(plots[0], views, strict=True):
        for place, name in enumerate(names):
            some = [row for row in rows if (row.method, row.scheme) == name and row.view == view]
            if not some:
                continue
            # Beyond what a method marks at all its curve has no points.
            some = [row for row in some if points[row.key[0]] <= _most(answer, some[0])] or some[:1]
            x = [points[row.key[0]] for row in some]
            style = look(place)
            plot.plot(
                x,
                [row.estimate.value for row in some],
                ms=4,
                lw=1.6,
                label=_name(answer, name, text),
                **style,
            )
            if not place:
                low, high = ([getattr(row.estimate, end) for row in some] for end in ("low", "high"))
                plot.fill_between(x, low, high, color=style["color"], alpha=0.15, lw=0)
        plot.set(title=text[f"view_{view}"], xlabel=text["froc_x"], xlim=(0, max(GRID)), ylim=(0, 1.01))
        plot.grid(color="0.9")
        plot.set_axisbelow(True)
    plots[0, 0].set_ylabel(text["froc_y"])
    plots[0, -1].legend(loc="lower right", fontsize=8)
    return figure


def _most(answer: Answer, like: Row) -> float:
    """Return how many false positives a view a method makes without a threshold, up to the next point."""
    for row in answer.rows:
        same = (row.view, row.method, row.scheme, row.judged) == (like.view, like.method, like.scheme, "own")
        if same and row.key == ("false_at_most", "abnormal"):
            return next((point for point in GRID if point >= row.estimate.value), max(GRID))
    return max(GRID)


def _name(answer: Answer, name: tuple[str, str], text: Texts) -> str:
    method, scheme = name
    return text[f"scheme_{scheme}"] if answer.question == "classes" else method_title(method)


def index_figure(systems: Sequence[System], text: Texts) -> Figure | None:
    """Draw the index found against that of the labels, and Bland and Altman's plot; None without any.

    References
    ----------
    J. M. Bland, D. G. Altman, Lancet 327:307, 1986.
    """
    if not systems:
        return None
    # Three beside each other: six would be too small to read on a page.
    wide = min(3, len(systems))
    blocks = -(-len(systems) // wide)
    figure, plots = axes(3.3 * wide + 0.7, 5.4 * blocks, rows=2 * blocks, columns=wide)
    top = max(max(r.index, r.reference) for s in systems for rows in s.rows.values() for r in rows) * 1.05
    worst = max(abs(r.index - r.reference) for s in systems for rows in s.rows.values() for r in rows) * 1.1
    for place, system in enumerate(systems):
        row, column = 2 * (place // wide), place % wide
        above, below = plots[row : row + 2, column]
        differences = []
        for seed, rows in enumerate(system.rows.values()):
            truth, found = (np.array([getattr(one, of) for one in rows]) for of in ("reference", "index"))
            style: dict[str, Any] = {"color": COLOURS[place % len(COLOURS)]}
            style |= {"marker": _MARKS[seed % len(_MARKS)], "ls": "", "ms": 5, "alpha": 0.6, "mew": 0}
            above.plot(truth, found, **style)
            below.plot((truth + found) / 2, found - truth, **style)
            differences.append(found - truth)
        above.plot([0, top], [0, top], ":", color="0.5", lw=1)
        above.set(title=system.title, xlim=(0, top or 1), ylim=(0, top or 1), xlabel=text["index_labels"])
        below.set(xlim=(0, top or 1), ylim=(-worst or -1, worst or 1), xlabel=text["index_mean"])
        _agreement(below, differences, text)
        for plot, name in ((above, "index_found"), (below, "index_difference")):
            plot.grid(color="0.92")
            plot.set_axisbelow(True)
            if not column:
                plot.set_ylabel(text[name])
    for spare in range(len(systems), wide * blocks):
        for plot in plots[2 * (spare // wide) : 2 * (spare // wide) + 2, spare % wide]:
            plot.set_axis_off()
    return figure


def _agreement(plot: Any, differences: Sequence[np.ndarray], text: Texts) -> None:
    """Draw bias and 95 % limits of agreement: means over seeds, lest a patient count twice."""
    bias = float(np.mean([one.mean() for one in differences]))
    plot.axhline(0, color="0.5", lw=1, ls=":")
    plot.axhline(bias, color="0.2", lw=1.2)
    if min(map(len, differences)) > 1:
        spread = 1.96 * float(np.mean([one.std(ddof=1) for one in differences]))
        for edge in (bias - spread, bias + spread):
            plot.axhline(edge, color="0.2", lw=1, ls="--")
        plot.set_title(
            text["agreement"].format(
                bias=number(bias, 2), low=number(bias - spread, 2), high=number(bias + spread, 2)
            ),
            fontsize=9,
        )


def roc_figure(study: Study, answer: Answer, text: Texts) -> Figure | None:
    """Draw the ROC curves of calling whole views abnormal; None where views of one kind only were tested."""
    rows = [row for row in answer.rows if row.key == AUC and not np.isnan(row.estimate.value)]
    views = _views(rows)
    if not rows:
        return None
    figure, plots = axes(4.6 * len(views) + 1, 4.8, columns=len(views), sharey=True)
    methods = list(dict.fromkeys(row.method for row in rows))
    systems = {(s.view, s.method, s.scheme): s for s in study.systems(answer.source)}
    for plot, view in zip(plots[0], views, strict=True):
        plot.plot([0, 1], [0, 1], ":", color="0.6", lw=1)
        for row in (row for row in rows if row.view == view):
            system, one = systems[view, row.method, row.scheme], row.estimate
            style = look(methods.index(row.method)) | {"marker": ""}
            label = f"{method_title(row.method)}: {number(one.value)} ({number(one.low)}–{number(one.high)})"
            for seed, images in enumerate(system.rows.values()):
                alarms, hits, _ = roc_curve([i.abnormal for i in images], [call_score(i) for i in images])
                plot.plot(alarms, hits, lw=1.2, label=None if seed else label, **style)
        plot.set(title=text[f"view_{view}"], xlabel=f"1 − {text['specificity']}", xlim=(0, 1), ylim=(0, 1.01))
        plot.set_aspect("equal")
        plot.legend(loc="lower right", fontsize=7, title=f"{text['auc']} (95 %)", title_fontsize=7)
    plots[0, 0].set_ylabel(text["sensitivity"])
    return figure
