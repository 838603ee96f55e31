"""Evaluations of several variants of the chain, put together into one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from napari_tbcad.evaluate.columns import VARIANT
from napari_tbcad.evaluate.evaluation import Evaluation
from napari_tbcad.evaluate.paired import paired_tests
from napari_tbcad.evaluate.resampling import N_BOOTSTRAP, Draws
from napari_tbcad.evaluate.variants import Variant

_OF_EVERY_VARIANT = ("predictions", "summary", "by_fold", "controls", "confusions", "stages", "sources")


def join_variants(
    parts: Sequence[tuple[Variant, Evaluation]], *, n_bootstrap: int = N_BOOTSTRAP, seed: int = 0
) -> Evaluation:
    """Join evaluations of the same films on the same folds.

    Parameters
    ----------
    parts : sequence of (Variant, Evaluation)
        The main variant first: what every file of a folder holds only once (curves, stability, the learning
        curve, …) is taken from it.
    n_bootstrap, seed : int, optional
        Of the tests between methods and variants; see :func:`~napari_tbcad.evaluate.paired.paired_tests`.

    Returns
    -------
    Evaluation
        Rows carry their variant; complaints of further variants begin with its name.

    Raises
    ------
    ValueError
        If there is no part.
    """
    if not parts:
        raise ValueError("there is no evaluation to join")
    tables: dict[str, Any] = {
        name: pd.concat(
            [_with_variant(getattr(found, name), variant) for variant, found in parts], ignore_index=True
        )
        for name in _OF_EVERY_VARIANT
    }
    main = parts[0][1]
    lines = [*main.complaints]
    for variant, found in parts[1:]:
        lines += [f"{variant.id}: {line}" for line in found.complaints]
    predictions = tables["predictions"]
    draws = Draws.of(predictions["patient"], n_bootstrap, seed)
    files = dict.fromkeys(file for _, found in parts for file in found.files)
    # Folds count positions in the list of films, which begins with the main variant's own.
    return replace(
        main,
        **tables,
        tests=paired_tests(predictions, draws),
        files=tuple(files),
        complaints=tuple(lines),
    )


def _with_variant(table: pd.DataFrame, variant: Variant) -> pd.DataFrame:
    columns = variant.columns
    return table.assign(**{name: columns[name] for name in VARIANT})
