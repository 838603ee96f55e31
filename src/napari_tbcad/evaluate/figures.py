"""Pictures of an evaluation."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from sklearn.metrics import roc_curve

from napari_tbcad.evaluate.drawing import COLOURS, axes
from napari_tbcad.evaluate.evaluation import Evaluation
from napari_tbcad.evaluate.metrics import auc, wilson


def _label(method: str) -> str:
    kind, _, name = method.partition("_")
    return {"svm": f"{kind}, SVM", "nb": f"{kind}, naive Bayes"}.get(name, method)


def roc_figure(evaluation: Evaluation) -> Figure:
    """Draw the ROC curve of each method over all test films, with the WHO triage target."""
    figure, plots = axes(6, 5.4)
    plot = plots[0, 0]
    for number, method in enumerate(evaluation.methods):
        films = evaluation.predictions[evaluation.predictions["method"] == method]
        alarms, hits, _ = roc_curve(films["label"], films["probability"])
        area = auc(films["label"], films["probability"])
        style = "-" if method.startswith("hierarchical") else "--"
        plot.plot(
            alarms, hits, style, color=COLOURS[number % len(COLOURS)], label=f"{_label(method)}: AUC {area}"
        )
    plot.plot([0, 1], [0, 1], ":", color="0.6", label="chance")
    plot.plot(0.30, 0.90, "k*", markersize=11, label="WHO triage target (0.90 at 0.70)")
    plot.set(xlabel="1 − specificity", ylabel="sensitivity (recall)", xlim=(0, 1), ylim=(0, 1.005))
    plot.set_title("ROC curves, all test films")
    plot.set_aspect("equal")
    plot.legend(loc="lower right", fontsize=8)
    return figure


def calibration_bins(
    truth: ArrayLike, probability: ArrayLike, *, n_bins: int = 8
) -> list[tuple[float, float, float, float]]:
    """Return (mean probability, observed share, low, high) per quantile bin; Wilson intervals."""
    y, p = np.asarray(truth).astype(bool), np.asarray(probability, dtype=np.float64)
    parts = [part for part in np.array_split(np.argsort(p, kind="stable"), n_bins) if len(part)]
    return [(float(p[part].mean()), *wilson(int(y[part].sum()), len(part))) for part in parts]


def calibration_figure(evaluation: Evaluation) -> Figure:
    """Draw how often films of a given probability really are tuberculosis."""
    figure, plots = axes(6, 5.4)
    plot = plots[0, 0]
    plot.plot([0, 1], [0, 1], ":", color="0.6", label="perfect")
    for number, method in enumerate(evaluation.methods):
        films = evaluation.predictions[evaluation.predictions["method"] == method]
        x, share, low, high = np.array(calibration_bins(films["label"], films["probability"])).T
        colour = COLOURS[number % len(COLOURS)]
        error = np.clip([share - low, high - share], 0, None)
        style = {"color": colour, "fmt": "o-", "ms": 4, "lw": 1.2, "elinewidth": 0.7}
        plot.errorbar(x, share, error, label=_label(method), **style)
    plot.set(xlabel="probability given", ylabel="share with tuberculosis", xlim=(0, 1), ylim=(0, 1))
    plot.set_title("Calibration, all test films (eighths)")
    plot.set_aspect("equal")
    plot.legend(loc="upper left", fontsize=8)
    return figure


def confusion_figure(evaluation: Evaluation) -> Figure:
    """Draw the confusion matrix of each method."""
    n = len(evaluation.methods)
    figure, plots = axes(2.7 * n + 0.4, 3.1, columns=n)
    for plot, method in zip(plots[0], evaluation.methods, strict=True):
        c = evaluation.confusion(method)
        counts = np.array([[c.tp, c.fn], [c.fp, c.tn]])
        share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        plot.imshow(share, cmap="Blues", vmin=0, vmax=1)
        for (row, column), count in np.ndenumerate(counts):
            dark = share[row, column] > 0.55
            text = f"{count}\n{share[row, column]:.0%}"
            plot.text(column, row, text, ha="center", va="center", color="white" if dark else "black")
        plot.set_xticks([0, 1], ["suspect", "not suspect"])
        plot.set_yticks([0, 1], ["TB", "no TB"], rotation=90, va="center")
        plot.set_title(_label(method), fontsize=10)
    return figure
