"""What an evaluation found, read from its folder on a worker; films sorted by how wrong the answer was."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.batch.evaluating.jobs import FILMS
from napari_tbcad.files import read_rows

if TYPE_CHECKING:
    import pandas as pd

    from napari_tbcad.evaluate.evaluation import Evaluation

REPORT = "report.html"
RIGHT, MISSED, ALARM = 0, 1, 2
"""What came of a film: decided rightly, tuberculosis missed, a false alarm."""


@dataclass(frozen=True, eq=False)
class Films:
    """The test films of one method, the most wrong first.

    Parameters
    ----------
    file, fold, source, patient : (n,) array of str
    label, outcome, stage : (n,) array of int
        Truth; :data:`RIGHT`, :data:`MISSED` or :data:`ALARM`; the stage that decided, 0 where none did.
    probability, threshold : (n,) array of float
    """

    file: NDArray[Any]
    fold: NDArray[Any]
    source: NDArray[Any]
    patient: NDArray[Any]
    label: NDArray[np.int64]
    outcome: NDArray[np.int64]
    stage: NDArray[np.int64]
    probability: NDArray[np.float64]
    threshold: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.file)


@dataclass(frozen=True, eq=False)
class Results:
    """An evaluation as the panel shows it.

    Parameters
    ----------
    folder : Path
    evaluation : Evaluation
        Its tables.
    films : mapping of str to Films
        By method, main variant, first repeat.
    paths : mapping of str to Path
        Where films lie on this machine, as far as that is known.
    models : frozenset of str
        Names of the files in ``models/``.
    learning : str
        What the learning curve says; empty without one.
    """

    folder: Path
    evaluation: Evaluation
    films: Mapping[str, Films]
    paths: Mapping[str, Path] = field(default_factory=dict)
    models: frozenset[str] = frozenset()
    learning: str = ""

    @property
    def about(self) -> Mapping[str, Any]:
        """What evaluation.json says."""
        return self.evaluation.about

    @property
    def methods(self) -> tuple[str, ...]:
        """Methods of the main variant, the leading one first."""
        return self.evaluation.methods

    @property
    def verdict(self) -> tuple[str, str]:
        """Level (``"red"``, ``"amber"`` or empty) and sentence."""
        said = self.about.get("verdict")
        if isinstance(said, Mapping):
            return str(said.get("level", "")), str(said.get("text", ""))
        return "", ""

    @property
    def several(self) -> bool:
        """Whether there is more than one variant of features."""
        columns = ["segmenter", "feature_set", "definition"]
        return len(self.evaluation.summary[columns].drop_duplicates()) > 1

    @property
    def report(self) -> Path:
        """The report, whether or not it is there."""
        return self.folder / REPORT

    def model_of(self, method: str, fold: str) -> Path | None:
        """Return the model that did not see the films of a fold; None where none was kept."""
        from napari_tbcad.batch.evaluating.models import MODELS, model_file

        name = model_file(method, fold)
        return self.folder / MODELS / name if name in self.models else None


def read_results(folder: Path) -> Results:
    """Read an evaluation; takes as long as its tables are large, so on a worker.

    Raises
    ------
    BadInput
        If the folder holds no evaluation that can be read.
    """
    from napari_tbcad.batch.evaluating.models import MODELS
    from napari_tbcad.evaluate.learning_reading import reading
    from napari_tbcad.evaluate.tables import read_evaluation

    evaluation = read_evaluation(folder)
    films = {method: films_of(evaluation, method) for method in evaluation.methods}
    models = folder / MODELS
    names = frozenset(path.name for path in models.glob("*.skops")) if models.is_dir() else frozenset()
    curve = evaluation.learning_curve
    learning = reading(curve) if len(curve) else ""
    return Results(folder, evaluation, films, read_paths(folder), names, learning)


def films_of(evaluation: Evaluation, method: str) -> Films:
    """Return the test films of a method of the main variant, the most wrong first."""
    rows = evaluation.main_predictions(method)
    label = rows["label"].to_numpy(np.int64)
    probability = rows["probability"].to_numpy(np.float64)
    suspect = rows["decision"].to_numpy(np.float64) == 1
    outcome = np.where(suspect == (label == 1), RIGHT, np.where(label == 1, MISSED, ALARM))
    wrong = np.where(label == 1, 1 - probability, probability)
    # First all that were decided wrongly, however near to the threshold.
    order = np.lexsort((rows["file"].to_numpy(str), -np.nan_to_num(wrong, nan=0.5), outcome == RIGHT))
    texts = {name: rows[name].to_numpy(object)[order] for name in ("file", "fold", "source", "patient")}
    return Films(
        **texts,
        label=label[order],
        outcome=outcome[order].astype(np.int64),
        stage=np.nan_to_num(rows["deciding_stage"].to_numpy(np.float64)).astype(np.int64)[order],
        probability=probability[order],
        threshold=rows["threshold"].to_numpy(np.float64)[order],
    )


def read_paths(folder: Path) -> dict[str, Path]:
    """Return where films lie, as the evaluation's own process noted; nothing where it did not."""
    try:
        with (folder / FILMS).open(encoding="utf-8-sig", newline="") as file:
            return {row["file"]: Path(row["path"]) for row in read_rows(file)}
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, TypeError):
        return {}


def rows_of(table: pd.DataFrame) -> list[Any]:
    """Return the rows of a table; its columns are their attributes."""
    return list(table.itertuples(index=False))
