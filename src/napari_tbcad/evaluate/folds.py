"""Which films train and which test: hold-out, k-fold, by patient, across sources; to and from a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, train_test_split

from napari_tbcad.errors import BadInput
from napari_tbcad.files import written_whole


@dataclass(frozen=True, eq=False)
class Fold:
    """One division of the films.

    Parameters
    ----------
    name : str
        Such as ``"1"`` or ``"test tb_mendeley"``.
    train, test : (k,) arrays of int
        Positions of the films.
    """

    name: str
    train: NDArray[np.intp]
    test: NDArray[np.intp]


def holdout(
    labels: ArrayLike, share: float = 0.2, *, groups: ArrayLike | None = None, random_state: int = 0
) -> list[Fold]:
    """Hold one stratified part of the films out.

    Parameters
    ----------
    labels : (n,) array-like of 0/1
    share : float
        Share of films to test on; 0.2 is the project's 80/20.
    groups : (n,) array-like, optional
        Patient of each film; a patient's films stay together (the share is then met approximately).
    random_state : int
        Seed.
    """
    y = np.asarray(labels)
    if groups is not None:
        folds = stratified_folds(
            y, max(2, round(1 / min(share, 0.5))), groups=groups, random_state=random_state
        )
        return [Fold("holdout", folds[0].train, folds[0].test)]
    try:
        train, test = train_test_split(
            np.arange(len(y)), test_size=share, stratify=y, random_state=random_state
        )
    except ValueError as error:
        raise BadInput("hold-out", str(error)) from error
    return [Fold("holdout", np.sort(train), np.sort(test))]


def stratified_folds(
    labels: ArrayLike, n_folds: int = 10, *, groups: ArrayLike | None = None, random_state: int = 0
) -> list[Fold]:
    """Make stratified folds; with `groups`, no patient or source is in two of them.

    Raises
    ------
    BadInput
        If a class has fewer films (or groups) than folds.
    """
    y = np.asarray(labels)
    owners = np.arange(len(y)) if groups is None else np.asarray(groups)
    smallest = min((len(np.unique(owners[y == value])) for value in (0, 1)), default=0)
    if smallest < n_folds:
        raise BadInput("folds", f"{n_folds} folds need that many films of each class, one has {smallest}")
    if groups is None:
        splits = StratifiedKFold(n_folds, shuffle=True, random_state=random_state).split(y, y)
    else:
        splits = StratifiedGroupKFold(n_folds, shuffle=True, random_state=random_state).split(y, y, owners)
    return [Fold(str(number), train, test) for number, (train, test) in enumerate(splits, start=1)]


def cross_source_folds(
    labels: ArrayLike, sources: ArrayLike, *, groups: ArrayLike | None = None, random_state: int = 0
) -> list[Fold]:
    """Train on one collection of tuberculosis films and half the others, test on the rest.

    Every collection that holds tuberculosis films is the test collection once; its own non-TB films, if
    it has any, go with it. Films of collections without tuberculosis are halved at random: one half
    trains, the other tests, so that a classifier that only knows the collections' looks gains little.

    Parameters
    ----------
    labels : (n,) array-like of 0/1
    sources : (n,) array-like of str
        Collection of each film.
    groups : (n,) array-like, optional
        Patient of each film; a patient's films go to the same half.
    random_state : int
        Seed of the halves.

    Raises
    ------
    BadInput
        If fewer than two collections hold tuberculosis, or none is without it.
    """
    y, source = np.asarray(labels).astype(int), np.asarray(sources).astype(str)
    tb_sources = sorted(set(source[y == 1]))
    if len(tb_sources) < 2:
        raise BadInput("sources", "the cross-source design needs tuberculosis films from two collections")
    shared = np.flatnonzero(~np.isin(source, tb_sources))
    owners = np.arange(len(y)) if groups is None else np.asarray(groups)
    rng = np.random.default_rng(random_state)
    first: set[object] = set()
    for name in sorted(set(source[shared])):
        members = np.unique(owners[shared[source[shared] == name]])
        first |= set(rng.permutation(members)[: len(members) // 2].tolist())
    in_first = np.array([owners[i] in first for i in shared], dtype=bool)
    folds = []
    for number, name in enumerate(tb_sources):
        own = np.flatnonzero(source == name)
        others = np.flatnonzero(np.isin(source, tb_sources) & (source != name))
        half = in_first if number % 2 == 0 else ~in_first
        folds.append(
            Fold(
                f"test {name}",
                np.sort(np.r_[others, shared[half]]).astype(np.intp),
                np.sort(np.r_[own, shared[~half]]).astype(np.intp),
            )
        )
    if any(len(np.unique(y[part])) < 2 for fold in folds for part in (fold.train, fold.test)):
        raise BadInput("sources", "films without tuberculosis are missing from one side of the design")
    return folds


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
        fold_table(folds, files).to_csv(temporary, index=False, encoding="utf-8-sig")


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
    try:
        table = pd.read_csv(path, dtype=str, encoding="utf-8-sig")
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise BadInput(path, f"cannot be read as a table of folds ({error})") from error
    return folds_from_table(table, files, source=path)


def folds_from_table(
    table: pd.DataFrame, files: Sequence[str], *, source: str | Path = "folds"
) -> list[Fold]:
    """Build folds from a table with the columns file, fold, role; see :func:`read_folds`."""
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
            if not len(parts[role]):
                raise BadInput(source, f"fold {fold} has no {role} films")
        both = np.intersect1d(parts["train"], parts["test"])
        if len(both):
            raise BadInput(source, f"fold {fold}: {files[int(both[0])]} is in training and test")
        folds.append(Fold(str(fold), parts["train"], parts["test"]))
    if not folds:
        raise BadInput(source, "names no fold")
    return folds
