"""Which features moved a decision, by replacing them with those of a normal film."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from napari_tbcad.chest.classify.card import ModelCard
from napari_tbcad.chest.classify.hierarchical import HierarchicalClassifier
from napari_tbcad.chest.classify.result import Contribution
from napari_tbcad.chest.classify.stage import log_odds


def correlated_groups(X: NDArray[np.float64], *, min_correlation: float = 0.8) -> list[list[int]]:
    """Group columns that go together (average linkage on 1 − |Pearson r|).

    Replacing one of four directions of a texture feature while the other three stay makes a film that
    does not exist, and each alone seems to matter little.

    Parameters
    ----------
    X : (n, n_features) array
        Training films.
    min_correlation : float
        Mean absolute correlation within a group.

    Returns
    -------
    list of list of int
        Column indices; every column is in exactly one group.
    """
    n = X.shape[1]
    if n < 2:
        return [[column] for column in range(n)]
    spread = X.std(axis=0)
    standard = (X - X.mean(axis=0)) / np.where(spread > 0, spread, 1)
    distance = np.clip(1 - np.abs(standard.T @ standard) / len(X), 0, 1)
    np.fill_diagonal(distance, 0)
    condensed = squareform((distance + distance.T) / 2, checks=False)
    labels = fcluster(linkage(condensed, "average"), 1 - min_correlation, "distance")
    return [list(map(int, np.flatnonzero(labels == label))) for label in np.unique(labels)]


def contributions(
    estimator: HierarchicalClassifier, card: ModelCard, row: NDArray[np.float64], stage: int, *, n: int = 10
) -> tuple[Contribution, ...]:
    """Return the strongest contributions to the probability of the stage that decided.

    Parameters
    ----------
    estimator : HierarchicalClassifier
        Fitted.
    card : ModelCard
        Groups of features, and the normal films' medians and spreads.
    row : (n_features,) array
        The film.
    stage : int
        1 or 2; 0 gives no contributions.
    n : int
        How many.

    Returns
    -------
    tuple of Contribution
        By falling size of the change in log-odds.
    """
    if stage == 0 or not card.groups or n < 1:
        return ()
    part, columns = (
        (estimator.stage1_, estimator.columns1_) if stage == 1 else (estimator.stage2_, estimator.columns2_)
    )
    index = {name: i for i, name in enumerate(card.feature_names)}
    read = set(columns.tolist())
    groups = [[index[name] for name in group if index[name] in read] for group in card.groups]
    groups = [group for group in groups if group]
    normal = np.asarray(card.normal_median)
    replaced = np.repeat(row[None], len(groups) + 1, axis=0)
    for number, group in enumerate(groups):
        replaced[number + 1, group] = normal[group]
    odds = log_odds(_probability(part, replaced[:, columns]))
    z = (row - normal) / np.asarray(card.normal_spread)
    order = np.argsort(-np.abs(odds[0] - odds[1:]), kind="stable")[:n]
    found = []
    for number in order:
        group = groups[number]
        lead = group[int(np.argmax(np.abs(z[group])))]
        members = tuple(card.feature_names[i] for i in group)
        change = float(odds[0] - odds[number + 1])
        found.append(
            Contribution(
                card.feature_names[lead],
                members,
                change,
                float(row[lead]),
                float(normal[lead]),
                float(z[lead]),
            )
        )
    return tuple(found)


def _probability(stage: Any, X: NDArray[np.float64]) -> NDArray[np.float64]:
    return stage.scores(X)[1]
