"""One HTML page that says how good a classifier is, with everything inside the file."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from napari_tbcad import __version__
from napari_tbcad.chest.classify.card import NOTICE
from napari_tbcad.evaluate.evaluation import Evaluation
from napari_tbcad.evaluate.figures import calibration_figure, confusion_figure, png, roc_figure
from napari_tbcad.evaluate.metrics import Figure
from napari_tbcad.evaluate.tables import write_tables
from napari_tbcad.files import written_whole

_FIGURES = {
    "precision": "precision",
    "recall": "recall",
    "specificity": "specificity",
    "f1": "F1 (TB)",
    "f1_normal": "F1 (normal)",
    "error_rate": "error rate",
    "accuracy": "accuracy",
    "auc": "AUC",
    "recall_at_specificity_70": "recall at 70 % specificity",
}
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1100px; margin: 2em auto; padding: 0 1em }
table { border-collapse: collapse; margin: 1em 0; font-size: 13px }
th, td { border: 1px solid #ccc; padding: .3em .6em; text-align: right }
th { background: #f2f4f7 }
th:first-child, td:first-child { text-align: left }
.notice, .warning { background: #fff4d6; border-left: 5px solid #e69f00; padding: .7em 1em }
.warning { background: #fde8e4; border-color: #d55e00 }
.scroll { overflow-x: auto }
img { max-width: 100% }
"""


def report_html(
    evaluation: Evaluation, *, title: str = "Evaluation", about: Mapping[str, Any] | None = None
) -> str:
    """Return the report as one self-contained HTML page.

    Parameters
    ----------
    evaluation : Evaluation
    title : str
        Heading, such as the data set's name.
    about : mapping of str to object, optional
        What was done: data, design, segmenter, feature set, command; printed as a list.

    Returns
    -------
    str
    """
    loud = [str(w) for w in evaluation.controls.get("warning", pd.Series(dtype=str)) if w]
    films = pd.DataFrame({"file": evaluation.predictions["file"], "label": evaluation.predictions["label"]})
    unique = films.drop_duplicates("file")
    facts = {
        "Films tested": f"{len(unique)} ({int(unique['label'].sum())} with tuberculosis)",
        "Splits": f"{len(evaluation.folds)}: {', '.join(fold.name for fold in evaluation.folds)}",
        **dict(about or {}),
        "Program": f"napari-tbcad {__version__}",
    }
    items = "".join(f"<li><b>{escape(str(k))}:</b> {escape(str(v))}</li>" for k, v in facts.items())
    parts = [
        f"<h1>{escape(title)}</h1><p class='notice'><b>{escape(NOTICE)}</b></p>",
        *(f"<p class='warning'>{escape(line)}</p>" for line in dict.fromkeys(loud)),
        f"<ul>{items}</ul><h2>Scores over all test films</h2>{_score_table(evaluation.summary, ['method'])}",
        "<p><small>95 % intervals: Wilson for proportions, bootstrap for F1, DeLong for AUC. With several "
        "splits, films of different splits were scored by different models. share 1: films that stage 1 "
        "decided.</small></p><h2>Controls</h2>",
        _control_table(evaluation.controls),
        _picture(png(roc_figure(evaluation)), "ROC curves"),
        _picture(png(calibration_figure(evaluation)), "Calibration"),
        "<h2>Confusion matrices</h2>" + _picture(png(confusion_figure(evaluation)), "Confusion matrices"),
    ]
    if len(evaluation.folds) > 1:
        parts.append("<h2>Each split</h2>" + _score_table(evaluation.by_fold, ["method", "fold"]))
    if evaluation.complaints:
        lines = "".join(f"<li>{escape(line)}</li>" for line in evaluation.complaints)
        parts.append(f"<h2>Remarks of the classifiers</h2><ul>{lines}</ul>")
    head = f"<meta charset='utf-8'><title>{escape(title)}</title><style>{_STYLE}</style>"
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{''.join(parts)}</body></html>"


def write_evaluation(
    evaluation: Evaluation,
    out: str | Path,
    *,
    title: str = "Evaluation",
    about: Mapping[str, Any] | None = None,
) -> Path:
    """Write all tables, the three pictures and report.html into a folder; return the report's path."""
    folder = Path(out)
    write_tables(evaluation, folder)
    pictures = {"roc": roc_figure, "calibration": calibration_figure, "confusion": confusion_figure}
    for name, draw in pictures.items():
        with written_whole(folder / f"{name}.png") as temporary:
            temporary.write_bytes(png(draw(evaluation)))
    with written_whole(folder / "report.html") as temporary:
        temporary.write_text(report_html(evaluation, title=title, about=about), encoding="utf-8")
    return folder / "report.html"


def _score_table(table: pd.DataFrame, keys: list[str]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in (*keys, *_FIGURES.values(), "share 1", "fit s"))
    rows = []
    for row in table.to_dict("records"):
        cells = [escape(str(row[key])) for key in keys]
        for name in _FIGURES:
            cells.append(str(Figure(*(float(row[f"{name}{end}"]) for end in ("", "_low", "_high")))))
        cells += [f"{row['share_stage1']:.2f}", f"{row['fit_seconds']:.1f}"]
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return f"<div class='scroll'><table><tr>{head}</tr>{''.join(rows)}</table></div>"


def _control_table(controls: pd.DataFrame) -> str:
    if controls.empty:
        text = "No control was computed: nothing shows that these scores come from the lungs."
        return f"<p class='warning'>{text}</p>"
    rows = []
    for row in controls.to_dict("records"):
        figure = Figure(*(float(row[name]) for name in ("auc", "low", "high")))
        note = str(row["warning"]) if np.isfinite(row["auc"]) else "could not be computed"
        rows.append(
            f"<tr><td>{escape(str(row['control']))}</td><td>{figure}</td>"
            f"<td style='text-align:left'>{escape(note)}</td></tr>"
        )
    head = "<tr><th>control</th><th>AUC</th><th>warning</th></tr>"
    return (
        "<p>The same kind of classifier on features that must not know the answer: near 0.5 is good.</p>"
        f"<table>{head}{''.join(rows)}</table>"
    )


def _picture(content: bytes, alt: str) -> str:
    return f"<img alt='{escape(alt)}' src='data:image/png;base64,{base64.b64encode(content).decode()}'>"
