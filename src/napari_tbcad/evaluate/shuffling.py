"""Labels dealt out at random, by patient."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_tbcad.evaluate.folds import Fold


def shuffled_labels(
    labels: ArrayLike,
    folds: Sequence[Fold] = (),
    *,
    groups: ArrayLike | None = None,
    random_state: int = 0,
) -> NDArray[np.int64]:
    """Exchange the labels of patients at random.

    Parameters
    ----------
    labels : (n,) array-like of 0/1
    folds : sequence of Fold, optional
        One repetition of the outer folds. Patients who are tested in the same folds exchange labels among
        themselves, so that every fold keeps its share of tuberculosis. Without this a fold that was dealt
        many leaves few to train on, models disagree about the prevalence, and films pooled over folds score
        below 0.5 for no other reason.
    groups : (n,) array-like, optional
        Patient of each film. All films of a patient get the labels of one other patient, in their order, over
        again where there are fewer: a method that recognises patients across folds is so found out.
    random_state : int
        Seed.

    Returns
    -------
    (n,) array of int
    """
    y: NDArray[np.int64] = np.asarray(labels).astype(np.int64)
    owners = np.arange(len(y)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    films: dict[int, list[int]] = defaultdict(list)
    for position, owner in enumerate(owners.tolist()):
        films[owner].append(position)
    tested: dict[int, set[str]] = defaultdict(set)
    for fold in folds:
        for position in fold.test.tolist():
            tested[int(owners[position])].add(fold.name)
    strata: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for owner in films:
        strata[tuple(sorted(tested[owner]))].append(owner)
    generator = np.random.default_rng(random_state)
    dealt = y.copy()
    for members in strata.values():
        for taker, giver in zip(members, generator.permutation(members).tolist(), strict=True):
            given = y[films[giver]]
            dealt[films[taker]] = np.resize(given, len(films[taker]))
    return dealt
