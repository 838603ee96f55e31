"""Network files: safetensors with a card, never pickle.

A network file is one safetensors file. Its metadata holds ``format``, the ``card`` as JSON and two SHA-256,
of the card and of the tensors. Reading checks the size of everything before it is read, then the hashes, then
that card and tensors are of one network, and only then builds it. The hashes inside tell a damaged file; a
changed one is told by the hash of the file, which packaged and installed networks have in a list.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from napari_tbcad.content import digest
from napari_tbcad.errors import BadInput, ModelRefused
from napari_tbcad.files import sha256, written_whole
from napari_tbcad.networks.build import build
from napari_tbcad.networks.card import FORMAT, NetworkCard

if TYPE_CHECKING:
    import torch
    from torch import nn

KIND = "napari-tbcad network"
MAX_BYTES = 2**30
"""Largest network file that is read."""
MAX_HEADER_BYTES = 16 * 2**20
"""Largest header: names and shapes of the tensors, and the card."""

_KINDS = ("float16", "float32", "int64")


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
    import torch
    from safetensors.torch import save

    tensors = {}
    for name, value in network.module.state_dict().items():
        tensor = value.detach().to("cpu", copy=True).contiguous()
        if tensor.is_floating_point():
            if not torch.isfinite(tensor).all():
                raise BadInput(path, f"not saved: {name} of the network is not finite")
            tensor = _stored(tensor, half)
        tensors[name] = tensor
    card = network.card.without_places().model_copy(update={"format": FORMAT}).model_dump_json()
    try:
        NetworkCard.model_validate_json(card)
    except ValidationError as error:
        raise BadInput(path, f"not saved: its card would not be read back ({_first(error)})") from error
    metadata = {
        "format": f"{KIND} {FORMAT}",
        "card": card,
        "card_sha256": hashlib.sha256(card.encode()).hexdigest(),
        "tensors_sha256": tensors_sha256(tensors),
    }
    content = _in_order(save(tensors, metadata=metadata))
    with written_whole(path) as temporary:
        temporary.write_bytes(content)
        return sha256(temporary)


def _in_order(content: bytes) -> bytes:
    """Return a safetensors file with its metadata in order, so that one network is one file.

    The library writes the metadata in an order of its own, another each time.
    """
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # the tensors begin at a multiple of 8 bytes, as the format wants it
    return len(text).to_bytes(8, "little") + text + content[8 + length :]


def _stored(tensor: torch.Tensor, half: bool) -> torch.Tensor:
    import torch

    if half and tensor.ndim > 1 and torch.isfinite(short := tensor.half()).all():
        return short
    return tensor.float()


def load_network(
    path: str | Path,
    *,
    task: str | None = None,
    expected_sha256: str | None = None,
    max_bytes: int = MAX_BYTES,
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
    found = sha256(path)
    if expected_sha256 is not None and found != expected_sha256:
        raise ModelRefused(
            path, "not the file that the list beside it names (it was changed or damaged); install it again"
        )
    tensors = _tensors(path)
    if tensors_sha256(tensors) != metadata.get("tensors_sha256"):
        raise ModelRefused(path, "its weights were changed since it was written")
    return Network(_module(path, card, tensors), card, found, path, card.warnings)


def read_network_card(path: str | Path, *, max_bytes: int = MAX_BYTES) -> NetworkCard:
    """Read only the card of a network file, without torch; raises as :func:`load_network` does."""
    return _checked_header(Path(path), max_bytes)[0]


def tensors_sha256(tensors: Mapping[str, torch.Tensor]) -> str:
    """Return the SHA-256 over names, types, shapes and values of tensors."""
    hashed = hashlib.sha256()
    for name in sorted(tensors):
        array = tensors[name].detach().cpu().contiguous().numpy()
        hashed.update(f"{name}|{array.dtype.str}|{array.shape}|".encode())
        hashed.update(array.data)
    return hashed.hexdigest()


def _checked_header(path: Path, max_bytes: int) -> tuple[NetworkCard, Mapping[str, str]]:
    """Return card and metadata, after checking that they are this program's."""
    metadata = _metadata(path, max_bytes)
    match = re.fullmatch(rf"{KIND} (\d{{1,6}})", metadata.get("format", ""))
    if match is None or "card" not in metadata:
        raise ModelRefused(path, "not a network of this program: it has no card")
    if int(match[1]) > FORMAT:
        raise ModelRefused(
            path, f"network format {match[1]} is newer than {FORMAT}, the newest that this program reads"
        )
    text = metadata["card"]
    if hashlib.sha256(text.encode()).hexdigest() != metadata.get("card_sha256"):
        raise ModelRefused(path, "its card was changed since it was written")
    try:
        return NetworkCard.model_validate_json(text), metadata
    except ValidationError as error:
        raise ModelRefused(path, f"its card does not say what it must ({_first(error)})") from error


def _metadata(path: Path, max_bytes: int) -> Mapping[str, str]:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise BadInput(path, "no such network file")
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise ModelRefused(path, f"{size // 2**20} MiB large; at most {max_bytes // 2**20} MiB are read")
        with path.open("rb") as file:
            header = int.from_bytes(file.read(8), "little")
        if size < 8 or header > min(size - 8, MAX_HEADER_BYTES):
            raise ModelRefused(path, "not a whole network file (its header is longer than it may be)")
        with safe_open(path, framework="numpy") as opened:
            return opened.metadata() or {}
    except (SafetensorError, OSError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        raise ModelRefused(path, f"not a whole network file ({error})") from error


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(path)
    except (SafetensorError, OSError, RuntimeError, ValueError, KeyError, AttributeError) as error:
        raise ModelRefused(path, f"not a whole network file ({error})") from error
    for name, tensor in tensors.items():
        if (kind := str(tensor.dtype).removeprefix("torch.")) not in _KINDS:
            raise ModelRefused(
                path, f"{name} is of the type {kind}; a network file holds {', '.join(_KINDS)}"
            )
    return tensors


def _module(path: Path, card: NetworkCard, tensors: Mapping[str, torch.Tensor]) -> nn.Module:
    """Build the network of a card and fill it with the tensors, which must be its own."""
    try:
        module = _hollow(card)
    except BadInput as error:
        raise ModelRefused(path, f"its network cannot be built here: {error}") from error
    own = module.state_dict()
    if foreign := sorted(set(own) ^ set(tensors)):
        raise ModelRefused(path, f"card and weights are of two networks (see {foreign[0]})")
    filled = {}
    for name, tensor in own.items():
        given = tensors[name]
        if given.shape != tensor.shape or given.is_floating_point() != tensor.is_floating_point():
            have, need = tuple(given.shape), tuple(tensor.shape)
            raise ModelRefused(path, f"card and weights are of two networks: {name} is {have}, not {need}")
        filled[name] = given.to(tensor.dtype, copy=True)  # what is read may lie in the file itself
        if not np.isfinite(filled[name].numpy()).all():  # torch's own wakes a thread for each of hundreds
            raise ModelRefused(path, f"its weights are not finite (see {name})")
    if not set(dict(module.named_buffers())) <= set(own):
        module = _built(card)  # computes something when it is made that no file keeps
    module.load_state_dict(filled, assign=True)
    return module.eval()


def _hollow(card: NetworkCard) -> nn.Module:
    """Build the network of a card without the memory for its weights, so that shapes come before sizes.

    A card may name a network of many gigabytes that its file does not hold. This is quicker, too: no weight
    is drawn at random that the file's own replaces.
    """
    import torch

    try:
        with torch.device("meta"):
            return _built(card)
    except BadInput:
        return _built(card)  # some encoders compute with values while they are built


def _built(card: NetworkCard) -> nn.Module:
    return build(card.architecture.without_weights, n_classes=len(card.classes), in_channels=card.channels)


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}".lstrip(": ")
