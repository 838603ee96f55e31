"""The tables an evaluation writes; names and columns are part of the command-line contract."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from napari_tbcad.evaluate.evaluation import SUMMARY_FIGURES, Evaluation
from napari_tbcad.evaluate.folds import write_folds
from napari_tbcad.files import written_whole

SUMMARY_COLUMNS = (
    "method",
    *(f"{name}{end}" for name in SUMMARY_FIGURES for end in ("", "_low", "_high")),
    "fit_seconds",
    "predict_seconds",
    "share_stage1",
)
EXTRA_COLUMNS = (
    *(f"recall_at_specificity_70{end}" for end in ("", "_low", "_high")),
    "n_tb",
    "n_normal",
)


def summary_table(evaluation: Evaluation) -> pd.DataFrame:
    """Return summary.csv: the contract's columns first, what was added after them."""
    return evaluation.summary[[*SUMMARY_COLUMNS, *EXTRA_COLUMNS]]


def confusion_table(evaluation: Evaluation) -> pd.DataFrame:
    """Return confusion.csv: method, tp, fn, fp, tn, tuberculosis being the positive class."""
    rows = [(name, *evaluation.confusion(name)) for name in evaluation.methods]
    return pd.DataFrame(rows, columns=["method", "tp", "fn", "fp", "tn"])


def project_table(evaluation: Evaluation) -> pd.DataFrame:
    """Return the table of the student project: method × precision × recall × F1 × error rate × accuracy.

    Values are rounded to three digits; recall and F1 are those of the tuberculosis class.
    """
    columns = ["method", "precision", "recall", "f1", "error_rate", "accuracy"]
    return evaluation.summary[columns].round(3)


def write_csv(table: pd.DataFrame, path: str | Path) -> None:
    """Write a table as UTF-8 with BOM and decimal points, whole or not at all."""
    with written_whole(path) as temporary:
        table.to_csv(temporary, index=False, encoding="utf-8-sig")


def write_tables(evaluation: Evaluation, out: str | Path) -> Sequence[Path]:
    """Write summary.csv, summary_folds.csv, controls.csv, confusion.csv, predictions.csv and folds.csv.

    Parameters
    ----------
    evaluation : Evaluation
    out : str or Path
        Folder; made when missing.

    Returns
    -------
    sequence of Path
        The files.
    """
    folder = Path(out)
    by_fold = ["method", "fold", *SUMMARY_COLUMNS[1:], *EXTRA_COLUMNS]
    tables = {
        "summary.csv": summary_table(evaluation),
        "summary_folds.csv": evaluation.by_fold[by_fold],
        "controls.csv": evaluation.controls,
        "confusion.csv": confusion_table(evaluation),
        "predictions.csv": evaluation.predictions,
    }
    for name, table in tables.items():
        write_csv(table, folder / name)
    write_folds(folder / "folds.csv", evaluation.folds, evaluation.files)
    return [folder / name for name in (*tables, "folds.csv")]
