"""Training a chest classifier on a data set, from its films to the saved model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.batch.cards import card_facts as card_facts
from napari_tbcad.batch.evaluating.designs import design_of as design_of
from napari_tbcad.batch.labelled import LabelledTables as LabelledTables
from napari_tbcad.batch.labelled import Say
from napari_tbcad.batch.labelled import measure_dataset as measure_dataset
from napari_tbcad.batch.measuring import MeasureJob, require_networks
from napari_tbcad.errors import BadInput
from napari_tbcad.files import require_writable

if TYPE_CHECKING:
    from napari_tbcad.chest.classify.model import ChestModel
    from napari_tbcad.io.datasets import DataSet


def train_on(
    path: Path,
    out: Path,
    *,
    method: str = "svm",
    single_stage: bool = False,
    splits: Path | None = None,
    assignments: Mapping[str, Any] | None = None,
    atlas: str | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    say: Say | None = None,
) -> tuple[ChestModel, int]:
    """Train a classifier on a data set, judge it, and save it with its card.

    Parameters
    ----------
    path : Path
        Data set: a known layout or a CSV.
    out : Path
        Model file to write.
    method, single_stage
        See :func:`napari_tbcad.evaluate.training.train_model`.
    splits : Path, optional
        folds.csv for the card's scores; else cross-source where there are two collections, else 10-fold.
    assignments, atlas
        See :class:`~napari_tbcad.batch.measuring.MeasureJob`.
    workers, scheduler
        See :func:`napari_tbcad.batch.pool.each`.
    say : callable, optional
        Told what goes on.

    Returns
    -------
    model : ChestModel
        As read back from the file.
    failed : int
        Number of films that could not be measured and were left out.
    """
    from napari_tbcad.chest.classify.store import load_model, save_model
    from napari_tbcad.chest.feature_sets import has_modes
    from napari_tbcad.chest.workflow import packaged_shape_model, settings_from
    from napari_tbcad.evaluate.training import train_model
    from napari_tbcad.io.datasets import load_dataset

    require_writable(out.parent)
    settings = settings_from(assignments or {})
    require_networks(settings)
    job = MeasureJob(dict(assignments or {}), atlas)
    dataset = load_dataset(path).labelled()
    _require_two_patients(dataset)
    data = measure_dataset(dataset, job, workers=workers, scheduler=scheduler, say=say)
    chosen, design = design_of(data, folds=None, holdout=None, splits=splits)
    extended = has_modes(settings.features.feature_set)
    model = train_model(
        data.tables.inside,
        data.labels,
        method=method,
        single_stage=single_stage,
        card_info=card_facts(data, settings, name=out.stem, atlas=atlas),
        splits=chosen,
        controls=data.controls,
        groups=data.patients,
        shape_model=packaged_shape_model().to_arrays() if extended else None,
        design=design,
        progress=_percent(say),
    )
    save_model(model, out)
    return load_model(out), len(data.tables.errors)


def _require_two_patients(dataset: DataSet) -> None:
    """Refuse, before the first film is measured, a set of which no two folds can be made."""
    for value, which in ((1, "with"), (0, "without")):
        number = len({row.patient for row in dataset.rows if row.label == value})
        if number < 2:
            raise BadInput(
                dataset.path, f"{number} patient {which} tuberculosis: too few to train and to test on"
            )


def _percent(say: Say | None) -> Callable[[float, str], None] | None:
    if say is None:
        return None
    return lambda share, what: say(f"  fitted {share:4.0%}  {what}")
