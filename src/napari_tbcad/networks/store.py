"""Network files: safetensors with a card, never pickle (see :mod:`~napari_tbcad.networks.tensor_files`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from napari_tbcad.content import digest
from napari_tbcad.errors import BadInput, ModelRefused
from napari_tbcad.limits import MAX_NETWORK_BYTES
from napari_tbcad.networks.build import build
from napari_tbcad.networks.card import FORMAT, NetworkCard
from napari_tbcad.networks.tensor_files import (
    FileKind,
    checked_sha256,
    checked_tensors,
    filled,
    first_fault,
    read_header,
    save_tensors,
    tensors_sha256,
)

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Network", "load_network", "read_network_card", "save_network", "tensors_sha256"]

_KIND = FileKind("network", FORMAT)


@dataclass(eq=False)
class Network:
    """A network ready to predict.

    Parameters
    ----------
    module : torch.nn.Module
        In evaluation mode; takes (N, C, H, W) float32, returns logits (N, K, H, W).
    card : NetworkCard
        What it is.
    sha256 : str
        Of its file; empty when it was never saved.
    path : Path or None
        Its file.
    warnings : tuple of str
        What to know before its answers are used.
    """

    module: nn.Module
    card: NetworkCard
    sha256: str = ""
    path: Path | None = None
    warnings: tuple[str, ...] = ()

    @cached_property
    def content_key(self) -> str:
        """Digest of all that its answers depend on."""
        card = self.card
        return digest(
            "network",
            card.task,
            card.architecture.model_dump_json(),
            card.input.model_dump_json(),
            self.sha256 or tensors_sha256(self.module.state_dict()),
        )

    @property
    def label(self) -> str:
        """Name and hash, as a record names a model."""
        return f"{self.card.name} {self.sha256[:12]}".strip()


def save_network(network: Network, path: str | Path, *, half: bool = True) -> str:
    """Write a network whole or not at all, and return the SHA-256 of the file.

    Parameters
    ----------
    network : Network
        The network; its module stays as it is. Of absolute paths in its card the last part is kept.
    path : str or Path
        The wanted file, ``NAME.safetensors``.
    half : bool, optional
        Keep kernels in 16 bits. Vectors (biases, statistics) and kernels that 16 bits cannot hold stay in 32.

    Raises
    ------
    BadInput
        If a weight is not finite, or the card could not be read back.
    OSError
        If the place cannot be written; an older file there stays as it was.
    """
    card = network.card.without_places().model_copy(update={"format": FORMAT}).model_dump_json()
    try:
        NetworkCard.model_validate_json(card)
    except ValidationError as error:
        raise BadInput(path, f"not saved: its card would not be read back ({first_fault(error)})") from error
    return save_tensors(path, network.module.state_dict(), card, _KIND, half=half)


def load_network(
    path: str | Path,
    *,
    task: str | None = None,
    expected_sha256: str | None = None,
    max_bytes: int = MAX_NETWORK_BYTES,
) -> Network:
    """Read what :func:`save_network` wrote.

    Parameters
    ----------
    path : str or Path
        The network file.
    task : str, optional
        The task it is wanted for; a network of another is refused.
    expected_sha256 : str, optional
        Hash of the file, where a list says what it must be.
    max_bytes : int, optional
        Largest file that is read.

    Raises
    ------
    ModelRefused
        If the file is broken, changed since it was written, not a network of this program or of a newer
        one, or made for another task.
    BadInput
        If there is no such file.
    """
    path = Path(path)
    card, metadata = _checked_header(path, max_bytes)
    if task is not None and card.task != task:
        raise ModelRefused(path, f"made for the task {card.task}, not for {task}")
    found = checked_sha256(path, expected_sha256)
    tensors = checked_tensors(path, metadata)

    def built() -> nn.Module:
        return build(
            card.architecture.without_weights, n_classes=len(card.classes), in_channels=card.channels
        )

    return Network(filled(path, built, tensors), card, found, path, card.warnings)


def read_network_card(path: str | Path, *, max_bytes: int = MAX_NETWORK_BYTES) -> NetworkCard:
    """Read only the card of a network file, without torch; raises as :func:`load_network` does."""
    return _checked_header(Path(path), max_bytes)[0]


def _checked_header(path: Path, max_bytes: int) -> tuple[NetworkCard, Mapping[str, str]]:
    """Return card and metadata, after checking that they are this program's."""
    text, metadata = read_header(path, _KIND, max_bytes)
    try:
        return NetworkCard.model_validate_json(text), metadata
    except ValidationError as error:
        raise ModelRefused(path, f"its card does not say what it must ({first_fault(error)})") from error
