"""Folds inside the training films: stratified, and never parting the films of one patient."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

Split = tuple[NDArray[np.intp], NDArray[np.intp]]


def inner_folds(
    y: NDArray[np.generic], groups: ArrayLike | None, *, n_folds: int, random_state: int | None
) -> list[Split]:
    """Split training films into at most `n_folds` folds that each hold both classes in training.

    Parameters
    ----------
    y : (n,) array
        Class of each film; two classes.
    groups : (n,) array-like, optional
        Patient or source of each film; films of one group stay in one fold.
    n_folds : int
        Wanted number of folds; fewer when a class has fewer films (or groups) than that.
    random_state : int, optional
        Seed of the shuffle.

    Returns
    -------
    list of (train, test)
        Index arrays; every film is in exactly one test part.

    Raises
    ------
    ValueError
        If a class has fewer than two films (or groups), so that no split is possible.
    """
    y = np.asarray(y)
    if groups is not None and len(np.unique(np.asarray(groups))) == len(y):
        groups = None  # one film a patient: the plain splitter does the same, much faster
    owners = np.arange(len(y)) if groups is None else np.asarray(groups)
    smallest = min(len(np.unique(owners[y == value])) for value in np.unique(y))
    folds = min(n_folds, smallest)
    if folds < 2:
        unit = "films" if groups is None else "groups"
        raise ValueError(f"each class needs at least 2 {unit} to make inner folds, one has {smallest}")
    if groups is None:
        splitter = StratifiedKFold(folds, shuffle=True, random_state=random_state)
        splits = list(splitter.split(y, y))
    else:
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=random_state)
        splits = [part for part in splitter.split(y, y, owners) if len(part[1])]
    if any(len(np.unique(y[train])) < 2 for train, _ in splits):
        raise ValueError("a class lies within one group, so that no inner fold can train on both classes")
    return splits
