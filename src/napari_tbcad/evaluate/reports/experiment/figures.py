"""Pictures of an experiment, drawn from its tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from napari_tbcad.evaluate.drawing import COLOURS, axes, png, width
from napari_tbcad.evaluate.page import figure
from napari_tbcad.evaluate.reports.experiment.evidence import Evidence, records
from napari_tbcad.evaluate.reports.words import Words, as_float

_SIGNS = ("o", "s", "^", "D", "v", "P")
_STYLES = ("-", "--", "-.", ":")


def roc_figure(evidence: Evidence, words: Words) -> Figure | None:
    """Draw the ROC curve of each method, the triage target, and name the control's AUC."""
    curves = evidence.main("roc")
    shown = [name for name in evidence.methods if (curves["method"] == name).any()]
    if not shown:
        return None
    drawn, plots = axes(5.6, 5.2)
    plot = plots[0, 0]
    summary = {str(row["method"]): row for row in evidence.summary}
    for number, name in enumerate(shown):
        points = curves[curves["method"] == name]
        label = f"{words.name('method', name)}: AUC {words.figure_said(summary[name], 'auc')}"
        x, y = points["false_positive_rate"], points["true_positive_rate"]
        plot.plot(x, y, _STYLES[number % 4], color=COLOURS[number % 6], label=label, lw=1.8)
    plot.plot([0, 1], [0, 1], ":", color="0.6", label=words("chance"))
    target = f"{words('who_target')} ({words.number(0.9, 2)}; {words.number(0.7, 2)})"
    plot.plot(0.30, 0.90, "k*", markersize=12, label=target)
    control = evidence.control("outside_lungs")
    if control is not None and not np.isnan(as_float(control["auc"])):
        said = words.said(control["auc"], control["low"], control["high"])
        name = words("control_short", control=words.name("control", "outside_lungs"))
        plot.plot([], [], " ", label=f"{name}: AUC {said}")
    plot.set(xlabel=words("axis_false"), ylabel=words("axis_true"), xlim=(-0.01, 1), ylim=(0, 1.01))
    plot.set_aspect("equal")
    plot.grid(color="0.92")
    plot.legend(loc="lower right", fontsize=7.5)
    _numbers(plot, words)
    return drawn


def calibration_figure(evidence: Evidence, words: Words) -> Figure | None:
    """Draw how often films of a given probability really are tuberculosis."""
    bins = evidence.main("calibration")
    shown = [name for name in evidence.methods if (bins["method"] == name).any()]
    if not shown:
        return None
    drawn, plots = axes(2.6 * len(shown) + 0.6, 3.1, columns=len(shown), sharey=True)
    for number, (plot, name) in enumerate(zip(plots[0], shown, strict=True)):
        mine = bins[bins["method"] == name].sort_values("mean_probability")
        plot.plot([0, 1], [0, 1], ":", color="0.5")
        share = mine["share"].to_numpy(dtype=np.float64)
        error = np.clip([share - mine["low"], mine["high"] - share], 0, None)
        style = {"color": COLOURS[number % 6], "fmt": f"{_SIGNS[number % 6]}-", "ms": 4.5, "lw": 1.2}
        plot.errorbar(mine["mean_probability"], share, error, elinewidth=0.9, capsize=2, **style)
        plot.set(xlabel=words("axis_probability"), xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        plot.set_title(words.name("method", name), fontsize=9.5)
        plot.set(xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
        plot.set_aspect("equal")
        plot.grid(color="0.92")
        _numbers(plot, words)
    plots[0, 0].set_ylabel(words("axis_share"))
    return drawn


def confusion_figure(evidence: Evidence, words: Words) -> Figure | None:
    """Draw the confusion matrix of each method."""
    counts = {str(row["method"]): row for row in records(evidence.main("confusions"))}
    shown = [name for name in evidence.methods if name in counts]
    if not shown:
        return None
    drawn, plots = axes(2.7 * len(shown) + 0.4, 3.1, columns=len(shown))
    for plot, name in zip(plots[0], shown, strict=True):
        tp, fn, fp, tn = (as_float(counts[name][one]) for one in ("tp", "fn", "fp", "tn"))
        matrix = np.array([[tp, fn], [fp, tn]])
        share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
        plot.imshow(share, cmap="Blues", vmin=0, vmax=1)
        for (row, column), count in np.ndenumerate(matrix):
            ink = "white" if share[row, column] > 0.55 else "black"
            said = f"{count:.0f}\n{words.percent(share[row, column])}"
            plot.text(column, row, said, ha="center", va="center", color=ink)
        plot.set_xticks([0, 1], [words("called_suspect"), words("called_not")], fontsize=8)
        plot.set_yticks(
            [0, 1], [words("truth_tb"), words("truth_normal")], rotation=90, va="center", fontsize=8
        )
        plot.set_title(words.name("method", name), fontsize=10)
    return drawn


def learning_figure(evidence: Evidence, words: Words) -> Figure | None:
    """Draw the AUC of each method, and of the control, against the number of training films."""
    points = evidence.main("learning_curve")
    shown = list(dict.fromkeys(points["method"]))
    if not shown:
        return None
    drawn, plots = axes(6.2, 3.8)
    plot = plots[0, 0]
    for number, name in enumerate(shown):
        mine = points[points["method"] == name].groupby("n")[["auc", "low", "high"]].mean()
        error = np.clip([mine["auc"] - mine["low"], mine["high"] - mine["auc"]], 0, None)
        style = {"color": COLOURS[number % 6], "fmt": f"{_SIGNS[number % 6]}-", "ms": 5, "lw": 1.6}
        plot.errorbar(mine.index, mine["auc"], error, capsize=3, label=words.name("method", name), **style)
    control = points.groupby("n")["control_auc"].mean().dropna()
    if len(control):
        plot.plot(
            control.index,
            control,
            "D--",
            color="0.25",
            mfc="white",
            label=words.name("control", "outside_lungs"),
        )
    plot.axhline(0.5, color="0.6", ls=":", lw=1)
    lowest = float(np.nanmin(pd.concat([points["low"], points["auc"], points["control_auc"]])))
    plot.set(
        xlabel=words("axis_n"), ylabel="AUC", ylim=(max(0.0, min(0.45, lowest - 0.03)), 1.0), xlim=(0, None)
    )
    plot.grid(color="0.92")
    plot.legend(fontsize=8, loc="best")
    plot.yaxis.set_major_formatter(FuncFormatter(lambda value, _: words.number(value, 1)))
    return drawn


PICTURES: Mapping[str, Callable[[Evidence, Words], Figure | None]] = {
    "roc": roc_figure,
    "calibration": calibration_figure,
    "confusion": confusion_figure,
    "learning_curve": learning_figure,
}
"""Every picture of an experiment, by the name of its file."""


def drawn(name: str, evidence: Evidence, words: Words) -> tuple[bytes, int] | None:
    """Return a picture as PNG bytes, sharp enough for paper, and its width on the page; drawn once.

    Parameters
    ----------
    name : str
        One of :data:`PICTURES`.
    """
    key = (name, words.language)
    if key not in evidence.drawings:
        made = PICTURES[name](evidence, words)
        evidence.drawings[key] = None if made is None else (png(made, sharp=True), width(made))
    return evidence.drawings[key]


def shown(name: str, evidence: Evidence, words: Words, caption: str) -> str:
    """Return a picture as an element of the page; empty where there is nothing to draw."""
    found = drawn(name, evidence, words)
    return figure(found[0], caption, width=found[1]) if found else ""


def _numbers(plot: Axes, words: Words) -> None:
    for axis in (plot.xaxis, plot.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: words.number(value, 1)))
