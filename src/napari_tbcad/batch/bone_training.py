"""Training the bone networks on a set, one command for both views: configure, train or go on, judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from napari_tbcad.batch.bone_training_sets import TrainingSet, learned_patients
from napari_tbcad.batch.trainings.start import start_from
from napari_tbcad.errors import BadInput
from napari_tbcad.imaging.bonescan import VIEWS, ViewName

if TYPE_CHECKING:
    from napari_tbcad.networks.config import TrainingConfig
    from napari_tbcad.networks.evaluate import Evaluation

PACKAGED: Mapping[str, str] = {
    "anterior": "hotspots-anterior",
    "posterior": "hotspots-posterior",
    "both": "skeleton",
}
"""Packaged network that a training is started from."""
BOTH = "both"
FROM_SCRATCH_EPOCHS = 40
"""Epochs without a network to start from, unless told otherwise."""


@dataclass(frozen=True)
class Training:
    """One network to be trained.

    Parameters
    ----------
    part : str
        ``"anterior"``, ``"posterior"`` or ``"both"``: what it reads.
    folder : Path
        A folder below it for each fold.
    config : TrainingConfig
    learned_from : frozenset of str
        Patients that the packaged network it starts from has learned from: they are not judged.
    """

    part: str
    folder: Path
    config: TrainingConfig
    learned_from: frozenset[str] = frozenset()


def trainings(
    source: TrainingSet,
    out: Path,
    *,
    view: ViewName | None = None,
    scheme: Literal["4", "3"] = "4",
    start: str = "packaged",
    epochs: int | None = None,
    device: str | None = None,
    changes: Mapping[str, Any] | None = None,
) -> list[Training]:
    """Return the trainings of a set: hotspots a network for each view, regions one for both.

    Parameters
    ----------
    source : TrainingSet
    out : Path
        Folder for the results.
    view : {"anterior", "posterior"}, optional
        Only this one.
    scheme : {"4", "3"}, optional
        Classes of hotspots; in 3, normal hotspots count as bone.
    start : str, optional
        ``"packaged"``, ``"none"``, or a network's name or file: what is started from. Architecture and input
        are its own.
    epochs : int, optional
        Another number than the template's.
    device : str, optional
    changes : mapping, optional
        Further settings by dotted name, such as ``{"fit.batch": 16}``.

    Raises
    ------
    BadInput
        If the set lacks the view, or a setting is unknown or out of bounds.
    ModelRefused
        If the network to start from is not there, or is of another task or view.
    """
    if source.what == "hotspots" and source.scheme == "3" and scheme == "4":
        raise BadInput(source.folder, "normal hotspots are bone in this set: train with --scheme 3")
    parts = _parts(source, view)
    made = []
    for part in parts:
        config = _configured(source, part, scheme, start, epochs, device, changes or {})
        packaged = config.fit.start_from in PACKAGED.values()
        learned = learned_patients(source) if packaged else frozenset()
        made.append(Training(part, out / part, config, learned))
    return made


def _parts(source: TrainingSet, view: ViewName | None) -> list[str]:
    if view is not None and view not in source.views:
        raise BadInput(source.folder, f"no image of the {view} view is in it")
    if source.what == "hotspots":
        return [view] if view else list(source.views)
    if view == "posterior":
        raise BadInput(
            "--view", "the sternum is told in anterior views only; train regions on both views, or anterior"
        )
    return [view] if view else [BOTH if len(source.views) == len(VIEWS) else source.views[0]]


def _configured(
    source: TrainingSet,
    part: str,
    scheme: str,
    start: str,
    epochs: int | None,
    device: str | None,
    changes: Mapping[str, Any],
) -> TrainingConfig:
    """Return the template of this training, filled in."""
    import yaml

    from napari_tbcad.networks.config import config_from
    from napari_tbcad.networks.example_configs import example_config
    from napari_tbcad.settings import assigned

    content = yaml.safe_load(example_config(source.what))
    task = "regions" if source.what == "regions" else scheme
    views = list(VIEWS) if part == BOTH else [part]
    content |= {"name": f"{'skeleton' if task == 'regions' else 'hotspots'}-{part}", "task": task}
    content["input"]["views"] = views
    if source.content:
        # A training that was begun with other labels is not gone on with.
        content["description"] += f" Set {source.content[:12]}."
    if scheme == "3" and task == "3":
        content["name"] += "-3"
    content["data"] = {
        "folds": source.folds,
        "sources": [
            {
                "name": f"{source.name}-{one}",
                "folder": str(source.folder.absolute()),
                "images": ".",
                "table": "samples.csv",
                "where": {"view": one},
                "values": {3: 1} if task == "3" else {},
                "terms": source.terms,
            }
            for one in views
        ],
    }
    packaged = PACKAGED[BOTH if task == "regions" else part]
    content["fit"]["start_from"] = start_from(start, content, packaged=packaged, task=task, views=views)
    if start == "none":
        content["fit"]["epochs"] = FROM_SCRATCH_EPOCHS
    content["fit"] |= {k: v for k, v in (("epochs", epochs), ("device", device)) if v is not None}
    return assigned(config_from(content, "bone train", Path.cwd()), changes)


def train_all(
    plan: Sequence[Training],
    *,
    fold: int | None = 0,
    device: str = "auto",
    say: Callable[[str], None] = print,
    cancelled: Callable[[], bool] | None = None,
) -> dict[str, Evaluation | None]:
    """Train every network, or go on with it, and judge it on the patients that it never saw.

    Parameters
    ----------
    plan : sequence of Training
    fold : int or None, optional
        The fold held out; None trains and judges all folds, each patient by the network that never saw them.
    device : str, optional
        On which they are judged.
    say, cancelled : callable, optional

    Returns
    -------
    dict
        By part, the scores of all folds together; None where one was held out (its tables lie in its
        folder, see :func:`fold_lines`).
    """
    from napari_tbcad.batch.bone_training_judged import judge_others
    from napari_tbcad.networks.crossvalidate import crossvalidate
    from napari_tbcad.networks.predict import PredictParameters

    results: dict[str, Evaluation | None] = {}
    for one in plan:
        say(f"{one.config.name}: {one.config.fit.epochs} epochs, in {one.folder}")
        parameters = PredictParameters.model_validate({"device": device})
        if one.learned_from:
            results[one.part] = judge_others(
                one.config, one.folder, one.learned_from, fold, parameters, say, cancelled
            )
            continue
        results[one.part] = crossvalidate(
            one.config,
            one.folder,
            only=None if fold is None else [fold],
            parameters=parameters,
            say=say if fold is None else _but_of_other_folds(say),
            cancelled=cancelled,
        )
    return results


def _but_of_other_folds(say: Callable[[str], None]) -> Callable[[str], None]:
    """Return `say` without the reminder of folds that nobody asked for."""
    return lambda line: None if "still to be trained" in line else say(line)


def fold_lines(training: Training, fold: int) -> list[str]:
    """Return the scores of a fold's held-out patients as lines, from the table in its folder."""
    from napari_tbcad.networks.score_tables import SUMMARY_COLUMNS
    from napari_tbcad.result_tables import read_rows

    path = training.folder / f"fold{fold}" / "summary.csv"
    if training.learned_from and not path.is_file():
        return [f"{training.part}: no score: nobody is held out whom the packaged network did not learn from"]
    rows = read_rows(path, SUMMARY_COLUMNS)
    return [
        f"{training.part}: {row['metric']} of {row['class']} {float(row['value']):.3f}"
        + (f" ({float(row['low']):.3f}–{float(row['high']):.3f})" if row["low"] else "")
        + f", {row['images']} images, {row['patients']} patients"
        for row in rows
        if row["source"] == "all" and row["metric"] == "dice" and row["value"]
    ]
