"""Feature tables of a data set with what is known of each of its films."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.batch.measuring import MeasureJob, Tables, measure_films

if TYPE_CHECKING:
    import pandas as pd

    from napari_tbcad.io.datasets import DataSet

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class LabelledTables:
    """Feature tables of the films that could be measured, with what is known of each.

    Parameters
    ----------
    tables : Tables
        Features inside and outside the lungs.
    labels : (n,) array of int
        1 for tuberculosis, 0 for none, -1 where unknown.
    patients, sources : (n,) arrays of str
        Patient and collection; the film itself and the data set's name where unknown.
    demographics : DataFrame
        Columns age (years) and sex (1 male, 0 female), NaN where unknown.
    """

    tables: Tables
    labels: NDArray[np.int64]
    patients: NDArray[np.str_]
    sources: NDArray[np.str_]
    demographics: pd.DataFrame

    @property
    def controls(self) -> dict[str, pd.DataFrame]:
        """Feature tables that must not know the answer."""
        controls = {"outside_lungs": self.tables.outside}
        if self.demographics.notna().all(axis=1).mean() > 0.5:
            controls["age_sex"] = self.demographics
        return controls


def measure_dataset(
    dataset: DataSet,
    job: MeasureJob,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    say: Say | None = None,
) -> LabelledTables:
    """Measure every film of a data set; films that fail are told and left out."""
    from napari_tbcad.evaluate.controls import age_sex_table

    say = say or (lambda text: None)
    rows = {row.path.as_posix(): row for row in dataset.rows}
    positive = sum(row.label == 1 for row in dataset.rows)
    say(f"{dataset.name}: {len(rows)} films, {positive} with tuberculosis")
    last = -1

    def progress(share: float, what: str) -> None:
        nonlocal last
        if int(share * 20) > last:
            last = int(share * 20)
            say(f"  measured {share:4.0%}  {what}")

    paths = [row.path for row in dataset.rows]
    tables = measure_films(paths, job, workers=workers, scheduler=scheduler, progress=progress)
    for message in tables.errors.values():
        say(f"  left out: {message}")
    known = [rows[file] for file in tables.inside.index]
    ages, sexes = (np.array([getattr(row, name) for row in known], dtype=object) for name in ("age", "sex"))
    return LabelledTables(
        tables,
        np.array([row.label if row.label is not None else -1 for row in known], dtype=np.int64),
        np.array([row.patient or row.path.as_posix() for row in known]),
        np.array([row.source or dataset.name for row in known]),
        age_sex_table(ages, sexes).set_index(tables.inside.index),
    )
