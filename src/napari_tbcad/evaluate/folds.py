"""Which films train and which test: hold-out, k-fold, by patient, across sources."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, train_test_split

from napari_tbcad.errors import BadInput


@dataclass(frozen=True, eq=False)
class Fold:
    """One division of the films.

    Parameters
    ----------
    name : str
        Such as ``"1"``, ``"test tb_mendeley"`` or, where a design is repeated, ``"r2-f7"``.
    train, test : (k,) arrays of int
        Positions of the films.
    repeat : int
        Which repetition of the whole design it belongs to. Every film is tested once in each.
    """

    name: str
    train: NDArray[np.intp]
    test: NDArray[np.intp]
    repeat: int = 1


def repeat_of(name: str) -> int:
    """Return the repetition that a fold's name tells: 2 for ``r2-f7``, 1 for a name of another kind."""
    found = re.fullmatch(r"r([1-9]\d*)-f\d+", name)
    return int(found[1]) if found else 1


def repeats_of(names: pd.Series) -> NDArray[np.int64]:
    """Return the repetition of each row's fold, (n,)."""
    known = {name: repeat_of(str(name)) for name in pd.unique(names)}
    return names.map(known).to_numpy(np.int64)


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

    Raises
    ------
    BadInput
        If a class is too small to be on both sides, or `share` is not between 0 and 1.
    """
    y = np.asarray(labels)
    if not 0 < share < 1:
        raise BadInput("hold-out", f"{share:g} is no share of films to test on: more than 0, less than 1")
    if groups is not None:
        # As many equal parts as come nearest to the share, and some of them are held out.
        parts = Fraction(share).limit_denominator(max(2, min(20, _smallest(y, np.asarray(groups)))))
        number = max(2, parts.denominator)
        folds = stratified_folds(y, number, groups=groups, random_state=random_state)
        held = folds[: min(max(1, parts.numerator), number - 1)]
        test = np.sort(np.concatenate([fold.test for fold in held]))
        return [Fold("holdout", np.setdiff1d(np.arange(len(y)), test), test)]
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
    smallest = _smallest(y, owners)
    if smallest < n_folds:
        raise BadInput("folds", f"{n_folds} folds need that many films of each class, one has {smallest}")
    if groups is None:
        splits = StratifiedKFold(n_folds, shuffle=True, random_state=random_state).split(y, y)
    else:
        splits = StratifiedGroupKFold(n_folds, shuffle=True, random_state=random_state).split(y, y, owners)
    return [Fold(str(number), train, test) for number, (train, test) in enumerate(splits, start=1)]


def _smallest(y: NDArray[np.generic], owners: NDArray[np.generic]) -> int:
    """Return how many patients the smaller class has."""
    return min(len(np.unique(owners[y == value])) for value in (0, 1))


def repeated_folds(
    labels: ArrayLike,
    n_folds: int = 10,
    repeats: int = 3,
    *,
    groups: ArrayLike | None = None,
    random_state: int = 0,
) -> list[Fold]:
    """Make stratified folds several times over, each time drawn anew.

    Parameters
    ----------
    labels, n_folds, groups
        See :func:`stratified_folds`.
    repeats : int
        With 1 the folds are named ``1`` … ``k``, else ``r1-f1`` … ``rR-fk``.
    random_state : int
        Seed of the first repetition; the next ones count up from it.

    Raises
    ------
    BadInput
        If a class has fewer films (or groups) than folds, or `repeats` is below 1.
    """
    if repeats < 1:
        raise BadInput("folds", f"{repeats} repetitions are none; at least 1 is needed")
    rounds = [
        stratified_folds(labels, n_folds, groups=groups, random_state=random_state + number)
        for number in range(repeats)
    ]
    if repeats == 1:
        return rounds[0]
    return [
        Fold(f"r{repeat}-f{fold.name}", fold.train, fold.test, repeat)
        for repeat, folds in enumerate(rounds, start=1)
        for fold in folds
    ]


def refuse_shared_patients(folds: Sequence[Fold], groups: ArrayLike, *, source: str = "folds") -> None:
    """Raise :class:`BadInput` where films of one patient are on both sides of a fold; names both."""
    owners = np.asarray(groups)
    for fold in folds:
        both = np.intersect1d(owners[fold.train], owners[fold.test])
        if len(both):
            raise BadInput(
                source, f"fold {fold.name}: films of patient {both[0]} are in training and in test"
            )


def cross_source_folds(
    labels: ArrayLike, sources: ArrayLike, *, groups: ArrayLike | None = None, random_state: int = 0
) -> list[Fold]:
    """Train on all collections of tuberculosis films but one and part of the others, test on the rest.

    Every collection that holds tuberculosis films is the test collection once; its own non-TB films, if
    it has any, go with it. Films of collections without tuberculosis are dealt at random into as many
    parts as there are directions, mostly two: each part tests once and trains otherwise, so that a
    classifier that only knows the collections' looks gains little.

    Parameters
    ----------
    labels : (n,) array-like of 0/1
    sources : (n,) array-like of str
        Collection of each film.
    groups : (n,) array-like, optional
        Patient of each film; a patient's films go to the same part, and those of a patient who is tested
        are not trained on, whatever collection they are in.
    random_state : int
        Seed of the parts.

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
    part = _dealt(source[shared], owners[shared], len(tb_sources), random_state)
    folds: list[Fold] = []
    for number, name in enumerate(reversed(tb_sources)):
        own = np.flatnonzero(source == name)
        others = np.flatnonzero(np.isin(source, tb_sources) & (source != name))
        train = np.sort(np.r_[others, shared[part != number]]).astype(np.intp)
        test = np.sort(np.r_[own, shared[part == number]]).astype(np.intp)
        folds.insert(0, Fold(f"test {name}", train[~np.isin(owners[train], owners[test])], test))
    if any(len(np.unique(y[part])) < 2 for fold in folds for part in (fold.train, fold.test)):
        raise BadInput("sources", "films without tuberculosis are missing from one side of the design")
    return folds


def _dealt(
    source: NDArray[np.str_], owners: NDArray[np.generic], parts: int, random_state: int
) -> NDArray[np.int64]:
    """Deal patients into parts, evenly within each collection; return the part of each film, (n,)."""
    rng = np.random.default_rng(random_state)
    part_of: dict[object, int] = {}
    for name in sorted(set(source)):
        members = rng.permutation(np.unique(owners[source == name])).tolist()
        for number in range(parts):
            some = members[len(members) * number // parts : len(members) * (number + 1) // parts]
            for member in some:
                part_of.setdefault(member, number)
    return np.array([part_of[owner] for owner in owners.tolist()], dtype=np.int64)
