"""Scoring a run on the test images: pixels, lesions, regions, time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput, Cancelled, TbcadError
from napari_tbcad.evaluate.compare.lesions import LesionScores, score_lesions
from napari_tbcad.evaluate.compare.region_pixels import region_pixels
from napari_tbcad.evaluate.compare.run_scores import ImageRow, RunScores, abnormal_of
from napari_tbcad.networks.card import task_classes
from napari_tbcad.networks.scores import confusion

if TYPE_CHECKING:
    from napari_tbcad.evaluate.compare.plan import Run
    from napari_tbcad.networks.samples import Sample

__all__ = [
    "ImageRow",
    "Predict",
    "Progress",
    "Regions",
    "RunScores",
    "each_scored",
    "score_image",
    "score_run",
]

Predict = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Counts (H, W) to the probabilities (K, H, W) of the scheme's classes, on the image's own grid."""

Regions = Callable[["Sample"], NDArray[np.uint8]]
"""Sample to the skeleton regions (H, W) of its view, 0 outside."""

Progress = Callable[[int, int, str], None]

R = TypeVar("R")


def score_run(
    run: Run,
    samples: Sequence[Sample],
    predict: Predict,
    *,
    regions: Regions | None = None,
    parameters: int = 0,
    training: Mapping[str, float] | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> RunScores:
    """Score a run on test images.

    Parameters
    ----------
    run : Run
        Which method, scheme and view.
    samples : sequence of Sample
        Test images with labels of the run's scheme; clean ones belong to them.
    predict : callable
        The trained method.
    regions : callable, optional
        The skeleton regions of a sample (:class:`~napari_tbcad.evaluate.compare.region_images.RegionImages`);
        without them no index can be made.
    parameters : int, optional
        Number of weights.
    training : mapping, optional
        What the training took; kept as it is.
    progress : callable, optional
        Called with the number done, the number of all, and the image's name.
    cancelled : callable, optional
        Asked between images.

    Returns
    -------
    RunScores
        An image that cannot be scored is named with its cause; the others go on.

    Raises
    ------
    BadInput
        If there is no image, or not one could be scored.
    Cancelled
        If `cancelled` said so.
    """

    def one(sample: Sample) -> ImageRow:
        return score_image(sample, predict, scheme=run.scheme, regions=regions)

    rows, failed = each_scored(run, samples, one, progress=progress, cancelled=cancelled)
    return RunScores(
        run.method,
        run.scheme,
        run.view,
        run.seed,
        run.kind,
        task_classes(run.scheme),
        rows,
        failed,
        parameters,
        dict(training or {}),
    )


def each_scored(
    run: Run,
    samples: Sequence[Sample],
    score: Callable[[Sample], R],
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[tuple[R, ...], tuple[tuple[str, str], ...]]:
    """Score test images one by one; return what came out, and name and cause of those that could not be.

    Raises
    ------
    BadInput
        If there is no image, or not one could be scored.
    Cancelled
        If `cancelled`, asked between images, said so.
    """
    rows: list[R] = []
    failed: list[tuple[str, str]] = []
    for number, sample in enumerate(samples, start=1):
        if cancelled is not None and cancelled():
            raise Cancelled("scoring stopped")
        try:
            rows.append(score(sample))
        except Cancelled:
            raise
        except (TbcadError, OSError, MemoryError) as error:
            failed.append((sample.name, str(error) or type(error).__name__))
        if progress is not None:
            progress(number, len(samples), sample.name)
    if not rows:
        cause = f"not one could be scored; the first: {failed[0][1]}" if failed else "there is none to score"
        raise BadInput(f"test images of {run.name}", cause)
    return tuple(rows), tuple(failed)


def score_image(sample: Sample, predict: Predict, *, scheme: str, regions: Regions | None = None) -> ImageRow:
    """Score one image; raises :class:`BadInput` when it or its labels cannot be used."""
    counts, labels = sample.read()
    start = time.perf_counter()
    probabilities = predict(counts)
    seconds = time.perf_counter() - start
    classes = task_classes(scheme)
    if probabilities.shape != (len(classes), *counts.shape):
        raise BadInput(sample.image, f"the answer has the shape {probabilities.shape}")
    found, abnormal = probabilities.argmax(0).astype(np.uint8), abnormal_of(scheme)
    lesions: LesionScores = score_lesions(labels, probabilities, scheme)
    pixels = None
    if regions is not None:
        pixels = region_pixels(regions(sample), labels, found, abnormal=abnormal, view=sample.view)
    return ImageRow(
        sample.name,
        sample.patient,
        sample.source,
        sample.view,
        tuple(tuple(line) for line in confusion(labels, found, len(classes)).tolist()),
        round(seconds, 4),
        lesions.lesions,
        lesions.false,
        bool((labels == abnormal).any()),
        lesions.highest,
        pixels,
    )
