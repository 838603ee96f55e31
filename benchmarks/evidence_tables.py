"""The tables of an evaluation folder in Markdown, from its files alone.

python benchmarks/evidence_tables.py FOLDER …
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

EVALUATIONS = ("tb_across", "tb_pooled", "nih", "simulated", "samples", "time")
"""Parts of benchmarks/evidence.py that leave an evaluation folder."""
STUDY = ("precision", "recall", "f1", "f1_normal", "error_rate", "accuracy")
"""The columns of the study's table."""
MORE = ("specificity", "auc", "recall_at_specificity_70", "brier", "calibration_slope", "ece")


def told(folder: Path) -> str:
    """Return everything that a page may say of an evaluation."""
    about = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    parts = [f"## {about['title']} ({folder.name})", *_facts(about)]
    summary = _read(folder, "summary")
    parts += ["", _methods(summary, STUDY), "", _methods(summary, MORE), ""]
    parts += [_seconds(summary), "", *_verdicts(summary)]
    for title, table in _others(folder):
        if len(table):
            parts += ["", f"**{title}**", "", markdown(table)]
    if (folder / "holdout" / "summary.csv").is_file():
        own = _read(folder / "holdout", "summary")
        parts += ["", "**80/20 hold-out, the student project's design**", "", _methods(own, (*STUDY, "auc"))]
        parts += ["", markdown(_controls(_read(folder / "holdout", "controls")))]
    return "\n".join(parts)


def _facts(about: dict) -> list[str]:
    lines = [f"- command: `{about['command']}`", f"- design: {about['design']}, seed {about['seed']}"]
    for data in about["data"]:
        own = ", ".join(f"{s['name']} {s['tb']} + {s['normal']}" for s in data["sources"])
        left = f"; left out {data['left_out']}, duplicates {data['duplicates']}"
        patients = f"{data['tb']} with, {data['normal']} without, {data['patients']} patients"
        lines.append(f"- films: {data['films']} ({patients}; {own}){left}")
    spent = f"{about['seconds']:.0f} s" if about.get("seconds") is not None else "seconds unknown"
    lines.append(f"- {about['finished']}, {spent} in the last sitting; {about.get('cores')} cores")
    lines += [f"- note: {note}" for note in about.get("notes", ())]
    return lines


def _methods(summary: pd.DataFrame, figures: Sequence[str]) -> str:
    rows = [
        {"features": row["feature_set"], "method": row["method"]}
        | {name.replace("_", " "): figure(row, name) for name in figures if name in row}
        for row in summary.to_dict("records")
    ]
    return markdown(pd.DataFrame(rows))


def _seconds(summary: pd.DataFrame) -> str:
    columns = ["feature_set", "method", "fit_seconds", "predict_seconds", "share_stage1", "level"]
    return markdown(summary[[name for name in columns if name in summary]])


def _verdicts(summary: pd.DataFrame) -> list[str]:
    found = summary[["feature_set", "level", "warning"]].astype(object).drop_duplicates().fillna("")
    return [
        f"- {row.feature_set}: {row.level.upper() or 'no warning'} {row.warning}".rstrip()
        for row in found.itertuples()
    ]


def _controls(table: pd.DataFrame) -> pd.DataFrame:
    rows = [
        {
            "features": row.get("feature_set", ""),
            "control": row["control"],
            "AUC": interval(row["auc"], row["low"], row["high"]),
            "level": row.get("level", ""),
        }
        for row in table.to_dict("records")
    ]
    return pd.DataFrame(rows)


def _others(folder: Path) -> Iterable[tuple[str, pd.DataFrame]]:
    yield "Controls", _controls(_read(folder, "controls"))
    by_fold = _read(folder, "summary_folds")
    if 0 < by_fold.get("fold", pd.Series(dtype=str)).nunique() <= 5:
        rows = [
            {"features": row["feature_set"], "method": row["method"], "fold": row["fold"]}
            | {name: figure(row, name) for name in ("auc", "recall_at_specificity_70", "recall")}
            for row in by_fold.to_dict("records")
        ]
        yield "Each fold", pd.DataFrame(rows)
    yield "Sources", _read(folder, "sources")
    yield "Which stage decided", _read(folder, "stages").query("fold == 'all'")
    confusion = _read(folder, "confusion")
    yield "Confusion", confusion.drop(columns=["segmenter", "definition"], errors="ignore")
    tests = _read(folder, "tests")
    if len(tests):
        yield "Paired tests", tests[tests.measure.isin(["auc", "accuracy"])]
    yield "Learning curve", _read(folder, "learning_curve")
    yield "Explanation", _read(folder, "explanation").drop(columns="what", errors="ignore")
    yield "Left out", _read(folder, "failed")


def _read(folder: Path, name: str) -> pd.DataFrame:
    path = folder / f"{name}.csv"
    if not path.is_file():
        return pd.DataFrame(columns=["fold"])
    return pd.read_csv(path, encoding="utf-8-sig")


def figure(row: dict, name: str) -> str:
    """Return a figure with its interval."""
    value = row.get(name)
    return interval(value, row.get(f"{name}_low"), row.get(f"{name}_high"))


def interval(value: float | None, low: float | None, high: float | None) -> str:
    """Return ``0.912 (0.880–0.941)``; empty where there is no value."""
    if value is None or pd.isna(value):
        return ""
    bounds = "" if low is None or pd.isna(low) else f" ({low:.3f}–{high:.3f})"
    return f"{value:.3f}{bounds}"


def markdown(table: pd.DataFrame) -> str:
    """Return a table in Markdown, numbers with three places."""

    def said(value: object) -> str:
        if isinstance(value, float):
            return "" if pd.isna(value) else f"{value:.3f}".rstrip("0").rstrip(".")
        return "" if value is None else str(value)

    head = [str(name) for name in table.columns]
    lines = [head, ["---"] * len(head), *([said(value) for value in row] for row in table.to_numpy())]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Print the tables of some folders."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", type=Path, nargs="+")
    print("\n\n".join(told(folder) for folder in parser.parse_args().folders))


if __name__ == "__main__":
    main()
