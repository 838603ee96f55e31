"""The folder of an evaluation: written whole, read strictly.

Everything that a report or a panel shows is in these files; names and columns, which are part of the
command-line contract, stand in :mod:`napari_tbcad.evaluate.columns`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.columns import FIELDS, REQUIRED, TABLES, TEXT, WHOLE, completed, empty
from napari_tbcad.evaluate.evaluation import Evaluation
from napari_tbcad.evaluate.fold_files import read_fold_table, write_folds
from napari_tbcad.files import guarded, plain, written_whole

ABOUT = "evaluation.json"
VERSION = 1
_ALWAYS = (*REQUIRED, "failed.csv")


def write_csv(table: pd.DataFrame, path: str | Path) -> None:
    """Write a table as UTF-8 with BOM and decimal points, whole or not at all."""
    with written_whole(path) as temporary:
        safe = table.map(lambda value: guarded(value) if isinstance(value, str) else value)
        safe.to_csv(temporary, index=False, encoding="utf-8-sig")


def write_tables(evaluation: Evaluation, out: str | Path) -> Sequence[Path]:
    """Write the tables of an evaluation and evaluation.json.

    A table without rows is not written, and one of an earlier evaluation is taken away, but for those that
    every evaluation has.

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
    written = []
    for name, field in FIELDS.items():
        table = completed(getattr(evaluation, field), name)
        if len(table) or name in _ALWAYS:
            write_csv(table, folder / name)
            written.append(folder / name)
        elif name != "features.csv":  # measured before the evaluation, and perhaps written by who did
            (folder / name).unlink(missing_ok=True)
    write_folds(folder / "folds.csv", evaluation.folds, evaluation.files)
    write_about(evaluation, folder)
    return [*written, folder / "folds.csv", folder / ABOUT]


def write_about(evaluation: Evaluation, out: str | Path) -> Path:
    """Write evaluation.json: what was done, with what, and what classifiers complained about."""
    about = {
        **evaluation.about,
        "version": VERSION,
        "methods": list(evaluation.methods),
        "complaints": list(evaluation.complaints),
    }
    path = Path(out) / ABOUT
    with written_whole(path) as temporary:
        temporary.write_text(
            json.dumps(about, indent=1, ensure_ascii=False, default=_plain), encoding="utf-8"
        )
    return path


def read_evaluation(out: str | Path) -> Evaluation:
    """Read the folder of an evaluation.

    Parameters
    ----------
    out : str or Path
        Folder written by :func:`write_tables`.

    Returns
    -------
    Evaluation
        Tables that the folder does not have are empty, with the right columns.

    Raises
    ------
    BadInput
        If the folder is no evaluation, of a newer version, or a table is damaged: each names the file.
    """
    folder = Path(out)
    about = _read_about(folder)
    tables = {field: read_table(folder, name) for name, field in FIELDS.items()}
    predictions = tables["predictions"]
    if predictions.empty or tables["summary"].empty:
        raise BadInput(folder, "the evaluation judged no film")
    unknown = set(tables["summary"]["method"]) - set(predictions["method"])
    if unknown:
        raise BadInput(folder / "predictions.csv", f"has no film judged by {sorted(unknown)[0]}")
    folds, files = read_fold_table(folder / "folds.csv")
    strange = set(predictions["fold"]) - {fold.name for fold in folds}
    if strange:
        raise BadInput(
            folder / "folds.csv", f"does not name the fold {sorted(strange)[0]} of predictions.csv"
        )
    complaints = tuple(str(line) for line in about.get("complaints", ()))
    return Evaluation(folds=tuple(folds), files=tuple(files), complaints=complaints, about=about, **tables)


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """Read one table of an evaluation folder; empty where it is missing and need not be there.

    Raises
    ------
    BadInput
        If it is needed and missing, no table, lacks a column, or has text where a number belongs.
    """
    path = folder / name
    if not path.is_file() and name not in REQUIRED:
        return empty(name)
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise BadInput(path, "is missing from the evaluation's folder") from error
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise BadInput(path, f"cannot be read as a table ({error})") from error
    missing = [column for column in TABLES[name] if column not in table.columns]
    if missing:
        raise BadInput(path, f"the column {missing[0]} is missing")
    return pd.DataFrame({column: _typed(table[column], path, TABLES[name]) for column in table.columns})


def _typed(cells: pd.Series, path: Path, known: Sequence[str]) -> pd.Series:
    """Return a column as numbers or text; one nobody knows becomes numbers where all of its cells are."""
    column = str(cells.name)
    if column in TEXT:
        return cells.map(plain).astype(object)
    numbers = pd.to_numeric(cells.where(cells != ""), errors="coerce").astype(np.float64)
    wrong = cells[numbers.isna() & ~cells.str.lower().isin(["", "nan"])]
    if len(wrong):
        if column not in known:
            return cells.map(plain).astype(object)
        raise BadInput(path, f"row {int(wrong.index[0]) + 2}: {column} is {wrong.iloc[0]!r}, not a number")
    if column in WHOLE and numbers.notna().all():
        return numbers.astype(np.int64)
    return numbers


def _read_about(folder: Path) -> dict[str, Any]:
    path = folder / ABOUT
    if not path.is_file():
        raise BadInput(folder, f"is no folder of an evaluation: {ABOUT} is missing")
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(path, f"cannot be read ({error})") from error
    if not isinstance(about, dict) or not isinstance(about.get("version"), int):
        raise BadInput(path, "is not the description of an evaluation")
    if about["version"] > VERSION:
        raise BadInput(path, f"was written by a newer version of the program (format {about['version']})")
    return about


def _plain(value: Any) -> Any:
    """Return what JSON can hold of numpy values, paths and models of parameters."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return str(value)
