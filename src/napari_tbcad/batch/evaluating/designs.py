"""Which films train and which test: the design that was asked for, or the one the data call for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.batch.evaluating.config import EvaluationConfig
from napari_tbcad.batch.evaluating.found import FoundFilm

if TYPE_CHECKING:
    from napari_tbcad.batch.labelled import LabelledTables
    from napari_tbcad.evaluate.folds import Fold

DEFAULT_FOLDS = 10


@dataclass(frozen=True)
class Designed:
    """The outer splits of an evaluation.

    Parameters
    ----------
    folds : tuple of Fold
    name : str
        How they were made, such as ``"10-fold, repeated 3 times"``.
    kind : str
        ``"cross-source"``, ``"folds"``, ``"holdout"``, ``"test"``, ``"splits"``.
    """

    folds: tuple[Fold, ...]
    name: str
    kind: str


def designed(films: Sequence[FoundFilm], config: EvaluationConfig, *, splits: Path | None = None) -> Designed:
    """Return the outer splits for some films.

    Parameters
    ----------
    films : sequence of FoundFilm
        Those that were measured, in the order of the tables; films of the role ``test`` test, whatever the
        configuration says.
    config : EvaluationConfig
        Design, folds, repeats, share held out, seed.
    splits : Path, optional
        folds.csv of an earlier evaluation.

    Raises
    ------
    BadInput
        If the design cannot be had with these films; the message says what can be done.
    """
    from napari_tbcad.evaluate import folds as designs

    labels, patients, sources = facts_of(films)
    roles = np.array([film.role for film in films])
    if (roles == "test").any():
        train, test = np.flatnonzero(roles == "train"), np.flatnonzero(roles == "test")
        return Designed((designs.Fold("test", train, test),), "trained on one set, tested on another", "test")
    if splits is not None:
        return Designed(tuple(_read(splits, films)), f"splits of {splits.name}", "splits")
    kind = design_kind(config, labels, sources)
    owners = patients if len(set(patients)) < len(patients) else None
    if kind == "holdout":
        folds = designs.holdout(labels, config.holdout, groups=owners, random_state=config.seed)
        return Designed(tuple(folds), f"hold-out {config.holdout:g}", kind)
    if kind == "cross-source":
        folds = designs.cross_source_folds(labels, sources, groups=owners, random_state=config.seed)
        return Designed(tuple(folds), kind, kind)
    number = config.folds or default_folds(labels, patients)
    folds = designs.repeated_folds(labels, number, config.repeats, groups=owners, random_state=config.seed)
    times = f", repeated {config.repeats} times" if config.repeats > 1 else ""
    return Designed(tuple(folds), f"{number}-fold{times}", "folds")


def facts_of(
    films: Sequence[FoundFilm],
) -> tuple[NDArray[np.int64], NDArray[np.str_], NDArray[np.str_]]:
    """Return labels, patients and sources (n,) of some films."""
    return (
        np.array([film.row.label for film in films], dtype=np.int64),
        np.array([film.patient for film in films], dtype=str),
        np.array([film.source for film in films], dtype=str),
    )


def default_folds(labels: NDArray[np.int64], patients: NDArray[np.str_]) -> int:
    """Return 10, or as many as the smaller class has patients: a small set is judged rather than refused."""
    fewest = min(len(set(patients[labels == value])) for value in (0, 1))
    return max(2, min(DEFAULT_FOLDS, fewest))


def design_kind(config: EvaluationConfig, labels: NDArray[np.int64], sources: NDArray[np.str_]) -> str:
    """Return which design a configuration means for some films: the one that it names, or what auto takes."""
    if config.design != "auto":
        return config.design
    if config.folds is None and len(set(sources[labels == 1])) > 1:
        # Pooled folds would let a classifier win by telling collections apart.
        return "cross-source"
    return "folds"


def _read(path: Path, films: Sequence[FoundFilm]) -> list[Fold]:
    """Read folds.csv; films may be named as here or by the path that was given when it was written."""
    from napari_tbcad.evaluate.fold_files import folds_from_table, read_rows
    from napari_tbcad.evaluate.folds import refuse_shared_patients

    files = [film.file for film in films]
    table = read_rows(path)
    if "file" in table.columns:
        own = {film.path.as_posix(): film.file for film in films}
        table["file"] = [own.get(str(name), str(name)) for name in table["file"]]
    folds = folds_from_table(table, files, source=path)
    refuse_shared_patients(folds, np.array([film.patient for film in films]), source=path.name)
    return folds


def design_of(
    data: LabelledTables, *, folds: int | None, holdout: float | None, splits: Path | None
) -> tuple[list[Fold], str]:
    """Return the outer splits for measured tables and how they were made.

    Two or more collections with tuberculosis are tested across collections unless something else was
    asked for: pooled folds would let a classifier win by telling collections apart.
    """
    from napari_tbcad.evaluate import folds as designs
    from napari_tbcad.evaluate.fold_files import read_folds

    files = [str(file) for file in data.tables.inside.index]
    if splits is not None:
        return read_folds(splits, files), f"splits of {splits.name}"
    patients = data.patients if len(set(data.patients)) < len(data.patients) else None
    if holdout is not None:
        return designs.holdout(data.labels, holdout, groups=patients), f"hold-out {holdout:g}"
    collections = set(data.sources[data.labels == 1])
    if folds is None and len(collections) > 1:
        return designs.cross_source_folds(data.labels, data.sources, groups=patients), "cross-source"
    # A wish is met or refused.
    number = folds or default_folds(data.labels, data.patients)
    return designs.stratified_folds(data.labels, number, groups=patients), f"{number}-fold"
