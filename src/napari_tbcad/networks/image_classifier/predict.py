"""Asking an image classifier."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray

from napari_tbcad.errors import BadInput, Cancelled, ModelRefused
from napari_tbcad.networks.augment_counts import with_views
from napari_tbcad.networks.devices import choose_device
from napari_tbcad.networks.image_classifier.store import ImageClassifier
from napari_tbcad.networks.input import to_input
from napari_tbcad.networks.placed import placed
from napari_tbcad.networks.predict import full_precision


def predict_image(
    classifier: ImageClassifier, pixels: NDArray[np.float32], *, view: str = "", device: str = "auto"
) -> float:
    """Return the probability that an image shows something abnormal.

    Parameters
    ----------
    classifier : ImageClassifier
        Its card tells grid and normalisation.
    pixels : (H, W) array of float32
        Counts, or a film, air dark.
    view : str, optional
        Which view of a bone scan it is; must be one that the classifier reads.
    device : str, optional
        Where it is computed.

    Returns
    -------
    float
        Between 0 and 1. A classifier trained with balance means both answers equally likely beforehand.

    Raises
    ------
    BadInput
        If the image is empty, has values that are not finite or no contrast, or there is no such device.
    ModelRefused
        If the classifier reads other views, or its answer is not finite.
    """
    return next(predict_images(classifier, [(pixels, view)], device=device))


def predict_images(
    classifier: ImageClassifier,
    images: Iterable[tuple[NDArray[np.float32], str]],
    *,
    device: str = "auto",
    batch: int = 8,
    cancelled: Callable[[], bool] | None = None,
) -> Iterator[float]:
    """Yield the probability for each of many images with their views, read `batch` at a time.

    Raises
    ------
    BadInput, ModelRefused
        As :func:`predict_image`.
    Cancelled
        If `cancelled`, asked before every batch, said so.
    """
    where, card = choose_device(device), classifier.card
    waiting = iter(images)
    with placed(classifier, where) as module:
        while some := list(islice(waiting, batch)):
            if cancelled is not None and cancelled():
                raise Cancelled("prediction was stopped")
            given = torch.from_numpy(np.stack([_read(classifier, *one) for one in some])[:, None])
            posterior = torch.tensor([view == "posterior" for _, view in some])
            given = with_views(given, posterior, card.input).to(where, memory_format=torch.channels_last)
            with torch.inference_mode(), full_precision(where):
                answers = module(given).float().sigmoid().cpu()
            if answers.shape != (len(some),) or not bool(torch.isfinite(answers).all()):
                raise ModelRefused(classifier.path or card.name, "its answer is not a finite number")
            yield from answers.tolist()


def _read(classifier: ImageClassifier, pixels: NDArray[np.float32], view: str) -> NDArray[np.float32]:
    card, pixels = classifier.card, np.asarray(pixels, np.float32)
    if pixels.ndim != 2 or not pixels.size:
        raise BadInput("image", f"a classifier is given one plane of grey levels, not shape {pixels.shape}")
    if (reads := card.input.views) and view not in reads:
        raise ModelRefused(
            card.name, f"reads the {' and '.join(reads)} view, not {view or 'an image of no view'}"
        )
    if not np.isfinite(pixels).all():
        raise BadInput("image", "it has values that are not finite")
    return to_input(pixels, card.input).pixels
