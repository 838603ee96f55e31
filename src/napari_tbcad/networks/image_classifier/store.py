"""Files of image classifiers: safetensors with a card, never pickle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from torch import nn

from napari_tbcad.errors import BadInput, ModelRefused
from napari_tbcad.limits import MAX_NETWORK_BYTES
from napari_tbcad.networks.image_classifier.build import build_classifier
from napari_tbcad.networks.image_classifier.card import FORMAT, ClassifierCard
from napari_tbcad.networks.tensor_files import (
    FileKind,
    checked_sha256,
    checked_tensors,
    filled,
    first_fault,
    read_header,
    save_tensors,
)

_KIND = FileKind("image classifier", FORMAT)


@dataclass(eq=False)
class ImageClassifier:
    """An image classifier ready to predict.

    Parameters
    ----------
    module : torch.nn.Module
        In evaluation mode; takes (N, C, H, W) float32, returns logits (N,).
    card : ClassifierCard
        What it is.
    sha256 : str
        Of its file; empty when it was never saved.
    path : Path or None
        Its file.
    """

    module: nn.Module
    card: ClassifierCard
    sha256: str = ""
    path: Path | None = None

    @property
    def n_parameters(self) -> int:
        """Number of its weights."""
        return sum(one.numel() for one in self.module.parameters())


def save_classifier(classifier: ImageClassifier, path: str | Path, *, half: bool = True) -> str:
    """Write a classifier whole or not at all, and return the SHA-256 of the file.

    Parameters
    ----------
    classifier : ImageClassifier
        Stays as it is. Of absolute paths in its card the last part is kept.
    path : str or Path
        The wanted file, ``NAME.safetensors``.
    half : bool, optional
        Keep kernels in 16 bits, as network files do.

    Raises
    ------
    BadInput
        If a weight is not finite, or the card could not be read back.
    OSError
        If the place cannot be written; an older file there stays as it was.
    """
    card = classifier.card.without_places().model_copy(update={"format": FORMAT}).model_dump_json()
    try:
        ClassifierCard.model_validate_json(card)
    except ValidationError as error:
        raise BadInput(path, f"not saved: its card would not be read back ({first_fault(error)})") from error
    return save_tensors(path, classifier.module.state_dict(), card, _KIND, half=half)


def load_classifier(
    path: str | Path,
    *,
    task: str | None = None,
    view: str = "",
    expected_sha256: str | None = None,
    max_bytes: int = MAX_NETWORK_BYTES,
) -> ImageClassifier:
    """Read what :func:`save_classifier` wrote.

    Parameters
    ----------
    path : str or Path
        The classifier file.
    task : str, optional
        The task it is wanted for; a classifier of another is refused.
    view : str, optional
        View of bone scans it is wanted for.
    expected_sha256 : str, optional
        Hash of the file, where a list says what it must be.
    max_bytes : int, optional
        Largest file that is read.

    Raises
    ------
    ModelRefused
        If the file is broken, changed since it was written, no image classifier or of a newer program, or
        made for another task or view.
    BadInput
        If there is no such file.
    """
    path = Path(path)
    text, metadata = read_header(path, _KIND, max_bytes)
    try:
        card = ClassifierCard.model_validate_json(text)
    except ValidationError as error:
        raise ModelRefused(path, f"its card does not say what it must ({first_fault(error)})") from error
    if task is not None and card.task != task:
        raise ModelRefused(path, f"made for the task {card.task}, not for {task}")
    if view and view not in card.input.views:
        reads = " and ".join(card.input.views) or "no"
        raise ModelRefused(path, f"made for the {reads} view of bone scans, not for the {view} one")
    found = checked_sha256(path, expected_sha256)
    tensors = checked_tensors(path, metadata)
    architecture, channels = card.architecture.without_weights, card.input.channels
    module = filled(path, lambda: build_classifier(architecture, channels=channels), tensors)
    return ImageClassifier(module, card, found, path)
