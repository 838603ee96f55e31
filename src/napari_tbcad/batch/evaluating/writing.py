"""Writing the evaluation folder: tables, what was done, models, pictures and reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tbcad.batch.evaluating.designs import Designed, facts_of
from napari_tbcad.batch.evaluating.models import MODELS, FoldModels
from napari_tbcad.batch.evaluating.store import WORK
from napari_tbcad.files import write_csv

if TYPE_CHECKING:
    from napari_tbcad.batch.evaluating.found import Found
    from napari_tbcad.batch.evaluating.measured import MeasuredFilms
    from napari_tbcad.batch.evaluating.run import Run
    from napari_tbcad.batch.evaluating.sessions import Clock
    from napari_tbcad.evaluate.evaluation import Evaluation

HOLDOUT = "holdout"


def write_folder(
    given: Run,
    evaluation: Evaluation,
    facts: Mapping[str, Any],
    measured: MeasuredFilms,
    found: Found,
    *,
    models: FoldModels | None = None,
    beside: tuple[Evaluation, Designed] | None = None,
) -> Evaluation:
    """Write everything an evaluation found.

    Parameters
    ----------
    given : Run
    evaluation : Evaluation
        With all its tables but those of the data: they come from `measured` and `found`.
    facts : mapping
        Content of evaluation.json but the verdict and the end.
    measured, found
        Films, what was left out, copies.
    models : FoldModels, optional
        Classifiers of the folds.
    beside : (Evaluation, Designed), optional
        The hold-out design, for the folder ``holdout``.

    Returns
    -------
    Evaluation
        As written.
    """
    from napari_tbcad.evaluate.reports.experiment import write_reports
    from napari_tbcad.evaluate.tables import write_tables

    whole = _whole(evaluation, facts, measured, found, given.clock)
    if models is not None:
        _write_models(models, given.out, whole, str(facts["design"]))
    else:
        _take_away_models(given.out)
    _write_places(given.out, measured)
    if beside is None:
        _take_away_holdout(given.out)
    else:
        judged, design = beside
        about = {**facts, "design": design.name, "title": f"{_data_name(facts)}, {design.name}"}
        write_tables(_whole(judged, about, measured, found, given.clock), given.out / HOLDOUT)
    write_tables(whole, given.out)
    write_reports(given.out)
    return whole


def _whole(
    evaluation: Evaluation, facts: Mapping[str, Any], measured: MeasuredFilms, found: Found, clock: Clock
) -> Evaluation:
    """Add what the data say, the verdict and the end of the run."""
    import pandas as pd

    first = evaluation.summary.iloc[0]
    about = {
        **facts,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": clock.seconds,
        "verdict": {"level": str(first["level"]), "text": str(first["warning"])},
    }
    left = [*found.left_out, *measured.left_out]
    copies = [*found.duplicates, *measured.duplicates]
    rows = [(out.file, out.reason, out.kind, out.role) for out in left]
    main = next(iter(measured.tables.values()))
    features = main.inside.reset_index()
    return replace(
        evaluation,
        about=about,
        features=features,
        failed=pd.DataFrame(rows, columns=["file", "message", "kind", "role"]),
        duplicates=pd.DataFrame(
            [(one.file, one.same_as, one.kind, one.handled) for one in copies],
            columns=["file", "same_as", "kind", "handled"],
        ),
    )


def card_of(given: Run, measured: MeasuredFilms) -> dict[str, Any]:
    """Return what the cards of all folds share: how the films of the main variant were measured."""
    from napari_tbcad.batch.cards import card_facts
    from napari_tbcad.chest.workflow import settings_from

    main = given.config.variants[0]
    facts = card_facts(
        labelled(measured),
        settings_from({**given.assignments, **main.assignments}),
        name="fold",
        atlas=given.atlas,
    )
    # These are of the films that trained a fold, which its fit tells.
    return {k: v for k, v in facts.items() if k not in ("normal", "n_tb", "n_normal")}


def labelled(measured: MeasuredFilms) -> Any:
    """Return the main variant's films as the tables that training takes."""
    from napari_tbcad.batch.labelled import LabelledTables
    from napari_tbcad.batch.measuring import Tables
    from napari_tbcad.evaluate.controls import age_sex_table

    main = next(iter(measured.tables.values()))
    labels, patients, sources = facts_of(measured.films)
    rows = [film.row for film in measured.films]
    ages = np.array([row.age for row in rows], dtype=object)
    sexes = np.array([row.sex for row in rows], dtype=object)
    outside = main.controls.get("outside_lungs", main.inside.iloc[:, :0])
    return LabelledTables(
        Tables(main.inside, outside, {}, measured.grey),
        labels,
        patients,
        sources,
        age_sex_table(ages, sexes).set_index(main.inside.index),
    )


def _write_models(models: FoldModels, out: Path, evaluation: Evaluation, design: str) -> None:
    from napari_tbcad.evaluate.training import card_scores

    main = replace(
        evaluation,
        summary=evaluation.of_main(evaluation.summary),
        by_fold=evaluation.of_main(evaluation.by_fold),
        controls=evaluation.of_main(evaluation.controls),
    )
    scores = {name: card_scores(main, name, design=design) for name in main.methods}
    models.write(out / MODELS, scores, design)


def _take_away_models(out: Path) -> None:
    """Take away models of an earlier run: they may have learned from films that this one tests."""
    for old in (out / MODELS).glob("*.skops"):
        old.unlink()


def _take_away_holdout(out: Path) -> None:
    """Take away the tables of an earlier run's hold-out: they are not of this one."""
    from napari_tbcad.evaluate.columns import FIELDS
    from napari_tbcad.evaluate.tables import ABOUT

    folder = out / HOLDOUT
    for name in (ABOUT, "folds.csv", *FIELDS):
        (folder / name).unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _write_places(out: Path, measured: MeasuredFilms) -> None:
    """Write where the films are on this machine: for opening them, in the folder that nobody passes on."""
    rows = [{"file": f.file, "path": str(f.path.absolute()), "role": f.role} for f in measured.films]
    write_csv(out / WORK / "films.csv", ("file", "path", "role"), rows)


def _data_name(facts: Mapping[str, Any]) -> str:
    return " on ".join(dict.fromkeys(str(one["name"]) for one in reversed(facts["data"])))
