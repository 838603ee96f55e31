"""Judging a model as it is, on all films of a data set; nothing of it is trained anew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tbcad.batch.evaluating.designs import Designed, designed
from napari_tbcad.batch.evaluating.explained import with_explanation
from napari_tbcad.batch.evaluating.fits import KeptFits
from napari_tbcad.batch.evaluating.judging import judge_variants
from napari_tbcad.batch.evaluating.progress import Progress, Say, Steps
from napari_tbcad.batch.evaluating.store import WORK
from napari_tbcad.batch.measuring import require_networks
from napari_tbcad.errors import BadInput

if TYPE_CHECKING:
    from napari_tbcad.batch.evaluating.found import Found
    from napari_tbcad.batch.evaluating.run import Run
    from napari_tbcad.chest.classify.model import ChestModel
    from napari_tbcad.evaluate.evaluation import Evaluation


def evaluate_model(given: Run, classifier: str, *, say: Say | None, progress: Progress | None) -> Evaluation:
    """Ask a model about every film; controls are trained on folds of the films.

    Raises
    ------
    BadInput
        If a second data set is given to test on.
    ModelRefused
        If the model is refused, or the settings measure otherwise than it learned.
    """
    from sklearn.frozen import FrozenEstimator

    from napari_tbcad.batch.evaluating.run import STEPS, about, look_and_measure
    from napari_tbcad.batch.evaluating.writing import write_folder
    from napari_tbcad.chest.classify.packaged import find_model
    from napari_tbcad.chest.workflow import refuse_unless_fits, settings_from
    from napari_tbcad.evaluate.folds import Fold

    if given.test is not None:
        raise BadInput(given.test, "a model is judged on one data set: give this one as the data set itself")
    steps = Steps(STEPS, progress, say)
    model = find_model(classifier)
    given = _as_the_model(given, model)
    settings = settings_from({**given.assignments, **given.config.variants[0].assignments})
    refuse_unless_fits(model, settings)
    require_networks(settings)
    found, measured = look_and_measure(given, steps, say, trains=False)
    everything = np.arange(len(measured.films))
    design = Designed((Fold("all", everything[:0], everything),), f"{model.card.name} as it is", "given")
    notes = learned_from(model, found)
    for note in notes:
        if say is not None:
            say(f"  {note}")
    try:
        control_folds = designed(measured.films, given.config).folds
    except BadInput as error:  # too few films to train a control on; the report says that there is none
        control_folds = ()
        notes.append(f"no controls: {error}")
    variant = given.config.variants[0]
    names = list(model.card.feature_names)
    tables = replace(measured.tables[variant], inside=measured.tables[variant].inside[names])
    kept = KeptFits(given.out / WORK / "fits.jsonl", workers=given.workers, cancelled=given.cancelled)
    kept.tell = steps.fits("judge", batches=2)

    def fits(jobs: Any) -> Any:
        """Ask the model itself, which is not fitted, here; fit controls as ever."""
        from napari_tbcad.evaluate.fitting import fit_all

        return fit_all(jobs) if all(job.fold.name == "all" for job in jobs) else kept(jobs)

    try:
        evaluation = judge_variants(
            replace(measured, tables={variant: tables}),
            design.folds,
            given.config.model_copy(update={"methods": ("hierarchical_svm",)}),
            fits=lambda _: fits,
            methods={model.card.name: FrozenEstimator(model.estimator)},
            control_folds=control_folds,
        )
    finally:
        kept.close()
    facts = about(given, found, measured, design)
    facts |= {"classifier": f"{model.card.name} {model.sha256}".strip(), "notes": [*facts["notes"], *notes]}
    model_of = dict.fromkeys(measured.files, classifier)
    evaluation = with_explanation(evaluation, given, measured, model_of, facts, steps.of("explain"))
    return write_folder(given, evaluation, facts, measured, found)


def learned_from(model: ChestModel, found: Found) -> list[str]:
    """Return a note where a model may be judged on films it learned from; its card does not list them."""
    here = {film.source for film in found.films} | {one.name for one in found.sets}
    known = {name.casefold() for name in here}
    same = [one.name for one in model.card.sources if one.name.casefold() in known]
    if not same:
        return []
    return [
        f"{model.card.name} learned from films of {', '.join(same)}, which are here, too: "
        "on the very films that it learned from, its scores are better than on new ones"
    ]


def _as_the_model(given: Run, model: ChestModel) -> Run:
    """Return the run with the settings the model's films were measured with, and then those given."""
    from napari_tbcad.chest.workflow import assignments_of

    assignments = {**assignments_of(model), **given.assignments}
    features = model.card.features
    config = given.config.model_copy(
        update={
            "segmenters": (str(assignments.get("lungs.segmenter", given.config.segmenters[0])),),
            "feature_sets": (str(features.get("feature_set", model.card.feature_set)),),
            "definitions": (str(assignments.get("features.definition", model.card.definition or "ibsi")),),
            "repeats": 1,
        }
    )
    return replace(given, config=config, assignments=assignments)
