"""One HTML page that says how good a classifier is, with everything inside the file."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from napari_tbcad import __version__
from napari_tbcad.evaluate.drawing import png
from napari_tbcad.evaluate.evaluation import Evaluation
from napari_tbcad.evaluate.figures import calibration_figure, confusion_figure, roc_figure
from napari_tbcad.evaluate.metrics import Figure
from napari_tbcad.evaluate.page import page, picture
from napari_tbcad.evaluate.report_texts import TEXTS, Language
from napari_tbcad.evaluate.tables import write_tables
from napari_tbcad.files import written_whole

_FIGURES = (
    "precision",
    "recall",
    "specificity",
    "f1",
    "f1_normal",
    "error_rate",
    "accuracy",
    "auc",
    "recall_at_specificity_70",
)


def report_html(
    evaluation: Evaluation,
    *,
    title: str = "Evaluation",
    about: Mapping[str, Any] | None = None,
    language: Language = "en",
) -> str:
    """Return the report as one self-contained HTML page.

    Parameters
    ----------
    evaluation : Evaluation
    title : str
        Heading, such as the data set's name.
    about : mapping of str to object, optional
        What was done: data, design, segmenter, feature set, command; printed as a list.
    language : {"en", "id"}
        English or Indonesian; names in tables and the classifiers' remarks stay English.

    Returns
    -------
    str
    """
    text = TEXTS[language]
    loud = [str(w) for w in evaluation.controls.get("warning", pd.Series(dtype=str)) if w]
    if loud and text["confounded"]:
        loud = [text["confounded"]]
    films = pd.DataFrame({"file": evaluation.predictions["file"], "label": evaluation.predictions["label"]})
    unique = films.drop_duplicates("file")
    facts = {
        text["tested"]: f"{len(unique)} ({int(unique['label'].sum())} {text['with_tb']})",
        text["splits"]: f"{len(evaluation.folds)}: {', '.join(fold.name for fold in evaluation.folds)}",
        **dict(about or {}),
        text["program"]: f"napari-tbcad {__version__}",
    }
    items = "".join(f"<li><b>{escape(str(k))}:</b> {escape(str(v))}</li>" for k, v in facts.items())
    parts = [
        f"<h1>{escape(title)}</h1><p class='notice'><b>{escape(text['notice'])}</b></p>",
        *(f"<p class='warning'>{escape(line)}</p>" for line in dict.fromkeys(loud)),
        f"<ul>{items}</ul><h2>{text['scores']}</h2>{_score_table(evaluation.summary, ['method'], text)}",
        f"<p><small>{text['intervals']}</small></p><h2>{text['controls']}</h2>",
        _control_table(evaluation.controls, text),
        picture(png(roc_figure(evaluation)), text["roc"]),
        picture(png(calibration_figure(evaluation)), text["calibration"]),
        f"<h2>{text['confusion']}</h2>" + picture(png(confusion_figure(evaluation)), text["confusion"]),
    ]
    if len(evaluation.folds) > 1:
        parts.append(f"<h2>{text['each']}</h2>" + _score_table(evaluation.by_fold, ["method", "fold"], text))
    if evaluation.complaints:
        lines = "".join(f"<li>{escape(line)}</li>" for line in evaluation.complaints)
        parts.append(f"<h2>{text['remarks']}</h2><ul>{lines}</ul>")
    return page(title, parts, language=language)


def write_evaluation(
    evaluation: Evaluation,
    out: str | Path,
    *,
    title: str = "Evaluation",
    about: Mapping[str, Any] | None = None,
) -> Path:
    """Write tables, pictures, report.html and the Indonesian report.id.html; return report.html's path."""
    folder = Path(out)
    write_tables(evaluation, folder)
    pictures = {"roc": roc_figure, "calibration": calibration_figure, "confusion": confusion_figure}
    for name, draw in pictures.items():
        with written_whole(folder / f"{name}.png") as temporary:
            temporary.write_bytes(png(draw(evaluation)))
    languages: tuple[tuple[str, Language], ...] = (("report.html", "en"), ("report.id.html", "id"))
    for name, language in languages:
        page = report_html(evaluation, title=title, about=about, language=language)
        with written_whole(folder / name) as temporary:
            temporary.write_text(page, encoding="utf-8")
    return folder / "report.html"


def _score_table(table: pd.DataFrame, keys: list[str], text: Mapping[str, str]) -> str:
    head = "".join(f"<th>{escape(text[name])}</th>" for name in (*keys, *_FIGURES, "share", "fit"))
    rows = []
    for row in table.to_dict("records"):
        cells = [escape(str(row[key])) for key in keys]
        for name in _FIGURES:
            cells.append(str(Figure(*(float(row[f"{name}{end}"]) for end in ("", "_low", "_high")))))
        cells += [f"{row['share_stage1']:.2f}", f"{row['fit_seconds']:.1f}"]
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return f"<div class='scroll'><table><tr>{head}</tr>{''.join(rows)}</table></div>"


def _control_table(controls: pd.DataFrame, text: Mapping[str, str]) -> str:
    if controls.empty:
        return f"<p class='warning'>{text['no_control']}</p>"
    rows = []
    for row in controls.to_dict("records"):
        figure = Figure(*(float(row[name]) for name in ("auc", "low", "high")))
        note = str(row["warning"]) if np.isfinite(row["auc"]) else text["not_computed"]
        rows.append(
            f"<tr><td>{escape(str(row['control']))}</td><td>{figure}</td>"
            f"<td style='text-align:left'>{escape(note)}</td></tr>"
        )
    head = f"<tr><th>{text['control']}</th><th>AUC</th><th>{text['warning']}</th></tr>"
    return f"<p>{text['controls_lead']}</p><table>{head}{''.join(rows)}</table>"
