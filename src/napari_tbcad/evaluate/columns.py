"""Files of an evaluation folder and their columns: the one place that knows their names.

Whoever writes such a table adds columns at its end and renames none: scripts outside the project read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

INTERVAL = ("", "_low", "_high")
"""A figure stands in three columns: its value and the ends of its 95 % interval."""

VARIANT = ("segmenter", "feature_set", "definition")
"""Columns that say how the features of a row were measured; empty where nobody said."""

SUMMARY_FIGURES = ("precision", "recall", "specificity", "f1", "f1_normal", "error_rate", "accuracy", "auc")
"""Figures of the study's table."""

MORE_FIGURES = ("specificity_at_recall_90", "brier", "calibration_slope", "calibration_intercept", "ece")

FIGURES = (*SUMMARY_FIGURES, "recall_at_specificity_70", *MORE_FIGURES)
"""Every figure of summary.csv, in the order of its columns."""


def with_interval(*figures: str) -> tuple[str, ...]:
    """Return the columns of figures: NAME, NAME_low and NAME_high of each."""
    return tuple(f"{name}{end}" for name in figures for end in INTERVAL)


SUMMARY_COLUMNS = (
    "method",
    *with_interval(*SUMMARY_FIGURES),
    "fit_seconds",
    "predict_seconds",
    "share_stage1",
    *with_interval("recall_at_specificity_70"),
    "n_tb",
    "n_normal",
    *with_interval(*MORE_FIGURES),
    *VARIANT,
    "level",
    "warning",
    "patients",
    "repeats",
)
PREDICTION_COLUMNS = (
    "method",
    "fold",
    "file",
    "label",
    "probability",
    "probability_stage1",
    "probability_stage2",
    "deciding_stage",
    "decision",
    "threshold",
    "patient",
    "source",
    *VARIANT,
)
STAGE_COLUMNS = (
    "method",
    "fold",
    "stage",
    "films",
    "share",
    "called_suspect",
    *with_interval("right"),
    "tb",
    "tb_found",
    *VARIANT,
)
TEST_COLUMNS = (
    "first",
    "second",
    "measure",
    "first_value",
    "second_value",
    "difference",
    "low",
    "high",
    "p_value",
    "p_corrected",
    "patients",
    "question",
    "method",
    *VARIANT,
)
SOURCE_COLUMNS = (
    "source",
    "n_tb",
    "n_normal",
    "method",
    *with_interval("recall", "specificity", "auc"),
    *VARIANT,
)

TABLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "summary.csv": SUMMARY_COLUMNS,
        "summary_folds.csv": ("method", "fold", *SUMMARY_COLUMNS[1:]),
        "predictions.csv": PREDICTION_COLUMNS,
        "confusion.csv": ("method", "tp", "fn", "fp", "tn", *VARIANT),
        "controls.csv": ("control", "auc", "low", "high", "warning", "level", *VARIANT),
        "failed.csv": ("file", "message"),
        "sources.csv": SOURCE_COLUMNS,
        "tests.csv": TEST_COLUMNS,
        "stages.csv": STAGE_COLUMNS,
        "calibration.csv": ("method", "mean_probability", "share", "low", "high", "n"),
        "roc.csv": ("method", "false_positive_rate", "true_positive_rate", "threshold"),
        "learning_curve.csv": ("method", "n", "n_tb", "repeat", "auc", "low", "high", "control_auc"),
        "stability.csv": ("feature", "group", "icc", "low", "high", "n", "bias", "pair"),
        "correction.csv": ("condition", "corrected", "auc", "low", "high", "feature_error", "dice"),
        "explanation.csv": ("measure", "value", "low", "high", "chance", "centre_prior", "n", "what"),
        "duplicates.csv": ("file", "same_as", "kind", "handled"),
        "features.csv": ("file",),
    }
)
"""Columns of every table of an evaluation folder but folds.csv; further ones may follow them."""

FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "summary.csv": "summary",
        "summary_folds.csv": "by_fold",
        "confusion.csv": "confusions",
    }
    | {name: name.removesuffix(".csv") for name in TABLES if name[:4] not in ("summ", "conf")}
)
"""The field of :class:`~napari_tbcad.evaluate.evaluation.Evaluation` that holds each table."""

REQUIRED = ("summary.csv", "summary_folds.csv", "predictions.csv", "confusion.csv", "controls.csv")
"""Tables without which a folder is no evaluation."""

TEXT = frozenset(
    {
        "method",
        "fold",
        "file",
        "patient",
        "source",
        *VARIANT,
        "level",
        "warning",
        "control",
        "message",
        "first",
        "second",
        "measure",
        "question",
        "feature",
        "group",
        "pair",
        "condition",
        "what",
        "same_as",
        "kind",
        "handled",
    }
)
"""Columns that hold text; the others hold numbers, NaN where a cell is empty."""

WHOLE = frozenset(
    {
        "label",
        "deciding_stage",
        "decision",
        "tp",
        "fn",
        "fp",
        "tn",
        "n",
        "n_tb",
        "n_normal",
        "films",
        "called_suspect",
        "tb",
        "tb_found",
        "stage",
        "patients",
        "repeats",
        "repeat",
        "corrected",
    }
)
"""Columns of whole numbers."""


def empty(file: str) -> pd.DataFrame:
    """Return a table of the folder without rows: the right columns, of the right type."""
    return pd.DataFrame({column: pd.Series(dtype=_dtype(column)) for column in TABLES[file]})


def _dtype(column: str) -> str:
    if column in TEXT:
        return "object"
    return "int64" if column in WHOLE else "float64"


def completed(table: pd.DataFrame, file: str) -> pd.DataFrame:
    """Return a table with all columns of its file, in order; what is missing is empty, others follow."""
    wanted = list(TABLES[file])
    out = table.reindex(columns=[*wanted, *(column for column in table.columns if column not in wanted)])
    for column in wanted:
        if column in TEXT:
            out[column] = out[column].astype(object).where(out[column].notna(), "").astype(str)
    return out
