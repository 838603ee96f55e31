"""Folds to and from a file: which films train and which test, one row a film and fold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from napari_tbcad.errors import BadInput
from napari_tbcad.evaluate.folds import Fold, repeat_of
from napari_tbcad.files import guarded, plain, written_whole


def fold_table(folds: Sequence[Fold], files: Sequence[str]) -> pd.DataFrame:
    """Return one row per film and fold: file, fold, role (``train`` or ``test``)."""
    rows = [
        (files[int(i)], fold.name, role)
        for fold in folds
        for role, part in (("train", fold.train), ("test", fold.test))
        for i in part
    ]
    return pd.DataFrame(rows, columns=["file", "fold", "role"])


def write_folds(path: str | Path, folds: Sequence[Fold], files: Sequence[str]) -> None:
    """Write folds.csv (UTF-8 with BOM): file, fold, role."""
    with written_whole(path) as temporary:
        table = fold_table(folds, [guarded(file) for file in files])
        table.to_csv(temporary, index=False, encoding="utf-8-sig")


def read_folds(path: str | Path, files: Sequence[str]) -> list[Fold]:
    """Read folds.csv for these films.

    Parameters
    ----------
    path : str or Path
        CSV with the columns file, fold, role. Films of `files` that a fold does not name take no part in
        it; films of the CSV that are not among `files` are an error.
    files : sequence of str
        Names of the films, in the order of the feature table.

    Raises
    ------
    BadInput
        If the file cannot be read, lacks a column, names an unknown film or role, has a film on both
        sides of a fold, or a fold without training or test films.
    """
    return folds_from_table(read_rows(path), files, source=path)


def read_fold_table(path: str | Path) -> tuple[list[Fold], list[str]]:
    """Read folds.csv of an evaluation: its folds, and the films by which their positions count.

    A fold without training films is one of a model that was judged as it is.

    Raises
    ------
    BadInput
        As :func:`read_folds`.
    """
    table = read_rows(path)
    files = list(dict.fromkeys(table["file"])) if "file" in table else []
    return folds_from_table(table, files, source=path, untrained=True), files


def read_rows(path: str | Path) -> pd.DataFrame:
    """Return the rows of folds.csv as text, unchecked; raises BadInput where it is no table."""
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig").map(plain)
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise BadInput(path, f"cannot be read as a table of folds ({error})") from error


def folds_from_table(
    table: pd.DataFrame, files: Sequence[str], *, source: str | Path = "folds", untrained: bool = False
) -> list[Fold]:
    """Build folds from a table with the columns file, fold, role; see :func:`read_folds`.

    With `untrained`, a fold may have no training films.
    """
    missing = {"file", "fold", "role"} - set(table.columns)
    if missing:
        raise BadInput(source, f"the column {sorted(missing)[0]} is missing; file, fold and role are needed")
    position = {str(name): i for i, name in enumerate(files)}
    if len(position) != len(files):
        raise BadInput(source, "two films have the same name, so that folds cannot be told apart")
    names = table["file"].astype(str)
    unknown = names[~names.isin(list(position))]
    if len(unknown):
        raise BadInput(source, f"{len(unknown)} films are not in the data set, such as {unknown.iloc[0]}")
    roles = table["role"].astype(str).str.strip().str.lower()
    if not roles.isin(["train", "test"]).all():
        raise BadInput(source, f"role is train or test, not {roles[~roles.isin(['train', 'test'])].iloc[0]}")
    folds = []
    for fold in pd.unique(table["fold"].astype(str)):
        chosen = (table["fold"].astype(str) == fold).to_numpy()
        parts = {}
        for role in ("train", "test"):
            mine = names[chosen & (roles == role).to_numpy()]
            parts[role] = np.array(sorted({position[name] for name in mine}), dtype=np.intp)
            if not len(parts[role]) and not (untrained and role == "train"):
                raise BadInput(source, f"fold {fold} has no {role} films")
        both = np.intersect1d(parts["train"], parts["test"])
        if len(both):
            raise BadInput(source, f"fold {fold}: {files[int(both[0])]} is in training and test")
        folds.append(Fold(str(fold), parts["train"], parts["test"], repeat_of(str(fold))))
    if not folds:
        raise BadInput(source, "names no fold")
    return folds
