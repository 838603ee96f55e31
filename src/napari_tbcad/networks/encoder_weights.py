"""Weights that an encoder starts from: a file, or weights of ImageNet downloaded when asked for."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tbcad.errors import BadInput
from napari_tbcad.limits import MAX_WEIGHTS_BYTES

if TYPE_CHECKING:
    import torch
    from torch import nn

    from napari_tbcad.networks.build import Say

_PREFIXES = ("module.", "state_dict.", "encoder.", "model.")
_HOLDERS = ("state_dict", "model_state_dict", "model", "encoder")


def encoder_state(weights: str, encoder: str, *, say: Say = print) -> tuple[Mapping[str, torch.Tensor], str]:
    """Return the tensors of a file of encoder weights, and where they are from.

    Parameters
    ----------
    weights : str
        ``"imagenet"``, or the path of a .safetensors file or of a torch state dict.
    encoder : str
        The encoder's name, which says what ``"imagenet"`` stands for.
    say : callable, optional
        Told before something is downloaded.

    Raises
    ------
    BadInput
        If there is no such file, it holds anything but tensors, or the download fails.
    """
    path = imagenet_file(encoder, say=say) if weights == "imagenet" else Path(weights).expanduser()
    if not path.is_file():
        raise BadInput(path, "no such file of encoder weights; encoder_weights is none, imagenet or a path")
    if path.stat().st_size > MAX_WEIGHTS_BYTES:
        raise BadInput(path, f"larger than {MAX_WEIGHTS_BYTES // 2**30} GiB")
    return read_tensors(path), path.name


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Read a state dict from safetensors or from torch's format; never an object of any other kind."""
    import torch
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            content: Any = load_file(path)
        else:
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        cause = "holds more than tensors, or is not a torch file; only a plain state dict is read"
        raise BadInput(path, cause) from error
    except Exception as error:  # torch meets a damaged file with errors of any kind
        raise BadInput(path, f"not a whole file of weights ({error})") from error
    for holder in _HOLDERS:
        if isinstance(content, Mapping) and isinstance(content.get(holder), Mapping):
            content = content[holder]
    if not isinstance(content, Mapping):
        raise BadInput(path, "does not hold a state dict")
    return {str(name): value for name, value in content.items() if isinstance(value, torch.Tensor)}


def load_encoder(module: nn.Module, state: Mapping[str, torch.Tensor], source: str) -> str:
    """Copy weights into the encoder of a network.

    Names are compared without the prefixes of wrappers and with ``.`` and ``_`` as one, since timm names
    the stages of some models either way. A first convolution made for colour images is summed over its
    channels, which gives the answer to a grey image shown in all of them.

    Returns
    -------
    str
        A sentence: how many tensors fitted, and which did not.

    Raises
    ------
    BadInput
        If none fits, or one that fits is not finite.
    """
    import torch

    given = {_canonical(name): value for name, value in state.items()}
    own = {
        name: tensor
        for name, tensor in module.get_submodule("encoder").state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    missing = []
    with torch.no_grad():
        for name, tensor in own.items():
            value = _suited(given.get(_canonical(name)), tensor)
            if value is None:
                missing.append(name)
            elif not torch.isfinite(value).all():
                raise BadInput(source, f"{name} is not finite")
            else:
                tensor.copy_(value)
    if len(missing) == len(own):
        raise BadInput(source, "none of its weights fits this encoder")
    found = f"encoder weights: {len(own) - len(missing)} of {len(own)} tensors from {source}"
    return found + (f"; without {', '.join(missing[:3])}{', …' * (len(missing) > 3)}" if missing else "")


def _canonical(name: str) -> str:
    while prefix := next((one for one in _PREFIXES if name.startswith(one)), ""):
        name = name.removeprefix(prefix)
    return name.replace(".", "_")


def _suited(value: torch.Tensor | None, wanted: torch.Tensor) -> torch.Tensor | None:
    """Return a tensor of the wanted shape, or None when it cannot be made to fit."""
    if value is None or value.shape == wanted.shape:
        return value
    fits = value.ndim == wanted.ndim == 4 and value.shape[0] == wanted.shape[0]
    if fits and value.shape[2:] == wanted.shape[2:] and value.shape[1] == 3 and wanted.shape[1] == 1:
        return value.float().sum(dim=1, keepdim=True)
    return None


def imagenet_file(encoder: str, *, say: Say = print) -> Path:
    """Return the file of ImageNet weights of an encoder, downloading it when it is not there yet.

    It is kept as ``encoders/NAME.safetensors`` in the folder of models; a file put there by hand is
    taken as it is and nothing is downloaded.
    """
    from napari_tbcad.networks.download import download
    from napari_tbcad.networks.models import models_folder

    folder = models_folder() / "encoders"
    url = imagenet_url(encoder)
    path = folder / f"{encoder}{'.safetensors' if url.endswith('.safetensors') else '.pth'}"
    if path.is_file():
        return path
    say(f"downloading the ImageNet weights of {encoder} from {url} to {path}")
    try:
        return download(url, path, max_bytes=MAX_WEIGHTS_BYTES)
    except BadInput as error:
        way = f"download it elsewhere and save it as {path}, or give its path as encoder_weights"
        raise BadInput(error.source, f"{error.cause}; {way}") from error


def imagenet_url(encoder: str) -> str:
    """Return the address of an encoder's ImageNet weights; HF_ENDPOINT names another host (a mirror)."""
    import timm
    from huggingface_hub import hf_hub_url
    from segmentation_models_pytorch.encoders import encoders

    endpoint = os.environ.get("HF_ENDPOINT") or None
    file = "model.safetensors"
    if not encoder.startswith("tu-"):
        settings = encoders.get(encoder, {}).get("pretrained_settings", {}).get("imagenet")
        if settings:
            return hf_hub_url(settings["repo_id"], file, revision=settings["revision"], endpoint=endpoint)
    else:
        try:
            config = timm.models.get_pretrained_cfg(encoder.removeprefix("tu-"))
        except RuntimeError as error:
            raise BadInput(encoder, f"has no ImageNet weights ({error})") from error
        if config is not None and config.hf_hub_id:
            return hf_hub_url(config.hf_hub_id, config.hf_hub_filename or file, endpoint=endpoint)
        if config is not None and config.url:
            return str(config.url)
    raise BadInput(encoder, "has no ImageNet weights; give the path of a file, or none")
