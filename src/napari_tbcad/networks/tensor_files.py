"""Safetensors files with a card, never pickle: written whole, read with every doubt.

The metadata of a file holds ``format``, the ``card`` as JSON and two SHA-256, of the card and of the tensors.
Reading checks the size of everything before it is read, then the hashes, then that the tensors are those of
the module that the card describes. The hashes inside tell a damaged file; a changed one is told by the hash
of the file, where a list says what it must be.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from napari_tbcad import settings
from napari_tbcad.errors import BadInput, ModelRefused
from napari_tbcad.files import sha256, written_whole
from napari_tbcad.limits import MAX_HEADER_BYTES

if TYPE_CHECKING:
    import torch
    from torch import nn


_PROGRAM = "napari-tbcad"
_TYPES = ("float16", "float32", "int64")


@dataclass(frozen=True)
class FileKind:
    """What a file holds.

    Parameters
    ----------
    name : str
        Such as ``"network"``; the format of its files is ``napari-tbcad NAME VERSION``.
    version : int
        The version that is written, and the newest that is read.
    """

    name: str
    version: int

    @property
    def one(self) -> str:
        """The name with its article."""
        return f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.name}"


def save_tensors(
    path: str | Path, tensors: Mapping[str, torch.Tensor], card: str, kind: FileKind, *, half: bool = True
) -> str:
    """Write tensors and their card whole or not at all, and return the SHA-256 of the file.

    Parameters
    ----------
    path : str or Path
        The wanted file, ``NAME.safetensors``.
    tensors : mapping of str to tensor
        A state dict; stays as it is.
    card : str
        JSON.
    kind : FileKind
    half : bool, optional
        Keep kernels in 16 bits. Vectors (biases, statistics) and kernels that 16 bits cannot hold stay in 32.

    Raises
    ------
    BadInput
        If a weight is not finite.
    OSError
        If the place cannot be written; an older file there stays as it was.
    """
    import torch
    from safetensors.torch import save

    kept = {}
    for name, value in tensors.items():
        tensor = value.detach().to("cpu", copy=True).contiguous()
        if tensor.is_floating_point():
            if not torch.isfinite(tensor).all():
                raise BadInput(path, f"not saved: {name} of the network is not finite")
            tensor = _stored(tensor, half)
        kept[name] = tensor
    metadata = {
        "format": f"{_PROGRAM} {kind.name} {kind.version}",
        "card": card,
        "card_sha256": hashlib.sha256(card.encode()).hexdigest(),
        "tensors_sha256": tensors_sha256(kept),
    }
    content = _in_order(save(kept, metadata=metadata))
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


def tensors_sha256(tensors: Mapping[str, torch.Tensor]) -> str:
    """Return the SHA-256 over names, types, shapes and values of tensors."""
    hashed = hashlib.sha256()
    for name in sorted(tensors):
        array = tensors[name].detach().cpu().contiguous().numpy()
        hashed.update(f"{name}|{array.dtype.str}|{array.shape}|".encode())
        hashed.update(array.data)
    return hashed.hexdigest()


def read_header(path: Path, kind: FileKind, max_bytes: int) -> tuple[str, Mapping[str, str]]:
    """Return the card as it is written and the metadata, after checking that they are of this kind.

    Raises
    ------
    ModelRefused
        If the file is broken, changed since it was written, of another kind or of a newer version.
    BadInput
        If there is no such file.
    """
    metadata = _metadata(path, max_bytes)
    match = re.fullmatch(rf"{_PROGRAM} (\D{{1,40}}) (\d{{1,6}})", metadata.get("format", ""))
    if match is None or "card" not in metadata:
        raise ModelRefused(path, f"not {kind.one} of this program: it has no card")
    if match[1] != kind.name:
        raise ModelRefused(path, f"not {kind.one}: it holds {FileKind(match[1], 0).one}")
    if int(match[2]) > kind.version:
        raise ModelRefused(
            path,
            f"{kind.name} format {match[2]} is newer than {kind.version}, the newest that this program reads",
        )
    text = metadata["card"]
    if hashlib.sha256(text.encode()).hexdigest() != metadata.get("card_sha256"):
        raise ModelRefused(path, "its card was changed since it was written")
    return text, metadata


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


def checked_sha256(path: Path, expected: str | None) -> str:
    """Return the SHA-256 of a file; raises ModelRefused unless it is the expected one, where one is."""
    found = sha256(path)
    if expected is not None and found != expected:
        raise ModelRefused(
            path, "not the file that the list beside it names (it was changed or damaged); install it again"
        )
    return found


def checked_tensors(path: Path, metadata: Mapping[str, str]) -> dict[str, torch.Tensor]:
    """Return the tensors of a file, which must be those that its metadata names; raises ModelRefused."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(path)
    except (SafetensorError, OSError, RuntimeError, ValueError, KeyError, AttributeError) as error:
        raise ModelRefused(path, f"not a whole network file ({error})") from error
    for name, tensor in tensors.items():
        if (kind := str(tensor.dtype).removeprefix("torch.")) not in _TYPES:
            raise ModelRefused(
                path, f"{name} is of the type {kind}; a network file holds {', '.join(_TYPES)}"
            )
    if tensors_sha256(tensors) != metadata.get("tensors_sha256"):
        raise ModelRefused(path, "its weights were changed since it was written")
    return tensors


def filled(path: Path, built: Callable[[], nn.Module], tensors: Mapping[str, torch.Tensor]) -> nn.Module:
    """Build the module of a card and fill it with the tensors, which must be its own.

    Returns
    -------
    torch.nn.Module
        In evaluation mode.

    Raises
    ------
    ModelRefused
        If it cannot be built, or names, shapes or values are not what they must be.
    """
    try:
        module = _hollow(built)
    except BadInput as error:
        raise ModelRefused(path, f"its network cannot be built here: {error}") from error
    own = module.state_dict()
    if foreign := sorted(set(own) ^ set(tensors)):
        raise ModelRefused(path, f"card and weights are of two networks (see {foreign[0]})")
    new = {}
    for name, tensor in own.items():
        given = tensors[name]
        if given.shape != tensor.shape or given.is_floating_point() != tensor.is_floating_point():
            have, need = tuple(given.shape), tuple(tensor.shape)
            raise ModelRefused(path, f"card and weights are of two networks: {name} is {have}, not {need}")
        new[name] = given.to(tensor.dtype, copy=True)  # what is read may lie in the file itself
        if not np.isfinite(new[name].numpy()).all():  # torch's own wakes a thread for each of hundreds
            raise ModelRefused(path, f"its weights are not finite (see {name})")
    if not set(dict(module.named_buffers())) <= set(own):
        module = built()  # computes something when it is made that no file keeps
    module.load_state_dict(new, assign=True)
    return module.eval()


def _hollow(built: Callable[[], nn.Module]) -> nn.Module:
    """Build a module without the memory for its weights, so that shapes come before sizes.

    A card may name a network of many gigabytes that its file does not hold. This is quicker, too: no weight
    is drawn at random that the file's own replaces.
    """
    import torch

    try:
        with torch.device("meta"):
            return built()
    except BadInput:
        return built()  # some encoders compute with values while they are built


def first_fault(error: ValidationError) -> str:
    """Return the first thing that a card does not say as it must."""
    return ": ".join(filter(None, settings.first_fault(error)))
