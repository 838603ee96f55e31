"""From a data set to an evaluation folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.batch.evaluating.about import about_run, equal_command
from napari_tbcad.batch.evaluating.config import EvaluationConfig
from napari_tbcad.batch.evaluating.designs import Designed, designed
from napari_tbcad.batch.evaluating.film import atlas_digest
from napari_tbcad.batch.evaluating.film_tables import VariantTables
from napari_tbcad.batch.evaluating.fits import KeptFits
from napari_tbcad.batch.evaluating.folder import claimed_folder
from napari_tbcad.batch.evaluating.found import Found
from napari_tbcad.batch.evaluating.judging import judge_variants
from napari_tbcad.batch.evaluating.measured import MeasuredFilms, measure_found
from napari_tbcad.batch.evaluating.models import FoldModels
from napari_tbcad.batch.evaluating.plans import Plan, plans_for
from napari_tbcad.batch.evaluating.progress import Progress, Say, Steps
from napari_tbcad.batch.evaluating.sessions import Clock, session
from napari_tbcad.batch.evaluating.store import HASHES, MEASURED, WORK, MeasuredStore
from napari_tbcad.batch.evaluating.survey import require_no_problem, survey
from napari_tbcad.batch.measuring import require_networks
from napari_tbcad.content import digest

if TYPE_CHECKING:
    from napari_tbcad.evaluate.evaluation import Evaluation
    from napari_tbcad.evaluate.fitting import Fits

STEPS = {"measure": 10.0, "judge": 6.0, "holdout": 0.5, "extras": 3.0, "explain": 1.0, "write": 0.5}
"""The steps of a run and about what share of its time each takes."""

Probe = Callable[[], bool]


@dataclass(frozen=True)
class Run:
    """What the steps of one evaluation share."""

    path: Path
    out: Path
    config: EvaluationConfig
    assignments: Mapping[str, Any]
    test: Path | None = None
    splits: Path | None = None
    atlas: str | None = None
    reader: Path | None = None
    workers: int = 1
    scheduler: str | None = None
    cancelled: Probe | None = None
    command: str = ""
    clock: Clock = field(default_factory=Clock)


def evaluate_dataset(
    path: str | Path,
    out: str | Path,
    config: EvaluationConfig | None = None,
    *,
    test: str | Path | None = None,
    splits: str | Path | None = None,
    classifier: str | None = None,
    assignments: Mapping[str, Any] | None = None,
    atlas: str | None = None,
    reader: str | Path | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    say: Say | None = None,
    progress: Progress | None = None,
    cancelled: Probe | None = None,
    command: str = "",
) -> Evaluation:
    """Judge classifiers on a data set and write the evaluation folder.

    A run that was interrupted goes on where it was: measurements and fits are kept in the folder, by the
    content of the films and the settings, and those that still fit are used again.

    Parameters
    ----------
    path, test : str or Path
        Data set, and another one to test on.
    out : str or Path
        The evaluation's folder.
    config : EvaluationConfig, optional
        What is compared; the defaults when not given.
    splits : str or Path, optional
        folds.csv of an earlier evaluation.
    classifier : str, optional
        Packaged name or file of a model to judge as it is, on all films, instead of training anew.
    assignments : mapping, optional
        Settings of the chain that differ from the defaults, by dotted name.
    atlas : str, optional
        Path of an atlas file.
    reader : str or Path, optional
        Folder of a reader's masks (``NAME_sensitive.png``, ``NAME_insensitive.png``, or ``NAME.png``).
    workers, scheduler
        See :func:`napari_tbcad.batch.pool.each`.
    say, progress, cancelled : callable, optional
        Told what goes on; called with the share done and a text; asked whether to stop.
    command : str
        As typed, for evaluation.json.

    Returns
    -------
    Evaluation
        What was written; :func:`napari_tbcad.evaluate.tables.read_evaluation` reads it again.

    Raises
    ------
    BadInput
        If the data set, the folder or the design will not do; names the file and the cause.
    Cancelled
        When `cancelled` says so.
    """
    out, asked = Path(out), (config or EvaluationConfig())
    given = Run(
        Path(path),
        out,
        asked.with_settings(assignments or {}),
        dict(assignments or {}),
        test=None if test is None else Path(test),
        splits=None if splits is None else Path(splits),
        atlas=atlas,
        reader=None if reader is None else Path(reader),
        workers=workers,
        scheduler=scheduler,
        cancelled=cancelled,
        command=command,
    )
    if not command:
        told = {name: getattr(given, name) for name in ("test", "splits", "reader", "atlas", "assignments")}
        given = replace(given, command=equal_command(given.path, out, asked, classifier=classifier, **told))
    sets = (one for one in (given.path, given.test) if one is not None)
    with claimed_folder(out, *sets), session(out / WORK, _key(given, classifier)) as clock:
        given = replace(given, clock=clock)
        if classifier is not None:
            from napari_tbcad.batch.evaluating.given import evaluate_model

            return evaluate_model(given, classifier, say=say, progress=progress)
        return _evaluate(given, say, progress)


def _evaluate(given: Run, say: Say | None, progress: Progress | None) -> Evaluation:
    from napari_tbcad.batch.evaluating.explained import models_of, with_explanation
    from napari_tbcad.batch.evaluating.extras import Beside, with_extras
    from napari_tbcad.batch.evaluating.writing import write_folder

    steps = Steps(STEPS, progress, say)
    _require_variants(given)
    found, measured = look_and_measure(given, steps, say)
    design = designed(measured.films, given.config, splits=given.splits)
    facts = about(given, found, measured, design)
    fits = KeptFits(
        given.out / WORK / "fits.jsonl",
        workers=given.workers,
        tell=steps.fits("judge", batches=3 * len(given.config.variants)),
        cancelled=given.cancelled,
    )
    try:
        wanted = given.config.save_models or given.config.explain
        models = _fold_models(given, measured) if wanted else None
        evaluation = judge_variants(
            measured, design.folds, given.config, fits=lambda tables: _keeping(fits, models, tables, given)
        )
        fits.keep = lambda job: False
        beside = None
        if given.config.also_holdout and design.kind not in ("holdout", "test", "splits"):
            fits.tell = steps.fits("holdout", batches=3 * len(given.config.variants))
            beside = _holdout(given, measured, fits)
        fits.tell = steps.fits("extras", batches=2)
        evaluation, notes = with_extras(
            evaluation, Beside(measured, design, given.config, fits), steps.of("extras")
        )
        facts["notes"] = [*facts["notes"], *notes]
        if models is not None:
            model_of = models_of(evaluation, models)
            evaluation = with_explanation(evaluation, given, measured, model_of, facts, steps.of("explain"))
    finally:
        fits.close()
    steps.tell("write", 0.0, "writing tables and report")
    kept = models if given.config.save_models else None
    done = write_folder(given, evaluation, facts, measured, found, models=kept, beside=beside)
    steps.tell("write", 1.0, "done")
    return done


def _key(given: Run, classifier: str | None) -> str:
    """Return what tells one evaluation from another in the same folder."""
    asked: list[Any] = [
        given.path.absolute(),
        given.test,
        given.splits,
        given.atlas,
        given.reader,
        classifier,
    ]
    asked += [given.config.model_dump_json(), *sorted(given.assignments.items())]
    return digest(*(str(one) for one in asked))


def _require_variants(given: Run) -> None:
    """Refuse, before the first film, a network or a setting that a variant cannot have."""
    from napari_tbcad.chest.workflow import settings_from

    for variant in given.config.variants:
        require_networks(settings_from({**given.assignments, **variant.assignments}))


def look_and_measure(
    given: Run, steps: Steps, say: Say | None, *, trains: bool = True
) -> tuple[Found, MeasuredFilms]:
    """Look at the data set and measure every film that was not measured before.

    What forbids the evaluation, or the training where one is asked for, is said before the first film.
    """
    found = survey(
        given.path,
        test=given.test,
        hashes=given.out / WORK / HASHES,
        every=True,
        say=say,
        cancelled=given.cancelled,
    )
    for note in found.notes:
        if say is not None:
            say(f"  {note}")
    require_no_problem(found, trains=trains)
    if trains:
        designed(found.films, given.config, splits=given.splits)
    plans = plans_of(given, found)
    store = MeasuredStore(given.out / MEASURED)
    try:
        measured = measure_found(
            found,
            plans,
            given.config.variants,
            store,
            atlas=given.atlas,
            reader=given.reader,
            workers=given.workers,
            scheduler=given.scheduler,
            progress=steps.of("measure"),
            cancelled=given.cancelled,
        )
    finally:
        store.close()
    return found, measured


def plans_of(given: Run, found: Found) -> Sequence[Plan]:
    """Return what is measured of every film."""
    reference = given.reader is not None or found.references > 0
    atlas = atlas_digest(given.atlas)
    return plans_for(given.config.variants, given.assignments, atlas=atlas, reference=reference)


def about(given: Run, found: Found, measured: MeasuredFilms, design: Designed) -> dict[str, Any]:
    """Return what evaluation.json says of a run."""
    from napari_tbcad.chest.workflow import settings_from

    main = given.config.variants[0]
    return about_run(
        found,
        measured.films,
        [*found.left_out, *measured.left_out],
        [*found.duplicates, *measured.duplicates],
        given.config,
        settings_from({**given.assignments, **main.assignments}),
        assignments=given.assignments,
        design=design.name,
        command=given.command,
        clock=given.clock,
        workers=given.workers,
    )


def _fold_models(given: Run, measured: MeasuredFilms) -> FoldModels:
    from napari_tbcad.batch.evaluating.writing import card_of
    from napari_tbcad.chest.feature_sets import has_modes
    from napari_tbcad.chest.workflow import packaged_shape_model

    facts = card_of(given, measured)
    modes = has_modes(given.config.feature_sets[0])
    return FoldModels(
        given.out / WORK / "models", facts, packaged_shape_model().to_arrays() if modes else None
    )


def _keeping(fits: KeptFits, models: FoldModels | None, tables: VariantTables, given: Run) -> Fits:
    """Let the classifiers of the main variant's first repeat be kept."""
    if models is None or not tables.variant.main:
        fits.keep = lambda job: False
        return fits
    names = set(given.config.methods)
    fits.keep = lambda job: job.name in names and job.fold.repeat == 1 and job.X is not None
    fits.have, fits.take = models.have, models.take
    return fits


def _holdout(given: Run, measured: MeasuredFilms, fits: KeptFits) -> tuple[Evaluation, Designed]:
    """Judge the student project's own design, too."""
    config = given.config.model_copy(update={"design": "holdout"})
    design = designed(measured.films, config)
    return judge_variants(measured, design.folds, config, fits=lambda tables: fits), design
