"""The image classifier of a comparison: tuned and trained as the networks are, then asked."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_tbcad.evaluate.compare.classifier_scores import ClassifierRow, ClassifierScores
from napari_tbcad.evaluate.compare.plan import Run, split_of_run, training_config
from napari_tbcad.evaluate.compare.run_scores import abnormal_of
from napari_tbcad.evaluate.compare.scoring import each_scored
from napari_tbcad.evaluate.compare.tuning import tuned_rate, with_rate
from napari_tbcad.networks.config import TrainingConfig
from napari_tbcad.networks.image_classifier.parameters import ClassifierParameters
from napari_tbcad.networks.training_folder import BEST, CONFIG, LAST, LOG, read_log

if TYPE_CHECKING:
    from napari_tbcad.evaluate.compare.training import Trainer
    from napari_tbcad.networks.image_classifier.store import ImageClassifier
    from napari_tbcad.networks.samples import Sample

__all__ = ["ClassifierRow", "ClassifierScores", "classify_run", "score_classifier", "trained_classifier"]


def classify_run(trainer: Trainer, run: Run) -> ClassifierScores:
    """Train the classifier of a run, unless it is trained, and ask it about the test images.

    Raises
    ------
    BadInput
        If images, weights or folder cannot be used, or the run was begun with another configuration.
    TrainingStopped
        If the loss became NaN or a file could not be written.
    Busy
        If another process is trying its learning rates.
    Cancelled
        If `trainer.cancelled` said so; what was trained is kept.
    """
    classifier = trained_classifier(trainer, run)
    samples = split_of_run(trainer.config, run, trainer.split).test
    trainer.say(f"{run.name}: scoring {len(samples)} images")
    return score_classifier(run, classifier, samples, device=trainer.device, cancelled=trainer.cancelled)


def trained_classifier(trainer: Trainer, run: Run) -> ImageClassifier:
    """Return a run's classifier: as it is, gone on with, or trained from the start; raises as classify_run.

    Its learning rate is tried as those of the networks are, and judged by the AUC of the watched images.
    Once its file is written the checkpoints, some hundred megabytes, are removed.
    """
    from napari_tbcad.networks.crossvalidate import require_same
    from napari_tbcad.networks.image_classifier.fit import MODEL, train_classifier
    from napari_tbcad.networks.image_classifier.store import load_classifier

    parameters = ClassifierParameters(encoder=trainer.config.classifier.encoder, weights=run.weights)

    def trial(config: TrainingConfig, place: Path) -> tuple[float, float]:
        return _trial(_without_start(trainer.placed(config)), place, parameters, trainer)

    rate = tuned_rate(trainer.config, run, trainer.out, trainer.split, trial, say=trainer.say)
    base = training_config(trainer.config, run, split=trainer.split)
    chosen = _without_start(trainer.placed(with_rate(base, rate)))
    place = run.folder(trainer.out)
    if (place / MODEL).is_file():
        require_same(place / CONFIG, parameters.within(chosen))
    else:
        trainer.say(f"{run.name}: {chosen.fit.epochs} epochs at learning rate {rate:g}")
        train_classifier(
            chosen,
            place,
            parameters,
            resume=(place / LAST).is_file(),
            say=lambda line: trainer.say(f"{run.name}: {line}"),
            cancelled=trainer.cancelled,
        )
    for name in (LAST, BEST):
        (place / name).unlink(missing_ok=True)
    return load_classifier(place / MODEL, task=run.scheme, view=run.view)


def score_classifier(
    run: Run,
    classifier: ImageClassifier,
    samples: Sequence[Sample],
    *,
    device: str = "auto",
    progress: Callable[[int, int, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> ClassifierScores:
    """Ask a classifier about test images.

    Parameters
    ----------
    run : Run
        Which method, scheme and view.
    classifier : ImageClassifier
        The trained one.
    samples : sequence of Sample
        Test images with labels of the run's scheme; clean ones belong to them.
    device : str, optional
        Where it is computed.
    progress : callable, optional
        Called with the number done, the number of all, and the image's name.
    cancelled : callable, optional
        Asked between images.

    Returns
    -------
    ClassifierScores
        An image that cannot be scored is named with its cause; the others go on.

    Raises
    ------
    BadInput
        If there is no image, or not one could be scored.
    Cancelled
        If `cancelled` said so.
    """

    def one(sample: Sample) -> ClassifierRow:
        return _row(run, classifier, sample, device)

    rows, failed = each_scored(run, samples, one, progress=progress, cancelled=cancelled)
    return ClassifierScores(
        run.method,
        run.scheme,
        run.view,
        run.seed,
        Path(run.weights).name,
        rows,
        failed,
        classifier.n_parameters,
        _facts(classifier),
    )


def _facts(classifier: ImageClassifier) -> dict[str, float]:
    """Return what the training took, as far as the card tells."""
    told = {**classifier.card.training.get("fit", {}), **classifier.card.history}
    wanted = ("epochs", "steps", "batch", "seconds", "learning_rate")
    return {name: told[name] for name in wanted if name in told}


def _row(run: Run, classifier: ImageClassifier, sample: Sample, device: str) -> ClassifierRow:
    from napari_tbcad.networks.image_classifier.predict import predict_image

    counts, labels = sample.read()
    start = time.perf_counter()
    probability = predict_image(classifier, counts, view=sample.view, device=device)
    seconds = time.perf_counter() - start
    abnormal = bool((labels == abnormal_of(run.scheme)).any())
    return ClassifierRow(
        sample.name,
        sample.patient,
        sample.source,
        sample.view,
        abnormal,
        probability,
        round(seconds, 4),
    )


def _trial(
    config: TrainingConfig, place: Path, parameters: ClassifierParameters, trainer: Trainer
) -> tuple[float, float]:
    """Return the AUC of the watched images after a trial, and its seconds.

    Where all watched images are of one kind there is no AUC, and the loss says which rate is better.
    """
    from napari_tbcad.networks.image_classifier.fit import MODEL, train_classifier

    if not (place / MODEL).is_file():
        train_classifier(
            config,
            place,
            parameters,
            resume=(place / LAST).is_file(),
            say=lambda line: None,
            cancelled=trainer.cancelled,
        )
    rows = read_log(place / LOG)
    for name in (LAST, BEST, MODEL):  # only the log is needed once it is written
        (place / name).unlink(missing_ok=True)
    auc = float(rows[-1]["validation_auc"] or math.nan)
    score = -float(rows[-1]["validation_loss"]) if math.isnan(auc) else auc
    return score, sum(float(row["seconds"]) for row in rows)


def _without_start(config: TrainingConfig) -> TrainingConfig:
    """Return a training that begins from no network of masks."""
    return config.model_copy(update={"fit": config.fit.model_copy(update={"start_from": ""})})
