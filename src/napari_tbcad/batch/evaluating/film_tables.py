"""Tables of what was measured: one row a film, one column a feature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.batch.evaluating.film import FilmTask
from napari_tbcad.batch.evaluating.found import FoundFilm
from napari_tbcad.batch.evaluating.plans import Plan, plan_of
from napari_tbcad.batch.evaluating.store import MeasuredStore
from napari_tbcad.chest.feature_sets import feature_names
from napari_tbcad.evaluate.variants import Variant

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class VariantTables:
    """Features of all films for one variant.

    Parameters
    ----------
    variant : Variant
    inside : DataFrame
        Index the film's name, one column a feature.
    controls : mapping of str to DataFrame
        The same families elsewhere; a film of which nothing can be measured there has NaN.
    """

    variant: Variant
    inside: pd.DataFrame
    controls: Mapping[str, pd.DataFrame]


def variant_tables(
    variant: Variant, films: Sequence[FoundFilm], plans: Sequence[Plan], store: MeasuredStore
) -> VariantTables:
    """Cut the features of a variant from what was measured."""
    plan = plan_of(plans, variant)
    names = list(feature_names(variant.feature_set))  # type: ignore[arg-type]
    kept = [store.find(film.content, plan) for film in films]
    inside = _frame(films, [one.inside for one in kept if one], names)
    controls = {}
    for place in dict.fromkeys(name for one in kept if one for name in one.elsewhere):
        vectors = [one.elsewhere.get(place, ((), np.array([]))) for one in kept if one]
        measured = {name for own, _ in vectors for name in own}
        controls[place] = _frame(films, vectors, [name for name in names if name in measured])
    return VariantTables(variant, inside, controls)


def _frame(
    films: Sequence[FoundFilm], vectors: Sequence[tuple[tuple[str, ...], NDArray[Any]]], names: list[str]
) -> pd.DataFrame:
    import pandas as pd

    values = np.full((len(films), len(names)), np.nan)
    where: dict[tuple[str, ...], NDArray[np.intp]] = {}
    for row, (own, numbers) in enumerate(vectors):
        if not own:
            continue
        if own not in where:
            place = {name: position for position, name in enumerate(own)}
            where[own] = np.array([place.get(name, -1) for name in names], dtype=np.intp)
        at = where[own]
        values[row, at >= 0] = numbers[at[at >= 0]]
    return pd.DataFrame(values, index=pd.Index([film.file for film in films], name="file"), columns=names)


def grey_table(films: Sequence[FoundFilm], plan: Plan, store: MeasuredStore) -> pd.DataFrame:
    """Return the shares of grey levels in the lungs."""
    import pandas as pd

    kept = [store.find(film.content, plan) for film in films]
    index = pd.Index([film.file for film in films], name="file")
    return pd.DataFrame([one.grey for one in kept if one], index=index)


def doubt_series(films: Sequence[FoundFilm], plan: Plan, store: MeasuredStore) -> pd.Series:
    """Return how undecided the segmenter is about each film's lungs."""
    import pandas as pd

    kept = [store.find(film.content, plan) for film in films]
    values = [np.nan if one is None or one.doubt is None else one.doubt for one in kept]
    return pd.Series(values, index=pd.Index([film.file for film in films], name="file"), dtype=np.float64)


def reference_tables(
    films: Sequence[FoundFilm],
    tasks: Mapping[str, FilmTask],
    plans: Sequence[Plan],
    store: MeasuredStore,
) -> tuple[pd.DataFrame | None, pd.Series | None]:
    """Return what was measured with a reader's masks; None where there are none."""
    import pandas as pd

    plan = next((plan for plan in plans if plan.masks == "reference"), None)
    if plan is None:
        return None, None
    mine = [film for film in films if plan in tasks[film.file].plans]
    found = [(film, store.find(tasks[film.file].key(plan), plan)) for film in mine]
    good = [(film, one) for film, one in found if one is not None and not one.error]
    if not good:
        return None, None
    names = list(feature_names(plan.feature_set))  # type: ignore[arg-type]
    table = _frame([film for film, _ in good], [one.inside for _, one in good], names)
    return table, pd.Series([one.dice for _, one in good], index=table.index, name="dice")
